"""Parse policy files, and find the line on which each statement begins."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from encee.aws.policies.document import Citation, Policy

_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class MalformedPolicy:
    """A file without JSON that AWS accepts."""

    name: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LocatedPolicy:
    """A policy with the lines of its statements.

    Args:
        lines: The line, from 1, on which each statement begins.
    """

    policy: Policy
    lines: tuple[int, ...]

    def line(self, citation: Citation) -> int:
        """Return the line on which a statement begins; 1 for a policy without statements."""
        index = citation.index or 0
        return self.lines[index] if index < len(self.lines) else 1


def parse_policy(name: str, content: bytes) -> LocatedPolicy | MalformedPolicy:
    """Parse the content of a policy file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return MalformedPolicy(name, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    try:
        document = _AWS_DECODER.decode(text)
    except json.JSONDecodeError as error:
        return MalformedPolicy(name, error.lineno, f"malformed JSON: {error.msg[:1].lower()}{error.msg[1:]}")
    except (RecursionError, ValueError):  # Python raises ValueError for numbers of thousands of digits
        return MalformedPolicy(name, 1, "malformed JSON: it is nested too deeply, or a number is too long")
    except _RejectedError as error:
        return MalformedPolicy(name, _line_at(text, _find_rejected(text)), str(error))
    return LocatedPolicy(Policy(name, document), tuple(_line_at(text, start) for start in _find_statements(text)))


class _RejectedError(Exception):
    """Python's JSON parser accepts the text, and AWS's does not."""


def _check_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise _RejectedError(f"duplicate key {duplicate} in an object")
    return parsed


def _reject_constant(name: str) -> NoReturn:
    raise _RejectedError(f"malformed JSON: invalid value {name}")


_PYTHON_DECODER = json.JSONDecoder()
_AWS_DECODER = json.JSONDecoder(object_pairs_hook=_check_object, parse_constant=_reject_constant)


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, max(0, position)) + 1


def _find_rejected(text: str) -> int:
    """Return where the rejected statement begins; 0 where another part was rejected."""
    for start in _find_statements(text):
        try:
            _AWS_DECODER.raw_decode(text, start)
        except _RejectedError:
            return start
    return 0


def _find_statements(text: str) -> Iterator[int]:
    """Yield where the statements of a valid policy begin."""
    position = _skip(text, 0, _BLANKS)
    if text[position] != "{":
        return
    position = _skip(text, position + 1, _BLANKS)
    while text[position] != "}":
        key, position = _PYTHON_DECODER.raw_decode(text, position)
        position = _skip(text, position, _BLANKS + ":")
        if key == "Statement":
            yield from _find_items(text, position)
            return
        _, position = _PYTHON_DECODER.raw_decode(text, position)
        position = _skip(text, position, _BLANKS + ",")


def _find_items(text: str, position: int) -> Iterator[int]:
    """Yield where the items of a list, or any other value, begin."""
    if text[position] != "[":
        yield position
        return
    position = _skip(text, position + 1, _BLANKS)
    while text[position] != "]":
        yield position
        _, position = _PYTHON_DECODER.raw_decode(text, position)
        position = _skip(text, position, _BLANKS + ",")


def _skip(text: str, position: int, characters: str) -> int:
    while text[position] in characters:
        position += 1
    return position
