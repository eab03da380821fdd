"""Policies as JSON gives them, and their statements one by one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from encee.aws.policies.ternary import Unknown, unknown

VARIABLES_SINCE = "2012-10-17"
"""The version of the policy language that knows policy variables; without `Version` it is the one before."""
_VERSIONS = {VARIABLES_SINCE, "2008-10-17"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy: managed, inline, or a role's trust policy.

    Args:
        name: What it is called: its file, or its name or ARN at AWS.
        document: The document as JSON gives it.
    """

    name: str
    document: Any = field(hash=False)

    @property
    def variables(self) -> bool:
        """Whether it is of a version that knows policy variables."""
        return isinstance(self.document, dict) and self.document.get("Version") == VARIABLES_SINCE


@dataclass(frozen=True, slots=True)
class Citation:
    """Which statement of which policy.

    Args:
        policy: The policy's name.
        index: Its place in the list, from 0; None where `Statement` is no list.
        sid: Its Sid, or None.
    """

    policy: str
    index: int | None
    sid: str | None

    def __str__(self) -> str:
        place = "Statement" if self.index is None else f"Statement[{self.index}]"
        return f"{self.policy} {place}" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement.

    Args:
        citation: Which one it is.
        body: Its elements, as JSON gives them; an empty object where it is none.
        variables: Whether policy variables are replaced in it.
        fault: What is wrong with the whole of it or its policy, or None.
    """

    citation: Citation
    body: dict[str, Any] = field(hash=False)
    variables: bool
    fault: Unknown | None = None

    @property
    def effect(self) -> str | None:
        """`Allow` or `Deny`; None where it is neither."""
        effect = self.body.get("Effect")
        return effect if isinstance(effect, str) and effect in {"Allow", "Deny"} else None

    def texts(self, element: str) -> list[str]:
        """The texts of an element, which may be one or a list of them."""
        listed = self.body.get(element, [])
        return [text for text in (listed if isinstance(listed, list) else [listed]) if isinstance(text, str)]

    def either(self, element: str) -> list[str]:
        """Which of two there are: an element, and the one with `Not` in front."""
        return [name for name in (element, f"Not{element}") if name in self.body]

    def conditions(self) -> Iterator[tuple[str, str, object]]:
        """Each operator, key and values of the condition, as far as it is well-formed."""
        condition = self.body.get("Condition")
        for operator, keys in condition.items() if isinstance(condition, dict) else ():
            for key, values in keys.items() if isinstance(keys, dict) else ():
                yield operator, key, values

    def flaw(self, elements: AbstractSet[str]) -> str | None:
        """What keeps it from being understood at all, or None; `elements` are all that it may have."""
        if self.effect is None:
            return "a statement without an Effect, Allow or Deny"
        extra = self.body.keys() - elements
        return f"the element {min(extra)} of a statement" if extra else None


def read_statements(policy: Policy) -> Iterator[Statement]:
    """The statements of a policy; one that says what is wrong, where it is no policy at all."""
    document = policy.document
    if not isinstance(document, dict) or "Statement" not in document:
        yield _broken(policy, "a policy without Statement")
        return
    fault = _fault(document)
    listed = document["Statement"]
    for index, body in enumerate(listed if isinstance(listed, list) else [listed]):
        sid = body.get("Sid") if isinstance(body, dict) else None
        citation = Citation(
            policy.name, index if isinstance(listed, list) else None, sid if isinstance(sid, str) else None
        )
        if isinstance(body, dict):
            yield Statement(citation, body, policy.variables, fault)
        else:
            yield Statement(citation, {}, policy.variables, unknown("a statement that is not an object"))


def _fault(document: dict[str, Any]) -> Unknown | None:
    if extra := document.keys() - {"Version", "Id", "Statement"}:
        return unknown(f"the element {min(extra)} of a policy")
    version = document.get("Version")
    if version is not None and not (isinstance(version, str) and version in _VERSIONS):
        return unknown(f"the version {version} of the policy language")
    return None


def _broken(policy: Policy, what: str) -> Statement:
    return Statement(Citation(policy.name, None, None), {}, policy.variables, unknown(what))
