"""Whether a policy locks somebody out by the address that requests come from."""

from encee.aws.policies.document import Policy, Statement, statements
from encee.aws.policies.evaluate import Circumstances, Outcome, Principal, Request, Signed, context_of, evaluate

_SOURCE_IP = "aws:sourceip"

_WAY_BACK = "iam:RemoveUserFromGroup"
"""Who may still do this is not locked out."""


def restriction(policy: Policy) -> Policy | None:
    """The part of a policy that denies something by the address; None where there is none."""
    bodies = [statement.body for statement in statements(policy) if _denies_by_address(statement)]
    return Policy(policy.name, {**policy.document, "Statement": bodies}) if bodies else None


def _denies_by_address(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(key.lower() == _SOURCE_IP for _, key, _ in statement.conditions())


def locks_out(policy: Policy, user: Principal, address: str) -> bool | None:
    """Whether a policy keeps a user who signs with MFA from taking back what gave them the policy.

    Args:
        policy: From `restriction`.
        user: The user.
        address: The address that AWS sees.

    Returns:
        None where it hangs on something that encee does not know.
    """
    circumstances = Circumstances(Signed.MFA, source_ip=address)
    resource = f"arn:{user.partition}:iam::{user.account}:group/any"
    verdict = evaluate([policy], Request(_WAY_BACK, resource, context_of(user, circumstances)))
    return None if verdict.outcome is Outcome.UNKNOWN else verdict.outcome is Outcome.DENIED
