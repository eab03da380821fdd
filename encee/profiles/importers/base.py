"""Read the plain files that keys are imported from, and report their faults.

The files hold secrets, so a message never quotes them; it names the line and the kind of fault.
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
"""The maximum size of a file with a few keys, in bytes."""


def read_plain(file: Path) -> bytes:
    """Return a plain file's content."""
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
    """Refuse a content larger than `LARGEST`."""
    if len(data) > LARGEST:
        raise UsageError(f"{file} is too large to be a file with a few keys", hint="check the path")


def decode_text(data: bytes, file: Path) -> str:
    """Decode a plain file's content.

    Raises:
        EnceeError: It is empty, is not UTF-8, or has a lone carriage return. The message names the line.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise line_error(file, line, "bytes that are not UTF-8", "save the file as UTF-8, or fetch it again") from None
    if lone := _LONE_CR.search(text):
        fault = "a carriage return without a line feed"
        raise line_error(file, text.count("\n", 0, lone.start()) + 1, fault, "save the file with one kind of line end")
    if not text.strip(BYTE_ORDER_MARK).strip():
        raise line_error(file, 1, "nothing: the file is empty", "check the path, or fetch the file again")
    return text


def line_error(file: Path, line: int, fault: str, remedy: str) -> EnceeError:
    """Return the error for a line, without its text, which can be a secret."""
    return EnceeError(f"{file}: line {line} holds {fault}; nothing was written", hint=remedy)


class KeyFault(NamedTuple):
    """Why an id and a secret cannot be a user's long-term credentials.

    Args:
        of_secret: Whether the secret has the fault, not the id.
    """

    what: str
    remedy: str
    of_secret: bool = False


def find_key_fault(key_id: str, secret: str) -> KeyFault | None:
    """Return why an id and a secret cannot be a long-term key, or None."""
    if fault := find_id_fault(key_id):
        return fault
    if not SECRET_KEY.fullmatch(secret):
        what = "a truncated secret access key, or something else"
        return KeyFault(what, "a secret has 40 letters, digits, / and +", of_secret=True)
    return None


def find_id_fault(key_id: str) -> KeyFault | None:
    """Return why an id cannot be that of a long-term key; None if it has its form."""
    if not ACCESS_KEY_ID.fullmatch(key_id):
        what = "something other than the id of an access key"
        if ACCESS_KEY_ID.fullmatch(key_id.strip("\"'")):
            what = "the id of an access key in quotes"
        elif SECRET_KEY.fullmatch(key_id):
            what += "; id and secret may be swapped"
        return KeyFault(what, "an id looks like AKIAIOSFODNN7EXAMPLE")
    if is_session_key(key_id):
        return KeyFault("the key of a session (ASIA…), which expires", "import the user's long-term key, AKIA…")
    return None


def require_key(key_id: str, secret: str, file: Path, lines: tuple[int, int]) -> AccessKey:
    """Return a long-term key if its id and secret have the right form.

    Args:
        lines: The numbers of the lines with the id and the secret.

    Raises:
        EnceeError: The id or the secret is invalid. The message names the line.
    """
    if fault := find_key_fault(key_id, secret):
        raise line_error(file, lines[fault.of_secret], fault.what, fault.remedy)
    return AccessKey(key_id, secret)
