"""MFA devices are created, enabled by two codes, resynchronized, deactivated and deleted as in AWS."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from botocore.exceptions import ClientError

from tests.fake_aws_tests.clients import INVALID, WRONG_CODE, mfa, refusal
from tests.qr_reader import read_png

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_iam import IAMClient

    from tests.fake_aws import FakeAws, FakeDevice, FakeUser
    from tests.fake_aws_tests.clients import Clients, Command

WRONG_CODES = ("InvalidAuthenticationCode", "Authentication code for device is not valid.")
SERIAL = "arn:aws:iam::123456789012:mfa/phone"


def new_device(iam: IAMClient, aws: FakeAws, name: str = "phone") -> FakeDevice:
    """A virtual device that is not enabled yet."""
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    return next(device for device in aws.virtual_devices() if device.serial == serial)


def codes(device: FakeDevice) -> dict[str, str]:
    """Return two consecutive codes of a device as parameters."""
    first = device.next_code()
    return {
        "SerialNumber": device.serial,
        "AuthenticationCode1": first,
        "AuthenticationCode2": device.next_code(),
    }


@pytest.mark.slow
def test_the_aws_command_enrolls_resynchronizes_and_removes_a_device(
    aws: FakeAws, user: FakeUser, command: Command, clients: Clients, tmp_path: Path
) -> None:
    name = ("--serial-number", SERIAL)
    create = ("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "phone", "--output", "json")
    picture = ("--outfile", str(tmp_path / "qr.png"), "--bootstrap-method", "QRCodePNG")
    answer = command(user.access_key, *create, *picture)
    assert json.loads(answer.stdout)["VirtualMFADevice"]["SerialNumber"] == SERIAL, answer.stderr
    [device] = aws.virtual_devices()
    scanned = read_png((tmp_path / "qr.png").read_bytes())
    assert scanned == f"otpauth://totp/phone@123456789012?secret={device.seed}"
    assert command(user.access_key, "iam", "delete-virtual-mfa-device", *name).returncode == 0
    seed = ("--outfile", str(tmp_path / "seed"), "--bootstrap-method", "Base32StringSeed")
    assert command(user.access_key, *create, *seed).returncode == 0
    [device] = aws.virtual_devices()
    assert (tmp_path / "seed").read_text() == device.seed

    def prove() -> tuple[str, ...]:
        return (*name, "--authentication-code1", device.next_code(), "--authentication-code2", device.next_code())

    who = ("--user-name", "dev")
    assert command(user.access_key, "iam", "enable-mfa-device", *who, *prove()).returncode == 0
    assert command(user.access_key, "iam", "resync-mfa-device", *who, *prove()).returncode == 0
    got = json.loads(command(user.access_key, "iam", "get-mfa-device", *name, "--output", "json").stdout)
    assert (got["SerialNumber"], got["UserName"]) == (SERIAL, "dev")
    refused = command(user.access_key, "iam", "deactivate-mfa-device", *who, *name)
    assert "(AccessDenied)" in refused.stderr
    session = clients.login(user, **mfa(device))
    assert command(session, "iam", "deactivate-mfa-device", *who, *name).returncode == 0
    assert command(session, "iam", "delete-virtual-mfa-device", *name).returncode == 0
    assert aws.virtual_devices() == []


def test_the_qr_code_of_a_new_device_contains_its_seed(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    answer = clients.iam(user.access_key).create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    [device] = aws.virtual_devices()
    assert answer["Base32StringSeed"].decode() == device.seed
    assert read_png(answer["QRCodePNG"]) == f"otpauth://totp/phone@123456789012?secret={device.seed}"


def test_refuses_an_existing_name(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    new_device(iam, aws)
    assert refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone") == (
        "EntityAlreadyExists",
        "MFADevice entity at the same path and name already exists.",
    )


def test_enables_with_the_codes_of_a_real_authenticator(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    totp, now = pyotp.TOTP(device.seed), aws.now()
    first, second = totp.at(now), totp.at(now + timedelta(seconds=30))
    iam.enable_mfa_device(
        UserName="dev", SerialNumber=device.serial, AuthenticationCode1=first, AuthenticationCode2=second
    )
    assert [one.serial for one in user.devices] == [device.serial]


def test_the_codes_that_enabled_a_device_cannot_be_used_again(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    proof = codes(device)
    iam.enable_mfa_device(UserName="dev", **proof)
    for code in ("AuthenticationCode1", "AuthenticationCode2"):
        spent = {"SerialNumber": device.serial, "TokenCode": proof[code]}
        assert refusal(clients.sts(user.access_key).get_session_token, **spent) == WRONG_CODE
    clients.login(user, **mfa(device))


@pytest.mark.parametrize("wrong", ["swapped", "same", "gap", "other"])
def test_refuses_codes_that_are_not_consecutive(aws: FakeAws, user: FakeUser, clients: Clients, wrong: str) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    first, second, third = (device.next_code() for _ in range(3))
    given = {"swapped": (second, first), "same": (first, first), "gap": (first, third), "other": ("000000", second)}
    one, two = given[wrong]
    parameters = {"SerialNumber": device.serial, "AuthenticationCode1": one, "AuthenticationCode2": two}
    assert refusal(iam.enable_mfa_device, UserName="dev", **parameters) == WRONG_CODES
    assert user.devices == []


def test_refuses_to_enable_an_unknown_used_or_ninth_device(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    unknown = {**codes(device), "SerialNumber": "arn:aws:iam::123456789012:mfa/other"}
    assert refusal(iam.enable_mfa_device, UserName="dev", **unknown)[0] == "NoSuchEntity"
    bob = aws.create_user("bob")
    taken = {**codes(device), "SerialNumber": bob.create_device("bobs").serial}
    assert refusal(iam.enable_mfa_device, UserName="dev", **taken)[0] == "EntityAlreadyExists"
    devices = [user.create_device(f"phone-{number}") for number in range(8)]
    with_mfa = clients.iam(clients.login(user, **mfa(devices[0])))
    assert refusal(with_mfa.enable_mfa_device, UserName="dev", **codes(device)) == (
        "LimitExceeded",
        "Cannot exceed quota for MFADevicesPerUser: 8",
    )


@pytest.mark.parametrize("parameter", ["AuthenticationCode1", "AuthenticationCode2"])
def test_refuses_a_malformed_code(aws: FakeAws, user: FakeUser, clients: Clients, parameter: str) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    code, message = refusal(iam.enable_mfa_device, UserName="dev", **{**codes(device), parameter: "12345"})
    assert code == "ValidationError"
    assert "have length greater than or equal to 6" in message


def test_a_key_of_a_user_with_a_device_cannot_change_devices(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    """AWS-2023-001."""
    old = user.create_device("old")
    iam = clients.iam(user.access_key)
    new = new_device(iam, aws)
    assert refusal(iam.enable_mfa_device, UserName="dev", **codes(new))[0] == "AccessDenied"
    assert refusal(iam.deactivate_mfa_device, UserName="dev", SerialNumber=old.serial)[0] == "AccessDenied"
    with_mfa = clients.iam(clients.login(user, **mfa(old)))
    with_mfa.enable_mfa_device(UserName="dev", **codes(new))
    with_mfa.deactivate_mfa_device(UserName="dev", SerialNumber=old.serial)
    assert [device.serial for device in user.devices] == [new.serial]


def test_a_session_without_mfa_cannot_change_devices(user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(clients.login(user))
    assert refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone") == INVALID
    assert refusal(iam.list_mfa_devices) == INVALID


def test_an_active_device_cannot_be_deleted(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    iam = clients.iam(user.access_key)
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=device.serial) == (
        "DeleteConflict",
        "MFA VirtualDevice in use. Must deactivate first.",
    )
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=f"{device.serial}x")[0] == "NoSuchEntity"
    assert [one.serial for one in aws.virtual_devices()] == [device.serial]


def test_a_user_can_list_resync_and_deactivate_only_own_devices(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    device = new_device(iam, aws)
    for call, more in (
        (iam.get_mfa_device, {}),
        (iam.deactivate_mfa_device, {"UserName": "dev"}),
        (iam.resync_mfa_device, {"UserName": "dev", **codes(device)}),
    ):
        assert refusal(call, **{"SerialNumber": device.serial, **more})[0] == "NoSuchEntity"


def test_resync_with_two_codes_corrects_the_clock_of_a_device(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    device.lose_sync(7)
    assert refusal(clients.sts(user.access_key).get_session_token, **mfa(device)) == WRONG_CODE
    iam = clients.iam(user.access_key)
    wrong = {"SerialNumber": device.serial, "AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}
    assert refusal(iam.resync_mfa_device, UserName="dev", **wrong) == WRONG_CODES
    iam.resync_mfa_device(UserName="dev", **codes(device))
    clients.login(user, **mfa(device))


def test_lists_the_devices_of_the_caller_without_a_user_name(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.create_user("bob").create_device("bobs")
    device, token = user.create_device("phone"), user.create_hardware_device("GAHT12345678")
    iam = clients.iam(user.access_key)
    listed = iam.list_mfa_devices()["MFADevices"]
    assert [one["SerialNumber"] for one in listed] == [device.serial, token.serial]
    assert {one["UserName"] for one in listed} == {"dev"}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.list_mfa_devices(UserName="absent")


def test_a_device_with_the_name_of_a_deleted_one_is_another_device(
    aws: FakeAws, user: FakeUser, clients: Clients
) -> None:
    iam = clients.iam(user.access_key)
    first = new_device(iam, aws)
    seed, _ = first.seed, first.next_code()
    iam.delete_virtual_mfa_device(SerialNumber=first.serial)
    second = new_device(iam, aws)
    assert (second.seed == seed, second.drift.total_seconds()) == (False, 0)
