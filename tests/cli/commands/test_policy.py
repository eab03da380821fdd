"""`encee policy`: the four policies, lint of others, and simulations."""

import json
from pathlib import Path

import pytest

from tests.aws.policies.seeds import NAIVE, SELF_SERVICE, allow, policy
from tests.conftest import Encee, Home, run_encee


@pytest.fixture
def folder(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the policies, which is the current one so that names are short."""
    monkeypatch.chdir(home.path)
    return home.path


# ---- list and show


def test_lists_the_four_policies(encee: Encee) -> None:
    result = encee("policy", "list")
    assert (result.code, result.err) == (0, "")
    names = [line.split()[0] for line in result.out.splitlines()]
    assert names == ["POLICY", "mfa-required", "force-mfa", "ip-restriction", "allow-with-mfa"]
    listed = json.loads(encee("policy", "list", "--json").out)
    assert listed["encee_format"] == 1
    assert [one["name"] for one in listed["policies"]] == names[1:]


def test_without_a_command_prints_the_help(encee: Encee) -> None:
    result = encee("policy")
    assert result.code == 0
    assert "simulate" in result.out


def test_prints_a_policy_that_aws_accepts(encee: Encee) -> None:
    result = encee("policy", "show", "mfa-required", "--partition", "aws-cn", "--allow-password-change")
    assert (result.code, result.err) == (0, "")
    shown = json.loads(result.out)
    assert {*shown} == {"Version", "Statement"}
    assert "arn:aws-cn:iam::*:user/*/${aws:username}" in result.out
    assert "iam:ChangePassword" in result.out


def test_prints_the_restriction_to_the_given_networks(encee: Encee) -> None:
    result = encee(
        "policy", "show", "ip-restriction", "--allow-cidr", "203.0.113.0/24", "--allow-cidr", "2001:db8::/32"
    )
    (statement,) = json.loads(result.out)["Statement"]
    assert statement["Condition"]["NotIpAddress"]["aws:SourceIp"] == ["203.0.113.0/24", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "unknown policy nope"),
        (("ip-restriction",), "ip-restriction needs the networks that stay allowed"),
        (("ip-restriction", "--allow-cidr", "0.0.0.0/0"), "every address"),
        (("ip-restriction", "--allow-cidr", ""), "neither a network nor an address"),
        (("force-mfa", "--allow-cidr", "203.0.113.0/24"), "force-mfa does not take addresses"),
        (("force-mfa", "--partition", "Amazon"), "invalid partition Amazon"),
        (("force-mfa", "--partition", ""), "the value is empty"),
    ],
)
def test_invalid_options_of_a_policy_are_wrong_usage(encee: Encee, arguments: tuple[str, ...], said: str) -> None:
    result = encee("policy", "show", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "encee: hint: " in result.err


def test_the_printed_policies_pass_lint(encee: Encee) -> None:
    for arguments in (
        ("mfa-required",),
        ("mfa-required", "--allow-password-change"),
        ("force-mfa",),
        ("ip-restriction", "--allow-cidr", "203.0.113.0/24"),
        ("allow-with-mfa",),
    ):
        result = encee("policy", "lint", "-", stdin=encee("policy", "show", *arguments).out)
        assert result.code == 0
        assert ": error: " not in result.out


# ---- lint


def test_lint_reports_the_issues_of_several_files(encee: Encee, folder: Path) -> None:
    (folder / "force.json").write_text(NAIVE)
    (folder / "self.json").write_text(SELF_SERVICE)
    (folder / "good.json").write_text(policy(allow("s3:*")))
    result = encee("policy", "lint", "force.json", "good.json", "self.json")
    assert result.code == 1
    assert result.out == (
        "force.json:4: error: Statement[0]: this Deny does not deny long-term keys at all: "
        "their requests carry no aws:MultiFactorAuthPresent [bool-in-deny]\n"
        '  remedy: "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}\n'
        "self.json:4: warning: Statement[0] (AllowManageOwnVirtualMFADevice): a user can create a device of one name "
        "only, and none while an abandoned device has the name [one-device-name]\n"
        "  remedy: write mfa/* or mfa/${aws:username}* for iam:CreateVirtualMFADevice\n"
        "self.json:21: error: Statement[2] (DenyAllExceptListedIfNoMFA): iam:DeactivateMFADevice without MFA: a thief "
        "of the long-term key can replace the user's device with one of their own [device-without-mfa]\n"
        "  remedy: take iam:DeactivateMFADevice out of NotAction\n"
    )
    assert result.err == "2 errors and 1 warning in 3 files\n"


def test_lint_prints_the_same_issues_as_json(encee: Encee, folder: Path) -> None:
    (folder / "force.json").write_text(NAIVE)
    (folder / "broken.json").write_text("{\n")
    result = encee("policy", "lint", "force.json", "broken.json", "--json")
    assert (result.code, result.err) == (1, "")
    naive, broken = json.loads(result.out)["findings"]
    assert naive["remedy"]
    assert "long-term keys" in naive["message"]
    where = {"file": "force.json", "line": 4, "index": 0, "sid": None, "severity": "error", "trap": "bool-in-deny"}
    assert naive | where == naive
    assert (broken["file"], broken["line"], broken["index"], broken["trap"]) == ("broken.json", 2, None, "malformed")


def test_lint_reports_a_good_policy_as_good(encee: Encee) -> None:
    result = encee("policy", "lint", "-", stdin=policy(allow("s3:*")))
    assert (result.code, result.out, result.err) == (0, "", "no errors and no warnings in 1 file\n")
    assert json.loads(encee("policy", "lint", "-", "--json", stdin=policy(allow("s3:*"))).out)["findings"] == []


def test_malformed_json_is_an_error_with_its_line_and_others_are_read(encee: Encee, folder: Path) -> None:
    (folder / "broken.json").write_text('{\n  "Version": "2012-10-17"\n  "Statement": []\n}\n')
    (folder / "force.json").write_text(NAIVE)
    result = encee("policy", "lint", "broken.json", "force.json")
    assert result.code == 1
    assert result.out.startswith("broken.json:3: error: malformed JSON: expecting ',' delimiter [malformed]\n")
    assert "force.json:4: error: " in result.out


def test_an_unreadable_file_is_wrong_usage(encee: Encee, folder: Path) -> None:
    for name, reason in (("none.json", "No such file"), (str(folder), "Is a directory"), ("a\0b", "not a file name")):
        result = encee("policy", "lint", name)
        assert (result.code, result.out) == (2, "")
        assert reason in result.err


def test_text_of_a_file_cannot_move_the_cursor(encee: Encee) -> None:
    odd = allow("*", Sid="\x1b[2J", Condition={"\x1b[31m": {"a": "b"}})
    result = encee("policy", "lint", "-", stdin=policy(odd))
    assert "\x1b" not in result.out
    assert "Statement[0] (\ufffd[2J)" in result.out


@pytest.mark.usefixtures("home")
def test_the_installed_command_finds_its_policies() -> None:
    assert "AllowHandlingOwnDevices" in run_encee("policy", "show", "mfa-required").out


# ---- simulate

USER = "arn:aws:iam::123456789012:user/division/jane"


@pytest.fixture
def files(encee: Encee, folder: Path) -> tuple[str, str]:
    """Write `mfa-required`, and a policy that allows everything."""
    (folder / "mfa.json").write_text(encee("policy", "show", "mfa-required").out)
    (folder / "work.json").write_text(policy(allow("*", Sid="Work")))
    return "mfa.json", "work.json"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 1, "denied by mfa.json:50: Statement[4] (DenyAllButEnrollingWithoutMFA)"),
        (("--long-term",), 1, "denied by mfa.json:50: Statement[4] (DenyAllButEnrollingWithoutMFA)"),
        (("--no-mfa",), 1, "denied by mfa.json:50: Statement[4] (DenyAllButEnrollingWithoutMFA)"),
        (("--mfa",), 0, "allowed by work.json:4: Statement[0] (Work)"),
        (("--mfa", "--via-service", "--source-ip", "2001:DB8::1"), 0, "allowed by work.json:4: Statement[0] (Work)"),
    ],
)
def test_simulate_evaluates_several_policies_together(
    encee: Encee, files: tuple[str, str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = encee("policy", "simulate", *files, "--action", "s3:ListAllMyBuckets", *arguments)
    assert (result.code, result.out, result.err) == (code, f"{said}\n", "")


def test_simulate_accepts_users_with_a_path(encee: Encee, files: tuple[str, str]) -> None:
    asked = ("policy", "simulate", files[0], "--action", "iam:EnableMFADevice", "--resource")
    assert encee(*asked, USER, "--user-name", "division/jane").code == 0
    result = encee(*asked, USER, "--user-name", "bob")
    assert (result.code, result.out) == (1, "not allowed: no statement allows it\n")


def test_simulate_takes_the_account_and_partition_from_the_resource(encee: Encee, folder: Path) -> None:
    own = {"StringEquals": {"aws:PrincipalArn": "arn:aws-cn:iam::210987654321:user/jane"}}
    (folder / "own.json").write_text(policy(allow("s3:*", Condition=own)))
    asked = ("policy", "simulate", "own.json", "--action", "s3:X", "--user-name", "jane")
    assert encee(*asked, "--resource", "arn:aws-cn:sqs:cn-north-1:210987654321:q").code == 0
    assert encee(*asked).code == 1


def test_simulate_reports_which_values_it_would_need(encee: Encee, files: tuple[str, str], folder: Path) -> None:
    asked = ("policy", "simulate", files[0], "--action", "iam:EnableMFADevice", "--resource", USER)
    result = encee(*asked)
    assert (result.code, result.out) == (1, "")
    assert "mfa.json Statement[2] (AllowHandlingOwnDevices): the value of aws:username in this request" in result.err
    assert "--user-name" in result.err
    (folder / "ip.json").write_text(encee("policy", "show", "ip-restriction", "--allow-cidr", "203.0.113.0/24").out)
    shown = json.loads(encee("policy", "simulate", "ip.json", "--action", "s3:X", "--json").out)
    assert (shown["outcome"], shown["statement"]) == ("unknown", None)
    assert shown["unknown"] == [
        "ip.json Statement[0] (DenyAllFromOtherAddresses): the value of aws:SourceIp in this request"
    ]
    asked = ("policy", "simulate", "ip.json", files[1], "--action", "s3:X", "--source-ip")
    assert (encee(*asked, "203.0.113.7").code, encee(*asked, "198.51.100.7").code) == (0, 1)


def test_simulate_as_json_names_the_statement(encee: Encee, files: tuple[str, str]) -> None:
    result = encee("policy", "simulate", *files, "--action", "s3:X", "--json")
    assert result.code == 1
    assert json.loads(result.out) == {
        "encee_format": 1,
        "outcome": "denied",
        "statement": {"file": "mfa.json", "line": 50, "index": 4, "sid": "DenyAllButEnrollingWithoutMFA"},
        "unknown": [],
    }
    nothing = json.loads(encee("policy", "simulate", files[0], "--mfa", "--action", "s3:X", "--json").out)
    assert (nothing["outcome"], nothing["statement"]) == ("not-allowed", None)


def test_simulate_shows_that_the_naive_deny_allows_the_long_term_key(encee: Encee, folder: Path) -> None:
    (folder / "force.json").write_text(NAIVE)
    (folder / "work.json").write_text(policy(allow("*")))
    asked = ("policy", "simulate", "force.json", "work.json", "--action", "ec2:RunInstances")
    assert [encee(*asked, kind).code for kind in ("--long-term", "--no-mfa", "--mfa")] == [0, 1, 0]


def test_simulate_shows_that_a_thief_can_replace_the_device(encee: Encee, folder: Path) -> None:
    (folder / "self.json").write_text(SELF_SERVICE)
    for action, resource in (
        ("iam:DeactivateMFADevice", "user/jane"),
        ("iam:DeleteVirtualMFADevice", "mfa/jane"),
        ("iam:CreateVirtualMFADevice", "mfa/jane"),
        ("iam:EnableMFADevice", "user/jane"),
    ):
        arn = f"arn:aws:iam::123456789012:{resource}"
        asked = ("policy", "simulate", "self.json", "--user-name", "jane", "--action", action, "--resource", arn)
        assert encee(*asked, "--long-term").code == 0


def test_simulate_reads_standard_input(encee: Encee) -> None:
    result = encee("policy", "simulate", "-", "--action", "s3:X", stdin=policy(allow("s3:*")))
    assert (result.code, result.out) == (0, "allowed by -:4: Statement[0]\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--action", "GetObject"), "invalid action GetObject"),
        (("--action", ""), "invalid action (empty)"),
        (("--action", "s3:*"), "invalid action s3:*"),
        (("--action", "s3:X", "--resource", "bucket"), "invalid ARN bucket"),
        (("--action", "s3:X", "--source-ip", "203.0.113.0/24"), "invalid address 203.0.113.0/24"),
        (("--action", "s3:X", "--mfa", "--long-term"), "contradicts --mfa"),
        (("--action", "s3:X", "--user-name", ""), "the value is empty"),
        ((), "missing option '--action'"),
    ],
)
def test_an_invalid_request_is_wrong_usage(encee: Encee, arguments: tuple[str, ...], said: str) -> None:
    result = encee("policy", "simulate", "-", *arguments, stdin=policy(allow("*")))
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_simulate_refuses_a_file_without_a_policy(encee: Encee) -> None:
    result = encee("policy", "simulate", "-", "--action", "s3:X", stdin="{\n")
    assert (result.code, result.out) == (1, "")
    assert "encee: error: -:2: malformed JSON" in result.err
