"""`encee shell`: the user's shell with a session."""

import json
import os
import pwd
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest

from encee.cli.detect_shell import find_login_shell
from encee.cli.environment import Environment
from encee.profiles.export import CLEARED
from tests.cli.interactive import Shell
from tests.conftest import AWS, ENCEE, Encee, Home, Person, on_terminal, run_encee, wait_for
from tests.fake_aws import FakeAws

WHO = f"{AWS} sts get-caller-identity --query Arn --output text"
NAMES = {*CLEARED, "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"}


@pytest.fixture
def dev_with_session(encee: Encee, dev: Person) -> Person:
    """Refresh the session of the profile dev."""
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    return dev


@pytest.fixture
def recording_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set `$SHELL` to a program that prints its environment and its arguments."""
    shell = tmp_path / "telling shell"
    shell.write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n")
    shell.chmod(0o700)
    monkeypatch.setenv("SHELL", str(shell))
    return shell


def recorded_variables(*arguments: str) -> dict[str, str]:
    """Return the variables of AWS and encee in the shell."""
    result = run_encee("shell", *arguments)
    assert result.code == 0
    assert re.fullmatch(r"this shell has the session of \S+( until .*)?; to leave it, type exit\n", result.err)
    words, environ = json.loads(result.out)
    assert words == []
    return {name: value for name, value in environ.items() if name in NAMES}


# ---- the environment


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session", "recording_shell")
def test_sets_the_session_profile_and_unsets_other_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CLEARED, "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "left over")
    assert recorded_variables("dev") == {"AWS_PROFILE": "dev-mfa", "ENCEE_PROFILE": "dev"}
    assert recorded_variables("dev-mfa") == {"AWS_PROFILE": "dev-mfa", "ENCEE_PROFILE": "dev"}


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session", "recording_shell")
def test_prints_profile_expiry_and_how_to_exit() -> None:
    for words in (["dev"], ["dev-mfa", "--keys"]):
        said = run_encee("shell", *words).err
        until = r"(today|tomorrow) \d\d:\d\d \(1[12]h \d\dm\)"
        assert re.fullmatch(f"this shell has the session of dev until {until}; to leave it, type exit\n", said)


@pytest.mark.slow
@pytest.mark.usefixtures("recording_shell")
def test_with_env_the_shell_has_the_session_itself(dev_with_session: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    variables = recorded_variables("dev", "--keys")
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["ENCEE_PROFILE"] == "dev"
    assert variables["AWS_REGION"] == "eu-central-1"
    assert dev_with_session.user.access_key.secret not in variables.values()
    assert "AWS_PROFILE" not in variables
    assert "left over" not in variables.values()


@pytest.mark.slow
@pytest.mark.usefixtures("recording_shell")
def test_without_a_region_keeps_that_of_the_environment(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(dev.section(), "")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert recorded_variables("dev") == {"AWS_PROFILE": "dev-mfa", "ENCEE_PROFILE": "dev", "AWS_REGION": "eu-west-3"}


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session", "recording_shell")
def test_passes_the_files_of_the_options_to_the_shell(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(home.credentials.read_bytes())
    monkeypatch.chdir(tmp_path)
    variables = recorded_variables("dev", "--credentials-file", "copy", "--config-file", "~/.aws/config")
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == str(copy)
    assert variables["AWS_CONFIG_FILE"] == str(home.config)


@pytest.mark.slow
@pytest.mark.usefixtures("recording_shell")
def test_a_section_of_another_tool_is_used_unchanged(home: Home) -> None:
    home.write("[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n")
    assert recorded_variables("theirs") == {"AWS_PROFILE": "theirs", "ENCEE_PROFILE": "theirs"}
    assert recorded_variables("theirs", "--keys")["AWS_SESSION_TOKEN"] == "t"


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_aws_in_the_shell_uses_no_other_profile(
    dev_with_session: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = tmp_path / "asking"
    asking.write_text(f"#!/bin/sh\n{WHO}\n")
    asking.chmod(0o700)
    monkeypatch.setenv("SHELL", str(asking))
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    for options in ([], ["--keys"]):
        result = run_encee("shell", "dev", *options)
        assert (result.code, result.out.strip()) == (0, dev_with_session.user.arn), result.err


# ---- selection of the shell


@pytest.mark.slow
@pytest.mark.parametrize("shell", [None, "", "/no/such/shell", "/usr/sbin/nologin", "/bin/false"])
@pytest.mark.usefixtures("dev_with_session")
def test_replaces_an_invalid_login_shell(monkeypatch: pytest.MonkeyPatch, shell: str | None) -> None:
    if shell is None:
        monkeypatch.delenv("SHELL", raising=False)
    else:
        monkeypatch.setenv("SHELL", shell)
    result = run_encee("shell", "dev", stdin='echo "profile=$AWS_PROFILE"\nexit 7\n')
    assert (result.code, "profile=dev-mfa" in result.out) == (7, True), result.err


def test_a_user_without_a_login_shell_gets_the_shell_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert find_login_shell(Environment({}, lambda: datetime.now(UTC))) == "/bin/sh"


@pytest.mark.parametrize(
    ("environ", "shell"),
    [
        ({"PSModulePath": "x", "COMSPEC": "C:\\cmd.exe"}, "powershell.exe"),
        ({"COMSPEC": "C:\\cmd.exe"}, "C:\\cmd.exe"),
        ({}, "cmd.exe"),
    ],
)
def test_finds_the_shell_on_windows(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], shell: str) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert find_login_shell(Environment(environ, lambda: datetime.now(UTC))) == shell


# ---- refresh


@pytest.mark.slow
@pytest.mark.usefixtures("dev", "recording_shell")
def test_without_a_session_and_a_terminal_starts_no_shell(aws: FakeAws) -> None:
    for options in ([], ["--no-refresh"]):
        result = run_encee("shell", "dev", *options)
        assert (result.code, result.out) == (3, ""), result.err
        assert "encee: hint: encee refresh dev" in result.err
    assert not aws.calls("GetSessionToken")


@pytest.mark.slow
@pytest.mark.usefixtures("dev", "recording_shell")
def test_no_refresh_does_not_prompt_on_a_terminal() -> None:
    child = on_terminal("shell", "dev", "--no-refresh")
    child.expect_exact("the session of dev is missing")
    child.expect(pexpect.EOF)
    assert child.wait() == 3


# ---- on a terminal


def start_inside(*arguments: str) -> Shell:
    """Start a shell with `encee shell`."""
    child = on_terminal("shell", *arguments)
    child.timeout = 60
    return Shell(child)


@pytest.fixture
def bash(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set `$SHELL` to a bash without start-up files; the test needs bash."""
    monkeypatch.setenv("SHELL", str(shutil.which("bash")))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PATH", f"{ENCEE.parent}:{os.environ['PATH']}")
    (home.path / ".bashrc").write_text("PS1='$ '; bind 'set enable-bracketed-paste off'\n")


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("bash")
def test_prompts_first_and_sees_a_refresh_at_once(dev: Person, aws: FakeAws) -> None:
    shell = start_inside("dev")
    shell.child.expect_exact("MFA code for dev")
    shell.child.sendline(dev.device.next_code())
    assert dev.user.arn in shell.run(WHO)
    assert "dev-mfa is valid until" in shell.run(f"encee refresh dev -d 20h -c {dev.device.next_code()}")
    assert dev.user.arn in shell.run(WHO)
    used = [call.access_key_id for call in aws.calls("GetCallerIdentity") if call.access_key_id[:4] == "ASIA"]
    assert len(set(used)) == 2
    shell.type("sh -c 'exit 7'")
    assert shell.end() == 7


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("bash", "dev_with_session")
def test_inside_refuses_a_shell_of_the_same_profile_only(encee: Encee, home: Home, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(home.credentials.read_text() + bobs.section("bob"))
    assert encee("refresh", "bob", "-c", bobs.device.next_code()).code == 0
    shell = start_inside("dev")
    for word in ("dev", "dev-mfa"):
        refused = shell.run(f"encee shell {word}; echo code=$?")
        assert "encee: error: this shell already has the session of dev" in refused
        assert "encee: hint: encee refresh dev renews it, exit leaves this shell" in refused
        assert "code=2" in refused
    shell.type("encee shell bob")
    assert "bob-mfa bob" in shell.run("echo $AWS_PROFILE $ENCEE_PROFILE")
    shell.type("exit")
    assert "dev-mfa dev" in shell.run("echo $AWS_PROFILE $ENCEE_PROFILE")


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("bash", "dev_with_session")
def test_after_use_the_shell_is_not_of_a_profile_any_more() -> None:
    shell = start_inside("dev")
    shell.run('eval "$(encee init bash)"; encee use dev')
    assert "<dev-mfa><>" in shell.run('echo "<$AWS_PROFILE><$ENCEE_PROFILE>"')
    shell.type("encee shell dev")
    assert "<dev-mfa><dev>" in shell.run('echo "<$AWS_PROFILE><$ENCEE_PROFILE>"')


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session", "recording_shell")
def test_the_same_name_in_other_files_is_another_profile(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(home.credentials.read_bytes())
    monkeypatch.setenv("ENCEE_PROFILE", "dev")
    assert run_encee("shell", "dev").code == 2
    assert recorded_variables("dev", "--credentials-file", str(copy))["ENCEE_PROFILE"] == "dev"


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("bash", "dev_with_session")
def test_ctrl_c_and_ctrl_z_reach_the_shell() -> None:
    shell = start_inside("dev")
    _start_waiting(shell)
    shell.stop("\x03")
    assert shell.status() == 130
    _start_waiting(shell)
    shell.stop("\x1a")
    assert "Stopped" in shell.run("jobs")
    assert "dev-mfa" in shell.run("kill %1; echo $AWS_PROFILE")


def _start_waiting(shell: Shell) -> None:
    """Start a program that waits for its end."""
    shell.type(f'{sys.executable} -c \'import time; print("rea" + "dy", flush=True); time.sleep(100)\'')
    shell.child.expect_exact("ready")


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("bash", "dev_with_session")
def test_a_closed_terminal_ends_the_shell() -> None:
    shell = start_inside("dev")
    shell.run("true")
    pid = shell.child.pid
    assert pid is not None
    shell.child.close(force=False)
    wait_for(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    """Return whether a process runs and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
