"""Texts of a policy that stand for many: wildcards and policy variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from encee.aws.policies.request import Context
from encee.aws.policies.ternary import Ternary, Unknown, unknown


class Wildcard(Enum):
    """What stands for other characters."""

    MANY = "*"
    ONE = "?"


Pattern: TypeAlias = Sequence[str | Wildcard]
"""A text with its variables replaced: a character each, or a wildcard."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"\s*([^\s,'{}]+)\s*(?:,\s*'([^']*)'\s*)?")
_ACTION = re.compile(r"\*|\*:\*|[a-z0-9-]+:[\w*?.-]+", re.IGNORECASE)
_COLONS = 5
"""How many colons an ARN has at least."""


class NoValueError(LookupError):
    """A policy variable stands for a key that the request does not carry, and has no default."""


def pattern(text: str, context: Context, *, variables: bool) -> Pattern | Unknown:
    """A policy's text for one request, with its variables replaced by values in which nothing is a wildcard.

    Args:
        text: As the policy has it.
        context: The request's keys.
        variables: Whether the policy is of a version that knows variables.

    Raises:
        NoValueError: A variable has no value.
    """
    if not variables:
        return [*_wild(text)]
    made: list[str | Wildcard] = []
    end = 0
    for variable in _VARIABLE.finditer(text):
        value = _value(variable[1], context)
        if isinstance(value, Unknown):
            return value
        made += [*_wild(text[end : variable.start()]), *value]
        end = variable.end()
    rest = text[end:]
    if "${" in _VARIABLE.sub("", text):
        return unknown(f"the policy variable in {text}")
    return [*made, *_wild(rest)]


def _wild(text: str) -> Sequence[str | Wildcard]:
    return [Wildcard(character) if character in "*?" else character for character in text]


def _value(inside: str, context: Context) -> str | Unknown:
    """What a variable stands for, by what is between its braces."""
    if inside in {"*", "?", "$"}:
        return inside
    match = _NAME.fullmatch(inside)
    if match is None:
        return unknown(f"the policy variable ${{{inside}}}")
    name, default = match.groups()
    values = context.values(name)
    if isinstance(values, Unknown):
        return values
    if len(values) > 1:
        return unknown(f"the policy variable ${{{inside}}}, whose key has several values")
    if values:
        return values[0]
    if default is None:
        raise NoValueError(inside)
    return str(default)


def plain(wanted: Pattern) -> str:
    """A pattern as text, in which wildcards are themselves."""
    return "".join(symbol.value if isinstance(symbol, Wildcard) else symbol for symbol in wanted)


def matches(wanted: Pattern, found: str, *, segments: bool = False) -> bool:
    """Whether a text fits a pattern as a whole.

    Args:
        wanted: The pattern.
        found: The text.
        segments: Whether the text is an ARN, in which a wildcard stays between two colons, except for a `*` that is
            the last character there: it goes on as far as it can.
    """
    reached = {0}
    for index, symbol in enumerate(wanted):
        following = wanted[index + 1] if index + 1 < len(wanted) else ":"
        if symbol is Wildcard.MANY and (not segments or following == ":"):
            reached = set(range(min(reached), len(found) + 1))
        elif symbol is Wildcard.MANY:
            reached = {end for start in reached for end in range(start, _colon(found, start) + 1)}
        else:
            reached = {
                position + 1
                for position in reached
                if position < len(found) and _stands_for(symbol, found[position], segments=segments)
            }
        if not reached:
            return False
    return len(found) in reached


def _stands_for(symbol: str | Wildcard, character: str, *, segments: bool) -> bool:
    if symbol is Wildcard.ONE:
        return not segments or character != ":"
    return symbol == character


def _colon(text: str, start: int) -> int:
    """Where the next colon is, or the end."""
    found = text.find(":", start)
    return len(text) if found < 0 else found


def matches_arn(wanted: Pattern, found: str) -> Ternary:
    """Whether an ARN fits one as the Arn operators compare them: each of the six parts by itself."""
    parts: list[list[str | Wildcard]] = [[]]
    for symbol in wanted:
        if symbol == ":" and len(parts) <= _COLONS:
            parts.append([])
        else:
            parts[-1].append(symbol)
    if len(parts) <= _COLONS:
        return unknown(f"the ARN {plain(wanted)}, which has fewer than six parts")
    others = found.split(":", _COLONS)
    return len(others) == len(parts) and all(map(matches, parts, others))


@lru_cache(maxsize=2**16)  # an audit asks the same of every user: 60 ms a user without it, with a large policy
def action_matches(wanted: str, action: str) -> Ternary:
    """Whether an action is one that a policy's `Action` names; case does not matter."""
    if not _ACTION.fullmatch(wanted):
        return unknown(f"the action {wanted}")
    return matches(_wild(wanted.lower()), action.lower())


def resource_matches(wanted: str, resource: str, context: Context, *, variables: bool) -> Ternary:
    """Whether a resource is one that a policy's `Resource` names.

    Raises:
        NoValueError: A variable has no value.
    """
    if wanted == "*":
        return True
    if not wanted.startswith("arn:"):
        return unknown(f"the resource {wanted}, which is neither * nor an ARN")
    head = _VARIABLE.split(wanted, maxsplit=1)[0] if variables else wanted
    if head != wanted and head.count(":") < _COLONS:
        return unknown(f"the resource {wanted}, with a variable before the fifth colon")
    missing = ":*" * max(0, _COLONS - head.count(":"))  # AWS completes an ARN that is cut short
    made = pattern(wanted + missing, context, variables=variables)
    return made if isinstance(made, Unknown) else matches(made, resource, segments=True)
