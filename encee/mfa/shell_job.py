"""A shell command and its children as one job, which can be ended as a whole and still asks on the terminal."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Self

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 0.5
"""How long a job that is told to end has for that, before it is killed."""


class ShellJob:
    """A command line that runs, with its children, in a process group of its own.

    Ctrl-C reaches encee and not the group, until one of the group reads from the terminal or changes it. The system
    stops the group then; it gets the terminal, as sudo does it, and Ctrl-C with it.

    Args:
        command: The command line, run by the shell (`sh -c`; on Windows `cmd /C`).
        stdin: The file descriptor of its standard input.
        most: How many bytes it may print.
    """

    def __init__(self, command: str, stdin: int, most: int) -> None:
        self._command = command
        self._stdin = stdin
        self._most = most
        self._printed = bytearray()
        self._terminal: _LentTerminal | None = None
        self._process: subprocess.Popen[bytes]
        self._reader: threading.Thread

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            OSError, ValueError: It cannot be started.
        """
        windows = sys.platform == "win32"
        with ExitStack() as undo:
            with _interrupts_held():
                self._process = subprocess.Popen(  # noqa: S603 - the person's own command
                    ["cmd", "/C", self._command] if windows else ["sh", "-c", self._command],
                    stdin=self._stdin,
                    stdout=subprocess.PIPE,
                    process_group=None if windows else 0,
                )
                undo.callback(self._end)
                # What the command has started may hold the pipe open for longer than anybody waits.
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
        """What the command prints until it ends; one that prints too much is ended.

        Raises:
            TimeoutError: It took longer than so many seconds.
            KeyboardInterrupt: Ctrl-C ended it while it had the terminal.
        """
        deadline = time.monotonic() + seconds
        while self._exit_code() is None:
            if len(self._printed) >= self._most:
                self._end()
            elif time.monotonic() > deadline:
                raise TimeoutError
            elif self._reader.is_alive():
                self._reader.join(_POLL_SECONDS)
            else:
                time.sleep(_POLL_SECONDS / 10)
        if self._terminal is not None and self.exit_code in {-signal.SIGINT, 128 + signal.SIGINT}:
            raise KeyboardInterrupt
        self._reader.join(_POLL_SECONDS)  # its last words may be on their way
        return bytes(self._printed)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that has ended; that of a signal is negative."""
        return self._process.returncode or 0

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while len(self._printed) < self._most and (piece := os.read(pipe.fileno(), self._most)):
                self._printed.extend(piece)

    def _exit_code(self) -> int | None:
        """The exit code, or None while the command runs; a group that was stopped gets the terminal."""
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
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(self._process.pid)], capture_output=True, check=False)  # noqa: S603, S607 - Windows' own
            return
        with suppress(ProcessLookupError, PermissionError):  # nothing of the group is left, as macOS says
            os.killpg(self._process.pid, signal.SIGTERM)
            os.killpg(self._process.pid, signal.SIGCONT)  # for what is stopped
            deadline = time.monotonic() + _GRACE_SECONDS
            while self._exit_code() is None and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS / 10)
            os.killpg(self._process.pid, signal.SIGKILL)
        while self._exit_code() is None:
            time.sleep(_POLL_SECONDS / 10)


class _LentTerminal:
    """The controlling terminal, which another process group has for a while; not on Windows."""

    def __init__(self, terminal: int) -> None:
        import termios  # noqa: PLC0415 - not on Windows

        self._terminal = terminal
        self._is_lent = False
        self._modes = termios.tcgetattr(terminal)

    @classmethod
    def open(cls) -> Self | None:
        """The terminal; None where there is none."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            return None

    def lend(self, group: int) -> bool:
        """Give the terminal to a process group; False where it is not this process's to give."""
        with suppress(OSError):
            if os.tcgetpgrp(self._terminal) == os.getpgrp():
                with _background_allowed():
                    os.tcsetpgrp(self._terminal, group)
                self._is_lent = True
            return os.tcgetpgrp(self._terminal) == group
        return False

    def take_back(self) -> None:
        """Take the terminal back, with its modes as they were before."""
        import termios  # noqa: PLC0415 - not on Windows

        if self._is_lent:
            with suppress(OSError, termios.error), _background_allowed():  # it may have been closed
                os.tcsetpgrp(self._terminal, os.getpgrp())
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._modes)
        os.close(self._terminal)


@contextmanager
def _background_allowed() -> Iterator[None]:
    """Let a process change the terminal that another group has, for which the system would stop it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while a process starts: it would leave one behind of which nothing knows."""
    before = signal.getsignal(signal.SIGINT)
    if before in {signal.SIG_IGN, None} or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
