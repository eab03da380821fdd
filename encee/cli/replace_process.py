"""Replace this process by another program."""

import errno
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from encee.errors import EnceeError, ExitCode


class _NotExecutableError(EnceeError):
    exit_code = ExitCode.NOT_EXECUTABLE


class _NotFoundError(EnceeError):
    exit_code = ExitCode.NOT_FOUND


@contextmanager
def _no_signal_ignored() -> Iterator[None]:
    """Restore two signals that Python ignores, since a program would inherit that.

    If the program cannot be started, they are ignored again: with SIGPIPE at its default, a write to a closed pipe
    would end this process without a message.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exec_or_spawn(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Replace this process by a program; on Windows, wait for it.

    Args:
        command: The program and its arguments.
        environ: The environment of the program.

    Raises:
        EnceeError: The program does not exist (exit code 127) or cannot be executed (126), as in a shell.
    """
    program = command[0]
    sys.stdout.flush()
    try:
        if not program:
            raise FileNotFoundError  # execve raises ValueError.
        if sys.platform == "win32":
            raise typer.Exit(subprocess.call(list(command), env=dict(environ)))  # noqa: S603 - the user's command
        with _no_signal_ignored():
            os.execvpe(program, list(command), dict(environ))  # noqa: S606 - the user's command
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
