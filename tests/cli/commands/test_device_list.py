"""`encee device list` and `encee device save`."""

import json

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, on_terminal, section
from tests.fake_aws import FakeAws, FakeUser, faults


@pytest.fixture
def user_with_three_devices(home: Home, person: Person) -> FakeUser:
    """A user with a virtual device, a hardware token and a security key; no file names them."""
    person.user.create_hardware_device("GAHT12345678")
    person.user.create_fido_device("key")
    home.write(person.section(serial=False), "# mine\n[profile dev]\nregion = eu-central-1\n")
    return person.user


PHONE = "arn:aws:iam::123456789012:mfa/phone"


# ---- list


def test_lists_every_device_with_its_kind(encee: Encee, user_with_three_devices: FakeUser, aws: FakeAws) -> None:
    result = encee("device", "list", "dev")
    assert (result.code, result.err) == (0, "")
    heading, *rows = [line.split() for line in result.out.splitlines()]
    assert heading == ["DEVICE", "KIND", "GIVES", "CODES", "ENABLED", "SAVED"]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (PHONE, "virtual", "yes"),
        ("GAHT12345678", "hardware", "yes"),
        (user_with_three_devices.devices[2].serial, "FIDO", "no"),
    ]
    assert {row[3] for row in rows} == {"today"}
    assert [call.access_key_id for call in aws.journal] == [user_with_three_devices.access_key.id]


def test_marks_the_device_that_is_saved(encee: Encee, dev: Person) -> None:
    assert encee("device", "list", "dev").out.splitlines()[1].split()[-1] == "saved"
    document = json.loads(encee("device", "list", "dev", "--json").out)
    [one] = document["devices"]
    assert (document["encee_format"], document["profile"], document["saved"]) == (1, "dev", dev.device.serial)
    assert (one["serial"], one["kind"], one["gives_codes"], one["saved"]) == (PHONE, "virtual", True, True)
    assert one["enabled"].endswith("Z")


def test_reports_a_saved_device_that_the_user_lacks(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section(serial=False) + "mfa_serial = arn:aws:iam::123456789012:mfa/old\n")
    assert "mfa/old, which is saved for dev, is not a device of this user" in encee("device", "list", "dev").err


def test_a_user_without_a_device_is_told_how_to_get_one(encee: Encee, home: Home, aws: FakeAws) -> None:
    home.write(section(aws.create_user("bob").access_key))
    result = encee("device", "list", "dev")
    assert (result.code, result.out) == (0, "")
    assert "encee device enroll dev" in result.err
    assert json.loads(encee("device", "list", "dev", "--json").out)["devices"] == []


def test_security_keys_alone_lead_to_the_console(encee: Encee, home: Home, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bob.create_fido_device("key")
    home.write(f"[dev]\naws_access_key_id = {bob.access_key.id}\naws_secret_access_key = {bob.access_key.secret}\n")
    result = encee("device", "list", "dev")
    assert result.out.splitlines()[1].split()[1:3] == ["FIDO", "no"]
    assert "add an authenticator app in the console, then: encee device save dev" in result.err


def test_uses_the_session_on_disk_while_it_is_valid(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.journal.clear()
    assert encee("device", "list", "dev-mfa").code == 0
    assert [call.access_key_id[:4] for call in aws.journal] == ["ASIA"]


def test_gets_a_session_if_the_policy_requires_mfa_to_list(encee: Encee, dev: Person, aws: FakeAws) -> None:
    denial = faults.denied(
        dev.user.arn, "iam:ListMFADevices", "user jane", "with an explicit deny in an identity-based policy"
    )
    aws.fault("ListMFADevices", denial)
    result = encee("device", "list", "dev", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert [(call.action, call.access_key_id[:4]) for call in aws.journal] == [
        ("ListMFADevices", "AKIA"),
        ("GetSessionToken", "AKIA"),
        ("ListMFADevices", "ASIA"),
    ]


@pytest.mark.parametrize("command", ["list", "save"])
def test_a_role_has_no_devices(encee: Encee, home: Home, dev: Person, command: str) -> None:
    role = "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = dev\n"
    home.write(dev.section(), role)
    result = encee("device", command, "admin")
    assert (result.code, "admin is a role" in result.err) == (2, True)


# ---- save


def test_saves_the_only_device_that_gives_codes(encee: Encee, home: Home, dev: Person) -> None:
    dev.user.create_fido_device("key")
    home.write(dev.section(serial=False), "# mine\n[profile dev]\nregion = eu-central-1\n# end\n")
    result = encee("device", "save", "dev", "--json")
    assert (result.code, json.loads(result.out)["device"]) == (0, PHONE)
    assert f"saved {PHONE} as mfa_serial of dev in ~/.aws/config" in result.err
    assert home.config.read_text() == f"# mine\n[profile dev]\nregion = eu-central-1\nmfa_serial = {PHONE}\n# end\n"


def test_saves_the_named_device(encee: Encee, home: Home, user_with_three_devices: FakeUser) -> None:
    assert len(user_with_three_devices.devices) == 3
    assert encee("device", "save", "dev", "GAHT12345678").code == 0
    assert home.config.read_text().endswith("mfa_serial = GAHT12345678\n")


def test_replaces_a_device_in_the_credentials_file_where_it_would_win(encee: Encee, home: Home, dev: Person) -> None:
    dev.user.create_hardware_device("GAHT12345678")
    config = home.config.read_bytes()
    assert encee("device", "save", "dev", "GAHT12345678").code == 0
    assert home.credentials.read_text() == "# my keys\n" + dev.section().replace(PHONE, "GAHT12345678")
    assert home.config.read_bytes() == config
    assert "GAHT12345678" in encee("refresh", "dev", "--dry-run").out


def test_several_devices_without_a_terminal_need_a_name(
    encee: Encee, home: Home, user_with_three_devices: FakeUser
) -> None:
    before = home.state()
    result = encee("device", "save", "dev")
    assert result.code == 2
    assert f"encee device save dev {user_with_three_devices.devices[0].serial}" in result.err
    assert home.state() == before


def test_prompts_for_one_of_several_devices_on_a_terminal(home: Home, user_with_three_devices: FakeUser) -> None:
    child = on_terminal("device", "save", "dev")
    child.expect_exact("which one is it, 1 to 2?")
    child.sendline(str([device.serial for device in user_with_three_devices.devices].index("GAHT12345678") + 1))
    child.expect_exact("saved GAHT12345678 as mfa_serial of dev")
    assert child.wait() == 0
    assert home.config.read_text().endswith("mfa_serial = GAHT12345678\n")


@pytest.mark.parametrize(
    ("serial", "says"),
    [
        ("arn:aws:iam::123456789012:mfa/other", "is not a device of the user of dev"),
        ("arn:aws:iam::123456789012:u2f/user/jane/key-X", "AWS STS cannot use"),
        ("arn:aws:iam::123456789012:user/jane", "is the ARN of a user"),
        ("my phone", "is not the serial number of an MFA device"),
        ("tablet", "tablet is not a device of the user of dev"),
        ("GAHT87654321", "GAHT87654321 is not a device of the user of dev"),
    ],
)
@pytest.mark.usefixtures("user_with_three_devices")
def test_does_not_save_a_device_that_the_user_does_not_have(encee: Encee, home: Home, serial: str, says: str) -> None:
    before = home.state()
    result = encee("device", "save", "dev", serial)
    assert (result.code, says in result.err) == (2, True)
    assert home.state() == before


def test_saves_a_device_by_its_name(encee: Encee, home: Home, user_with_three_devices: FakeUser) -> None:
    assert len(user_with_three_devices.devices) == 3
    result = encee("device", "save", "dev", "phone")
    assert (result.code, f"saved {PHONE} as mfa_serial of dev" in result.err) == (0, True)
    assert home.config.read_text().endswith(f"mfa_serial = {PHONE}\n")


def test_refuses_a_name_of_two_devices_and_names_both(
    encee: Encee, home: Home, user_with_three_devices: FakeUser
) -> None:
    fido = user_with_three_devices.devices[2].serial
    virtual = user_with_three_devices.create_device(fido.rpartition("/")[2]).serial
    before = home.state()
    for command in (["save"], ["remove"]):
        result = encee("device", *command, "dev", fido.rpartition("/")[2])
        assert (result.code, f"can be {fido} or {virtual}" in result.err) == (2, True), result.err
    assert encee("refresh", "dev", "--mfa-serial", fido.rpartition("/")[2], "-c", "123456").code == 2
    assert home.state() == before


def test_finds_a_name_in_the_files_if_iam_may_not_list(
    encee: Encee, home: Home, user_with_three_devices: FakeUser
) -> None:
    user_with_three_devices.allow_listing_devices = False
    refused = encee("device", "save", "dev", "phone")
    assert (refused.code, "is not the serial number of an MFA device" in refused.err) == (2, True)
    home.write(home.credentials.read_text(), f"[profile other]\nmfa_serial = {PHONE}\n")
    assert encee("device", "save", "dev", "phone").code == 0
    assert home.config.read_text().endswith(f"[profile dev]\nmfa_serial = {PHONE}\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", [["device", "list", "dev"], ["keys", "list", "dev"]])
def test_a_narrow_terminal_wraps_no_arn_and_no_key_id(encee: Encee, dev: Person, command: list[str]) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    child = on_terminal(*command, size=(24, 56), term="xterm-256color")
    child.expect_exact(PHONE if command[0] == "device" else dev.user.access_key.id)
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_saves_a_device_that_iam_may_not_list_with_a_warning(
    encee: Encee, home: Home, user_with_three_devices: FakeUser
) -> None:
    user_with_three_devices.allow_listing_devices = False
    result = encee("device", "save", "dev", PHONE)
    assert result.code == 0
    assert "could not be checked: jane is not allowed to perform iam:ListMFADevices" in result.err
    assert home.config.read_text().endswith(f"mfa_serial = {PHONE}\n")


@pytest.mark.usefixtures("user_with_three_devices")
def test_warns_of_a_variable_that_overrides_the_saved_device(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_DEVICE", "arn:aws:iam::123456789012:mfa/other")
    result = encee("device", "save", "dev", PHONE)
    assert (result.code, "MFA_DEVICE in the environment names another device" in result.err) == (0, True)


@pytest.mark.usefixtures("user_with_three_devices")
def test_refuses_a_config_file_that_cannot_be_edited(encee: Encee, home: Home) -> None:
    home.config.with_name("other").hardlink_to(home.config)
    before = home.state()
    assert encee("device", "save", "dev", PHONE).code == 5
    assert home.state() == before
