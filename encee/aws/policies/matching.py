"""Match actions and ARNs against patterns with wildcards and variables.

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
    """A character that matches other characters."""

    MANY = "*"
    ONE = "?"


Pattern: TypeAlias = Sequence[str | Wildcard]
"""A text with its variables replaced, as characters and wildcards."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_NAME = re.compile(r"\s*([^\s,'{}]+)\s*(?:,\s*'([^']*)'\s*)?")
_ACTION = re.compile(r"\*|\*:\*|[a-z0-9-]+:[\w*?.-]+", re.IGNORECASE)
_ARN_COLONS = 5
"""How many colons an ARN has at least."""


class NoValueError(LookupError):
    """A policy variable names a key that the request lacks, and has no default."""


def compile_pattern(text: str, context: Context, *, variables: bool) -> Pattern | Unknown:
    """Compile a policy's text for a request; wildcards in variables are literal.

    Raises:
        NoValueError: A variable has no value.
    """
    if not variables:
        return [*_split(text)]
    pattern: list[str | Wildcard] = []
    end = 0
    for variable in _VARIABLE.finditer(text):
        value = _variable_value(variable[1], context)
        if isinstance(value, Unknown):
            return value
        pattern += [*_split(text[end : variable.start()]), *value]
        end = variable.end()
    rest = text[end:]
    if "${" in _VARIABLE.sub("", text):
        return unknown(f"the policy variable in {text}")
    return [*pattern, *_split(rest)]


def _split(text: str) -> Sequence[str | Wildcard]:
    return [Wildcard(character) if character in "*?" else character for character in text]


def _variable_value(content: str, context: Context) -> str | Unknown:
    """Return the value of a variable, by the content of its braces."""
    if content in {"*", "?", "$"}:
        return content
    match = _VARIABLE_NAME.fullmatch(content)
    if match is None:
        return unknown(f"the policy variable ${{{content}}}")
    name, default = match.groups()
    values = context.values(name)
    if isinstance(values, Unknown):
        return values
    if len(values) > 1:
        return unknown(f"the policy variable ${{{content}}}, whose key has several values")
    if values:
        return values[0]
    if default is None:
        raise NoValueError(content)
    return str(default)


def plain_text(pattern: Pattern) -> str:
    """Return a pattern as text, with `*` and `?` for its wildcards."""
    return "".join(symbol.value if isinstance(symbol, Wildcard) else symbol for symbol in pattern)


def matches(pattern: Pattern, text: str, *, segments: bool = False) -> bool:
    """Return whether a pattern matches a whole text.

    Args:
        segments: Whether the text is an ARN, in which wildcards match no colon, except for a `*` at the end of a
            segment.
    """
    reached = {0}
    for index, symbol in enumerate(pattern):
        following = pattern[index + 1] if index + 1 < len(pattern) else ":"
        if symbol is Wildcard.MANY and (not segments or following == ":"):
            reached = set(range(min(reached), len(text) + 1))
        elif symbol is Wildcard.MANY:
            reached = {end for start in reached for end in range(start, _find_colon(text, start) + 1)}
        else:
            reached = {
                position + 1
                for position in reached
                if position < len(text) and _symbol_matches(symbol, text[position], segments=segments)
            }
        if not reached:
            return False
    return len(text) in reached


def _symbol_matches(symbol: str | Wildcard, character: str, *, segments: bool) -> bool:
    if symbol is Wildcard.ONE:
        return not segments or character != ":"
    return symbol == character


def _find_colon(text: str, start: int) -> int:
    """Return the index of the next colon, or the length of the text."""
    index = text.find(":", start)
    return len(text) if index < 0 else index


def matches_arn(pattern: Pattern, arn: str) -> Ternary:
    """Return whether each of the six parts of an ARN matches, for Arn operators."""
    parts: list[list[str | Wildcard]] = [[]]
    for symbol in pattern:
        if symbol == ":" and len(parts) <= _ARN_COLONS:
            parts.append([])
        else:
            parts[-1].append(symbol)
    if len(parts) <= _ARN_COLONS:
        return unknown(f"the ARN {plain_text(pattern)}, which has fewer than six parts")
    arn_parts = arn.split(":", _ARN_COLONS)
    return len(arn_parts) == len(parts) and all(map(matches, parts, arn_parts))


@lru_cache(maxsize=2**16)  # an audit repeats the same questions for each user; a large policy would take 60 ms a user
def action_matches(text: str, action: str) -> Ternary:
    """Return whether a text of a policy's `Action` names an action; case is ignored."""
    if not _ACTION.fullmatch(text):
        return unknown(f"the action {text}")
    return matches(_split(text.lower()), action.lower())


def resource_matches(text: str, resource: str, context: Context, *, variables: bool) -> Ternary:
    """Return whether a text of a policy's `Resource` names a resource.

    Raises:
        NoValueError: A variable has no value.
    """
    if text == "*":
        return True
    if not text.startswith("arn:"):
        return unknown(f"the resource {text}, which is neither * nor an ARN")
    head = _VARIABLE.split(text, maxsplit=1)[0] if variables else text
    if head != text and head.count(":") < _ARN_COLONS:
        return unknown(f"the resource {text}, with a variable before the fifth colon")
    missing = ":*" * max(0, _ARN_COLONS - head.count(":"))  # AWS completes an ARN with fewer parts
    pattern = compile_pattern(text + missing, context, variables=variables)
    return pattern if isinstance(pattern, Unknown) else matches(pattern, resource, segments=True)
