"""The rules of the terminal, in one place.

stdout is data: what a program could read. stderr is for people: prompts, progress, warnings and errors. Colour and
pictures appear on a terminal only, never with `NO_COLOR` or `TERM=dumb`. Text that comes from files or from AWS is
cleaned once, here, so that it cannot move the cursor or hide other text.
"""

import errno
import io
import json as json_format
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from encee.errors import ClosedOutputError, EnceeError, InterruptedByPersonError
from encee.mfa.sources import is_code

if TYPE_CHECKING:
    from rich.console import Console

_MOST_ROWS_DRAWN = 200
"""Above so many rows, a table is plain columns: rich takes 2.3 s for 10,000."""


def prepare() -> None:
    """Let a character that an output's encoding lacks become `?` instead of an exception."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def clean(text: str) -> str:
    """A text with everything that is not printable replaced, line ends included."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def say(text: str) -> None:
    """A line for people, on stderr."""
    with _open_output():
        print(clean(text), file=sys.stderr)


def tell(text: str) -> None:
    """A line of data, on stdout."""
    with _open_output():
        print(clean(text))


def warn(text: str) -> None:
    """A warning, on stderr."""
    say(f"encee: warning: {text}")


def complain(error: EnceeError, about: str | None = None) -> None:
    """An error and its hint, on stderr; with `ENCEE_DEBUG` set, where it came from.

    Args:
        error: What to show.
        about: The profile that it is about, where there are several.
    """
    if os.environ.get("ENCEE_DEBUG"):
        traceback.print_exception(error)
    subject = f"{about}: " if about and about not in error.message else ""
    say(f"encee: error: {subject}{error.message}")
    if error.hint:
        say(f"encee: hint: {error.hint}")


def json(document: Mapping[str, Any]) -> None:
    """A JSON object, on stdout, with the number of its format."""
    with _open_output():
        print(json_format.dumps({"encee_format": 1, **document}, indent=2))


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int
) -> None:
    """A table, on stdout: drawn on a terminal, plain columns everywhere else.

    Args:
        headings: The columns' headings.
        rows: The cells.
        styles: For each row, rich's style of its state, or None.
        foldable: How many of the first columns may be folded where the terminal is narrow.
    """
    with _open_output():
        if coloured(sys.stdout) and len(rows) <= _MOST_ROWS_DRAWN:
            _draw(headings, rows, styles, foldable)
            return
        cleaned = [[clean(cell) for cell in row] for row in [headings, *rows]]
        widths = [max(map(len, column)) for column in zip(*cleaned, strict=True)]
        for row in cleaned:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], foldable: int) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, heading in enumerate(headings):
        drawn.add_column(heading, overflow="fold", no_wrap=index >= foldable)
    for row, style in zip(rows, styles, strict=True):
        drawn.add_row(*(Text(clean(cell), style=style or "") for cell in row))
    _console().print(drawn)


def _console() -> "Console":
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def is_terminal() -> bool:
    """Whether a person can be asked: standard input and standard error are both terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def coloured(stream: TextIO) -> bool:
    """Whether colour and pictures may go to a stream."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def ask(prompt: str) -> str:
    """A line that a person types, without blanks around it.

    The prompt goes to stderr, so that it is seen under `$(…)` too.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    print(clean(prompt), end=" ", file=sys.stderr, flush=True)
    try:
        # Past sys.stdin's buffer, so that nothing typed ahead is taken from whoever reads next.
        line = os.read(sys.stdin.fileno(), 4096)
    except KeyboardInterrupt:
        line = b""
    if not line:
        print(file=sys.stderr)
        raise InterruptedByPersonError("interrupted")
    return line.decode(errors="replace").strip()


class Asked:
    """The person at the terminal as a source of MFA codes."""

    asks_person = True

    def code_for(self, profile: str, device: str) -> str:
        """Six digits, asked for until they are six.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        while True:
            code = ask(f"MFA code for {profile} ({device}):").replace(" ", "")
            if is_code(code):
                return code
            say("a code is six digits: type the one that the device shows now")


@contextmanager
def _open_output() -> Iterator[None]:
    """Turn a closed standard output into an error that ends quietly."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        raise ClosedOutputError("the output was closed") from None
