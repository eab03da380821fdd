"""Find the issues of policies."""

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
    """Find the issues of a policy file, in the order of its statements."""
    parsed = parse_policy(name, content)
    if isinstance(parsed, MalformedPolicy):
        issue = Issue("malformed", Severity.ERROR, parsed.reason, "a policy is one JSON object")
        return [Finding(issue, name, parsed.line, None)]
    return [
        Finding(issue, name, parsed.line(statement.citation), statement.citation)
        for statement in read_statements(parsed.policy)
        for issue in _issues(parsed.policy, statement)
    ]


def _issues(policy: Policy, statement: Statement) -> Iterator[Issue]:
    if fault := _find_fault(statement):
        yield Issue("not-a-policy", Severity.ERROR, f"AWS does not accept this: {fault}", _GRAMMAR)
        return
    yield from mfa_issues(statement)
    yield from device_issues(policy, statement)
    yield from address_issues(statement)
    yield from _variable_issues(statement)
    yield from _unknown_issues(statement)


def _find_fault(statement: Statement) -> str | None:
    """Return why AWS rejects the statement, or None."""
    if statement.fault is not None:
        return statement.fault.reasons[0]
    if flaw := statement.find_flaw(_ELEMENTS):
        return flaw
    for element in ("Action", "Resource", "Principal"):
        forms = statement.forms_of(element)
        if len(forms) > 1 or (element == "Action" and not forms):
            return f"a statement that has not exactly one of {element} and Not{element}"
    if not statement.forms_of("Resource") and not statement.forms_of("Principal"):
        return "a statement without Resource and NotResource"
    return None


def _variable_issues(statement: Statement) -> Iterator[Issue]:
    """Find policy variables in a policy whose version takes them literally."""
    resources = [*statement.texts("Resource"), *statement.texts("NotResource")]
    if not statement.variables and any("${" in text for text in resources):
        yield Issue(
            "variable-without-version",
            Severity.ERROR,
            "AWS takes the policy variables of this statement literally: the policy's Version is too old",
            'begin the policy with "Version": "2012-10-17"',
        )


def _unknown_issues(statement: Statement) -> Iterator[Issue]:
    results = [
        condition_holds(statement.body.get("Condition", {}), Context(), variables=statement.variables),
        *(action_matches(text, "a:b") for name in ("Action", "NotAction") for text in statement.texts(name)),
    ]
    for reason in dict.fromkeys(
        reason for result in results if isinstance(result, Unknown) for reason in result.reasons
    ):
        yield Issue(
            "unknown",
            Severity.WARNING,
            f"encee does not know {reason}, and cannot check this statement",
            "check it yourself, and check the spelling",
        )
