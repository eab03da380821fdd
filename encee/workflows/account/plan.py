"""Plan the changes after which the users of an account need MFA, and back.

Everything that encee creates has the path `/encee/`. A policy or group with another path is changed only with the
user's consent, and never deleted. Setup and teardown are in one file because teardown has to find all that setup
creates.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from encee.aws.account import Account, Change, Document, Group, ManagedPolicy, Version
from encee.aws.sts import Identity
from encee.errors import EnceeError, UsageError

PATH = "/encee/"
"""The path of everything that encee creates."""

MFA_REQUIRED = "encee-MFARequired"
"""The policy that requires MFA, for all groups of an account."""

_MOST_VERSIONS = 5
_MOST_ATTACHED = 10
_MOST_GROUPS = 10
_LONGEST_NAME = 128
"""Limits of IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
"""A group's name: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html"""


def ip_restriction_name(group: str) -> str:
    """Return the name of the policy that restricts a group to addresses."""
    return f"encee-IPRestriction-{group}"


@dataclass(frozen=True, slots=True)
class Step:
    """A change, as a call of AWS and in words.

    Args:
        diff: For a changed policy, the removed and added lines.
    """

    change: Change
    text: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """The changes, in this order, and a line for each thing that stays as it is."""

    steps: tuple[Step, ...]
    stays: tuple[str, ...]

    @property
    def changed_policies(self) -> frozenset[str]:
        """The ARNs of the policies whose content changes."""
        return frozenset(self.arguments("CreatePolicyVersion", "PolicyArn"))

    def arguments(self, action: str, name: str) -> list[str]:
        """Return an argument of each call of an action."""
        changes = (step.change for step in self.steps)
        return [change.arguments[name] for change in changes if change.action == action]


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """The wanted state of a group.

    Args:
        group: The name of the group whose members need MFA.
        restriction: The policy that restricts addresses; None leaves an existing one.
        lift: Whether to remove the existing one.
        attach: The ARNs of further policies for the group.
        adopt: Whether a policy or group with another path may be changed.
    """

    group: str
    mfa_required: Document
    restriction: Document | None = None
    lift: bool = False
    attach: tuple[str, ...] = ()
    add_users: tuple[str, ...] = ()
    adopt: bool = False


def plan_setup(account: Account, caller: Identity, request: SetupRequest) -> AccountPlan:
    """Plan a group whose members need MFA."""
    if not _NAME.fullmatch(request.group):
        raise UsageError(
            f"{request.group} cannot be the name of a group",
            hint="name it with ASCII letters, digits and +=,.@_-, 128 at most: --group NAME",
        )
    planner = _Planner(account, request.group, adopt=request.adopt)
    prefix = f"arn:{caller.partition}:iam::{caller.account}:policy{PATH}"
    description = "requires MFA of every member of its groups"
    arns = [planner.ensure_policy(prefix, MFA_REQUIRED, request.mfa_required, description)]
    restriction = ip_restriction_name(request.group)
    if request.restriction is not None:
        description = f"restricts the group {request.group} to some addresses"
        arns.append(planner.ensure_policy(prefix, restriction, request.restriction, description))
    planner.ensure_group([*arns, *request.attach])
    for user in dict.fromkeys(request.add_users):
        planner.ensure_member(user)
    if request.lift and (policy := account.policy(restriction)):
        planner.delete_policy(policy)
    return planner.plan()


def plan_teardown(account: Account, group: str) -> AccountPlan:
    """Plan what undoes `plan_setup` for a group."""
    planner = _Planner(account, group)
    if existing := account.group(group):
        planner.delete_group(existing)
    else:
        planner.stays.append(f"there is no group {group}")
    for name in (ip_restriction_name(group), MFA_REQUIRED):
        if policy := account.policy(name):
            planner.delete_policy(policy)
    return planner.plan()


class _Planner:
    """Collects the steps for a group.

    Attributes:
        stays: A line for each thing that stays as it is.
    """

    def __init__(self, account: Account, group: str, *, adopt: bool = False) -> None:
        self._account = account
        self._group = account.group(group)
        self._name = self._group.name if self._group else group
        self._adopt = adopt
        self._steps: list[Step] = []
        self._detached: list[str] = []
        self.stays: list[str] = []

    def plan(self) -> AccountPlan:
        """Return the collected steps."""
        return AccountPlan(tuple(self._steps), tuple(self.stays))

    # ---- setup

    def ensure_policy(self, prefix: str, name: str, document: Document, description: str) -> str:
        """Create a policy, or change its document; return its ARN.

        Args:
            prefix: The ARN of a new policy, without its name.
            description: What the policy does, as a verb with its object.
        """
        if len(name) > _LONGEST_NAME:
            raise UsageError(f"the name {name} would be longer than AWS allows", hint="take a shorter --group NAME")
        text = json.dumps(document, separators=(",", ":"))
        policy = self._account.policy(name)
        if policy is None:
            arguments = {"PolicyName": name, "Path": PATH, "PolicyDocument": text, "Description": description}
            self._add("CreatePolicy", f"create the policy {name}, which {description}", arguments)
            return prefix + name
        self._refuse_foreign("policy", policy.name, policy.path)
        if policy.document == document:
            self.stays.append(f"the policy {name} is up to date")
            return policy.arn
        if len(policy.versions) >= _MOST_VERSIONS:
            others = (version for version in policy.versions if not version.is_default)
            self._delete_version(policy, min(others, key=lambda version: version.created))
        change = {"PolicyArn": policy.arn, "PolicyDocument": text, "SetAsDefault": True}
        diff = _compare_documents(policy.document, document)
        self._add("CreatePolicyVersion", f"change the policy {name}, as a new version", change, diff)
        return policy.arn

    def ensure_group(self, arns: Sequence[str]) -> None:
        """Create the group, and attach policies."""
        attached = self._group.attached if self._group else ()
        missing = set(arns) - set(attached)
        if missing and len(attached) + len(missing) > _MOST_ATTACHED:
            raise EnceeError(
                f"the group {self._name} would have {len(attached) + len(missing)} policies attached, and AWS allows"
                f" {_MOST_ATTACHED}",
                hint=f"aws iam list-attached-group-policies --group-name {self._name}"
                if self._group
                else "leave out some of --attach",
            )
        if self._group is None:
            self._add("CreateGroup", f"create the group {self._name}", {"GroupName": self._name, "Path": PATH})
        elif missing:
            self._refuse_foreign("group", self._group.name, self._group.path)
        for arn in dict.fromkeys(arns):
            name = _policy_name(arn)
            if arn in attached:
                self.stays.append(f"the policy {name} is attached to the group {self._name}")
            else:
                arguments = {"GroupName": self._name, "PolicyArn": arn}
                self._add("AttachGroupPolicy", f"attach the policy {name} to the group {self._name}", arguments)

    def ensure_member(self, user: str) -> None:
        """Add a user to the group."""
        name = self._name
        if user not in self._account.users:
            import difflib

            similar = difflib.get_close_matches(user, self._account.users, n=1)
            hint = f"name the user: --add-user {similar[0]}" if similar else "aws iam list-users"
            raise UsageError(f"there is no user {user} in the account", hint=hint)
        if user in self._account.members(name):
            self.stays.append(f"{user} is in the group {name}")
        elif len(self._account.users[user].groups) >= _MOST_GROUPS:
            raise EnceeError(
                f"{user} is in {_MOST_GROUPS} groups already, and AWS allows no more",
                hint=f"aws iam list-groups-for-user --user-name {user}",
            )
        else:
            if self._group:
                self._refuse_foreign("group", name, self._group.path)
            self._add("AddUserToGroup", f"add {user} to the group {name}", {"GroupName": name, "UserName": user})

    # ---- teardown

    def delete_group(self, group: Group) -> None:
        """Delete a group that encee created."""
        ours = group.path == PATH
        if ours and group.inline:
            raise EnceeError(
                f"the group {group.name} has inline policies, which encee did not create: {', '.join(group.inline)}",
                hint="delete each first: "
                f"aws iam delete-group-policy --group-name {group.name} --policy-name {next(iter(group.inline))}",
            )
        if not ours:
            self.stays.append(f"encee did not create the group {group.name}")
            return
        for user in self._account.members(group.name):
            arguments = {"GroupName": group.name, "UserName": user}
            self._add("RemoveUserFromGroup", f"take {user} out of the group {group.name}", arguments)
        for arn in group.attached:
            self._detach(group, arn)
        self._add("DeleteGroup", f"delete the group {group.name}", {"GroupName": group.name})

    def delete_policy(self, policy: ManagedPolicy) -> None:
        """Detach a policy; delete it if encee created it and nothing else has it."""
        if self._group and policy.arn in self._group.attached and policy.arn not in self._detached:
            self._detach(self._group, policy.arn)
        if policy.path != PATH:
            self.stays.append(f"encee did not create the policy {policy.name}")
        elif policy.attachments > self._detached.count(policy.arn):
            self.stays.append(f"the policy {policy.name} is attached elsewhere")
        else:
            for version in policy.versions:
                if not version.is_default:
                    self._delete_version(policy, version)
            self._add("DeletePolicy", f"delete the policy {policy.name}", {"PolicyArn": policy.arn})

    # ---- single steps

    def _detach(self, group: Group, arn: str) -> None:
        arguments = {"GroupName": group.name, "PolicyArn": arn}
        self._add("DetachGroupPolicy", f"detach the policy {_policy_name(arn)} from the group {group.name}", arguments)
        self._detached.append(arn)

    def _delete_version(self, policy: ManagedPolicy, version: Version) -> None:
        arguments = {"PolicyArn": policy.arn, "VersionId": version.id}
        self._add("DeletePolicyVersion", f"delete version {version.id} of the policy {policy.name}", arguments)

    def _refuse_foreign(self, kind: str, name: str, path: str) -> None:
        if path != PATH and not self._adopt:
            raise EnceeError(
                f"the {kind} {name} under the path {path} was not made by encee; nothing was changed",
                hint=f"add --adopt to change this {kind}",
            )

    def _add(self, action: str, text: str, arguments: Mapping[str, object], diff: tuple[str, ...] = ()) -> None:
        self._steps.append(Step(Change(action, arguments), text, diff))


def _compare_documents(old: Document, new: Document) -> tuple[str, ...]:
    import difflib

    before, after = (json.dumps(document, indent=2).splitlines() for document in (old, new))
    return tuple(list(difflib.unified_diff(before, after, lineterm="", n=2))[2:])


def _policy_name(arn: str) -> str:
    return arn.rpartition("/")[2]
