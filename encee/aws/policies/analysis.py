"""What policies do to a user: require MFA, or lock the user out by the address that requests come from."""

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

_WAY_BACK = "iam:RemoveUserFromGroup"
"""Who may still do this is not locked out."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What policies make of ordinary requests that a user's long-term key signs.

    Args:
        denied_by: The statements that deny them.
        open: Actions that no Deny keeps from the key, whether or not something allows them today.
        unknown: What encee would have to know to say more.
    """

    denied_by: tuple[Citation, ...]
    open: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_required(self) -> bool:
        """Whether every one of them is certainly denied."""
        return not self.open and not self.unknown


def assess_mfa_requirement(policies: Iterable[Policy], user: Principal) -> Requirement:
    """Whether MFA is required of a user.

    Ordinary actions are tried with the long-term key, from anywhere: on things of its own, of others, and on what no
    policy can have thought of. What a user needs to enrol a device is not ordinary; taking a device away is.

    Args:
        policies: The user's policies and its groups', inline and attached.
        user: The user.
    """
    held = list(policies)
    context = context_of(user, Circumstances(SignedWith.LONG_TERM))
    verdicts = {action: evaluate(held, Request(action, resource, context)) for action, resource in _ordinary(user)}
    denied = [verdict.by for verdict in verdicts.values() if verdict.by and verdict.outcome is Outcome.DENIED]
    return Requirement(
        tuple(dict.fromkeys(denied)),
        tuple(action for action, verdict in verdicts.items() if _is_open(verdict)),
        tuple(dict.fromkeys(reason for verdict in verdicts.values() for reason in verdict.unknown)),
    )


def _is_open(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ALLOWED, Outcome.NOT_ALLOWED}


def _ordinary(user: Principal) -> Iterable[tuple[str, str]]:
    """Actions that a long-term key must not be good for, each with a resource."""
    iam = f"arn:{user.partition}:iam::{user.account}"
    return (
        ("encee:WhatNoPolicyNames", "*"),
        ("ec2:RunInstances", f"arn:{user.partition}:ec2:us-east-1:{user.account}:instance/*"),
        ("iam:AttachUserPolicy", user.arn),
        ("iam:CreateAccessKey", user.arn),
        ("iam:CreateUser", f"{iam}:user/somebody"),
        ("iam:DeactivateMFADevice", user.arn),
        ("iam:ListUsers", f"{iam}:user/"),
        ("lambda:InvokeFunction", f"arn:{user.partition}:lambda:us-east-1:{user.account}:function:any"),
        ("s3:GetObject", f"arn:{user.partition}:s3:::bucket/key"),
        ("sts:AssumeRole", f"{iam}:role/any"),
    )


def extract_address_denies(policy: Policy) -> Policy | None:
    """The part of a policy that denies something by the address; None where there is none."""
    bodies = [statement.body for statement in read_statements(policy) if _denies_by_address(statement)]
    return Policy(policy.name, {**policy.document, "Statement": bodies}) if bodies else None


def _denies_by_address(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(key.lower() == _SOURCE_IP for _, key, _ in statement.conditions())


def locks_out(policy: Policy, user: Principal, address: str) -> bool | None:
    """Whether a policy keeps a user who signs with MFA from taking back what gave them the policy.

    Args:
        policy: From `extract_address_denies`.
        user: The user.
        address: The address that AWS sees.

    Returns:
        None where it hangs on something that encee does not know.
    """
    circumstances = Circumstances(SignedWith.MFA, source_ip=address)
    resource = f"arn:{user.partition}:iam::{user.account}:group/any"
    verdict = evaluate([policy], Request(_WAY_BACK, resource, context_of(user, circumstances)))
    return None if verdict.outcome is Outcome.UNKNOWN else verdict.outcome is Outcome.DENIED
