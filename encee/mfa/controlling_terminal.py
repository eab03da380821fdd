"""Open the controlling terminal, even with redirected standard streams."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class TerminalEnds(NamedTuple):
    """File descriptors of a terminal."""

    reading: int
    writing: int


@contextmanager
def open_terminal() -> Iterator[TerminalEnds | None]:
    """Open the terminal of this process, as ssh and sudo do; None without a terminal.

    Some containers have terminals as standard input and standard error but no controlling terminal: encee uses these
    two then.
    """
    names = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty",)
    opened: list[int] = []
    try:
        try:
            opened.extend(os.open(name, os.O_RDWR | getattr(os, "O_NOCTTY", 0)) for name in names)
        except OSError:
            yield _standard_streams()
        else:
            yield TerminalEnds(opened[0], opened[-1])
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _standard_streams() -> TerminalEnds | None:
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        return TerminalEnds(sys.stdin.fileno(), sys.stderr.fileno())
    return None
