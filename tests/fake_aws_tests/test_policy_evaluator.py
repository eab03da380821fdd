"""The stand-in's policy evaluator decides as the examples in AWS's documentation do.

Each group names its page in https://docs.aws.amazon.com/IAM/latest/UserGuide/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.fake_aws.policy_evaluator import Decision, Effect, Request, evaluate, evaluate_trust
from tests.fake_aws.policy_patterns import UndocumentedError

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/me"
STRANGER = "arn:aws:iam::210987654321:user/eve"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
ALLOW, EXPLICIT_DENY, IMPLICIT_DENY = Effect


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    whole = [{"Effect": "Allow", **statement} for statement in statements]
    return {"Version": version, "Statement": whole}


def request(
    action: str, resource: str = "*", keys: Mapping[str, list[str]] | None = None, principal: str = USER
) -> Request:
    return Request(principal, "AIDAEXAMPLE", action, resource, keys or {})


def everything(**elements: Any) -> dict[str, Any]:  # noqa: ANN401 - a policy's elements
    return policy({"Action": "*", "Resource": "*", **elements})


class Example(NamedTuple):
    """A condition, the values of its key in a request (None where it lacks the key), and whether it matches."""

    condition: dict[str, Any]
    values: list[str] | None
    matches: bool


TAG = "aws:principaltag/job"
EXAMPLES = [
    # reference_policies_elements_condition_operators, String
    Example({"StringEquals": {TAG: "iamuser-admin"}}, ["iamuser-admin"], True),
    Example({"StringEquals": {TAG: "iamuser-admin"}}, ["IAMUSER-admin"], False),
    Example({"StringEquals": {TAG: "iamuser-admin"}}, None, False),
    Example({"StringEquals": {"AWS:PrincipalTag/Job": "iamuser-admin"}}, ["iamuser-admin"], True),
    Example({"StringEqualsIgnoreCase": {TAG: "iamuser-admin"}}, ["IAMUSER-admin"], True),
    Example({"StringEquals": {TAG: "home/*"}}, ["home/ana"], False),
    Example({"StringLike": {TAG: ["", "home/", "home/ana/*"]}}, ["home/ana/file"], True),
    Example({"StringLike": {TAG: ["", "home/", "home/ana/*"]}}, ["home/bob/file"], False),
    # Negated operators: NOR of their values, and true without the key
    Example({"StringNotEquals": {TAG: ["finance", "hr"]}}, ["hr"], False),
    Example({"StringNotEquals": {TAG: ["finance", "hr"]}}, ["legal"], True),
    Example({"StringNotLike": {TAG: "fin*"}}, None, True),
    Example({"ArnNotLike": {TAG: "arn:aws:iam::222222222222:user/*"}}, None, True),
    # Numeric, Date, Boolean
    Example({"NumericLessThanEquals": {TAG: "10"}}, ["10"], True),
    Example({"NumericLessThanEquals": {TAG: 10}}, ["11"], False),
    Example({"NumericLessThanEquals": {TAG: "10"}}, None, False),
    Example({"NumericLessThan": {TAG: "10"}}, ["9.5"], True),
    Example({"DateGreaterThan": {TAG: "2020-01-01T00:00:01Z"}}, ["2020-01-01T00:00:02Z"], True),
    Example({"DateGreaterThan": {TAG: "2020-01-01T00:00:01Z"}}, ["2020-01-01T00:00:01Z"], False),
    Example({"DateGreaterThan": {TAG: "2020-01-01T00:00:01Z"}}, None, False),
    Example({"DateEquals": {TAG: "2020-01-01"}}, ["1577836800"], True),
    Example({"DateLessThan": {TAG: "2021"}}, ["2020-12-31T23:59:59Z"], True),
    Example({"Bool": {TAG: "false"}}, ["false"], True),
    Example({"Bool": {TAG: False}}, ["true"], False),
    Example({"Bool": {TAG: "false"}}, None, False),
    Example({"BinaryEquals": {TAG: "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}, ["QmluYXJ5VmFsdWVJbkJhc2U2NA=="], True),
    # IP address
    Example({"IpAddress": {TAG: "203.0.113.0/24"}}, ["203.0.113.255"], True),
    Example({"IpAddress": {TAG: "203.0.113.0/24"}}, ["203.0.114.0"], False),
    Example({"IpAddress": {TAG: "203.0.113.5"}}, ["203.0.113.6"], False),
    Example({"IpAddress": {TAG: ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}, ["2001:db8:1234:5678::1"], True),
    Example({"IpAddress": {TAG: "203.0.113.0/24"}}, None, False),
    Example({"NotIpAddress": {TAG: "203.0.113.0/24"}}, ["2001:db8::1"], True),
    Example({"NotIpAddress": {TAG: "203.0.113.0/24"}}, None, True),
    # ARN: the page's own example of what StringLike matches and ArnLike does not
    Example(
        {"StringLike": {TAG: "arn:aws:someservice:*:111122223333:finance/*"}},
        ["arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"],
        True,
    ),
    Example(
        {"ArnLike": {TAG: "arn:aws:someservice:*:111122223333:finance/*"}},
        ["arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"],
        False,
    ),
    Example({"ArnEquals": {TAG: "arn:aws:sns:*:123456789012:t?pic"}}, ["arn:aws:sns:eu:123456789012:topic"], True),
    # ...IfExists and Null
    Example({"StringLikeIfExists": {TAG: ["t1.*", "m3.*"]}}, None, True),
    Example({"StringLikeIfExists": {TAG: ["t1.*", "m3.*"]}}, ["m3.large"], True),
    Example({"StringLikeIfExists": {TAG: ["t1.*", "m3.*"]}}, ["c5.large"], False),
    Example({"StringNotEqualsIfExists": {TAG: "x"}}, None, True),
    Example({"BoolIfExists": {TAG: "false"}}, None, True),
    Example({"Null": {TAG: "true"}}, None, True),
    Example({"Null": {TAG: "true"}}, ["2020-01-01"], False),
    Example({"Null": {TAG: False}}, ["2020-01-01"], True),
    # reference_policies_condition-single-vs-multi-valued-context-keys
    Example({"ForAllValues:StringLike": {TAG: ["key1*"]}}, ["key1", "key1:legal"], True),
    Example({"ForAllValues:StringLike": {TAG: ["key1*"]}}, ["key1", "key2:audit"], False),
    Example({"ForAllValues:StringLike": {TAG: ["key1*"]}}, None, True),
    Example({"ForAllValues:StringEquals": {TAG: "x"}}, [""], True),
    Example({"ForAnyValue:StringEquals": {TAG: ["environment", "webserver"]}}, ["cost", "webserver"], True),
    Example({"ForAnyValue:StringEquals": {TAG: ["environment", "webserver"]}}, ["cost"], False),
    Example({"ForAnyValue:StringEquals": {TAG: "x"}}, None, False),
    Example({"ForAnyValue:StringNotEquals": {TAG: "x"}}, None, False),
    Example({"ForAnyValue:StringEqualsIfExists": {TAG: "x"}}, None, True),
    Example({"ForAnyValue:StringEqualsIfExists": {TAG: "x"}}, [""], False),
    Example({"ForAnyValue:StringNotEquals": {TAG: "x"}}, ["x", "y"], True),
    Example({"ForAllValues:StringNotEquals": {TAG: "x"}}, ["x", "y"], False),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_condition_matches_as_documented(example: Example) -> None:
    keys = {} if example.values is None else {TAG: example.values}
    decision = evaluate(request("s3:GetObject", keys=keys), [everything(Condition=example.condition)])
    assert (decision.effect is ALLOW) is example.matches


def test_operators_and_keys_are_joined_by_and() -> None:
    """reference_policies_condition-logic-multiple-context-keys-or-values, the table of examples."""
    condition = {
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"], "aws:PrincipalTag/role": ["audit"]},
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:user/Mary"},
    }
    keys = {
        "aws:principaltag/department": ["hr"],
        "aws:principaltag/role": ["audit"],
        "aws:principalarn": ["arn:aws:iam::222222222222:user/Mary"],
    }
    policies = [everything(Condition=condition)]
    assert evaluate(request("s3:GetObject", keys=keys), policies).effect is ALLOW
    for name in keys:
        fewer = {key: values for key, values in keys.items() if key != name}
        assert evaluate(request("s3:GetObject", keys=fewer), policies).effect is IMPLICIT_DENY


@pytest.mark.parametrize(
    ("text", "action", "matches"),
    [
        ("iam:*AccessKey*", "iam:CreateAccessKey", True),
        ("iam:*AccessKey*", "iam:ListAccessKeys", True),
        ("iam:*AccessKey*", "iam:ListUsers", False),
        ("IAM:listaccesskeys", "iam:ListAccessKeys", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("*", "s3:GetObject", True),
        ("ec2:*", "s3:GetObject", False),
    ],
)
def test_an_action_matches_as_documented(text: str, action: str, matches: bool) -> None:
    """reference_policies_elements_action and _notaction."""
    assert (evaluate(request(action), [everything(Action=text)]).effect is ALLOW) is matches
    negated = policy({"NotAction": [text], "Resource": "*"})
    assert (evaluate(request(action), [negated]).effect is ALLOW) is not matches


BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"


@pytest.mark.parametrize(
    ("text", "resource", "matches"),
    [
        ("arn:aws:iam::123456789012:user/Bob", "arn:aws:iam::123456789012:user/bob", False),
        ("arn:aws:iam::123456789012:user/accounting/*", "arn:aws:iam::123456789012:user/accounting/x/ana", True),
        ("arn:aws:iam::123456789012:user/accounting/*", "arn:aws:iam::123456789012:user/ana", False),
        *((f"{BUCKET}/*/test/*", f"{BUCKET}/{key}", True) for key in ("1/test/object.jpg", "1/2/test/3/object.jpg")),
        *((f"{BUCKET}/*/test/*", f"{BUCKET}/{key}", False) for key in ("1-test/object.jpg", "test/object.jpg")),
        ("arn:aws:sqs", "arn:aws:sqs:us-east-2:123456789012:queue1", True),
        ("arn:aws:sns:us-east-?:1:topic", "arn:aws:sns:us-east-2:1:topic", True),
        ("arn:aws:sns:us*2:1:topic", "arn:aws:sns:us-east-1:2:1:topic", False),
        ("arn:aws:sns:us*:1:topic", "arn:aws:sns:us-east-1:2:1:topic", True),
        ("*", "*", True),
        ("arn:aws:s3:::*", "*", False),
    ],
)
def test_a_resource_matches_as_documented(text: str, resource: str, matches: bool) -> None:
    """reference_policies_elements_resource and _notresource."""
    assert (evaluate(request("s3:GetObject", resource), [everything(Resource=text)]).effect is ALLOW) is matches
    negated = policy({"Action": "*", "NotResource": text})
    assert (evaluate(request("s3:GetObject", resource), [negated]).effect is ALLOW) is not matches


@pytest.mark.parametrize(
    ("text", "resource", "matches"),
    [
        ("${aws:username}", "ana", True),
        ("${AWS:UserName}/*", "ana/file", True),
        ("${aws:username}", "bob", False),
        ("${aws:PrincipalTag/department}", "", False),
        ("${aws:PrincipalTag/department, 'none'}", "none", True),
        ("${aws:username, 'anonymous'}", "anonymous", False),
        ("${*}${?}${$}", "*?$", True),
        ("${*}", "ana", False),
    ],
)
def test_a_policy_variable_is_replaced_as_documented(text: str, resource: str, matches: bool) -> None:
    """reference_policies_variables."""
    known = {"aws:username": ["ana"], "s3:prefix": [resource]}
    for document in (
        everything(Resource=f"arn:aws:s3:::bucket/{text}"),
        everything(Condition={"StringLike": {"s3:prefix": text}}),
    ):
        decision = evaluate(request("s3:GetObject", f"arn:aws:s3:::bucket/{resource}", known), [document])
        assert (decision.effect is ALLOW) is matches


def test_a_variable_with_no_value_matches_inverted_operators() -> None:
    """reference_policies_variables, "Policy variables with no value": the page's example denies an untagged caller."""
    document = everything(
        Effect="Deny", Condition={"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}}
    )
    untagged = {"s3:existingobjecttag/team": ["red"]}
    tagged = {**untagged, "aws:principaltag/team": ["red"]}
    policies = [everything(), document]
    assert evaluate(request("s3:GetObject", BUCKET, untagged), policies).effect is EXPLICIT_DENY
    assert evaluate(request("s3:GetObject", BUCKET, tagged), policies).effect is ALLOW


def test_an_older_version_takes_variables_literally() -> None:
    document = policy({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}"}, version="2008-10-17")
    known = {"aws:username": ["ana"]}
    assert evaluate(request("s3:GetObject", "arn:aws:s3:::bucket/ana", known), [document]).effect is IMPLICIT_DENY
    literal = request("s3:GetObject", "arn:aws:s3:::bucket/${aws:username}", known)
    assert evaluate(literal, [document]).effect is ALLOW


def test_an_explicit_deny_overrides_an_allow() -> None:
    """reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay."""
    assert evaluate(request("s3:GetObject"), []).effect is IMPLICIT_DENY
    assert evaluate(request("s3:GetObject"), [everything()]).effect is ALLOW
    for order in ([everything(), everything(Effect="Deny")], [everything(Effect="Deny"), everything()]):
        assert evaluate(request("s3:GetObject"), order).effect is EXPLICIT_DENY


@pytest.mark.parametrize(
    ("action", "decision"),
    [
        ("s3:GetObject", Decision(ALLOW, "identity-based")),
        ("iam:CreateUser", Decision(IMPLICIT_DENY, "permissions boundary")),
        ("ec2:RunInstances", Decision(IMPLICIT_DENY, "identity-based")),
        ("cloudwatch:GetDashboard", Decision(EXPLICIT_DENY, "permissions boundary")),
    ],
)
def test_a_boundary_limits_what_policies_allow(action: str, decision: Decision) -> None:
    """access_policies_boundaries: Shirley's boundary of S3, CloudWatch and EC2 without iam:CreateUser."""
    boundary = policy(
        {"Action": ["s3:*", "cloudwatch:*", "ec2:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "cloudwatch:GetDashboard", "Resource": "*"},
    )
    own = policy({"Action": ["s3:*", "iam:CreateUser", "cloudwatch:*"], "Resource": "*"})
    assert evaluate(request(action), [own], [boundary]) == decision


@pytest.mark.parametrize(
    ("principal", "without_policy", "with_policy"),
    [
        ("*", ALLOW, ALLOW),
        ({"AWS": "*"}, ALLOW, ALLOW),
        ({"AWS": USER}, ALLOW, ALLOW),
        ({"AWS": [f"arn:aws:iam::{ACCOUNT}:user/bob", USER]}, ALLOW, ALLOW),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, IMPLICIT_DENY, ALLOW),
        ({"AWS": ACCOUNT}, IMPLICIT_DENY, ALLOW),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, IMPLICIT_DENY, IMPLICIT_DENY),
        ({"AWS": "210987654321"}, IMPLICIT_DENY, IMPLICIT_DENY),
        ({"AWS": "AIDAOTHER"}, IMPLICIT_DENY, IMPLICIT_DENY),
        ({"AWS": "AIDAEXAMPLE"}, ALLOW, ALLOW),
        ({"Service": "ec2.amazonaws.com"}, IMPLICIT_DENY, IMPLICIT_DENY),
        ({"Service": "ec2.amazonaws.com", "AWS": USER}, ALLOW, ALLOW),
    ],
)
def test_a_trust_policy_names_principals_as_documented(
    principal: object, without_policy: Effect, with_policy: Effect
) -> None:
    """reference_policies_elements_principal."""
    trust = policy({"Action": "sts:AssumeRole", "Principal": principal})
    assume = request("sts:AssumeRole", ROLE)
    assert evaluate_trust(assume, trust, []).effect is without_policy
    assert evaluate_trust(assume, trust, [everything(Resource=ROLE)]).effect is with_policy
    assert evaluate_trust(assume, trust, [everything(Effect="Deny")]).effect is EXPLICIT_DENY


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        (SESSION, ALLOW),
        (f"arn:aws:iam::{ACCOUNT}:role/some/path/first", ALLOW),
        (f"arn:aws:iam::{ACCOUNT}:role/second", IMPLICIT_DENY),
        ("arn:aws:iam::210987654321:role/first", IMPLICIT_DENY),
    ],
)
def test_a_role_session_is_named_by_its_role_and_its_own_arn(name: str, effect: Effect) -> None:
    trust = policy({"Action": "sts:AssumeRole", "Principal": {"AWS": name}})
    assert evaluate_trust(request("sts:AssumeRole", ROLE, principal=SESSION), trust, []).effect is effect


def test_a_boundary_limits_a_session_that_is_named_by_its_role() -> None:
    """access_policies_boundaries: a grant to a role's ARN is limited by an implicit deny, one to its session is not."""
    boundary = policy({"Action": "s3:*", "Resource": "*"})
    assume = request("sts:AssumeRole", ROLE, principal=SESSION)
    for name, effect in ((f"arn:aws:iam::{ACCOUNT}:role/first", IMPLICIT_DENY), (SESSION, ALLOW)):
        trust = policy({"Action": "sts:AssumeRole", "Principal": {"AWS": name}})
        assert evaluate_trust(assume, trust, [everything()], [boundary]).effect is effect
        assert evaluate_trust(assume, trust, [], [everything()]).effect is ALLOW


def test_a_role_of_another_account_needs_both_policies() -> None:
    """reference_policies_evaluation-logic-cross-account."""
    trust = policy({"Action": "sts:AssumeRole", "Principal": {"AWS": STRANGER}})
    assume = request("sts:AssumeRole", ROLE, principal=STRANGER)
    assert evaluate_trust(assume, trust, []).effect is IMPLICIT_DENY
    assert evaluate_trust(assume, trust, [everything()]).effect is ALLOW


@pytest.mark.parametrize(
    "statement",
    [
        {"Condition": {"StringSimilar": {TAG: "x"}}},
        {"Condition": {"Null": {TAG: "perhaps"}}},
        {"Condition": {"Bool": {TAG: "${aws:username}"}}},
        {"Condition": {"StringEquals": {TAG: ["x"]}}},
        {"Condition": {"ForSomeValues:StringEquals": {TAG: ["x"]}}},
        {"Condition": {"ArnLike": {TAG: "arn:aws"}}},
        {"Condition": {"ForAnyValue:NumericEquals": {TAG: "many"}}},
        {"Condition": {"ForAnyValue:IpAddress": {TAG: "everywhere"}}},
        {"Condition": {"ForAnyValue:DateEquals": {TAG: "2020-13"}}},
        {"Resource": "bucket"},
        {"Resource": "arn:aws:s3::${aws:username}:bucket"},
        {"Resource": "arn:aws:s3:::${aws:username"},
        {"Resource": f"arn:aws:s3:::${{{TAG}}}"},
        {"NotAction": "s3:*"},
    ],
    ids=str,
)
def test_does_not_decide_what_aws_does_not_document(statement: dict[str, Any]) -> None:
    several = {TAG: ["x", "y"]}
    with pytest.raises(UndocumentedError):
        evaluate(request("s3:GetObject", BUCKET, several), [everything(**statement)])


@pytest.mark.parametrize("principal", [{"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}, {"CanonicalUser": "79a5"}, USER])
def test_does_not_decide_on_a_principal_that_aws_rejects(principal: object) -> None:
    trust = policy({"Action": "sts:AssumeRole", "Principal": principal})
    with pytest.raises(UndocumentedError):
        evaluate_trust(request("sts:AssumeRole", ROLE), trust, [])
