"""Read a file by its path, by `file://` and its path, or `-` (standard input)."""

import sys
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.paths import expand_file_path
from encee.errors import FileRefusedError, UsageError
from encee.profiles.importers.base import LARGEST, read_plain, refuse_large


class PlainInput(NamedTuple):
    """The content of a file.

    Args:
        path: The file, or the words "standard input".
        data: The content.
        is_file: Whether it is a file, which can be deleted.
    """

    path: Path
    data: bytes
    is_file: bool


def read_plain_input(argument: str) -> PlainInput:
    """Read a file or standard input.

    Args:
        argument: A path; `file://` and a path, as for the AWS CLI; or `-`.

    Raises:
        UsageError: The file cannot be read or is too large to be a file of keys.
    """
    if argument != "-":
        path = expand_path(argument.removeprefix("file://"))
        return PlainInput(path, read_plain(path), is_file=True)
    path = Path("standard input")
    if sys.stdin is None:
        raise UsageError("there is no standard input", hint="name the file instead of -")
    data = sys.stdin.buffer.read(LARGEST + 1)
    refuse_large(data, path)
    return PlainInput(path, data, is_file=False)


def expand_path(argument: str) -> Path:
    """Expand `~` and `$VAR` in a path.

    Raises:
        UsageError: The path begins with a home folder that is unknown.
    """
    try:
        return expand_file_path(argument)
    except FileRefusedError as error:
        raise UsageError(error.message, hint=error.hint) from None
