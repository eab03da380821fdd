"""The plain files that keys are brought in from: how they are read, and what is said of a line that is not understood.

They hold secrets, so nothing ever quotes them: a fault is named by its line's number and its kind.
"""

import re
from pathlib import Path
from typing import NamedTuple

from encee.errors import EnceeError, UsageError
from encee.model import AccessKey
from encee.profiles.credentials import is_session_key
from encee.profiles.identifiers import ACCESS_KEY_ID, SECRET_KEY

BYTE_ORDER_MARK = "\ufeff"

_LONE_CR = re.compile(r"\r(?!\n)")

LARGEST = 1 << 20
"""Bytes: no file with a few keys has more."""


def read_plain(file: Path) -> bytes:
    """A plain file's content.

    Raises:
        UsageError: There is no such file, it cannot be read, or it is something else than a file with a few keys.
    """
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"{file} is not a regular file", hint="name the file itself")
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", hint="check the path and its permissions"
        ) from None
    refuse_large(data, file)
    return data


def refuse_large(data: bytes, file: Path) -> None:
    """Refuse a content that is too large.

    Raises:
        UsageError: It is.
    """
    if len(data) > LARGEST:
        raise UsageError(f"{file} is too large to be a file with a few keys", hint="check the path")


def plain_text(data: bytes, file: Path) -> str:
    """A plain file's content as text.

    Raises:
        EnceeError: It is empty, or no UTF-8, or it is not clear where its lines end. Names the line.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise misread(file, line, "bytes that are not UTF-8", "save the file as UTF-8, or fetch it again") from None
    if lone := _LONE_CR.search(text):
        fault = "a carriage return without a line feed"
        raise misread(file, text.count("\n", 0, lone.start()) + 1, fault, "save the file with one kind of line end")
    if not text.strip(BYTE_ORDER_MARK).strip():
        raise misread(file, 1, "nothing: the file is empty", "check the path, or fetch the file again")
    return text


def misread(file: Path, line: int, fault: str, remedy: str) -> EnceeError:
    """The error for a line that is not understood, without its text, which can be a secret."""
    return EnceeError(f"{file}: line {line} holds {fault}; nothing was written", hint=remedy)


class KeyFault(NamedTuple):
    """Why an id and a secret cannot be a user's long-term credentials.

    Args:
        what: What is there instead.
        remedy: How the right one looks.
        of_secret: Whether it is the secret's fault.
    """

    what: str
    remedy: str
    of_secret: bool = False


def key_fault(key_id: str, secret: str) -> KeyFault | None:
    """Why an id and a secret cannot be a user's long-term credentials; None where they look like ones."""
    if fault := id_fault(key_id):
        return fault
    if not SECRET_KEY.fullmatch(secret):
        what = "a secret access key that is cut off, or none"
        return KeyFault(what, "a secret has 40 letters, digits, / and +", of_secret=True)
    return None


def id_fault(key_id: str) -> KeyFault | None:
    """Why an id cannot be that of a user's long-term credentials; None where it looks like one."""
    if not ACCESS_KEY_ID.fullmatch(key_id):
        what = "no id of an access key"
        if ACCESS_KEY_ID.fullmatch(key_id.strip("\"'")):
            what = "the id of an access key in quotes"
        elif SECRET_KEY.fullmatch(key_id):
            what += "; id and secret may be swapped"
        return KeyFault(what, "an id looks like AKIAIOSFODNN7EXAMPLE")
    if is_session_key(key_id):
        return KeyFault("the key of a session (ASIA…), which ends soon", "bring in the user's own key, AKIA…")
    return None


def plausible_key(key_id: str, secret: str, file: Path, lines: tuple[int, int]) -> AccessKey:
    """The long-term credentials of a user, from an id and a secret that look like ones.

    Args:
        key_id: The access key id.
        secret: The secret access key.
        file: Where they stand, for the error.
        lines: The numbers of their lines.

    Raises:
        EnceeError: One of them does not look like what it should be. Names the line.
    """
    if fault := key_fault(key_id, secret):
        raise misread(file, lines[fault.of_secret], fault.what, fault.remedy)
    return AccessKey(key_id, secret)
