"""The rules of the terminal, in one place.

stdout is data: what a program could read. stderr is for people: progress, warnings and errors. A question and what it
is about go to the controlling terminal, wherever stderr goes. Colour and pictures appear on a terminal only, never
with `NO_COLOR` or `TERM=dumb`. Text that comes from files or from AWS is cleaned once, here, so that it cannot move
the cursor or hide other text.
"""

import errno
import io
import json as json_format
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from encee.errors import ClosedOutputError, EnceeError
from encee.mfa.controlling_terminal import open_terminal

EVALUATED = "ENCEE_EVAL"
"""The variable with which the shell function of `encee init` says that it evaluates stdout, and as which shell."""

_SHELL: ContextVar[TextIO] = ContextVar("_SHELL")
"""The stdout that a shell evaluates."""

_PROMISED: ContextVar[bool] = ContextVar("_PROMISED", default=False)
"""Whether `--json` was given, and its object is still to come."""

_FILES: ContextVar[tuple[str, ...]] = ContextVar("_FILES", default=())
"""Assignments of the variables that stand for the files that options name, as a shell reads them."""

_COMMAND = re.compile(r"(?:^|(?<=: )|(?<=, or ))(?=(?:encee|aws) [a-z])")
"""Where in a hint a command begins that reads the files."""


def prepare() -> None:
    """Let nothing about the outputs be an exception: one that is closed swallows, an encoding's lack becomes `?`."""
    _PROMISED.set(False)
    _FILES.set(())
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end
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


def silence(stream: TextIO) -> None:
    """Let everything that still goes to a stream vanish, or Python would complain of it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_terminal() -> bool:
    """Whether a person can be asked: this process has a terminal, whatever its standard streams are connected to."""
    with open_terminal() as terminal:
        return terminal is not None


@contextmanager
def conversation(wanted: bool = True) -> Iterator[None]:
    """Print on the terminal what is for people, also where stderr goes elsewhere: a question needs its context.

    Args:
        wanted: Whether there is a question at all.
    """
    with open_terminal() as terminal:
        if not wanted or terminal is None or sys.stderr.isatty():
            yield
            return
        encoding = sys.stderr.encoding or "utf-8"
        with (
            open(terminal.writing, "w", encoding=encoding, errors="replace", closefd=False) as stream,
            redirect_stderr(stream),
        ):
            yield


def coloured(stream: TextIO) -> bool:
    """Whether colour and pictures may go to a stream."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str, end: str = "\n") -> None:
    """A line for people, on stderr; where that cannot be written, nobody is there to read it.

    Args:
        text: The line, or a prompt.
        end: What follows it; behind a prompt a blank, since the answer goes on the same line.
    """
    try:
        print(clean(text), end=end, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def note(text: str) -> None:
    """What a person should know, on stderr."""
    say(f"encee: {text}")


def note_person(text: str) -> None:
    """What the person who is asked should know: on stderr, and on the terminal where stderr goes elsewhere."""
    note(text)
    if not sys.stderr.isatty():
        with conversation():
            note(text)


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
        say(f"encee: hint: {hint_for_files(error.hint)}")


def name_file(variable: str, path: Path) -> None:
    """Note a file that an option names: the commands of hints are for that file.

    Args:
        variable: The variable by which the AWS tools find such a file.
        path: The file.
    """
    _FILES.set((*_FILES.get(), f"{variable}={shlex.quote(str(path.absolute()))}"))


def hint_for_files(hint: str) -> str:
    """A hint whose commands use the files that options name; without that, they would write to others."""
    if not _FILES.get() or "--credentials-file" in hint or "--config-file" in hint:
        return hint
    return _COMMAND.sub(lambda _: " ".join([*_FILES.get(), ""]), hint)


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


def error_as_json(error: EnceeError) -> dict[str, Any]:
    """An error as the objects of `--json` hold it."""
    hint = error.hint and hint_for_files(error.hint)
    return {"message": error.message, "hint": hint, "exit_code": int(error.exit_code)}


def keep_promise(error: EnceeError) -> None:
    """The JSON object of a command that failed before it printed its own, if one was promised."""
    if _PROMISED.get():
        with suppress(EnceeError):  # of an output that cannot be written; the command's own error is said already
            json({"error": error_as_json(error)})


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


def promise_json() -> None:
    """Make sure that there is a JSON object on stdout, however the command ends."""
    _PROMISED.set(True)


def json(document: Mapping[str, Any]) -> None:
    """A JSON object, on stdout, with the number of its format."""
    _PROMISED.set(False)
    with open_output():
        print(json_format.dumps({"encee_format": 1, **document}, indent=2))


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
