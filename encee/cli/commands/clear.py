"""`encee clear`: remove stored sessions, without boto3."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import typer

from encee.cli import terminal
from encee.cli.options import Environment, Json, RemovableProfiles, file_options
from encee.errors import UsageError
from encee.profiles.clear import (
    Choice,
    ClearedSession,
    choose_all_sessions,
    choose_expired_sessions,
    choose_named_sessions,
    clear_sessions,
)
from encee.profiles.files import AwsFiles


@file_options
def clear(
    profiles: RemovableProfiles = None,
    *,
    expired: Annotated[bool, typer.Option("--expired", help="Remove each expired session that encee stored.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Remove each session that encee stored.")] = False,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Remove stored sessions from the files.

    It removes only what encee wrote: the section of a session profile, and the one with its region in the config file.
    What you added to a section stays. AWS accepts the session until it expires.

    Examples:
        $ encee clear dev
        $ encee clear --expired
    """
    if [bool(profiles), expired, every].count(True) != 1:
        raise UsageError("clear needs one of PROFILE, --expired and --all", hint="encee clear PROFILE")
    choose: Choice = choose_all_sessions
    if expired:
        choose = partial(choose_expired_sessions, now=environment.clock())
    elif profiles:
        choose = partial(choose_named_sessions, arguments=profiles, files=files.paths)
    cleared = clear_sessions(files, choose, terminal.warn)
    _show(cleared)
    if json:
        terminal.print_json({"profiles": [_as_json(session) for session in cleared]})


def _show(cleared: Sequence[ClearedSession]) -> None:
    for name, source, stays, ran_process in cleared:
        of_source = f", {'which served ' * ran_process}the session of {source}" if source else ""
        rest = f"; what else is under {' and '.join(stays)} stays" if stays else ""
        terminal.say(f"removed {name}{of_source}{rest}")
    if not cleared:
        terminal.say("there was nothing to remove")


def _as_json(cleared: ClearedSession) -> dict[str, Any]:
    return {
        "session_profile": cleared.session_profile,
        "source": cleared.source,
        "part_stayed": bool(cleared.stays),
    }
