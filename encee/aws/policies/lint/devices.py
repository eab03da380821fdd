"""Find policies with which a thief can remove a device, or no user enroll one.

encee evaluates the policy for users and devices that it does not name.
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
_USER, _OTHER = "jane", "another-user"


def device_issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """Find what a thief of a long-term key can do to a device, and what a user cannot."""
    if denies_without_mfa(statement):
        yield from _exemption_issues(policy, statement)
        yield from _self_service_issues(statement)
    if statement.effect == "Allow":
        yield from _allow_issues(policy, statement)
        yield from _device_name_issues(policy, statement)
    if any(_names_action(statement, element, _UNCONTROLLED) for element in ("Action", "NotAction")):
        yield Issue(
            "get-session-token",
            Severity.INFO,
            "sts:GetSessionToken has no effect here: it needs no permission, and no policy can deny it",
            "keep it or remove it",
        )


def _exemption_issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """Find exemptions in a Deny without MFA that let a long-term key remove a device."""
    if _exempts(statement, _DEACTIVATE) and not _denies(policy, _DEACTIVATE):
        yield _device_without_mfa(_DEACTIVATE, f"take {_DEACTIVATE} out of NotAction")
    if _exempts(statement, _DELETE) and not _denies(policy, _DELETE):
        own = _evaluate(policy, _DELETE, f"mfa/{_USER}", SignedWith.LONG_TERM).outcome is Outcome.ALLOWED
        others = _evaluate(policy, _DELETE, f"mfa/{_OTHER}", SignedWith.LONG_TERM).outcome is not Outcome.NOT_ALLOWED
        if others or not own:
            remedy = f"take {_DELETE} out of NotAction, or deny it with NotResource mfa/${{aws:username}}* as well"
            yield _device_without_mfa(_DELETE, remedy)


def _allow_issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """Find an Allow that lets a long-term key remove a device, if not yet reported."""
    if met_by(statement, SignedWith.LONG_TERM) is not True:
        return
    denies = [other for other in read_statements(policy) if denies_without_mfa(other)]
    alone = Policy(policy.name, {**policy.document, "Statement": statement.body})
    for action in (_DEACTIVATE, _DELETE):
        exempted = any(_exempts(deny, action) for deny in denies)
        if exempted or not _names_action(statement, "Action", action) or _denies(policy, action):
            continue
        if action == _DEACTIVATE or _evaluate(alone, action, f"mfa/{_OTHER}", SignedWith.LONG_TERM).by:
            yield _device_without_mfa(action, 'allow it under "Bool": {"aws:MultiFactorAuthPresent": "true"} only')


def _device_without_mfa(action: str, remedy: str) -> Issue:
    consequences = {
        _DEACTIVATE: "replace the user's device with one of their own",
        _DELETE: "delete every device that is not enabled",
    }
    return Issue(
        "device-without-mfa",
        Severity.ERROR,
        f"{action} without MFA: a thief of the long-term key can {consequences[action]}",
        remedy,
    )


def _self_service_issues(statement: Statement) -> Iterator[Issue]:
    """Find a Deny without MFA that keeps users from enrolling a device."""
    lacking = " and ".join(action for action in (_CREATE, _ENABLE) if not _exempts(statement, action))
    listed = statement.texts("NotAction")
    if listed and not lacking:
        return
    if any(text.lower().startswith("iam:") for text in listed):
        yield Issue(
            "locked-out",
            Severity.ERROR,
            f"a user without a device cannot enroll one: {lacking} is denied without MFA",
            f"add {lacking} to NotAction",
        )
    elif listed or {"*", "*:*"} & {*statement.texts("Action")}:
        yield Issue(
            "no-self-service",
            Severity.INFO,
            "users cannot enroll a device under this Deny: an administrator has to enroll it",
            "to let users enroll themselves: encee policy show mfa-required",
        )


def _device_name_issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    """Find an Allow that permits one device name per user only."""
    own = _evaluate(policy, _CREATE, f"mfa/{_USER}", SignedWith.MFA)
    second = _evaluate(policy, _CREATE, f"mfa/{_USER}-2", SignedWith.MFA)
    if own.by == statement.citation and second.outcome is Outcome.NOT_ALLOWED:
        yield Issue(
            "one-device-name",
            Severity.WARNING,
            "a user can create a device of one name only, and none while an abandoned device has the name",
            "write mfa/* or mfa/${aws:username}* for iam:CreateVirtualMFADevice",
        )


# ---- statements and policies


def _names_action(statement: Statement, element: str, action: str) -> bool:
    """Return whether an element names an action, not with a whole service."""
    return any(action_matches(text, action) is True and text not in _UNSPECIFIC for text in statement.texts(element))


def _exempts(statement: Statement, action: str) -> bool:
    return any(action_matches(text, action) is True for text in statement.texts("NotAction"))


def _denies(policy: Policy, action: str) -> bool:
    """Return whether a policy denies a long-term key an action on a device."""
    resource = f"user/{_USER}" if action == _DEACTIVATE else f"mfa/{_OTHER}"
    return _evaluate(policy, action, resource, SignedWith.LONG_TERM).outcome is Outcome.DENIED


def _evaluate(policy: Policy, action: str, resource: str, signed_with: SignedWith) -> Verdict:
    """Evaluate a policy for a user of the account and the partition that it names."""
    text = str(policy.document)
    partition, account = _PARTITION.search(text), _ACCOUNT.search(text)
    user = Principal.user(
        _USER, account=account[1] if account else "123456789012", partition=partition[1] if partition else "aws"
    )
    arn = f"arn:{user.partition}:iam::{user.account}:{resource}"
    return evaluate([policy], Request(action, arn, context_of(user, Circumstances(signed_with))))
