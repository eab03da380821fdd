"""The rules of the terminal, in one place.

stdout is data: what a program could read. stderr is for people: prompts, progress, warnings and errors. Colour and
pictures appear on a terminal only, never with `NO_COLOR` or `TERM=dumb`. Text that comes from files or from AWS is
cleaned once, here, so that it cannot move the cursor or hide other text.
"""

import errno
import io
import json as json_format
import math
import os
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from encee.errors import ClosedOutputError, EnceeError, InterruptedByPersonError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from encee.mfa.sources import Cancelled
    from encee.model import Device

EVALUATED = "ENCEE_EVAL"
"""The variable with which the shell function of `encee init` says that it evaluates stdout, and as which shell."""

_SHELL: ContextVar[TextIO] = ContextVar("_SHELL")
"""The stdout that a shell evaluates."""

_MOST_ROWS_DRAWN = 200
"""Above so many rows, a table is plain columns: rich takes 2.3 s for 10,000."""

_GAP = "  "
"""What is between two columns of a table."""

_FOLDED = 8
"""As many characters a column that is folded keeps on a line."""


def prepare() -> None:
    """Let nothing about the outputs be an exception: one that is closed swallows, an encoding's lack becomes `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def flush() -> None:
    """Write what is still on its way to stdout."""
    with open_output():
        sys.stdout.flush()


def clean(text: str) -> str:
    """A text with everything that is not printable replaced, line ends included."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def silence(stream: TextIO) -> None:
    """Let everything that still goes to a stream vanish, or Python would complain of it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """A line for people, on stderr; where that cannot be written, nobody is there to read it."""
    try:
        print(clean(text), file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def tell(text: str) -> None:
    """A line of data, on stdout."""
    with open_output():
        print(clean(text))


def tell_lines(text: str) -> None:
    """Lines of data for a program, on stdout, exactly as they are.

    Raises:
        EnceeError: The output's encoding lacks a character of them.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        raise EnceeError(
            f"the output's encoding, {encoding}, lacks a character of it",
            hint="PYTHONIOENCODING=utf-8 in front of the command",
        ) from None
    with open_output():
        print(text)


@contextmanager
def evaluated_by_shell() -> Iterator[None]:
    """Keep everything from stdout but what `tell_shell` says: a shell evaluates it, and must not evaluate a help text.

    Ctrl-Z is ignored meanwhile. It would stop this process and not the shell that waits in `$(…)` for it, and in a
    nested zsh nobody would be left to wake it up.
    """
    stdout = _SHELL.set(sys.stdout)
    try:
        with unstoppable(), redirect_stdout(sys.stderr):
            yield
    finally:
        _SHELL.reset(stdout)


def tell_shell(text: str) -> None:
    """Lines that the shell evaluates, on the stdout that is kept for them."""
    with open_output():
        print(text, file=_SHELL.get(), flush=True)


def note(text: str) -> None:
    """What a person should know, on stderr."""
    say(f"encee: {text}")


def warn(text: str) -> None:
    """A warning, on stderr."""
    say(f"encee: warning: {text}")


def complain(error: EnceeError, about: str | None = None) -> None:
    """An error and its hint, on stderr; with `ENCEE_DEBUG` set, where it came from.

    Args:
        error: What to show.
        about: The profile that it is about, where there are several.
    """
    if os.environ.get("ENCEE_DEBUG", "0") != "0":
        _trace(error)
    named = about and re.search(rf"(?<![\w-]){re.escape(about)}(?![\w-])", error.message)
    subject = f"{about}: " if about and not named else ""
    say(f"encee: error: {subject}{error.message}")
    if error.hint:
        say(f"encee: hint: {error.hint}")


def _trace(error: BaseException) -> None:
    """Where an error came from: the frames of it and of what caused it.

    The texts of other exceptions than encee's are left out. botocore's quote a whole answer where it cannot be parsed,
    with the credentials in it.
    """
    import traceback

    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        _trace(cause)
    traceback.print_tb(error.__traceback__)
    say(f"{type(error).__name__}: {error}" if isinstance(error, EnceeError) else type(error).__name__)


def json(document: Mapping[str, Any]) -> None:
    """A JSON object, on stdout, with the number of its format."""
    with open_output():
        print(json_format.dumps({"encee_format": 1, **document}, indent=2))


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int
) -> None:
    """A table, on stdout: drawn on a terminal with room for it, plain columns everywhere else.

    Args:
        headings: The columns' headings.
        rows: The cells.
        styles: For each row, rich's style of its state, or None.
        foldable: How many of the first columns may be folded where the terminal is narrow.
    """
    with open_output():
        if coloured(sys.stdout) and len(rows) <= _MOST_ROWS_DRAWN and fits(headings, rows, foldable=foldable):
            console().print(drawn(headings, rows, styles, foldable=foldable))
            return
        for line in columns(headings, rows):
            print(line)


def fits(headings: Sequence[str], rows: Sequence[Sequence[str]], *, foldable: int = 0) -> bool:
    """Whether a table is as wide as the terminal at most, with its first `foldable` columns folded if need be."""
    widths = _widths([headings, *rows])
    least = [*(min(width, _FOLDED) for width in widths[:foldable]), *widths[foldable:]]
    return sum(least) + len(_GAP) * (len(least) - 1) <= shutil.get_terminal_size().columns


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table in plain columns."""
    cleaned = [[clean(cell) for cell in row] for row in [headings, *rows]]
    widths = _widths(cleaned)
    for row in cleaned:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def drawn(
    headings: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None], *, foldable: int
) -> "Table":
    """A table as rich draws it; the arguments are those of `table`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    picture = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for index, heading in enumerate(headings):
        picture.add_column(heading, overflow="fold", no_wrap=index >= foldable)
    for row, style in zip(rows, styles, strict=True):
        picture.add_row(*(Text(clean(cell), style=style or "") for cell in row))
    return picture


def console(*, stderr: bool = False) -> "Console":
    """An output, for rich; what is printed there means nothing but itself."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def is_terminal() -> bool:
    """Whether a person can be asked: standard input and standard error are both terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def coloured(stream: TextIO) -> bool:
    """Whether colour and pictures may go to a stream."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def ask(prompt: str, cancelled: "Cancelled | None" = None) -> str | None:
    """A line that a person types, without blanks around it; None when the question is cancelled first.

    The prompt goes to stderr, so that it is seen under `$(…)` too.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    print(clean(prompt), end=" ", file=sys.stderr, flush=True)
    stdin = sys.stdin.fileno()
    try:
        if cancelled is not None and not _typed(stdin, cancelled):
            print(file=sys.stderr)
            return None
        # Past sys.stdin's buffer, so that nothing typed ahead is taken from whoever reads next.
        line = os.read(stdin, 4096)
    except KeyboardInterrupt:
        line = b""
    if not line.endswith(b"\n"):  # but with Ctrl-C or Ctrl-D
        print(file=sys.stderr)
    if not line:
        raise InterruptedByPersonError("interrupted")
    return line.decode(errors="replace").strip()


def ask_hidden(prompt: str) -> str:
    """A line that a person types unseen.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    try:
        return getpass(f"{clean(prompt)} ", stream=sys.stderr)
    except (EOFError, KeyboardInterrupt):
        print(file=sys.stderr)
        raise InterruptedByPersonError("interrupted") from None


def ask_code(prompt: str) -> str:
    """Six digits, asked for until they are six.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    return _code(prompt, None) or ""


def _code(prompt: str, cancelled: "Cancelled | None") -> str | None:
    """Six digits; None when the question is cancelled first, which it can be only by `cancelled`."""
    from encee.mfa.sources import is_code  # noqa: PLC0415 - most commands ask for no code

    while True:
        typed = ask(prompt, cancelled)
        if typed is None:
            return None
        code = typed.replace(" ", "")
        if is_code(code):
            return code
        say("a code is six digits: type the one that the device shows now")


def confirm(question: str, *, default: bool) -> bool:
    """Whether a person agrees; Enter alone is the default.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    while True:
        answer = (ask(f"{question} [{'Y/n' if default else 'y/N'}]") or "").lower()
        if not answer:
            return default
        if answer in {"y", "yes", "n", "no"}:
            return answer.startswith("y")
        say("type y for yes or n for no")


class Interrupts:
    """Ctrl-C, a terminal that is closed and a request to end: one interruption, and only where a person is waited for.

    An exception that can come anywhere can also come between another one and the handler that undoes what is half
    done. So elsewhere they wait for the next question, and behind the first one they change nothing any more.
    """

    def __init__(self) -> None:
        self.came = False
        """Whether one of them came."""
        self._waiting = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold them back, except while a person is waited for."""
        signals = [signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])]
        handlers = {one: signal.getsignal(one) for one in signals}
        before = {one: handler for one, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}
        try:
            for one in before:
                signal.signal(one, self._interrupt)
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for a person.

        Raises:
            InterruptedByPersonError: One of them came, now or before.
        """
        try:
            self._waiting = not self.came
            if self.came:
                raise KeyboardInterrupt
            yield
        except KeyboardInterrupt:
            raise InterruptedByPersonError("interrupted") from None
        finally:
            self._waiting = False

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.came = True
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt


def draw(pictures: Sequence[Sequence[str]]) -> bool:
    """Draw a picture in black on white, whatever the terminal's own colours are, on stderr.

    Args:
        pictures: The lines of the same picture, the largest first. The first one that can be seen whole above a
            line is drawn, else the last one, if it is not too wide.

    Returns:
        Whether it was drawn; without colours, or where a line would be folded, it is not.
    """
    if not coloured(sys.stderr):
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

    shown = console(stderr=True)
    for line in lines:
        shown.print(Text(line, style="color(16) on color(231)"), no_wrap=True)
    return True


def _typed(stdin: int, cancelled: "Cancelled") -> bool:
    """Wait for a line; False when the question was cancelled, and what was typed of the answer is gone then.

    Windows cannot wait for a console and something else at once: there it waits for the line.
    """
    if os.name == "nt":
        return True
    import termios  # noqa: PLC0415 - not on Windows

    ready, _, _ = select.select([stdin, cancelled.fileno()], [], [])
    if stdin in ready:
        return True
    termios.tcflush(stdin, termios.TCIFLUSH)
    return False


@contextmanager
def unstoppable() -> Iterator[None]:
    """Let Ctrl-Z do nothing for a while: a shell that waits for this process's output would wait for ever."""
    if not hasattr(signal, "SIGTSTP"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def countdown(text: str, seconds: float) -> None:
    """Wait, with a bar where a person sees it."""
    if not coloured(sys.stderr):
        say(f"{text}: waiting {math.ceil(seconds)} s")
        time.sleep(seconds)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    left = TextColumn("{task.fields[left]} s", markup=False)
    columns = (BarColumn(20), left, TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        end = time.monotonic() + seconds
        task = bar.add_task(clean(text), total=seconds, left=math.ceil(seconds))
        while (remaining := end - time.monotonic()) > 0:
            bar.update(task, completed=seconds - remaining, left=math.ceil(remaining))
            time.sleep(min(0.1, remaining))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A bar that moves while something takes its time; yields what tells what that is. Nothing without a terminal."""
    if not coloured(sys.stderr):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Progress(
        BarColumn(20), TextColumn("{task.description}", markup=False), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda text: bar.update(task, description=clean(text))


class Asked:
    """The person at the terminal, who reads codes off a device and knows which one it is."""

    asks_person = True
    waits = True

    def code_for(self, profile: str, device: str, cancelled: "Cancelled") -> str | None:
        """Six digits, asked for until they are six; None when they are not needed any more.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        return _code(f"MFA code for {profile} ({device}):", cancelled)

    def choose_device(self, profile: str, devices: Sequence["Device"]) -> "Device":
        """One of several devices.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        say(f"the user of {profile} has {len(devices)} devices that give codes:")
        for number, device in enumerate(devices, start=1):
            say(f"  {number}  {device.serial}")
        while True:
            answer = ask(f"which one is it, 1 to {len(devices)}?") or ""
            if answer.isdecimal() and 1 <= int(answer) <= len(devices):
                return devices[int(answer) - 1]

    def serial_for(self, profile: str) -> str:
        """The serial number of a device that AWS does not tell.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        from encee.profiles.settings import checked_serial  # noqa: PLC0415 - the same

        say(f"the key of {profile} may not list MFA devices; the console shows the ARN under Security credentials")
        while True:
            try:
                return checked_serial(ask(f"ARN of the MFA device of {profile}:") or "")
            except UsageError as error:
                complain(error)


@contextmanager
def open_output() -> Iterator[None]:
    """Turn an output that cannot be written into an error, once; one that was closed ends quietly."""
    try:
        yield
    except OSError as error:
        silence(sys.stdout)
        if error.errno == errno.EPIPE:
            raise ClosedOutputError("the output was closed") from None
        raise EnceeError(f"the output could not be written: {error.strerror}", hint="look at where it goes") from None
