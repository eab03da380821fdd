"""Carrying out a plan for an account, step by step."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from encee.aws.accounts import carry_out
from encee.aws.signer import Signer
from encee.errors import AwsError
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
    """
    for done, step in enumerate(plan.steps):
        try:
            carry_out(client, signer, step.change)
        except AwsError as error:
            again = "run the same command again: it goes on from there"
            raise AwsError(
                f"could not {step.text}: {error.message}; {done} of {len(plan.steps)} steps are done",
                hint=f"{error.hint}; then {again}" if error.hint else again,
            ) from error
        on_step(step)
