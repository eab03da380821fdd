"""Carrying out a plan for an account, step by step."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from encee.aws.accounts import carry_out
from encee.aws.signer import Signer
from encee.errors import AwsError, InterruptedByPersonError
from encee.workflows.account_plan import AccountPlan, Step

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def change_account(client: "IAMClient", signer: Signer, plan: AccountPlan, on_step: Callable[[Step], None]) -> None:
    """Make the changes of a plan, one after the other.

    Nothing is taken back when one fails: each leaves an account that is no less safe than before, and the same command
    plans again from what is there.

    Args:
        client: From `encee.aws.session.Clients.iam`, one that repeats nothing by itself.
        signer: Who signs.
        plan: What to do.
        on_step: Called with each step once it is done.

    Raises:
        AwsError: A step failed; says which, and how many were done.
        InterruptedByPersonError: Ctrl-C; says how many were done before.
    """
    again = "run the same command again: it goes on from there"
    done = 0
    try:
        for step in plan.steps:
            _take(client, signer, step, f"{done} of {len(plan.steps)} steps are done", again)
            done += 1
            on_step(step)
    except KeyboardInterrupt:
        raise InterruptedByPersonError(
            f"interrupted; {done} of {len(plan.steps)} steps are done, and perhaps the next", hint=again
        ) from None


def _take(client: "IAMClient", signer: Signer, step: Step, so_far: str, again: str) -> None:
    try:
        carry_out(client, signer, step.change)
    except AwsError as error:
        raise AwsError(
            f"could not {step.text}: {error.message}; {so_far}",
            hint=f"{error.hint}; then {again}" if error.hint else again,
        ) from error
