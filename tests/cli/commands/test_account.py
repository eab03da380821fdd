"""`encee account setup`, `teardown` and `revoke`: plan, confirmation and requests."""

import json
import re
from datetime import UTC, datetime, timedelta

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, Result, on_terminal, run_aws
from tests.fake_aws import FakeAws, FakeUser, faults

WRITES = ("Create", "Delete", "Attach", "Detach", "Add", "Remove", "Put", "Update", "Set")


@pytest.fixture
def admin(home: Home, aws: FakeAws) -> Person:
    """An administrator with a session that has MFA."""
    user = aws.create_user("admin")
    person = Person(user, user.create_device("admins-phone"))
    home.write(person.section("admin"))
    return person


@pytest.fixture
def account(encee: Encee, admin: Person) -> "Account":
    """Return a function that runs `encee account` as the administrator."""
    assert encee("refresh", "admin", "-c", admin.device.next_code()).code == 0
    return Account(encee)


class Account:
    """Run `encee account` with the profile of the administrator."""

    def __init__(self, encee: Encee) -> None:
        self._encee = encee

    def __call__(self, *words: str) -> Result:
        return self._encee("account", *words, "--profile", "admin")


def sent_changes(aws: FakeAws) -> list[str]:
    return [call.action for call in aws.journal if call.service == "iam" and call.action.startswith(WRITES)]


def test_setup_creates_a_group_whose_members_need_mfa(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    result = account("setup", "--add-user", "jane", "--yes")
    assert result.code == 0, result.err
    assert sent_changes(aws) == ["CreatePolicy", "CreateGroup", "AttachGroupPolicy", "AddUserToGroup"]
    iam = aws.iam
    [policy] = [one for one in iam.managed_policies.values() if one.name == "encee-MFARequired"]
    assert policy.path == iam.groups["encee"].path == "/encee/"
    assert policy.arn in iam.groups["encee"].managed_policies
    assert [user.name for user in iam.groups["encee"].users] == ["jane"]


@pytest.mark.slow
def test_a_second_setup_writes_nothing(account: Account, aws: FakeAws) -> None:
    words = ("setup", "--add-user", "admin", "--allow-cidr", "203.0.113.0/24", "--my-ip", "203.0.113.7", "--yes")
    assert account(*words).code == 0
    aws.journal.clear()
    again = account(*words)
    assert again.code == 0
    assert sent_changes(aws) == []
    assert "nothing has to be changed" in again.err


def test_signs_with_the_session_that_has_mfa(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--yes").code == 0
    assert {call.access_key_id[:4] for call in aws.journal if call.service == "iam"} == {"ASIA"}


@pytest.mark.slow
def test_another_cidr_creates_one_policy_version(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--allow-cidr", "203.0.113.0/24", "--my-ip", "203.0.113.7", "--yes").code == 0
    aws.journal.clear()
    result = account("setup", "--allow-cidr", "203.0.113.0/25", "--my-ip", "203.0.113.7", "--yes")
    assert result.code == 0
    assert sent_changes(aws) == ["CreatePolicyVersion"]
    assert re.search(r'^ *\+ +"203.0.113.0/25"$', result.err, re.MULTILINE)
    assert re.search(r'^ *- +"203.0.113.0/24"$', result.err, re.MULTILINE)


@pytest.mark.slow
def test_deletes_the_oldest_of_five_versions_but_never_the_default(account: Account, aws: FakeAws) -> None:
    ip = ("--my-ip", "10.0.0.1", "--yes")
    for number in range(1, 6):
        assert account("setup", "--allow-cidr", f"10.0.0.0/{number + 20}", *ip).code == 0
    [policy] = [one for one in aws.iam.managed_policies.values() if one.name == "encee-IPRestriction-encee"]
    aws.iam.set_default_policy_version(policy.arn, "v1")
    aws.journal.clear()
    result = account("setup", "--allow-cidr", "10.0.0.0/8", *ip)
    assert result.code == 0, result.err
    assert sent_changes(aws) == ["DeletePolicyVersion", "CreatePolicyVersion"]
    assert aws.calls("DeletePolicyVersion")[0].params["VersionId"] == "v2"
    assert [one.version_id for one in policy.versions] == ["v1", "v3", "v4", "v5", "v6"]
    assert policy.default_version_id == "v6"


@pytest.mark.slow
def test_a_restriction_is_removed_only_on_request(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1", "--yes").code == 0
    assert account("setup", "--yes").code == 0
    assert len(aws.iam.groups["encee"].managed_policies) == 2
    assert account("setup", "--no-ip-restriction", "--yes").code == 0
    assert len(aws.iam.groups["encee"].managed_policies) == 1
    assert [one.name for one in aws.iam.managed_policies.values() if "IPRestriction" in one.name] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["policy", "group"])
def test_changes_nothing_of_others_without_adopt(account: Account, aws: FakeAws, kind: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "x:y", "Resource": "*"}]})
    if kind == "policy":
        aws.iam.create_policy("", "/", text, "encee-MFARequired", [])
    else:
        aws.iam.create_group("encee", "/")
    refused = account("setup", "--yes")
    assert refused.code == 1
    assert "--adopt" in refused.err
    assert sent_changes(aws) == []
    assert account("setup", "--yes", "--adopt").code == 0
    assert len(aws.iam.groups["encee"].managed_policies) == 1


@pytest.mark.slow
def test_dry_run_changes_nothing(account: Account, aws: FakeAws) -> None:
    told = account("setup", "--dry-run", "--json")
    assert told.code == 0
    assert sent_changes(aws) == []
    steps = json.loads(told.out)["steps"]
    assert [(step["action"], step["done"]) for step in steps] == [
        ("iam:CreatePolicy", False),
        ("iam:CreateGroup", False),
        ("iam:AttachGroupPolicy", False),
    ]


def test_json_lists_the_requests_that_are_sent(account: Account, aws: FakeAws) -> None:
    planned = json.loads(account("setup", "--dry-run", "--json").out)["steps"]
    result = json.loads(account("setup", "--yes", "--json").out)["steps"]
    assert result == [{**step, "done": True} for step in planned]
    sent = [call for call in aws.journal if call.action in sent_changes(aws)]
    for step, call in zip(planned, sent, strict=True):
        assert step["action"] == f"iam:{call.action}"
        assert {name: str(value) for name, value in step["arguments"].items()}.items() <= call.params.items()


def test_adds_a_user_who_is_named_twice_once(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    assert account("setup", "--add-user", "jane", "--add-user", "jane", "--yes").code == 0
    assert len(aws.calls("AddUserToGroup")) == 1


def test_does_not_prompt_without_a_terminal(account: Account, aws: FakeAws) -> None:
    refused = account("setup")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert sent_changes(aws) == []


@pytest.mark.slow
def test_attaches_further_policies(account: Account, aws: FakeAws) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x:y", "Resource": "*"}]})
    theirs = aws.iam.create_policy("", "/", text, "theirs", [])
    missing = account("setup", "--attach", f"{theirs.arn}s", "--yes")
    assert missing.code == 4
    assert f"{theirs.arn}s" in missing.err
    assert sent_changes(aws) == []
    assert account("setup", "--attach", theirs.arn, "--yes").code == 0
    assert theirs.arn in aws.iam.groups["encee"].managed_policies


# ---- guards


def _age_key(aws: FakeAws, user: FakeUser) -> None:
    aws.iam.create_login_profile(user.name, "Secret-123-Secret")


@pytest.mark.slow
def test_refuses_a_user_without_a_device_whose_key_could_enroll_one(account: Account, aws: FakeAws) -> None:
    _age_key(aws, aws.create_user("jane"))
    refused = account("setup", "--add-user", "jane", "--yes")
    assert refused.code == 1
    assert "until jane enrolls a device, anyone with the key of jane can enroll one" in refused.err
    assert sent_changes(aws) == []
    assert account("setup", "--add-user", "jane", "--yes", "--yes-without-mfa").code == 0


def test_refuses_a_user_who_has_only_fido_keys(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_fido_device("yubikey")
    refused = account("setup", "--add-user", "jane", "--yes")
    assert refused.code == 1
    assert "jane has only FIDO security keys or passkeys, and cannot use the command line" in refused.err
    assert account("setup", "--add-user", "jane", "--yes", "--yes-without-mfa").code == 0


def test_refuses_a_user_that_looks_like_a_machine(account: Account, aws: FakeAws) -> None:
    robot = aws.create_user("robot")
    robot.access_key.use()
    refused = account("setup", "--add-user", "robot", "--yes")
    assert refused.code == 1
    assert "robot looks like a machine" in refused.err
    assert account("setup", "--add-user", "robot", "--yes", "--yes-without-mfa").code == 0


def test_counts_the_existing_members_of_the_group(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane")
    aws.iam.create_group("encee", "/encee/")
    aws.iam.add_user_to_group("encee", "jane")
    refused = account("setup", "--yes")
    assert refused.code == 1
    assert "jane" in refused.err


@pytest.mark.parametrize("through_group", [False, True], ids=["attached", "in another group"])
def test_counts_all_users_who_have_a_policy_that_changes(
    account: Account, aws: FakeAws, *, through_group: bool
) -> None:
    aws.create_user("jane")
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "x:y", "Resource": "*"}]})
    policy = aws.iam.create_policy("", "/", text, "encee-MFARequired", [])
    if through_group:
        aws.iam.create_group("others", "/")
        aws.iam.add_user_to_group("others", "jane")
        aws.iam.attach_group_policy(policy.arn, "others")
    else:
        aws.iam.attach_user_policy(policy.arn, "jane")
    refused = account("setup", "--adopt", "--yes")
    assert refused.code == 1
    assert "until jane enrolls" in refused.err
    assert " role" not in refused.err
    assert sent_changes(aws) == []
    assert account("setup", "--adopt", "--yes", "--yes-without-mfa").code == 0


def _with_role(aws: FakeAws) -> None:
    """Create a policy that encee did not create, and attach it to a role."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "x:y", "Resource": "*"}]})
    policy = aws.iam.create_policy("", "/", text, "encee-MFARequired", [])
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.create_role("server", {"Version": "2012-10-17", "Statement": [trust]})
    aws.iam.attach_role_policy(policy.arn, "server")


@pytest.mark.slow
def test_counts_a_role_that_has_a_policy_that_changes(account: Account, aws: FakeAws) -> None:
    _with_role(aws)
    refused = account("setup", "--adopt", "--yes")
    assert refused.code == 1
    assert "encee-MFARequired is attached to 1 role, whose sessions carry no MFA and would stop working" in refused.err
    assert "aws iam list-entities-for-policy --entity-filter Role --policy-arn" in refused.err
    assert sent_changes(aws) == []
    assert account("setup", "--adopt", "--yes", "--yes-without-mfa").code == 0
    aws.iam.attach_role_policy(next(iter(aws.iam.groups["encee"].managed_policies)), "server")
    assert account("setup", "--group", "others", "--adopt", "--yes").code == 0  # it does not change


@pytest.mark.slow
def test_a_group_name_in_another_case_is_the_same_group(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane")
    aws.create_user("joe").create_device("phone")
    aws.iam.create_group("encee", "/encee/")
    aws.iam.add_user_to_group("encee", "jane")
    words = ("setup", "--group", "Encee", "--add-user", "joe", "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1")
    refused = account(*words, "--yes")
    assert refused.code == 1
    assert "until jane enrolls" in refused.err
    assert account(*words, "--yes", "--yes-without-mfa").code == 0
    assert list(aws.iam.groups) == ["encee"]
    assert [user.name for user in aws.iam.groups["encee"].users] == ["jane", "joe"]
    aws.journal.clear()
    assert account(*words, "--yes").code == 0
    assert sent_changes(aws) == []
    assert account("audit", "--group", "ENCEE").code == 1
    assert account("teardown", "--group", "ENCEE", "--yes").code == 0
    assert aws.iam.groups == {}
    assert [arn for arn in aws.iam.managed_policies if ":123456789012:" in arn] == []


@pytest.mark.slow
def test_teardown_finds_a_restriction_in_another_case(account: Account, aws: FakeAws) -> None:
    aws.iam.create_group("staff", "/")
    words = ("--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1", "--adopt", "--yes")
    assert account("setup", "--group", "Staff", *words).code == 0
    assert len(aws.iam.groups["staff"].managed_policies) == 2
    assert account("teardown", "--group", "staff", "--yes").code == 0
    assert aws.iam.groups["staff"].managed_policies == {}


@pytest.mark.slow
def test_refuses_addresses_without_that_of_the_caller(account: Account, aws: FakeAws) -> None:
    words = ("setup", "--allow-cidr", "10.0.0.0/8", "--my-ip", "203.0.113.7", "--yes")
    refused = account(*words)
    assert refused.code == 1
    assert "encee: hint: add --allow-cidr 203.0.113.7\n" in refused.err
    assert sent_changes(aws) == []
    assert account(*words, "--yes-lock-me-out").code == 0


JOIN = ("setup", "--add-user", "admin", "--yes")


def _restricted_group(aws: FakeAws, name: str, condition: object, *, inline: bool = False) -> None:
    """Create a group with a policy that denies everything under a condition."""
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.create_group(name, "/encee/")
    if inline:
        aws.iam.put_group_policy(name, "office", text)
    else:
        aws.iam.attach_group_policy(aws.iam.create_policy("", "/", text, "office", []).arn, name)


OFFICE = {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}, "Bool": {"aws:ViaAWSService": "false"}}


@pytest.mark.slow
@pytest.mark.parametrize("inline", [False, True], ids=["attached", "inline"])
def test_refuses_to_join_a_group_restricted_to_other_addresses(account: Account, aws: FakeAws, *, inline: bool) -> None:
    _restricted_group(aws, "encee", OFFICE, inline=inline)
    refused = account(*JOIN, "--my-ip", "203.0.113.7")
    assert refused.code == 1
    assert "the policy office would lock admin out at your own address, 203.0.113.7" in refused.err
    assert "--yes-lock-me-out" in refused.err
    assert sent_changes(aws) == []
    assert account(*JOIN, "--my-ip", "2001:db8::7", "--dry-run").code == 0
    assert account(*JOIN, "--my-ip", "203.0.113.7", "--yes-lock-me-out").code == 0


@pytest.mark.slow
def test_refuses_to_join_a_group_with_a_restriction_of_setup(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1", "--yes").code == 0
    aws.journal.clear()
    assert account(*JOIN, "--my-ip", "203.0.113.7").code == 1
    assert sent_changes(aws) == []
    for way_out in (("--no-ip-restriction",), ("--allow-cidr", "203.0.113.0/24")):
        assert account(*JOIN, "--my-ip", "203.0.113.7", *way_out, "--dry-run").code == 0
    assert account(*JOIN, "--my-ip", "10.0.0.1").code == 0


@pytest.mark.slow
def test_refuses_to_attach_a_restriction_to_a_group_of_the_caller(account: Account, aws: FakeAws) -> None:
    _restricted_group(aws, "others", OFFICE)
    [office] = [one.arn for one in aws.iam.managed_policies.values() if one.name == "office"]
    assert account("setup", "--attach", office, "--my-ip", "203.0.113.7", "--dry-run").code == 0
    assert account(*JOIN).code == 0
    aws.journal.clear()
    refused = account("setup", "--attach", office, "--my-ip", "203.0.113.7", "--yes")
    assert refused.code == 1
    assert "the policy office would lock admin out at your own address" in refused.err
    assert sent_changes(aws) == []
    assert account("setup", "--attach", office, "--my-ip", "10.0.0.1", "--yes").code == 0


def test_refuses_a_restriction_that_cannot_be_evaluated(account: Account, aws: FakeAws) -> None:
    _restricted_group(aws, "encee", {**OFFICE, "StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    refused = account(*JOIN, "--my-ip", "203.0.113.7")
    assert refused.code == 1
    assert "the policy office may lock admin out at your own address, 203.0.113.7" in refused.err
    assert account(*JOIN, "--my-ip", "10.0.0.1", "--dry-run").code == 0


def test_requests_no_public_address_if_no_network_is_restricted(account: Account, aws: FakeAws) -> None:
    _restricted_group(aws, "encee", {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    assert account(*JOIN).code == 0  # otherwise encee asks check-ip, which tests cannot reach


def test_a_restricted_caller_can_continue(account: Account, aws: FakeAws) -> None:
    _restricted_group(aws, "encee", OFFICE)
    aws.iam.add_user_to_group("encee", "admin")
    aws.create_user("jane").create_device("phone")
    assert account("setup", "--add-user", "jane", "--yes").code == 0


@pytest.mark.slow
def test_accepts_ipv6_networks(account: Account) -> None:
    words = ("setup", "--allow-cidr", "2001:db8::/32", "--allow-cidr", "10.0.0.0/8", "--yes", "--my-ip")
    assert account(*words, "2001:db9::1").code == 1
    assert account(*words, "2001:db8::1").code == 0


@pytest.mark.parametrize(
    "cidrs",
    [
        ("0.0.0.0/0",),
        ("0.0.0.0/1", "128.0.0.0/1"),
        ("10.0.0.0/8", "::/0"),
        ("10.0.0.1/8",),
        ("nonsense",),
        ("10.0.0.0/33",),
    ],
)
def test_refuses_invalid_or_unlimited_addresses(account: Account, aws: FakeAws, cidrs: tuple[str, ...]) -> None:
    words = [word for cidr in cidrs for word in ("--allow-cidr", cidr)]
    refused = account("setup", *words, "--my-ip", "10.0.0.1", "--yes", "--yes-lock-me-out")
    assert refused.code == 2
    assert "encee: hint:" in refused.err
    assert sent_changes(aws) == []


def test_refuses_an_unknown_user_before_it_creates_anything(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane")
    refused = account("setup", "--add-user", "jan", "--yes")
    assert refused.code == 2
    assert "name the user: --add-user jane" in refused.err
    assert sent_changes(aws) == []


@pytest.mark.parametrize("name", ["my group", "a/b", "grüppe", "g" * 129, "*"])
def test_refuses_an_invalid_group_name_before_it_creates_anything(account: Account, aws: FakeAws, name: str) -> None:
    refused = account("setup", "--group", name, "--yes")
    assert refused.code == 2
    assert "cannot be the name of a group" in refused.err
    assert sent_changes(aws) == []


def test_refuses_a_group_whose_policy_name_would_be_too_long(account: Account, aws: FakeAws) -> None:
    words = ("setup", "--group", "g" * 109, "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1", "--yes")
    refused = account(*words)
    assert refused.code == 2
    assert "take a shorter --group NAME" in refused.err
    assert sent_changes(aws) == []


def test_setup_and_teardown_accept_any_group_name_that_aws_allows(account: Account, aws: FakeAws) -> None:
    name = "-a+b=c,d.e@f_g"
    words = (f"--group={name}", "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1", "--yes")
    assert account("setup", *words).code == 0
    assert list(aws.iam.groups) == [name]
    assert account("teardown", f"--group={name}", "--yes").code == 0
    assert aws.iam.groups == {}
    assert [arn for arn in aws.iam.managed_policies if ":123456789012:" in arn] == []


def _policies(aws: FakeAws, number: int) -> list[str]:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x:y", "Resource": "*"}]})
    return [aws.iam.create_policy("", "/", text, f"theirs{one}", []).arn for one in range(number)]


@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
def test_refuses_too_many_policies_before_it_creates_anything(account: Account, aws: FakeAws, *, exists: bool) -> None:
    arns = _policies(aws, 10)
    if exists:
        aws.iam.create_group("encee", "/encee/")
        aws.iam.attach_group_policy(arns[0], "encee")
    refused = account("setup", *(word for arn in arns for word in ("--attach", arn)), "--yes")
    assert refused.code == 1
    assert "would have 11 policies attached, and AWS allows 10" in refused.err
    assert sent_changes(aws) == []


def test_refuses_a_user_who_is_in_the_maximum_number_of_groups(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    for number in range(10):
        aws.iam.create_group(f"group{number}", "/")
        aws.iam.add_user_to_group(f"group{number}", "jane")
    refused = account("setup", "--add-user", "jane", "--yes")
    assert refused.code == 1
    assert "jane is in 10 groups already" in refused.err
    assert sent_changes(aws) == []


@pytest.mark.slow
def test_adds_no_user_to_a_group_of_others_without_adopt(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    aws.iam.create_group("staff", "/")
    assert account("setup", "--group", "staff", "--adopt", "--yes").code == 0
    refused = account("setup", "--group", "staff", "--add-user", "jane", "--yes")
    assert refused.code == 1
    assert "--adopt" in refused.err
    assert aws.iam.groups["staff"].users == []
    assert account("setup", "--group", "staff", "--add-user", "jane", "--adopt", "--yes").code == 0


# ---- errors between the steps


DENIED = faults.error("AccessDenied", "User: x is not authorized to perform: y", 403)
SETUP = ("setup", "--add-user", "jane", "--allow-cidr", "10.0.0.0/8", "--my-ip", "10.0.0.1")


@pytest.mark.slow
@pytest.mark.parametrize("words", [SETUP, ("teardown",)], ids=["setup", "teardown"])
@pytest.mark.parametrize("fault", [DENIED, faults.reset()], ids=["before", "after"])
@pytest.mark.parametrize("step", range(6))
def test_a_second_run_completes_a_setup_that_failed_at_any_step(
    account: Account, aws: FakeAws, words: tuple[str, ...], fault: faults.Fault, step: int
) -> None:
    aws.create_user("jane").create_device("phone")
    if words != SETUP:
        assert account(*SETUP, "--yes").code == 0
    planned = json.loads(account(*words, "--dry-run", "--json").out)["steps"]
    assert len(planned) == 6
    actions = [one["action"].removeprefix("iam:") for one in planned]
    aws.fault(actions[step], faults.hang(0), times=actions[:step].count(actions[step]))
    aws.fault(actions[step], fault)
    first = account(*words, "--yes")
    if fault is DENIED:
        assert first.code == 4
        assert f"{step} of 6 steps are done" in first.err
        assert "run the same command again: it continues from there" in first.err
    assert account(*words, "--yes").code == 0
    aws.journal.clear()
    assert account(*words, "--yes").code == 0
    assert sent_changes(aws) == []


# ---- IAM is eventually consistent

NOT_YET = faults.error("NoSuchEntity", "The policy with ARN … was not found.", 404)
STILL = faults.error("DeleteConflict", "Cannot delete a policy attached to entities.", 409)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["AttachGroupPolicy", "AddUserToGroup"])
def test_setup_waits_until_iam_has_new_resources(account: Account, aws: FakeAws, action: str) -> None:
    aws.create_user("jane").create_device("phone")
    aws.fault(action, NOT_YET, times=2)
    result = account("setup", "--add-user", "jane", "--yes")
    assert result.code == 0, result.err
    assert len(aws.calls(action)) == 3
    assert [user.name for user in aws.iam.groups["encee"].users] == ["jane"]


@pytest.mark.slow
@pytest.mark.parametrize("action", ["DeleteGroup", "DeletePolicy"])
def test_teardown_waits_until_iam_releases_a_policy(account: Account, aws: FakeAws, action: str) -> None:
    assert account("setup", "--yes").code == 0
    aws.fault(action, STILL)
    result = account("teardown", "--yes")
    assert result.code == 0, result.err
    assert len(aws.calls(action)) == 2
    assert aws.iam.groups == {}


@pytest.mark.slow
def test_setup_stops_waiting_for_iam_after_a_timeout(account: Account, aws: FakeAws) -> None:
    aws.fault("AttachGroupPolicy", NOT_YET, times=99)
    refused = account("setup", "--yes")
    assert refused.code == 4
    assert "could not attach the policy encee-MFARequired to the group encee: not found" in refused.err
    assert "2 of 3 steps are done" in refused.err
    assert 2 < len(aws.calls("AttachGroupPolicy")) < 9
    aws.heal()
    assert account("setup", "--yes").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("code", ["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
def test_repeats_a_step_that_aws_rejected_for_a_concurrent_change(account: Account, aws: FakeAws, code: str) -> None:
    aws.fault("CreateGroup", faults.error(code, "Multiple requests to change this object.", 409))
    result = account("setup", "--yes")
    assert result.code == 0, result.err
    aws.fault("DeleteGroup", faults.error(code, "Multiple requests to change this object.", 409), times=3)
    refused = account("teardown", "--yes")
    assert refused.code == 4
    assert "AWS is still changing it: Multiple requests to change this object" in refused.err


@pytest.mark.slow
def test_does_not_wait_for_resources_that_existed_before(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--yes").code == 0
    aws.create_user("jane").create_device("phone")
    aws.fault("AddUserToGroup", NOT_YET, times=99)
    assert account("setup", "--add-user", "jane", "--yes").code == 4
    assert len(aws.calls("AddUserToGroup")) == 1


@pytest.mark.slow
def test_ctrl_c_between_the_steps_reports_completed_steps(account: Account, aws: FakeAws) -> None:
    aws.fault("AttachGroupPolicy", faults.hang(5))
    child = on_terminal("account", "setup", "--profile", "admin", "--yes", "--json")
    child.expect_exact("done    create the group encee")
    child.sendintr()
    child.expect_exact('"message": "interrupted; 2 of 3 steps are done, and perhaps the next"')
    child.expect_exact("encee: hint: run the same command again: it continues from there")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert account("setup", "--yes").code == 0
    assert len(aws.iam.groups["encee"].managed_policies) == 1


# ---- teardown


@pytest.mark.slow
def test_teardown_restores_the_initial_state(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    own = [policy for policy in aws.iam.managed_policies if ":123456789012:" in policy]
    assert account(*SETUP, "--yes").code == 0
    assert account(*SETUP[:-4], "--allow-cidr", "10.0.0.0/9", "--my-ip", "10.0.0.1", "--yes").code == 0
    result = account("teardown", "--yes")
    assert result.code == 0, result.err
    assert aws.iam.groups == {}
    assert [policy for policy in aws.iam.managed_policies if ":123456789012:" in policy] == own


@pytest.mark.slow
def test_teardown_keeps_a_policy_that_another_group_has(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--yes").code == 0
    assert account("setup", "--group", "others", "--yes").code == 0
    result = account("teardown", "--yes")
    assert result.code == 0
    assert "the policy encee-MFARequired is attached elsewhere" in result.err
    assert list(aws.iam.groups) == ["others"]
    assert len(aws.iam.groups["others"].managed_policies) == 1


@pytest.mark.slow
def test_teardown_only_detaches_from_a_group_of_others(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane").create_device("phone")
    aws.iam.create_group("staff", "/")
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x:y", "Resource": "*"}]})
    theirs = aws.iam.create_policy("", "/", text, "theirs", [])
    aws.iam.attach_group_policy(theirs.arn, "staff")
    assert account("setup", "--group", "staff", "--adopt", "--add-user", "jane", "--yes").code == 0
    assert account("teardown", "--group", "staff", "--yes").code == 0
    group = aws.iam.groups["staff"]
    assert [policy.name for policy in group.managed_policies.values()] == ["theirs"]
    assert [user.name for user in group.users] == ["jane"]


@pytest.mark.slow
def test_teardown_refuses_a_group_with_an_inline_policy(account: Account, aws: FakeAws) -> None:
    assert account("setup", "--yes").code == 0
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "x:y", "Resource": "*"}]})
    aws.iam.put_group_policy("encee", "theirs", text)
    aws.journal.clear()
    refused = account("teardown", "--yes")
    assert refused.code == 1
    assert "theirs" in refused.err
    assert sent_changes(aws) == []


@pytest.mark.slow
def test_teardown_without_a_setup_writes_nothing(account: Account, aws: FakeAws) -> None:
    result = account("teardown", "--group", "absent", "--yes")
    assert result.code == 0
    assert "there is no group absent" in result.err
    assert sent_changes(aws) == []


# ---- revoke


@pytest.mark.slow
def test_revoke_deactivates_keys_and_ends_older_sessions(account: Account, aws: FakeAws) -> None:
    jane = aws.create_user("jane")
    jane.create_access_key()
    result = account("revoke", "jane", "--yes")
    assert result.code == 0, result.err
    assert {key.status for key in aws.iam.list_access_keys("jane")} == {"Inactive"}
    policy = json.loads(aws.iam.get_user_policy("jane", "encee-RevokedSessions")["policy_document"])
    assert list(policy["Statement"][0]["Condition"]) == ["DateLessThan"]
    assert (
        "aws --profile admin-mfa iam delete-user-policy --user-name jane --policy-name encee-RevokedSessions"
        in result.err
    )


@pytest.mark.slow
def test_revoke_of_sessions_keeps_the_key_for_a_new_refresh(
    account: Account, encee: Encee, home: Home, aws: FakeAws
) -> None:
    jane = aws.create_user("jane")
    person = Person(jane, jane.create_device("phone"))
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    aws.iam.put_user_policy("jane", "all", allowed)
    aws.iam.put_user_policy("admin", "all", allowed)
    aws.enforce_policies = True
    home.write(home.credentials.read_text() + person.section("jane"), "[profile jane]\nregion = eu-central-1\n")
    assert encee("refresh", "jane", "-c", person.device.next_code()).code == 0
    assert run_aws("--profile", "jane-mfa", "iam", "list-users").code == 0

    result = account("revoke", "jane", "--sessions-only", "--yes")
    assert result.code == 0, result.err
    assert sent_changes(aws) == ["PutUserPolicy"]
    assert "jane can refresh in half a minute; to undo it, when the old sessions have expired:\n" in result.err
    assert {key.status for key in aws.iam.list_access_keys("jane")} == {"Active"}
    assert run_aws("--profile", "jane-mfa", "iam", "list-users").code != 0

    aws.clock_offset = timedelta(minutes=1)
    assert encee("refresh", "jane", "-d", "13h", "-c", person.device.next_code()).code == 0
    assert run_aws("--profile", "jane-mfa", "iam", "list-users").code == 0


def _end_of_sessions(aws: FakeAws, user: str) -> datetime:
    text = aws.iam.get_user_policy(user, "encee-RevokedSessions")["policy_document"]
    moment = json.loads(text)["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
    return datetime.fromisoformat(moment)


@pytest.mark.slow
def test_revoke_uses_the_clock_of_aws(account: Account, aws: FakeAws) -> None:
    aws.create_user("jane")
    aws.clock_offset = timedelta(minutes=10)
    assert account("revoke", "jane", "--yes").code == 0
    ahead = _end_of_sessions(aws, "jane") - (datetime.now(UTC) + aws.clock_offset)
    assert timedelta(0) < ahead < timedelta(minutes=1)


@pytest.mark.slow
def test_revoke_ends_sessions_created_while_it_prompts(account: Account, aws: FakeAws) -> None:
    del account  # the session is there
    jane = aws.create_user("jane")
    child = on_terminal("account", "revoke", "jane", "--profile", "admin")
    child.expect_exact("do all this? [y/N]")
    jane.create_access_key()  # by the attacker
    aws.clock_offset = timedelta(minutes=10)
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert {key.status for key in aws.iam.list_access_keys("jane")} == {"Inactive"}
    assert _end_of_sessions(aws, "jane") > datetime.now(UTC) + aws.clock_offset


@pytest.mark.slow
def test_revoke_of_the_caller_says_who_can_undo_it(account: Account, aws: FakeAws) -> None:
    told = account("revoke", "admin", "--dry-run")
    assert told.code == 0
    assert "only another administrator, or the root user, can undo it" in told.err
    assert "to undo it, when" not in told.err
    assert sent_changes(aws) == []


def test_revoke_of_an_unknown_user_names_the_user(account: Account, aws: FakeAws) -> None:
    refused = account("revoke", "absent", "--yes")
    assert refused.err.startswith("encee: error: not found: The user with name absent cannot be found\n")
    assert refused.code == 4
    assert "absent" in refused.err
    assert sent_changes(aws) == []


# ---- credentials of the administrator


@pytest.mark.slow
def test_prompts_on_a_terminal_and_changes_nothing_after_no(account: Account, aws: FakeAws) -> None:
    del account  # the session is there
    for answer, code in (("\n", 1), ("n\n", 1), ("\x03", 130), ("\x04", 130)):
        child = on_terminal("account", "setup", "--profile", "admin")
        child.expect_exact("do all this? [y/N]")
        child.send(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
    assert sent_changes(aws) == []
    child = on_terminal("account", "setup", "--profile", "admin")
    child.expect_exact("do all this? [y/N]")
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "encee" in aws.iam.groups


@pytest.mark.slow
def test_prompts_for_a_code_without_a_session(encee: Encee, admin: Person, aws: FakeAws) -> None:
    assert encee("account", "setup", "--profile", "admin", "--yes").code == 3
    result = encee("account", "setup", "--profile", "admin", "--yes", "-c", admin.device.next_code())
    assert result.code == 0, result.err
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.slow
def test_a_role_can_administer(encee: Encee, admin: Person, home: Home, aws: FakeAws) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = aws.create_role("boss", {"Version": "2012-10-17", "Statement": [trust]})
    home.write(admin.section("admin"), f"[profile boss]\nrole_arn = {arn}\nsource_profile = admin\n")
    result = encee("account", "setup", "--profile", "boss", "--yes", "-c", admin.device.next_code())
    assert result.code == 0, result.err
    assert "signed by arn:aws:sts::123456789012:assumed-role/boss/encee" in result.err


@pytest.mark.slow
def test_credentials_that_botocore_finds_can_administer(encee: Encee, aws: FakeAws, home: Home) -> None:
    key = aws.create_user("root-of-all").access_key
    printed = json.dumps({"Version": 1, "AccessKeyId": key.id, "SecretAccessKey": key.secret})
    home.write("", f"[profile sso]\ncredential_process = echo '{printed}'\n")
    result = encee("account", "setup", "--profile", "sso", "--yes", "--yes-without-mfa")
    assert result.code == 0, result.err
    assert {call.access_key_id for call in aws.journal} == {key.id}


def test_does_not_print_a_token_that_aws_repeats(encee: Encee, admin: Person, home: Home, aws: FakeAws) -> None:
    assert encee("refresh", "admin", "-c", admin.device.next_code()).code == 0
    [session] = aws.issued_sessions()
    printed = json.dumps(
        {
            "Version": 1,
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": "2099-01-01T00:00:00Z",
        }
    )
    home.config.write_text(f"[profile sso]\ncredential_process = echo '{printed}'\n")
    aws.fault("GetAccountAuthorizationDetails", faults.error("AccessDenied", f"{session.secret} {session.token}", 403))
    refused = encee("account", "setup", "--profile", "sso", "--yes")
    assert (refused.code, "… …" in refused.err) == (4, True)
    assert session.secret not in refused.err
    assert session.token not in refused.err


@pytest.mark.parametrize(
    "setting",
    [
        "credential_process = echo nonsense",
        "credential_process = /no/such/program",
        "credential_process = false",
        "web_identity_token_file = {home}/token\nrole_arn = arn:aws:iam::123456789012:role/boss",
    ],
)
def test_reports_errors_of_botocores_credential_search(encee: Encee, aws: FakeAws, home: Home, setting: str) -> None:
    (home.path / "token").write_text("no-token")
    home.write("", f"[profile sso]\n{setting.format(home=home.path)}\n")
    refused = encee("account", "setup", "--profile", "sso", "--yes")
    assert refused.code == 4
    assert refused.err.startswith("encee: error: sso has no credentials now: ")
    assert refused.err.endswith("encee: hint: aws sts get-caller-identity --profile sso\n")
    assert sent_changes(aws) == []


@pytest.mark.parametrize("word", ["sso", "boss"])
def test_an_expired_sso_session_gets_the_command_to_sign_in(encee: Encee, aws: FakeAws, home: Home, word: str) -> None:
    role = "[profile boss]\nrole_arn = arn:aws:iam::123456789012:role/boss\nsource_profile = sso\n"
    sso = "sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = x\n"
    corp = "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://x\n"
    home.write("", f"[profile sso]\n{sso}{corp}{role}")
    refused = encee("account", "setup", "--profile", word, "--yes")
    assert (refused.code, refused.err.splitlines()[1]) == (4, "encee: hint: aws sso login --profile sso")
    assert sent_changes(aws) == []


def test_reports_a_profile_without_credentials(encee: Encee, aws: FakeAws, home: Home) -> None:
    home.write("", "[profile sso]\nregion = eu-central-1\n")
    refused = encee("account", "setup", "--profile", "sso", "--yes")
    assert refused.code == 4
    assert "sso has no credentials" in refused.err
    assert aws.journal == []


@pytest.mark.parametrize(
    "settings",
    [
        "credential_process = /nowhere/to/be/found",
        "credential_process = echo secret-of-another-user",
        "credential_process = echo []",
        "credential_process = printf '\\377'",
        "credential_process = echo '",
        """credential_process = echo '{"Version": 1, "AccessKeyId": 5, "SecretAccessKey": 6}'""",
        """credential_process = echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "x"}'""",
        "role_arn = arn:aws:iam::123456789012:role/admin\nweb_identity_token_file = /nowhere",
        "role_arn = arn:aws:iam::123456789012:role/admin\nweb_identity_token_file = /dev/null",
    ],
)
def test_any_error_of_botocores_credential_search_is_reported(
    encee: Encee, aws: FakeAws, home: Home, settings: str
) -> None:
    home.write("", f"[profile odd]\n{settings}\n")
    refused = encee("account", "setup", "--profile", "odd", "--yes")
    assert (refused.code, "odd has " in refused.err, "bug" in refused.err) == (4, True, False), refused.err
    assert "secret-of-another-user" not in refused.err
    assert "CreateGroup" not in {call.action for call in aws.journal}


def test_refuses_an_unknown_profile(encee: Encee, admin: Person) -> None:
    del admin
    refused = encee("account", "setup", "--profile", "admn", "--yes")
    assert refused.code == 2
    assert "hint: encee account setup --profile admin --yes" in refused.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("account", "setup"), "encee account setup --profile ADMIN"),
        (("account", "revoke", "--profile", "admin"), "encee account revoke --help"),
        (("account", "setp"), "encee account setup --profile ADMIN"),
    ],
)
def test_wrong_usage_names_the_help_of_the_command(encee: Encee, words: tuple[str, ...], hint: str) -> None:
    refused = encee(*words)
    assert refused.code == 2
    assert refused.err.splitlines()[-1] == f"encee: hint: {hint}"
