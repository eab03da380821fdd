"""`encee status`: show when each session expires, without boto3."""

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

_READ_TIMEOUT_SECONDS = 0.5
"""The time that --watch waits for a program that writes a file."""


@file_options
def status(
    profiles: ListedProfiles = None,
    *,
    expiring: Annotated[
        str | None,
        text_option(
            "TIME",
            "Show a session as expiring when less than this is left. "
            "[default: 1h, but at most a quarter of the session's length]",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print no table; exit with 3 if a session is missing or expired.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Redraw the table every second until Ctrl-C.")] = False,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Show when each session expires.

    The table lists the session of each profile with long-term keys, and the sessions of other tools. --check counts a
    session as expired that --expiring shows as expiring; without PROFILE, it checks only sessions that exist. A session
    of another account than its source profile's key has the state other-account and is not valid.

    Examples:
        $ encee status
        $ encee status --watch
        $ encee status dev --check || encee refresh dev
    """
    threshold = None if expiring is None else parse_duration(expiring)
    if watch:
        _refuse_watch(check=check, json=json)
        # An unknown profile is an error before the first table.
        _list_rows(profiles, files.salvage(lambda _fault: None), files, environment)
        _watch(profiles, files, environment, threshold)
        return
    faults: list[FileRefusedError] = []
    catalog = files.catalog() if check else files.salvage(faults.append)
    rows = _select_rows(profiles, catalog, files, environment, faults)
    now = environment.clock()
    if json:
        _print_json(rows, catalog, faults, now, threshold)
    elif not check:
        _show(rows, catalog, files, now, threshold)
    for row in rows if check else ():
        if profiles or (row.exists and row.source):
            _require_valid(row, catalog, now, threshold or timedelta())


def _refuse_watch(*, check: bool, json: bool) -> None:
    """Refuse `--watch` where the command draws no table.

    Raises:
        UsageError: Another option is given too, or standard output is not a terminal.
    """
    if check or json:
        raise UsageError("--watch draws a table, and --check and --json are for programs", hint="encee status --watch")
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal as standard output", hint="encee status")


def _select_rows(
    profiles: Sequence[str] | None,
    catalog: Catalog,
    files: AwsFiles,
    environment: Environment,
    faults: Sequence[FileRefusedError],
) -> list[SessionRow]:
    """List the sessions of the command line, and warn of each fault in the files.

    Raises:
        FileRefusedError: A fault hides all sessions of the command line.
        UsageError: A profile does not exist.
    """
    rows: list[SessionRow] = []
    try:
        rows = _list_rows(profiles, catalog, files, environment)
    except UsageError:
        if not faults:
            raise
    if faults and not rows:
        raise faults[0]
    for fault in faults:
        terminal.warn(fault.message)
    return rows


def _list_rows(
    profiles: Sequence[str] | None, catalog: Catalog, files: AwsFiles, environment: Environment
) -> list[SessionRow]:
    """List the sessions of some profiles, or all.

    Raises:
        UsageError: A profile does not exist.
    """
    rows = list(list_sessions(catalog, Settings(GivenSettings(), environment.environ, catalog).length))
    return _find_rows(profiles, rows, catalog, files) if profiles else rows


def _find_rows(
    profiles: Sequence[str], rows: Sequence[SessionRow], catalog: Catalog, files: AwsFiles
) -> list[SessionRow]:
    """Find the sessions of some session profiles, source profiles or patterns.

    Raises:
        UsageError: A profile does not exist.
    """
    by_name = {row.profile: row for row in rows}
    by_name |= {row.source: row for row in rows if row.source and row.source not in by_name}
    selected = []
    for name in catalog.expand_patterns(profiles, by_name):
        if name not in by_name:
            raise explain_lookup_failure(catalog, name, files.paths)
        selected.append(by_name[name])
    return list(dict.fromkeys(selected))


def _require_valid(row: SessionRow, catalog: Catalog, now: datetime, min_time_left: timedelta) -> None:
    """Refuse a session that needs a refresh.

    Raises:
        NoSessionError: It is missing or expired, or expires too soon.
    """
    state = row.state(now, min_time_left)
    if state == "valid":
        return
    if state == "expiring" and row.expiration:
        reason = f"has {format_time_left(row.expiration - now)} left, less than {format_time_left(min_time_left)}"
    elif state == "expired":
        reason = "has expired"
    elif state == "other-account":
        reason = f"holds a session of another account than the key of {row.source}"
    else:
        reason = "has no expiration time" if row.exists else "has no session yet"
    hint = "renew it with the tool that made it"
    if row.source:
        is_default = catalog.session_profiles.get(row.source) == row.profile
        hint = shlex.join(["encee", "refresh", row.source, *([] if is_default else ["--to", row.profile])])
    raise NoSessionError(f"{row.profile} {reason}", hint=hint)


def _show(
    rows: Sequence[SessionRow], catalog: Catalog, files: AwsFiles, now: datetime, expiring: timedelta | None
) -> None:
    if not rows:
        for line in _explain_no_sessions(catalog, files):
            terminal.say(line)
        return
    display.print_table(_HEADINGS, _fit_cells(rows, now, expiring), _styles(rows, now, expiring), foldable=_FOLDABLE)


def _explain_no_sessions(catalog: Catalog, files: AwsFiles) -> list[str]:
    """Return lines about profiles without sessions, and what to do."""
    error = explain_nothing_to_refresh(catalog, files.paths)
    return [error.message, f"  {error.hint}"]


def _watch(
    profiles: Sequence[str] | None, files: AwsFiles, environment: Environment, expiring: timedelta | None
) -> None:
    """Show the table until Ctrl-C, with the faults of the files below it."""
    from encee.cli.live_table import Picture, redraw  # noqa: PLC0415 - only --watch needs it

    def picture() -> Picture:
        notes: list[str] = []
        rows: list[SessionRow] = []
        try:
            catalog = files.salvage(lambda fault: notes.append(fault.message), timeout=_READ_TIMEOUT_SECONDS)
            rows = _list_rows(profiles, catalog, files, environment)
            if not rows and not notes:
                notes += _explain_no_sessions(catalog, files)
        except EnceeError as error:
            notes.append(error.message)
        now = environment.clock()
        footer = f"{now.astimezone():%H:%M:%S}  Ctrl-C ends this"
        return Picture(
            _HEADINGS, _fit_cells(rows, now, expiring), _styles(rows, now, expiring), _FOLDABLE, notes, footer
        )

    redraw(picture)


def _fit_cells(rows: Sequence[SessionRow], now: datetime, expiring: timedelta | None) -> list[list[str]]:
    """Return the cells of the table, with bars if the terminal has colours and room."""
    with_bars = terminal.allows_colour(sys.stdout)
    cells = [_cells(row, now, expiring, with_bar=with_bars) for row in rows]
    if with_bars and not display.fits(_HEADINGS, cells):
        cells = [_cells(row, now, expiring, with_bar=False) for row in rows]
    return cells


def _styles(rows: Sequence[SessionRow], now: datetime, expiring: timedelta | None) -> list[str]:
    return [_STYLES[row.state(now, expiring)] for row in rows]


def _cells(row: SessionRow, now: datetime, expiring: timedelta | None, *, with_bar: bool) -> list[str]:
    left, ends = "–", "–"
    if row.expiration is not None:
        remaining = row.expiration - now
        left = f"{draw_bar(remaining)} {format_time_left(remaining)}" if with_bar else format_time_left(remaining)
        ends = format_moment(row.expiration, now)
    return [row.profile, row.source or "–", row.account or "–", row.state(now, expiring), left, ends]


def _print_json(
    rows: Sequence[SessionRow],
    catalog: Catalog,
    faults: Sequence[FileRefusedError],
    now: datetime,
    expiring: timedelta | None,
) -> None:
    others = {name: catalog.sign_in(name) for name in catalog.other_profiles()}
    terminal.print_json(
        {
            "sessions": [_as_json(row, now, expiring) for row in rows],
            "other_profiles": [
                {"profile": name, "signs_in_with": way.kind if way else None} for name, way in others.items()
            ],
            "faults": [*map(terminal.error_as_json, faults)],
        }
    )


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
