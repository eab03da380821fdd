"""A table that is drawn anew every second, on a terminal that is afterwards as it was before.

It uses the terminal's other screen, as editors do. Every signal that ends or stops a program is taken between two
pictures, when the terminal is whole, and then does what it does to any program. Nothing is read from the terminal,
and its modes stay as they are.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from encee.cli import display, terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_CAUGHT = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGWINCH")
"""The signals that are taken between two pictures, by name, since Windows lacks most of them."""


class Picture(NamedTuple):
    """What is to be seen.

    Args:
        headings: As for `pictures.table`, like the next three.
        rows: The cells.
        styles: The rows' styles.
        foldable: How many columns may be folded.
        notes: Lines for people under the table.
        footer: The last line; it may change without anything having happened.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    styles: Sequence[str | None]
    foldable: int
    notes: Sequence[str]
    footer: str


def redraw(picture: Callable[[], Picture]) -> None:
    """Draw a picture every second, and whenever the window's size changes, until Ctrl-C.

    Args:
        picture: Called for what is to be seen now.

    Raises:
        EnceeError: The terminal cannot be written to any more.
    """
    screen: _Screen = _Scroll() if os.environ.get("TERM") == "dumb" else _OtherScreen()
    with _Signals() as signals:
        fatal = _until_ended(picture, screen, signals)
    if fatal is not None:
        os.kill(os.getpid(), fatal)


def _until_ended(picture: Callable[[], Picture], screen: "_Screen", signals: "_Signals") -> int | None:
    """Draw until a signal ends it; the signal that the process has to die of, or None."""
    try:
        while sys.stdout.isatty():  # it may be gone, and SIGHUP be ignored
            if _in_foreground():
                with terminal.report_output_errors():
                    screen.draw(picture())
            else:
                screen.leave()
                signals.stop("SIGTTOU")  # as whoever draws from the background
            for name in signals.wait(1 - time.time() % 1):
                if name == "SIGINT":
                    return None
                if name == "SIGTSTP":
                    screen.leave()
                    signals.stop(name)
                elif name != "SIGWINCH":
                    return signal.Signals[name]
    finally:
        with suppress(OSError):
            screen.leave()
    return None


def _in_foreground() -> bool:
    """Whether the terminal is this process's to draw on; in the background it is the shell's."""
    try:
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    except (AttributeError, OSError):  # Windows; or it is another terminal than the one that controls this process
        return True


class _Signals:
    """The signals of `_CAUGHT`, which wait until they are asked for; those that the caller ignores stay ignored."""

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()  # Windows can select no pipes
        self._writer.setblocking(False)
        self._descriptor = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        numbers = [getattr(signal, name) for name in _CAUGHT if hasattr(signal, name)]
        caught = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, lambda *_: None) for number in caught}
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._descriptor)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float) -> list[str]:
        """The names of the signals that came, as soon as there is one; none when there was none for so long."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        return [signal.Signals(number).name for number in self._reader.recv(64)] if ready else []

    def stop(self, name: str) -> None:
        """Stop this process, as a signal does that is not caught, until a shell lets it go on."""
        number = signal.Signals[name]
        handler = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, handler)


class _Screen(Protocol):
    """Where pictures are drawn."""

    def draw(self, picture: Picture) -> None:
        """Show a picture in the place of the one before."""

    def leave(self) -> None:
        """Give the terminal back; without effect before the first picture and when it was given back already."""


class _OtherScreen:
    """The terminal's other screen; whatever was on the usual one comes back with it."""

    def __init__(self) -> None:
        from rich.live import Live

        self._console = display.make_console()
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def draw(self, picture: Picture) -> None:
        from rich.console import ConsoleDimensions

        size = os.get_terminal_size(sys.stdout.fileno())
        if all(size):  # COLUMNS and LINES, which rich believes, are those of the time when this began
            self._console.size = ConsoleDimensions(*size)
        self._live.start()
        self._live.update(_fitted(picture, self._console), refresh=True)

    def leave(self) -> None:
        self._live.stop()


def _fitted(picture: Picture, console: "Console") -> "RenderableType":
    """A picture for the window: what does not fit its height is left out of the table, not of the lines below."""
    from rich.console import Group
    from rich.segment import Segments
    from rich.text import Text

    width, height = console.size
    rows, styles = picture.rows[:height], picture.styles[:height]
    table: RenderableType = ""
    fits = display.fits(picture.headings, rows, foldable=picture.foldable, width=width)
    if picture.rows and terminal.allows_colour(sys.stdout) and fits:
        table = display.build_table(picture.headings, rows, styles, foldable=picture.foldable, width=width)
    elif picture.rows:
        table = Text("\n".join(display.format_columns(picture.headings, rows)), overflow="fold")
    below = Group(
        "",
        *(Text(terminal.clean(note)) for note in picture.notes),
        Text(terminal.clean(picture.footer), style=display.FAINT),
    )
    options = console.options.update(height=None)
    lines = console.render_lines(table, options, pad=False, new_lines=True)
    room = height - len(console.render_lines(below, options))
    if len(lines) > room or len(rows) < len(picture.rows):
        more = console.render_lines(
            Text("… and more than fits the window", style=display.FAINT), options, new_lines=True
        )
        lines = [*lines[: max(room - 1, 0)], *more]
    return Group(Segments(segment for line in lines for segment in line), below)


class _Scroll:
    """A terminal that cannot move its cursor: a picture is printed under the last one when it is another."""

    def __init__(self) -> None:
        self._last: list[str] = []

    def draw(self, picture: Picture) -> None:
        table = display.format_columns(picture.headings, picture.rows) if picture.rows else ()
        lines = [*table, *map(terminal.clean, picture.notes)]
        if lines != self._last:
            for line in lines if not self._last else ["", *lines]:
                terminal.print_line(line)
            terminal.flush()
        self._last = lines

    def leave(self) -> None:
        """Nothing was taken."""
