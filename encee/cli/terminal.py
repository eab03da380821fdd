"""Print to the terminal.

stdout is for data that a program can read, stderr for progress, warnings and errors. Prompts and their context go to
the controlling terminal. Colour appears only on a terminal, and not with `NO_COLOR` or `TERM=dumb`. Text from files and
from AWS is cleaned here, so that it cannot move the cursor or hide other text.
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
"""The variable in which the shell function of `encee init` names the shell that evaluates stdout."""

_SHELL: ContextVar[TextIO] = ContextVar("_SHELL")
"""The stdout that the shell evaluates."""

_PROMISED: ContextVar[bool] = ContextVar("_PROMISED", default=False)
"""Whether `--json` was given and its object is not printed yet."""

_FILES: ContextVar[tuple[str, ...]] = ContextVar("_FILES", default=())
"""Assignments of the environment variables for the files that options name, as a shell reads them."""

_COMMAND = re.compile(r"(?:^|(?<=: )|(?<=, or ))(?=(?:encee|aws) [a-z])")
"""The beginning of a command in a hint that reads the files."""


def prepare_outputs() -> None:
    """Prepare stdout and stderr: discard if closed; `?` for unknown characters."""
    _PROMISED.set(False)
    _FILES.set(())
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it stays open until the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def flush() -> None:
    """Flush stdout."""
    with report_output_errors():
        sys.stdout.flush()


def clean(text: str) -> str:
    """Replace characters that are not printable, and write the home folder as `~`."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return _shorten_paths(text) if "/" in text else text


def _shorten_paths(text: str) -> str:
    """Write `~` for the home folder wherever a shell expands it.

    That is at the beginning of a word and in `VARIABLE=~/file`, not in quotes and not in `--option=~/file`.
    """
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where HOME is not set
    if not home.strip("/~") or os.sep != "/":
        return text
    folder = re.escape(home)
    begin = r"(?:^|(?<=[\s(\[])|(?<=[A-Z]=))"
    pattern = rf"{begin}'{folder}/(?P<quoted>[^']*')|{begin}{folder}/|{begin}(?:'[^']*'|\"[^\"]*\")"

    def shorten(word: re.Match[str]) -> str:
        if word["quoted"]:
            return f"~/'{word['quoted']}"
        return "~/" if word[0] == f"{home}/" else word[0]

    return re.sub(pattern, shorten, text)


@contextmanager
def report_output_errors() -> Iterator[None]:
    """Raise an error if stdout cannot be written, and discard later output."""
    try:
        yield
    except OSError as error:
        silence(sys.stdout)
        if error.errno == errno.EPIPE:
            raise ClosedOutputError("the output was closed") from None
        raise EnceeError(
            f"the output could not be written: {error.strerror}",
            hint="check where stdout goes",
        ) from None


def silence(stream: TextIO) -> None:
    """Discard later output to a stream; Python would report a failed flush at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def has_terminal() -> bool:
    """Check whether this process has a controlling terminal, where it can prompt."""
    with open_terminal() as terminal:
        return terminal is not None


@contextmanager
def redirect_to_terminal(wanted: bool = True) -> Iterator[None]:
    """Redirect stderr to the terminal, so that a prompt appears with its context.

    Args:
        wanted: False to change nothing.
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
    """Check whether colour and pictures may go to a stream."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str, end: str = "\n") -> None:
    """Print a line to stderr; do nothing if stderr cannot be written.

    Args:
        text: The line, or a prompt.
        end: What follows it, such as a blank after a prompt.
    """
    try:
        print(clean(text), end=end, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def note(text: str) -> None:
    """Print a note to stderr."""
    say(f"encee: {text}")


def note_person(text: str) -> None:
    """Print a note to stderr, and to the terminal if stderr is redirected."""
    note(text)
    if not sys.stderr.isatty():
        with redirect_to_terminal():
            note(text)


def warn(text: str) -> None:
    """Print a warning to stderr."""
    say(f"encee: warning: {text}")


def print_error(error: EnceeError, about: str | None = None) -> None:
    """Print an error and its hint to stderr, with a traceback if `ENCEE_DEBUG` is set.

    Args:
        error: The error.
        about: The profile that it is about, if there are several.
    """
    if os.environ.get("ENCEE_DEBUG", "0") != "0":
        _trace(error)
    named = about and re.search(rf"(?<![\w-]){re.escape(about)}(?![\w-])", error.message)
    subject = f"{about}: " if about and not named else ""
    say(f"encee: error: {subject}{error.message}")
    if error.hint:
        say(f"encee: hint: {add_files_to_hint(error.hint)}")


def use_file_in_hints(variable: str, path: Path) -> None:
    """Use a file that an option names in the commands of hints.

    Args:
        variable: The environment variable in which AWS tools look for its path.
        path: The file.
    """
    _FILES.set((*_FILES.get(), f"{variable}={shlex.quote(str(path.absolute()))}"))


def add_files_to_hint(hint: str) -> str:
    """Return a hint whose commands use the files that options name."""
    if not _FILES.get() or "--credentials-file" in hint or "--config-file" in hint:
        return hint
    return _COMMAND.sub(lambda _: " ".join([*_FILES.get(), ""]), hint)


def _trace(error: BaseException) -> None:
    """Print the traceback of an error and of its causes.

    The texts of errors that are not encee's are left out: botocore's can quote a response with credentials.
    """
    import traceback

    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        _trace(cause)
    traceback.print_tb(error.__traceback__)
    say(f"{type(error).__name__}: {error}" if isinstance(error, EnceeError) else type(error).__name__)


def error_as_json(error: EnceeError) -> dict[str, Any]:
    """Return an error as an object of `--json`."""
    hint = error.hint and add_files_to_hint(error.hint)
    return {"message": error.message, "hint": hint, "exit_code": int(error.exit_code)}


def print_promised_json(error: EnceeError) -> None:
    """Print the promised JSON object of a command that failed before it did."""
    if _PROMISED.get():
        with suppress(EnceeError):  # The command's own error is already printed.
            print_json({"error": error_as_json(error)})


def print_line(text: str) -> None:
    """Print a line of data to stdout."""
    with report_output_errors():
        print(clean(text))


def print_lines(text: str) -> None:
    """Print lines of data to stdout without cleaning them.

    Raises:
        EnceeError: The encoding of stdout lacks a character.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        raise EnceeError(
            f"the output's encoding, {encoding}, lacks a character of it",
            hint="put PYTHONIOENCODING=utf-8 in front of the command",
        ) from None
    with report_output_errors():
        print(text)


def promise_json() -> None:
    """Make sure that a failed command prints a JSON object, too."""
    _PROMISED.set(True)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a JSON object to stdout, with the number of its format."""
    _PROMISED.set(False)
    with report_output_errors():
        print(json_format.dumps({"encee_format": 1, **document}, indent=2))


@contextmanager
def reserve_stdout_for_shell() -> Iterator[None]:
    """Send everything to stderr except `print_for_shell`, for the shell's sake.

    Ctrl-Z is ignored meanwhile: it would stop this process but not the shell that waits for it in `$(…)`.
    """
    stdout = _SHELL.set(sys.stdout)
    try:
        with ignore_suspend(), redirect_stdout(sys.stderr):
            yield
    finally:
        _SHELL.reset(stdout)


def print_for_shell(text: str) -> None:
    """Print lines to the stdout that the shell evaluates."""
    with report_output_errors():
        print(text, file=_SHELL.get(), flush=True)


@contextmanager
def ignore_suspend() -> Iterator[None]:
    """Ignore Ctrl-Z, which a shell that waits for the output does not notice."""
    if not hasattr(signal, "SIGTSTP"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
