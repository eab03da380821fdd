"""Properties of the evaluator and of lint, for generated policies, also malformed ones."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from encee.aws.policies.analysis import assess_mfa_requirement
from encee.aws.policies.evaluate import (
    Circumstances,
    Outcome,
    Policy,
    Principal,
    Request,
    SignedWith,
    Verdict,
    context_of,
    evaluate,
)
from encee.aws.policies.lint import lint
from tests.awsfile.test_document_properties import EXAMPLES

relaxed = settings(deadline=None, max_examples=max(EXAMPLES // 20, 1), suppress_health_check=[HealthCheck.too_slow])

JANE = Principal.user("jane")

# ---- generated policies

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
actions = st.sampled_from(["*", "s3:*", "s3:GetObject", "iam:*MFADevice", "ec2:?un*", "s3:", "*:*", "x", ""])
resources = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'x'}",
        "arn:aws:s3:::b/${nothing}*",
        "arn:aws:s3",
        "arn:aws:s3::${aws:x}:b",
        "${*}",
        "b",
    ]
)
operators = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from(
        [
            "Bool",
            "Null",
            "StringEquals",
            "StringNotLike",
            "IpAddress",
            "NotIpAddress",
            "NumericLessThan",
            "DateEquals",
            "ArnLike",
            "ArnNotEquals",
            "BinaryEquals",
        ]
    ),
    st.sampled_from(["", "IfExists"]),
)
keys = st.sampled_from(
    ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:SourceIp", "aws:username", "aws:CurrentTime", "x"]
)
values = st.sampled_from(
    ["true", "false", True, "0.0.0.0/0", "203.0.113.0/24", "1", 3600, "2026-01-01", "arn:aws:iam::1:*", "${a"]
)
conditions = st.dictionaries(
    operators,
    st.dictionaries(keys, values | st.lists(values, max_size=3) | anything, max_size=2) | anything,
    max_size=2,
)


def one_or_many(texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return texts | st.lists(texts, max_size=3)


sound = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": st.text(max_size=5),
        "Action": one_or_many(actions),
        "NotAction": one_or_many(actions),
        "Resource": one_or_many(resources),
        "NotResource": one_or_many(resources),
        "Principal": st.sampled_from(["*", {"AWS": JANE.arn}, {"AWS": ["x", 1]}, {"Service": "s"}, {}]),
        "Condition": conditions,
    },
)
broken = st.dictionaries(
    st.sampled_from(["Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition", "Sid", "X"]),
    anything,
)
statements = sound | broken | anything
documents = anything | st.fixed_dictionaries(
    {"Statement": statements | st.lists(statements, max_size=4)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17", "1"]) | anything, "Id": anything, "X": anything},
)
policies = st.lists(st.builds(Policy, st.just("p"), documents), max_size=3)
requests = st.builds(
    lambda action, resource, signed, address: Request(
        action, resource, context_of(JANE, Circumstances(signed, address))
    ),
    st.sampled_from(["s3:GetObject", "iam:DeactivateMFADevice", "ec2:RunInstances"]),
    st.sampled_from(["*", "arn:aws:s3:::b/jane/k", "arn:aws:s3:::b/x"]),
    st.sampled_from([*SignedWith]),
    st.sampled_from([None, "203.0.113.7", "2001:db8::1", "no address"]),
)


# ---- properties


@pytest.mark.slow
@relaxed
@given(policies, requests)
def test_the_evaluator_decides_or_names_what_it_does_not_know(held: list[Policy], request: Request) -> None:
    verdict = evaluate(held, request)
    assert bool(verdict.unknown) == (verdict.outcome is Outcome.UNKNOWN)
    assert (verdict.by is not None) == (verdict.outcome in {Outcome.ALLOWED, Outcome.DENIED})
    assert all(len(reason) > len("p Statement: ") for reason in verdict.unknown)


@pytest.mark.slow
@relaxed
@given(policies, requests)
def test_a_deny_always_wins(held: list[Policy], request: Request) -> None:
    everything = Policy("no", {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
    for order in ([everything, *held], [*held, everything]):
        assert evaluate(order, request).outcome is Outcome.DENIED


@pytest.mark.slow
@relaxed
@given(policies, requests, st.integers(0, 3), st.sampled_from(["Allow", "Deny"]))
def test_a_statement_about_another_action_changes_nothing(
    held: list[Policy], request: Request, place: int, effect: str
) -> None:
    other = Policy("other", {"Statement": {"Effect": effect, "Action": "sqs:SendMessage", "Resource": "*"}})
    assert evaluate([*held[:place], other, *held[place:]], request) == evaluate(held, request)


@pytest.mark.slow
@relaxed
@given(policies, requests)
def test_the_order_of_policies_changes_no_outcome(held: list[Policy], request: Request) -> None:
    assert evaluate(held[::-1], request).outcome is evaluate(held, request).outcome


@pytest.mark.slow
@relaxed
@given(policies, requests)
def test_an_allow_changes_only_the_outcome_not_allowed(held: list[Policy], request: Request) -> None:
    everything = Policy("yes", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    before, after = evaluate(held, request), evaluate([*held, everything], request)
    if before.outcome is Outcome.NOT_ALLOWED:
        assert after == Verdict(Outcome.ALLOWED, after.by)
    elif before.outcome is not Outcome.UNKNOWN:
        assert after.outcome is before.outcome


@pytest.mark.slow
@relaxed
@given(policies)
def test_more_policies_never_remove_a_requirement_of_mfa(held: list[Policy]) -> None:
    allow = Policy("work", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    if assess_mfa_requirement(held, JANE).is_required:
        assert assess_mfa_requirement([*held, allow], JANE).is_required


@relaxed
@given(documents)
def test_lint_accepts_any_json(document: object) -> None:
    for indent in (None, 2):
        text = json.dumps(document, indent=indent)
        for finding in lint("p.json", text.encode()):
            assert 1 <= finding.line <= text.count("\n") + 1
            assert finding.issue.message
            assert finding.issue.remedy


@relaxed
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ \n1eEtfnu', max_size=40).map(str.encode))
def test_lint_reports_any_malformed_bytes(content: bytes) -> None:
    assert [finding.issue.name for finding in lint("p.json", content)] in (["malformed"], ["not-a-policy"])


@relaxed
@given(st.lists(sound, min_size=1, max_size=4), st.sampled_from([None, 0, 2]))
def test_lint_reports_the_line_of_each_statement(written: list[dict[str, Any]], indent: int | None) -> None:
    marked = [{"Sid": f"S{index}", **one, "Effect": "none"} | {"Sid": f"S{index}"} for index, one in enumerate(written)]
    text = json.dumps({"Version": "2012-10-17", "Statement": marked}, indent=indent)
    lines = text.split("\n")
    for finding in lint("p.json", text.encode()):
        assert finding.statement is not None
        around = "\n".join(lines[finding.line - 1 : finding.line + 1])
        assert f'"Sid": "S{finding.statement.index}"' in around
