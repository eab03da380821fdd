"""An account as IAM describes it: its users, groups and policies in a few calls, and the calls that change them."""

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
"""A policy document, parsed."""

PAGE = 1000
"""The most entries that IAM puts on a page."""


class Version(NamedTuple):
    """A version of a managed policy."""

    id: str
    created: datetime
    is_default: bool


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer-managed policy.

    Args:
        arn: Its ARN.
        path: Its path, `/` for most.
        name: Its name, of which an account has only one, whatever the path.
        document: The default version.
        versions: All versions.
        attachments: To how many users, groups and roles it is attached.
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
        name: Its name, of which an account has only one, whatever the path.
        path: Its path, `/` for most.
        inline: The names and documents of the policies that are written into it.
        attached: The ARNs of the managed policies that are attached to it.
    """

    name: str
    path: str
    inline: Mapping[str, Document]
    attached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A user, as far as policies are concerned.

    Args:
        name: Its name.
        arn: Its ARN, which can hold a path.
        inline: The names and documents of the policies that are written into it.
        attached: The ARNs of the managed policies that are attached to it.
        groups: The names of its groups.
    """

    name: str
    arn: str
    inline: Mapping[str, Document]
    attached: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything in an account that decides what a user may do.

    Args:
        users: Name → user.
        groups: Name → group.
        policies: ARN → customer-managed policy.
    """

    users: Mapping[str, User]
    groups: Mapping[str, Group]
    policies: Mapping[str, ManagedPolicy]

    def members(self, group: str) -> list[str]:
        """The names of the users in a group; IAM does not tell names apart by case."""
        wanted = group.casefold()
        return [user.name for user in self.users.values() if wanted in map(str.casefold, user.groups)]

    def holders(self, policies: Collection[str]) -> list[str]:
        """The names of the users who have a managed policy, of these ARNs, attached to themselves or to a group."""
        groups = {name for name, group in self.groups.items() if not set(policies).isdisjoint(group.attached)}
        return [
            user.name
            for user in self.users.values()
            if not set(policies).isdisjoint(user.attached) or not groups.isdisjoint(user.groups)
        ]

    def roles_with(self, policy: ManagedPolicy) -> int:
        """To how many roles a policy is attached: those that have it and are neither users nor groups."""
        holders: list[User | Group] = [*self.users.values(), *self.groups.values()]
        return policy.attachments - sum(policy.arn in holder.attached for holder in holders)

    def policy(self, name: str) -> ManagedPolicy | None:
        """The customer-managed policy of a name; IAM does not tell names apart by case."""
        return next((one for one in self.policies.values() if one.name.casefold() == name.casefold()), None)

    def group(self, name: str) -> Group | None:
        """The group of a name; IAM does not tell names apart by case."""
        return next((one for one in self.groups.values() if one.name.casefold() == name.casefold()), None)


def read_account(client: "IAMClient", signer: Signer, progress: Callable[[int], None] = lambda _: None) -> Account:
    """Read users, groups and customer-managed policies, a thousand at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

    Args:
        client: From `encee.aws.clients.Clients.iam`.
        signer: Whose request it is.
        progress: Called after each page with the number of users so far.

    Raises:
        AwsError: AWS refused, or could not be reached.
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
    listed = detail["PolicyVersionList"]
    return ManagedPolicy(
        arn=detail["Arn"],
        path=detail["Path"],
        name=detail["PolicyName"],
        document=next(_parsed(one["Document"]) for one in listed if one["IsDefaultVersion"]),
        versions=tuple(Version(one["VersionId"], one["CreateDate"], one["IsDefaultVersion"]) for one in listed),
        attachments=detail["AttachmentCount"],
    )


def _documents(policies: Iterable[Mapping[str, Any]]) -> dict[str, Document]:
    return {policy["PolicyName"]: _parsed(policy["PolicyDocument"]) for policy in policies}


def _arns(policies: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(policy["PolicyArn"] for policy in policies)


def _parsed(document: "str | Document") -> Document:
    """A document as botocore hands it over: decoded and parsed, unless it was no JSON."""
    return {} if isinstance(document, str) else document


def require_policy(client: "IAMClient", signer: Signer, arn: str) -> None:
    """Make sure that there is a managed policy.

    Raises:
        AwsError: There is none, AWS refused, or could not be reached.
    """
    with translate_errors(signer):
        client.get_policy(PolicyArn=arn)


class Change(NamedTuple):
    """A writing call of IAM.

    Args:
        action: Its name, as `CreatePolicy`.
        arguments: Its arguments, as the API's reference names them.
    """

    action: str
    arguments: Mapping[str, Any]


def apply_change(
    client: "IAMClient", signer: Signer, change: Change, unsettled: tuple[type[AwsError], ...] = ()
) -> None:
    """Make a writing call.

    Args:
        client: From `encee.aws.clients.Clients.iam`, one that repeats nothing by itself.
        signer: Whose request it is.
        change: The call.
        unsettled: The errors that only show that IAM does not know of an earlier change everywhere yet.

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    from botocore import xform_name

    send = getattr(client, xform_name(change.action))
    retry_until_consistent(lambda: retry_unsent(signer, lambda: send(**change.arguments)), unsettled)
