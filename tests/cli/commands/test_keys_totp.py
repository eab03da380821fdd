"""`encee keys totp`: codes computed from a seed in the keyring."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable

import keyring
import pexpect
import pytest

from tests.conftest import ENCEE, Encee, Home, Person, on_terminal, run_encee
from tests.fake_aws import FakeAws, FakeDevice

pytestmark = [
    pytest.mark.needs("dbus-daemon", "dbus-run-session", "gnome-keyring-daemon"),
    pytest.mark.usefixtures("secret_service"),
]


@pytest.fixture
def encee(leak_checked_encee: Encee) -> Encee:
    return leak_checked_encee


def keyring_content(device: FakeDevice) -> str | None:
    """Return the content of the keyring."""
    return keyring.get_password("encee-totp", device.serial)


def give_seed(encee: Encee, seed: str) -> str:
    """Store a seed, and return the message."""
    result = encee("keys", "totp", "dev", "--i-know", "--seed-file", "-", stdin=seed)
    assert (result.code, result.out) == (0, ""), result.err
    return result.err


def test_a_refresh_with_a_seed_needs_no_prompt(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    credentials = home.credentials.read_bytes()
    message = give_seed(encee, dev.device.seed)
    assert keyring_content(dev.device) == dev.device.seed
    assert home.credentials.read_bytes() == credentials
    assert home.config.read_text() == "[profile dev]\nregion = eu-central-1\nencee_totp = keyring\n"
    assert f"the keyring has the seed of {dev.device.serial} now; encee computes its codes:\n" in message

    assert encee("refresh", "dev").code == 0
    (sent,) = aws.calls("GetSessionToken")
    assert (sent.serial, sent.error) == (dev.device.serial, None)


@pytest.mark.slow
def test_a_credential_process_refreshes_with_the_seed(encee: Encee, dev: Person) -> None:
    give_seed(encee, dev.device.seed)
    result = run_encee("process", "dev")
    assert result.code == 0, result.err
    assert json.loads(result.out)["AccessKeyId"].startswith("ASIA")


def test_warns_that_mfa_is_no_second_factor_any_more(encee: Encee, dev: Person) -> None:
    key_id = dev.user.access_key.id
    message = give_seed(encee, dev.device.seed)
    warning = f"encee: warning: MFA is no longer a second factor on this machine: the secret of {key_id} is in "
    assert f"{warning}~/.aws/credentials, which the same user can read\n" in message
    assert encee("keys", "lock", "dev").code == 0
    assert f"{warning}the same keyring\n" in give_seed(encee, dev.device.seed)
    assert encee("refresh", "dev").code == 0


@pytest.mark.parametrize(
    "form",
    [
        lambda seed: f"  {seed.lower()}\n",
        lambda seed: re.sub("(....)", r"\1 ", seed),
        lambda seed: re.sub("(....)", r"\1-", seed) + "====",
        lambda seed: f"otpauth://totp/Amazon%20Web%20Services:jane@123?secret={seed}&issuer=Amazon\n",
    ],
    ids=["small letters", "blanks", "dashes", "URI"],
)
def test_accepts_a_seed_in_each_usual_form(encee: Encee, dev: Person, form: Callable[[str], str]) -> None:
    give_seed(encee, form(dev.device.seed))
    assert keyring_content(dev.device) == dev.device.seed


@pytest.mark.parametrize(
    "text", ["", "123456", "GEZDGNBV1", "GEZDGNBV", "otpauth://totp/x?issuer=y", "otpauth://[x", "é" * 32, "A" * 5000]
)
def test_refuses_an_invalid_seed_and_does_not_print_it(encee: Encee, home: Home, dev: Person, text: str) -> None:
    before = home.state()
    result = encee("keys", "totp", "dev", "--i-know", "--seed-file", "-", stdin=text)
    assert (result.code, result.out, home.state(), keyring_content(dev.device)) == (2, "", before, None)
    assert result.err.startswith("encee: error: that is not the seed of a device\nencee: hint: ")
    assert not text or text not in result.err


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize("source", ["- <&-", "~absent/seed", "/"])
def test_reports_a_file_without_a_seed(source: str) -> None:
    command = f"{ENCEE} keys totp dev --i-know --seed-file {source}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, "bug" in done.stderr) == (2, False), done.stderr


@pytest.mark.slow
def test_a_second_seed_replaces_the_first(encee: Encee, home: Home, dev: Person) -> None:
    give_seed(encee, "A" * 32)
    config = home.config.read_text()
    assert "did not accept the code" in encee("refresh", "dev").err
    give_seed(encee, dev.device.seed)
    assert (keyring_content(dev.device), home.config.read_text()) == (dev.device.seed, config)
    assert encee("refresh", "dev").code == 0


def test_a_code_on_the_command_line_wins_over_the_seed(encee: Encee, dev: Person) -> None:
    give_seed(encee, "A" * 32)
    assert encee("refresh", "dev", "--code", dev.device.next_code()).code == 0


def test_removes_the_seed_without_a_trace(encee: Encee, home: Home, dev: Person) -> None:
    config = home.config.read_bytes()
    give_seed(encee, dev.device.seed)
    result = encee("keys", "totp", "dev", "--forget", "--json")
    assert result.code == 0
    assert json.loads(result.out) == {
        "encee_format": 1,
        "profile": "dev",
        "device": dev.device.serial,
        "in_keyring": False,
    }
    assert (keyring_content(dev.device), home.config.read_bytes()) == (None, config)
    assert encee("refresh", "dev").code == 2
    assert encee("keys", "totp", "dev", "--forget").code == 0


@pytest.mark.slow
def test_reports_a_deleted_seed(encee: Encee, dev: Person, aws: FakeAws) -> None:
    give_seed(encee, dev.device.seed)
    keyring.delete_password("encee-totp", dev.device.serial)
    result = encee("refresh", "dev")
    assert result.code == 1
    assert f"the keyring holds no seed for the device {dev.device.serial}\n" in result.err
    assert aws.calls("GetSessionToken") == []


def test_refuses_to_store_the_seed_with_a_read_only_config_file(encee: Encee, home: Home, dev: Person) -> None:
    (home.path / "second name").hardlink_to(home.config)
    result = encee("keys", "totp", "dev", "--i-know", "--seed-file", "-", stdin=dev.device.seed)
    assert (result.code, keyring_content(dev.device)) == (5, None)


def test_reports_a_damaged_seed(encee: Encee, dev: Person, aws: FakeAws) -> None:
    give_seed(encee, dev.device.seed)
    keyring.set_password("encee-totp", dev.device.serial, f"{dev.device.seed}!")
    result = encee("refresh", "dev")
    assert result.code == 1
    assert f"the stored seed of the device {dev.device.serial} is malformed\n" in result.err
    assert "encee: hint: store it again: encee keys totp dev --i-know" in result.err
    assert dev.device.seed not in result.err
    assert aws.calls("GetSessionToken") == []


@pytest.mark.slow
def test_does_not_echo_a_typed_seed(dev: Person) -> None:
    child = on_terminal("keys", "totp", "dev", "--i-know")
    child.expect(r"\(it is not shown\): ")
    child.waitnoecho()
    child.sendline(dev.device.seed)
    child.expect("takes it out again")
    assert dev.device.seed not in (child.before or "")
    child.wait()
    assert (child.exitstatus, keyring_content(dev.device)) == (0, dev.device.seed)


@pytest.mark.needs("bash")
@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_ctrl_z_and_fg_keep_the_echo_off(bash: "pexpect.spawn[str]") -> None:
    bash.sendline(f"{ENCEE} keys totp dev --i-know; echo code=$?")
    bash.expect(r"\(it is not shown\): ")
    bash.waitnoecho()
    bash.send("\x1a")
    bash.sendline("fg")  # not a seed, if the command was not stopped
    bash.expect("that is not the seed of a device")
    assert "Stopped" not in (bash.before or "")
    bash.expect("code=2")


@pytest.mark.needs("bash")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_sigterm_at_the_prompt_restores_the_echo(dev: Person, number: signal.Signals) -> None:
    script = f"{ENCEE} keys totp dev --i-know & echo pid=$!; fg; echo code=$?; read -r _"
    child = on_terminal("-mc", script, command="bash")
    child.expect("pid=[0-9]+")
    pid = int(str(child.after).removeprefix("pid="))
    child.expect(r"\(it is not shown\): ")
    child.waitnoecho()
    os.kill(pid, number)
    child.expect("interrupted")
    child.expect("code=130")
    assert child.getecho()
    assert keyring_content(dev.device) is None
    child.sendline()
    child.expect(pexpect.EOF)


@pytest.mark.slow
def test_the_user_can_cancel(dev: Person) -> None:
    child = on_terminal("keys", "totp", "dev", "--i-know")
    child.expect(r"\(it is not shown\): ")
    child.waitnoecho()
    child.sendintr()
    child.expect("interrupted")
    child.wait()
    assert (child.exitstatus, keyring_content(dev.device)) == (130, None)
