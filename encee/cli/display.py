"""Show tables, times, QR codes and progress.

Each has a plain form for outputs without colour and for narrow terminals; rich is loaded only to draw.
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
"""Styles of a state; the colours are readable on white and on black."""

_MOST_ROWS_DRAWN = 200
"""A longer table is plain columns, since rich takes 2.3 s for 10,000 rows."""

_GAP = "  "
"""The text between two columns."""

_FOLDED = 8
"""The least width of a folded column."""

_FULL_BAR = timedelta(hours=12)
_BAR_WIDTH = 8


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int
) -> None:
    """Print a table on stdout: drawn on a wide terminal, else as plain columns.

    Args:
        headings: The columns' headings.
        rows: The cells.
        styles: rich's style of each row, or None.
        foldable: The number of first columns that a narrow terminal may fold.
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
    """Check whether a table fits the terminal with folded first columns.

    Args:
        headings: The columns' headings.
        rows: The cells.
        foldable: The number of first columns that may be folded.
        width: The width in characters; None for that of the terminal.
        width_of: Returns the width of a text in characters.
    """
    widths = _widths([headings, *rows], width_of)
    least = [*(min(width, _FOLDED) for width in widths[:foldable]), *widths[foldable:]]
    return sum(least) + len(_GAP) * (len(least) - 1) <= (width or shutil.get_terminal_size().columns)


def _widths(rows: Sequence[Sequence[str]], width_of: Callable[[str], int] = len) -> list[int]:
    return [max(map(width_of, column)) for column in zip(*rows, strict=True)]


def format_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in plain columns."""
    cleaned = [[terminal.clean(cell) for cell in row] for row in [headings, *rows]]
    widths = _widths(cleaned)
    for row in cleaned:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def build_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int, width: int
) -> "Table":
    """Build rich's table for a width in characters; see `print_table`.

    If no cell has to be folded, each column is one cell of many lines, for which rich takes half the time.
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
    """Draw a picture in black on white on stderr.

    Args:
        pictures: The lines of the same picture in several sizes, the largest first; the first that leaves a line of
            the terminal free is drawn, else the last.

    Returns:
        False if the terminal has no colours or is too narrow; nothing is drawn then.
    """
    if not terminal.allows_colour(sys.stderr):
        return False
    size = os.get_terminal_size(sys.stderr.fileno())
    columns, rows = size.columns or 80, size.lines or 24  # Some terminals report 0.
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
    """Wait and show the seconds that are left."""
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
    """Show a moving bar on a terminal; yield a function that sets its text."""
    if not terminal.allows_colour(sys.stderr):
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(20), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=make_console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda text: bar.update(task, description=terminal.clean(text))


def make_console(*, stderr: bool = False) -> "Console":
    """Make a console of rich that prints texts as they are."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def format_moment(moment: datetime, now: datetime) -> str:
    """Return a local time: `today 17:00`, `tomorrow 05:00`, `2026-11-22 17:00`."""
    here = moment.astimezone()
    days = {now.astimezone().date(): "today", (now + timedelta(days=1)).astimezone().date(): "tomorrow"}
    return f"{days.get(here.date(), here.date().isoformat())} {here:%H:%M}"


def format_time_left(left: timedelta) -> str:
    """Return a duration as `11h 59m`, `45m` or `0m`; below a minute, as `30s`."""
    seconds = left.total_seconds()
    if seconds <= 0:
        return "0m"
    if seconds < 60:  # noqa: PLR2004 - the seconds of a minute
        return f"{int(seconds)}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m"


def format_until(expiration: datetime | None, now: datetime) -> str:
    """Return ` until today 17:00 (45m)` for the end of a sentence; nothing for None."""
    return f" until {format_moment(expiration, now)} ({format_time_left(expiration - now)})" if expiration else ""


def draw_bar(left: timedelta) -> str:
    """Return a duration as a bar, which is full from 12 hours on."""
    filled = round(_BAR_WIDTH * min(max(left / _FULL_BAR, 0), 1))
    return "█" * filled + "░" * (_BAR_WIDTH - filled)
