"""The traps that a policy holds."""

from collections.abc import Iterator

from encee.aws.policies.conditions import condition_holds
from encee.aws.policies.document import Policy, Statement, read_statements
from encee.aws.policies.lint.addresses import address_issues
from encee.aws.policies.lint.devices import device_issues
from encee.aws.policies.lint.issue import Finding, Issue, Severity
from encee.aws.policies.lint.mfa import mfa_issues
from encee.aws.policies.matching import action_matches
from encee.aws.policies.parser import MalformedPolicy, parse_policy
from encee.aws.policies.request import Context
from encee.aws.policies.ternary import Unknown

__all__ = ["Finding", "Issue", "Severity", "lint"]

_ELEMENTS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}
_GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"


def lint(name: str, content: bytes) -> list[Finding]:
    """The traps in a file with a policy, in the order of its statements.

    Args:
        name: The file's name.
        content: Its bytes.
    """
    read = parse_policy(name, content)
    if isinstance(read, MalformedPolicy):
        issue = Issue("malformed", Severity.ERROR, read.reason, "a policy is one JSON object")
        return [Finding(issue, name, read.line, None)]
    return [
        Finding(issue, name, read.line(statement.citation), statement.citation)
        for statement in read_statements(read.policy)
        for issue in _issues(read.policy, statement)
    ]


def _issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    if wrong := _wrong(statement):
        yield Issue("not-a-policy", Severity.ERROR, f"AWS would not take this: {wrong}", _GRAMMAR)
        return
    yield from mfa_issues(statement)
    yield from device_issues(policy, statement)
    yield from address_issues(statement)
    yield from _variables(statement)
    yield from _unknown(statement)


def _wrong(statement: Statement) -> str | None:
    """What is wrong with the form of a statement, or None."""
    if statement.fault is not None:
        return statement.fault.reasons[0]
    if flaw := statement.flaw(_ELEMENTS):
        return flaw
    for element in ("Action", "Resource", "Principal"):
        present = statement.either(element)
        if len(present) > 1 or (element == "Action" and not present):
            return f"a statement that has not exactly one of {element} and Not{element}"
    if not statement.either("Resource") and not statement.either("Principal"):
        return "a statement without Resource and NotResource"
    return None


def _variables(statement: Statement) -> Iterator[Issue]:
    """A variable in a policy of a version that takes it literally."""
    resources = [*statement.texts("Resource"), *statement.texts("NotResource")]
    if not statement.variables and any("${" in text for text in resources):
        yield Issue(
            "variable-without-version",
            Severity.ERROR,
            "the policy variables of this statement are taken literally: the policy's Version is an older one",
            'begin the policy with "Version": "2012-10-17"',
        )


def _unknown(statement: Statement) -> Iterator[Issue]:
    """What encee does not know, and so cannot judge."""
    truths = [
        condition_holds(statement.body.get("Condition", {}), Context(), variables=statement.variables),
        *(action_matches(text, "a:b") for name in ("Action", "NotAction") for text in statement.texts(name)),
    ]
    for reason in dict.fromkeys(reason for truth in truths if isinstance(truth, Unknown) for reason in truth.reasons):
        yield Issue(
            "unknown",
            Severity.WARNING,
            f"encee does not know {reason}, and cannot judge this statement",
            "look at it yourself, or see whether it is mistyped",
        )
