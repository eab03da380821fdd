"""Run commands in pipes and on a terminal, and time them from start to end."""

import os
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from scripts.bench.stage import Home
from scripts.claims import expect

TIMEOUT_SECONDS = 60
"""How long a command may run."""


def run(home: Home, program: Path, *arguments: str, stdin: str = "", code: int = 0) -> tuple[float, str]:
    """Run a command in pipes; the milliseconds from its start to its end, and its standard output."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home.environ,
        encoding="utf-8",
    )
    timer = limit(process)
    out, err = process.communicate(stdin)
    took = milliseconds_since(start)
    timer.cancel()
    ended = process.returncode
    expect(ended == code, f"{described(program, arguments)} ended with {ended}: {last_words(err or out)}")
    return took, out


class Terminal:
    """A command on a pseudo-terminal; it is killed at the end of the context.

    Not pexpect, which copies this process with all its memory to start another: that takes too long.
    """

    def __init__(self, home: Home, program: Path, *arguments: str) -> None:
        self._command = (program, arguments)
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, 100))
        self._start = time.perf_counter()
        self._process = subprocess.Popen(
            [program, *arguments], stdin=slave, stdout=slave, stderr=slave, env=home.environ, start_new_session=True
        )
        os.close(slave)
        self._timer = limit(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def wait_for(self, text: str) -> None:
        """Read until a text is shown."""
        shown = b""
        while text.encode() not in shown:
            piece = self._read()
            expect(piece, f"{described(*self._command)} never showed {text!r}: {last_words(shown.decode())}")
            shown += piece

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._master, keys.encode())

    def end(self) -> tuple[float, str]:
        """Wait for the command's end; the milliseconds that it took, and what it showed since the last wait."""
        shown = b"".join(iter(self._read, b"")).decode()
        code = self._process.wait()
        took = milliseconds_since(self._start)
        expect(code == 0, f"{described(*self._command)} ended with {code}: {last_words(shown)}")
        return took, shown

    def _read(self) -> bytes:
        try:
            return os.read(self._master, 65536)
        except OSError:  # Linux raises this once no process has the terminal open
            return b""


def limit(process: "subprocess.Popen[Any]") -> threading.Timer:
    """Kill a process that hangs; the timeouts of `subprocess` look only from time to time, which costs time."""
    timer = threading.Timer(TIMEOUT_SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def described(program: Path, arguments: Sequence[str]) -> str:
    """A command line, short enough for a message."""
    return " ".join([program.name, *arguments[:3]])


def last_words(shown: str) -> str:
    """The end of what a command showed, on one line."""
    return " / ".join(shown.strip().splitlines()[-3:])


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until a condition holds, with pauses that leave the processor to the stand-in."""
    start = time.perf_counter()
    while not condition():
        expect(milliseconds_since(start) < 1000 * TIMEOUT_SECONDS, otherwise)
        time.sleep(0.0002)


def milliseconds_since(start: float) -> float:
    """Milliseconds since a value of `time.perf_counter`."""
    return (time.perf_counter() - start) * 1000
