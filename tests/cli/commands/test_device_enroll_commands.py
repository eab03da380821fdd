"""`encee device enroll --seed-command`: the secret goes to a command, and the codes can come from one."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.conftest import Home, section, start_before_next_code, wait_for
from tests.fake_aws import FakeAws, FakeUser
from tests.qr_reader import read_png

pytestmark = pytest.mark.slow

JANE = "arn:aws:iam::123456789012:mfa/jane"
OFFER = "refresh dev now, with its next code? [Y/n]"
ADD, CODE = "ykman oath accounts add AWS-dev", "ykman oath accounts code --single AWS-dev"

YKMAN = """\
#!PYTHON
import json, os, sys, time
from pathlib import Path
import pyotp
store, log = Path("STORE"), Path("STORE.log")
with log.open("a") as lines:
    lines.write(json.dumps([sys.argv, dict(os.environ)]) + "\\n")
if sys.argv[1:4] == ["oath", "accounts", "add"]:
    typed = sys.stdin.read()
    store.write_text(json.dumps([typed.removesuffix("\\n"), time.time()]))
    print("stored", typed)
else:  # each code is the next one, so that the test does not wait for it
    seed, moment = json.loads(store.read_text())
    store.write_text(json.dumps([seed, moment + 30]))
    print(pyotp.TOTP(seed).at(int(moment)))
"""


@pytest.fixture
def jane(home: Home, aws: FakeAws) -> FakeUser:
    user = aws.create_user("jane")
    home.write(section(user.access_key), "[profile dev]\nregion = eu-central-1\n")
    return user


@pytest.fixture
def key(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The seed on a security key, and a stand-in for ykman, which finds it there."""
    program = home.path / "bin" / "ykman"
    program.parent.mkdir()
    program.write_text(YKMAN.replace("PYTHON", sys.executable).replace("STORE", str(tmp_path / "key")))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return tmp_path / "key"


Start = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def start(jane: FakeUser, key: Path) -> Iterator[Start]:
    started: list[pexpect.spawn[str]] = []

    def begin(*arguments: str) -> "pexpect.spawn[str]":
        started.append(start_before_next_code("device", "enroll", "dev", *arguments))
        return started[-1]

    yield begin
    assert (jane.name, key.name) == ("jane", "key")
    for child in started:
        child.kill(signal.SIGKILL)
        child.wait()


def finish(child: "pexpect.spawn[str]", code: int) -> str:
    """Wait for the end; return what was shown since the last expectation."""
    child.expect(pexpect.EOF)
    assert child.wait() == code, child.before
    return child.before or ""


def test_a_security_key_takes_the_secret_and_gives_all_codes(
    start: Start, home: Home, key: Path, jane: FakeUser, aws: FakeAws
) -> None:
    child = start("--seed-command", ADD, "--code-command", CODE)
    child.expect_exact(OFFER)
    shown = child.before or ""
    child.sendline("")
    child.expect_exact("dev-mfa is valid until")
    shown += (child.before or "") + finish(child, 0)
    [device] = jane.devices
    assert (device.serial, json.loads(key.read_text("utf-8"))[0]) == (JANE, device.seed)
    assert device.seed not in shown.replace(" ", "").replace("\r\n", "")
    assert device.seed[:4] not in shown
    assert "code that the app shows" not in shown
    assert "set mfa_process of dev to the command of --code-command" in shown
    log = (key.parent / "key.log").read_text()
    assert device.seed not in log
    calls = [json.loads(line) for line in log.splitlines()]
    assert [arguments[3] for arguments, _ in calls] == ["add", "code", "code", "code"]
    assert {(environ["ENCEE_PROFILE"], environ["ENCEE_MFA_SERIAL"]) for _, environ in calls} == {("dev", JANE)}
    assert all(device.seed.encode() not in content for content, _ in home.state().values())
    assert len(aws.calls("GetSessionToken")) == 1


def test_without_a_code_command_the_codes_are_typed(start: Start, key: Path, jane: FakeUser, aws: FakeAws) -> None:
    child = start("--seed-command", ADD)
    child.expect_exact("code that the app shows now:")
    assert "scan the code" not in (child.before or "")
    assert "▀" not in (child.before or "")
    assert key.exists()
    [device] = aws.virtual_devices()
    child.sendline(device.next_code())
    child.expect_exact("next code that the app shows:")
    child.sendline(device.next_code())
    child.expect_exact(OFFER)
    child.sendline("n")
    finish(child, 0)
    assert [one.serial for one in jane.devices] == [JANE]


def test_the_qr_code_is_drawn_only_in_a_file_that_is_asked_for(start: Start, home: Home, key: Path) -> None:
    picture = home.path / "code.png"
    child = start("--seed-command", ADD, "--qr-file", str(picture))
    child.expect_exact("code that the app shows now:")
    assert json.loads(key.read_text("utf-8"))[0] in read_png(picture.read_bytes())


@pytest.mark.parametrize("command", ["exit 3", f"{ADD} >/dev/null; exit 3", "yes", "true"])
def test_a_seed_command_that_fails_leaves_no_device(start: Start, home: Home, aws: FakeAws, command: str) -> None:
    before = home.config.read_bytes()
    child = start("--seed-command", command, "--code-command", CODE)
    child.expect_exact(f"{JANE} is not enabled, so it is deleted again")
    child.expect_exact("encee: error: the seed command")
    assert "hint: run the command of --seed-command by itself" in finish(child, 1)
    assert (aws.virtual_devices(), aws.calls("EnableMFADevice"), home.config.read_bytes()) == ([], [], before)


def test_ctrl_c_ends_a_seed_command_and_leaves_no_device(start: Start, tmp_path: Path, aws: FakeAws) -> None:
    child = start("--seed-command", f"touch {tmp_path}/started; sleep 300")
    wait_for((tmp_path / "started").exists)
    child.send("\x03")
    child.expect_exact("encee: error: interrupted")
    finish(child, 130)
    assert aws.virtual_devices() == []


@pytest.mark.parametrize("command", ["echo 123456", f'cd "$HOME"; [ -s old ] || {CODE} >old; cat old', "exit 3"])
def test_a_code_command_without_successive_codes_leaves_no_device(start: Start, aws: FakeAws, command: str) -> None:
    child = start("--seed-command", ADD, "--code-command", command)
    child.expect_exact("encee: error: the code command")
    finish(child, 1)
    assert (aws.virtual_devices(), aws.calls("EnableMFADevice")) == ([], [])


def test_the_code_command_is_not_for_the_first_device(start: Start, home: Home, jane: FakeUser, aws: FakeAws) -> None:
    old = jane.create_device("old")
    home.write(home.credentials.read_text(), f"[profile dev]\nmfa_serial = {old.serial}\n")
    child = start("--name", "key", "--seed-command", ADD, "--code-command", CODE)
    child.expect_exact(f"MFA code for dev ({old.serial}):")
    child.sendline(old.next_code())
    child.expect_exact("instead of")
    child.sendline("")
    finish(child, 0)
    assert [device.serial for device in jane.devices] == [old.serial, JANE.replace("jane", "key")]
    assert {call.access_key_id[:4] for call in aws.calls("EnableMFADevice")} == {"ASIA"}
