"""A valid session for another program: the one on disk, or a fresh one."""

import shlex
from datetime import timedelta

from encee.cli import terminal
from encee.cli.options import HowToRefresh, World, read_catalog
from encee.errors import NoSessionError
from encee.profiles.export import Exported, exported, of_session
from encee.profiles.files import Files


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
    catalog = read_catalog(files, terminal.warn)
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
    from encee.cli.running import session_for  # noqa: PLC0415 - 40 ms that a valid session does not need

    target, session = session_for(word, world, files, how)
    return of_session(session, read_catalog(files, terminal.warn), *target)
