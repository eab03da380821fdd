"""The controlling terminal: where a person reads and types, whatever the standard streams are connected to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class TerminalEnds(NamedTuple):
    """File descriptors of a terminal.

    Args:
        reading: What the person types.
        writing: What the person sees.
    """

    reading: int
    writing: int


@contextmanager
def open_terminal() -> Iterator[TerminalEnds | None]:
    """Open the terminal of this process, as ssh and sudo do; None where it has none.

    Standard input and standard error count as one where both are terminals but none controls the process, as in some
    containers.
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
        for end in opened:
            os.close(end)


def _standard_streams() -> TerminalEnds | None:
    """Standard input and standard error, where both are terminals."""
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        return TerminalEnds(sys.stdin.fileno(), sys.stderr.fileno())
    return None
