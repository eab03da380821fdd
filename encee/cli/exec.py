"""`encee exec`: a command with the session in its environment."""

import errno
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from encee.cli.options import Code, CodeCommand, ConfigFile, CredentialsFile, Duration, HowToRefresh, Profile, World
from encee.cli.serving import serve
from encee.errors import EnceeError, ExitCode, UsageError
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
    wanted = _wanted(command)
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    how = None if no_refresh else HowToRefresh(code, code_command, duration)
    session = serve(profile, world, files, how)
    environ = {name: value for name, value in world.environ.items() if name not in CLEARED} | session.variables()
    _become(wanted, environ)


def _wanted(words: Sequence[str]) -> Sequence[str]:
    """The command among the words behind PROFILE.

    Raises:
        UsageError: There is none, or an option of encee's is in its place.
    """
    usage = "encee exec [OPTIONS] PROFILE -- COMMAND..."
    if words[0] != "--":
        if words[0].startswith("-"):
            raise UsageError(f"{words[0]} stands behind PROFILE, where the command does", hint=usage)
        return words
    if len(words) == 1:
        raise UsageError("there is no command behind --", hint=usage)
    return words[1:]


def _become(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Let the command take this process's place; on Windows, which cannot, wait for it and end with its code.

    Raises:
        EnceeError: It could not be started: 127 where there is no such command, 126 where it is not executable.
    """
    program = command[0]
    sys.stdout.flush()
    try:
        if not program:
            raise FileNotFoundError  # which execve calls a ValueError
        if sys.platform == "win32":
            raise typer.Exit(subprocess.call(list(command), env=dict(environ)))  # noqa: S603 - the person's command
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored, signal.SIG_DFL)  # Python ignores them, and the command would, too
        os.execvpe(program, list(command), dict(environ))  # noqa: S606 - the person's command
    except FileNotFoundError:
        if os.sep in program and Path(program).exists():
            hint = f"look at its first line: head -1 {shlex.quote(program)}"
            raise _NotFoundError(f"{program}: its interpreter was not found", hint=hint) from None
        raise _NotFoundError(f"{program}: command not found", hint="check its name and PATH") from None
    except OSError as error:
        hint = f"ls -l {shlex.quote(program)}"
        if error.errno == errno.ENOEXEC:
            hint = "begin the script with a line such as #!/bin/sh"
        raise _NotExecutableError(f"{program} cannot be run: {error.strerror}", hint=hint) from None
