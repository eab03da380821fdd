"""What encee does while the prompt is open: the connection, early errors, and other terminals."""

import time
from collections.abc import Callable
from datetime import timedelta

import pexpect
import pytest

from tests.conftest import ENCEE, Home, Person, on_terminal, run_encee, section, wait_for
from tests.fake_aws import FakeAws, faults

pytestmark = pytest.mark.slow

PROMPT = "MFA code for dev (arn:aws:iam::123456789012:mfa/phone): "


def test_the_connection_is_open_when_the_user_enters_the_code(dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    wait_for(lambda: aws.calls("GetCallerIdentity"))
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert [call.action for call in aws.journal] == ["GetCallerIdentity", "GetSessionToken"]
    assert len({call.connection for call in aws.journal}) == 1


def test_sends_nothing_early_with_a_code_on_the_command_line(dev: Person, aws: FakeAws) -> None:
    assert run_encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert [call.action for call in aws.journal] == ["GetSessionToken"]


def dead_key(dev: Person, _: FakeAws) -> None:
    dev.user.access_key.delete()


def slow_clock(_: Person, aws: FakeAws) -> None:
    aws.clock_offset = timedelta(minutes=20)


def unreachable(_: Person, aws: FakeAws) -> None:
    aws.refuse_connections()


@pytest.mark.parametrize(
    ("fatal_error", "says"),
    [
        (dead_key, "deleted, made inactive"),
        (slow_clock, "20 min earlier than AWS's"),
        (unreachable, "could not be reached"),
    ],
)
def test_a_fatal_error_ends_the_prompt_before_a_code_is_used(
    home: Home, dev: Person, aws: FakeAws, fatal_error: Callable[[Person, FakeAws], None], says: str
) -> None:
    fatal_error(dev, aws)
    before = home.state()
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    child.send("123")  # half a code
    child.expect_exact(says)
    child.expect(pexpect.EOF)
    assert child.wait() == 4
    assert aws.calls("GetSessionToken") == []
    assert home.state() == before


def test_a_wrong_secret_ends_the_prompt(home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section().replace(dev.user.access_key.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    child = on_terminal("refresh", "dev")
    child.expect_exact("does not belong to its key id")
    child.expect(pexpect.EOF)
    assert child.wait() == 4
    assert aws.calls("GetSessionToken") == []


def test_a_root_key_ends_the_prompt(home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(section(aws.root_key(), serial=dev.device.serial))
    child = on_terminal("refresh", "dev")
    child.expect_exact("holds a key of the root user")
    child.expect(pexpect.EOF)
    assert child.wait() == 4
    assert aws.calls("GetSessionToken") == []


@pytest.mark.parametrize(
    "fault",
    [
        faults.error("AccessDenied", "no", 403),
        pytest.param(faults.throttled(), marks=pytest.mark.slow),
        pytest.param(faults.status(500), marks=pytest.mark.slow),
    ],
)
def test_ignores_other_errors_of_the_early_request(dev: Person, aws: FakeAws, fault: faults.Fault) -> None:
    aws.fault("GetCallerIdentity", fault)
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    wait_for(lambda: aws.calls("GetCallerIdentity"))
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_a_fatal_error_of_one_profile_keeps_the_others(home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))
    dev.user.access_key.deactivate()
    child = on_terminal("refresh", "dev", "bob")
    child.expect_exact("MFA code for bob")
    child.sendline(bobs.device.next_code())
    child.expect_exact("encee: error: AWS does not know the key")
    child.expect_exact("bob-mfa is valid until")
    child.expect(pexpect.EOF)
    assert child.wait() == 4


@pytest.mark.usefixtures("dev")
def test_ctrl_c_exits_at_once_while_the_endpoint_hangs(aws: FakeAws) -> None:
    aws.fault("GetCallerIdentity", faults.hang(10))
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    wait_for(lambda: aws.calls("GetCallerIdentity"))
    child.send("12")
    begin = time.monotonic()
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert time.monotonic() - begin < 5  # and not ten


@pytest.mark.needs("bash")
def test_leaves_no_typed_characters_to_the_shell(dev: Person, aws: FakeAws) -> None:
    aws.fault("GetCallerIdentity", faults.hang(1))
    dev.user.access_key.deactivate()
    script = f'{ENCEE} refresh dev; echo over; read -t 5 rest; echo "rest=<$rest>"'
    child = on_terminal("-c", script, command="bash")
    child.expect_exact(PROMPT)
    child.send("123")
    child.expect_exact("deleted, made inactive")
    child.expect_exact("over")
    child.send("\n")  # a terminal keeps what is typed until the line ends
    child.expect_exact("rest=<>")
    child.expect(pexpect.EOF)


def test_two_prompts_for_one_profile_need_one_code(home: Home, dev: Person, aws: FakeAws) -> None:
    first, second = on_terminal("refresh", "dev"), on_terminal("refresh", "dev")
    first.expect_exact(PROMPT)
    second.expect_exact(PROMPT)
    wait_for(lambda: len(aws.calls("GetCallerIdentity")) == 2)
    first.sendline(dev.device.next_code())
    for child in (first, second):
        child.expect(pexpect.EOF)
        assert child.wait() == 0
    assert "dev-mfa is still valid until" in (second.before or "")
    assert len(aws.calls("GetSessionToken")) == 1
    assert home.credentials.read_text().count("[dev-mfa]") == 1


def test_a_shorter_session_of_another_terminal_keeps_the_prompt(dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    assert run_encee("refresh", "dev", "-d", "1h", "-c", dev.device.next_code()).code == 0
    time.sleep(0.4)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert [call.duration for call in aws.calls("GetSessionToken")] == [3600, 43200]


def test_prompts_although_the_session_is_fresh(dev: Person, aws: FakeAws) -> None:
    assert run_encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert len(aws.calls("GetSessionToken")) == 2
