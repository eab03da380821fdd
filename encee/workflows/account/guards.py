"""Who would be left open or locked out by a change of an account."""

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

_LATELY = timedelta(days=7)
"""A key that was used so lately is in use."""


def warn_about_users(users: Iterable[UserCredentials], now: datetime) -> Iterator[str]:
    """A sentence for each user with an active key for whom a policy that requires MFA means trouble."""
    for user in users:
        if not user.active_keys or user.gives_codes:
            continue
        used_lately = any(key.last_used and now - key.last_used < _LATELY for key in user.active_keys)
        if user.mfa == "FIDO":
            yield f"{user.name} has only FIDO security keys or passkeys, and cannot use the command line"
        elif used_lately and not user.password:
            signs = "no password, no device, a key that was used this week"
            yield f"{user.name} looks like a machine ({signs}), and would stop working"
        else:
            yield f"until {user.name} enrols, anyone with the key of {user.name} can enrol instead"


def warn_about_roles(account: Account, plan: AccountPlan) -> Iterator[str]:
    """Warn where the policy that requires MFA changes and roles have it, which cannot use MFA."""
    policy = account.policy(MFA_REQUIRED)
    if policy is not None and policy.arn in plan.changed_policies and (roles := account.roles_with(policy)) > 0:
        yield (
            f"{policy.name} is attached to {roles} role{'s' * (roles > 1)}, whose sessions carry no MFA and would stop"
            f" working; see which: aws iam list-entities-for-policy --entity-filter Role --policy-arn {policy.arn}"
        )


class NewRestriction(NamedTuple):
    """What denies something by the address, and the user who comes to have it."""

    policy: Policy
    user: Principal


def find_new_restrictions(account: Account, plan: AccountPlan, group: str, name: str | None) -> list[NewRestriction]:
    """The restrictions to addresses that a user comes to have by a plan, without those that the plan itself words.

    Args:
        account: The account as it is.
        plan: From `encee.workflows.account.plan.plan_setup`.
        group: The name of the group that it is about.
        name: The user's name; None for a principal that is not a user.
    """
    user, found = account.users.get(name or ""), account.group(group)
    joins = name in plan.arguments("AddUserToGroup", "UserName")
    if user is None or not (joins or name in account.members(group)):
        return []
    arns, inline = plan.arguments("AttachGroupPolicy", "PolicyArn"), []
    if joins and found:
        arns += set(found.attached).difference(plan.arguments("DetachGroupPolicy", "PolicyArn"))
        inline = [Policy(one, document) for one, document in found.inline.items()]
    others = [account.policies[arn] for arn in arns if arn in account.policies and arn not in plan.changed_policies]
    policies = [*inline, *(Policy(one.name, one.document) for one in others)]
    return [
        NewRestriction(part, Principal(user.arn, user.name)) for part in map(extract_address_denies, policies) if part
    ]


def refuse_lockout(allowed: Collection[Network], gained: Iterable[NewRestriction], address: str) -> None:
    """Refuse to lock the caller out at their own address.

    Args:
        allowed: The ranges that the plan lets in; none where it says nothing about them.
        gained: From `find_new_restrictions`, of the caller.
        address: The caller's.

    Raises:
        UsageError: The address is not valid.
        EnceeError: None of the ranges holds it; or a restriction excludes it, or encee cannot decide.
    """
    try:
        mine = ipaddress.ip_address(address)
    except ValueError:
        raise UsageError(f"{address!r} is not an address", hint="write it like 203.0.113.7: --my-ip ADDRESS") from None
    if allowed and not any(mine in network for network in allowed):
        raise EnceeError(
            f"your own address, {mine}, is in none of the ranges that would be allowed",
            hint=f"add --allow-cidr {mine}, or accept it with --yes-lock-me-out",
        )
    for policy, user in gained:
        if (locked_out := locks_out(policy, user, str(mine))) is not False:
            raise EnceeError(
                f"the policy {policy.name} {'would' if locked_out else 'may'} lock {user.user_name} out at your own"
                f" address, {mine}",
                hint="let it allow that address first, or accept it with --yes-lock-me-out",
            )
