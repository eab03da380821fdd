"""Lint reports each issue on its statement, and nothing in policies without one."""

import json
from typing import Any

import pytest

from encee.aws.policies.lint import Severity, lint
from encee.aws.policies.templates import POLICIES, build_policy
from tests.aws.policies.seeds import (
    DOCUMENTED,
    NAIVE,
    SELF_SERVICE,
    WITH_MFA,
    WITHOUT_MFA,
    allow,
    deny_but,
    iam,
    policy,
)

MFA = "aws:MultiFactorAuthPresent"
ENROLLING = iam("CreateVirtualMFADevice", "EnableMFADevice")
OWN = "arn:aws:iam::*:user/${aws:username}"


def issues_in(text: str, *, include_info: bool = False) -> list[str]:
    """The names of the issues, each with the index of its statement."""
    return [
        f"{finding.issue.name} {finding.statement.index if finding.statement else ''}".strip()
        for finding in lint("p.json", text.encode())
        if include_info or finding.issue.severity is not Severity.INFO
    ]


def deny(condition: object, action: object = "*") -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}


# ---- published policies


def test_the_naive_deny_is_reported() -> None:
    (finding,) = lint("force.json", NAIVE.encode())
    assert (finding.issue.name, finding.issue.severity, finding.line) == ("bool-in-deny", "error", 4)
    assert "does not deny long-term keys at all" in finding.issue.message
    assert "BoolIfExists" in finding.issue.remedy


def test_a_list_that_lets_a_thief_replace_the_device_is_reported() -> None:
    findings = {finding.issue.name: finding for finding in lint("p.json", SELF_SERVICE.encode())}
    assert {*findings} == {"device-without-mfa", "one-device-name"}
    swap = findings["device-without-mfa"]
    assert (swap.issue.severity, swap.line) == ("error", 21)
    assert str(swap.statement) == "p.json Statement[2] (DenyAllExceptListedIfNoMFA)"
    assert swap.issue.message.startswith("iam:DeactivateMFADevice without MFA")
    assert (findings["one-device-name"].issue.severity, findings["one-device-name"].line) == ("warning", 4)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_policies_have_no_error(name: str) -> None:
    warnings = {
        "deny-ip": ["ip-deny-vpc-endpoint 0"],
        "iam-mfa-selfmanage, older": ["one-device-name 1"],
    }
    assert issues_in(DOCUMENTED[name]) == warnings.get(name, [])
    errors = [finding for finding in lint(name, DOCUMENTED[name].encode()) if finding.issue.severity is Severity.ERROR]
    assert errors == []


@pytest.mark.parametrize("name", POLICIES)
def test_the_policies_of_encee_have_no_issue(name: str) -> None:
    cidrs = ["203.0.113.0/24"] if name == "ip-restriction" else ()
    text = json.dumps(build_policy(name, allow_cidrs=cidrs))
    assert issues_in(text) == (["ip-deny-vpc-endpoint 0"] if name == "ip-restriction" else [])
    if name == "mfa-required":
        assert issues_in(json.dumps(build_policy(name, partition="aws-cn", allow_password_change=True))) == []


# ---- conditions on MFA


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (WITHOUT_MFA, []),
        ({"BoolIfExists": {MFA.upper(): False}}, []),
        ({"StringNotEquals": {MFA: "true"}}, []),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, []),
        ({"Bool": {MFA: "false"}}, ["bool-in-deny 0"]),
        ({"Bool": {MFA: ["false"]}}, ["bool-in-deny 0"]),
        ({"StringEquals": {MFA: "false"}}, ["bool-in-deny 0"]),
        ({"ForAnyValue:Bool": {MFA: "false"}}, ["bool-in-deny 0"]),
        ({"Bool": {MFA: "true"}}, ["bool-in-deny 0"]),
        ({"Bool": {MFA: "false"}, "NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}, ["bool-in-deny 0"]),
        ({"Null": {MFA: "true"}}, ["null-mfa 0"]),
        ({"Null": {MFA: "false"}}, ["null-mfa 0"]),
        ({"BoolIfExists": {MFA: ["true", "false"]}}, ["deny-with-mfa 0"]),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}, []),
    ],
)
def test_a_deny_has_to_apply_to_all_requests_without_mfa(condition: object, expected: list[str]) -> None:
    assert issues_in(policy(deny(condition))) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (WITH_MFA, []),
        ({"Bool": {MFA: True}, "Null": {MFA: False}}, []),
        ({"StringEquals": {MFA: "true"}}, []),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}, []),
        ({"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": 3600}}, ["if-exists-in-allow 0"]),
        ({"BoolIfExists": {MFA: "true"}}, ["if-exists-in-allow 0"]),
        ({"BoolIfExists": {MFA: "false"}}, ["if-exists-in-allow 0"]),
        ({"StringNotEquals": {MFA: "false"}}, ["if-exists-in-allow 0"]),
        ({"ForAllValues:Bool": {MFA: "true"}}, ["if-exists-in-allow 0"]),
        ({"Null": {MFA: "false"}}, ["null-mfa 0"]),
        ({"Null": {MFA: "true"}}, ["null-mfa 0"]),
        ({"Bool": {MFA: "false"}}, ["allow-without-mfa 0"]),
    ],
)
def test_an_allow_has_to_apply_to_requests_with_mfa_only(condition: object, expected: list[str]) -> None:
    assert issues_in(policy(allow("ec2:*", Condition=condition))) == expected
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition}
    assert issues_in(policy(trust)) == expected


# ---- devices


def test_a_deny_that_exempts_deactivating_a_device_is_reported() -> None:
    assert issues_in(policy(deny_but(*ENROLLING, "iam:DeactivateMFADevice"))) == ["device-without-mfa 0"]
    assert issues_in(policy(deny_but(*ENROLLING, "iam:*MFADevice"))) == [
        "device-without-mfa 0",
        "device-without-mfa 0",
    ]
    assert issues_in(policy(deny_but("iam:*"))) == ["device-without-mfa 0", "device-without-mfa 0"]
    closed = {"Effect": "Deny", "Action": "iam:DeactivateMFADevice", "Resource": "*", "Condition": WITHOUT_MFA}
    assert issues_in(policy(deny_but(*ENROLLING, "iam:DeactivateMFADevice"), closed)) == []


def test_an_allow_to_deactivate_a_device_without_mfa_is_reported() -> None:
    swap = allow("iam:DeactivateMFADevice", OWN)
    assert issues_in(policy(swap)) == ["device-without-mfa 0"]
    assert issues_in(policy(swap | {"Condition": WITH_MFA})) == []
    assert issues_in(policy(swap, deny_but(*ENROLLING))) == []
    assert issues_in(policy(swap, deny_but(*ENROLLING, "iam:DeactivateMFADevice"))) == ["device-without-mfa 1"]
    assert issues_in(policy(allow("iam:*"))) == []


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], ["device-without-mfa 0"]),
        ([allow("iam:DeleteVirtualMFADevice", "arn:aws:iam::*:mfa/*")], ["device-without-mfa 0"]),
        ([allow("iam:DeleteVirtualMFADevice", "arn:aws:iam::*:mfa/${aws:username}*")], []),
        ([allow("iam:DeleteVirtualMFADevice", ["arn:aws:iam::1:mfa/${aws:username}", OWN])], ["device-without-mfa 0"]),
        ([allow("iam:DeleteVirtualMFADevice", ["arn:aws:iam::*:mfa/${aws:username}", OWN])], []),
        (
            [
                {
                    "Effect": "Deny",
                    "Action": "iam:DeleteVirtualMFADevice",
                    "NotResource": "arn:aws-us-gov:iam::123456789012:mfa/${aws:username}*",
                    "Condition": WITHOUT_MFA,
                }
            ],
            [],
        ),
    ],
)
def test_deleting_an_own_device_without_mfa_is_not_an_issue(others: list[dict[str, Any]], expected: list[str]) -> None:
    assert issues_in(policy(deny_but(*ENROLLING, "iam:DeleteVirtualMFADevice"), *others)) == expected


def test_an_allow_to_delete_any_device_without_mfa_is_reported() -> None:
    assert issues_in(policy(allow("iam:DeleteVirtualMFADevice", "arn:aws:iam::*:mfa/*"))) == ["device-without-mfa 0"]
    assert issues_in(policy(allow("iam:Delete*MFADevice", "arn:aws:iam::210987654321:mfa/*"))) == [
        "device-without-mfa 0"
    ]
    assert issues_in(policy(allow("iam:DeleteVirtualMFADevice", "arn:aws:iam::*:mfa/${aws:username}*"))) == []


@pytest.mark.parametrize(
    ("exempt", "expected"),
    [
        (iam("CreateVirtualMFADevice", "EnableMFADevice"), []),
        (iam("create*", "enablemfadevice"), []),
        (iam("CreateVirtualMFADevice", "ListMFADevices"), ["locked-out 0"]),
        (iam("EnableMFADevice", "ListMFADevices"), ["locked-out 0"]),
        (iam("ListUsers"), ["locked-out 0"]),
        (["sts:GetCallerIdentity"], ["no-self-service 0"]),
    ],
)
def test_a_deny_that_prevents_enrolling_is_reported(exempt: list[str], expected: list[str]) -> None:
    assert issues_in(policy(deny_but(*exempt)), include_info=True) == expected


def test_the_remedy_of_a_lockout_names_the_missing_actions() -> None:
    (finding,) = lint("p", policy(deny_but("iam:EnableMFADevice")).encode())
    assert finding.issue.remedy == "add iam:CreateVirtualMFADevice to NotAction"
    (finding,) = lint("p", policy(deny_but("iam:GetUser")).encode())
    assert finding.issue.remedy == "add iam:CreateVirtualMFADevice and iam:EnableMFADevice to NotAction"


def test_a_deny_without_exemptions_is_reported_as_info() -> None:
    assert issues_in(policy(deny(WITHOUT_MFA)), include_info=True) == ["no-self-service 0"]
    assert issues_in(policy(deny(WITHOUT_MFA, "ec2:*")), include_info=True) == []


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:iam::*:mfa/${aws:username}", ["one-device-name 0"]),
        (["arn:aws:iam::*:mfa/${aws:username}", OWN], ["one-device-name 0"]),
        ("arn:aws:iam::123456789012:mfa/${aws:username}", ["one-device-name 0"]),
        ("arn:aws:iam::*:mfa/${aws:username}*", []),
        ("arn:aws:iam::*:mfa/*", []),
        ("*", []),
    ],
)
def test_an_allow_for_one_device_name_is_a_warning(resource: object, expected: list[str]) -> None:
    assert issues_in(policy(allow("iam:CreateVirtualMFADevice", resource))) == expected


def test_one_device_name_is_no_issue_if_another_allow_has_more() -> None:
    one, more = (allow("iam:CreateVirtualMFADevice", f"arn:aws:iam::*:mfa/{name}") for name in ("${aws:username}", "*"))
    assert issues_in(policy(one, more)) == []


def test_get_session_token_in_a_list_is_reported_as_info() -> None:
    for statement in (
        allow("sts:GetSessionToken"),
        allow(["sts:Get*"]),
        deny_but(*ENROLLING, "sts:GetSessionToken"),
    ):
        (finding,) = lint("p", policy(statement).encode())
        assert (finding.issue.name, finding.issue.severity) == ("get-session-token", "info")
    assert issues_in(policy(allow("sts:*"), allow("*")), include_info=True) == []


# ---- addresses


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, ["whole-world 0"]),
        ({"NotIpAddress": {"AWS:sourceip": ["0.0.0.0/1", "203.0.113.0/24", "128.0.0.0/1"]}}, ["whole-world 0"]),
        ({"NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24", "::/1", "8000::/1"]}}, ["whole-world 0"]),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.7"}}, []),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.7/24"}}, []),
        ({"NotIpAddress": {"aws:SourceIp": ["office", "203.0.113.0/24"]}}, ["no-network 0"]),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, []),  # denying every address is explicit here
    ],
)
def test_networks_that_restrict_nothing_are_reported(condition: dict[str, Any], expected: list[str]) -> None:
    whole = condition | {"Bool": {"aws:ViaAWSService": "false"}, "StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
    assert issues_in(policy(deny(whole))) == expected


def test_an_allow_for_every_address_is_reported() -> None:
    assert issues_in(policy(allow("*", Condition={"IpAddress": {"aws:SourceIp": ["::/0"]}}))) == ["whole-world 0"]
    assert issues_in(policy(allow("*", Condition={"IpAddress": {"aws:SourceIp": ["2001:db8::/32"]}}))) == []


@pytest.mark.parametrize(
    ("operator", "more", "expected"),
    [
        ("NotIpAddress", {}, ["ip-deny-via-service 0", "ip-deny-vpc-endpoint 0"]),
        ("NotIpAddress", {"Bool": {"aws:ViaAWSService": "false"}}, ["ip-deny-vpc-endpoint 0"]),
        ("NotIpAddress", {"BoolIfExists": {"AWS:viaawsservice": "false"}}, ["ip-deny-vpc-endpoint 0"]),
        ("NotIpAddress", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, ["ip-deny-via-service 0"]),
        ("NotIpAddressIfExists", {}, ["ip-deny-via-service 0"]),
        ("IpAddress", {}, []),
    ],
)
def test_an_ip_deny_that_applies_too_widely_is_a_warning(
    operator: str, more: dict[str, Any], expected: list[str]
) -> None:
    assert issues_in(policy(deny({operator: {"aws:SourceIp": "203.0.113.0/24"}} | more))) == expected


# ---- malformed policies


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "malformed JSON: expecting value"),
        ('{\n  "Statement": [\n    {"Effect": "Allow",}\n  ]\n}', 3, "malformed JSON: "),
        ('{"Statement": []} x', 1, "malformed JSON: extra data"),
        ('{\n"a": 1,\n"Statement": [{},\n{"Sid": "x", "Sid": "y"}]}', 4, "duplicate key Sid in an object"),
        ('{\n"Statement": {"Sid": "x", "Sid": "y"}}', 2, "duplicate key Sid in an object"),
        ('{"Statement": [], "Statement": []}', 1, "duplicate key Statement in an object"),
        ('{\n"Statement": [\n{"a": NaN}]}', 3, "malformed JSON: invalid value NaN"),
        ("[" * 100_000, 1, "malformed JSON: it is nested too deeply, or a number is too long"),
        ("1" * 5_000, 1, "malformed JSON: it is nested too deeply, or a number is too long"),
    ],
)
def test_malformed_json_is_reported_with_its_line(text: str, line: int, message: str) -> None:
    (finding,) = lint("p.json", text.encode())
    assert (finding.issue.name, finding.issue.severity, finding.line) == ("malformed", "error", line)
    assert finding.issue.message.startswith(message)
    assert finding.statement is None


def test_bytes_that_are_not_utf8_are_reported_with_their_line() -> None:
    (finding,) = lint("p.json", b'{\n"a": "\xff"}')
    assert (finding.line, finding.issue.message) == (2, "it is not UTF-8")


def test_a_byte_order_mark_is_accepted() -> None:
    assert lint("p.json", b"\xef\xbb\xbf" + policy(allow("s3:*")).encode()) == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Action": "*", "Resource": "*"}, "a statement without an Effect"),
        ({"Effect": "allow", "Action": "*", "Resource": "*"}, "a statement without an Effect"),
        ({"Effect": "Allow", "Resource": "*"}, "exactly one of Action and NotAction"),
        ({"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}, "exactly one of Action and NotAction"),
        ({"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}, "exactly one of Resource and"),
        ({"Effect": "Allow", "Action": "*"}, "a statement without Resource and NotResource"),
        ({"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}, "the element Conditions"),
        ("x", "a statement that is not an object"),
    ],
)
def test_a_statement_that_aws_rejects_is_an_error(statement: Any, message: str) -> None:  # noqa: ANN401 - it is broken
    (finding,) = lint("p.json", policy(statement).encode())
    assert (finding.issue.name, finding.issue.severity) == ("not-a-policy", "error")
    assert message in finding.issue.message


def test_json_that_is_not_a_policy_is_an_error() -> None:
    for text in ("[]", "{}", "7", '{"Version": "2020-01-01", "Statement": {}}', '{"Statement": {}, "Extra": 1}'):
        assert [issue.split()[0] for issue in issues_in(text)] == ["not-a-policy"]


def test_a_variable_in_an_older_policy_is_an_error() -> None:
    text = json.dumps({"Statement": allow("s3:*", "arn:aws:s3:::b/${aws:username}")})
    (finding,) = lint("p.json", text.encode())
    assert (finding.issue.name, finding.statement and finding.statement.index) == ("variable-without-version", None)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (allow("*", Condition={"StringSimilar": {"aws:x": "y"}}), "the condition operator StringSimilar"),
        (allow("*", Condition={"BinaryEquals": {"aws:x": "eQ=="}}), "the condition operator BinaryEquals"),
        (allow("*", Condition=[]), "a Condition that is not an object"),
        (allow("s3*:Get"), "the action s3*:Get"),
    ],
)
def test_an_unknown_element_is_a_warning(statement: dict[str, Any], message: str) -> None:
    (finding,) = lint("p.json", policy(statement).encode())
    assert (finding.issue.name, finding.issue.severity) == ("unknown", "warning")
    assert message in finding.issue.message


# ---- lines


@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
def test_issues_have_the_line_of_their_statement(indent: int | str | None) -> None:
    naive = deny({"Bool": {MFA: "false"}})
    whole = {"Id": '{"Statement": [{', "Version": "2012-10-17", "Statement": [allow("s3:*"), naive, naive]}
    text = json.dumps(whole, indent=indent)
    lines = [finding.line for finding in lint("p", text.encode())]
    starts = [text.index('{"Effect": "Deny"') if indent is None else text.index('"Deny"')]
    assert len(lines) == 2
    assert lines[0] == text.count("\n", 0, text.rfind("{", 0, starts[0] + 1)) + 1
    assert indent is None or lines[1] > lines[0] + 8


def test_a_single_statement_has_a_line_and_no_index() -> None:
    text = '{"Version": "2012-10-17",\n\n "Statement":\n  ' + json.dumps(deny({"Bool": {MFA: "false"}})) + "}"
    (finding,) = lint("p", text.encode())
    assert finding.statement is not None
    assert (finding.line, finding.statement.index) == (4, None)
