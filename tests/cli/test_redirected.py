"""Prompts and their context appear on the terminal if standard error is a file."""

from pathlib import Path

import pexpect
import pytest

from tests.conftest import ENCEE, Encee, Home, Person, section
from tests.fake_aws import FakeAws

pytestmark = pytest.mark.slow


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def start_logged(command: str, log: Path) -> "pexpect.spawn[str]":
    """Run a command on a pseudo-terminal, with its standard error in a file and its standard input empty."""
    script = f"exec {ENCEE} {command} </dev/null 2>{log}"
    child = pexpect.spawn("/bin/sh", ["-c", script], encoding="utf-8", timeout=20, dimensions=(60, 120))
    child.delaybeforesend = None
    return child


def test_shows_the_qr_code_and_the_secret_on_the_terminal(home: Home, aws: FakeAws, log: Path) -> None:
    home.write(section(aws.create_user("jane").access_key))
    child = start_logged("device enroll dev", log)
    child.expect_exact("scan the code with an authenticator app")
    child.expect_exact("█")
    child.expect_exact("code that the app shows now:")
    [device] = aws.virtual_devices()
    seed = device.seed
    child.sendintr()
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert seed[:4] not in log.read_text(encoding="utf-8")


def test_setup_prompts_on_the_terminal(home: Home, aws: FakeAws, log: Path) -> None:
    jane = aws.create_user("jane")
    child = start_logged("setup dev", log)
    child.expect_exact("region, such as")
    child.sendline("")
    child.expect_exact("access key ID (not shown while you type):")
    child.sendline(jane.access_key.id)
    child.expect_exact("secret access key (not shown):")
    child.sendline(jane.access_key.secret)
    child.expect_exact("saved as [dev]")
    child.expect_exact("code that the app shows now:")
    child.sendintr()
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert jane.access_key.id in home.credentials.read_text(encoding="utf-8")
    assert "encee setup dev continues from there" in log.read_text(encoding="utf-8")


def test_shows_both_keys_on_the_terminal_before_the_deletion(encee: Encee, home: Home, dev: Person, log: Path) -> None:
    assert encee("refresh", "dev", "--code", dev.device.next_code()).code == 0
    old = dev.user.access_key.id
    child = start_logged("keys rotate dev", log)
    child.expect_exact(f"{old}, the old key, is inactive; last used")
    child.expect_exact(f"delete {old}? [y/N]")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.wait()
    assert old not in home.credentials.read_text(encoding="utf-8")


def test_prompts_for_a_device_on_the_terminal(home: Home, person: Person, log: Path) -> None:
    second = person.user.create_device("tablet")
    home.write(person.section(serial=False))
    child = start_logged("device save dev", log)
    child.expect_exact(f"1  {person.device.serial}")
    child.expect_exact("which one is it, 1 to 2?")
    child.sendline("2")
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert second.serial in home.config.read_text(encoding="utf-8")


def test_confirms_a_removal_on_the_terminal(encee: Encee, dev: Person, log: Path) -> None:
    assert encee("refresh", "dev", "--code", dev.device.next_code()).code == 0
    child = start_logged(f"device remove dev {dev.device.serial} --yes-last", log)
    child.expect_exact(f"remove {dev.device.serial}")
    child.sendline("perhaps")
    child.expect_exact("type y for yes or n for no")
    child.sendline("n")
    child.expect(pexpect.EOF)
    assert child.wait() == 1
