"""A valid session for another program: the one on disk, or a fresh one."""

import shlex
from datetime import timedelta
from typing import Annotated, NamedTuple

import typer

from encee.cli import terminal
from encee.cli.options import World, config_store, credentials_store, not_empty
from encee.errors import EnceeError, NoSessionError
from encee.profiles.catalog import Catalog
from encee.profiles.export import Exported, exported, of_session
from encee.profiles.files import Files
from encee.profiles.settings import GivenSettings

Profile = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile, or its session profile.")]
Code = Annotated[
    str | None, typer.Option("--code", "-c", metavar="CODE", callback=not_empty, help="The MFA code, for a refresh.")
]
CodeCommand = Annotated[
    str | None, typer.Option(metavar="COMMAND", callback=not_empty, help="A command that prints the code.")
]
Duration = Annotated[
    str | None,
    typer.Option("--duration", "-d", metavar="TIME", callback=not_empty, help="How long a refreshed session lasts."),
]


class HowToRefresh(NamedTuple):
    """The options of a refresh that another command may have to do first.

    Args:
        code: `--code`, or None.
        code_command: `--code-command`, or None.
        duration: `--duration`, or None.
        write: Whether the fresh session goes to the credentials file.
        ask: Whether a person may be asked.
        least: How long a session has to last to be left alone.
    """

    code: str | None = None
    code_command: str | None = None
    duration: str | None = None
    write: bool = True
    ask: bool = True
    least: timedelta = timedelta(seconds=1)


def serve(word: str, world: World, files: Files, how: HowToRefresh | None) -> Exported:
    """The session that a word of the command line means, valid now.

    Args:
        word: A profile or a session profile.
        world: The environment and the clock.
        files: Where the two files are.
        how: How to get a fresh one where there is no valid session; None to fail instead.

    Raises:
        NoSessionError: There is no valid session, and none is to be had.
        EnceeError: The refresh failed.
    """
    catalog = _catalog(files)
    session = exported(catalog, word)
    refreshable = catalog.profile_for(word)
    if session is None and refreshable is None:
        raise catalog.not_a_source(word, files)
    least = how.least if how is not None and refreshable is not None else timedelta()
    if session is not None and (session.expiration is None or session.expiration - world.clock() > least):
        return session
    if how is not None and refreshable is not None:
        try:
            return _refreshed(word, world, files, how)
        except NoSessionError:
            if session is None or session.expiration is None or session.expiration <= world.clock():
                raise
            return session  # not for long, but there is nobody to ask for a better one
    state = "has expired" if session is not None else "is missing"
    raise NoSessionError(f"the session of {word} {state}", hint=f"encee refresh {shlex.quote(refreshable or word)}")


def _refreshed(word: str, world: World, files: Files, how: HowToRefresh) -> Exported:
    from encee.cli.running import RefreshRun, given_codes  # noqa: PLC0415 - 40 ms that a valid session does not need
    from encee.workflows.plan import Failed  # noqa: PLC0415 - the same

    codes = given_codes(how.code, how.code_command, world)
    settings = GivenSettings(duration=how.duration, code_command=how.code_command)
    run = RefreshRun(world, files, settings, codes, write=how.write, ask=how.ask)
    try:
        run.go([word], how.least)
    finally:
        for warning in dict.fromkeys(run.warnings):
            terminal.warn(warning)
    for outcome in run.outcomes:
        if isinstance(outcome, Failed):
            raise outcome.error
    catalog = _catalog(files)
    for target, session in run.sessions.items():
        if target.profile == catalog.profile_for(word):
            return of_session(session, catalog, *target)
    if (found := exported(catalog, word)) is None:
        raise EnceeError(f"the session of {word} was there and is gone", hint="try again")
    return found


def _catalog(files: Files) -> Catalog:
    warn = terminal.warn
    return Catalog(credentials_store(files, warn).document().view, config_store(files, warn).document().view)
