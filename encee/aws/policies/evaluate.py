"""What policies say to a request: an explicit Deny wins, then an Allow, and everything else is not allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Start here:

    jane = Principal.user("jane")
    thief = Request("s3:GetObject", "arn:aws:s3:::b/k", context_of(jane, Circumstances(SignedWith.LONG_TERM)))
    evaluate([Policy("mfa.json", json.loads(text))], thief)  # Verdict(outcome=DENIED, by=mfa.json Statement[4] …)
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
    """What becomes of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    """A Deny applies."""
    NOT_ALLOWED = "not-allowed"
    """No statement applies."""
    UNKNOWN = "unknown"
    """It hangs on something that encee does not know."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What policies say to a request.

    Args:
        outcome: What becomes of it.
        by: The first statement that decided: the Deny, or the Allow; None where none did.
        unknown: What encee would have to know, each with the statement that it is in.
    """

    outcome: Outcome
    by: Citation | None = None
    unknown: tuple[str, ...] = ()


def evaluate(policies: Iterable[Policy], request: Request) -> Verdict:
    """What identity-based policies say together: inline and managed ones, of a user and of its groups.

    Args:
        policies: The policies.
        request: The request.
    """
    denies, allows = _sorted(policies, lambda statement: _applies(statement, request))
    return _verdict(denies, allows)


class _Found(NamedTuple):
    """Whether a statement of one effect applies, and the first that does."""

    truth: Ternary
    by: Citation | None


def _sorted(policies: Iterable[Policy], applies: Callable[[Statement], Ternary]) -> tuple[_Found, _Found]:
    """What the statements that deny and those that allow come to; one without an effect counts as both."""
    truths: dict[str, list[tuple[Statement, Ternary]]] = {"Deny": [], "Allow": []}
    for policy in policies:
        for statement in read_statements(policy):
            truth = _named(statement.citation, applies(statement))
            for effect in truths if statement.effect is None else (statement.effect,):
                truths[effect].append((statement, truth))
    denies, allows = (
        _Found(
            any_(truth for _, truth in found),
            next((statement.citation for statement, truth in found if truth is True), None),
        )
        for found in truths.values()
    )
    return denies, allows


def _verdict(denies: _Found, allows: _Found) -> Verdict:
    if denies.truth is True:
        return Verdict(Outcome.DENIED, denies.by)
    if isinstance(denies.truth, Unknown):
        return Verdict(Outcome.UNKNOWN, unknown=denies.truth.reasons)
    if isinstance(allows.truth, Unknown):
        return Verdict(Outcome.UNKNOWN, unknown=allows.truth.reasons)
    return Verdict(Outcome.ALLOWED, allows.by) if allows.truth else Verdict(Outcome.NOT_ALLOWED)


def _named(citation: Citation, truth: Ternary) -> Ternary:
    """What is not known, with the statement that it is in."""
    if isinstance(truth, Unknown):
        return Unknown(tuple(f"{citation}: {reason}" for reason in truth.reasons))
    return truth


def _applies(statement: Statement, request: Request) -> Ternary:
    """Whether a statement of an identity-based policy applies."""
    return statement.fault or all_(
        [
            _sound(statement),
            _names_action(statement, request),
            _names_resource(statement, request),
            _condition_holds(statement, request),
        ]
    )


def _sound(statement: Statement) -> Ternary:
    """Whether all of a statement can be understood at all."""
    flaw = statement.flaw(_ELEMENTS)
    return unknown(flaw) if flaw else True


def _names_action(statement: Statement, request: Request) -> Ternary:
    return _named_by(statement, "Action", lambda text: action_matches(text, request.action))


def _names_resource(statement: Statement, request: Request) -> Ternary:
    def matches(text: str) -> Ternary:
        try:
            return resource_matches(text, request.resource, request.context, variables=statement.variables)
        except NoValueError as error:
            # AWS's texts differ on what NotResource makes of it.
            negated = "NotResource" in statement.body
            return unknown(f"the policy variable ${{{error}}}, which has no value here") if negated else False

    return _named_by(statement, "Resource", matches)


def _named_by(statement: Statement, element: str, matches: Callable[[str], Ternary]) -> Ternary:
    """Whether an element, or the one with `Not` in front of it, names something."""
    present = statement.either(element)
    if len(present) != 1:
        return unknown(f"a statement that has not exactly one of {element} and Not{element}")
    listed = statement.body[present[0]]
    texts = listed if isinstance(listed, list) else [listed]
    if not texts or not all(isinstance(text, str) for text in texts):
        return unknown(f"the {present[0]} of a statement")
    truth = any_(map(matches, texts))
    return truth if present[0] == element else not_(truth)


def _condition_holds(statement: Statement, request: Request) -> Ternary:
    return condition_holds(statement.body.get("Condition", {}), request.context, variables=statement.variables)
