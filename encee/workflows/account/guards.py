"""Find the users whom a change would lock out or leave open to a takeover."""

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from encee.aws.account import Account
from encee.aws.credential_report import UserCredentials
from encee.aws.policies.analysis import extract_address_denies, locks_out
from encee.aws.policies.document import Policy
from encee.aws.policies.networks import Network
from encee.aws.policies.request import Principal
from encee.errors import EnceeError, UsageError
from encee.workflows.account.plan import MFA_REQUIRED, AccountPlan

_IN_USE = timedelta(days=7)
"""A key is in use if it was used within this time."""


def warn_about_users(users: Iterable[UserCredentials], now: datetime) -> Iterator[str]:
    """Warn about each user with an active key who cannot use MFA yet."""
    for user in users:
        if not user.active_keys or user.gives_codes:
            continue
        is_in_use = any(key.last_used and now - key.last_used < _IN_USE for key in user.active_keys)
        if user.mfa == "FIDO":
            yield f"{user.name} has only FIDO security keys or passkeys, and cannot use the command line"
        elif is_in_use and not user.password:
            yield (
                f"{user.name} looks like a machine (no password, no device, a key that was used this week), and would"
                " stop working"
            )
        else:
            yield f"until {user.name} enrolls a device, anyone with the key of {user.name} can enroll one"


def warn_about_roles(account: Account, plan: AccountPlan) -> Iterator[str]:
    """Warn if the changed policy is attached to roles, whose sessions have no MFA."""
    policy = account.policy(MFA_REQUIRED)
    if policy is not None and policy.arn in plan.changed_policies and (roles := account.roles_with(policy)) > 0:
        yield (
            f"{policy.name} is attached to {roles} role{'s' * (roles > 1)}, whose sessions carry no MFA and would stop"
            f" working; see which: aws iam list-entities-for-policy --entity-filter Role --policy-arn {policy.arn}"
        )


class NewRestriction(NamedTuple):
    """A policy's denials by the address, and the user who gets them."""

    policy: Policy
    user: Principal


def find_new_restrictions(account: Account, plan: AccountPlan, group: str, name: str | None) -> list[NewRestriction]:
    """Find the existing restrictions to addresses that a plan adds to a user.

    Args:
        name: The user's name; None for a caller that is not a user.
    """
    user, existing = account.users.get(name or ""), account.group(group)
    joins = name in plan.arguments("AddUserToGroup", "UserName")
    if user is None or not (joins or name in account.members(group)):
        return []
    arns, policies = plan.arguments("AttachGroupPolicy", "PolicyArn"), []
    if joins and existing:
        detached = plan.arguments("DetachGroupPolicy", "PolicyArn")
        arns += [arn for arn in existing.attached if arn not in detached]
        policies += [Policy(title, document) for title, document in existing.inline.items()]
    for arn in arns:
        if arn in account.policies and arn not in plan.changed_policies:
            policies.append(Policy(account.policies[arn].name, account.policies[arn].document))
    principal = Principal(user.arn, user.name)
    return [NewRestriction(denies, principal) for policy in policies if (denies := extract_address_denies(policy))]


def refuse_lockout(allowed: Collection[Network], gained: Iterable[NewRestriction], address: str) -> None:
    """Refuse to lock the caller out at their own address.

    Args:
        allowed: The networks that the plan allows; empty if it does not restrict addresses.
        gained: From `find_new_restrictions`, of the caller.

    Raises:
        EnceeError: The address is in none of the networks, or a restriction denies it or may deny it.
    """
    try:
        mine = ipaddress.ip_address(address)
    except ValueError:
        raise UsageError(f"{address!r} is not an address", hint="write it like --my-ip 203.0.113.7") from None
    if allowed and not any(mine in network for network in allowed):
        raise EnceeError(
            f"your own address, {mine}, is in none of the ranges that would be allowed",
            hint=f"add --allow-cidr {mine}",
        )
    for policy, user in gained:
        if (locked_out := locks_out(policy, user, str(mine))) is not False:
            raise EnceeError(
                f"the policy {policy.name} {'would' if locked_out else 'may'} lock {user.user_name} out at your own"
                f" address, {mine}",
                hint="add --yes-lock-me-out to accept that",
            )
