"""Of whom an account requires MFA, and who could still be robbed with a key alone."""

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
    """What an audit finds of a user.

    Args:
        credentials: What it can sign in and sign with.
        required_by: The name of the policy that requires MFA of it, or None.
        old_keys: Whether an active key is older than allowed.
    """

    credentials: UserCredentials
    required_by: str | None
    old_keys: bool

    @property
    def state(self) -> str:
        """`open to takeover`, `MFA not required`, `old key`, `no active key`, or `ok`."""
        if not self.credentials.active_keys:
            return "no active key"
        if self.credentials.mfa == "none":
            return "open to takeover"
        if self.required_by is None:
            return "MFA not required"
        return "old key" if self.old_keys else "ok"

    @property
    def in_danger(self) -> bool:
        """Whether who copies a key of this user's can use it, or enrol a device with it."""
        return self.state in {"open to takeover", "MFA not required"}


@dataclass(frozen=True, slots=True)
class Audit:
    """A whole account.

    Args:
        made: When AWS made the report that keys and passwords are from, UTC.
        users: The root user first, then the other users.
    """

    made: datetime
    users: tuple[AuditedUser, ...]


def audit_account(  # noqa: PLR0913, PLR0917 - all that an audit needs, passed in
    client: "IAMClient",
    signer: Signer,
    now: datetime,
    max_age: timedelta,
    progress: Callable[[str], None],
    group: str | None = None,
) -> Audit:
    """Audit the users of an account, in as few calls as AWS allows.

    Args:
        client: From `encee.aws.clients.Clients.iam`.
        signer: Who signs.
        now: The present moment, UTC.
        max_age: Above this age an active key is old.
        progress: Called with what is being done, again and again.
        group: Only the members of this group; None means all users and the root user.

    Raises:
        UsageError: There is no such group.
        AwsError: AWS refused, or could not be reached.
    """
    progress("AWS makes its credential report")
    report = read_report(client, signer)
    account = read_account(client, signer, lambda users: progress(f"{users} users read"))
    virtual = list_users_of_virtual_devices(client, signer)
    in_report = {user.name: user for user in report.users}
    requirements = _Requirements(account)
    found = []
    for name in _list_users(account, group):
        user = in_report.get(name)
        if name == ROOT and user is None:
            continue  # an account of a partition where the root user is elsewhere
        if user is None:  # newer than the report
            user = read_user_credentials(client, signer, name)
        elif name in virtual:
            user = user._replace(mfa="virtual")  # also where it is newer than the report
        elif user.mfa != "none" and name == ROOT:
            user = user._replace(mfa="other")  # The report does not show which.
        elif user.mfa != "none":
            progress(f"the devices of {name}")
            user = user._replace(mfa=best_mfa_kind(list_devices(client, signer, name)))
        oldest = min((key.created for key in user.active_keys if key.created), default=now)
        found.append(AuditedUser(user, requirements.of(name), now - oldest > max_age))
    return Audit(report.made, tuple(found))


def _list_users(account: Account, group: str | None) -> list[str]:
    """Whom to audit.

    Raises:
        UsageError: There is no such group.
    """
    if group is None:
        return [ROOT, *account.users]
    if account.group(group) is None:
        raise UsageError(f"the account has no group {group}", hint="encee account setup makes one")
    return account.members(group)


class _Requirements:
    """Which policy requires MFA of whom; users with the same policies have the same answer, but for their paths."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._policies = {arn: Policy(one.name, one.document) for arn, one in account.policies.items()}

    def of(self, name: str) -> str | None:
        """The name of the policy that requires MFA of a user; None where none does, as of the root user."""
        user = self._account.users.get(name)
        if user is None:
            return None
        groups = [group for name in user.groups if (group := self._account.groups.get(name))]
        holders: list[User | Group] = [user, *groups]
        held = [Policy(name, text) for holder in holders for name, text in holder.inline.items()]
        held += [self._policies[arn] for holder in holders for arn in holder.attached if arn in self._policies]
        requirement = assess_mfa_requirement(held, Principal(user.arn, user.name))
        return requirement.denied_by[0].policy if requirement.is_required else None
