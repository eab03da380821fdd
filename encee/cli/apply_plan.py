"""A plan for an account as a person meets it: shown, asked about, carried out, told."""

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
    """Who administers an account.

    Args:
        signer: Who signs.
        caller: The same, as AWS sees them.
        iam: A client of IAM, to read with.
        writing: A client that repeats nothing by itself.
    """

    signer: Signer
    caller: Identity
    iam: "IAMClient"
    writing: "IAMClient"

    def clock(self) -> datetime | None:
        """The present moment by AWS's clock, UTC; None where AWS does not say.

        Raises:
            AwsError: AWS could not be reached.
        """
        return get_caller_identity(Clients(terminal.warn).sts(self.signer), self.signer).date


def connect_administrator(
    profile: str, environment: Environment, files: AwsFiles, how: RefreshOptions
) -> Administrator:
    """Who administers with a profile.

    Raises:
        EnceeError: There are no credentials, and none are to be had.
    """
    signer = find_administrator(profile, environment, files, how)
    clients = Clients(terminal.warn)
    caller = get_caller_identity(clients.sts(signer), signer)
    return Administrator(signer, caller, clients.iam(signer), clients.iam(signer, attempts=1))


class ApplyOptions(NamedTuple):
    """How a plan is to be carried out.

    Args:
        dry_run: `--dry-run`: it is only shown.
        yes: `--yes`: nobody is asked.
        json: `--json`: one object on stdout tells what was planned and done.
    """

    dry_run: bool
    yes: bool
    json: bool


def apply_plan(
    who: Administrator,
    plan: AccountPlan,
    manner: ApplyOptions,
    check: Callable[[], None] = lambda: None,
    anew: Callable[[], AccountPlan] | None = None,
) -> bool:
    """Show a plan, ask, and carry it out.

    Args:
        who: Who signs.
        plan: What to do.
        manner: How.
        check: Called when the plan has been shown and before anybody is asked; raises what stands in the way.
        anew: Makes the plan again once it is agreed to, for one that the time of an open question makes stale.

    Returns:
        Whether everything is as wanted now.

    Raises:
        UsageError: There is nobody to ask, and `--yes` is missing.
        EnceeError: The person answers no, `check` raises it, or a step fails.
    """
    done: list[Step] = []
    error: EnceeError | None = None
    try:
        with terminal.redirect_to_terminal(bool(plan.steps) and not manner.dry_run and not manner.yes):
            _show(who.caller, plan)
        if plan.steps:
            check()
        if plan.steps and not manner.dry_run:
            _ask(manner)
            if anew is not None:
                plan = anew()
            change_account(who.writing, who.signer, plan, lambda step: _tell(step, done))
    except EnceeError as failure:
        error = failure
        raise
    finally:
        if manner.json:
            terminal.print_json(_as_json(who.caller, plan, done, error))
    return not manner.dry_run or not plan.steps


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


def _ask(manner: ApplyOptions) -> None:
    if manner.yes:
        return
    if not terminal.has_terminal():
        raise UsageError("there is no terminal to ask whether to do this", hint="add --yes")
    if not prompts.confirm("do all this?", default=False):
        raise EnceeError("nothing was changed")


def _tell(step: Step, done: list[Step]) -> None:
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
