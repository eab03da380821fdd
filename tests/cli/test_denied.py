"""Missing permissions: the message names the action and the remedy, without terminal sequences."""

import json

import pytest

from tests.conftest import Encee, Home, Person
from tests.fake_aws import FakeAws, faults

EXPLICIT = "with an explicit deny in an identity-based policy"


def test_names_the_action_and_the_statement_that_would_allow_it(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.fault("ListMFADevices", faults.denied(dev.user.arn, "iam:ListMFADevices", "user jane"))
    result = encee("device", "list", "dev")
    error, hint = result.err.splitlines()
    assert result.code == 4
    assert (
        error == "encee: error: jane is not allowed to perform iam:ListMFADevices: no identity-based policy allows it"
    )
    statement = hint.removeprefix("encee: hint: an administrator can allow it: ")
    assert json.loads(statement) == {"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": dev.user.arn}


def test_a_deny_of_the_long_term_key_names_the_refresh(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.fault("ListMFADevices", faults.denied(dev.user.arn, "iam:ListMFADevices", "user jane", EXPLICIT))
    result = encee("device", "save", "dev", dev.device.serial)
    assert (
        "jane is not allowed to perform iam:ListMFADevices: an explicit deny in an identity-based policy" in result.err
    )
    aws.fault("ListMFADevices", faults.denied(dev.user.arn, "iam:ListMFADevices", "user jane", EXPLICIT))
    asked = encee("device", "list", "dev")
    assert asked.code == 3  # it needs a session, and cannot prompt for a code
    assert "hint: encee refresh dev" in asked.err


def test_without_a_device_does_not_prompt_for_a_session(encee: Encee, home: Home, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    home.write(f"[dev]\naws_access_key_id = {bob.access_key.id}\naws_secret_access_key = {bob.access_key.secret}\n")
    aws.fault("ListMFADevices", faults.denied(bob.arn, "iam:ListMFADevices", "user bob", EXPLICIT))
    result = encee("device", "list", "dev")
    assert result.code == 4
    assert "hint: where the account requires MFA, refresh first: encee refresh dev" in result.err
    assert [call.action for call in aws.journal] == ["ListMFADevices"]


def test_a_deny_of_a_session_needs_an_administrator(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.fault("ListMFADevices", faults.denied(dev.user.arn, "iam:ListMFADevices", "user jane", EXPLICIT))
    result = encee("device", "list", "dev")
    assert result.code == 4
    assert "hint: an administrator has to change the policy that denies it" in result.err


def test_names_a_limiting_policy_without_a_statement(encee: Encee, dev: Person, aws: FakeAws) -> None:
    reason = "because no service control policy allows the iam:ListMFADevices action"
    aws.fault("ListMFADevices", faults.denied(dev.user.arn, "iam:ListMFADevices", "user jane", reason))
    result = encee("device", "list", "dev")
    assert (result.code, result.err.splitlines()[1]) == (
        4,
        "encee: hint: an administrator has to change the service control policy",
    )


@pytest.mark.usefixtures("dev")
def test_a_denial_in_another_wording_names_the_request(encee: Encee, aws: FakeAws) -> None:
    aws.fault("ListMFADevices", faults.error("AccessDenied", "No.", 403))
    result = encee("device", "list", "dev")
    assert (result.code, "dev is not allowed to perform ListMFADevices: No\n" in result.err) == (4, True)


@pytest.mark.parametrize("place", ["resource", "reason", "text"])
def test_text_of_aws_cannot_move_the_cursor_or_hide_text(encee: Encee, dev: Person, aws: FakeAws, place: str) -> None:
    evil = "\x9b2J\x9b1A\u202e\r\n[red]{0}%s"
    action = "iam:ListMFADevices"
    fault = {
        "resource": faults.denied(dev.user.arn, action, f"user {evil}"),
        "reason": faults.denied(dev.user.arn, action, "user jane", f"because {evil}"),
        "text": faults.error("AccessDenied", f"No: {evil}", 403),
    }[place]
    aws.fault("ListMFADevices", fault)
    result = encee("device", "list", "dev")
    assert result.code == 4
    assert "[red]{0}%s" in result.err
    assert all(character.isprintable() for character in result.err.replace("\n", ""))
    assert len(result.err.splitlines()) == 2


def test_does_not_print_a_secret_that_aws_repeats(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    [session] = aws.issued_sessions()
    secrets = [session.secret, session.token]
    assert all(secret in home.credentials.read_text() for secret in secrets)
    aws.fault("ListMFADevices", faults.error("AccessDenied", " and ".join(secrets), 403))
    result = encee("device", "list", "dev")
    assert (result.code, "… and …" in result.err) == (4, True)
    assert not any(secret in result.err for secret in secrets)
