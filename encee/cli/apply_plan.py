"""Show a plan for an account, ask for confirmation, and apply the plan."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from encee.aws.clients import Clients
from encee.aws.signer import Signer
from encee.aws.sts import Identity, get_caller_identity
from encee.cli import prompts, terminal
from encee.cli.options import Environment, RefreshOptions
from encee.cli.signers import find_administrator
from encee.errors import EnceeError, UsageError
from encee.profiles.files import AwsFiles
from encee.workflows.account.apply import change_account
from encee.workflows.account.plan import AccountPlan, Step

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class Administrator(NamedTuple):
    """The administrator of an account.

    Args:
        signer: The credentials.
        caller: The identity of the credentials at AWS.
        iam: A client for reading.
        writing: A client without retries, for changes.
    """

    signer: Signer
    caller: Identity
    iam: "IAMClient"
    writing: "IAMClient"

    def clock(self) -> datetime | None:
        """Return the current time of AWS, UTC; None if AWS does not send it."""
        return get_caller_identity(Clients(terminal.warn).sts(self.signer), self.signer).date


def connect_administrator(
    profile: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions
) -> Administrator:
    """Get credentials for a profile and ask AWS for the identity.

    Raises:
        EnceeError: Credentials are not available.
    """
    signer = find_administrator(profile, environment, files, refresh_options)
    clients = Clients(terminal.warn)
    caller = get_caller_identity(clients.sts(signer), signer)
    return Administrator(signer, caller, clients.iam(signer), clients.iam(signer, attempts=1))


class ApplyOptions(NamedTuple):
    """How to apply a plan.

    Args:
        dry_run: Whether only to show it.
        yes: Whether to apply it without asking.
        json: Whether to print one object with the steps, and which are done.
    """

    dry_run: bool
    yes: bool
    json: bool


def apply_plan(
    administrator: Administrator,
    plan: AccountPlan,
    options: ApplyOptions,
    check: Callable[[], None] = lambda: None,
    plan_again: Callable[[], AccountPlan] | None = None,
) -> bool:
    """Show a plan, ask for confirmation, and apply the plan.

    Args:
        administrator: The administrator of the account.
        plan: The steps.
        options: How to apply it.
        check: Called before the question; raises an error if the plan must not be applied.
        plan_again: Returns the plan for the time after the answer, if it depends on the time.

    Returns:
        False if steps are left to do, since they were only shown.

    Raises:
        UsageError: The user cannot be asked.
        EnceeError: The user declines, `check` raises, or a step fails.
    """
    done: list[Step] = []
    error: EnceeError | None = None
    try:
        with terminal.redirect_to_terminal(bool(plan.steps) and not options.dry_run and not options.yes):
            _show(administrator.caller, plan)
        if plan.steps:
            check()
        if plan.steps and not options.dry_run:
            _confirm(options)
            if plan_again is not None:
                plan = plan_again()
            change_account(administrator.writing, administrator.signer, plan, lambda step: _report_done(step, done))
    except EnceeError as failure:
        error = failure
        raise
    finally:
        if options.json:
            terminal.print_json(_as_json(administrator.caller, plan, done, error))
    return not options.dry_run or not plan.steps


def _show(caller: Identity, plan: AccountPlan) -> None:
    terminal.say(f"account {caller.account}, signed by {caller.arn}:")
    for text in plan.stays:
        terminal.say(f"  stays   {text}")
    for step in plan.steps:
        terminal.say(f"  to do   {step.text}")
        for line in step.diff:
            terminal.say(f"            {line}")
    if not plan.steps:
        terminal.say("nothing has to be changed")


def _confirm(options: ApplyOptions) -> None:
    if options.yes:
        return
    if not terminal.has_terminal():
        raise UsageError("there is no terminal to ask whether to do this", hint="add --yes")
    if not prompts.confirm("do all this?", default=False):
        raise EnceeError("nothing was changed")


def _report_done(step: Step, done: list[Step]) -> None:
    done.append(step)
    terminal.say(f"  done    {step.text}")


def _as_json(caller: Identity, plan: AccountPlan, done: Sequence[Step], error: EnceeError | None) -> dict[str, Any]:
    return {
        "account": caller.account,
        "caller": caller.arn,
        "stays": list(plan.stays),
        "steps": [
            {
                "action": f"iam:{step.change.action}",
                "arguments": dict(step.change.arguments),
                "text": step.text,
                "done": step in done,
            }
            for step in plan.steps
        ],
        "error": error and terminal.error_as_json(error),
    }
