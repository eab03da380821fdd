"""What is drawn rather than said: tables, a QR code, and bars while something takes its time.

Everything here has a plain form, for outputs that take no colour and for terminals too narrow for it; rich is loaded
only where it draws.
"""

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from encee.cli import terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GOOD, DOUBTFUL, BAD, FAINT = "color(28)", "color(130)", "color(160)", "dim"
"""Styles of a state. The colours are as far from white as from black; a terminal of 16 gets the nearest of its own."""

_MOST_ROWS_DRAWN = 200
"""Above so many rows, a table is plain columns: rich takes 2.3 s for 10,000."""

_GAP = "  "
"""What is between two columns of a table."""

_FOLDED = 8
"""As many characters a column that is folded keeps on a line."""

_FULL_BAR = timedelta(hours=12)
_BAR_WIDTH = 8


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int
) -> None:
    """A table, on stdout: drawn on a terminal with room for it, plain columns everywhere else.

    Args:
        headings: The columns' headings.
        rows: The cells.
        styles: For each row, rich's style of its state, or None.
        foldable: How many of the first columns may be folded where the terminal is narrow.
    """
    if terminal.allows_colour(sys.stdout) and len(rows) <= _MOST_ROWS_DRAWN and fits(headings, rows, foldable=foldable):
        with terminal.report_output_errors():
            output = make_console()
            output.print(build_table(headings, rows, styles, foldable=foldable, width=output.width))
        return
    for line in format_columns(headings, rows):
        terminal.print_line(line)


def fits(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    foldable: int = 0,
    width: int | None = None,
    width_of: Callable[[str], int] = len,
) -> bool:
    """Whether a table is as wide as the terminal at most, with its first `foldable` columns folded if need be.

    Args:
        headings: The columns' headings.
        rows: The cells.
        foldable: How many of the first columns may be folded.
        width: The terminal's width in characters; None finds it out.
        width_of: How wide a text is.
    """
    widths = _widths([headings, *rows], width_of)
    least = [*(min(width, _FOLDED) for width in widths[:foldable]), *widths[foldable:]]
    return sum(least) + len(_GAP) * (len(least) - 1) <= (width or shutil.get_terminal_size().columns)


def _widths(rows: Sequence[Sequence[str]], width_of: Callable[[str], int] = len) -> list[int]:
    return [max(map(width_of, column)) for column in zip(*rows, strict=True)]


def format_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table in plain columns."""
    cleaned = [[terminal.clean(cell) for cell in row] for row in [headings, *rows]]
    widths = _widths(cleaned)
    for row in cleaned:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def build_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int, width: int
) -> "Table":
    """A table as rich draws it on so many columns; the other arguments are those of `print_table`.

    Where no cell has to be folded, each column is one cell of many lines: rich takes half the time for it.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    picture = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for index, heading in enumerate(headings):
        picture.add_column(heading, overflow="fold", no_wrap=index >= foldable)
    cleaned = [[terminal.clean(cell) for cell in row] for row in rows]
    cells = [[Text(cell, style=style or "") for cell in row] for row, style in zip(cleaned, styles, strict=True)]
    if fits(headings, cleaned, width=width, width_of=cell_len):
        cells = [[Text("\n").join(column) for column in zip(*cells, strict=True)]]
    for row in cells:
        picture.add_row(*row)
    return picture


def draw_picture(pictures: Sequence[Sequence[str]]) -> bool:
    """Draw a picture in black on white, whatever the terminal's own colours are, on stderr.

    Args:
        pictures: The lines of the same picture, the largest first. The first one that can be seen whole above a
            line is drawn, else the last one, if it is not too wide.

    Returns:
        Whether it was drawn; without colours, or where a line would be folded, it is not.
    """
    if not terminal.allows_colour(sys.stderr):
        return False
    size = os.get_terminal_size(sys.stderr.fileno())
    columns, rows = size.columns or 80, size.lines or 24  # of a terminal that does not say
    lines = next((picture for picture in pictures if len(picture) < rows), pictures[-1])
    try:
        "".join(lines).encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return False
    if max(map(len, lines)) > columns:
        return False
    from rich.text import Text

    shown = make_console(stderr=True)
    for line in lines:
        shown.print(Text(line, style="color(16) on color(231)"), no_wrap=True)
    return True


def count_down(text: str, seconds: float) -> None:
    """Wait, with a bar where a person sees it."""
    with terminal.redirect_to_terminal():
        _count_down(text, seconds)


def _count_down(text: str, seconds: float) -> None:
    if not terminal.allows_colour(sys.stderr):
        terminal.say(f"{text}: waiting {math.ceil(seconds)} s")
        time.sleep(seconds)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    left = TextColumn("{task.fields[left]} s", markup=False)
    columns = (BarColumn(20), left, TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=make_console(stderr=True), transient=True) as bar:
        end = time.monotonic() + seconds
        task = bar.add_task(terminal.clean(text), total=seconds, left=math.ceil(seconds))
        while (remaining := end - time.monotonic()) > 0:
            bar.update(task, completed=seconds - remaining, left=math.ceil(remaining))
            time.sleep(min(0.1, remaining))


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """A bar that moves while something takes its time; yields what tells what that is. Nothing without a terminal."""
    if not terminal.allows_colour(sys.stderr):
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(20), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=make_console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda text: bar.update(task, description=terminal.clean(text))


def make_console(*, stderr: bool = False) -> "Console":
    """An output, for rich; what is printed there means nothing but itself."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def format_moment(moment: datetime, now: datetime) -> str:
    """A moment in local time: `today 17:00`, `tomorrow 05:00`, else with its date, `2026-11-22 17:00`."""
    here = moment.astimezone()
    days = {now.astimezone().date(): "today", (now + timedelta(days=1)).astimezone().date(): "tomorrow"}
    return f"{days.get(here.date(), here.date().isoformat())} {here:%H:%M}"


def format_time_left(left: timedelta) -> str:
    """A duration to the nearest minute: `11h 59m`, `45m`; below one, `30s`; `over` when there is none left."""
    seconds = left.total_seconds()
    if seconds <= 0:
        return "over"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{int(seconds)}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m"


def format_until(expiration: datetime | None, now: datetime) -> str:
    """When a session expires, as the end of a sentence: ` until today 17:00 (45m)`; nothing where it does not say."""
    return f" until {format_moment(expiration, now)} ({format_time_left(expiration - now)})" if expiration else ""


def draw_bar(left: timedelta) -> str:
    """A duration as a bar; a full one is a working day of 12 hours."""
    filled = round(_BAR_WIDTH * min(max(left / _FULL_BAR, 0), 1))
    return "█" * filled + "░" * (_BAR_WIDTH - filled)
