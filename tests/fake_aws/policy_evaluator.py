"""Whether policies allow a request, as AWS's documentation describes it.

Sources, in https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_evaluation-logic (and its pages on
policies within an account and on explicit and implicit deny), access_policies_boundaries,
reference_policies_elements_action, _notaction, _resource, _notresource, _principal, _notprincipal. This module imports
nothing of the product, so that it can disagree with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tests.fake_aws.policy_conditions import conditions_match
from tests.fake_aws.policy_patterns import UndocumentedError, action_matches, resource_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set as AbstractSet

    from tests.fake_aws.policy_patterns import Context

Document: TypeAlias = Mapping[str, Any]
VARIABLES_SINCE = "2012-10-17"
THROUGH = frozenset({"account", "role"})


class Effect(Enum):
    """What policies say: an explicit deny overrides an allow, and what is not allowed is implicitly denied."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


class Request(NamedTuple):
    """What policies are evaluated against.

    `principal` is the caller's ARN, `principal_id` its unique ID. `resource` is an ARN, or "*" for an action that
    takes no resource. `context` maps condition keys in lower case to their values.
    """

    principal: str
    principal_id: str
    action: str
    resource: str
    context: Context


class Decision(NamedTuple):
    """The effect, and the kind of policy that decides: "identity-based", "permissions boundary", "trust policy"."""

    effect: Effect
    policy_type: str


def evaluate(
    request: Request, identity_policies: Sequence[Document], boundaries: Sequence[Document] | None = None
) -> Decision:
    """Decide on a request that no resource-based policy is about.

    access_policies_boundaries: what identity-based policies allow, a boundary has to allow too.

    Args:
        request: the request.
        identity_policies: the policies of the user and its groups, or of the role.
        boundaries: the permissions boundary of the user or the role; None where it has none.
    """
    identity = _effect(identity_policies, request)
    boundary = Effect.ALLOW if boundaries is None else _effect(boundaries, request)
    if identity is Effect.EXPLICIT_DENY or boundary is Effect.ALLOW:
        return Decision(identity, "identity-based")
    if boundary is Effect.EXPLICIT_DENY or identity is Effect.ALLOW:
        return Decision(boundary, "permissions boundary")
    return Decision(identity, "identity-based")


def evaluate_trust(
    request: Request,
    trust_policy: Document,
    identity_policies: Sequence[Document],
    boundaries: Sequence[Document] | None = None,
) -> Decision:
    """Decide on sts:AssumeRole, whose resource is the role that has the trust policy.

    A trust policy always has to allow it. In the role's own account, a trust policy that names the caller is enough;
    one that names the role of the caller's session is limited by that role's boundary; one that names the account
    leaves it to the caller's policies. Across accounts, both have to allow it
    (reference_policies_evaluation-logic_policy-eval-basics-single-account, reference_policies_elements_principal,
    access_policies_boundaries).
    """
    trust = _effect([trust_policy], request)
    own = evaluate(request, identity_policies, boundaries)
    if own.effect is Effect.EXPLICIT_DENY:
        return own
    if trust is not Effect.ALLOW:
        return Decision(trust, "trust policy")
    if _account(request.principal) == _account(request.resource):
        if _effect([trust_policy], request, through=frozenset()) is Effect.ALLOW:
            return Decision(trust, "trust policy")
        if _effect([trust_policy], request, through=frozenset({"role"})) is Effect.ALLOW:
            boundary = Effect.ALLOW if boundaries is None else _effect(boundaries, request)
            return Decision(boundary, "permissions boundary")
    return own


def _effect(policies: Sequence[Document], request: Request, *, through: AbstractSet[str] = THROUGH) -> Effect:
    """Collect the effects of the statements that apply: a deny comes before an allow."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in _listed(policy["Statement"])
        if _applies(
            statement,
            request,
            through=through,
            variables=policy.get("Version") == VARIABLES_SINCE,
        )
    }
    if "Deny" in effects:
        return Effect.EXPLICIT_DENY
    return Effect.ALLOW if "Allow" in effects else Effect.IMPLICIT_DENY


def _applies(statement: Document, request: Request, *, through: AbstractSet[str], variables: bool) -> bool:
    """Report whether each element of a statement matches. A trust policy has principals and no resources."""
    known = request.context if variables else None
    if {"Principal", "NotPrincipal"} & {*statement}:
        object_matches = _element_matches(statement, "Principal", lambda name: _names(name, request, through=through))
    else:
        object_matches = _element_matches(
            statement, "Resource", lambda text: resource_matches(text, request.resource, known)
        )
    return (
        object_matches
        and _element_matches(statement, "Action", lambda text: action_matches(text, request.action))
        and conditions_match(statement.get("Condition", {}), request.context, variables=variables)
    )


def _element_matches(statement: Document, name: str, matches: Callable[[Any], bool]) -> bool:
    """Report whether a value of an element matches, or with `NotAction` and its like, whether none does."""
    if (name in statement) == (f"Not{name}" in statement):
        raise UndocumentedError(f"a statement without exactly one of {name} and Not{name}")
    if name in statement:
        return any(matches(value) for value in _listed(statement[name]))
    return not any(matches(value) for value in _listed(statement[f"Not{name}"]))


def _names(principal: Any, request: Request, *, through: AbstractSet[str]) -> bool:  # noqa: ANN401 - JSON
    """Report whether a `Principal` element names the caller, or the account or the role that `through` lists.

    reference_policies_elements_principal: "*" means everyone, an account's number or its root's ARN the account, a
    role's ARN each of its sessions. A part of a name is never a wildcard.
    """
    if principal == "*":
        return True
    if not isinstance(principal, Mapping) or principal.keys() - {"AWS", "Service", "Federated"}:
        raise UndocumentedError(f"the principal {principal}")
    _, partition, _, _, account, caller = request.principal.split(":", 5)
    role = caller.split("/")[1] if caller.startswith("assumed-role/") else None
    for name in _listed(principal.get("AWS", [])):
        if name in {account, f"arn:{partition}:iam::{account}:root"}:
            matches = "account" in through
        elif role and name.startswith(f"arn:{partition}:iam::{account}:role/"):
            matches = "role" in through and name.split("/")[-1] == role
        elif name != "*" and ("*" in name or "?" in name):
            raise UndocumentedError(f"the principal {name}")
        else:
            matches = name in {"*", request.principal, request.principal_id.split(":")[0]}
        if matches:
            return True
    return False


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]
