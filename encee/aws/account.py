"""Read and change the users, groups and policies of an account in a few calls."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from encee.aws.errors import translate_errors
from encee.aws.retries import retry_unsent, retry_until_consistent
from encee.aws.signer import Signer
from encee.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import GroupDetailTypeDef, ManagedPolicyDetailTypeDef, UserDetailTypeDef

Document = Mapping[str, Any]
"""A parsed policy document."""

PAGE = 1000
"""How many entries IAM returns a page at most."""


class Version(NamedTuple):
    """A version of a managed policy."""

    id: str
    created: datetime
    is_default: bool


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer-managed policy.

    Args:
        name: The name, unique in the account, whatever the path.
    """

    arn: str
    path: str
    name: str
    document: Document
    versions: tuple[Version, ...]
    attachments: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users.

    Args:
        name: The name, unique in the account, whatever the path.
    """

    name: str
    path: str
    inline: Mapping[str, Document]
    attached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A user with its policies.

    Args:
        arn: The ARN, which can contain a path.
    """

    name: str
    arn: str
    inline: Mapping[str, Document]
    attached: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """The users and groups by name, and the customer-managed policies by ARN."""

    users: Mapping[str, User]
    groups: Mapping[str, Group]
    policies: Mapping[str, ManagedPolicy]

    def members(self, group: str) -> list[str]:
        """Return the names of the users in a group; IAM ignores the case of names."""
        folded = group.casefold()
        return [user.name for user in self.users.values() if folded in map(str.casefold, user.groups)]

    def holders(self, policies: Collection[str]) -> list[str]:
        """Return the users with one of these ARNs, attached directly or by a group."""
        groups = {name for name, group in self.groups.items() if not set(policies).isdisjoint(group.attached)}
        return [
            user.name
            for user in self.users.values()
            if not set(policies).isdisjoint(user.attached) or not groups.isdisjoint(user.groups)
        ]

    def roles_with(self, policy: ManagedPolicy) -> int:
        """Count the attachments of a policy that are neither users nor groups."""
        holders: list[User | Group] = [*self.users.values(), *self.groups.values()]
        return policy.attachments - sum(policy.arn in holder.attached for holder in holders)

    def policy(self, name: str) -> ManagedPolicy | None:
        """Find a customer-managed policy by name; IAM ignores the case of names."""
        return next((policy for policy in self.policies.values() if policy.name.casefold() == name.casefold()), None)

    def group(self, name: str) -> Group | None:
        """Find a group by name; IAM ignores the case of names."""
        return next((group for group in self.groups.values() if group.name.casefold() == name.casefold()), None)


def read_account(client: "IAMClient", signer: Signer, progress: Callable[[int], None] = lambda _: None) -> Account:
    """Read users, groups and customer-managed policies, 1000 a page.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

    Args:
        progress: Called after each page with the number of users so far.
    """
    users: dict[str, User] = {}
    groups: dict[str, Group] = {}
    policies: dict[str, ManagedPolicy] = {}
    with translate_errors(signer):
        paginator = client.get_paginator("get_account_authorization_details")
        pages = paginator.paginate(Filter=["User", "Group", "LocalManagedPolicy"], PaginationConfig={"PageSize": PAGE})
        for page in pages:
            users |= {user.name: user for user in map(_user, page["UserDetailList"])}
            groups |= {group.name: group for group in map(_group, page["GroupDetailList"])}
            policies |= {policy.arn: policy for policy in map(_policy, page["Policies"])}
            progress(len(users))
    return Account(users, groups, policies)


def _user(detail: "UserDetailTypeDef") -> User:
    return User(
        name=detail["UserName"],
        arn=detail["Arn"],
        inline=_documents(detail.get("UserPolicyList", ())),
        attached=_arns(detail.get("AttachedManagedPolicies", ())),
        groups=tuple(detail.get("GroupList", ())),
    )


def _group(detail: "GroupDetailTypeDef") -> Group:
    return Group(
        name=detail["GroupName"],
        path=detail["Path"],
        inline=_documents(detail.get("GroupPolicyList", ())),
        attached=_arns(detail.get("AttachedManagedPolicies", ())),
    )


def _policy(detail: "ManagedPolicyDetailTypeDef") -> ManagedPolicy:
    versions = detail["PolicyVersionList"]
    return ManagedPolicy(
        arn=detail["Arn"],
        path=detail["Path"],
        name=detail["PolicyName"],
        document=next(_parse_document(version["Document"]) for version in versions if version["IsDefaultVersion"]),
        versions=tuple(
            Version(version["VersionId"], version["CreateDate"], version["IsDefaultVersion"]) for version in versions
        ),
        attachments=detail["AttachmentCount"],
    )


def _documents(policies: Iterable[Mapping[str, Any]]) -> dict[str, Document]:
    return {policy["PolicyName"]: _parse_document(policy["PolicyDocument"]) for policy in policies}


def _arns(policies: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(policy["PolicyArn"] for policy in policies)


def _parse_document(document: "str | Document") -> Document:
    """Return a parsed document; botocore leaves text that is not JSON unparsed."""
    return {} if isinstance(document, str) else document


def require_policy(client: "IAMClient", signer: Signer, arn: str) -> None:
    """Check that a managed policy exists.

    Raises:
        MissingError: The policy does not exist.
        AwsError: AWS refused the request or could not be reached.
    """
    with translate_errors(signer):
        client.get_policy(PolicyArn=arn)


class Change(NamedTuple):
    """A call that changes something in IAM.

    Args:
        action: The name of the call, such as `CreatePolicy`.
    """

    action: str
    arguments: Mapping[str, Any]


def apply_change(
    client: "IAMClient", signer: Signer, change: Change, retry_on: tuple[type[AwsError], ...] = ()
) -> None:
    """Send a change, again while IAM has not propagated an earlier change.

    Args:
        client: From `encee.aws.clients.Clients.iam` with `attempts=1`.
        retry_on: Errors that IAM may return because it has not propagated an earlier change.
    """
    from botocore import xform_name

    send = getattr(client, xform_name(change.action))
    retry_until_consistent(lambda: retry_unsent(signer, lambda: send(**change.arguments)), retry_on)
