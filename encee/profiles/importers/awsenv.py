"""The files of `awsenv`: `export AWS_…=` lines that a shell used to source; here they are read, and never run.

Only what has one meaning in every shell is understood: `export NAME=value` alone on its line, the value bare or in
quotes, with nothing in it that a shell would replace. Whatever else stands in the file refuses all of it.
"""

import re
from pathlib import Path
from typing import NamedTuple

from encee.errors import UsageError
from encee.model import AccessKey
from encee.profiles.identifiers import REGION, checked_serial
from encee.profiles.importers.base import misread, plain_text, plausible_key

_EXPORT = re.compile(
    r"""[ \t]*export[ \t]+(?P<name>[A-Za-z_][A-Za-z0-9_]*)=
        (?:"(?P<double>[^"$`\\!]*)"|'(?P<single>[^']*)'|(?P<bare>[A-Za-z0-9_\-+/=.,:@%]*))
        (?:[ \t]+(?:\#.*)?)?""",
    re.VERBOSE | re.ASCII,
)
_NOTHING = re.compile(r"[ \t]*(?:#.*)?")
_FAULTS = (
    (re.compile(r"`|\$\("), "a command that a shell would run"),
    (re.compile(r"\$"), "a variable that a shell would replace"),
    (re.compile(r"[;&|<>()]"), "more than one command"),
    (re.compile(r"\\"), "a backslash"),
    (re.compile(r"""["']"""), "a quote that does not end, or not at the value's end"),
)
"""What may be wrong with a line, the worst first."""

_ID, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_SERIAL, _REGION = "AWS_ARN_MFA", "AWS_DEFAULT_REGION"
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_BY_HAND = "write it as export NAME=value, or take it out: the file is read, and never run"


class AwsEnv(NamedTuple):
    """What a file of awsenv's holds.

    Args:
        key: The user's long-term credentials.
        serial: The serial number of the user's device, or None.
        region: The region, or None.
        others: The names of the variables that are none of these.
    """

    key: AccessKey
    serial: str | None
    region: str | None
    others: tuple[str, ...]


class _Assigned(NamedTuple):
    line: int
    value: str


def awsenv(data: bytes, file: Path) -> AwsEnv:
    """What the lines of a file of awsenv's assign.

    Args:
        data: The file's content.
        file: Its path, for errors.

    Raises:
        EnceeError: A line is something else than a plain export, or a value is not what it should be. Names the
            line.
    """
    found = _assignments(plain_text(data, file), file)
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    for name in (_ID, _SECRET):
        if name not in found:
            raise misread(
                file, last, f"the end of the file, and no line before it sets {name}", f"add: export {name}=…"
            )
    for name in _TOKENS:
        if (token := found.get(name)) and token.value:
            fault = "a session token; a session ends soon, and is no profile to keep"
            raise misread(file, token.line, fault, f"bring in the user's own key, and take {name} out")
    key_id, secret = found[_ID], found[_SECRET]
    return AwsEnv(
        plausible_key(key_id.value, secret.value, file, (key_id.line, secret.line)),
        _serial(found.get(_SERIAL), file),
        _region(found.get(_REGION), file),
        tuple(name for name in found if name not in {_ID, _SECRET, _SERIAL, _REGION, *_TOKENS}),
    )


def _assignments(text: str, file: Path) -> dict[str, _Assigned]:
    """Each variable with its value and its line."""
    found: dict[str, _Assigned] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        command = line.removesuffix("\r")
        if _NOTHING.fullmatch(command):
            continue
        match = _EXPORT.fullmatch(command)
        if match is None:
            other = "something else than export NAME=value"
            fault = next((fault for pattern, fault in _FAULTS if pattern.search(command)), other)
            raise misread(file, number, fault, _BY_HAND)
        name = match["name"]
        if name in found:
            raise misread(file, number, f"{name} for the second time", "leave one of the two")
        found[name] = _Assigned(number, match["double"] or match["single"] or match["bare"] or "")
    return found


def _serial(assigned: _Assigned | None, file: Path) -> str | None:
    if assigned is None or not assigned.value:
        return None
    try:
        return checked_serial(assigned.value)
    except UsageError as error:
        fault = f"{_SERIAL}, and its value is no device whose codes STS takes"
        raise misread(file, assigned.line, fault, error.hint or _BY_HAND) from None


def _region(assigned: _Assigned | None, file: Path) -> str | None:
    if assigned is None or not assigned.value:
        return None
    if not REGION.fullmatch(assigned.value):
        raise misread(file, assigned.line, f"{_REGION}, and its value is no region", "a region looks like eu-central-1")
    return assigned.value
