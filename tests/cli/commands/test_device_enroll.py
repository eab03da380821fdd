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
def user_without_device(home: Home, aws: FakeAws) -> FakeUser:
    """Create a user with a key in `[dev]` and no device."""
    user = aws.create_user("jane")
    keys(home, user)
    return user


def keys(home: Home, user: FakeUser) -> None:
    home.write(section(user.access_key), "# mine\n[profile dev]\nregion = eu-central-1\n")


@dataclass
class EnrollmentRun:
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

    def expect(self, text: str) -> None:
        self.child.expect_exact(text)
        self.seen += (self.child.before or "") + text

    def answer(self, prompt: str, text: str) -> None:
        self.expect(prompt)
        self.child.sendline(text)

    def type_codes(self) -> None:
        """Type two consecutive codes."""
        self.expect(FIRST)
        self.child.sendline(self.device.next_code())
        self.answer(SECOND, self.device.next_code())

    def expect_exit(self, code: int) -> None:
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before or ""
        assert self.child.wait() == code, self.seen
        assert "Traceback" not in self.seen


@pytest.fixture
def start_enrollment(user_without_device: FakeUser, aws: FakeAws) -> Iterator[Callable[..., EnrollmentRun]]:
    started: list[EnrollmentRun] = []

    def start(*words: str, **more: object) -> EnrollmentRun:
        started.append(EnrollmentRun(aws, ("dev", *words), **more))  # type: ignore[arg-type]  # of its own fields
        return started[-1]

    yield start
    assert user_without_device.name
    for run in started:
        run.child.kill(signal.SIGKILL)
        run.child.wait()


def sent_requests(aws: FakeAws) -> list[tuple[str, str, int]]:
    """Return each request: the kind of its key, action and status."""
    return [(call.action, call.access_key_id[:4], call.status) for call in aws.journal]


# ---- success


@pytest.mark.slow
def test_two_codes_enable_a_device_and_a_third_gives_the_first_session(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser, aws: FakeAws
) -> None:
    run = start_enrollment()
    run.type_codes()
    run.expect(f"{JANE} is enabled for jane")
    run.expect("saved as mfa_serial of dev in ~/.aws/config")
    run.answer(OFFER, "")
    run.answer(f"MFA code for dev ({JANE}):", run.device.next_code())
    run.expect("dev-mfa is valid until")
    run.expect_exit(0)
    assert [device.serial for device in user_without_device.devices] == [JANE]
    config = "# mine\n[profile dev]\nregion = eu-central-1\n"
    assert home.config.read_text().startswith(f"{config}mfa_serial = {JANE}\n")
    calls = sent_requests(aws)
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
    start_enrollment: Callable[..., EnrollmentRun], home: Home, aws: FakeAws
) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    seed = run.device.seed
    groups = re.findall(r"^  ((?:[A-Z2-7]{4} ?)+)\r$", run.seen, re.MULTILINE)
    assert "".join(groups).replace(" ", "") == seed
    assert seed not in run.seen
    run.child.sendline(run.device.next_code())
    run.answer(SECOND, run.device.next_code())
    run.answer(OFFER, "n")
    shown = run.seen
    run.expect_exit(0)
    assert groups[0] not in run.seen.removeprefix(shown)
    assert all(seed.encode() not in content for content, _ in home.state().values())
    assert aws.calls("GetSessionToken") == []


@pytest.mark.slow
def test_json_describes_the_device_without_a_secret(start_enrollment: Callable[..., EnrollmentRun], home: Home) -> None:
    run = start_enrollment("--json", "--name", "phone")
    run.type_codes()
    run.expect('{\r\n  "encee_format": 1')
    run.answer(OFFER, "no")
    run.expect_exit(0)
    document = json.loads(run.seen[run.seen.index("{\r\n") : run.seen.index("}\r\n") + 1])
    assert document == {
        "encee_format": 1,
        "profile": "dev",
        "device": "arn:aws:iam::123456789012:mfa/phone",
        "outcome": "enrolled",
        "saved_in": str(home.config),
    }


@pytest.mark.slow
def test_keeps_a_device_of_the_same_name_and_offers_the_next_name(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    abandoned = start_enrollment()
    abandoned.expect(FIRST)  # another terminal still shows it
    theirs = abandoned.device.serial
    run = start_enrollment()
    run.expect("there is a device called jane already")
    run.answer("another name for the new one [jane-2]:", "not a name")
    run.expect("cannot be the name of a device")
    run.answer("another name for the new one [jane-2]:", "")
    run.type_codes()
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert [device.serial for device in user_without_device.devices] == [f"{JANE}-2"]
    assert {device.serial for device in aws.virtual_devices()} == {theirs, f"{JANE}-2"}


def test_offers_the_next_number_after_a_taken_name(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws
) -> None:
    aws.create_user("bob").create_device("jane-2")
    run = start_enrollment("--name", "jane-2")
    run.answer("another name for the new one [jane-3]:", "tablet")
    run.expect(FIRST)
    assert run.device.serial == "arn:aws:iam::123456789012:mfa/tablet"


@pytest.mark.slow
def test_a_second_device_needs_a_session_with_the_first(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser, aws: FakeAws
) -> None:
    old = user_without_device.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    run = start_enrollment("--name", "new")
    run.expect("has a device already, so its session has to add another one")
    run.answer(f"MFA code for dev ({old.serial}):", old.next_code())
    run.type_codes()
    run.answer(f"use it for dev from now on, instead of {old.serial}? [Y/n]", "")
    run.expect("saved as mfa_serial of dev")
    run.expect_exit(0)
    keys_used = {call.action: call.access_key_id[:4] for call in aws.journal}
    assert (keys_used["CreateVirtualMFADevice"], keys_used["EnableMFADevice"]) == ("ASIA", "ASIA")
    assert "mfa_serial = arn:aws:iam::123456789012:mfa/new\n" in home.config.read_text()


@pytest.mark.slow
def test_a_second_device_can_be_a_spare(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser
) -> None:
    old = user_without_device.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    run = start_enrollment("--name", "new", "-c", old.next_code())
    run.type_codes()
    run.answer("instead of", "n")
    run.expect_exit(0)
    assert f"mfa_serial = {old.serial}\n" in home.config.read_text()
    assert len(user_without_device.devices) == 2


@pytest.mark.slow
def test_a_device_that_cannot_be_saved_is_enabled_nevertheless(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser
) -> None:
    home.config.with_name("other").hardlink_to(home.config)
    run = start_enrollment()
    run.type_codes()
    run.expect("warning: could not save it as mfa_serial of dev")
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert len(user_without_device.devices) == 1


# ---- codes


@pytest.mark.slow
def test_rejects_a_code_of_another_device_before_aws_is_asked(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws
) -> None:
    run = start_enrollment()
    run.answer(FIRST, "12345")
    run.expect("a code is six digits")
    run.expect(FIRST)
    wrong = f"{(int(run.device.code()) + 1) % 1_000_000:06d}"
    run.child.sendline(wrong)
    run.expect("the new device does not show that code")
    first = run.device.next_code()
    run.answer(FIRST, first)
    run.answer(SECOND, first)
    run.expect("that is the previous code: wait until the app shows the next one")
    run.answer(SECOND, wrong)
    run.expect("the new device does not show that code")
    run.answer(SECOND, run.device.next_code())
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert len(aws.calls("EnableMFADevice")) == 1


@pytest.mark.slow
def test_a_missed_code_only_costs_another_one(start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    run.child.sendline(run.device.next_code())
    run.expect(SECOND)
    run.device.next_code()  # the user missed this code
    run.child.sendline(run.device.next_code())
    run.expect("does not follow the previous one: another one is needed")
    run.answer(SECOND, run.device.next_code())
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert len(aws.calls("EnableMFADevice")) == 1


def test_reports_the_wrong_clock_of_a_phone(start_enrollment: Callable[..., EnrollmentRun]) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    run.device.lose_sync(-8)
    run.child.sendline(run.device.next_code())
    run.expect("this machine's clock is some 4 min ahead of the device's")
    run.answer(SECOND, run.device.next_code())
    run.answer(OFFER, "n")
    run.expect_exit(0)


@pytest.mark.slow
def test_three_rejected_codes_leave_no_device(start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws) -> None:
    refusal = faults.error("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    aws.fault("EnableMFADevice", refusal, times=3)
    run = start_enrollment()
    for left in (2, 1):
        run.type_codes()
        run.expect(f"({left} of 3 tries left)")
    run.type_codes()
    run.expect(f"{JANE} is not enabled, so it is deleted again")
    run.expect("encee: error: AWS did not accept the two codes")
    run.expect_exit(4)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_accepts_correct_codes_after_wrong_ones(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    aws.fault("EnableMFADevice", faults.error("InvalidAuthenticationCode", "Authentication code …", 403))
    run = start_enrollment()
    run.type_codes()
    run.type_codes()
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert len(user_without_device.devices) == 1


# ---- errors and interrupts


@pytest.mark.slow
@pytest.mark.parametrize("key", ["\x03", pytest.param("\x04", marks=pytest.mark.slow)], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("prompts", [(FIRST,), (FIRST, SECOND)], ids=["first", "second"])
def test_an_interrupted_prompt_leaves_no_device(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, aws: FakeAws, prompts: tuple[str, ...], key: str
) -> None:
    before = home.state()
    run = start_enrollment()
    for prompt in prompts[:-1]:
        run.expect(prompt)
        run.child.sendline(run.device.next_code())
    run.expect(prompts[-1])
    run.child.send(key)
    run.expect(f"{JANE} is not enabled, so it is deleted again")
    run.expect("encee: error: interrupted")
    run.expect_exit(130)
    assert aws.virtual_devices() == []
    assert home.state() == before


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupt_at_the_name_prompt_creates_no_device(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, key: str
) -> None:
    aws.create_user("bob").create_device("jane")
    run = start_enrollment()
    run.expect("[jane-2]:")
    run.child.send(key)
    run.expect_exit(130)
    assert [device.serial for device in aws.virtual_devices()] == [JANE]


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt", [OFFER, pytest.param(f"MFA code for dev ({JANE}):", marks=pytest.mark.slow)], ids=["offer", "code"]
)
def test_an_interrupt_after_the_enabling_keeps_the_device(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser, prompt: str
) -> None:
    run = start_enrollment()
    run.type_codes()
    if prompt != OFFER:
        run.answer(OFFER, "y")
    run.expect(prompt)
    run.child.send("\x03")
    run.expect_exit(130)
    assert [device.serial for device in user_without_device.devices] == [JANE]
    assert f"mfa_serial = {JANE}\n" in home.config.read_text()


@pytest.mark.slow
def test_an_interrupt_at_the_choice_of_the_device_keeps_both(
    start_enrollment: Callable[..., EnrollmentRun], home: Home, user_without_device: FakeUser
) -> None:
    old = user_without_device.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    run = start_enrollment("-c", old.next_code())
    run.type_codes()
    run.expect(f"instead of {old.serial}? [Y/n]")
    run.child.send("\x03")
    run.expect_exit(130)
    assert [device.serial for device in user_without_device.devices] == [old.serial, JANE]
    assert f"mfa_serial = {old.serial}\n" in home.config.read_text()


@pytest.mark.slow
def test_an_interrupt_at_the_first_devices_code_creates_no_second(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    old = user_without_device.create_device("old")
    run = start_enrollment()
    run.expect(f"MFA code for dev ({old.serial}):")
    run.child.send("\x03")
    run.expect_exit(130)
    assert [device.serial for device in aws.virtual_devices()] == [old.serial]


@pytest.mark.parametrize("times", [1, 5])
def test_an_interrupt_during_the_countdown_leaves_no_device(
    user_without_device: FakeUser, aws: FakeAws, times: int
) -> None:
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
    assert user_without_device.devices == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompts", [(FIRST,), pytest.param((FIRST, SECOND), marks=pytest.mark.slow)], ids=["first", "second"]
)
def test_a_closed_terminal_leaves_no_device(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, prompts: tuple[str, ...]
) -> None:
    run = start_enrollment()
    for prompt in prompts[:-1]:
        run.expect(prompt)
        run.child.sendline(run.device.next_code())
    run.expect(prompts[-1])
    with suppress(pexpect.ExceptionPexpect):  # show that it does not exit at once
        run.child.close(force=False)
    wait_for(lambda: aws.virtual_devices() == [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_sigterm_leaves_no_device(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, number: signal.Signals
) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    run.child.kill(number)
    run.expect_exit(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_further_ctrl_c_does_not_stop_the_deletion(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws
) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    aws.latency = 1
    run.child.send("\x03")
    run.expect("so it is deleted again")
    for _ in range(3):
        run.child.send("\x03")
        time.sleep(0.1)
    run.expect_exit(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_an_interrupt_during_the_creation_waits_until_it_can_delete(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws
) -> None:
    aws.fault("CreateVirtualMFADevice", faults.hang(2))
    run = start_enrollment()
    wait_for(lambda: bool(aws.calls("CreateVirtualMFADevice")))
    run.child.send("\x03")
    run.expect(f"{JANE} is not enabled, so it is deleted again")
    run.expect_exit(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
def test_an_interrupt_while_the_device_is_enabled_keeps_it(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    aws.fault("EnableMFADevice", faults.hang(2))
    run = start_enrollment()
    run.type_codes()
    wait_for(lambda: bool(aws.calls("EnableMFADevice")))
    run.child.send("\x03")
    run.expect("saved as mfa_serial of dev in ~/.aws/config")
    run.expect_exit(130)
    assert OFFER not in run.seen
    assert [device.serial for device in user_without_device.devices] == [JANE]


BEFORE: dict[str, Callable[[], faults.Fault]] = {
    "500": faults.status,
    "reset before": faults.reset_before,
    "page": faults.html,
    "denied": lambda: faults.denied("arn:aws:iam::123456789012:user/jane", "iam:X", JANE),
}
AFTER: dict[str, Callable[[], faults.Fault]] = {"reset after": faults.reset, "half": faults.half}
ALL = {**BEFORE, **AFTER}


def short_countdown(faults: Iterable[str], *fast: str) -> list[object]:
    """The faults; the fast tests use only some of them."""
    return [run if run in fast else pytest.param(run, marks=pytest.mark.slow) for run in faults]


@pytest.mark.parametrize("fault", short_countdown(ALL, "reset after"))
def test_an_error_at_the_creation_leaves_none_or_prints_how_to_delete(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, fault: str
) -> None:
    aws.fault("CreateVirtualMFADevice", ALL[fault]())
    run = start_enrollment()
    run.expect_exit(4)
    assert len(aws.calls("CreateVirtualMFADevice")) == 1
    assert [device.serial for device in aws.virtual_devices()] == ([JANE] if fault in AFTER else [])
    assert (COMMAND in " ".join(run.seen.split())) is (fault != "denied")
    assert aws.calls("DeleteVirtualMFADevice") == []  # a device of that name may belong to another user


@pytest.mark.slow
@pytest.mark.parametrize("fault", short_countdown(BEFORE, "denied"))
def test_an_error_before_the_device_is_enabled_deletes_it(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, fault: str
) -> None:
    aws.fault("EnableMFADevice", BEFORE[fault]())
    run = start_enrollment()
    run.type_codes()
    run.expect("encee: error:")
    run.expect_exit(4)
    assert aws.virtual_devices() == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", short_countdown(AFTER, "reset after"))
def test_looks_up_whether_the_device_was_enabled_after_a_lost_response(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws, fault: str
) -> None:
    aws.fault("EnableMFADevice", AFTER[fault]())
    run = start_enrollment()
    run.type_codes()
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert [device.serial for device in user_without_device.devices] == [JANE]
    assert len(aws.calls("EnableMFADevice")) == 1


@pytest.mark.slow
def test_reports_an_enabled_device_that_no_file_names(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    aws.fault("EnableMFADevice", faults.reset())
    aws.fault("ListMFADevices", faults.denied(user_without_device.arn, "iam:ListMFADevices", "user jane"))
    run.child.sendline(run.device.next_code())
    run.answer(SECOND, run.device.next_code())
    run.expect(f"{JANE} is enabled nevertheless; save it with: encee device save dev {JANE}")
    run.expect_exit(4)
    assert [device.serial for device in user_without_device.devices] == [JANE]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*ALL, "throttled"])
def test_an_error_at_the_deletion_is_retried_or_prints_the_command(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, fault: str
) -> None:
    aws.fault("DeleteVirtualMFADevice", faults.throttled() if fault == "throttled" else ALL[fault]())
    run = start_enrollment()
    run.expect(FIRST)
    run.child.send("\x03")
    run.expect_exit(130)
    assert [device.serial for device in aws.virtual_devices()] == ([JANE] if fault == "denied" else [])
    assert (COMMAND in " ".join(run.seen.split())) is (fault == "denied")
    assert ("was not deleted: jane is not allowed to perform iam:X" in run.seen) is (fault == "denied")


def test_without_a_network_at_the_deletion_prints_the_command(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws
) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    aws.refuse_connections()
    run.child.send("\x03")
    run.expect_exit(130)
    assert COMMAND in " ".join(run.seen.split())


@pytest.mark.slow
def test_retries_until_iam_knows_the_new_device(start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws) -> None:
    aws.fault("DeleteVirtualMFADevice", faults.error("NoSuchEntity", "VirtualMFADevice … doesn't exist.", 404))
    run = start_enrollment()
    run.expect(FIRST)
    run.child.send("\x03")
    run.expect_exit(130)
    assert aws.virtual_devices() == []


@pytest.mark.slow
@pytest.mark.parametrize("action", ["GetCallerIdentity", "ListMFADevices"])
@pytest.mark.parametrize("fault", ["denied", "page"])
def test_an_error_before_the_creation_creates_no_device(
    start_enrollment: Callable[..., EnrollmentRun], aws: FakeAws, action: str, fault: str
) -> None:
    aws.fault(action, BEFORE[fault](), times=3)
    run = start_enrollment()
    run.expect_exit(4)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_an_error_at_the_first_refresh_keeps_the_device(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    aws.fault("GetSessionToken", faults.region_disabled())
    run = start_enrollment()
    run.type_codes()
    run.answer(OFFER, "")
    run.answer("MFA code for dev", run.device.next_code())
    run.expect_exit(4)
    assert [device.serial for device in user_without_device.devices] == [JANE]


# ---- refusals


def test_needs_a_terminal(encee: Encee, user_without_device: FakeUser, aws: FakeAws) -> None:
    result = encee("device", "enroll", "dev")
    assert (result.code, "needs a terminal" in result.err) == (2, True)
    assert "encee device save dev" in result.err
    assert (aws.journal, user_without_device.devices) == ([], [])


def test_security_keys_alone_lead_to_the_console(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    user_without_device.create_fido_device("key")
    run = start_enrollment()
    run.expect("encee: hint: sign in with: aws login")
    run.expect_exit(2)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_refuses_a_ninth_device_before_the_creation(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    for number in range(8):
        user_without_device.create_device(f"phone-{number}")
    run = start_enrollment()
    run.expect("has 8 devices, and AWS allows no more")
    run.expect_exit(2)
    assert aws.calls("CreateVirtualMFADevice") == []


def test_refuses_the_root_user(start_enrollment: Callable[..., EnrollmentRun], home: Home, aws: FakeAws) -> None:
    home.write(section(aws.root_key()))
    run = start_enrollment()
    run.expect("holds a key of the root user")
    run.expect_exit(4)
    assert aws.calls("CreateVirtualMFADevice") == []


def test_a_policy_that_denies_the_first_device_needs_an_administrator(
    start_enrollment: Callable[..., EnrollmentRun], user_without_device: FakeUser, aws: FakeAws
) -> None:
    explicit = "with an explicit deny in an identity-based policy"
    aws.fault(
        "CreateVirtualMFADevice", faults.denied(user_without_device.arn, "iam:CreateVirtualMFADevice", JANE, explicit)
    )
    run = start_enrollment()
    run.expect(
        "jane is not allowed to perform iam:CreateVirtualMFADevice: an explicit deny in an identity-based policy"
    )
    run.expect("an administrator has to let users without a device do that")
    run.expect_exit(4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--name", "my phone"), "cannot be the name of a device"),
        (("--name", "x" * 226), "cannot be the name of a device"),
        (("--qr-file", "code.jpg"), "invalid picture name code.jpg"),
        (("--duration", "99h"), "AWS grants 15m to 36h"),
    ],
)
@pytest.mark.usefixtures("user_without_device")
def test_reports_wrong_usage_before_it_prompts(encee: Encee, aws: FakeAws, words: tuple[str, ...], says: str) -> None:
    result = encee("device", "enroll", "dev", *words)
    assert (result.code, says in result.err) == (2, True)
    assert aws.journal == []


# ---- the QR code


def uri(device: FakeDevice) -> str:
    return f"otpauth://totp/AWS:jane@123456789012?secret={device.seed}&issuer=AWS"


@pytest.mark.parametrize(
    "term", short_countdown(["xterm-256color", "xterm", "screen", "tmux-256color"], "xterm-256color")
)
@pytest.mark.parametrize("size", [(24, 80), (60, 200)], ids=["small", "large"])
def test_a_phone_reads_the_code_on_a_dark_and_a_light_terminal(
    start_enrollment: Callable[..., EnrollmentRun], size: tuple[int, int], term: str
) -> None:
    run = start_enrollment(size=size, term=term)
    run.expect(FIRST)
    for dark in (True, False):
        assert read_terminal(run.seen, ground=dark) == uri(run.device)
    drawn = [line for line in run.seen.splitlines() if "▀" in line]
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
    start_enrollment: Callable[..., EnrollmentRun],
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, object],
    environment: dict[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    run = start_enrollment(**more)
    run.expect("--qr-file FILE.png")
    run.expect(FIRST)
    assert "▀" not in run.seen
    assert "\x1b" not in run.seen


@pytest.mark.slow
@pytest.mark.parametrize("kind", short_countdown(["png", "svg", "PNG"], "svg"))
def test_a_phone_reads_the_code_in_a_file_which_is_deleted_at_the_end(
    start_enrollment: Callable[..., EnrollmentRun], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"code.{kind}"
    run = start_enrollment("--qr-file", str(file))
    run.expect("it is deleted at the end")
    run.expect(FIRST)
    assert file.stat().st_mode & 0o777 == 0o600
    read = read_svg(file.read_text()) if kind == "svg" else read_png(file.read_bytes())
    assert read == uri(run.device)
    run.child.sendline(run.device.next_code())
    run.answer(SECOND, run.device.next_code())
    run.answer(OFFER, "n")
    run.expect_exit(0)
    assert not file.exists()


def test_an_interrupt_deletes_the_file_with_the_code(
    start_enrollment: Callable[..., EnrollmentRun], tmp_path: Path
) -> None:
    file = tmp_path / "code.svg"
    run = start_enrollment("--qr-file", str(file))
    run.expect(FIRST)
    assert file.exists()
    run.child.send("\x03")
    run.expect_exit(130)
    assert not file.exists()


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_overwrites_no_existing_file(
    start_enrollment: Callable[..., EnrollmentRun], tmp_path: Path, aws: FakeAws, what: str
) -> None:
    file = tmp_path / "code.png"
    if what == "file":
        file.write_text("mine")
    elif what == "link":
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.mkdir()
    run = start_enrollment("--qr-file", str(file))
    run.expect_exit(2)
    assert "exists already, and is not written over" in " ".join(run.seen.split())
    assert file.is_dir() if what == "folder" else file.is_symlink() if what == "link" else file.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_reports_a_missing_folder_before_it_creates_a_device(
    start_enrollment: Callable[..., EnrollmentRun], tmp_path: Path, aws: FakeAws
) -> None:
    run = start_enrollment("--qr-file", str(tmp_path / "missing" / "code.png"))
    run.expect("cannot be written: No such file or directory")
    run.expect_exit(1)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_the_secret_is_in_no_argument_and_no_variable(start_enrollment: Callable[..., EnrollmentRun]) -> None:
    run = start_enrollment()
    run.expect(FIRST)
    process = Path(f"/proc/{run.child.pid}")
    known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert b"run_encee.py" in known
    assert run.device.seed.encode() not in known
