"""Run a shell command and its children as a job that can use the terminal."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Self

from encee.errors import EnceeError

COMMAND_TIMEOUT_SECONDS = 120
"""How long a user's command may take: a user may have to find a window, and then the phone."""

_POLL_SECONDS = 0.05
_READ_SECONDS = 2
"""Time for the first bytes to arrive after the command has ended, on a machine that is busy."""

_GRACE_SECONDS = 0.5
"""Time between SIGTERM and SIGKILL."""


def run_command(
    command: str, what: str, stdin: int, variables: Mapping[str, str], *, max_bytes: int, hint: str
) -> bytes:
    """Run a command of the user and return what it printed.

    Args:
        what: The command's name in messages, which never quote it, since it can hold a secret.
        stdin: As for `ShellJob`, as are `variables` and `max_bytes`.

    Raises:
        EnceeError: The command failed, or took longer than 120 seconds.
    """
    try:
        with ShellJob(command, stdin, max_bytes, variables) as job:
            printed = job.output(COMMAND_TIMEOUT_SECONDS)
    except TimeoutError:
        raise EnceeError(f"{what} took longer than {COMMAND_TIMEOUT_SECONDS} s", hint=hint) from None
    except (OSError, ValueError) as error:
        raise EnceeError(f"{what} could not be started: {type(error).__name__}", hint=hint) from None
    if job.exit_code and len(printed) < max_bytes:
        raise EnceeError(f"{what} failed with exit code {job.exit_code}", hint=hint)
    return printed


class ShellJob:
    """A command line that runs, with its children, in a process group of its own.

    Ctrl-C reaches encee and not the group. When a process of the group reads from the terminal or changes it, the
    kernel stops the group; encee then makes it the foreground group, as sudo does, and Ctrl-C reaches the group.

    Args:
        command: The command line, run by the shell (`sh -c`; on Windows `cmd /C`).
        variables: Environment variables that it gets besides those of encee.
    """

    def __init__(self, command: str, stdin: int, max_bytes: int, variables: Mapping[str, str]) -> None:
        self._command = command
        self._variables = variables
        self._stdin = stdin
        self._max_bytes = max_bytes
        self._printed = bytearray()
        self._terminal: _LentTerminal | None = None
        self._process: subprocess.Popen[bytes]
        self._reader: threading.Thread

    def __enter__(self) -> Self:
        """Start the command."""
        windows = sys.platform == "win32"
        with ExitStack() as undo:
            with _hold_interrupts():
                self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                    ["cmd", "/C", self._command] if windows else ["sh", "-c", self._command],
                    stdin=self._stdin,
                    stdout=subprocess.PIPE,
                    env=os.environ | self._variables,
                    process_group=None if windows else 0,
                )
                undo.callback(self._end)
                # A child in the background may keep the pipe open after the command has ended.
                self._reader = threading.Thread(target=self._read, args=[self._process.stdout], daemon=True)
                self._reader.start()
            undo.pop_all()
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        try:
            if exception_type is not None:
                self._end()
        finally:
            if self._terminal is not None:
                self._terminal.take_back()

    def output(self, seconds: float) -> bytes:
        """Wait for the command and return what it printed; end it when it prints too much.

        Raises:
            TimeoutError: It took longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while self._exit_code() is None:
            if len(self._printed) >= self._max_bytes:
                self._end()
            elif time.monotonic() > deadline:
                raise TimeoutError
            elif self._reader.is_alive():
                self._reader.join(_POLL_SECONDS)
            else:
                time.sleep(_POLL_SECONDS / 10)
        if self._terminal is not None and self.exit_code in {-signal.SIGINT, 128 + signal.SIGINT}:
            raise KeyboardInterrupt
        # The thread may not have read the last bytes yet; it ends only later if a child keeps the pipe open.
        self._reader.join(_POLL_SECONDS if self._printed else _READ_SECONDS)
        return bytes(self._printed)

    @property
    def exit_code(self) -> int:
        """Exit code of the command, once it has ended; negative after a signal."""
        return self._process.returncode or 0

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while len(self._printed) < self._max_bytes and (piece := os.read(pipe.fileno(), self._max_bytes)):
                self._printed.extend(piece)

    def _exit_code(self) -> int | None:
        """Return the exit code, if any; bring a stopped group to the foreground."""
        process = self._process
        if sys.platform == "win32" or process.returncode is not None:
            return process.poll()
        ended, status = os.waitpid(process.pid, os.WNOHANG | os.WUNTRACED)
        if not ended:
            return None
        if os.WIFSTOPPED(status):
            if self._terminal is None:
                self._terminal = _LentTerminal.open()
            if self._terminal is not None and self._terminal.lend(process.pid):
                os.killpg(process.pid, signal.SIGCONT)
            return None
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode

    def _end(self) -> None:
        """End the command and its children."""
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(self._process.pid)], capture_output=True, check=False)  # noqa: S603, S607 - a program of Windows
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS raises the latter for a group without processes
            os.killpg(self._process.pid, signal.SIGTERM)
            os.killpg(self._process.pid, signal.SIGCONT)  # a stopped process handles SIGTERM once it continues
            deadline = time.monotonic() + _GRACE_SECONDS
            while self._exit_code() is None and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS / 10)
            os.killpg(self._process.pid, signal.SIGKILL)
        while self._exit_code() is None:
            time.sleep(_POLL_SECONDS / 10)


class _LentTerminal:
    """The controlling terminal, lent to another process group; POSIX only."""

    def __init__(self, terminal: int) -> None:
        import termios  # noqa: PLC0415 - not on Windows

        self._terminal = terminal
        self._is_lent = False
        self._modes = termios.tcgetattr(terminal)

    @classmethod
    def open(cls) -> Self | None:
        """Open the controlling terminal; None without one."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            return None

    def lend(self, group: int) -> bool:
        """Make a group the foreground group; return whether it is, after that."""
        with suppress(OSError):
            if os.tcgetpgrp(self._terminal) == os.getpgrp():
                with _allow_background():
                    os.tcsetpgrp(self._terminal, group)
                self._is_lent = True
            return os.tcgetpgrp(self._terminal) == group
        return False

    def take_back(self) -> None:
        """Return this process to the foreground and restore the terminal's modes."""
        import termios  # noqa: PLC0415 - not on Windows

        if self._is_lent:
            with suppress(OSError, termios.error), _allow_background():  # the terminal may be closed
                os.tcsetpgrp(self._terminal, os.getpgrp())
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._modes)
        os.close(self._terminal)


@contextmanager
def _allow_background() -> Iterator[None]:
    """Block SIGTTOU, which stops a background process that changes the terminal."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Delay Ctrl-C while a process starts, so that no process is left over."""
    before = signal.getsignal(signal.SIGINT)
    if before in {signal.SIG_IGN, None} or threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if received:
            signal.raise_signal(signal.SIGINT)
