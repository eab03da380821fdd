"""What has to change in an account so that its users need MFA, and what takes that back; decided from what is there.

Everything that encee makes lies under the path `/encee/`. A policy or group elsewhere is somebody else's: it is
changed only when the person says so, and never deleted.

The way there and the way back stand together on purpose: whatever the one makes, the other has to find.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from encee.aws.account import Account, Change, Document, Group, ManagedPolicy, Version
from encee.aws.sts import Identity
from encee.errors import EnceeError, UsageError

PATH = "/encee/"
"""Where everything lies that encee makes."""

MFA_REQUIRED = "encee-MFARequired"
"""The policy that requires MFA; one for all groups of an account."""

_MOST_VERSIONS = 5
_MOST_ATTACHED = 10
_MOST_GROUPS = 10
_LONGEST_NAME = 128
"""Limits of IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
"""A group's name: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html"""


def ip_restriction_name(group: str) -> str:
    """The name of the policy that restricts a group to addresses."""
    return f"encee-IPRestriction-{group}"


@dataclass(frozen=True, slots=True)
class Step:
    """One change, as people read it.

    Args:
        change: The call that makes it.
        text: What it does.
        diff: For a policy that changes, the lines that go and come.
    """

    change: Change
    text: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What is to be done, in this order, and what is as wanted already."""

    steps: tuple[Step, ...]
    stays: tuple[str, ...]

    @property
    def changed_policies(self) -> frozenset[str]:
        """The ARNs of the policies that say something else afterwards, to all who have them."""
        return frozenset(self.arguments("CreatePolicyVersion", "PolicyArn"))

    def arguments(self, action: str, name: str) -> list[str]:
        """The argument of that name of each of the calls of an action."""
        changes = (step.change for step in self.steps)
        return [change.arguments[name] for change in changes if change.action == action]


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """What an administrator wants.

    Args:
        group: The name of the group whose members need MFA.
        mfa_required: The policy that requires MFA.
        restriction: The policy that restricts addresses; None leaves the one that is there, if any.
        lift: Whether to take that one away.
        attach: The ARNs of further policies for the group.
        add_users: The names of users to put into it.
        adopt: Whether a policy or group that somebody else made may be changed.
    """

    group: str
    mfa_required: Document
    restriction: Document | None = None
    lift: bool = False
    attach: tuple[str, ...] = ()
    add_users: tuple[str, ...] = ()
    adopt: bool = False


def plan_setup(account: Account, caller: Identity, wish: SetupRequest) -> AccountPlan:
    """What makes a group whose members need MFA, and what of that is there already.

    Args:
        account: The account as it is.
        caller: Who asks; tells partition and account.
        wish: What is wanted.

    Raises:
        UsageError: There is no such user, or the group's name is none or too long.
        EnceeError: Somebody else made the group or a policy, or a limit of IAM stands in the way.
    """
    if not _NAME.fullmatch(wish.group):
        raise UsageError(
            f"{wish.group} cannot be the name of a group",
            hint="it has letters of ASCII, digits and +=,.@_-, at most 128: --group NAME",
        )
    planner = _Planner(account, wish.group, adopt=wish.adopt)
    home = f"arn:{caller.partition}:iam::{caller.account}:policy{PATH}"
    arns = [planner.policy(home, MFA_REQUIRED, wish.mfa_required, "requires MFA of every member of its groups")]
    restriction = ip_restriction_name(wish.group)
    if wish.restriction is not None:
        text = f"restricts the group {wish.group} to some addresses"
        arns.append(planner.policy(home, restriction, wish.restriction, text))
    planner.group([*arns, *wish.attach])
    for user in dict.fromkeys(wish.add_users):
        planner.member(user)
    if wish.lift and (policy := account.policy(restriction)):
        planner.lift(policy)
    return planner.plan()


def plan_teardown(account: Account, group: str) -> AccountPlan:
    """What takes back what `plan_setup` made for a group; what lies elsewhere than under `/encee/` is only detached.

    Raises:
        EnceeError: The group holds policies that somebody wrote into it.
    """
    planner = _Planner(account, group)
    if found := account.group(group):
        planner.drop_group(found)
    else:
        planner.stays(f"there is no group {group}")
    for name in (ip_restriction_name(group), MFA_REQUIRED):
        if policy := account.policy(name):
            planner.drop_policy(policy)
    return planner.plan()


class _Planner:
    """Collects steps."""

    def __init__(self, account: Account, group: str, *, adopt: bool = False) -> None:
        found = account.group(group)
        self._account = account
        self._group = found.name if found else group
        self._adopt = adopt
        self._stays: list[str] = []
        self._steps: list[Step] = []
        self._detached: list[str] = []

    def stays(self, text: str) -> None:
        """Say what is as it should be, or nothing of encee's."""
        self._stays.append(text)

    def plan(self) -> AccountPlan:
        """All that was collected."""
        return AccountPlan(tuple(self._steps), tuple(self._stays))

    # ---- setup

    def policy(self, home: str, name: str, document: Document, description: str) -> str:
        """Let a policy be there with a document; `home` is what the ARN of a new one begins with. Returns its ARN."""
        if len(name) > _LONGEST_NAME:
            raise UsageError(f"the name {name} would be longer than AWS allows", hint="take a shorter --group NAME")
        text = json.dumps(document, separators=(",", ":"))
        found = self._account.policy(name)
        if found is None:
            arguments = {"PolicyName": name, "Path": PATH, "PolicyDocument": text, "Description": description}
            self._add("CreatePolicy", f"create the policy {name}, which {description}", arguments)
            return home + name
        self._refuse_foreign("policy", found.name, found.path)
        if found.document == document:
            self._stays.append(f"the policy {name} is as it should be")
            return found.arn
        if len(found.versions) >= _MOST_VERSIONS:
            others = (one for one in found.versions if not one.is_default)
            self._drop_version(found, min(others, key=lambda one: one.created))
        changed = {"PolicyArn": found.arn, "PolicyDocument": text, "SetAsDefault": True}
        difference = _compare_documents(found.document, document)
        self._add("CreatePolicyVersion", f"change the policy {name}, as a new version", changed, difference)
        return found.arn

    def group(self, arns: Sequence[str]) -> None:
        """Let the group be there, with these policies attached."""
        name = self._group
        found = self._account.group(name)
        attached = found.attached if found else ()
        missing = set(arns) - set(attached)
        if missing and len(attached) + len(missing) > _MOST_ATTACHED:
            raise EnceeError(
                f"the group {name} would have {len(attached) + len(missing)} policies attached, and AWS allows"
                f" {_MOST_ATTACHED}",
                hint=f"see which: aws iam list-attached-group-policies --group-name {name}"
                if found
                else "leave out some of --attach",
            )
        if found is None:
            self._add("CreateGroup", f"create the group {name}", {"GroupName": name, "Path": PATH})
        elif missing:
            self._refuse_foreign("group", found.name, found.path)
        for arn in dict.fromkeys(arns):
            if arn in attached:
                self._stays.append(f"the policy {_policy_name(arn)} is attached to the group {name}")
            else:
                arguments = {"GroupName": name, "PolicyArn": arn}
                self._add("AttachGroupPolicy", f"attach the policy {_policy_name(arn)} to the group {name}", arguments)

    def member(self, user: str) -> None:
        """Let a user be in the group."""
        name = self._group
        if user not in self._account.users:
            import difflib

            near = difflib.get_close_matches(user, self._account.users, n=1)
            hint = f"did you mean {near[0]}?" if near else "see the users with: aws iam list-users"
            raise UsageError(f"there is no user {user} in the account", hint=hint)
        if user in self._account.members(name):
            self._stays.append(f"{user} is in the group {name}")
        elif len(self._account.users[user].groups) >= _MOST_GROUPS:
            raise EnceeError(
                f"{user} is in {_MOST_GROUPS} groups already, and AWS allows no more",
                hint=f"see which: aws iam list-groups-for-user --user-name {user}",
            )
        else:
            if found := self._account.group(name):
                self._refuse_foreign("group", found.name, found.path)
            self._add("AddUserToGroup", f"add {user} to the group {name}", {"GroupName": name, "UserName": user})

    # ---- teardown

    def drop_group(self, group: Group) -> None:
        """Take a group of encee's away; from another one, only encee's policies."""
        ours = group.path == PATH
        if ours and group.inline:
            raise EnceeError(
                f"somebody wrote policies into the group {group.name}: {', '.join(group.inline)}",
                hint=f"delete each first: aws iam delete-group-policy --group-name {group.name} --policy-name NAME",
            )
        for user in self._account.members(group.name) if ours else ():
            arguments = {"GroupName": group.name, "UserName": user}
            self._add("RemoveUserFromGroup", f"take {user} out of the group {group.name}", arguments)
        for arn in group.attached:
            if ours or _policy_name(arn).casefold() in {
                MFA_REQUIRED.casefold(),
                ip_restriction_name(group.name).casefold(),
            }:
                self._detach(group, arn)
        if ours:
            self._add("DeleteGroup", f"delete the group {group.name}", {"GroupName": group.name})
        else:
            self._stays.append(f"the group {group.name} is somebody else's")

    def drop_policy(self, policy: ManagedPolicy) -> None:
        """Take a policy of encee's away, unless something still has it."""
        if policy.path != PATH:
            self._stays.append(f"the policy {policy.name} is somebody else's")
        elif policy.attachments > self._detached.count(policy.arn):
            self._stays.append(f"the policy {policy.name} is attached elsewhere")
        else:
            for version in policy.versions:
                if not version.is_default:
                    self._drop_version(policy, version)
            self._add("DeletePolicy", f"delete the policy {policy.name}", {"PolicyArn": policy.arn})

    def lift(self, policy: ManagedPolicy) -> None:
        """Take a policy from the group, and away."""
        group = self._account.group(self._group)
        if group is not None and policy.arn in group.attached:
            self._detach(group, policy.arn)
        self.drop_policy(policy)

    # ---- single steps

    def _detach(self, group: Group, arn: str) -> None:
        arguments = {"GroupName": group.name, "PolicyArn": arn}
        self._add("DetachGroupPolicy", f"detach the policy {_policy_name(arn)} from the group {group.name}", arguments)
        self._detached.append(arn)

    def _drop_version(self, policy: ManagedPolicy, version: Version) -> None:
        arguments = {"PolicyArn": policy.arn, "VersionId": version.id}
        self._add("DeletePolicyVersion", f"delete version {version.id} of the policy {policy.name}", arguments)

    def _refuse_foreign(self, kind: str, name: str, path: str) -> None:
        if path != PATH and not self._adopt:
            instead = "name another with --group" if kind == "group" else "delete it"
            raise EnceeError(
                f"the {kind} {name} under the path {path} was not made by encee; nothing was changed",
                hint=f"let encee change it with --adopt, or {instead}",
            )

    def _add(self, action: str, text: str, arguments: Mapping[str, object], diff: tuple[str, ...] = ()) -> None:
        self._steps.append(Step(Change(action, arguments), text, diff))


def _compare_documents(old: Document, new: Document) -> tuple[str, ...]:
    """The lines that go and come, with a little around them."""
    import difflib

    before, after = (json.dumps(document, indent=2).splitlines() for document in (old, new))
    return tuple(list(difflib.unified_diff(before, after, lineterm="", n=2))[2:])


def _policy_name(arn: str) -> str:
    """The name of a policy, of its ARN."""
    return arn.rpartition("/")[2]
