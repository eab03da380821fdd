"""The rules of policy evaluation, one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from encee.aws.policies.analysis import assess_mfa_requirement
from encee.aws.policies.evaluate import (
    Circumstances,
    Citation,
    Context,
    Outcome,
    Policy,
    Principal,
    Request,
    SignedWith,
    Verdict,
    context_of,
    evaluate,
)
from encee.aws.policies.templates import build_policy
from encee.aws.policies.ternary import Unknown

JANE = Principal.user("jane")
LONG_TERM, NO_MFA, MFA = (Circumstances(signed) for signed in SignedWith)


def policy(*statements: dict[str, Any], version: str | None = "2012-10-17", name: str = "p") -> Policy:
    return Policy(name, {"Statement": [*statements]} | ({"Version": version} if version else {}))


def allow(**elements: Any) -> dict[str, Any]:  # noqa: ANN401 - a policy's elements
    return {"Effect": "Allow", "Action": "*", "Resource": "*"} | elements


def deny(**elements: Any) -> dict[str, Any]:  # noqa: ANN401 - a policy's elements
    return allow(**elements) | {"Effect": "Deny"}


def under(condition: dict[str, Any], **context: str | list[str]) -> Outcome:
    """The outcome of an Allow under a condition, for a request with these keys (`aws_` stands for `aws:`)."""
    keys = {key.replace("aws_", "aws:"): value for key, value in context.items()}
    request = Request("s3:GetObject", context=Context(keys))
    return evaluate([policy(allow(Condition=condition))], request).outcome


# ---- effects


def test_an_explicit_deny_wins_over_every_allow() -> None:
    verdict = evaluate([policy(allow(), deny(Sid="No", Action="s3:*")), policy(allow())], Request("s3:GetObject"))
    assert verdict == Verdict(Outcome.DENIED, Citation("p", 1, "No"))
    assert str(verdict.by) == "p Statement[1] (No)"


def test_a_request_without_an_allow_is_not_allowed() -> None:
    assert evaluate([], Request("s3:GetObject")) == Verdict(Outcome.NOT_ALLOWED)
    assert evaluate([policy(allow(Action="ec2:*"))], Request("s3:GetObject")).outcome is Outcome.NOT_ALLOWED


def test_a_single_statement_is_named_without_an_index() -> None:
    single = Policy("file.json", {"Statement": allow()})
    assert evaluate([single], Request("s3:GetObject")) == Verdict(Outcome.ALLOWED, Citation("file.json", None, None))
    assert str(Citation("file.json", None, None)) == "file.json Statement"


# ---- unknown elements


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (allow(Condition={"StringSimilar": {"aws:x": "y"}}), "the condition operator StringSimilar"),
        (allow(Condition={"NullIfExists": {"aws:x": "true"}}), "the condition operator NullIfExists"),
        (allow(Condition=[]), "a Condition that is not an object"),
        (allow(Condition={"Bool": "true"}), "Bool without keys"),
        (allow(Condition={"Bool": {"aws:x": {}}}), "the values of aws:x under Bool"),
        (allow(Effect="allow"), "a statement without an Effect, Allow or Deny"),
        (allow(Principal="*"), "the element Principal of a statement"),
        (allow(NotAction="*"), "a statement that has not exactly one of Action and NotAction"),
        (allow(Action="s3*:Get"), "the action s3*:Get"),
        (allow(Action=[]), "the Action of a statement"),
        (allow(Resource="bucket"), "the resource bucket, which is neither * nor an ARN"),
        (allow(Resource="arn:aws:s3:::b/${a b}"), "the policy variable ${a b}"),
        (allow(Resource="arn:aws:s3:::b/${aws:x"), "the policy variable in arn:aws:s3:::b/${aws:x"),
        (allow(Resource="arn:aws:s3::${aws:x}:b"), "the resource arn:aws:s3::${aws:x}:b, with a variable before"),
    ],
)
def test_an_unknown_element_makes_the_outcome_unknown(statement: dict[str, Any], reason: str) -> None:
    verdict = evaluate([policy(statement)], Request("s3:GetObject", "arn:aws:s3:::b/k"))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unknown[0].startswith(f"p Statement[0]: {reason}")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "q Statement: a policy without Statement"),
        ({"Version": "2012-10-17"}, "q Statement: a policy without Statement"),
        ({"Statement": "x"}, "q Statement: a statement that is not an object"),
        ({"Statement": [None]}, "q Statement[0]: a statement that is not an object"),
        (
            {"Version": "2020-01-01", "Statement": [deny()]},
            "q Statement[0]: the version 2020-01-01 of the policy language",
        ),
        ({"Version": [], "Statement": [deny()]}, "q Statement[0]: the version [] of the policy language"),
        ({"Statement": deny(), "Statements": []}, "q Statement: the element Statements of a policy"),
    ],
)
def test_a_malformed_policy_makes_the_outcome_unknown(document: object, reason: str) -> None:
    verdict = evaluate([policy(allow()), Policy("q", document)], Request("s3:GetObject"))
    assert verdict == Verdict(Outcome.UNKNOWN, unknown=(reason,))


def test_an_unknown_statement_that_cannot_decide_is_ignored() -> None:
    odd = {"StringSimilar": {"aws:x": "y"}}
    assert evaluate([policy(allow(Condition=odd), deny())], Request("s3:GetObject")).outcome is Outcome.DENIED
    assert evaluate([policy(allow(), deny(Condition=odd))], Request("s3:GetObject")).outcome is Outcome.UNKNOWN
    assert evaluate([policy(allow(), allow(Condition=odd))], Request("s3:GetObject")).outcome is Outcome.ALLOWED
    elsewhere = deny(Action="ec2:*", Condition=odd)
    assert evaluate([policy(allow(), elsewhere)], Request("s3:GetObject")).outcome is Outcome.ALLOWED


def test_a_variable_without_a_single_known_value_is_unknown() -> None:
    tagged = policy(allow(Resource="arn:aws:s3:::b/${aws:TagKeys}"))
    several = Request("s3:GetObject", "arn:aws:s3:::b/k", Context({"aws:TagKeys": ["k", "l"]}))
    assert "has several values" in evaluate([tagged], several).unknown[0]
    unknown = Request("s3:GetObject", "arn:aws:s3:::b/k", Context(complete=False))
    assert evaluate([tagged], unknown).unknown == ("p Statement[0]: the value of aws:TagKeys in this request",)


def test_a_key_that_a_request_may_have_is_not_absent() -> None:
    elsewhere = policy(deny(Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    verdict = evaluate([elsewhere], Request("ec2:RunInstances", context=context_of(JANE, MFA)))
    assert verdict.unknown == ("p Statement[0]: the value of aws:RequestedRegion in this request",)
    known = context_of(JANE, MFA, {"aws:RequestedRegion": "eu-west-1"})
    assert evaluate([elsewhere], Request("ec2:RunInstances", context=known)).outcome is Outcome.NOT_ALLOWED
    whole = context_of(JANE, MFA, complete=True)
    assert evaluate([elsewhere], Request("ec2:RunInstances", context=whole)).outcome is Outcome.DENIED


# ---- actions and resources


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:GetObjec?", True),
        ("*:*", True),
        ("s3:GetObject?", False),
        ("s3:Get", False),
        ("ec2:*", False),
    ],
)
def test_actions_match_ignoring_case(wanted: str, matches: bool) -> None:
    outcome = evaluate([policy(allow(Action=["iam:x", wanted]))], Request("s3:GetObject")).outcome
    assert (outcome is Outcome.ALLOWED) is matches
    not_action = policy({"Effect": "Allow", "NotAction": wanted, "Resource": "*"})
    assert (evaluate([not_action], Request("s3:GetObject")).outcome is Outcome.ALLOWED) is not matches


@pytest.mark.parametrize(
    ("wanted", "resource", "matches"),
    [
        ("arn:aws:iam::*:user/*", "arn:aws:iam::123456789012:user/x/jane", True),
        ("arn:aws:iam::*:user/Jane", "arn:aws:iam::123456789012:user/jane", False),
        ("arn:aws:iam::12345678901?:user/jane", "arn:aws:iam::123456789012:user/jane", True),
        ("arn:aws:sqs", "arn:aws:sqs:us-east-1:123456789012:queue", True),
        ("arn:aws:sqs", "arn:aws:sns:us-east-1:123456789012:topic", False),
        # A * that is not the last character of a segment matches no colon.
        ("arn:aws:sns:*-1:123456789012:topic", "arn:aws:sns:us-east-1:123456789012:topic", True),
        ("arn:aws:sns:us*1:1:topic", "arn:aws:sns:us-east-1:1:topic", True),
        ("arn:aws:sns:us*1:1:topic", "arn:aws:sns:us-east-2:x1:1:topic", False),
        ("arn:aws:sns:us-east*:1:topic:x", "arn:aws:sns:us-east-1:2:1:topic:x", True),
        ("arn:aws:sns:us-east-1?123456789012:topic", "arn:aws:sns:us-east-1:123456789012:topic", False),
        ("*", "*", True),
        ("arn:aws:s3:::*", "*", False),
    ],
)
def test_wildcards_of_resources_match_within_colons(wanted: str, resource: str, matches: bool) -> None:
    allowed = evaluate([policy(allow(Resource=wanted))], Request("s3:GetObject", resource)).outcome
    assert (allowed is Outcome.ALLOWED) is matches
    other = policy({"Effect": "Allow", "Action": "*", "NotResource": [wanted]})
    assert (evaluate([other], Request("s3:GetObject", resource)).outcome is Outcome.ALLOWED) is not matches


# ---- variables


@pytest.mark.parametrize(
    ("text", "found", "matches"),
    [
        ("${aws:username}", "jane", True),
        ("${AWS:UserName}", "jane", True),
        ("${aws:PrincipalTag/team}-x", "red-x", True),
        ("${aws:PrincipalTag/star}", "**", True),
        ("${aws:PrincipalTag/star}", "anything", False),  # wildcards in values are literal
        ("${aws:PrincipalTag/none, 'blue'}", "blue", True),
        ("${aws:PrincipalTag/team, 'blue'}", "blue", False),
        ("${aws:PrincipalTag/none}", "", False),
        ("${*}${?}${$}", "*?$", True),
        ("${*}", "abc", False),
    ],
)
def test_variables_are_replaced_by_values_of_the_request(text: str, found: str, matches: bool) -> None:
    jane = Principal("arn:aws:iam::123456789012:user/jane", "jane", tags={"team": "red", "star": "**"})
    request = Request("s3:GetObject", f"arn:aws:s3:::b/{found}", context_of(jane, MFA, {"s3:prefix": found}))
    by_resource = policy(allow(Resource=f"arn:aws:s3:::b/{text}"))
    by_condition = policy(allow(Condition={"StringLike": {"s3:prefix": text}}))
    for variant in (by_resource, by_condition):
        assert (evaluate([variant], request).outcome is Outcome.ALLOWED) is matches


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_an_older_policy_has_no_variables(version: str | None) -> None:
    one = policy(allow(Resource="arn:aws:s3:::b/${aws:username}"), version=version)
    context = context_of(JANE, MFA)
    assert evaluate([one], Request("s3:GetObject", "arn:aws:s3:::b/jane", context)).outcome is Outcome.NOT_ALLOWED
    literally = Request("s3:GetObject", "arn:aws:s3:::b/${aws:username}", context)
    assert evaluate([one], literally).outcome is Outcome.ALLOWED


def test_a_negated_variable_without_a_value_is_unknown() -> None:
    root = Principal("arn:aws:iam::123456789012:root")
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", context_of(root, LONG_TERM, {"aws:x": "y"}))
    for one in (
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/${aws:username}"},
        deny(Condition={"StringNotEquals": {"aws:x": "${aws:username}"}}),
    ):
        assert evaluate([policy(one)], request).outcome is Outcome.UNKNOWN


# ---- conditions


@pytest.mark.parametrize(
    ("condition", "context", "outcome"),
    [
        ({"StringEquals": {"aws:x": ["a", "b"]}}, {"aws_x": "b"}, "allowed"),
        ({"StringEquals": {"aws:x": "a*"}}, {"aws_x": "ab"}, "not-allowed"),
        ({"StringEquals": {"AWS:X": "a"}}, {"aws_x": "a"}, "allowed"),
        ({"StringEquals": {"aws:x": "a"}}, {"aws_x": "A"}, "not-allowed"),
        ({"StringEqualsIgnoreCase": {"aws:x": "a"}}, {"aws_x": "A"}, "allowed"),
        ({"StringNotEqualsIgnoreCase": {"aws:x": "a"}}, {"aws_x": "A"}, "not-allowed"),
        ({"StringNotEquals": {"aws:x": ["a", "b"]}}, {"aws_x": "b"}, "not-allowed"),
        ({"StringNotEquals": {"aws:x": ["a", "b"]}}, {}, "allowed"),
        ({"StringLike": {"aws:x": "a*c?"}}, {"aws_x": "a:/cd"}, "allowed"),
        ({"StringNotLike": {"aws:x": "a*"}}, {"aws_x": "ab"}, "not-allowed"),
        ({"StringEquals": {"aws:x": "a", "aws:y": "b"}}, {"aws_x": "a"}, "not-allowed"),
        ({"Bool": {"aws:x": "true"}}, {"aws_x": "true"}, "allowed"),
        ({"Bool": {"aws:x": True}}, {"aws_x": "true"}, "allowed"),
        ({"Bool": {"aws:x": "false"}}, {}, "not-allowed"),
        ({"BoolIfExists": {"aws:x": "false"}}, {}, "allowed"),
        ({"BoolIfExists": {"aws:x": "false"}}, {"aws_x": "true"}, "not-allowed"),
        ({"Bool": {"aws:x": "maybe"}}, {"aws_x": "true"}, "unknown"),
        ({"Bool": {"aws:x": "${aws:y}"}}, {"aws_x": "true", "aws_y": "true"}, "unknown"),
        ({"Null": {"aws:x": "true"}}, {}, "allowed"),
        ({"Null": {"aws:x": "true"}}, {"aws_x": "false"}, "not-allowed"),
        ({"Null": {"aws:x": False}}, {"aws_x": "false"}, "allowed"),
        ({"Null": {"aws:x": "false"}}, {}, "not-allowed"),
        ({"Null": {"aws:x": "x"}}, {}, "unknown"),
        ({"NumericLessThan": {"aws:x": 3600}}, {"aws_x": "3599"}, "allowed"),
        ({"NumericLessThan": {"aws:x": "3600"}}, {"aws_x": "3600"}, "not-allowed"),
        ({"NumericGreaterThanEquals": {"aws:x": "1.5"}}, {"aws_x": "1.50"}, "allowed"),
        ({"NumericNotEquals": {"aws:x": "1"}}, {}, "allowed"),
        ({"NumericEquals": {"aws:x": "one"}}, {"aws_x": "1"}, "unknown"),
        ({"NumericLessThanIfExists": {"aws:x": "3600"}}, {}, "allowed"),
        ({"DateLessThan": {"aws:x": "2026-01-02T00:00:00Z"}}, {"aws_x": "2026-01-01T23:59:59Z"}, "allowed"),
        ({"DateLessThan": {"aws:x": "2026-01-02"}}, {"aws_x": "2026-01-02T00:00:00Z"}, "not-allowed"),
        ({"DateGreaterThan": {"aws:x": "2026-01-01T00:00:00.5Z"}}, {"aws_x": "2026-01-01T00:00:00Z"}, "not-allowed"),
        ({"DateEquals": {"aws:x": "1767225600"}}, {"aws_x": "2026-01-01T01:00:00+01:00"}, "allowed"),
        ({"DateLessThan": {"aws:x": "2026-13"}}, {"aws_x": "2026-01-01T00:00:00Z"}, "unknown"),
        ({"DateLessThan": {"aws:x": "2026-01-01"}}, {}, "not-allowed"),
        ({"DateLessThan": {"aws:x": "2026-01-01"}}, {"aws_x": "yesterday"}, "unknown"),
        ({"DateLessThan": {"aws:x": "2026-02-30"}}, {"aws_x": "2026-01-01"}, "unknown"),
        ({"NumericLessThan": {"aws:x": "NaN"}}, {"aws_x": "1"}, "unknown"),
        ({"IpAddress": {"aws:x": "203.0.113.0/24"}}, {"aws_x": "203.0.113.7"}, "allowed"),
        ({"IpAddress": {"aws:x": "203.0.113.7"}}, {"aws_x": "203.0.113.8"}, "not-allowed"),
        ({"IpAddress": {"aws:x": ["203.0.113.0/24", "2001:DB8::/32"]}}, {"aws_x": "2001:db8:1::1"}, "allowed"),
        ({"NotIpAddress": {"aws:x": ["203.0.113.0/24"]}}, {"aws_x": "2001:db8::1"}, "allowed"),
        ({"NotIpAddress": {"aws:x": ["203.0.113.0/24", "198.51.100.0/24"]}}, {"aws_x": "198.51.100.1"}, "not-allowed"),
        ({"NotIpAddress": {"aws:x": "203.0.113.0/24"}}, {}, "allowed"),
        ({"NotIpAddressIfExists": {"aws:x": "203.0.113.0/24"}}, {"aws_x": "203.0.113.1"}, "not-allowed"),
        ({"IpAddress": {"aws:x": "203.0.113.0/255.255.255.0"}}, {"aws_x": "203.0.113.1"}, "unknown"),
        ({"ArnLike": {"aws:x": "arn:aws:iam::*:role/*"}}, {"aws_x": "arn:aws:iam::1:role/a:b"}, "allowed"),
        ({"ArnEquals": {"aws:x": "arn:aws:*:*:x"}}, {"aws_x": "arn:aws:iam::1:x"}, "unknown"),
        ({"ArnEquals": {"aws:x": "arn:aws:s*::1:x"}}, {"aws_x": "arn:aws:sns::1:x"}, "allowed"),
        ({"ArnLike": {"aws:x": "arn:aws:s*:1:x:y"}}, {"aws_x": "arn:aws:sns::1:x"}, "not-allowed"),
        ({"ArnNotLike": {"aws:x": "arn:aws:iam::1:role/*"}}, {}, "allowed"),
        ({"ArnNotEquals": {"aws:x": "arn:aws:iam::1:role/*"}}, {"aws_x": "arn:aws:iam::1:role/b"}, "not-allowed"),
        ({"ForAllValues:StringLike": {"aws:x": ["a*", "b"]}}, {"aws_x": ["ab", "b"]}, "allowed"),
        ({"ForAllValues:StringLike": {"aws:x": ["a*", "b"]}}, {"aws_x": ["ab", "c"]}, "not-allowed"),
        ({"ForAllValues:StringLike": {"aws:x": "a"}}, {}, "allowed"),
        ({"ForAllValues:StringLike": {"aws:x": "a"}}, {"aws_x": [""]}, "allowed"),
        ({"ForAllValues:StringNotLike": {"aws:x": "key1*"}}, {"aws_x": ["key1:hr", "key2"]}, "not-allowed"),
        ({"ForAllValues:StringNotLike": {"aws:x": "key1*"}}, {"aws_x": ["key2"]}, "allowed"),
        ({"ForAnyValue:StringEquals": {"aws:x": "a"}}, {"aws_x": ["b", "a"]}, "allowed"),
        ({"ForAnyValue:StringEquals": {"aws:x": "a"}}, {}, "not-allowed"),
        ({"ForAnyValue:StringNotEquals": {"aws:x": "a"}}, {"aws_x": ["a", "b"]}, "allowed"),
        ({"ForAnyValue:StringNotEquals": {"aws:x": "a"}}, {}, "not-allowed"),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:x": "a"}}, {}, "allowed"),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:x": "a"}}, {"aws_x": [""]}, "not-allowed"),
        ({"ForAllValues:StringEqualsIfExists": {"aws:x": "a"}}, {"aws_x": [""]}, "allowed"),
        ({"StringEquals": {"aws:x": "a"}}, {"aws_x": ["a", "b"]}, "unknown"),
        ({"Bool": {}}, {}, "allowed"),
    ],
)
def test_conditions_hold_as_aws_documents_them(
    condition: dict[str, Any], context: dict[str, str | list[str]], outcome: str
) -> None:
    assert under(condition, **context) == outcome


# ---- callers


@pytest.mark.parametrize(
    ("signed", "present", "absent", "bool_true", "bool_false", "if_exists_false"),
    [
        (LONG_TERM, False, True, False, False, True),
        (NO_MFA, True, False, False, True, True),
        (MFA, True, False, True, False, False),
    ],
)
def test_a_request_of_a_long_term_key_has_no_mfa_key(
    signed: Circumstances, present: bool, absent: bool, bool_true: bool, bool_false: bool, if_exists_false: bool
) -> None:
    key = "aws:MultiFactorAuthPresent"
    request = Request("s3:GetObject", context=context_of(JANE, signed))
    for condition, holds in (
        ({"Null": {key: "false"}}, present),
        ({"Null": {key: "true"}}, absent),
        ({"Bool": {key: "true"}}, bool_true),
        ({"Bool": {key: "false"}}, bool_false),
        ({"BoolIfExists": {key: "false"}}, if_exists_false),
    ):
        outcome = evaluate([policy(allow(Condition=condition))], request).outcome
        assert outcome is (Outcome.ALLOWED if holds else Outcome.NOT_ALLOWED)


def test_the_context_has_the_known_keys_of_a_request() -> None:
    jane = Principal("arn:aws:iam::123456789012:user/d/jane", "jane", "AIDAJ", {"team": "red"})
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    session = Circumstances(SignedWith.MFA, "203.0.113.7", now=at, issued=at - timedelta(minutes=5), mfa_age=300)
    context = context_of(jane, session, {"s3:prefix": ["a", "b"]})
    known = {
        "aws:userid": "AIDAJ",
        "aws:username": "jane",
        "aws:PrincipalArn": jane.arn,
        "aws:PrincipalAccount": "123456789012",
        "aws:PrincipalType": "User",
        "aws:PrincipalTag/team": "red",
        "aws:MultiFactorAuthAge": "300",
        "aws:TokenIssueTime": "2026-11-22T11:55:00Z",
        "aws:CurrentTime": "2026-11-22T12:00:00Z",
        "aws:EpochTime": "1795348800",
        "aws:SourceIp": "203.0.113.7",
        "aws:ViaAWSService": "false",
    }
    assert {key: context.values(key) for key in known} == {key: (value,) for key, value in known.items()}
    assert context.values("S3:Prefix") == ("a", "b")
    for absent in ("aws:PrincipalTag/other", "aws:SourceVpce", "aws:CalledVia", "aws:FederatedProvider"):
        assert context.values(absent) == ()
    assert context.values("aws:PrincipalOrgID") == Unknown(("the value of aws:PrincipalOrgID in this request",))


def test_principals_have_type_partition_and_account() -> None:
    role = Principal("arn:aws-cn:sts::123456789012:assumed-role/reader/me")
    assert (role.type, role.partition, role.account) == ("AssumedRole", "aws-cn", "123456789012")
    assert Principal("arn:aws:iam::123456789012:root").type == "Account"
    assert Principal("nonsense").account == ""


# ---- whether MFA is required


@pytest.mark.parametrize("name", ["mfa-required", "force-mfa"])
def test_the_denies_of_encee_require_mfa(name: str) -> None:
    requirement = assess_mfa_requirement([policy(allow()), Policy(name, build_policy(name))], JANE)
    assert requirement.is_required
    assert {citation.policy for citation in requirement.denied_by} == {name}


def test_the_naive_deny_does_not_require_mfa() -> None:
    naive = policy(deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))
    for held in ([], [naive], [Policy("a", build_policy("allow-with-mfa"))]):
        requirement = assess_mfa_requirement(held, JANE)
        assert not requirement.is_required
        assert "s3:GetObject" in requirement.open


def test_a_deny_with_an_exemption_does_not_require_mfa() -> None:
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    swap = policy({"Effect": "Deny", "NotAction": "iam:DeactivateMFADevice", "Resource": "*", "Condition": without})
    assert assess_mfa_requirement([swap], JANE).open == ("iam:DeactivateMFADevice",)
    somewhere = policy(deny(Condition=without | {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    requirement = assess_mfa_requirement([somewhere], JANE)
    assert (requirement.is_required, requirement.open) == (False, ())
    assert requirement.unknown == ("p Statement[0]: the value of aws:SourceIp in this request",)
