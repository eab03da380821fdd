"""`encee status`: what expires when. Reads only, and never loads boto3."""

import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from encee.cli import display, terminal
from encee.cli.display import draw_bar, format_moment, format_time_left
from encee.cli.options import Environment, Json, ListedProfiles, file_options, text_option
from encee.errors import EnceeError, FileRefusedError, NoSessionError, UsageError
from encee.model import rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.durations import parse_duration
from encee.profiles.files import AwsFiles
from encee.profiles.lookup_errors import explain_lookup_failure, explain_nothing_to_refresh
from encee.profiles.session_list import SessionRow, list_sessions
from encee.profiles.settings import GivenSettings, Settings

_STYLES = {
    "valid": display.GOOD,
    "expiring": display.DOUBTFUL,
    "expired": display.BAD,
    "other-account": display.BAD,
    "none": display.FAINT,
}
_HEADINGS = ("PROFILE", "SOURCE", "ACCOUNT", "STATE", "TIME LEFT", "EXPIRES AT")
_FOLDABLE = 2

_LOOK = 0.5
"""For how many seconds a picture waits for a file that is being written."""


@file_options
def status(
    profiles: ListedProfiles = None,
    *,
    expiring: Annotated[
        str | None,
        text_option(
            "TIME",
            "With less than this to go, a session is expiring. "
            "[default: 1h, but at most a quarter of the session's length]",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="No table; exit 3 for a missing or expired session (or --expiring).")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Redraw the table every second, until Ctrl-C.")] = False,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Show which session expires when.

    Lists the session of each profile with long-term keys, and the sessions of other tools. With --check and
    without PROFILE, only sessions that exist count. --watch follows what changes in the files. A session whose
    account is not that of the source's key has the state other-account, and is not valid.
    """
    threshold = None if expiring is None else parse_duration(expiring)
    if watch:
        _refuse_watch(check=check, json=json)
        _listed(profiles, files.salvage(lambda _fault: None), files, environment)  # an unknown word ends it at once
        _watch(profiles, files, environment, threshold)
        return
    faults: list[FileRefusedError] = []
    catalog = files.catalog() if check else files.salvage(faults.append)
    rows = _readable(profiles, catalog, files, environment, faults)
    now = environment.clock()
    if json:
        terminal.print_json(
            {
                "sessions": [_as_json(row, now, threshold) for row in rows],
                "other_profiles": [_other_as_json(name, catalog) for name in catalog.other_profiles()],
                "faults": [*map(terminal.error_as_json, faults)],
            }
        )
    elif not check:
        _show(rows, catalog, files, now, threshold)
    if check:
        least = threshold or timedelta()
        for row in rows:
            if profiles or (row.exists and row.source):
                _check(row, catalog, now, least)


def _refuse_watch(*, check: bool, json: bool) -> None:
    """Refuse to redraw what is not drawn.

    Raises:
        UsageError: Together with these options, or where standard output is no terminal.
    """
    if check or json:
        raise UsageError("--watch draws a table, and --check and --json are for programs", hint="encee status --watch")
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal as standard output", hint="encee status")


def _readable(
    words: Sequence[str] | None,
    catalog: Catalog,
    files: AwsFiles,
    environment: Environment,
    faults: Sequence[FileRefusedError],
) -> list[SessionRow]:
    """The rows that are wanted, with a warning of each fault of the files.

    Raises:
        FileRefusedError: A fault, where the wanted rows cannot be read because of it.
        UsageError: A word means no row.
    """
    rows: list[SessionRow] = []
    try:
        rows = _listed(words, catalog, files, environment)
    except UsageError:
        if not faults:
            raise
    if faults and not rows:
        raise faults[0]
    for fault in faults:
        terminal.warn(fault.message)
    return rows


def _listed(
    words: Sequence[str] | None, catalog: Catalog, files: AwsFiles, environment: Environment
) -> list[SessionRow]:
    """The rows that are wanted: those that the words mean, or without words all.

    Raises:
        UsageError: A word means none of them.
    """
    rows = list(list_sessions(catalog, Settings(GivenSettings(), environment.environ, catalog).length))
    return _named(words, rows, catalog, files) if words else rows


def _named(words: Sequence[str], rows: Sequence[SessionRow], catalog: Catalog, files: AwsFiles) -> list[SessionRow]:
    """The rows that the words of the command line mean.

    Raises:
        UsageError: A word means none of them.
    """
    by_name = {row.profile: row for row in rows}
    by_name |= {row.source: row for row in rows if row.source and row.source not in by_name}
    found = []
    for word in catalog.expand_patterns(words, by_name):
        if word not in by_name:
            raise explain_lookup_failure(catalog, word, files.paths)
        found.append(by_name[word])
    return list(dict.fromkeys(found))


def _check(row: SessionRow, catalog: Catalog, now: datetime, least: timedelta) -> None:
    """Make sure that nobody has to refresh a session.

    Raises:
        NoSessionError: It is missing or expired, or has less than `least` to go.
    """
    state = row.state(now, least)
    if state == "valid":
        return
    if state == "expiring" and row.expiration:
        what = f"has {format_time_left(row.expiration - now)} left, less than {format_time_left(least)}"
    elif state == "expired":
        what = "has expired"
    elif state == "other-account":
        what = f"holds a session of another account than the key of {row.source}"
    else:
        what = "does not say when it ends" if row.exists else "has no session yet"
    hint = "renew it with the tool that made it"
    if row.source:
        elsewhere = catalog.session_profiles.get(row.source) != row.profile
        words = ["encee", "refresh", row.source, *(["--to", row.profile] if elsewhere else [])]
        hint = shlex.join(words)
    raise NoSessionError(f"{row.profile} {what}", hint=hint)


def _show(
    rows: Sequence[SessionRow], catalog: Catalog, files: AwsFiles, now: datetime, expiring: timedelta | None
) -> None:
    if not rows:
        for line in _what_else(catalog, files):
            terminal.say(line)
        return
    display.print_table(_HEADINGS, _fitting(rows, now, expiring), _styles(rows, now, expiring), foldable=_FOLDABLE)


def _what_else(catalog: Catalog, files: AwsFiles) -> list[str]:
    """What there is in the place of sessions, and what to do."""
    nothing = explain_nothing_to_refresh(catalog, files.paths)
    return [nothing.message, f"  {nothing.hint}"]


def _watch(words: Sequence[str] | None, files: AwsFiles, environment: Environment, expiring: timedelta | None) -> None:
    """Show the table again and again, with the faults of the files below it."""
    from encee.cli.live_table import Picture, redraw  # noqa: PLC0415 - the table alone has no use for it

    def picture() -> Picture:
        notes: list[str] = []
        rows: list[SessionRow] = []
        try:
            catalog = files.salvage(lambda fault: notes.append(fault.message), timeout=_LOOK)
            rows = _listed(words, catalog, files, environment)
            if not rows and not notes:
                notes += _what_else(catalog, files)
        except EnceeError as error:  # as long as it is so
            notes.append(error.message)
        now = environment.clock()
        footer = f"{now.astimezone():%H:%M:%S}  Ctrl-C ends this"
        return Picture(_HEADINGS, _fitting(rows, now, expiring), _styles(rows, now, expiring), _FOLDABLE, notes, footer)

    redraw(picture)


def _fitting(rows: Sequence[SessionRow], now: datetime, expiring: timedelta | None) -> list[list[str]]:
    """The table's cells, with bars where they are drawn and there is room for them."""
    with_bars = terminal.allows_colour(sys.stdout)
    cells = [_cells(row, now, expiring, with_bar=with_bars) for row in rows]
    if with_bars and not display.fits(_HEADINGS, cells):
        cells = [_cells(row, now, expiring, with_bar=False) for row in rows]
    return cells


def _styles(rows: Sequence[SessionRow], now: datetime, expiring: timedelta | None) -> list[str]:
    return [_STYLES[row.state(now, expiring)] for row in rows]


def _cells(row: SessionRow, now: datetime, expiring: timedelta | None, *, with_bar: bool) -> list[str]:
    """A row of the table."""
    left, ends = "–", "–"
    if row.expiration is not None:
        remaining = row.expiration - now
        left = f"{draw_bar(remaining)} {format_time_left(remaining)}" if with_bar else format_time_left(remaining)
        ends = format_moment(row.expiration, now)
    return [row.profile, row.source or "–", row.account or "–", row.state(now, expiring), left, ends]


def _other_as_json(profile: str, catalog: Catalog) -> dict[str, Any]:
    way = catalog.sign_in(profile)
    return {"profile": profile, "signs_in_with": way.kind if way else None}


def _as_json(row: SessionRow, now: datetime, expiring: timedelta | None) -> dict[str, Any]:
    left = None if row.expiration is None else int((row.expiration - now).total_seconds())
    return {
        "profile": row.profile,
        "source": row.source,
        "account": row.account,
        "state": row.state(now, expiring),
        "seconds_left": left,
        "expiration": rfc3339(row.expiration) if row.expiration else None,
    }
