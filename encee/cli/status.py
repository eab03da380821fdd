"""`encee status`: what expires when. Reads only, and never loads boto3."""

import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from encee.cli import terminal
from encee.cli.moments import bar, local, time_left
from encee.cli.options import (
    ConfigFile,
    CredentialsFile,
    Json,
    ListedProfiles,
    World,
    not_empty,
    read_catalog,
    salvage_catalog,
)
from encee.errors import NoSessionError
from encee.model import rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.files import Files
from encee.profiles.sessions import Listed, sessions
from encee.profiles.settings import parse_duration

_STYLES = {"valid": "green", "expiring": "yellow", "expired": "red", "none": "dim"}
_HEADINGS = ["PROFILE", "SOURCE", "ACCOUNT", "STATE", "TIME LEFT", "EXPIRES AT"]
_EXPIRING = "1h"


def status(
    context: typer.Context,
    profiles: ListedProfiles = None,
    *,
    expiring: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            callback=not_empty,
            help=f"With less than this to go, a session is expiring. [default: {_EXPIRING}]",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="No table; exit 3 for a missing or expired session (or --expiring)."),
    ] = False,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Show which session expires when.

    Lists the session of each profile with long-term keys, and the sessions of other tools. With --check and
    without PROFILE, only sessions that exist count.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    catalog = (read_catalog if check else salvage_catalog)(files, terminal.warn)
    threshold = parse_duration(_EXPIRING if expiring is None else expiring)
    rows = list(sessions(catalog))
    if profiles:
        rows = _named(profiles, rows, catalog, files)
    now = world.clock()
    if json:
        terminal.json({"sessions": [_as_json(row, now, threshold) for row in rows]})
    elif not check:
        _show(rows, now, threshold)
    if check:
        least = timedelta() if expiring is None else threshold
        for row in rows:
            if profiles or (row.exists and row.source):
                _check(row, catalog, now, least)


def _named(words: Sequence[str], rows: Sequence[Listed], catalog: Catalog, files: Files) -> list[Listed]:
    """The rows that the words of the command line mean.

    Raises:
        UsageError: A word means none of them.
    """
    by_name = {row.profile: row for row in rows}
    by_name |= {row.source: row for row in rows if row.source and row.source not in by_name}
    found = []
    for word in catalog.matching(words, by_name):
        if word not in by_name:
            raise catalog.not_a_source(word, files)
        found.append(by_name[word])
    return list(dict.fromkeys(found))


def _check(row: Listed, catalog: Catalog, now: datetime, least: timedelta) -> None:
    """Make sure that nobody has to refresh a session.

    Raises:
        NoSessionError: It is missing or expired, or has less than `least` to go.
    """
    state = row.state(now, least)
    if state == "valid":
        return
    if state == "expiring" and row.expiration:
        what = f"has {time_left(row.expiration - now)} left, less than {time_left(least)}"
    elif state == "expired":
        what = "has expired"
    else:
        what = "does not say when it ends" if row.exists else "has no session yet"
    hint = "renew it with the tool that made it"
    if row.source:
        elsewhere = catalog.targets.get(row.source) != row.profile
        words = ["encee", "refresh", row.source, *(["--to", row.profile] if elsewhere else [])]
        hint = shlex.join(words)
    raise NoSessionError(f"{row.profile} {what}", hint=hint)


def _show(rows: Sequence[Listed], now: datetime, expiring: timedelta) -> None:
    if not rows:
        terminal.say("there are no profiles yet: aws configure --profile dev enters the first key")
        return
    cells = [_cells(row, now, expiring, with_bar=terminal.coloured(sys.stdout)) for row in rows]
    if not terminal.fits(_HEADINGS, cells):
        cells = [_cells(row, now, expiring, with_bar=False) for row in rows]
    terminal.table(_HEADINGS, cells, [_STYLES[row.state(now, expiring)] for row in rows], foldable=2)


def _cells(row: Listed, now: datetime, expiring: timedelta, *, with_bar: bool) -> list[str]:
    """A row of the table."""
    left, ends = "–", "–"
    if row.expiration is not None:
        remaining = row.expiration - now
        left = f"{bar(remaining)} {time_left(remaining)}" if with_bar else time_left(remaining)
        ends = local(row.expiration, now)
    return [row.profile, row.source or "–", row.account or "–", row.state(now, expiring), left, ends]


def _as_json(row: Listed, now: datetime, expiring: timedelta) -> dict[str, Any]:
    left = None if row.expiration is None else int((row.expiration - now).total_seconds())
    return {
        "profile": row.profile,
        "source": row.source,
        "account": row.account,
        "state": row.state(now, expiring),
        "seconds_left": left,
        "expiration": rfc3339(row.expiration) if row.expiration else None,
    }
