"""Devices that no setting names: listed by IAM, selected, saved."""

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, on_terminal, section
from tests.fake_aws import FakeAws, FakeDevice, FakeUser


@pytest.fixture
def user_with_device(aws: FakeAws) -> FakeUser:
    return aws.create_user("jane")


@pytest.fixture
def unsaved_profile(home: Home, user_with_device: FakeUser) -> FakeDevice:
    """A user with one device, which no setting names."""
    device = user_with_device.create_device("phone")
    keys(home, user_with_device)
    return device


def keys(home: Home, user: FakeUser) -> None:
    home.write(
        section(user.access_key),
        "# mine\n[profile dev]\nregion = eu-west-1\ns3 =\n  max_queue_size = 10\n",
    )


def test_uses_and_saves_the_only_device(encee: Encee, home: Home, unsaved_profile: FakeDevice, aws: FakeAws) -> None:
    config = home.config.read_text()
    result = encee("refresh", "dev", "--no-region", "-c", unsaved_profile.next_code())
    assert result.code == 0, result.err
    assert aws.calls("GetSessionToken")[0].serial == unsaved_profile.serial
    assert home.config.read_text() == config + f"mfa_serial = {unsaved_profile.serial}\n"
    assert f"found the device {unsaved_profile.serial}; saved it as mfa_serial of dev in ~/.aws/config" in result.err
    aws.journal.clear()
    assert encee("refresh", "dev", "-d", "13h", "-c", unsaved_profile.next_code()).code == 0
    assert aws.calls("ListMFADevices") == []


def test_the_user_can_decline_to_save_the_device(encee: Encee, home: Home, unsaved_profile: FakeDevice) -> None:
    config = home.config.read_text()
    assert encee("refresh", "dev", "--no-save", "--no-region", "-c", unsaved_profile.next_code()).code == 0
    assert home.config.read_text() == config


def test_warns_if_the_config_file_cannot_be_written(encee: Encee, home: Home, unsaved_profile: FakeDevice) -> None:
    home.config.with_name("other").hardlink_to(home.config)
    result = encee("refresh", "dev", "-c", unsaved_profile.next_code())
    assert result.code == 0
    assert f"found the device {unsaved_profile.serial}, but could not save it" in result.err


def test_with_fido_keys_only_names_another_way(
    encee: Encee, home: Home, user_with_device: FakeUser, aws: FakeAws
) -> None:
    user_with_device.create_fido_device("key")
    keys(home, user_with_device)
    result = encee("refresh", "dev", "-c", "123456")
    assert result.code == 2
    assert "only FIDO security keys or passkeys" in result.err
    assert "aws login" in result.err
    assert aws.calls("GetSessionToken") == []


def test_a_user_without_a_device_is_told_how_to_add_one(encee: Encee, home: Home, user_with_device: FakeUser) -> None:
    keys(home, user_with_device)
    result = encee("refresh", "dev", "-c", "123456")
    assert (result.code, "has no MFA device yet" in result.err) == (2, True)
    assert "encee: hint: encee device enroll dev" in result.err


def test_ignores_a_fido_key_beside_a_device(
    encee: Encee, home: Home, user_with_device: FakeUser, unsaved_profile: FakeDevice
) -> None:
    user_with_device.create_fido_device("key")
    assert home.config.exists()
    assert encee("refresh", "dev", "-c", unsaved_profile.next_code()).code == 0


def test_lists_several_devices_without_a_terminal(
    encee: Encee, user_with_device: FakeUser, unsaved_profile: FakeDevice, aws: FakeAws
) -> None:
    other = user_with_device.create_hardware_device("GAHT12345678")
    result = encee("refresh", "dev", "-c", "123456")
    assert result.code == 2
    assert unsaved_profile.serial in result.err
    assert other.serial in result.err
    assert "--mfa-serial" in result.err
    assert aws.calls("GetSessionToken") == []


def test_prompts_for_one_of_several_devices_on_a_terminal(
    home: Home, user_with_device: FakeUser, unsaved_profile: FakeDevice
) -> None:
    user_with_device.create_hardware_device("GAHT12345678")
    child = on_terminal("refresh", "dev")
    child.expect_exact("the user of dev has 2 devices that give codes:")
    child.expect_exact("which one is it, 1 to 2?")
    child.sendline("3")
    child.expect_exact("which one is it, 1 to 2?")
    listed = ["arn:aws:iam::123456789012:mfa/phone", "GAHT12345678"]
    child.sendline(str(listed.index(unsaved_profile.serial) + 1))
    child.expect_exact(f"MFA code for dev ({unsaved_profile.serial}): ")
    child.sendline(unsaved_profile.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert f"mfa_serial = {unsaved_profile.serial}\n" in home.config.read_text()


def test_without_the_permission_to_list_it_prompts_for_the_arn(
    home: Home, user_with_device: FakeUser, unsaved_profile: FakeDevice
) -> None:
    user_with_device.allow_listing_devices = False
    child = on_terminal("refresh", "dev")
    child.expect_exact("ARN of the MFA device of dev:")
    child.sendline("arn:aws:iam::123456789012:user/jane")
    child.expect_exact("is the ARN of a user, not of an MFA device")
    child.expect_exact("arn:aws:iam::123456789012:mfa/DEVICE")
    child.expect_exact("ARN of the MFA device of dev:")
    child.sendline(unsaved_profile.serial)
    child.expect_exact("MFA code for dev")
    child.sendline(unsaved_profile.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert f"mfa_serial = {unsaved_profile.serial}\n" in home.config.read_text()


def test_without_permission_and_terminal_names_the_option(
    encee: Encee, user_with_device: FakeUser, unsaved_profile: FakeDevice
) -> None:
    user_with_device.allow_listing_devices = False
    result = encee("refresh", "dev", "-c", unsaved_profile.next_code())
    assert (result.code, "--mfa-serial" in result.err) == (2, True)
    assert "IAM does not list the devices" in result.err


def test_accepts_the_name_of_a_device_instead_of_its_arn(
    encee: Encee, home: Home, user_with_device: FakeUser, unsaved_profile: FakeDevice, aws: FakeAws
) -> None:
    user_with_device.create_device("tablet")
    config = home.config.read_text()
    result = encee("refresh", "dev", "--no-region", "--mfa-serial", "phone", "-c", unsaved_profile.next_code())
    assert result.code == 0, result.err
    assert aws.calls("GetSessionToken")[0].serial == unsaved_profile.serial
    assert home.config.read_text() == config  # an option applies to one run


def test_uses_a_device_name_from_the_files_without_asking_iam(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    elsewhere = "[profile other]\nmfa_serial = arn:aws:iam::999999999999:mfa/phone\n"
    home.write(dev.section(), elsewhere)
    assert encee("refresh", "dev", "--mfa-serial", "phone", "-c", dev.device.next_code()).code == 0
    assert [call.action for call in aws.journal] == ["GetSessionToken"]
    assert aws.calls("GetSessionToken")[0].serial == dev.device.serial


@pytest.mark.parametrize(
    ("name", "says"), [("tablet", "IAM does not list the devices"), ("my-other-phone", "does not belong to the user")]
)
def test_a_name_that_iam_does_not_list_is_at_most_a_serial_number(
    encee: Encee, user_with_device: FakeUser, unsaved_profile: FakeDevice, name: str, says: str
) -> None:
    user_with_device.allow_listing_devices = False
    result = encee("refresh", "dev", "--mfa-serial", name, "-c", unsaved_profile.next_code())
    assert (result.code != 0, says in result.err) == (True, True), result.err


def test_a_deleted_key_is_not_reported_as_a_missing_permission(
    encee: Encee, user_with_device: FakeUser, unsaved_profile: FakeDevice
) -> None:
    code = unsaved_profile.next_code()
    user_with_device.access_key.deactivate()
    result = encee("refresh", "dev", "-c", code)
    assert (result.code, "deleted, made inactive or mistyped" in result.err) == (4, True)


def test_uses_the_device_of_roles_that_use_the_profile(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    role = f"role_arn = arn:aws:iam::123456789012:role/x\nmfa_serial = {dev.device.serial}\n"
    home.write(
        dev.section(serial=False),
        f"[profile one]\n{role}source_profile = dev\n[profile two]\n{role}source_profile = dev-mfa\n",
    )
    assert encee("refresh", "-c", dev.device.next_code()).code == 0
    assert [call.action for call in aws.journal] == ["GetSessionToken"]


def test_roles_with_different_devices_name_none(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    role = (
        "role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = dev\nmfa_serial = arn:aws:iam::123456789012:mfa/"
    )
    home.write(dev.section(serial=False), f"[profile one]\n{role}one\n[profile two]\n{role}two\n")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert aws.calls("ListMFADevices")[0].access_key_id == dev.user.access_key.id


@pytest.mark.parametrize("text", ["{}", "arn = {}\n", '{{"mfa": "{}"}}', "# my device\n\n  {}  \n"])
def test_reads_the_device_of_the_first_version_of_encee(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, text: str
) -> None:
    home.write(dev.section(serial=False))
    (home.path / ".encee").mkdir()
    (home.path / ".encee" / "config").write_text(text.format(dev.device.serial))
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert [call.action for call in aws.journal] == ["GetSessionToken"]


def test_ignores_the_first_versions_device_of_another_account(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    home.write(dev.section(serial=False))
    (home.path / ".encee").mkdir()
    (home.path / ".encee" / "config").write_text("arn:aws:iam::999999999999:mfa/phone")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert len(aws.calls("ListMFADevices")) == 1


def test_ctrl_c_at_the_choice_ends_the_run(
    home: Home, user_with_device: FakeUser, unsaved_profile: FakeDevice, aws: FakeAws
) -> None:
    user_with_device.create_hardware_device("GAHT12345678")
    bob = aws.create_user("bob")
    home.write(home.credentials.read_text() + Person(bob, bob.create_device("bobs")).section("bob"))
    child = on_terminal("refresh", "dev", "bob")
    child.expect_exact("which one is it, 1 to 2?")
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert "MFA code" not in (child.before or "")
    assert unsaved_profile.serial
