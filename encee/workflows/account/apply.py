"""Carry out a plan for an account, step by step."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from encee.aws.account import apply_change
from encee.aws.errors import InUseError, MissingError
from encee.aws.signer import Signer
from encee.errors import AwsError, InterruptedByPersonError
from encee.workflows.account.plan import AccountPlan, Step

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_CREATING = {"CreatePolicy", "CreateGroup"}
_RELEASING = {"DetachGroupPolicy", "RemoveUserFromGroup", "DeletePolicyVersion"}

_AGAIN = "run the same command again: it continues from there"


def change_account(client: "IAMClient", signer: Signer, plan: AccountPlan, on_step: Callable[[Step], None]) -> None:
    """Make the changes of a plan, one after the other.

    After an error, the steps before it stay done: the account is as safe as before, and the same command continues.

    Args:
        client: From `encee.aws.clients.Clients.iam`, with one attempt.

    Raises:
        AwsError: A step failed; the message names it and the number of steps that are done.
        InterruptedByPersonError: Ctrl-C; the message has the number of steps that are done.
    """
    done: list[Step] = []
    total = len(plan.steps)
    try:
        for step in plan.steps:
            try:
                apply_change(client, signer, step.change, _errors_to_retry(done))
            except AwsError as error:
                raise AwsError(
                    f"could not {step.text}: {error.message}; {len(done)} of {total} steps are done",
                    hint=f"{error.hint}; then {_AGAIN}" if error.hint else _AGAIN,
                ) from error
            done.append(step)
            on_step(step)
    except KeyboardInterrupt:
        raise InterruptedByPersonError(
            f"interrupted; {len(done)} of {total} steps are done, and perhaps the next", hint=_AGAIN
        ) from None


def _errors_to_retry(done: Sequence[Step]) -> tuple[type[AwsError], ...]:
    """Return the errors of AWS while it has not propagated the steps before."""
    actions = {step.change.action for step in done}
    errors = ((MissingError, _CREATING), (InUseError, _RELEASING))
    return tuple(error for error, causes in errors if causes & actions)
