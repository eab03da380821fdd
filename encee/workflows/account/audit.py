"""Find the users of an account whom a stolen key alone endangers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from encee.aws.account import Account, Group, User, read_account
from encee.aws.credential_report import (
    ROOT,
    UserCredentials,
    best_mfa_kind,
    list_users_of_virtual_devices,
    read_report,
    read_user_credentials,
)
from encee.aws.mfa_devices import list_devices
from encee.aws.policies.analysis import assess_mfa_requirement
from encee.aws.policies.evaluate import Policy, Principal
from encee.aws.signer import Signer
from encee.errors import UsageError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class AuditedUser:
    """The result of an audit for a user.

    Args:
        required_by: The name of the policy that requires MFA of the user, if any.
    """

    credentials: UserCredentials
    required_by: str | None
    has_old_key: bool

    @property
    def state(self) -> str:
        """`open to takeover`, `MFA not required`, `old key`, `no active key`, or `ok`."""
        if not self.credentials.active_keys:
            return "no active key"
        if self.credentials.mfa == "none":
            return "open to takeover"
        if self.required_by is None:
            return "MFA not required"
        return "old key" if self.has_old_key else "ok"

    @property
    def is_in_danger(self) -> bool:
        """Whether a thief of a key can use it, or enroll a device with it."""
        return self.state in {"open to takeover", "MFA not required"}


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of an account.

    Args:
        made: When AWS made its report of keys and passwords, UTC.
    """

    made: datetime
    users: tuple[AuditedUser, ...]


def audit_account(
    client: "IAMClient",
    signer: Signer,
    now: datetime,
    max_age: timedelta,
    progress: Callable[[str], None],
    group: str | None = None,
) -> Audit:
    """Audit the users of an account, in as few calls as AWS allows.

    Args:
        now: The current time, UTC.
        max_age: Above this age an active key is old.
        group: The group to audit; None for all users and the root user.
    """
    progress("AWS creates its credential report")
    report = read_report(client, signer)
    account = read_account(client, signer, lambda users: progress(f"{users} users read"))
    virtual = list_users_of_virtual_devices(client, signer)
    in_report = {user.name: user for user in report.users}
    requirements = _Requirements(account)
    audited = []
    for name in _list_users(account, group):
        user = in_report.get(name)
        if name == ROOT and user is None:
            continue  # in some partitions the root user is in another account
        if user is None:  # the user is newer than the report
            user = read_user_credentials(client, signer, name)
        elif name in virtual:
            user = user._replace(mfa="virtual")  # the device may be newer than the report
        elif user.mfa != "none" and name == ROOT:
            user = user._replace(mfa="other")  # the report does not show the kind
        elif user.mfa != "none":
            progress(f"the devices of {name}")
            user = user._replace(mfa=best_mfa_kind(list_devices(client, signer, name)))
        oldest = min((key.created for key in user.active_keys if key.created), default=now)
        audited.append(AuditedUser(user, requirements.find_policy(name), now - oldest > max_age))
    return Audit(report.made, tuple(audited))


def _list_users(account: Account, group: str | None) -> list[str]:
    if group is None:
        return [ROOT, *account.users]
    if account.group(group) is None:
        raise UsageError(f"the account has no group {group}", hint="aws iam list-groups")
    return account.members(group)


class _Requirements:
    """Finds the policy that requires MFA of a user."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._policies = {arn: Policy(policy.name, policy.document) for arn, policy in account.policies.items()}

    def find_policy(self, name: str) -> str | None:
        """Return the name of the policy that requires MFA of a user, if any."""
        user = self._account.users.get(name)
        if user is None:
            return None
        groups = [group for name in user.groups if (group := self._account.groups.get(name))]
        holders: list[User | Group] = [user, *groups]
        held = [Policy(name, text) for holder in holders for name, text in holder.inline.items()]
        held += [self._policies[arn] for holder in holders for arn in holder.attached if arn in self._policies]
        requirement = assess_mfa_requirement(held, Principal(user.arn, user.name))
        return requirement.denied_by[0].policy if requirement.is_required else None
