"""Trust policies: may these principals, in this context, assume the role?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Set as AbstractSet


def allows(policy: Mapping[str, Any], principals: AbstractSet[str], context: Mapping[str, str]) -> bool:
    """Whether a statement allows sts:AssumeRole and none denies it."""
    effects = {
        statement["Effect"]
        for statement in _listed(policy["Statement"])
        if {"*", "sts:*", "sts:AssumeRole"} & {*_listed(statement["Action"])}
        and {"*", *principals} & {*_named(statement["Principal"])}
        and all(_met(test, wanted, context) for test, wanted in statement.get("Condition", {}).items())
    }
    return effects == {"Allow"}


def _met(test: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Whether all keys of one condition have a value that it names.

    Only equality is known here, which is all that MFA and external ids need; anything else is an error, lest a
    test passes for want of a rule.
    """
    operator = test.removesuffix("IfExists")
    if operator not in {"Bool", "StringEquals"}:
        raise NotImplementedError(f"the condition {test} of a trust policy")
    return all(
        context[key] in {str(value).lower() if operator == "Bool" else value for value in _listed(values)}
        if key in context
        else test.endswith("IfExists")
        for key, values in wanted.items()
    )


def _named(principal: object) -> list[str]:
    return _listed(principal.get("AWS", [])) if isinstance(principal, dict) else _listed(principal)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
