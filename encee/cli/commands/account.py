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

account = group_of_commands("Audit an account, require MFA in it, revoke keys.")
account.command("audit")(audit)

Group = Annotated[
    str,
    text_option("NAME", "The group whose members need MFA.", "--group"),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]


class SetupOptions(NamedTuple):
    """The options of `encee account setup` alone."""

    group: Group = "encee"
    allow_cidr: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Allow the members access from this network only.", show_default=False),
    ] = None
    no_ip_restriction: Annotated[
        bool, typer.Option("--no-ip-restriction", help="Remove the restriction to networks.")
    ] = False
    attach: Annotated[
        list[str] | None,
        typer.Option(metavar="POLICY_ARN", help="Attach this policy to the group, too.", show_default=False),
    ] = None
    add_user: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Add this user to the group.", show_default=False)
    ] = None
    adopt: Annotated[bool, typer.Option("--adopt", help="Change a group or policy that encee did not create.")] = False
    my_ip: Annotated[str | None, text_option("ADDRESS", "Your public address. [default: the one that AWS sees]")] = None
    yes_without_mfa: Annotated[
        bool, typer.Option("--yes-without-mfa", help="Accept that a user or a role cannot use MFA yet.")
    ] = False
    yes_lock_me_out: Annotated[
        bool, typer.Option("--yes-lock-me-out", help="Accept that your own address is not allowed.")
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
    """Create a group whose members need MFA, and add users to it.

    It shows what it would create, change and keep, and asks for confirmation. It skips steps that are already done.
    Everything that it creates has the path /encee/.

    Examples:
        $ encee account setup --profile admin --add-user jane --dry-run
        $ encee account setup --profile admin --add-user jane
        $ encee account setup --profile admin --allow-cidr 203.0.113.0/24
    """
    allowed = list(map(parse_network, wanted.allow_cidr or []))
    if allowed and wanted.no_ip_restriction:
        raise UsageError("--allow-cidr and --no-ip-restriction contradict each other", hint="leave one of them out")
    administrator = connect_administrator(profile, environment, files, options)
    present = read_account(administrator.iam, administrator.signer)
    for arn in set(wanted.attach or ()) - present.policies.keys():
        require_policy(administrator.iam, administrator.signer, arn)
    plan = plan_setup(present, administrator.caller, _build_request(wanted, administrator.caller.partition))

    def check() -> None:
        gained = find_new_restrictions(present, plan, wanted.group, administrator.caller.user)
        if (allowed or gained) and not wanted.yes_lock_me_out:
            refuse_lockout(allowed, gained, wanted.my_ip or find_public_address())
        callers = [administrator.caller.user] if administrator.caller.user else []
        others = present.holders(plan.changed_policies)
        touched = dict.fromkeys([*(wanted.add_user or ()), *present.members(wanted.group), *others, *callers])
        users = [read_user_credentials(administrator.iam, administrator.signer, name) for name in touched]
        warnings = [*warn_about_users(users, environment.clock()), *warn_about_roles(present, plan)]
        _require_acceptance(warnings, accepted=wanted.yes_without_mfa)

    if apply_plan(administrator, plan, apply, check):
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


def _require_acceptance(warnings: list[str], *, accepted: bool) -> None:
    """Show the warnings, and refuse unless they are accepted.

    Raises:
        EnceeError: There is a warning that is not accepted.
    """
    for warning in warnings:
        terminal.warn(warning)
    if warnings and not accepted:
        raise EnceeError(
            "some users would be unprotected or locked out; nothing was changed",
            hint="fix that first (a user enrolls a device), or accept it with --yes-without-mfa",
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
    """Remove what setup created for a group.

    It deletes the group and its policies if encee created them, and only detaches other policies. The policy that
    requires MFA stays while it is attached elsewhere.

    Examples:
        $ encee account teardown --profile admin --dry-run
        $ encee account teardown --profile admin
    """
    administrator = connect_administrator(profile, environment, files, options)
    plan = plan_teardown(read_account(administrator.iam, administrator.signer), group)
    apply_plan(administrator, plan, apply)


@account.command()
@file_options
@refresh_options
@apply_options
def revoke(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user whose key or session was stolen.")],
    *,
    profile: Admin,
    sessions_only: Annotated[
        bool, typer.Option("--sessions-only", help="Revoke the sessions only; keep the access keys active.")
    ] = False,
    apply: ApplyOptions,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Revoke the access keys and sessions of a user.

    For stolen credentials. It deactivates the user's access keys, and denies everything to the user's present sessions
    with an inline policy. Sessions of roles that the user has assumed stay valid until they expire. With
    --sessions-only, the user can refresh at once, as after a rotation.

    Examples:
        $ encee account revoke jane --profile admin
        $ encee account revoke jane --profile admin --sessions-only
    """
    administrator = connect_administrator(profile, environment, files, options)

    def plan() -> AccountPlan:
        keys = list_access_keys(administrator.iam, administrator.signer, user)  # also a check of the user's name
        active = [] if sessions_only else [key.id for key in keys if key.active]
        return plan_revoke(user, active, administrator.clock() or environment.clock())

    if user == administrator.caller.user and not sessions_only:
        terminal.warn(f"you sign as {user} yourself: only another administrator, or the root user, can undo it")
    if apply_plan(administrator, plan(), apply, plan_again=plan):
        if sessions_only:
            terminal.say(f"{user} can refresh in half a minute; to undo it, when the old sessions have expired:")
        else:
            terminal.say("to undo it, when the user has a new key:")
        session_profile = files.catalog().session_profiles.get(
            administrator.signer.profile, administrator.signer.profile
        )
        words = ["aws", "--profile", session_profile, "iam", "delete-user-policy"]
        terminal.say(f"  {shlex.join([*words, '--user-name', user, '--policy-name', REVOKED_SESSIONS])}")
