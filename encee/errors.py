"""Every failure that encee expects, and the exit code that each ends with.

An error's message is one line for people: lower case, no final period, never a secret. Its hint is the next
thing to type. A subclass exists only where a caller or a script acts differently on it; anything that is not
an `EnceeError` is a bug and keeps its traceback.
"""

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """The exit codes of the `encee` command; the README holds the same table."""

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

    Each subclass can be made of a message and a hint alone: whoever knows more raises another one of the same type.

    Args:
        message: What went wrong, in one line.
        hint: What the person can do or type next; None where there is nothing to add.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(EnceeError):
    """The command line or a setting asks for something that makes no sense."""

    exit_code = ExitCode.USAGE


class MistypedError(UsageError):
    """A word of the command line is no profile; the line that was meant is found where the line is known."""


class NoSessionError(EnceeError):
    """A session is missing or expired, and there is nobody to ask for a code."""

    exit_code = ExitCode.NO_SESSION


class FileRefusedError(EnceeError):
    """A credentials or config file was not read or not changed; nothing was written."""

    exit_code = ExitCode.FILE


class FileBusyError(FileRefusedError):
    """Somebody else is at the file, and did not finish in time."""


class AwsError(EnceeError):
    """AWS refused a request, or could not be reached."""

    exit_code = ExitCode.AWS


class WrongCodeError(AwsError):
    """AWS did not accept the MFA code; another one may do."""


class CodeMayBeSpentError(AwsError):
    """The answer to a request that carried a code was lost: AWS may have used the code up."""


class InterruptedByPersonError(EnceeError):
    """Ctrl-C, or the end of the input, at a prompt."""

    exit_code = ExitCode.INTERRUPTED


class ClosedOutputError(EnceeError):
    """Whoever read standard output has gone (`| head -1`): nothing to say, and nobody to say it to."""

    exit_code = ExitCode.CLOSED_OUTPUT


def unexpected(error: Exception) -> EnceeError:
    """The error for an exception that nobody expected: where it happened, and never its text, which can be a secret."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    shown = EnceeError(
        f"unexpected {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}",
        hint="this is a bug in encee: please report it with what ENCEE_DEBUG=1 in front of the command prints",
    )
    shown.__cause__ = error
    return shown
