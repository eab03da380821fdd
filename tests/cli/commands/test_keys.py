"""`encee keys list`: the keys of a profile's user."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Encee, Home, Person
from tests.fake_aws import FakeAws, faults


@pytest.fixture
def encee(leak_checked_encee: Encee) -> Encee:
    return leak_checked_encee


def test_lists_the_keys_with_age_last_use_and_profiles(encee: Encee, home: Home, dev: Person) -> None:
    other = dev.user.create_access_key()
    other.deactivate()
    code = dev.device.next_code()
    home.config.write_text(f"[profile copy]\naws_access_key_id = {dev.user.access_key.id}\n")
    assert encee("refresh", "dev", "-d", "36h", "--code", code).code == 0
    result = encee("keys", "list", "dev", now=datetime.now(UTC) + timedelta(days=1, seconds=1))
    assert result.code == 0, result.err
    heading, first, second = (line.split() for line in result.out.splitlines())
    assert heading == ["KEY", "STATUS", "AGE", "LAST", "USED", "IN"]
    assert first[:4] == [dev.user.access_key.id, "active", "1", "days"]
    assert first[-4:] == ["sts", "[dev]", "[profile", "copy]"]
    assert second == [other.id, "inactive", "1", "days", "never", "–"]


def test_lists_the_keys_as_json(encee: Encee, dev: Person) -> None:
    report = json.loads(encee("keys", "list", "dev-mfa", "--json", "--code", dev.device.next_code()).out)
    (key,) = report.pop("keys")
    assert report == {"encee_format": 1, "profile": "dev"}
    for moment in (key.pop("created"), key.pop("last_used")):
        assert datetime.now(UTC) - datetime.fromisoformat(moment) < timedelta(minutes=1)
    assert key == {
        "id": dev.user.access_key.id,
        "user": "jane",
        "active": True,
        "last_use_known": True,
        "last_service": "sts",
        "sections": ["dev"],
        "in_keyring": False,
    }


def test_lists_the_keys_if_their_last_use_is_denied(encee: Encee, dev: Person, aws: FakeAws) -> None:
    dev.user.create_access_key()
    denied = faults.denied(dev.user.arn, "iam:GetAccessKeyLastUsed", "user jane")
    aws.fault("GetAccessKeyLastUsed", denied, times=2)
    listed = encee("keys", "list", "dev", "--code", dev.device.next_code())
    assert listed.code == 0, listed.err
    assert [line.split()[-2:] for line in listed.out.splitlines()[1:]] == [["unknown", "[dev]"], ["unknown", "–"]]
    reason = "jane is not allowed to perform iam:GetAccessKeyLastUsed: no identity-based policy allows it"
    note = f"the last use is unknown: {reason}"
    assert listed.err.count(note) == 1
    aws.fault("GetAccessKeyLastUsed", denied)
    told = [
        (key["last_use_known"], key["last_used"], key["last_service"])
        for key in json.loads(encee("keys", "list", "dev", "--json").out)["keys"]
    ]
    assert told == [(False, None, None), (True, None, None)]


@pytest.mark.slow
def test_another_error_of_the_last_use_is_an_error(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.fault("GetAccessKeyLastUsed", faults.throttled(), times=9)
    assert encee("keys", "list", "dev", "--code", dev.device.next_code()).code == 4


def test_uses_a_session_and_prompts_only_without_one(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("keys", "list", "dev").code == 3
    assert encee("keys", "list", "dev", "--code", dev.device.next_code()).code == 0
    assert encee("keys", "list", "dev").code == 0
    assert len(aws.calls("GetSessionToken")) == 1
    assert {call.access_key_id[:4] for call in aws.calls("ListAccessKeys")} == {"ASIA"}


def test_without_a_command_prints_the_help(encee: Encee) -> None:
    result = encee("keys")
    assert (result.code, result.err) == (0, "")
    assert "rotate  Replace the long-term key" in result.out
