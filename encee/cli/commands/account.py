"""`encee account`: require MFA of a whole account."""

import shlex
from typing import Annotated, NamedTuple

import typer

from encee.aws.access_keys import list_access_keys
from encee.aws.account import read_account, require_policy
from encee.aws.credential_report import read_user_credentials
from encee.aws.policies.networks import parse_network
from encee.aws.policies.templates import build_policy
from encee.aws.public_ip import find_public_address
from encee.cli import terminal
from encee.cli.apply_plan import ApplyOptions, apply_plan, connect_administrator
from encee.cli.commands.account_audit import audit
from encee.cli.help import make_group as group_of_commands
from encee.cli.options import (
    Admin,
    Environment,
    Json,
    RefreshOptions,
    add_options,
    file_options,
    refresh_options,
    text_option,
)
from encee.errors import EnceeError, UsageError
from encee.profiles.files import AwsFiles
from encee.workflows.account.guards import find_new_restrictions, refuse_lockout, warn_about_roles, warn_about_users
from encee.workflows.account.plan import AccountPlan, SetupRequest, plan_setup, plan_teardown
from encee.workflows.account.revoke import REVOKED_SESSIONS, plan_revoke

account = group_of_commands("Require MFA of a whole account, and lock nobody out.")
account.command("audit")(audit)

Group = Annotated[
    str,
    text_option("NAME", "The group whose members need MFA.", "--group"),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


class SetupOptions(NamedTuple):
    """The options of `encee account setup` alone."""

    group: Group = "encee"
    allow_cidr: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Let the members in from these addresses only.", show_default=False),
    ] = None
    no_ip_restriction: Annotated[
        bool, typer.Option("--no-ip-restriction", help="Take the restriction to addresses away.")
    ] = False
    attach: Annotated[
        list[str] | None,
        typer.Option(metavar="POLICY_ARN", help="Attach this policy to the group as well.", show_default=False),
    ] = None
    add_user: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Put this user into the group.", show_default=False)
    ] = None
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Change a group or policy of that name which encee did not make.")
    ] = False
    my_ip: Annotated[str | None, text_option("ADDRESS", "Your public address. [default: AWS is asked]")] = None
    yes_without_mfa: Annotated[
        bool, typer.Option("--yes-without-mfa", help="Accept that a user or a role cannot use MFA yet.")
    ] = False
    yes_lock_me_out: Annotated[
        bool, typer.Option("--yes-lock-me-out", help="Accept that your own address is not among the allowed.")
    ] = False


def _apply_options(*, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> ApplyOptions:
    return ApplyOptions(dry_run, yes, json)


apply_options = add_options(_apply_options)
"""Add `--dry-run`, `--yes` and `--json`; hand the command its `ApplyOptions`."""


@account.command()
@file_options
@refresh_options
@apply_options
@add_options(SetupOptions)
def setup(
    *,
    profile: Admin,
    wanted: SetupOptions,
    apply: ApplyOptions,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Make a group whose members need MFA, and put users into it.

    Shows what is new, what changes and what stays, and asks. Running it again changes nothing. Everything that it
    makes lies under the path /encee/.
    """
    allowed = list(map(parse_network, wanted.allow_cidr or []))
    if allowed and wanted.no_ip_restriction:
        raise UsageError("--allow-cidr and --no-ip-restriction contradict each other", hint="leave one of them out")
    who = connect_administrator(profile, environment, files, options)
    present = read_account(who.iam, who.signer)
    for arn in set(wanted.attach or ()) - present.policies.keys():
        require_policy(who.iam, who.signer, arn)
    plan = plan_setup(present, who.caller, _build_request(wanted, who.caller.partition))

    def check() -> None:
        gained = find_new_restrictions(present, plan, wanted.group, who.caller.user)
        if (allowed or gained) and not wanted.yes_lock_me_out:
            refuse_lockout(allowed, gained, wanted.my_ip or find_public_address())
        callers = [who.caller.user] if who.caller.user else []
        others = present.holders(plan.changed_policies)
        touched = dict.fromkeys([*(wanted.add_user or ()), *present.members(wanted.group), *others, *callers])
        users = [read_user_credentials(who.iam, who.signer, name) for name in touched]
        doubts = [*warn_about_users(users, environment.clock()), *warn_about_roles(present, plan)]
        _refuse_doubts(doubts, accepted=wanted.yes_without_mfa)

    if apply_plan(who, plan, apply, check):
        terminal.say("each member enrolls a device once: encee device enroll PROFILE")


def _build_request(wanted: SetupOptions, partition: str) -> SetupRequest:
    restriction = None
    if wanted.allow_cidr:
        restriction = build_policy("ip-restriction", partition=partition, allow_cidrs=wanted.allow_cidr)
    return SetupRequest(
        group=wanted.group,
        mfa_required=build_policy("mfa-required", partition=partition),
        restriction=restriction,
        lift=wanted.no_ip_restriction,
        attach=tuple(wanted.attach or ()),
        add_users=tuple(wanted.add_user or ()),
        adopt=wanted.adopt,
    )


def _refuse_doubts(found: list[str], *, accepted: bool) -> None:
    """Show the warnings, and refuse unless they are accepted.

    Raises:
        EnceeError: There is somebody, and it is not accepted.
    """
    for doubt in found:
        terminal.warn(doubt)
    if found and not accepted:
        raise EnceeError(
            "this would leave somebody open or lock somebody out; nothing was changed",
            hint="mend that first (a user enrolls a device), or accept it with --yes-without-mfa",
        )


@account.command()
@file_options
@refresh_options
@apply_options
def teardown(
    *,
    profile: Admin,
    group: Group = "encee",
    apply: ApplyOptions,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Take back what setup made for a group.

    The group and its policies go when encee made them; what lies elsewhere than under /encee/ is only detached. The
    policy that requires MFA stays while anything else has it.
    """
    who = connect_administrator(profile, environment, files, options)
    plan = plan_teardown(read_account(who.iam, who.signer), group)
    apply_plan(who, plan, apply)


@account.command()
@file_options
@refresh_options
@apply_options
def revoke(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user whose key or session was stolen.")],
    *,
    profile: Admin,
    sessions_only: Annotated[
        bool, typer.Option("--sessions-only", help="End the sessions only; the access keys stay as they are.")
    ] = False,
    apply: ApplyOptions,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """End the keys and the sessions of a user, after a theft.

    Its access keys become inactive, and a policy in the user denies everything to sessions from before now. Sessions
    of roles that it has assumed already are the roles' and live on. --sessions-only leaves the keys active, as after
    a rotation, and the user refreshes.
    """
    who = connect_administrator(profile, environment, files, options)

    def plan() -> AccountPlan:
        keys = list_access_keys(who.iam, who.signer, user)  # also a check of the user's name
        active = [] if sessions_only else [key.id for key in keys if key.active]
        return plan_revoke(user, active, who.clock() or environment.clock())

    if user == who.caller.user and not sessions_only:
        terminal.warn(f"you sign as {user} yourself: only another administrator, or the root user, can undo it")
    if apply_plan(who, plan(), apply, plan_again=plan):
        if sessions_only:
            terminal.say(f"{user} can refresh in half a minute; to undo it, when the old sessions have expired:")
        else:
            terminal.say("to undo it, when the user has a new key:")
        session_profile = files.catalog().session_profiles.get(who.signer.profile, who.signer.profile)
        words = ["aws", "--profile", session_profile, "iam", "delete-user-policy"]
        terminal.say(f"  {shlex.join([*words, '--user-name', user, '--policy-name', REVOKED_SESSIONS])}")
