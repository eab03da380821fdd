"""Policies in files: JSON whose statements are found again by line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from encee.aws.policies.document import Citation, Policy

_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class MalformedPolicy:
    """A file that holds no JSON that AWS would take.

    Args:
        name: The file's name.
        line: Where it goes wrong, from 1.
        reason: What is wrong.
    """

    name: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LocatedPolicy:
    """A policy and where its statements are.

    Args:
        policy: The policy.
        lines: The line, from 1, on which each statement begins.
    """

    policy: Policy
    lines: tuple[int, ...]

    def line(self, citation: Citation) -> int:
        """The line on which a statement begins; the first where it is none."""
        index = citation.index or 0
        return self.lines[index] if index < len(self.lines) else 1


def parse_policy(name: str, content: bytes) -> LocatedPolicy | MalformedPolicy:
    """The policy that a file holds.

    Args:
        name: The file's name.
        content: Its bytes.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return MalformedPolicy(name, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return MalformedPolicy(name, error.lineno, f"malformed JSON: {error.msg[:1].lower()}{error.msg[1:]}")
    except (RecursionError, ValueError):  # a number of thousands of digits is a ValueError
        return MalformedPolicy(name, 1, "malformed JSON: it is nested too deeply, or a number is too long")
    except _RefusedError as error:
        return MalformedPolicy(name, _line(text, _refused(text)), str(error))
    return LocatedPolicy(Policy(name, document), tuple(_line(text, start) for start in _statements(text)))


class _RefusedError(Exception):
    """What Python's parser takes, and AWS's does not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise _RefusedError(f"the key {twice} stands twice in one object")
    return made


def _constant(name: str) -> NoReturn:
    raise _RefusedError(f"malformed JSON: {name} is no value")


_LENIENT = json.JSONDecoder()
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, max(0, position)) + 1


def _refused(text: str) -> int:
    """Where the statement begins that was refused; 0 where it was something else."""
    for start in _statements(text):
        try:
            _DECODER.raw_decode(text, start)
        except _RefusedError:
            return start
    return 0


def _statements(text: str) -> Iterator[int]:
    """Where the statements of a policy begin, in text that Python's parser takes."""
    position = _past(text, 0, _BLANKS)
    if text[position] != "{":
        return
    position = _past(text, position + 1, _BLANKS)
    while text[position] != "}":
        key, position = _LENIENT.raw_decode(text, position)
        position = _past(text, position, _BLANKS + ":")
        if key == "Statement":
            yield from _items(text, position)
            return
        _, position = _LENIENT.raw_decode(text, position)
        position = _past(text, position, _BLANKS + ",")


def _items(text: str, position: int) -> Iterator[int]:
    """Where the items of a list begin; of anything else, where it begins itself."""
    if text[position] != "[":
        yield position
        return
    position = _past(text, position + 1, _BLANKS)
    while text[position] != "]":
        yield position
        _, position = _LENIENT.raw_decode(text, position)
        position = _past(text, position, _BLANKS + ",")


def _past(text: str, position: int, characters: str) -> int:
    while text[position] in characters:
        position += 1
    return position
