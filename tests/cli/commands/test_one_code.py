"""One code refreshes several profiles, and no code is sent twice."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, on_terminal, section, wait_for
from tests.fake_aws import FakeAws, FakeUser, faults


def second_key(user: FakeUser, device: str, name: str) -> str:
    """Return a profile with another key of the same user and device."""
    return section(user.create_access_key(), name, device)


def create_users(aws: FakeAws, count: int) -> dict[str, Person]:
    """Return users with a device each, by the names of their profiles."""
    people = {}
    for number in range(count):
        user = aws.create_user(f"user{number}")
        people[f"p{number}"] = Person(user, user.create_device(f"device{number}"))
    return people


def test_profiles_with_one_key_share_one_request(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section() + dev.section("copy") + dev.section("third"))
    result = encee("refresh", "dev", "copy", "third", "-c", dev.device.next_code())
    assert result.code == 0
    assert len(aws.calls("GetSessionToken")) == 1
    text = home.credentials.read_text()
    assert [f"[{name}-mfa]" in text for name in ("dev", "copy", "third")] == [True] * 3
    assert result.err.count("is valid until") == 3


def test_the_shortest_duration_counts_and_is_reported(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section() + "encee_duration = 2h\n" + dev.section("copy") + "encee_duration = 1h\n")
    result = encee("refresh", "dev", "copy", "-c", dev.device.next_code())
    assert aws.calls("GetSessionToken")[0].duration == 3600
    assert "dev, copy have one key and so one session: the shortest of their durations counts" in result.err


def test_does_not_use_a_code_of_the_command_line_for_a_second_key(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    result = encee("refresh", "dev", "other", "-c", dev.device.next_code())
    assert result.code == 2
    assert "other: --code holds no code left" in result.err or "--code holds no code left for other" in result.err
    assert len(aws.calls("GetSessionToken")) == 1


def test_a_code_that_is_given_twice_is_sent_once(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    code = dev.device.next_code()
    result = encee("refresh", "dev", "other", "--code", "-", stdin=f"{code}\n{code}\n")
    assert result.code == 4
    assert "the code for other was sent already" in result.err
    assert len(aws.calls("GetSessionToken")) == 1


def test_a_code_that_aws_did_not_use_serves_another_profile(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.aws.retries._PAUSES", ())
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    aws.fault("GetSessionToken", faults.throttled())
    code = dev.device.next_code()
    aws.latency = 0.0
    first = encee("refresh", "dev", "-c", code)
    assert first.code == 4
    assert encee("refresh", "other", "-c", code).code == 0


def test_a_throttled_code_serves_the_next_key_without_a_wait(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    aws.fault("GetSessionToken", faults.throttled(), times=3)
    monkeypatch.setenv("ENCEE_CODE_COMMAND", f"echo {dev.device.next_code()}")
    result = encee("refresh", "dev", "other")
    assert result.code == 4
    assert "other-mfa is valid until" in result.err
    assert "next code" not in result.err


def test_requests_of_different_devices_run_at_the_same_time(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = create_users(aws, 8)
    home.write("".join(one.section(name) for name, one in people.items()))
    all_of_them = threading.Barrier(8)  # no request is answered before the last one arrives
    aws.fault("GetSessionToken", faults.meanwhile(lambda: all_of_them.wait(timeout=10)), times=8)
    codes = "".join(f"{one.device.next_code()}\n" for one in people.values())
    assert encee("refresh", "--code", "-", stdin=codes).code == 0
    assert not all_of_them.broken
    assert len(aws.calls("GetSessionToken")) == 8
    assert {f"[{name}-mfa]" in home.credentials.read_text() for name in people} == {True}


def test_a_session_profile_that_another_program_took_fails_alone(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = create_users(aws, 3)
    home.write("".join(one.section(name) for name, one in people.items()))
    all_of_them = threading.Barrier(3)

    def take() -> None:
        if all_of_them.wait(timeout=10) == 0:
            with home.credentials.open("a") as file:
                file.write("[p1-mfa]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = theirs\n")
        all_of_them.wait(timeout=10)

    aws.fault("GetSessionToken", faults.meanwhile(take), times=3)
    codes = "".join(f"{one.device.next_code()}\n" for one in people.values())
    result = encee("refresh", "--json", "--code", "-", stdin=codes)
    outcomes = {one["profile"]: one["outcome"] for one in json.loads(result.out)["profiles"]}
    assert outcomes == {"p0": "refreshed", "p1": "failed", "p2": "refreshed"}, result.err
    assert "aws_secret_access_key = theirs" in home.credentials.read_text()


def test_a_request_runs_while_the_next_prompt_is_open(home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))
    child = on_terminal("refresh", "dev", "bob")
    child.expect_exact("2 codes are needed: one each for dev; bob")
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("MFA code for bob")
    wait_for(lambda: b"[dev-mfa]" in home.credentials.read_bytes())
    child.sendline(bobs.device.next_code())
    child.expect_exact("dev-mfa is valid until")
    child.expect_exact("bob-mfa is valid until")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_prompts_again_for_a_wrong_code_after_the_open_prompt(home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))
    child = on_terminal("refresh", "dev", "bob")
    child.expect_exact("MFA code for dev")
    child.sendline("000000")
    child.expect_exact("MFA code for bob")
    child.sendline(bobs.device.next_code())
    child.expect_exact("AWS did not accept the code")
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("dev-mfa is valid until")
    child.expect_exact("bob-mfa is valid until")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_one_failure_does_not_stop_the_other_profiles(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = create_users(aws, 3)
    home.write("".join(one.section(name) for name, one in people.items()))
    people["p1"].user.access_key.deactivate()
    codes = "".join(f"{one.device.next_code()}\n" for one in people.values())
    result = encee("refresh", "p*", "--code", "-", stdin=codes)
    assert result.code == 4
    assert "p1" in result.err
    text = home.credentials.read_text()
    assert [f"[{name}-mfa]" in text for name in people] == [True, False, True]


@pytest.mark.slow
def test_two_keys_on_one_device_wait_for_the_next_code(home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    child = on_terminal("refresh", "dev", "other")
    child.timeout = 60
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("other: the device's next code")
    begin = datetime.now(UTC)
    child.expect_exact("MFA code for other")
    assert datetime.now(UTC).timestamp() % 30 < 2
    assert datetime.now(UTC) - begin <= timedelta(seconds=31)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    codes = [call.code for call in aws.calls("GetSessionToken")]
    assert len(codes) == len(set(codes)) == 2


def test_without_a_terminal_reports_the_wait_in_one_line(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("encee.cli.display.time.sleep", waited.append)
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    code = dev.device.next_code()
    monkeypatch.setenv("ENCEE_CODE_COMMAND", f"echo {code}")
    result = encee("refresh", "dev", "other")
    assert "other: the device's next code: waiting " in result.err
    assert 0 < waited[0] <= 30
    assert "the code for other was sent already" in result.err


def test_a_code_of_standard_input_is_for_its_device_even_if_not_needed(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    people = create_users(aws, 3)
    home.write(dev.section() + "".join(one.section(name) for name, one in people.items()))
    assert encee("refresh", "p0", "-c", people["p0"].device.next_code()).code == 0
    people["p1"].user.access_key.deactivate()
    codes = "".join(f"{one.device.next_code()}\n" for one in people.values())
    result = encee("refresh", "p0", "p1", "p2", "--code", "-", stdin=codes)
    assert result.code == 4
    assert "p0-mfa is still valid until" in result.err
    assert "p2-mfa is valid until" in result.err
    again = encee("refresh", "p0", "p2", "--if-expiring", "13h", "--json", "--code", "-", stdin="1\n2\n")
    assert again.code == 0  # both are as good as new ones


def test_skips_the_code_of_a_profile_that_needs_no_refresh(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = create_users(aws, 2)
    home.write("".join(one.section(name) for name, one in people.items()))
    assert encee("refresh", "p0", "-c", people["p0"].device.next_code()).code == 0
    codes = f"000000\n{people['p1'].device.next_code()}\n"
    result = encee("refresh", "p0", "p1", "--if-expiring", "1h", "--code", "-", stdin=codes)
    assert result.code == 0, result.err
    assert "p1-mfa is valid until" in result.err


def test_skips_the_code_of_a_profile_whose_device_is_unknown(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = create_users(aws, 2)
    home.write(people["p0"].section("p0", serial=False) + people["p1"].section("p1"))
    people["p0"].user.access_key.deactivate()
    codes = f"000000\n{people['p1'].device.next_code()}\n"
    result = encee("refresh", "p0", "p1", "--code", "-", stdin=codes)
    assert result.code == 4
    assert "p1-mfa is valid until" in result.err


def test_an_error_of_several_profiles_names_its_profile(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))
    result = encee("refresh", "dev", "bob", "--code", "-", stdin=f"000000\n{bobs.device.next_code()}\n")
    assert "encee: error: dev: AWS did not accept the code" in result.err


def test_reports_a_wrong_code_before_it_waits_for_the_next_one(home: Home, dev: Person) -> None:
    home.write(dev.section() + second_key(dev.user, dev.device.serial, "other"))
    child = on_terminal("refresh", "dev", "other")
    child.expect_exact("MFA code for dev")
    child.sendline("000000")
    wait = "the device's next code"
    assert child.expect_exact(["encee: dev: AWS did not accept the code", wait]) == 0
    assert child.expect_exact(["MFA code for dev", wait]) == 0
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130


def test_an_interrupt_after_the_code_says_that_it_may_be_used(dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.hang(5))
    child = on_terminal("refresh", "dev", "--json")
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    for _ in range(200):
        if aws.calls("GetSessionToken"):
            break
        threading.Event().wait(0.02)
    child.send("\x03")
    child.expect_exact("that code may have been used")
    child.expect(pexpect.EOF)
    assert child.wait() == 130


def test_an_invalid_value_does_not_stop_copying_region_and_output(encee: Encee, home: Home, dev: Person) -> None:
    home.write(
        dev.section() + dev.section("copy"),
        "[profile dev]\nregion = eu-west-1\n[profile copy]\nregion = eu-west-1\noutput = json # x\n",
    )
    assert encee("refresh", "dev", "copy", "-c", dev.device.next_code()).code == 0
    config = home.config.read_text()
    assert config.count("region = eu-west-1") == 4
    assert config.count("output") == 1
