"""The plain file that a word of the command line names: a path, a `file://` of one, or `-` for standard input."""

import sys
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.paths import expand_file_path
from encee.errors import FileRefusedError, UsageError
from encee.profiles.importers.base import LARGEST, read_plain, refuse_large


class PlainInput(NamedTuple):
    """What a plain file holds.

    Args:
        path: The file; in words where it is standard input.
        data: Its content.
        is_file: Whether it is a file, which can be deleted, and not standard input.
    """

    path: Path
    data: bytes
    is_file: bool


def read_plain_input(word: str) -> PlainInput:
    """Read what a word of the command line names.

    Args:
        word: A path; `file://` and a path, as the AWS CLI takes it; or `-`.

    Raises:
        UsageError: It cannot be read, or is something else than a file with a few keys.
    """
    if word != "-":
        path = expand_path(word.removeprefix("file://"))
        return PlainInput(path, read_plain(path), is_file=True)
    path = Path("standard input")
    if sys.stdin is None:
        raise UsageError("there is no standard input", hint="name the file instead of -")
    data = sys.stdin.buffer.read(LARGEST + 1)
    refuse_large(data, path)
    return PlainInput(path, data, is_file=False)


def expand_path(word: str) -> Path:
    """Expand `~` and `$VAR` in a path of the command line.

    Raises:
        UsageError: The path begins with a home folder that is unknown.
    """
    try:
        return expand_file_path(word)
    except FileRefusedError as error:
        raise UsageError(error.message, hint=error.hint) from None
