"""Evaluate policies for a request: Deny first, then Allow, else not allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Example:
    jane = Principal.user("jane")
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", context_of(jane, Circumstances(SignedWith.LONG_TERM)))
    evaluate([Policy("mfa.json", json.loads(text))], request)  # Verdict(outcome=DENIED, by=mfa.json Statement[4] …)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from encee.aws.policies.conditions import condition_holds
from encee.aws.policies.document import Citation, Policy, Statement, read_statements
from encee.aws.policies.matching import NoValueError, action_matches, resource_matches
from encee.aws.policies.request import Circumstances, Context, Principal, Request, SignedWith, context_of
from encee.aws.policies.ternary import Ternary, Unknown, all_, any_, not_, unknown

__all__ = [
    "Circumstances",
    "Citation",
    "Context",
    "Outcome",
    "Policy",
    "Principal",
    "Request",
    "SignedWith",
    "Verdict",
    "context_of",
    "evaluate",
]

_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class Outcome(StrEnum):
    """The result for a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    """A Deny applies."""
    NOT_ALLOWED = "not-allowed"
    """No statement applies."""
    UNKNOWN = "unknown"
    """The result depends on a fact that encee does not know."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for a request, with the statement that decided.

    Args:
        by: The first Deny or Allow that decided; None without one.
        unknown: The facts that encee does not know, each with the statement that depends on it.
    """

    outcome: Outcome
    by: Citation | None = None
    unknown: tuple[str, ...] = ()


def evaluate(policies: Iterable[Policy], request: Request) -> Verdict:
    """Evaluate all identity-based policies of a user and of the groups together."""
    denies, allows = _evaluate_effects(policies, request)
    if denies.applies is True:
        return Verdict(Outcome.DENIED, denies.by)
    if isinstance(denies.applies, Unknown):
        return Verdict(Outcome.UNKNOWN, unknown=denies.applies.reasons)
    if isinstance(allows.applies, Unknown):
        return Verdict(Outcome.UNKNOWN, unknown=allows.applies.reasons)
    return Verdict(Outcome.ALLOWED, allows.by) if allows.applies else Verdict(Outcome.NOT_ALLOWED)


class _EffectResult(NamedTuple):
    """Whether a statement of an effect applies, and the first one that does."""

    applies: Ternary
    by: Citation | None


def _evaluate_effects(policies: Iterable[Policy], request: Request) -> tuple[_EffectResult, _EffectResult]:
    """Evaluate the Deny and Allow statements; an invalid effect counts as both."""
    results: dict[str, list[tuple[Citation, Ternary]]] = {"Deny": [], "Allow": []}
    for policy in policies:
        for statement in read_statements(policy):
            applies = _add_citation(statement.citation, _applies(statement, request))
            for effect in results if statement.effect is None else (statement.effect,):
                results[effect].append((statement.citation, applies))
    denies, allows = (
        _EffectResult(
            any_(applies for _, applies in statements),
            next((citation for citation, applies in statements if applies is True), None),
        )
        for statements in results.values()
    )
    return denies, allows


def _add_citation(citation: Citation, value: Ternary) -> Ternary:
    if isinstance(value, Unknown):
        return Unknown(tuple(f"{citation}: {reason}" for reason in value.reasons))
    return value


def _applies(statement: Statement, request: Request) -> Ternary:
    return statement.fault or all_(
        [
            _is_well_formed(statement),
            _names_action(statement, request),
            _names_resource(statement, request),
            _condition_holds(statement, request),
        ]
    )


def _is_well_formed(statement: Statement) -> Ternary:
    flaw = statement.find_flaw(_ELEMENTS)
    return unknown(flaw) if flaw else True


def _names_action(statement: Statement, request: Request) -> Ternary:
    return _element_names(statement, "Action", lambda text: action_matches(text, request.action))


def _names_resource(statement: Statement, request: Request) -> Ternary:
    def matches(text: str) -> Ternary:
        try:
            return resource_matches(text, request.resource, request.context, variables=statement.variables)
        except NoValueError as error:
            # AWS's documents contradict each other about NotResource.
            negated = "NotResource" in statement.body
            return unknown(f"the policy variable ${{{error}}}, which has no value here") if negated else False

    return _element_names(statement, "Resource", matches)


def _element_names(statement: Statement, element: str, matches: Callable[[str], Ternary]) -> Ternary:
    """Return whether an element applies: it matches, or its `Not` form does not."""
    forms = statement.forms_of(element)
    if len(forms) != 1:
        return unknown(f"a statement that has not exactly one of {element} and Not{element}")
    value = statement.body[forms[0]]
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        return unknown(f"the {forms[0]} of a statement")
    names = any_(map(matches, texts))
    return names if forms[0] == element else not_(names)


def _condition_holds(statement: Statement, request: Request) -> Ternary:
    return condition_holds(statement.body.get("Condition", {}), request.context, variables=statement.variables)
