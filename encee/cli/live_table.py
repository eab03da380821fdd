"""Redraw a table with `rich.live` on the terminal's other screen.

rich.live restores the terminal for exceptions, not for signals. So those that end or stop the process are blocked
while it draws and fetched with `sigwait` between two pictures, when the terminal can be restored first.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from encee.cli import display, terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Picture(NamedTuple):
    """A table as for `display.print_table`, and the lines below it.

    Args:
        headings: The columns' headings.
        rows: The cells.
        styles: The rows' styles.
        foldable: How many columns may be folded.
        notes: Messages below the table.
        footer: The last line; a dumb terminal does not show it.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    styles: Sequence[str | None]
    foldable: int
    notes: Sequence[str]
    footer: str


def redraw(make_picture: Callable[[], Picture]) -> None:
    """Draw a picture every second, and when the window changes its size, until Ctrl-C.

    Raises:
        EnceeError: The terminal cannot be written to any more.
    """
    for variable in ("COLUMNS", "LINES"):
        os.environ.pop(variable, None)  # They keep the size that the window had at the start.
    screen = _Screen()
    with suppress(KeyboardInterrupt), _block_signals() as signals:  # Windows has Ctrl-C only as an exception.
        try:
            while sys.stdout.isatty():  # A terminal can vanish while SIGHUP is ignored.
                if _is_in_foreground():
                    with terminal.report_output_errors():
                        screen.draw(make_picture())
                else:
                    screen.leave()
                    os.kill(os.getpid(), signal.SIGTTOU)  # The shell stops a program that draws in the background.
                number = _wait(1 - time.time() % 1, signals)
                if number == signal.SIGINT:
                    return
                if number is not None:
                    screen.leave()
                    os.kill(os.getpid(), number)
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})  # This ends or stops the process.
                    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        finally:
            screen.leave()


def _is_in_foreground() -> bool:
    """Check that the terminal is not the shell's to draw on."""
    try:
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    except (AttributeError, OSError):  # Windows, or a terminal that does not control this process.
        return True


@contextmanager
def _block_signals() -> Iterator[set[int]]:
    """Block the signals that `_wait` fetches, except ignored ones."""
    if sys.platform == "win32":
        yield set()
        return
    possible = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH)
    signals = {signal.SIGALRM, *(number for number in possible if signal.getsignal(number) != signal.SIG_IGN)}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield {*signals}
    finally:
        for number in (signal.SIGALRM, signal.SIGINT):
            signal.signal(number, signal.signal(number, signal.SIG_IGN))  # To ignore a signal discards a pending one.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(seconds: float, signals: set[int]) -> int | None:
    """Wait for a signal that ends or stops the process; None after a timeout."""
    if sys.platform == "win32":
        time.sleep(seconds)
        return None
    signal.setitimer(signal.ITIMER_REAL, seconds)  # macOS has no sigtimedwait.
    number = signal.sigwait(signals)
    return None if number in {signal.SIGALRM, signal.SIGWINCH} else number


class _Screen:
    """The terminal's other screen, which a dumb terminal does not have."""

    def __init__(self) -> None:
        from rich.live import Live

        self._console = display.make_console()
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._last_lines: list[str] = []

    def draw(self, picture: Picture) -> None:
        """Show a picture in the place of the last one."""
        if not self._console.is_dumb_terminal:
            self._live.start()
            self._live.update(_fit_window(picture, self._console), refresh=True)
            return
        table = display.format_columns(picture.headings, picture.rows) if picture.rows else ()
        lines = [*table, *picture.notes]
        if lines != self._last_lines:
            for line in lines if not self._last_lines else ["", *lines]:
                terminal.print_line(line)
            terminal.flush()
        self._last_lines = lines

    def leave(self) -> None:
        """Show the usual screen again, if the other one is shown."""
        with suppress(OSError):  # The terminal can have vanished.
            self._live.stop()


def _fit_window(picture: Picture, console: "Console") -> "RenderableType":
    """Lay out a picture, without the rows that do not fit the window's height."""
    from rich.console import Group
    from rich.segment import Segments
    from rich.text import Text

    width, height = console.size
    rows, styles = picture.rows[:height], picture.styles[:height]
    table: RenderableType = ""
    fits = display.fits(picture.headings, rows, foldable=picture.foldable, width=width)
    if rows and terminal.allows_colour(sys.stdout) and fits:
        table = display.build_table(picture.headings, rows, styles, foldable=picture.foldable, width=width)
    elif rows:
        table = Text("\n".join(display.format_columns(picture.headings, rows)), overflow="fold")
    notes = [Text(terminal.clean(note)) for note in picture.notes]
    below = Group("", *notes, Text(terminal.clean(picture.footer), style=display.FAINT))
    options = console.options.update(height=None)
    lines = console.render_lines(table, options, pad=False, new_lines=True)
    room = height - len(console.render_lines(below, options))
    if len(lines) > room or len(rows) < len(picture.rows):
        more = Text("… and more than fits the window", style=display.FAINT)
        lines = [*lines[: max(room - 1, 0)], *console.render_lines(more, options, new_lines=True)]
    return Group(Segments(segment for line in lines for segment in line), below)
