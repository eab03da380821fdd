"""Carrying out a plan for an account, step by step."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from encee.aws.account import apply_change
from encee.aws.errors import InUseError, MissingError
from encee.aws.signer import Signer
from encee.errors import AwsError, InterruptedByPersonError
from encee.workflows.account.plan import AccountPlan, Step

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_MAKES = {"CreatePolicy", "CreateGroup"}
"""What the steps that follow need."""

_FREES = {"DetachGroupPolicy", "RemoveUserFromGroup", "DeletePolicyVersion"}
"""What lets something else be deleted."""

_AGAIN = "run the same command again: it continues from there"


def change_account(client: "IAMClient", signer: Signer, plan: AccountPlan, on_step: Callable[[Step], None]) -> None:
    """Make the changes of a plan, one after the other.

    Nothing is undone when one fails: each leaves an account that is as safe as before, and the same command
    plans again from what is there.

    Args:
        client: From `encee.aws.clients.Clients.iam`, one that repeats nothing by itself.
        signer: Who signs.
        plan: What to do.
        on_step: Called with each step once it is done.

    Raises:
        AwsError: A step failed; says which, and how many were done.
        InterruptedByPersonError: Ctrl-C; says how many were done before.
    """
    done: list[Step] = []

    def so_far() -> str:
        return f"{len(done)} of {len(plan.steps)} steps are done"

    try:
        for step in plan.steps:
            try:
                apply_change(client, signer, step.change, _errors_to_retry(done))
            except AwsError as error:
                raise AwsError(
                    f"could not {step.text}: {error.message}; {so_far()}",
                    hint=f"{error.hint}; then {_AGAIN}" if error.hint else _AGAIN,
                ) from error
            done.append(step)
            on_step(step)
    except KeyboardInterrupt:
        raise InterruptedByPersonError(f"interrupted; {so_far()}, and perhaps the next", hint=_AGAIN) from None


def _errors_to_retry(done: Sequence[Step]) -> tuple[type[AwsError], ...]:
    """What AWS may answer to the next step for the one reason that these were taken just now."""
    taken = {step.change.action for step in done}
    return tuple(error for error, actions in ((MissingError, _MAKES), (InUseError, _FREES)) if actions & taken)
