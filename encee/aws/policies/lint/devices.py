"""Traps around devices: without MFA one can take them away, or cannot enrol one.

Whether a policy leaves a door open is found by asking it for a user whom it may never have heard of.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
"""

import re
from collections.abc import Iterator

from encee.aws.policies.document import Policy, Statement, read_statements
from encee.aws.policies.evaluate import (
    Circumstances,
    Outcome,
    Principal,
    Request,
    SignedWith,
    Verdict,
    context_of,
    evaluate,
)
from encee.aws.policies.lint.issue import Issue, Severity
from encee.aws.policies.lint.mfa import denies_without_mfa, met_by
from encee.aws.policies.matching import action_matches

_CREATE, _ENABLE = "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"
_DEACTIVATE, _DELETE = "iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice"
_UNCONTROLLED = "sts:GetSessionToken"
_UNSPECIFIC = {"*", "*:*", "iam:*", "sts:*"}
_PARTITION = re.compile(r"arn:(aws[a-z0-9-]*):")
_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):", re.ASCII)
_USER, _SOMEBODY = "jane", "somebody"


def device_issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """Whatever a thief of a long-term key could do to a device, and a user could not."""
    if denies_without_mfa(statement):
        yield from _exempted(policy, statement)
        yield from _locked_out(statement)
    if statement.effect == "Allow":
        yield from _allowed(policy, statement)
        yield from _one_name(policy, statement)
    if any(_names(statement, element, _UNCONTROLLED) for element in ("Action", "NotAction")):
        yield Issue(
            "get-session-token",
            Severity.INFO,
            "sts:GetSessionToken is listed, and no policy controls it: it needs no permission, and nothing denies it",
            "leave it in or out, it is the same",
        )


def _exempted(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """A Deny without MFA that leaves a device to whoever holds the key."""
    if _exempts(statement, _DEACTIVATE) and not _denied(policy, _DEACTIVATE):
        yield _taken(_DEACTIVATE, f"take {_DEACTIVATE} out of NotAction")
    if _exempts(statement, _DELETE) and not _denied(policy, _DELETE):
        own = _ask(policy, _DELETE, f"mfa/{_USER}", SignedWith.LONG_TERM).outcome is Outcome.ALLOWED
        others = _ask(policy, _DELETE, f"mfa/{_SOMEBODY}", SignedWith.LONG_TERM).outcome is not Outcome.NOT_ALLOWED
        if others or not own:
            remedy = f"take {_DELETE} out of NotAction, or deny it with NotResource mfa/${{aws:username}}* as well"
            yield _taken(_DELETE, remedy)


def _allowed(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """An Allow that leaves a device to whoever holds the key, where no Deny is to blame for it already."""
    if met_by(statement, SignedWith.LONG_TERM) is not True:
        return
    blamed = [one for one in read_statements(policy) if denies_without_mfa(one)]
    alone = Policy(policy.name, {**policy.document, "Statement": statement.body})
    for action in (_DEACTIVATE, _DELETE):
        exempted = any(_exempts(one, action) for one in blamed)
        if exempted or not _names(statement, "Action", action) or _denied(policy, action):
            continue
        if action == _DEACTIVATE or _ask(alone, action, f"mfa/{_SOMEBODY}", SignedWith.LONG_TERM).by:
            yield _taken(action, 'allow it under "Bool": {"aws:MultiFactorAuthPresent": "true"} only')


def _taken(action: str, remedy: str) -> Issue:
    does = {
        _DEACTIVATE: "take the user's device away and enrol one of their own",
        _DELETE: "delete every device that is not enabled",
    }
    return Issue(
        "device-without-mfa",
        Severity.ERROR,
        f"{action} without MFA: whoever has the long-term key can {does[action]}",
        remedy,
    )


def _locked_out(statement: Statement) -> Iterator[Issue]:
    """A Deny without MFA that leaves nobody a way to MFA."""
    lacking = " and ".join(action for action in (_CREATE, _ENABLE) if not _exempts(statement, action))
    listed = statement.texts("NotAction")
    if listed and not lacking:
        return
    if any(text.lower().startswith("iam:") for text in listed):
        yield Issue(
            "locked-out",
            Severity.ERROR,
            f"a user without a device cannot enrol one: {lacking} is denied without MFA",
            f"add {lacking} to NotAction",
        )
    elif listed or {"*", "*:*"} & {*statement.texts("Action")}:
        yield Issue(
            "no-self-service",
            Severity.INFO,
            "nobody can enrol a device under this Deny: somebody else has to do it for them",
            "encee policy show mfa-required lets users enrol by themselves",
        )


def _one_name(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """An Allow that gives a user one device's name only."""
    own = _ask(policy, _CREATE, f"mfa/{_USER}", SignedWith.MFA)
    second = _ask(policy, _CREATE, f"mfa/{_USER}-2", SignedWith.MFA)
    if own.by == statement.citation and second.outcome is Outcome.NOT_ALLOWED:
        yield Issue(
            "one-device-name",
            Severity.WARNING,
            "a user can create a device of one name only: no second one, and none while an abandoned one has the name",
            "write mfa/* or mfa/${aws:username}* for iam:CreateVirtualMFADevice",
        )


# ---- what a statement lists, and what a policy says


def _names(statement: Statement, element: str, action: str) -> bool:
    """Whether an element names an action, by a pattern that is meant for it and not for everything."""
    return any(action_matches(text, action) is True and text not in _UNSPECIFIC for text in statement.texts(element))


def _exempts(statement: Statement, action: str) -> bool:
    """Whether a statement leaves an action out."""
    return any(action_matches(text, action) is True for text in statement.texts("NotAction"))


def _denied(policy: Policy, action: str) -> bool:
    """Whether a policy denies it to a user's long-term key to take away its device, or to delete somebody's."""
    resource = f"user/{_USER}" if action == _DEACTIVATE else f"mfa/{_SOMEBODY}"
    return _ask(policy, action, resource, SignedWith.LONG_TERM).outcome is Outcome.DENIED


def _ask(policy: Policy, action: str, resource: str, signed: SignedWith) -> Verdict:
    """What a policy says to a user of the account and partition that it is written for."""
    text = str(policy.document)
    partition, account = _PARTITION.search(text), _ACCOUNT.search(text)
    user = Principal.user(
        _USER, account=account[1] if account else "123456789012", partition=partition[1] if partition else "aws"
    )
    arn = f"arn:{user.partition}:iam::{user.account}:{resource}"
    return evaluate([policy], Request(action, arn, context_of(user, Circumstances(signed))))
