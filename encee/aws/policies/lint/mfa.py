"""Find conditions on MFA that deny or allow requests by mistake.

encee evaluates a condition for the three kinds of requests instead of comparing its text.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
"""

from collections.abc import Iterator
from typing import NamedTuple

from encee.aws.policies.conditions import condition_holds
from encee.aws.policies.document import Statement
from encee.aws.policies.lint.issue import Issue, Severity
from encee.aws.policies.request import Circumstances, SignedWith, context_of
from encee.aws.policies.ternary import Ternary

_PRESENT, _AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_REMEDIES = {
    "Deny": '"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}',
    "Allow": '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}',
}


class _Rule(NamedTuple):
    """An effect is wrong when its condition is met, or not met, by a kind of request.

    Args:
        null_name: The name where the condition has the Null operator.
    """

    effect: str
    signed_with: SignedWith
    met: bool
    name: str
    null_name: str
    message: str


_RULES = (
    _Rule(
        "Deny",
        SignedWith.LONG_TERM,
        met=False,
        name="bool-in-deny",
        null_name="null-mfa",
        message="this Deny does not deny long-term keys at all: their requests carry no aws:MultiFactorAuthPresent",
    ),
    _Rule(
        "Deny",
        SignedWith.NO_MFA,
        met=False,
        name="null-mfa",
        null_name="null-mfa",
        message="this Deny does not deny sessions without MFA: they carry aws:MultiFactorAuthPresent, which is false",
    ),
    _Rule(
        "Deny",
        SignedWith.MFA,
        met=True,
        name="deny-with-mfa",
        null_name="deny-with-mfa",
        message="this Deny also denies users who used MFA",
    ),
    _Rule(
        "Allow",
        SignedWith.LONG_TERM,
        met=True,
        name="if-exists-in-allow",
        null_name="null-mfa",
        message="this Allow lets long-term keys through: their requests carry no aws:MultiFactorAuthPresent",
    ),
    _Rule(
        "Allow",
        SignedWith.NO_MFA,
        met=True,
        name="allow-without-mfa",
        null_name="null-mfa",
        message="this Allow lets sessions without MFA through: they carry aws:MultiFactorAuthPresent, which is false",
    ),
)
"""For each effect, the first rule that applies is the issue."""


def mfa_conditions(statement: Statement) -> dict[str, dict[str, object]]:
    """Return the part of a statement's condition that is about MFA."""
    conditions: dict[str, dict[str, object]] = {}
    for operator, key, values in statement.conditions():
        if key.lower() in {_PRESENT, _AGE}:
            conditions.setdefault(operator, {})[key] = values
    return conditions


def met_by(statement: Statement, signed_with: SignedWith) -> Ternary:
    """Return whether a kind of request meets a statement's condition on MFA."""
    context = context_of(None, Circumstances(signed_with))
    return condition_holds(mfa_conditions(statement), context, variables=statement.variables)


def denies_without_mfa(statement: Statement) -> bool:
    """Return whether a statement denies long-term keys, but no session with MFA."""
    return (
        statement.effect == "Deny"
        and met_by(statement, SignedWith.LONG_TERM) is True
        and met_by(statement, SignedWith.MFA) is False
    )


def mfa_issues(statement: Statement) -> Iterator[Issue]:
    """Find a condition on MFA that denies or allows the wrong requests."""
    if not _is_checked(statement):
        return
    for rule in _RULES:
        if rule.effect == statement.effect and met_by(statement, rule.signed_with) is rule.met:
            nulls = mfa_conditions(statement).get("Null", {})
            name = rule.null_name if _PRESENT in map(str.lower, nulls) else rule.name
            yield Issue(name, Severity.ERROR, rule.message, _REMEDIES[rule.effect])
            return


def _is_checked(statement: Statement) -> bool:
    """Return whether the rules apply; not to a Deny by age, which may be a second one."""
    conditions = mfa_conditions(statement)
    names_present = any(key.lower() == _PRESENT for keys in conditions.values() for key in keys)
    return names_present or "Null" in conditions or bool(conditions and statement.effect == "Allow")
