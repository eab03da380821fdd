"""Policy documents as parsed from JSON, and their statements.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from encee.aws.policies.ternary import Unknown, unknown

VERSION_WITH_VARIABLES = "2012-10-17"
"""The version of the policy language with variables; without `Version`, the older one applies."""
_VERSIONS = {VERSION_WITH_VARIABLES, "2008-10-17"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy: managed, inline, or a role's trust policy.

    Args:
        name: The name of the file, or the name or ARN in AWS.
        document: The document as parsed from JSON, also a malformed one.
    """

    name: str
    document: Any = field(hash=False)

    @property
    def variables(self) -> bool:
        """Whether the policy's version has variables."""
        return isinstance(self.document, dict) and self.document.get("Version") == VERSION_WITH_VARIABLES


@dataclass(frozen=True, slots=True)
class Citation:
    """Identifies a statement for messages.

    Args:
        index: The index in the list of statements; None where `Statement` is a single object.
    """

    policy: str
    index: int | None
    sid: str | None

    def __str__(self) -> str:
        place = "Statement" if self.index is None else f"Statement[{self.index}]"
        return f"{self.policy} {place}" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy.

    Args:
        citation: Identifies the statement.
        body: Its elements as parsed from JSON; empty where the statement is not an object.
    """

    citation: Citation
    body: dict[str, Any] = field(hash=False)
    variables: bool
    fault: Unknown | None = None

    @property
    def effect(self) -> str | None:
        """`Allow` or `Deny`; None for any other value."""
        effect = self.body.get("Effect")
        return effect if isinstance(effect, str) and effect in {"Allow", "Deny"} else None

    def texts(self, element: str) -> list[str]:
        """Return the texts of an element, whose value is a text or a list of texts."""
        value = self.body.get(element, [])
        return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]

    def forms_of(self, element: str) -> list[str]:
        """Return which of an element and its `Not` form the statement has."""
        return [name for name in (element, f"Not{element}") if name in self.body]

    def conditions(self) -> Iterator[tuple[str, str, object]]:
        """Yield each operator, key and value of the condition; skip malformed parts."""
        condition = self.body.get("Condition")
        for operator, keys in condition.items() if isinstance(condition, dict) else ():
            for key, values in keys.items() if isinstance(keys, dict) else ():
                yield operator, key, values

    def find_flaw(self, elements: AbstractSet[str]) -> str | None:
        """Return why encee cannot interpret a statement with other elements than these."""
        if self.effect is None:
            return "a statement without an Effect, Allow or Deny"
        extra = self.body.keys() - elements
        return f"the element {min(extra)} of a statement" if extra else None


def read_statements(policy: Policy) -> Iterator[Statement]:
    """Yield the statements of a policy; a malformed one has a statement with a fault."""
    document = policy.document
    if not isinstance(document, dict) or "Statement" not in document:
        yield Statement(Citation(policy.name, None, None), {}, policy.variables, unknown("a policy without Statement"))
        return
    fault = _find_fault(document)
    value = document["Statement"]
    for index, body in enumerate(value if isinstance(value, list) else [value]):
        sid = body.get("Sid") if isinstance(body, dict) else None
        citation = Citation(
            policy.name, index if isinstance(value, list) else None, sid if isinstance(sid, str) else None
        )
        if isinstance(body, dict):
            yield Statement(citation, body, policy.variables, fault)
        else:
            yield Statement(citation, {}, policy.variables, unknown("a statement that is not an object"))


def _find_fault(document: dict[str, Any]) -> Unknown | None:
    if extra := document.keys() - {"Version", "Id", "Statement"}:
        return unknown(f"the element {min(extra)} of a policy")
    version = document.get("Version")
    if version is not None and not (isinstance(version, str) and version in _VERSIONS):
        return unknown(f"the version {version} of the policy language")
    return None
