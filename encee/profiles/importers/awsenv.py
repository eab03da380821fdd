"""Read the files of `awsenv`: `export AWS_…=` lines, which encee never runs.

A line must be `export NAME=value`, which every shell reads alike: the value bare or in quotes, without anything that a
shell expands. Any other line refuses the whole file.
"""

import re
from pathlib import Path
from typing import NamedTuple

from encee.errors import UsageError
from encee.model import AccessKey
from encee.profiles.identifiers import REGION, require_serial
from encee.profiles.importers.base import decode_text, line_error, require_key

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
    (re.compile(r"""["']"""), "a quote that is not closed, or not at the end of the value"),
)
"""Pattern → the fault of a line, the worst first."""

_ID, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_SERIAL, _REGION = "AWS_ARN_MFA", "AWS_DEFAULT_REGION"
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_BY_HAND = "write it as export NAME=value, or delete it: encee reads the file and never runs it"


class AwsEnv(NamedTuple):
    """The content of a file of awsenv."""

    key: AccessKey
    serial: str | None
    region: str | None
    others: tuple[str, ...]


class _Assignment(NamedTuple):
    line: int
    value: str


def parse_awsenv(data: bytes, file: Path) -> AwsEnv:
    """Read a file of awsenv.

    Raises:
        EnceeError: A line is not a plain export, or a value is invalid. The message names the line.
    """
    variables = _parse_assignments(decode_text(data, file), file)
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    for name in (_ID, _SECRET):
        if name not in variables:
            raise line_error(
                file, last, f"the end of the file, and no line before it sets {name}", f"add: export {name}=…"
            )
    for name in _TOKENS:
        if (token := variables.get(name)) and token.value:
            fault = "a session token; sessions expire, and cannot be imported"
            raise line_error(file, token.line, fault, f"import the user's long-term key, and delete {name}")
    key_id, secret = variables[_ID], variables[_SECRET]
    return AwsEnv(
        require_key(key_id.value, secret.value, file, (key_id.line, secret.line)),
        _parse_serial(variables.get(_SERIAL), file),
        _parse_region(variables.get(_REGION), file),
        tuple(name for name in variables if name not in {_ID, _SECRET, _SERIAL, _REGION, *_TOKENS}),
    )


def _parse_assignments(text: str, file: Path) -> dict[str, _Assignment]:
    variables: dict[str, _Assignment] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        command = line.removesuffix("\r")
        if _NOTHING.fullmatch(command):
            continue
        match = _EXPORT.fullmatch(command)
        if match is None:
            other = "something other than export NAME=value"
            fault = next((fault for pattern, fault in _FAULTS if pattern.search(command)), other)
            raise line_error(file, number, fault, _BY_HAND)
        name = match["name"]
        if name in variables:
            raise line_error(file, number, f"{name} for the second time", "delete one of the two lines")
        variables[name] = _Assignment(number, match["double"] or match["single"] or match["bare"] or "")
    return variables


def _parse_serial(assigned: _Assignment | None, file: Path) -> str | None:
    if assigned is None or not assigned.value:
        return None
    try:
        return require_serial(assigned.value)
    except UsageError as error:
        fault = f"{_SERIAL}, whose value is not a device whose codes STS accepts"
        raise line_error(file, assigned.line, fault, error.hint or _BY_HAND) from None


def _parse_region(assigned: _Assignment | None, file: Path) -> str | None:
    if assigned is None or not assigned.value:
        return None
    if not REGION.fullmatch(assigned.value):
        raise line_error(
            file, assigned.line, f"{_REGION}, whose value is not a region", "a region looks like eu-central-1"
        )
    return assigned.value
