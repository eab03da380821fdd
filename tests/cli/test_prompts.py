"""The prompt, on a pseudo-terminal."""

import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pexpect
import pytest

from tests.conftest import ENCEE, Home, Person, on_terminal, section, wait_for
from tests.fake_aws import FakeAws, faults

PROMPT = "MFA code for dev (arn:aws:iam::123456789012:mfa/phone): "


def test_prompts_for_the_code_with_profile_and_device(home: Home, dev: Person) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    code = dev.device.next_code()
    child.sendline(code)
    child.expect_exact(code)  # shown as it is typed
    child.expect_exact("dev-mfa is valid until")
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert b"[dev-mfa]" in home.credentials.read_bytes()


def test_accepts_a_code_with_a_blank_in_the_middle(dev: Person) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    code = dev.device.next_code()
    child.sendline(f" {code[:3]} {code[3:]} ")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_prompts_again_for_an_invalid_code_without_sending_it(dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    for typed in ("", "12345", "abcdef"):
        child.expect_exact(PROMPT)
        child.sendline(typed)
        child.expect_exact("a code is six digits")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.usefixtures("dev")
def test_ctrl_d_after_half_a_code_starts_a_new_line() -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    child.send("12\x04")
    child.expect_exact("12\r\na code is six digits")
    child.expect_exact(PROMPT)
    child.send("\x04")
    child.expect(pexpect.EOF)
    assert child.wait() == 130


def test_prompts_again_after_a_wrong_code(dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    child.sendline("000000")
    child.expect_exact("mistyped, or already used, or the device's clock is off")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert (len(aws.calls("GetCallerIdentity")), len(aws.calls("GetSessionToken"))) == (1, 2)


@pytest.mark.usefixtures("dev")
def test_stops_after_three_wrong_codes(aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    for code in ("000000", "000001", "000002"):
        child.expect_exact(PROMPT)
        child.sendline(code)
    child.expect_exact("encee: error: AWS did not accept the code")
    child.expect(pexpect.EOF)
    assert child.wait() == 4
    assert len(aws.calls("GetSessionToken")) == 3


def test_does_not_send_a_code_twice(dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev")
    for expected in ("did not accept", "was sent already", "was sent already"):
        child.expect_exact(PROMPT)
        child.sendline("000000")
        child.expect_exact(expected)
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert len(aws.calls("GetSessionToken")) == 2


def test_a_lost_response_is_no_wrong_code_and_is_not_repeated(dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.reset(), times=4)
    child = on_terminal("refresh", "dev")
    sent = []
    for _ in range(4):
        child.expect_exact(PROMPT)
        sent.append(dev.device.next_code())
        child.sendline(sent[-1])
        child.expect_exact("that code may have been used")
    child.expect_exact(PROMPT)
    sent.append(dev.device.next_code())
    child.sendline(sent[-1])
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert [call.code for call in aws.calls("GetSessionToken")] == sent


@pytest.mark.slow
def test_prompts_again_after_a_response_that_aws_never_sends(dev: Person, aws: FakeAws) -> None:
    answers = {
        faults.error("AccessDenied", "", 403): "did not say why (AccessDenied): that code may have been used; try the",
        faults.session("ASIAQ", "tomorrow"): "in the place of a time: that code may have been used; try the",
        faults.session("ASIAQ", "2026-01-01T00:00:00Z"): "and that code has been used; try the",
        faults.error("SignatureDoesNotMatch", "Signature expired: now", 403): "that code may have been used; try the",
    }
    child = on_terminal("refresh", "dev", size=(24, 300))
    for fault, says in answers.items():
        aws.fault("GetSessionToken", fault)
        child.expect_exact(PROMPT)
        child.sendline(dev.device.next_code())
        child.expect_exact(says)
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupted_prompt_exits_with_130_and_changes_nothing(home: Home, aws: FakeAws, key: str) -> None:
    before = home.state()
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    modes = termios.tcgetattr(child.child_fd)
    child.send(key)
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert termios.tcgetattr(child.child_fd) == modes
    assert "Traceback" not in (child.before or "")
    assert home.state() == before
    assert aws.calls("GetSessionToken") == []


def test_lists_what_was_written_before_an_interrupt(home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    home.write(dev.section() + Person(bob, bob.create_device("bobs")).section("bob"))
    child = on_terminal("refresh", "dev", "bob")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect_exact("MFA code for bob")
    wait_for(lambda: b"[dev-mfa]" in home.credentials.read_bytes())
    time.sleep(0.1)
    child.send("\x03")
    child.expect_exact("dev-mfa is valid until")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert b"[dev-mfa]" in home.credentials.read_bytes()


def test_shows_the_prompt_if_standard_output_is_captured(home: Home, dev: Person) -> None:
    child = pexpect.spawn("sh", ["-c", f'got=$({ENCEE} refresh dev --json) && echo "got=<$got>"'], encoding="utf-8")
    child.delaybeforesend = None
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect_exact('got=<{\r\n  "encee_format": 1')
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert b"[dev-mfa]" in home.credentials.read_bytes()


def in_shell(script: str) -> "pexpect.spawn[str]":
    """Run a line of `sh` on a pseudo-terminal."""
    child = pexpect.spawn("sh", ["-c", script], encoding="utf-8", timeout=20)
    child.delaybeforesend = None
    return child


def test_leaves_piped_input_to_the_command_of_exec(dev: Person) -> None:
    child = in_shell(f"echo data | {ENCEE} exec dev -- cat")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect_exact("data\r\n")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.parametrize("command", ["exec dev -- cat", "env dev --refresh", "refresh dev"])
def test_prompts_on_the_terminal_if_every_stream_is_redirected(
    tmp_path: Path, dev: Person, aws: FakeAws, command: str
) -> None:
    child = in_shell(f"{ENCEE} {command} </dev/null >{tmp_path}/out 2>{tmp_path}/log")
    child.expect_exact(PROMPT)
    child.sendline("12345")
    child.expect_exact("a code is six digits")
    child.expect_exact(PROMPT)
    child.sendline("000000")
    child.expect_exact("did not accept the code")
    child.expect_exact("2 of 3 tries left")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert "MFA code" not in (tmp_path / "log").read_text()
    assert len(aws.calls("GetSessionToken")) == 2


def test_counts_down_on_the_terminal_if_stderr_is_a_file(tmp_path: Path, home: Home, dev: Person, aws: FakeAws) -> None:
    other = aws.create_user("bob")
    both = section(other.access_key, "bob", dev.device.serial)
    home.write(dev.section() + both)
    child = in_shell(f"TERM=dumb exec {ENCEE} refresh dev bob 2>{tmp_path}/log")
    child.expect_exact(PROMPT)
    child.sendline(dev.device.next_code())
    child.expect_exact("the device's next code: waiting")
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130


@pytest.mark.usefixtures("dev")
def test_without_a_terminal_does_not_prompt() -> None:
    done = subprocess.run(
        [ENCEE, "refresh", "dev"], start_new_session=True, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, "no terminal to prompt for the code of dev" in done.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_the_tests_give_up_their_terminal() -> None:
    child = in_shell(
        f"{sys.executable} -m pytest -p no:cacheprovider -p no:xdist {__file__} -k test_tests_have_no_terminal; true"
    )
    child.expect_exact("1 passed")
    child.expect(pexpect.EOF)


def test_tests_have_no_terminal() -> None:
    with pytest.raises(OSError, match="No such device"):
        Path("/dev/tty").open("rb").close()


def test_does_not_hold_the_lock_while_it_prompts(home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    other = subprocess.run(
        [ENCEE, "refresh", "bob", "-c", bobs.device.next_code()], capture_output=True, timeout=8, check=False
    )
    assert other.returncode == 0
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    text = home.credentials.read_text()
    assert "[dev-mfa]" in text
    assert "[bob-mfa]" in text


def test_does_not_overwrite_keys_that_appear_while_it_prompts(home: Home, dev: Person) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    home.write(dev.section() + "[dev-mfa]\naws_access_key_id = AKIANEW\naws_secret_access_key = precious\n")
    before = home.credentials.read_bytes()
    child.sendline(dev.device.next_code())
    child.expect_exact("[dev-mfa] holds keys that may exist nowhere else")
    child.expect(pexpect.EOF)
    assert child.wait() == 5
    assert home.credentials.read_bytes() == before


@pytest.mark.usefixtures("dev")
def test_a_terminated_prompt_leaves_no_file(home: Home) -> None:
    before = home.state()
    child = on_terminal("refresh", "dev")
    child.expect_exact(PROMPT)
    child.kill(signal.SIGTERM)
    child.expect(pexpect.EOF)
    assert home.state() == before
