"""`encee exec`: a command with the session in its environment."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from encee.cli.options import Code, CodeCommand, ConfigFile, CredentialsFile, Duration, HowToRefresh, Profile, World
from encee.cli.serving import serve
from encee.errors import EnceeError, ExitCode
from encee.profiles.export import CLEARED

SETTINGS = {"allow_interspersed_args": False}
"""What follows PROFILE belongs to the command, its options too."""


class _NotExecutableError(EnceeError):
    exit_code = ExitCode.NOT_EXECUTABLE


class _NotFoundError(EnceeError):
    exit_code = ExitCode.NOT_FOUND


def exec(  # noqa: A001 - the command's name
    context: typer.Context,
    profile: Profile,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments.")],
    *,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Fail with 3, instead of refreshing, without a valid session.")
    ] = False,
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
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    how = None if no_refresh else HowToRefresh(code, code_command, duration)
    session = serve(profile, world, files, how)
    environ = {name: value for name, value in world.environ.items() if name not in CLEARED} | session.variables()
    _become(command[1:] if command[0] == "--" else command, environ)


def _become(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Let the command take this process's place; on Windows, which cannot, wait for it and end with its code.

    Raises:
        EnceeError: It could not be started: 127 where there is no such command, 126 where it is not executable.
    """
    if not command:
        raise _NotFoundError("there is no command behind --", hint="encee exec PROFILE -- aws s3 ls")
    sys.stdout.flush()
    try:
        if sys.platform == "win32":
            raise typer.Exit(subprocess.call(list(command), env=dict(environ)))  # noqa: S603 - the person's command
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606 - the same
    except FileNotFoundError:
        raise _NotFoundError(f"{command[0]}: command not found", hint="check its name and PATH") from None
    except OSError as error:
        message = f"{command[0]} cannot be run: {error.strerror}"
        raise _NotExecutableError(message, hint=f"ls -l {shlex.quote(command[0])}") from None
