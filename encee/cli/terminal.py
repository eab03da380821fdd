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


def prepare_outputs() -> None:
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
    with report_output_errors():
        sys.stdout.flush()


def clean(text: str) -> str:
    """A text with everything that is not printable replaced, line ends included."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


@contextmanager
def report_output_errors() -> Iterator[None]:
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


def has_terminal() -> bool:
    """Whether a person can be asked: this process has a terminal, whatever its standard streams are connected to."""
    with open_terminal() as terminal:
        return terminal is not None


@contextmanager
def redirect_to_terminal(wanted: bool = True) -> Iterator[None]:
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


def allows_colour(stream: TextIO) -> bool:
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
        with redirect_to_terminal():
            note(text)


def warn(text: str) -> None:
    """A warning, on stderr."""
    say(f"encee: warning: {text}")


def print_error(error: EnceeError, about: str | None = None) -> None:
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
        say(f"encee: hint: {add_files_to_hint(error.hint)}")


def use_file_in_hints(variable: str, path: Path) -> None:
    """Note a file that an option names: the commands of hints are for that file.

    Args:
        variable: The variable by which the AWS tools find such a file.
        path: The file.
    """
    _FILES.set((*_FILES.get(), f"{variable}={shlex.quote(str(path.absolute()))}"))


def add_files_to_hint(hint: str) -> str:
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
    hint = error.hint and add_files_to_hint(error.hint)
    return {"message": error.message, "hint": hint, "exit_code": int(error.exit_code)}


def print_promised_json(error: EnceeError) -> None:
    """The JSON object of a command that failed before it printed its own, if one was promised."""
    if _PROMISED.get():
        with suppress(EnceeError):  # of an output that cannot be written; the command's own error is said already
            print_json({"error": error_as_json(error)})


def print_line(text: str) -> None:
    """A line of data, on stdout."""
    with report_output_errors():
        print(clean(text))


def print_lines(text: str) -> None:
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
    with report_output_errors():
        print(text)


def promise_json() -> None:
    """Make sure that there is a JSON object on stdout, however the command ends."""
    _PROMISED.set(True)


def print_json(document: Mapping[str, Any]) -> None:
    """A JSON object, on stdout, with the number of its format."""
    _PROMISED.set(False)
    with report_output_errors():
        print(json_format.dumps({"encee_format": 1, **document}, indent=2))


@contextmanager
def reserve_stdout_for_shell() -> Iterator[None]:
    """Send everything to stderr except `print_for_shell`: the shell must not evaluate a help text.

    Ctrl-Z is ignored meanwhile: it would stop this process but not the shell that waits for it in `$(…)`.
    """
    stdout = _SHELL.set(sys.stdout)
    try:
        with ignore_suspend(), redirect_stdout(sys.stderr):
            yield
    finally:
        _SHELL.reset(stdout)


def print_for_shell(text: str) -> None:
    """Lines that the shell evaluates, on the stdout that is kept for them."""
    with report_output_errors():
        print(text, file=_SHELL.get(), flush=True)


@contextmanager
def ignore_suspend() -> Iterator[None]:
    """Let Ctrl-Z do nothing for a while: a shell that waits for this process's output would wait for ever."""
    if not hasattr(signal, "SIGTSTP"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
