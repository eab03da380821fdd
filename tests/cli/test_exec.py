"""`encee exec`: a command with the session in its environment, and nothing of another profile."""

import signal
import subprocess

import pexpect
import pytest

from encee.profiles.export import CLEARED
from tests.conftest import AWS, ENCEE, Home, Person, on_terminal, run_encee


def test_the_command_sees_the_session_and_nothing_of_another_profile(
    home: Home, fresh: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    result = run_encee(
        "exec", "dev", "--", str(AWS), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"
    )
    assert (result.code, result.out.strip()) == (0, fresh.user.arn), result.err
    assert home.credentials.exists()


@pytest.mark.usefixtures("fresh")
def test_the_commands_exit_code_input_and_output_are_its_own() -> None:
    result = run_encee("exec", "dev", "sh", "-c", "cat; echo err >&2; exit 42", stdin="in")
    assert (result.code, result.out, result.err) == (42, "in", "err\n")


@pytest.mark.usefixtures("fresh")
def test_the_command_takes_the_place_of_encee() -> None:
    child = subprocess.Popen(
        [ENCEE, "exec", "dev", "sh", "-c", "echo $$; exec sleep 30"], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert int(child.stdout.readline()) == child.pid
        child.send_signal(signal.SIGTERM)
    assert child.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [("no-such-command", 127, "no-such-command: command not found"), ("/etc/passwd", 126, "cannot be run")],
)
@pytest.mark.usefixtures("fresh")
def test_a_command_that_cannot_be_run_ends_as_in_a_shell(command: str, code: int, says: str) -> None:
    result = run_encee("exec", "dev", "--", command)
    assert (result.code, says in result.err) == (code, True)


@pytest.mark.usefixtures("fresh")
def test_the_commands_options_are_not_encees() -> None:
    assert run_encee("exec", "dev", "echo", "--help", "--no-refresh").out == "--help --no-refresh\n"


@pytest.mark.usefixtures("dev")
def test_without_a_session_and_a_terminal_nothing_is_run() -> None:
    for options in ([], ["--no-refresh"]):
        result = run_encee("exec", *options, "dev", "--", "echo", "ran")
        assert (result.code, result.out) == (3, "")


def test_a_code_is_asked_for_first_on_a_terminal(dev: Person) -> None:
    child = on_terminal("exec", "dev", "--", "sh", "-c", 'test -t 0 && echo "key=<$AWS_ACCESS_KEY_ID>"')
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("key=<ASIA")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.usefixtures("fresh")
def test_ctrl_c_is_the_commands() -> None:
    child = on_terminal(
        "exec", "dev", "--", "sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done"
    )
    child.expect_exact("ready")
    child.send("\x03")
    child.expect_exact("caught")
    child.expect(pexpect.EOF)
    assert child.wait() == 7
