"""`encee device resync` and `encee device remove`."""

import json

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, on_terminal
from tests.fake_aws import FakeAws, FakeDevice, faults

PHONE = "arn:aws:iam::123456789012:mfa/phone"


@pytest.fixture
def second_device(dev: Person) -> FakeDevice:
    """Create a second device; the files name the first."""
    return dev.user.create_device("second")


def sent_requests(aws: FakeAws) -> list[tuple[str, str, int]]:
    """Return each request: the kind of its key, action and status."""
    return [(call.action, call.access_key_id[:4], call.status) for call in aws.journal]


# ---- remove


@pytest.mark.slow
def test_removes_a_virtual_device_with_a_session(
    encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws
) -> None:
    result = encee("device", "remove", "dev", second_device.serial, "--yes", "-c", dev.device.next_code(), "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out) == {
        "encee_format": 1,
        "profile": "dev",
        "device": second_device.serial,
        "outcome": "removed",
        "still_named_by": [],
    }
    assert sent_requests(aws) == [
        ("ListMFADevices", "AKIA", 200),
        ("GetSessionToken", "AKIA", 200),
        ("DeactivateMFADevice", "ASIA", 200),
        ("DeleteVirtualMFADevice", "ASIA", 200),
    ]
    assert [device.serial for device in aws.virtual_devices()] == [PHONE]


@pytest.mark.slow
def test_removes_a_device_by_its_name(encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws) -> None:
    result = encee("device", "remove", "dev", "second", "--yes", "-c", dev.device.next_code())
    assert (result.code, f"removed {second_device.serial};" in result.err) == (0, True)
    assert [device.serial for device in aws.virtual_devices()] == [PHONE]


def test_a_hardware_device_is_only_deactivated(encee: Encee, dev: Person, aws: FakeAws) -> None:
    dev.user.create_hardware_device("GAHT12345678")
    assert encee("device", "remove", "dev", "GAHT12345678", "--yes", "-c", dev.device.next_code()).code == 0
    assert [device.serial for device in dev.user.devices] == [PHONE]
    assert aws.calls("DeleteVirtualMFADevice") == []


def test_the_session_on_disk_is_enough(encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.journal.clear()
    assert encee("device", "remove", "dev", second_device.serial, "--yes").code == 0
    assert {key for _, key, _ in sent_requests(aws)} == {"ASIA"}
    assert aws.calls("GetSessionToken") == []


@pytest.mark.slow
def test_removing_a_saved_device_forgets_it(encee: Encee, home: Home, dev: Person, second_device: FakeDevice) -> None:
    config = "# mine\n[profile dev]\nregion = eu-central-1\n{}# end\n[profile b]\naws_mfa_device = {}\n"
    home.write(dev.section(), config.format(f"mfa_serial = {PHONE}\naws_mfa_device = {PHONE}\n", PHONE))
    credentials = home.credentials.read_text()
    assert encee("refresh", "dev", "--no-region", "-c", dev.device.next_code()).code == 0
    result = encee("device", "remove", "dev", PHONE, "--yes")
    assert result.code == 0, result.err
    assert home.config.read_text() == config.format("", PHONE)
    assert home.credentials.read_text().startswith(credentials.replace(f"mfa_serial = {PHONE}\n", ""))
    assert "removed mfa_serial of dev from ~/.aws/config" in result.err
    assert "removed mfa_serial of dev from ~/.aws/credentials" in result.err
    assert "warning: b still names it as mfa_serial" in result.err
    assert second_device.serial not in result.err


@pytest.mark.slow
def test_keeps_another_saved_device(encee: Encee, home: Home, dev: Person, second_device: FakeDevice) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    before = home.state()
    assert encee("device", "remove", "dev", second_device.serial, "--yes").code == 0
    assert home.state() == before


@pytest.mark.slow
def test_a_file_that_cannot_be_edited_does_not_stop_the_removal(
    encee: Encee, home: Home, dev: Person, second_device: FakeDevice, aws: FakeAws
) -> None:
    home.write(dev.section(serial=False), f"[profile dev]\nmfa_serial = {PHONE}\n")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    home.config.with_name("other").hardlink_to(home.config)
    result = encee("device", "remove", "dev", PHONE, "--yes")
    assert (result.code, f"{PHONE} is still saved for dev: " in result.err) == (0, True)
    assert [device.serial for device in aws.virtual_devices()] == [second_device.serial]


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_the_last_device_needs_its_own_option(encee: Encee, dev: Person, aws: FakeAws, more: tuple[str, ...]) -> None:
    dev.user.create_fido_device("key")
    result = encee("device", "remove", "dev", PHONE, *more)
    assert result.code == 2
    assert "anyone with the key can enroll a device of their own" in result.err
    assert "--yes-last" in result.err
    assert [call.action for call in aws.journal] == ["ListMFADevices"]
    assert encee("device", "remove", "dev", PHONE, "--yes", "--yes-last", "-c", dev.device.next_code()).code == 0
    assert aws.virtual_devices() == []


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_does_not_prompt_without_a_terminal(encee: Encee, second_device: FakeDevice, aws: FakeAws) -> None:
    result = encee("device", "remove", "dev", second_device.serial)
    assert (result.code, "--yes" in result.err) == (2, True)
    assert [call.action for call in aws.journal] == ["ListMFADevices"]


@pytest.mark.parametrize("serial", ["GAHT00000000", "tablet", "arn:aws:iam::123456789012:u2f/user/jane/key"])
@pytest.mark.usefixtures("dev")
def test_refuses_to_remove_what_is_not_a_device(encee: Encee, aws: FakeAws, serial: str) -> None:
    result = encee("device", "remove", "dev", serial, "--yes")
    assert (result.code, "is not a device of the user of dev" in result.err) == (2, True)
    assert [call.action for call in aws.journal] == ["ListMFADevices"]


@pytest.mark.slow
def test_reports_a_virtual_device_that_does_not_exist(encee: Encee, dev: Person) -> None:
    result = encee("device", "remove", "dev", f"{PHONE}-9", "--yes", "-c", dev.device.next_code())
    assert (result.code, "not found: VirtualMFADevice with serial number" in result.err) == (4, True)
    assert [device.serial for device in dev.user.devices] == [PHONE]


@pytest.mark.slow
def test_does_not_remove_a_device_of_another_user(encee: Encee, dev: Person, aws: FakeAws) -> None:
    bobs = aws.create_user("bob").create_device("bobs")
    result = encee("device", "remove", "dev", bobs.serial, "--yes", "-c", dev.device.next_code())
    assert (result.code, "still in use: " in result.err) == (4, True)
    assert bobs.serial in {device.serial for device in aws.virtual_devices()}


@pytest.mark.slow
@pytest.mark.parametrize("fault", [faults.status(), faults.reset_before(), faults.reset(), faults.half()])
def test_a_removal_that_failed_halfway_can_be_repeated(
    encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws, fault: faults.Fault
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.fault("DeactivateMFADevice", fault)
    assert encee("device", "remove", "dev", second_device.serial, "--yes").code == 4
    again = encee("device", "remove", "dev", second_device.serial, "--yes")
    assert again.code == 0, again.err
    assert [device.serial for device in aws.virtual_devices()] == [PHONE]
    assert [device.serial for device in dev.user.devices] == [PHONE]


@pytest.mark.parametrize("fault", [faults.status(), faults.reset_before(), faults.reset(), faults.half()])
def test_repeats_a_deletion_whose_response_is_lost(
    encee: Encee,
    dev: Person,
    second_device: FakeDevice,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    fault: faults.Fault,
) -> None:
    monkeypatch.setattr("encee.aws.retries._PAUSES", (0, 0))
    aws.fault("DeleteVirtualMFADevice", fault, times=2)
    result = encee("device", "remove", "dev", second_device.serial, "--yes", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert [device.serial for device in aws.virtual_devices()] == [PHONE]


@pytest.mark.slow
def test_a_failed_deletion_can_be_repeated(
    encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.aws.retries._PAUSES", (0, 0))
    aws.fault("DeleteVirtualMFADevice", faults.status(), times=3)
    result = encee("device", "remove", "dev", second_device.serial, "--yes", "-c", dev.device.next_code())
    assert (result.code, "is not deleted yet; the same command continues from there" in result.err) == (4, True)
    assert encee("device", "remove", "dev", second_device.serial, "--yes").code == 0
    assert [device.serial for device in aws.virtual_devices()] == [PHONE]


@pytest.mark.slow
def test_deletes_the_deactivated_last_device_with_the_key(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.aws.retries._PAUSES", (0, 0))
    command = ("device", "remove", "dev", PHONE, "--yes", "--yes-last")
    aws.fault("DeleteVirtualMFADevice", faults.status(), times=3)
    assert encee(*command, "-c", dev.device.next_code()).code == 4
    home.write(dev.section(serial=False))  # without a device, no session is possible
    aws.journal.clear()
    assert encee(*command).code == 0
    assert sent_requests(aws) == [("ListMFADevices", "AKIA", 200), ("DeleteVirtualMFADevice", "AKIA", 200)]


def test_names_a_missing_permission(encee: Encee, dev: Person, second_device: FakeDevice, aws: FakeAws) -> None:
    aws.fault("DeactivateMFADevice", faults.denied(dev.user.arn, "iam:DeactivateMFADevice", "user jane"))
    result = encee("device", "remove", "dev", second_device.serial, "--yes", "-c", dev.device.next_code())
    assert result.code == 4
    assert "jane is not allowed to perform iam:DeactivateMFADevice" in result.err
    assert f'"Action": "iam:DeactivateMFADevice", "Resource": "{dev.user.arn}"' in result.err
    assert len(dev.user.devices) == 2


@pytest.mark.slow
def test_prompts_before_the_removal(dev: Person, second_device: FakeDevice) -> None:
    child = on_terminal("device", "remove", "dev", second_device.serial)
    child.expect_exact(f"remove {second_device.serial} of jane? [y/N]")
    child.sendline("maybe")
    child.expect_exact("type y for yes or n for no")
    child.sendline("yes")
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact(f"removed {second_device.serial}; sessions that were made with it last until they expire")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [("\r", 1), ("n\r", 1), ("\x03", 130)],
    ids=["Enter", "no", "Ctrl-C"],
)
@pytest.mark.usefixtures("dev")
def test_the_answer_no_keeps_the_device(second_device: FakeDevice, aws: FakeAws, answer: str, code: int) -> None:
    child = on_terminal("device", "remove", "dev", second_device.serial)
    child.expect_exact("[y/N]")
    child.send(answer)
    child.expect(pexpect.EOF)
    assert child.wait() == code
    assert [call.action for call in aws.journal] == ["ListMFADevices"]


# ---- resync


@pytest.mark.slow
def test_resync_makes_a_device_work_again(encee: Encee, dev: Person, aws: FakeAws) -> None:
    dev.device.lose_sync(9)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 4
    aws.journal.clear()
    child = on_terminal("device", "resync", "dev", "--json")
    child.expect_exact(f"code that {PHONE} shows now:")
    first = dev.device.next_code()
    child.sendline(first)
    child.expect_exact("the next one, as soon as it is shown:")
    child.sendline(first)
    child.expect_exact("that is the first code again")
    child.expect_exact("the next one, as soon as it is shown:")
    child.sendline(dev.device.next_code())
    child.expect_exact(f"AWS has adjusted to the clock of {PHONE}")
    child.expect_exact('"outcome": "resynchronized"')
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert sent_requests(aws) == [("ListMFADevices", "AKIA", 200), ("ResyncMFADevice", "AKIA", 200)]
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0


@pytest.mark.usefixtures("dev")
def test_prompts_three_times_after_wrong_codes(aws: FakeAws) -> None:
    child = on_terminal("device", "resync", "dev")
    for left in (2, 1, 0):
        for code in ("000000", "000001"):
            child.expect_exact("shows now:" if code == "000000" else "as soon as it is shown:")
            child.sendline(code)
        child.expect_exact(f"{left} of 3 tries left" if left else "encee: error: AWS did not accept the two codes")
    child.expect(pexpect.EOF)
    assert child.wait() == 4
    assert len(aws.calls("ResyncMFADevice")) == 3


def test_removes_the_saved_one_of_several_devices(dev: Person, second_device: FakeDevice) -> None:
    child = on_terminal("device", "resync", "dev")
    child.expect_exact(f"code that {dev.device.serial} shows now:")
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert second_device.serial


def test_prompts_if_none_of_several_devices_is_saved(home: Home, dev: Person, second_device: FakeDevice) -> None:
    home.write(dev.section(serial=False))
    child = on_terminal("device", "resync", "dev")
    child.expect_exact("which one is it, 1 to 2?")
    child.sendline(str([device.serial for device in dev.user.devices].index(second_device.serial) + 1))
    child.expect_exact(f"code that {second_device.serial} shows now:")
    child.send("\x03")
    child.expect(pexpect.EOF)


@pytest.mark.usefixtures("dev")
def test_resync_needs_a_terminal(encee: Encee, aws: FakeAws) -> None:
    result = encee("device", "resync", "dev")
    assert (result.code, "needs a terminal" in result.err) == (2, True)
    assert "encee: hint: run it in a terminal: encee device resync dev\n" in result.err
    assert aws.journal == []
