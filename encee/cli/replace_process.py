"""Another program in place of this process."""

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
    """Let two signals act that Python ignores, and that a command would ignore with it; and, failing that, not.

    With SIGPIPE at its default, a write to whoever has gone would end this process without a word.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exec_or_spawn(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Let a command take this process's place; on Windows, which cannot, wait for it and end with its code.

    Args:
        command: The program and its arguments.
        environ: Its environment.

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
        with _no_signal_ignored():
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
