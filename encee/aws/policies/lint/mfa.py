"""Traps in conditions on MFA: whom they let through.

What a condition does is found by holding it against the three kinds of request, not by how it is written.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
"""

from collections.abc import Iterator

from encee.aws.policies.conditions import condition_holds
from encee.aws.policies.document import Statement
from encee.aws.policies.lint.issue import Issue, Severity
from encee.aws.policies.request import Circumstances, SignedWith, context_of
from encee.aws.policies.ternary import Ternary

_PRESENT, _AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"
_DENY = '"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}'
_ALLOW = '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}'


def mfa_conditions(statement: Statement) -> dict[str, dict[str, object]]:
    """The part of a statement's condition that is about MFA: operators, keys and values."""
    found: dict[str, dict[str, object]] = {}
    for operator, key, values in statement.conditions():
        if key.lower() in {_PRESENT, _AGE}:
            found.setdefault(operator, {})[key] = values
    return found


def met_by(statement: Statement, signed: SignedWith) -> Ternary:
    """Whether a request of one kind meets what a statement's condition says about MFA."""
    return condition_holds(
        mfa_conditions(statement), context_of(None, Circumstances(signed)), variables=statement.variables
    )


def denies_without_mfa(statement: Statement) -> bool:
    """Whether a statement denies something to long-term keys that it does not deny to a session with MFA."""
    return (
        statement.effect == "Deny"
        and met_by(statement, SignedWith.LONG_TERM) is True
        and met_by(statement, SignedWith.MFA) is False
    )


def mfa_issues(statement: Statement) -> Iterator[Issue]:
    """A condition on MFA that lets the wrong ones through."""
    conditions = mfa_conditions(statement)
    nulls = {key.lower() for key in conditions.get("Null", {})}
    present = any(key.lower() == _PRESENT for keys in conditions.values() for key in keys)
    # A Deny by age alone may be there beside one for those who used none at all.
    if not present and not nulls and not (conditions and statement.effect == "Allow"):
        return
    met = {signed: met_by(statement, signed) for signed in SignedWith}
    null_form = _PRESENT in nulls
    if statement.effect == "Deny":
        if met[SignedWith.LONG_TERM] is False:
            yield Issue(
                "null-mfa" if null_form else "bool-in-deny",
                Severity.ERROR,
                "this Deny does not deny long-term keys at all: their requests carry no aws:MultiFactorAuthPresent",
                _DENY,
            )
        elif met[SignedWith.NO_MFA] is False:
            yield Issue(
                "null-mfa",
                Severity.ERROR,
                "this Deny does not deny sessions without MFA: they carry aws:MultiFactorAuthPresent, which is false",
                _DENY,
            )
        elif met[SignedWith.MFA] is True:
            yield Issue("deny-with-mfa", Severity.ERROR, "this Deny denies those who used MFA as well", _DENY)
    elif statement.effect == "Allow":
        if met[SignedWith.LONG_TERM] is True:
            yield Issue(
                "null-mfa" if null_form else "if-exists-in-allow",
                Severity.ERROR,
                "this Allow lets long-term keys through: their requests carry no aws:MultiFactorAuthPresent",
                _ALLOW,
            )
        elif met[SignedWith.NO_MFA] is True:
            yield Issue(
                "null-mfa" if null_form else "allow-without-mfa",
                Severity.ERROR,
                "this Allow lets sessions without MFA through: they carry aws:MultiFactorAuthPresent, which is false",
                _ALLOW,
            )
