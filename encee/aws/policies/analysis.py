"""Find whether policies require MFA, or lock a user out by address."""

from collections.abc import Iterable
from dataclasses import dataclass

from encee.aws.policies.document import Policy, Statement, read_statements
from encee.aws.policies.evaluate import (
    Circumstances,
    Citation,
    Outcome,
    Principal,
    Request,
    SignedWith,
    Verdict,
    context_of,
    evaluate,
)

_SOURCE_IP = "aws:sourceip"

_RECOVERY_ACTION = "iam:RemoveUserFromGroup"
"""A user who may do this can undo the restriction."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """How policies treat ordinary requests that a user's long-term key signs.

    Args:
        denied_by: The statements that deny requests.
        open: Actions that no Deny applies to, whether or not an Allow does.
        unknown: The facts that encee does not know.
    """

    denied_by: tuple[Citation, ...]
    open: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_required(self) -> bool:
        """Whether every ordinary request is certainly denied."""
        return not self.open and not self.unknown


def assess_mfa_requirement(policies: Iterable[Policy], user: Principal) -> Requirement:
    """Check whether policies require MFA of a user.

    It evaluates ordinary actions with the long-term key, from an unknown address: on the user's own resources, on
    other resources, and an action that no policy names. Deactivating a device is an ordinary action; the actions that
    enroll a device are not.

    Args:
        policies: The policies of the user and of the user's groups, inline and attached.
    """
    policies = list(policies)
    context = context_of(user, Circumstances(SignedWith.LONG_TERM))
    verdicts = {
        action: evaluate(policies, Request(action, resource, context)) for action, resource in _ordinary_actions(user)
    }
    denied = [verdict.by for verdict in verdicts.values() if verdict.by and verdict.outcome is Outcome.DENIED]
    return Requirement(
        tuple(dict.fromkeys(denied)),
        tuple(action for action, verdict in verdicts.items() if _is_open(verdict)),
        tuple(dict.fromkeys(reason for verdict in verdicts.values() for reason in verdict.unknown)),
    )


def _is_open(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ALLOWED, Outcome.NOT_ALLOWED}


def _ordinary_actions(user: Principal) -> Iterable[tuple[str, str]]:
    """Return actions that must need MFA, each with a resource."""
    iam = f"arn:{user.partition}:iam::{user.account}"
    return (
        ("encee:UnnamedAction", "*"),
        ("ec2:RunInstances", f"arn:{user.partition}:ec2:us-east-1:{user.account}:instance/*"),
        ("iam:AttachUserPolicy", user.arn),
        ("iam:CreateAccessKey", user.arn),
        ("iam:CreateUser", f"{iam}:user/another-user"),
        ("iam:DeactivateMFADevice", user.arn),
        ("iam:ListUsers", f"{iam}:user/"),
        ("lambda:InvokeFunction", f"arn:{user.partition}:lambda:us-east-1:{user.account}:function:any"),
        ("s3:GetObject", f"arn:{user.partition}:s3:::bucket/key"),
        ("sts:AssumeRole", f"{iam}:role/any"),
    )


def extract_address_denies(policy: Policy) -> Policy | None:
    """Return the statements that deny by address, as a policy; None without any."""
    bodies = [statement.body for statement in read_statements(policy) if _denies_by_address(statement)]
    return Policy(policy.name, {**policy.document, "Statement": bodies}) if bodies else None


def _denies_by_address(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(key.lower() == _SOURCE_IP for _, key, _ in statement.conditions())


def locks_out(policy: Policy, user: Principal, address: str) -> bool | None:
    """Return whether a policy denies a user with MFA what undoes the policy.

    Args:
        policy: From `extract_address_denies`.

    Returns:
        None where the result depends on a fact that encee does not know.
    """
    circumstances = Circumstances(SignedWith.MFA, source_ip=address)
    resource = f"arn:{user.partition}:iam::{user.account}:group/any"
    verdict = evaluate([policy], Request(_RECOVERY_ACTION, resource, context_of(user, circumstances)))
    return None if verdict.outcome is Outcome.UNKNOWN else verdict.outcome is Outcome.DENIED
