"""`encee exec`: a command with the session in its environment, and nothing of another profile."""

import json
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pexpect
import pytest

from encee.profiles.export import CLEARED
from tests.conftest import AWS, ENCEE, Encee, Home, Person, hang_up, on_terminal, run_encee

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)


@pytest.mark.slow
def test_the_command_gets_the_session_and_nothing_of_another_profile(
    home: Home, dev_with_session: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    result = run_encee(
        "exec", "dev", "--", str(AWS), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"
    )
    assert (result.code, result.out.strip()) == (0, dev_with_session.user.arn), result.err
    assert home.credentials.exists()


@pytest.mark.usefixtures("dev_with_session")
def test_passes_exit_status_input_and_output() -> None:
    result = run_encee("exec", "dev", "sh", "-c", "cat; echo err >&2; exit 42", stdin="in")
    assert (result.code, result.out, result.err) == (42, "in", "err\n")


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_the_command_replaces_encee() -> None:
    child = subprocess.Popen(
        [ENCEE, "exec", "dev", "sh", "-c", "echo $$; exec sleep 30"], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert int(child.stdout.readline()) == child.pid
        child.send_signal(signal.SIGTERM)
    assert child.returncode == -signal.SIGTERM


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_ignores_no_signal_that_the_caller_does_not_ignore() -> None:
    # Python ignores SIGPIPE and SIGXFSZ, and a program that replaces it inherits that.
    for name in ("PIPE", "XFSZ", "INT", "HUP"):
        assert run_encee("exec", "dev", "sh", "-c", f"kill -{name} $$; echo survived").out == ""


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    script = f"trap '' INT HUP; exec {ENCEE} exec dev sh -c 'kill -INT $$; kill -HUP $$; echo survived'"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "survived\n"


@pytest.mark.usefixtures("dev_with_session")
def test_a_closed_pipe_ends_the_command_as_without_encee() -> None:
    script = f"{{ {ENCEE} exec dev -- yes; echo $? >&2; }} | head -n 1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("y\n", "141\n")


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_keeps_other_variables_and_open_files(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "another")
    monkeypatch.setenv("ODD", "a\nb 'c' $d")
    show = (
        f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ))); print(os.getcwd(), os.read(3, 9))'"
    )
    script = f"cd {home.path}; exec 3<<END\nthree\nEND\n{{}}{show}"
    before, after = (
        subprocess.run(["sh", "-c", script.format(run)], capture_output=True, text=True, check=True).stdout
        for run in ("", f"{ENCEE} exec dev -- ")
    )
    assert after.splitlines()[1] == before.splitlines()[1]
    changed = json.loads(after.splitlines()[0]).items() ^ json.loads(before.splitlines()[0]).items()
    assert {name for name, _ in changed} - {"_"} == {*VARIABLES}


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_passes_arguments_unchanged() -> None:
    odd = ["--", "-c", "--help", "a b", "", "$x", "'", "\n", "*", "é"]
    show = "import sys; print(sys.argv[1:])"
    assert run_encee("exec", "dev", "--", sys.executable, "-c", show, *odd).out == f"{odd}\n"
    assert run_encee("exec", "dev", sys.executable, "-c", show, *odd).out == f"{odd}\n"


@pytest.mark.slow
def test_the_command_gets_standard_input_after_the_code(dev: Person) -> None:
    result = run_encee("exec", "-c", "-", "dev", "--", "cat", stdin=f"{dev.device.next_code()}\nthe rest\n")
    assert (result.code, result.out) == (0, "the rest\n"), result.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["dev", "--no-refresh", "--", "echo", "ran"],
        ["dev", "-c", "123456", "echo", "ran"],
        ["-d", "1h", "dev", "--code=123456", "--", "echo", "ran"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("dev_with_session")
def test_accepts_its_options_after_the_profile(words: list[str]) -> None:
    result = run_encee("exec", *words)
    assert (result.code, result.out) == (0, "ran\n"), result.err


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_options_of_the_command_are_passed_unchanged(encee: Encee) -> None:
    assert run_encee("exec", "dev", "--no-refresh", "echo", "-c", "-code", "--", "x").out == "-c -code -- x\n"
    assert run_encee("exec", "dev", "--", "sh", "-c", "echo $0", "--no-refresh").out == "--no-refresh\n"
    assert encee("exec", "dev", "--help").out.startswith("Usage: encee exec [OPTIONS] PROFILE COMMAND...")
    unknown = encee("exec", "dev", "--no-such-option", "--", "echo", "ran")
    assert (unknown.code, "no such option: --no-such-option" in unknown.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--"]])
@pytest.mark.usefixtures("dev_with_session")
def test_without_a_command_the_usage_is_wrong(encee: Encee, words: list[str]) -> None:
    result = encee("exec", "dev", *words)
    assert (result.code, result.out, result.err.count("encee: hint: ")) == (2, "", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_names_what_a_script_without_interpreter_lacks(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o700)
    result = run_encee("exec", "dev", "--", str(script))
    assert (result.code, result.out) == (126, "")
    assert "encee: hint: begin the script with a line such as #!/bin/sh" in result.err
    script.write_text("#!/no/such/interpreter\n")
    result = run_encee("exec", "dev", "--", str(script))
    assert (result.code, result.out) == (127, "")
    assert f"{script}: its interpreter was not found" in result.err


@pytest.mark.usefixtures("dev_with_session")
def test_refuses_a_session_that_no_environment_can_hold(home: Home) -> None:
    home.write("[odd]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = a\0b\n")
    result = run_encee("exec", "odd", "--", "echo", "ran")
    assert (result.code, result.out) == (1, "")
    assert "AWS_SESSION_TOKEN holds NUL" in result.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("no-such-command", 127, "no-such-command: command not found"),
        ("/etc/passwd", 126, "cannot be run"),
        ("/etc", 126, "cannot be run"),
        ("", 127, "command not found"),
    ],
)
@pytest.mark.usefixtures("dev_with_session")
def test_a_command_that_cannot_run_exits_as_in_a_shell(command: str, code: int, says: str) -> None:
    result = run_encee("exec", "dev", "--", command)
    assert (result.code, says in result.err) == (code, True)


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_options_after_the_command_belong_to_it() -> None:
    assert run_encee("exec", "dev", "echo", "--help", "--no-refresh").out == "--help --no-refresh\n"


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_without_a_session_and_a_terminal_runs_nothing() -> None:
    for options in ([], ["--no-refresh"]):
        result = run_encee("exec", *options, "dev", "--", "echo", "ran")
        assert (result.code, result.out) == (3, "")


@pytest.mark.slow
def test_prompts_for_a_code_on_a_terminal(dev: Person) -> None:
    child = on_terminal("exec", "dev", "--", "sh", "-c", 'test -t 0 && echo "key=<$AWS_ACCESS_KEY_ID>"')
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("key=<ASIA")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_ctrl_c_reaches_the_command() -> None:
    child = on_terminal(
        "exec", "dev", "--", "sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done"
    )
    child.expect_exact("ready")
    child.send("\x03")
    child.expect_exact("caught")
    child.expect(pexpect.EOF)
    assert child.wait() == 7


@pytest.mark.slow
@pytest.mark.parametrize("valid", [True, False])
def test_the_command_gets_the_terminal(encee: Encee, dev: Person, valid: bool) -> None:
    if valid:
        assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    child = on_terminal("exec", "dev", "--", "sh", "-c", 'stty -a > "$HOME/modes"; tty; read x; echo "got <$x>"')
    modes = termios.tcgetattr(child.child_fd)
    if not valid:
        child.expect_exact("MFA code for dev")
        child.sendline(dev.device.next_code())
    child.expect_exact("/dev/pts/")
    assert termios.tcgetattr(child.child_fd) == modes
    child.sendline("some words")
    child.expect_exact("got <some words>")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("dev_with_session")
def test_ctrl_z_stops_the_command_and_fg_continues_it(bash: "pexpect.spawn[str]") -> None:
    child = bash
    child.sendline(f"{ENCEE} exec dev -- sh -c 'while read x; do echo got=$x; done'")
    child.sendline("one")
    child.expect_exact("got=one")
    child.send("\x1a")
    child.expect("Stopped.*ready> ")
    child.sendline("fg")
    child.sendline("two")
    child.expect_exact("got=two")
    child.send("\x04")
    child.expect_exact("ready> ")
    child.sendline("echo code=$?")
    child.expect_exact("code=0")


@pytest.mark.slow
@pytest.mark.needs("bash")
def test_ctrl_z_stops_the_prompt_and_fg_continues_it(dev: Person, bash: "pexpect.spawn[str]") -> None:
    child = bash
    child.sendline(f"{ENCEE} exec dev -- sh -c 'echo \"key=<$AWS_ACCESS_KEY_ID>\"'")
    child.expect_exact("MFA code for dev")
    child.send("\x1a")
    child.expect("Stopped.*ready> ")
    child.sendline("fg")
    child.expect_exact("exec dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("key=<ASIA")
    child.expect_exact("ready> ")


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_a_closed_terminal_hangs_up_the_command(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f"trap 'echo hung up > {said}; exit' HUP; echo ready; while :; do sleep 0.1; done"
    child = on_terminal("exec", "dev", "--", "sh", "-c", script)
    child.expect_exact("ready")
    hang_up(child)
    end = time.monotonic() + 20
    while not said.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    child.wait()


@pytest.mark.usefixtures("dev")
def test_ctrl_c_at_the_prompt_runs_nothing(home: Home) -> None:
    before = home.state()
    child = on_terminal("exec", "dev", "--", "echo", "ran")
    child.expect_exact("MFA code for dev")
    modes = termios.tcgetattr(child.child_fd)
    child.send("\x03")
    child.expect(pexpect.EOF)
    assert child.wait() == 130
    assert "ran" not in (child.before or "")
    assert termios.tcgetattr(child.child_fd) == modes
    assert home.state() == before


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.usefixtures("dev")
def test_closing_the_terminal_at_the_prompt_runs_nothing(home: Home, ignored: bool) -> None:
    before = home.state()
    ignore = "trap '' HUP; " if ignored else ""
    script = f"{ignore}exec {ENCEE} exec dev -- touch {home.path}/ran"
    child = on_terminal("-c", script, command="sh")
    child.expect_exact("MFA code for dev")
    hang_up(child)
    child.wait()
    assert (child.signalstatus == signal.SIGHUP) != ignored
    assert home.state() == before
