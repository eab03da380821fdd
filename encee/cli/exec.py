"""`encee exec`: a command with the session in its environment."""

from collections.abc import Sequence
from typing import Annotated

import typer

from encee.cli.becoming import become
from encee.cli.options import (
    Code,
    CodeCommand,
    ConfigFile,
    CredentialsFile,
    Duration,
    HowToRefresh,
    NoRefresh,
    ServableProfile,
    World,
)
from encee.cli.serving import serve
from encee.errors import UsageError
from encee.profiles.export import environment

SETTINGS = {"allow_interspersed_args": False}
"""What follows PROFILE belongs to the command, its options too."""


def exec(  # noqa: A001 - the command's name
    context: typer.Context,
    profile: ServableProfile,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments.")],
    *,
    no_refresh: NoRefresh = False,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Run a command with a session in its environment.

    It takes the place of encee, so its exit code and signals are its own. What another profile may have left over
    in the environment is unset. Without a valid session, a code is asked for first.
    """
    wanted = _wanted(command)
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    how = None if no_refresh else HowToRefresh(code, code_command, duration)
    session = serve(profile, world, files, how)
    become(wanted, environment(world.environ, session.variables()))


def _wanted(words: Sequence[str]) -> Sequence[str]:
    """The command among the words behind PROFILE.

    Raises:
        UsageError: There is none, or an option of encee's is in its place.
    """
    usage = "encee exec [OPTIONS] PROFILE -- COMMAND..."
    if words[0] != "--":
        if words[0].startswith("-"):
            raise UsageError(f"{words[0]} stands behind PROFILE, where the command belongs", hint=usage)
        return words
    if len(words) == 1:
        raise UsageError("there is no command behind --", hint=usage)
    return words[1:]
