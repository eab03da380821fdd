"""`encee device enroll` on a pseudo-terminal: it enables a device or leaves none."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest

from tests.conftest import Encee, Home, on_terminal, run_aws, section, start_before_next_code, wait_for
from tests.fake_aws import FakeAws, FakeDevice, FakeUser, faults
from tests.qr_reader import read_png, read_svg, read_terminal

JANE = "arn:aws:iam::123456789012:mfa/jane"
FIRST = "code that the app shows now:"
SECOND = "next code that the app shows:"
OFFER = "refresh dev now, with its next code? [Y/n]"
COMMAND = f"aws iam delete-virtual-mfa-device --serial-number {JANE}"


@pytest.fixture
def jane(home: Home, aws: FakeAws) -> FakeUser:
    """Create a user with a key in `[dev]` and no device."""
    user = aws.create_user("jane")
    keys(home, user)
    return user


def keys(home: Home, user: FakeUser) -> None:
    home.write(section(user.access_key), "# mine\n[profile dev]\nregion = eu-central-1\n")


@dataclass
class Enrollment:
    """A run of `encee device enroll dev` on a pseudo-terminal, and the app of the user."""

    aws: FakeAws
    words: tuple[str, ...] = ("dev",)
    size: tuple[int, int] = (40, 100)
    term: str = "xterm-256color"
    child: "pexpect.spawn[str]" = field(init=False)

    def __post_init__(self) -> None:
        self.child = start_before_next_code("device", "enroll", *self.words, size=self.size, term=self.term)
        self.seen = ""

    @property
    def device(self) -> FakeDevice:
        """Return the newest device."""
        return self.aws.virtual_devices()[-1]

    def sees(self, text: str) -> None:
        self.child.expect_exact(text)
        self.seen += (self.child.before or "") + text

    def answers(self, prompt: str, text: str) -> None:
        self.sees(prompt)
        self.child.sendline(text)

    def proves(self) -> None:
        """Type two consecutive codes."""
        self.sees(FIRST)
        self.child.sendline(self.device.next_code())
        self.answers(SECOND, self.device.next_code())

    def ends(self, code: int) -> None:
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before or ""
        assert self.child.wait() == code, self.seen
        assert "Traceback" not in self.seen


@pytest.fixture
def enrollment(jane: FakeUser, aws: FakeAws) -> Iterator[Callable[..., Enrollment]]:
    started: list[Enrollment] = []

    def start(*words: str, **more: object) -> Enrollment:
        started.append(Enrollment(aws, ("dev", *words), **more))  # type: ignore[arg-type]  # of its own fields
        return started[-1]

    yield start
    assert jane.name
    for one in started:
        one.child.kill(signal.SIGKILL)
        one.child.wait()


def signed(aws: FakeAws) -> list[tuple[str, str, int]]:
    """Return each request: the kind of its key, action and status."""
    return [(call.action, call.access_key_id[:4], call.status) for call in aws.journal]


# ---- success


@pytest.mark.slow
def test_two_codes_enable_a_device_and_a_third_gives_the_first_session(
    enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser, aws: FakeAws
) -> None:
    one = enrollment()
    one.proves()
    one.sees(f"{JANE} is enabled for jane")
    one.sees("saved as mfa_serial of dev in ~/.aws/config")
    one.answers(OFFER, "")
    one.answers(f"MFA code for dev ({JANE}):", one.device.next_code())
    one.sees("dev-mfa is valid until")
    one.ends(0)
    assert [device.serial for device in jane.devices] == [JANE]
    config = "# mine\n[profile dev]\nregion = eu-central-1\n"
    assert home.config.read_text().startswith(f"{config}mfa_serial = {JANE}\n")
    calls = signed(aws)
    assert [call for call in calls if call[0] != "GetCallerIdentity"] == [
        ("ListMFADevices", "AKIA", 200),
        ("CreateVirtualMFADevice", "AKIA", 200),
        ("EnableMFADevice", "AKIA", 200),
        ("GetSessionToken", "AKIA", 200),
    ]
    who = run_aws("--profile", "dev-mfa", "iam", "list-mfa-devices", "--query", "MFADevices[0].SerialNumber")
    assert who.out.strip(' "\n') == JANE


@pytest.mark.slow
def test_prints_the_secret_in_groups_of_four_and_nowhere_else(
    enrollment: Callable[..., Enrollment], home: Home, aws: FakeAws
) -> None:
    one = enrollment()
    one.sees(FIRST)
    seed = one.device.seed
    groups = re.findall(r"^  ((?:[A-Z2-7]{4} ?)+)\r$", one.seen, re.MULTILINE)
    assert "".join(groups).replace(" ", "") == seed
    assert seed not in one.seen
    one.child.sendline(one.device.next_code())
    one.answers(SECOND, one.device.next_code())
    one.answers(OFFER, "n")
    shown = one.seen
    one.ends(0)
    assert groups[0] not in one.seen.removeprefix(shown)
    assert all(seed.encode() not in content for content, _ in home.state().values())
    assert aws.calls("GetSessionToken") == []


@pytest.mark.slow
def test_json_describes_the_device_without_a_secret(enrollment: Callable[..., Enrollment], home: Home) -> None:
    one = enrollment("--json", "--name", "phone")
    one.proves()
    one.sees('{\r\n  "encee_format": 1')
    one.answers(OFFER, "no")
    one.ends(0)
    document = json.loads(one.seen[one.seen.index("{\r\n") : one.seen.index("}\r\n") + 1])
    assert document == {
        "encee_format": 1,
        "profile": "dev",
        "device": "arn:aws:iam::123456789012:mfa/phone",
        "outcome": "enrolled",
        "saved_in": str(home.config),
    }


@pytest.mark.slow
def test_keeps_a_device_of_the_same_name_and_offers_the_next_name(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    abandoned = enrollment()
    abandoned.sees(FIRST)  # another terminal still shows it
    theirs = abandoned.device.serial
    one = enrollment()
    one.sees("there is a device called jane already")
    one.answers("another name for the new one [jane-2]:", "not a name")
    one.sees("cannot be the name of a device")
    one.answers("another name for the new one [jane-2]:", "")
    one.proves()
    one.answers(OFFER, "n")
    one.ends(0)
    assert [device.serial for device in jane.devices] == [f"{JANE}-2"]
    assert {device.serial for device in aws.virtual_devices()} == {theirs, f"{JANE}-2"}


def test_offers_the_next_number_after_a_taken_name(enrollment: Callable[..., Enrollment], aws: FakeAws) -> None:
    aws.create_user("bob").create_device("jane-2")
    one = enrollment("--name", "jane-2")
    one.answers("another name for the new one [jane-3]:", "tablet")
    one.sees(FIRST)
    assert one.device.serial == "arn:aws:iam::123456789012:mfa/tablet"


@pytest.mark.slow
def test_a_second_device_needs_a_session_with_the_first(
    enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser, aws: FakeAws
) -> None:
    old = jane.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    one = enrollment("--name", "new")
    one.sees("has a device already, so its session has to add another one")
    one.answers(f"MFA code for dev ({old.serial}):", old.next_code())
    one.proves()
    one.answers(f"use it for dev from now on, instead of {old.serial}? [Y/n]", "")
    one.sees("saved as mfa_serial of dev")
    one.ends(0)
    keys_used = {call.action: call.access_key_id[:4] for call in aws.journal}
    assert (keys_used["CreateVirtualMFADevice"], keys_used["EnableMFADevice"]) == ("ASIA", "ASIA")
    assert "mfa_serial = arn:aws:iam::123456789012:mfa/new\n" in home.config.read_text()


@pytest.mark.slow
def test_a_second_device_can_be_a_spare(enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser) -> None:
    old = jane.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    one = enrollment("--name", "new", "-c", old.next_code())
    one.proves()
    one.answers("instead of", "n")
    one.ends(0)
    assert f"mfa_serial = {old.serial}\n" in home.config.read_text()
    assert len(jane.devices) == 2


@pytest.mark.slow
def test_a_device_that_cannot_be_saved_is_enabled_nevertheless(
    enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser
) -> None:
    home.config.with_name("other").hardlink_to(home.config)
    one = enrollment()
    one.proves()
    one.sees("warning: could not save it as mfa_serial of dev")
    one.answers(OFFER, "n")
    one.ends(0)
    assert len(jane.devices) == 1


# ---- codes


@pytest.mark.slow
def test_rejects_a_code_of_another_device_before_aws_is_asked(
    enrollment: Callable[..., Enrollment], aws: FakeAws
) -> None:
    one = enrollment()
    one.answers(FIRST, "12345")
    one.sees("a code is six digits")
    one.sees(FIRST)
    wrong = f"{(int(one.device.code()) + 1) % 1_000_000:06d}"
    one.child.sendline(wrong)
    one.sees("the new device does not show that code")
    first = one.device.next_code()
    one.answers(FIRST, first)
    one.answers(SECOND, first)
    one.sees("that is the previous code: wait until the app shows the next one")
    one.answers(SECOND, wrong)
    one.sees("the new device does not show that code")
    one.answers(SECOND, one.device.next_code())
    one.answers(OFFER, "n")
    one.ends(0)
    assert len(aws.calls("EnableMFADevice")) == 1


@pytest.mark.slow
def test_a_missed_code_only_costs_another_one(enrollment: Callable[..., Enrollment], aws: FakeAws) -> None:
    one = enrollment()
    one.sees(FIRST)
    one.child.sendline(one.device.next_code())
    one.sees(SECOND)
    one.device.next_code()  # the user missed this code
    one.child.sendline(one.device.next_code())
    one.sees("does not follow the previous one: another one is needed")
    one.answers(SECOND, one.device.next_code())
    one.answers(OFFER, "n")
    one.ends(0)
    assert len(aws.calls("EnableMFADevice")) == 1


def test_reports_the_wrong_clock_of_a_phone(enrollment: Callable[..., Enrollment]) -> None:
    one = enrollment()
    one.sees(FIRST)
    one.device.lose_sync(-8)
    one.child.sendline(one.device.next_code())
    one.sees("this machine's clock is some 4 min ahead of the device's")
    one.answers(SECOND, one.device.next_code())
    one.answers(OFFER, "n")
    one.ends(0)


@pytest.mark.slow
def test_three_rejected_codes_leave_no_device(enrollment: Callable[..., Enrollment], aws: FakeAws) -> None:
    refusal = faults.error("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    aws.fault("EnableMFADevice", refusal, times=3)
    one = enrollment()
    for left in (2, 1):
        one.proves()
        one.sees(f"({left} of 3 tries left)")
    one.proves()
    one.sees(f"{JANE} is not enabled, so it is deleted again")
    one.sees("encee: error: AWS did not accept the two codes")
    one.ends(4)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_accepts_correct_codes_after_wrong_ones(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    aws.fault("EnableMFADevice", faults.error("InvalidAuthenticationCode", "Authentication code …", 403))
    one = enrollment()
    one.proves()
    one.proves()
    one.answers(OFFER, "n")
    one.ends(0)
    assert len(jane.devices) == 1


# ---- errors and interrupts


@pytest.mark.slow
@pytest.mark.parametrize("key", ["\x03", pytest.param("\x04", marks=pytest.mark.slow)], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("prompts", [(FIRST,), (FIRST, SECOND)], ids=["first", "second"])
def test_an_interrupted_prompt_leaves_no_device(
    enrollment: Callable[..., Enrollment], home: Home, aws: FakeAws, prompts: tuple[str, ...], key: str
) -> None:
    before = home.state()
    one = enrollment()
    for prompt in prompts[:-1]:
        one.sees(prompt)
        one.child.sendline(one.device.next_code())
    one.sees(prompts[-1])
    one.child.send(key)
    one.sees(f"{JANE} is not enabled, so it is deleted again")
    one.sees("encee: error: interrupted")
    one.ends(130)
    assert aws.virtual_devices() == []
    assert home.state() == before


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupt_at_the_name_prompt_creates_no_device(
    enrollment: Callable[..., Enrollment], aws: FakeAws, key: str
) -> None:
    aws.create_user("bob").create_device("jane")
    one = enrollment()
    one.sees("[jane-2]:")
    one.child.send(key)
    one.ends(130)
    assert [device.serial for device in aws.virtual_devices()] == [JANE]


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt", [OFFER, pytest.param(f"MFA code for dev ({JANE}):", marks=pytest.mark.slow)], ids=["offer", "code"]
)
def test_an_interrupt_after_the_enabling_keeps_the_device(
    enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser, prompt: str
) -> None:
    one = enrollment()
    one.proves()
    if prompt != OFFER:
        one.answers(OFFER, "y")
    one.sees(prompt)
    one.child.send("\x03")
    one.ends(130)
    assert [device.serial for device in jane.devices] == [JANE]
    assert f"mfa_serial = {JANE}\n" in home.config.read_text()


@pytest.mark.slow
def test_an_interrupt_at_the_choice_of_the_device_keeps_both(
    enrollment: Callable[..., Enrollment], home: Home, jane: FakeUser
) -> None:
    old = jane.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    one = enrollment("-c", old.next_code())
    one.proves()
    one.sees(f"instead of {old.serial}? [Y/n]")
    one.child.send("\x03")
    one.ends(130)
    assert [device.serial for device in jane.devices] == [old.serial, JANE]
    assert f"mfa_serial = {old.serial}\n" in home.config.read_text()


@pytest.mark.slow
def test_an_interrupt_at_the_first_devices_code_creates_no_second(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    old = jane.create_device("old")
    one = enrollment()
    one.sees(f"MFA code for dev ({old.serial}):")
    one.child.send("\x03")
    one.ends(130)
    assert [device.serial for device in aws.virtual_devices()] == [old.serial]


@pytest.mark.parametrize("times", [1, 5])
def test_an_interrupt_during_the_countdown_leaves_no_device(jane: FakeUser, aws: FakeAws, times: int) -> None:
    child = on_terminal("device", "enroll", "dev")  # with the real clock
    child.expect_exact(FIRST)
    [device] = aws.virtual_devices()
    while datetime.now(UTC).timestamp() % 30 > 25:  # the countdown would end too soon
        time.sleep(0.5)
    child.sendline(device.code())
    child.expect_exact("the next code")
    for _ in range(times):
        child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert aws.virtual_devices() == []
    assert jane.devices == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompts", [(FIRST,), pytest.param((FIRST, SECOND), marks=pytest.mark.slow)], ids=["first", "second"]
)
def test_a_closed_terminal_leaves_no_device(
    enrollment: Callable[..., Enrollment], aws: FakeAws, prompts: tuple[str, ...]
) -> None:
    one = enrollment()
    for prompt in prompts[:-1]:
        one.sees(prompt)
        one.child.sendline(one.device.next_code())
    one.sees(prompts[-1])
    with suppress(pexpect.ExceptionPexpect):  # show that it does not exit at once
        one.child.close(force=False)
    wait_for(lambda: aws.virtual_devices() == [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_sigterm_leaves_no_device(
    enrollment: Callable[..., Enrollment], aws: FakeAws, number: signal.Signals
) -> None:
    one = enrollment()
    one.sees(FIRST)
    one.child.kill(number)
    one.ends(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_further_ctrl_c_does_not_stop_the_deletion(enrollment: Callable[..., Enrollment], aws: FakeAws) -> None:
    one = enrollment()
    one.sees(FIRST)
    aws.latency = 1
    one.child.send("\x03")
    one.sees("so it is deleted again")
    for _ in range(3):
        one.child.send("\x03")
        time.sleep(0.1)
    one.ends(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_an_interrupt_during_the_creation_waits_until_it_can_delete(
    enrollment: Callable[..., Enrollment], aws: FakeAws
) -> None:
    aws.fault("CreateVirtualMFADevice", faults.hang(2))
    one = enrollment()
    wait_for(lambda: bool(aws.calls("CreateVirtualMFADevice")))
    one.child.send("\x03")
    one.sees(f"{JANE} is not enabled, so it is deleted again")
    one.ends(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_an_interrupt_while_the_device_is_enabled_keeps_it(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    aws.fault("EnableMFADevice", faults.hang(2))
    one = enrollment()
    one.proves()
    wait_for(lambda: bool(aws.calls("EnableMFADevice")))
    one.child.send("\x03")
    one.sees("saved as mfa_serial of dev in ~/.aws/config")
    one.ends(130)
    assert OFFER not in one.seen
    assert [device.serial for device in jane.devices] == [JANE]


BEFORE: dict[str, Callable[[], faults.Fault]] = {
    "500": faults.status,
    "reset before": faults.reset_before,
    "page": faults.html,
    "denied": lambda: faults.denied("arn:aws:iam::123456789012:user/jane", "iam:X", JANE),
}
AFTER: dict[str, Callable[[], faults.Fault]] = {"reset after": faults.reset, "half": faults.half}
ALL = {**BEFORE, **AFTER}


def quickly(faults: Iterable[str], *fast: str) -> list[object]:
    """The faults; the fast tests use only some of them."""
    return [one if one in fast else pytest.param(one, marks=pytest.mark.slow) for one in faults]


@pytest.mark.parametrize("fault", quickly(ALL, "reset after"))
def test_an_error_at_the_creation_leaves_none_or_prints_how_to_delete(
    enrollment: Callable[..., Enrollment], aws: FakeAws, fault: str
) -> None:
    aws.fault("CreateVirtualMFADevice", ALL[fault]())
    one = enrollment()
    one.ends(4)
    assert len(aws.calls("CreateVirtualMFADevice")) == 1
    assert [device.serial for device in aws.virtual_devices()] == ([JANE] if fault in AFTER else [])
    assert (COMMAND in " ".join(one.seen.split())) is (fault != "denied")
    assert aws.calls("DeleteVirtualMFADevice") == []  # a device of that name may belong to another user


@pytest.mark.slow
@pytest.mark.parametrize("fault", quickly(BEFORE, "denied"))
def test_an_error_before_the_device_is_enabled_deletes_it(
    enrollment: Callable[..., Enrollment], aws: FakeAws, fault: str
) -> None:
    aws.fault("EnableMFADevice", BEFORE[fault]())
    one = enrollment()
    one.proves()
    one.sees("encee: error:")
    one.ends(4)
    assert aws.virtual_devices() == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", quickly(AFTER, "reset after"))
def test_looks_up_whether_the_device_was_enabled_after_a_lost_response(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws, fault: str
) -> None:
    aws.fault("EnableMFADevice", AFTER[fault]())
    one = enrollment()
    one.proves()
    one.answers(OFFER, "n")
    one.ends(0)
    assert [device.serial for device in jane.devices] == [JANE]
    assert len(aws.calls("EnableMFADevice")) == 1


@pytest.mark.slow
def test_reports_an_enabled_device_that_no_file_names(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    one = enrollment()
    one.sees(FIRST)
    aws.fault("EnableMFADevice", faults.reset())
    aws.fault("ListMFADevices", faults.denied(jane.arn, "iam:ListMFADevices", "user jane"))
    one.child.sendline(one.device.next_code())
    one.answers(SECOND, one.device.next_code())
    one.sees(f"{JANE} is enabled nevertheless; save it with: encee device save dev {JANE}")
    one.ends(4)
    assert [device.serial for device in jane.devices] == [JANE]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*ALL, "throttled"])
def test_an_error_at_the_deletion_is_retried_or_prints_the_command(
    enrollment: Callable[..., Enrollment], aws: FakeAws, fault: str
) -> None:
    aws.fault("DeleteVirtualMFADevice", faults.throttled() if fault == "throttled" else ALL[fault]())
    one = enrollment()
    one.sees(FIRST)
    one.child.send("\x03")
    one.ends(130)
    assert [device.serial for device in aws.virtual_devices()] == ([JANE] if fault == "denied" else [])
    assert (COMMAND in " ".join(one.seen.split())) is (fault == "denied")
    assert ("was not deleted: AWS does not let jane do iam:X" in one.seen) is (fault == "denied")


def test_without_a_network_at_the_deletion_prints_the_command(
    enrollment: Callable[..., Enrollment], aws: FakeAws
) -> None:
    one = enrollment()
    one.sees(FIRST)
    aws.refuse_connections()
    one.child.send("\x03")
    one.ends(130)
    assert COMMAND in " ".join(one.seen.split())


@pytest.mark.slow
def test_retries_until_iam_knows_the_new_device(enrollment: Callable[..., Enrollment], aws: FakeAws) -> None:
    aws.fault("DeleteVirtualMFADevice", faults.error("NoSuchEntity", "VirtualMFADevice … doesn't exist.", 404))
    one = enrollment()
    one.sees(FIRST)
    one.child.send("\x03")
    one.ends(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
@pytest.mark.parametrize("action", ["GetCallerIdentity", "ListMFADevices"])
@pytest.mark.parametrize("fault", ["denied", "page"])
def test_an_error_before_the_creation_creates_no_device(
    enrollment: Callable[..., Enrollment], aws: FakeAws, action: str, fault: str
) -> None:
    aws.fault(action, BEFORE[fault](), times=3)
    one = enrollment()
    one.ends(4)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_an_error_at_the_first_refresh_keeps_the_device(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    aws.fault("GetSessionToken", faults.region_disabled())
    one = enrollment()
    one.proves()
    one.answers(OFFER, "")
    one.answers("MFA code for dev", one.device.next_code())
    one.ends(4)
    assert [device.serial for device in jane.devices] == [JANE]


# ---- refusals


def test_needs_a_terminal(encee: Encee, jane: FakeUser, aws: FakeAws) -> None:
    result = encee("device", "enroll", "dev")
    assert (result.code, "needs a terminal" in result.err) == (2, True)
    assert "encee device save dev" in result.err
    assert (aws.journal, jane.devices) == ([], [])


def test_security_keys_alone_lead_to_the_console(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    jane.create_fido_device("key")
    one = enrollment()
    one.sees("encee: hint: sign in with: aws login")
    one.ends(2)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_refuses_a_ninth_device_before_the_creation(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    for number in range(8):
        jane.create_device(f"phone-{number}")
    one = enrollment()
    one.sees("has 8 devices, and AWS allows no more")
    one.ends(2)
    assert aws.calls("CreateVirtualMFADevice") == []


def test_refuses_the_root_user(enrollment: Callable[..., Enrollment], home: Home, aws: FakeAws) -> None:
    home.write(section(aws.root_key()))
    one = enrollment()
    one.sees("holds a key of the root user")
    one.ends(4)
    assert aws.calls("CreateVirtualMFADevice") == []


def test_a_policy_that_denies_the_first_device_needs_an_administrator(
    enrollment: Callable[..., Enrollment], jane: FakeUser, aws: FakeAws
) -> None:
    explicit = "with an explicit deny in an identity-based policy"
    aws.fault("CreateVirtualMFADevice", faults.denied(jane.arn, "iam:CreateVirtualMFADevice", JANE, explicit))
    one = enrollment()
    one.sees("AWS does not let jane do iam:CreateVirtualMFADevice: an explicit deny in an identity-based policy")
    one.sees("an administrator has to let users without a device do that")
    one.ends(4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--name", "my phone"), "cannot be the name of a device"),
        (("--name", "x" * 226), "cannot be the name of a device"),
        (("--qr-file", "code.jpg"), "invalid picture name code.jpg"),
        (("--duration", "99h"), "AWS grants 15m to 36h"),
    ],
)
@pytest.mark.usefixtures("jane")
def test_reports_wrong_usage_before_it_prompts(encee: Encee, aws: FakeAws, words: tuple[str, ...], says: str) -> None:
    result = encee("device", "enroll", "dev", *words)
    assert (result.code, says in result.err) == (2, True)
    assert aws.journal == []


# ---- the QR code


def uri(device: FakeDevice) -> str:
    return f"otpauth://totp/AWS:jane@123456789012?secret={device.seed}&issuer=AWS"


@pytest.mark.parametrize("term", quickly(["xterm-256color", "xterm", "screen", "tmux-256color"], "xterm-256color"))
@pytest.mark.parametrize("size", [(24, 80), (60, 200)], ids=["small", "large"])
def test_a_phone_reads_the_code_on_a_dark_and_a_light_terminal(
    enrollment: Callable[..., Enrollment], size: tuple[int, int], term: str
) -> None:
    one = enrollment(size=size, term=term)
    one.sees(FIRST)
    for dark in (True, False):
        assert read_terminal(one.seen, ground=dark) == uri(one.device)
    drawn = [line for line in one.seen.splitlines() if "▀" in line]
    assert len(drawn) < size[0]  # completely visible above the prompt


@pytest.mark.parametrize(
    ("more", "environment"),
    [
        ({"size": (24, 44)}, {}),
        ({"term": "dumb"}, {}),
        ({}, {"NO_COLOR": "1"}),
        ({}, {"PYTHONIOENCODING": "latin-1"}),
    ],
    ids=["narrow", "dumb", "no colour", "no blocks"],
)
def test_without_a_qr_code_the_secret_is_enough(
    enrollment: Callable[..., Enrollment],
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, object],
    environment: dict[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    one = enrollment(**more)
    one.sees("--qr-file FILE.png")
    one.sees(FIRST)
    assert "▀" not in one.seen
    assert "\x1b" not in one.seen


@pytest.mark.slow
@pytest.mark.parametrize("kind", quickly(["png", "svg", "PNG"], "svg"))
def test_a_phone_reads_the_code_in_a_file_which_is_deleted_at_the_end(
    enrollment: Callable[..., Enrollment], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"code.{kind}"
    one = enrollment("--qr-file", str(file))
    one.sees("it is deleted at the end")
    one.sees(FIRST)
    assert file.stat().st_mode & 0o777 == 0o600
    read = read_svg(file.read_text()) if kind == "svg" else read_png(file.read_bytes())
    assert read == uri(one.device)
    one.child.sendline(one.device.next_code())
    one.answers(SECOND, one.device.next_code())
    one.answers(OFFER, "n")
    one.ends(0)
    assert not file.exists()


def test_an_interrupt_deletes_the_file_with_the_code(enrollment: Callable[..., Enrollment], tmp_path: Path) -> None:
    file = tmp_path / "code.svg"
    one = enrollment("--qr-file", str(file))
    one.sees(FIRST)
    assert file.exists()
    one.child.send("\x03")
    one.ends(130)
    assert not file.exists()


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_overwrites_no_existing_file(
    enrollment: Callable[..., Enrollment], tmp_path: Path, aws: FakeAws, what: str
) -> None:
    file = tmp_path / "code.png"
    if what == "file":
        file.write_text("mine")
    elif what == "link":
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.mkdir()
    one = enrollment("--qr-file", str(file))
    one.ends(2)
    assert "exists already, and is not written over" in " ".join(one.seen.split())
    assert file.is_dir() if what == "folder" else file.is_symlink() if what == "link" else file.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_reports_a_missing_folder_before_it_creates_a_device(
    enrollment: Callable[..., Enrollment], tmp_path: Path, aws: FakeAws
) -> None:
    one = enrollment("--qr-file", str(tmp_path / "missing" / "code.png"))
    one.sees("cannot be written: No such file or directory")
    one.ends(1)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_the_secret_is_in_no_argument_and_no_variable(enrollment: Callable[..., Enrollment]) -> None:
    one = enrollment()
    one.sees(FIRST)
    process = Path(f"/proc/{one.child.pid}")
    known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert b"run_encee.py" in known
    assert one.device.seed.encode() not in known
