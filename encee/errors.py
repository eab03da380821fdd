"""The failures that encee expects, each with its exit code.

A message is one line: lower case, no final period, never a secret. A hint is the next thing to type. A subclass
exists only where a caller or a script acts differently on it. Any other exception is a bug and keeps its traceback.
"""

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Self


class ExitCode(IntEnum):
    """The exit codes of the `encee` command; docs/exit-codes.md has the same table."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_SESSION = 3
    AWS = 4
    FILE = 5
    NOT_EXECUTABLE = 126
    NOT_FOUND = 127
    INTERRUPTED = 130
    CLOSED_OUTPUT = 141


class EnceeError(Exception):
    """An expected failure, shown as `encee: error: MESSAGE` and `encee: hint: HINT`.

    Args:
        message: What failed and why, in one line.
        hint: The next command or step, if there is one.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def extended(self, message: str, *, hint: str | None) -> Self:
        """Return an error of the same class with another message and hint."""
        return type(self)(message, hint=hint)


class UsageError(EnceeError):
    """The command line or a setting is invalid."""

    exit_code = ExitCode.USAGE


class MistypedError(UsageError):
    """An argument is not the name of a profile.

    Args:
        message: What failed and why, in one line.
        hint: The next step where the command line is not known.
        typed: The argument, where similar profiles exist.
        intended: The profiles that probably belong in its place.
    """

    def __init__(self, message: str, *, hint: str | None = None, typed: str = "", intended: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.typed = typed
        self.intended = intended


class NoSessionError(EnceeError):
    """A session is missing or expired, and encee cannot prompt for a code."""

    exit_code = ExitCode.NO_SESSION


class FileRefusedError(EnceeError):
    """A credentials or config file was not read or not changed; nothing was written."""

    exit_code = ExitCode.FILE


class FileBusyError(FileRefusedError):
    """Another process held the file past the timeout."""


class AwsError(EnceeError):
    """AWS refused a request, or could not be reached."""

    exit_code = ExitCode.AWS


class WrongCodeError(AwsError):
    """AWS did not accept the MFA code; another code may work."""


class CodeMayBeSpentError(AwsError):
    """The answer to a request with an MFA code was lost; AWS may have used the code."""


class InterruptedByPersonError(EnceeError):
    """The user ended a prompt with Ctrl-C or the end of input."""

    exit_code = ExitCode.INTERRUPTED


class ClosedOutputError(EnceeError):
    """Standard output was closed by its reader, as in `| head -1`; print nothing."""

    exit_code = ExitCode.CLOSED_OUTPUT


def unexpected(error: Exception) -> EnceeError:
    """Describe a bug by its type and line, without its text, which can hold a secret."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    shown = EnceeError(
        f"unexpected {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}",
        hint="this is a bug in encee: please report it with what ENCEE_DEBUG=1 in front of the command prints",
    )
    shown.__cause__ = error
    return shown
