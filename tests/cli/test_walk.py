"""An administrator and a user go from an empty account to one that requires MFA and back."""

import json

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, run_aws, section, start_before_next_code
from tests.fake_aws import FakeAws

pytestmark = pytest.mark.slow

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LISTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}


def enroll(aws: FakeAws, profile: str) -> None:
    """Enroll a device on a pseudo-terminal, just before the app's next code, and leave the refresh for later."""
    child = start_before_next_code("device", "enroll", profile)
    child.expect_exact("code that the app shows now:")
    device = aws.virtual_devices()[-1]
    child.sendline(device.next_code())
    child.expect_exact("next code that the app shows:")
    child.sendline(device.next_code())
    child.expect_exact("now, with its next code? [Y/n]")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_an_account_requires_mfa_and_locks_no_user_out(encee: Encee, home: Home, aws: FakeAws) -> None:
    root_of_all = aws.create_user("admin")
    admin = Person(root_of_all, root_of_all.create_device("admins-phone"))
    root_of_all.put_policy("everything", EVERYTHING)
    jane = aws.create_user("jane")
    aws.create_bucket("pictures")
    home.write(
        admin.section("admin") + section(jane.access_key, "jane"),
        "[profile admin]\nregion = eu-central-1\n[profile jane]\nregion = eu-central-1\n",
    )
    aws.enforce_policies = True
    aws.source_ip = "203.0.113.7"
    assert encee("refresh", "admin", "-c", admin.device.next_code()).code == 0

    # The administrator grants, with the AWS CLI, and requires MFA.
    grant = ("iam", "put-user-policy", "--user-name", "jane", "--policy-name", "lists")
    granted = run_aws("--profile", "admin-mfa", *grant, "--policy-document", json.dumps(LISTS))
    assert granted.code == 0, granted.err
    assert run_aws("--profile", "jane", "s3", "ls").code == 0
    words = ("account", "setup", "--profile", "admin", "--add-user", "jane", "--yes")
    refused = encee(*words)
    assert refused.code == 1
    assert "--yes-without-mfa" in refused.err
    done = encee(*words, "--yes-without-mfa")
    assert done.code == 0, done.err

    # Jane's long-term key alone has no access any more, but it can enroll a device.
    denied = run_aws("--profile", "jane", "s3", "ls")
    assert denied.code != 0
    assert "AccessDenied" in denied.err
    enroll(aws, "jane")
    [device] = jane.devices
    refreshed = encee("refresh", "jane", "-c", device.next_code())
    assert refreshed.code == 0, refreshed.err
    listed = run_aws("--profile", "jane-mfa", "s3", "ls")
    assert (listed.code, "pictures" in listed.out) == (0, True), listed.err
    assert run_aws("--profile", "jane", "s3", "ls").code != 0
    audited = encee("account", "audit", "--profile", "admin", "--group", "encee", "--json")
    assert (audited.code, json.loads(audited.out)["users"][0]["state"]) == (0, "ok")

    # With a restriction, she has access from the office only.
    office = ("--allow-cidr", "203.0.113.0/24", "--my-ip", "203.0.113.7")
    assert encee(*words, *office).code == 0
    assert run_aws("--profile", "jane-mfa", "s3", "ls").code == 0
    aws.source_ip = "198.51.100.1"
    assert run_aws("--profile", "jane-mfa", "s3", "ls").code != 0
    aws.source_ip = "203.0.113.7"
    assert run_aws("--profile", "jane-mfa", "s3", "ls").code == 0

    # After the revocation, her sessions and her key have no access.
    assert encee("account", "revoke", "jane", "--profile", "admin", "--yes").code == 0
    assert run_aws("--profile", "jane-mfa", "s3", "ls").code != 0
    assert run_aws("--profile", "jane", "sts", "get-caller-identity").code != 0
    aws.iam.delete_user_policy("jane", "encee-RevokedSessions")
    jane.access_key.activate()

    # And back to the start.
    assert encee("account", "teardown", "--profile", "admin", "--yes").code == 0
    assert aws.iam.groups == {}
    assert [arn for arn in aws.iam.managed_policies if ":123456789012:" in arn] == []
    assert run_aws("--profile", "jane", "s3", "ls").code == 0
