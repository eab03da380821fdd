"""Wildcards, ARNs and policy variables, as AWS's documentation describes them.

Sources, in https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_variables,
reference_policies_elements_resource, reference_policies_elements_action. This module imports nothing of the product,
so that it can disagree with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    # The condition keys of a request, in lower case because their case does not matter, with their values.
    Context: TypeAlias = Mapping[str, Sequence[str]]

VARIABLE = re.compile(r"\$\{([^}]*)\}")
DEFAULT = re.compile(r"([^,]+), '([^']*)'")
SPECIAL_CHARACTERS = {"*", "?", "$"}
ARN_SEGMENTS = 6


class UndocumentedError(Exception):
    """AWS's documentation does not say what this means."""


class Part(NamedTuple):
    """A piece of a value: literal text, or text of the policy in which `*` and `?` are wildcards."""

    text: str
    is_literal: bool


def parts_of(text: str, context: Context | None) -> list[Part] | None:
    """Replace the variables in a value; None where a variable has no value, so that the value matches nothing.

    reference_policies_variables, "Policy variables with no value", "Specifying default values", "Special characters",
    and the note on `Version`: before 2012-10-17 a variable is literal text.

    Args:
        text: the value as it is in the policy.
        context: the keys of the request; None where the policy's version has no variables.
    """
    if context is None:
        return [Part(text, is_literal=False)]
    parts, end = [], 0
    for match in VARIABLE.finditer(text):
        value = _variable_value(match[1], context)
        if value is None:
            return None
        parts += [Part(text[end : match.start()], is_literal=False), Part(value, is_literal=True)]
        end = match.end()
    if "${" in text[end:]:
        raise UndocumentedError(f"the policy variable in {text}")
    return [*parts, Part(text[end:], is_literal=False)]


def _variable_value(variable: str, context: Context) -> str | None:
    if variable in SPECIAL_CHARACTERS:
        return variable
    match = DEFAULT.fullmatch(variable)
    name, default = (match[1], match[2]) if match else (variable, None)
    values = context.get(name.lower())
    if not values:
        return default
    if len(values) > 1:
        raise UndocumentedError(f"the policy variable ${{{variable}}} with {len(values)} values")
    return values[0]


def exact(text: str, context: Context | None) -> str | None:
    """Return the text that a value stands for where wildcards are ordinary characters; None for no value."""
    parts = parts_of(text, context)
    return None if parts is None else "".join(part.text for part in parts)


def wildcard_matches(text: str, value: str, context: Context | None) -> bool:
    """Compare with regard to case; `*` matches any characters and `?` any single one."""
    parts = parts_of(text, context)
    return parts is not None and re.fullmatch(_regex(parts, ".*", "."), value, re.DOTALL) is not None


def action_matches(text: str, action: str) -> bool:
    """Compare without regard to case, with wildcards (reference_policies_elements_action)."""
    return wildcard_matches(text.lower(), action.lower(), None)


def arn_matches(text: str, arn: str, context: Context | None) -> bool:
    """Compare two ARNs as the ARN condition operators do: each of the six segments separately.

    reference_policies_elements_condition_operators, "Amazon Resource Name (ARN) condition operators".
    """
    segments = _segments(text)
    if len(segments) < ARN_SEGMENTS:
        raise UndocumentedError(f"the ARN {text}, which has fewer than six segments")
    values = arn.split(":", ARN_SEGMENTS - 1)
    matches = [wildcard_matches(segment, value, context) for segment, value in zip(segments, values, strict=False)]
    return len(values) == ARN_SEGMENTS and all(matches)


def resource_matches(text: str, resource: str, context: Context | None) -> bool:
    """Compare a value of `Resource` with the resource of a request, which is "*" for an action that takes none.

    reference_policies_elements_resource: wildcards stay within the parts that colons separate, except a `*` at the end
    of a part; an ARN with fewer than six segments is completed with `*`. reference_policies_variables: variables are
    allowed after the fifth colon, and a variable with no value matches no resource.
    """
    if text == "*":
        return True
    if not text.startswith("arn:"):
        raise UndocumentedError(f"the resource {text}")
    segments = _segments(text)
    if context is not None and any("${" in segment for segment in segments[: ARN_SEGMENTS - 1]):
        raise UndocumentedError(f"a variable before the fifth colon of {text}")
    segments += ["*"] * (ARN_SEGMENTS - len(segments))
    parts = parts_of(":".join(segments), context)
    return parts is not None and re.fullmatch(_regex(parts, "[^:]*", "[^:]"), resource, re.DOTALL) is not None


def _segments(text: str) -> list[str]:
    """Split at the first five colons that are not inside `${…}`, where they belong to the name of a key."""
    pieces = re.findall(r"\$\{[^}]*\}|.", text, re.DOTALL)
    segments = [""]
    for piece in pieces:
        if piece == ":" and len(segments) < ARN_SEGMENTS:
            segments.append("")
        else:
            segments[-1] += piece
    return segments


def _regex(parts: Sequence[Part], many: str, single: str) -> str:
    """Write a regular expression; a `*` before a colon or at the end matches any characters, colons too."""
    regex = ""
    for index, part in enumerate(parts):
        following = next((later.text for later in parts[index + 1 :] if later.text), ":")
        for position, character in enumerate(part.text):
            after = part.text[position + 1 : position + 2] or following[0]
            if part.is_literal or character not in "*?":
                regex += re.escape(character)
            elif character == "?":
                regex += single
            else:
                regex += ".*" if after == ":" else many
    return regex
