"""`encee use` and `encee init`: a session in the running shell."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from encee.cli.app import COMMANDS
from encee.cli.commands.init import STARTUP_LINES, Shell
from encee.profiles.export import CLEARED, SHELLS as FORMS
from tests.cli.interactive import INIT, SHELLS, START, interactive
from tests.conftest import ENCEE, Encee, Home, Person, on_terminal, run_encee
from tests.fake_aws import FakeAws

PROMPT = "MFA code for dev"
WHO = "aws sts get-caller-identity --query Arn --output text"


@pytest.fixture
def dev_with_session(encee: Encee, dev: Person) -> Person:
    """Refresh the session of the profile dev."""
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    return dev


# ---- in a shell on a terminal


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_prompts_for_the_code_and_then_aws_works_in_the_shell(
    shell: str, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    terminal = interactive(shell, home.path)
    terminal.type("encee use dev")
    terminal.child.expect_exact(PROMPT)
    terminal.child.sendline(dev.device.next_code())
    terminal.child.expect_exact("this shell uses dev-mfa until")
    assert terminal.status() == 0
    assert {name: value for name, value in terminal.variables().items() if name in CLEARED} == {
        "AWS_PROFILE": "dev-mfa"
    }
    assert dev.user.arn in terminal.run(WHO)
    assert "dev-mfa" not in terminal.run("encee use --none")
    assert not terminal.variables().keys() & {*CLEARED}
    terminal.end()


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev")
def test_help_wrong_codes_and_an_interrupt_change_nothing(
    shell: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "other")
    monkeypatch.setenv("AWS_ACCOUNT_ID", "123456789012")
    terminal = interactive(shell, home.path)
    before = terminal.variables()
    assert "Usage: encee use" in terminal.run("encee use --help")
    assert terminal.variables() == before

    terminal.type("encee use dev")
    for code in ("000000", "000001", "000002"):
        terminal.child.expect_exact(PROMPT)
        terminal.child.sendline(code)
    terminal.child.expect_exact("encee: error: AWS did not accept the code")
    assert terminal.status() == 4
    assert terminal.variables() == before

    terminal.type("encee use dev")
    terminal.child.expect_exact(PROMPT)
    terminal.stop("\x03")
    assert terminal.status() != 0
    assert terminal.variables() == before
    terminal.end()


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_z_at_the_prompt_keeps_a_nested_shell(shell: str, home: Home, dev: Person) -> None:
    terminal = interactive(shell, home.path)
    terminal.run(" ".join(START[shell]))
    terminal.run(INIT[shell])
    terminal.type("encee use dev")
    terminal.child.expect_exact(PROMPT)
    terminal.child.send("\x1a")
    terminal.child.sendline(dev.device.next_code())
    terminal.child.expect_exact("this shell uses dev-mfa until")
    assert terminal.variables()["AWS_PROFILE"] == "dev-mfa"
    terminal.run("exit")
    terminal.end()


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev_with_session")
def test_passes_all_other_arguments_to_the_program(shell: str) -> None:
    script = f"{INIT[shell]}; encee exec dev sh -c 'cat; printf \"<%s>\" \"$@\"; exit 42' x 'a b' '' '*' use"
    done = run_in(shell, script, stdin="in ")
    assert (done.returncode, done.stdout) == (42, "in <a b><><*><use>"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "options"),
    [
        pytest.param("bash", ["-eu", "-o", "pipefail"], marks=pytest.mark.needs("bash")),
        pytest.param("zsh", ["-f", "-eu", "-o", "ksharrays", "-o", "shwordsplit"], marks=pytest.mark.needs("zsh")),
    ],
)
@pytest.mark.usefixtures("dev_with_session")
def test_works_with_any_options_of_the_shell(shell: str, options: list[str]) -> None:
    script = f'{INIT[shell]}; encee >/dev/null; encee use dev; echo "$AWS_PROFILE"; encee use absent || echo "$?"'
    done = run_in(shell, script, *options)
    assert (done.returncode, done.stdout) == (0, "dev-mfa\n2\n"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev_with_session")
def test_without_the_function_the_hint_works(shell: str) -> None:
    done = run_in(shell, "encee use dev; echo end")
    assert done.stdout == "end\n"
    (hint,) = re.findall(r"^encee: hint: (.*)$", done.stderr, re.MULTILINE)
    assert run_in(shell, f"{hint}; echo $AWS_PROFILE").stdout == "dev-mfa\n"


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_a_shell_without_functions_gets_another_hint(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert encee("use", "dev").err.endswith("encee: hint: encee shell dev\n")
    monkeypatch.setenv("PSModulePath", "x")
    assert encee("use", "dev").err.endswith(
        "encee: hint: encee init powershell | Out-String | Invoke-Expression; encee use dev\n"
    )


def run_in(shell: str, script: str, *options: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell with encee in its PATH."""
    return subprocess.run(
        ["env", f"PATH={ENCEE.parent}:{os.environ['PATH']}", shell, *options, "-c", script],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ---- the lines that the shell evaluates


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["use", "--help"],
        ["use", "-h"],
        ["--help"],
        [],
        ["--version"],
        ["status"],
        ["status", "--json"],
        ["use", "absent"],
    ],
)
@pytest.mark.usefixtures("dev_with_session")
def test_the_shell_evaluates_only_lines_for_the_shell(
    encee: Encee, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    now = datetime.now(UTC)
    shown = encee(*arguments, now=now)
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    evaluated = encee(*arguments, now=now)
    assert (evaluated.code, evaluated.out) == (2 if "absent" in arguments else 0, "")
    assert shown.out in evaluated.err


@pytest.mark.usefixtures("dev")
def test_without_a_session_and_a_terminal_exits_with_3(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    for options in ([], ["--no-refresh"]):
        result = encee("use", "dev", *options)
        assert (result.code, result.out) == (3, ""), result.err


@pytest.mark.slow
@pytest.mark.parametrize("shell", list(STARTUP_LINES))
@pytest.mark.usefixtures("dev_with_session")
def test_prints_lines_in_the_syntax_of_the_shell(encee: Encee, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("ENCEE_EVAL", shell)
    expected = "set -gx AWS_PROFILE 'dev-mfa';" if shell == "fish" else FORMS[shell]({"AWS_PROFILE": "dev-mfa"}, [])
    assert f"\n{expected}\n" in encee("use", "dev").out
    assert f"\n{expected}\n" in encee("use", "dev-mfa").out
    assert "AWS_PROFILE" in encee("use", "--none").out


@pytest.mark.usefixtures("dev_with_session")
def test_needs_a_profile_or_none_option(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    for words in (["use"], ["use", "dev", "--none"]):
        result = encee(*words)
        assert (result.code, result.out) == (2, "")
        assert "encee: hint: encee use PROFILE" in result.err


def test_a_section_of_another_tool_is_used_unchanged(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n")
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    result = encee("use", "theirs")
    assert "export AWS_PROFILE=theirs" in result.out.splitlines()
    assert result.err == "this shell uses theirs\n"


@pytest.mark.usefixtures("dev_with_session")
def test_passes_the_files_of_the_options_to_the_shell(
    encee: Encee, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my credentials").write_bytes(home.credentials.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    result = encee("use", "dev", "--credentials-file", "my credentials", "--config-file", str(home.config))
    assert f"export AWS_SHARED_CREDENTIALS_FILE='{tmp_path}/my credentials'" in result.out.splitlines()
    assert f"export AWS_CONFIG_FILE={home.config}" in result.out.splitlines()
    assert "_FILE" not in encee("use", "dev").out.replace("AWS_WEB_IDENTITY_TOKEN_FILE", "")


# ---- without the function


@pytest.mark.parametrize(
    ("shell", "words", "hint"),
    [
        pytest.param("bash", "dev", 'eval "$(encee init bash)"; encee use dev', marks=pytest.mark.needs("bash")),
        ("sh", "dev", "encee shell dev"),
        ("sh", "", "encee shell PROFILE"),
        ("sh", "--none", "encee env --unset prints what to type instead"),
        pytest.param("dash", "dev", "encee shell dev", marks=pytest.mark.needs("dash")),
        pytest.param("zsh", "--none", 'eval "$(encee init zsh)"; encee use --none', marks=pytest.mark.needs("zsh")),
    ],
)
@pytest.mark.usefixtures("home")
def test_without_the_function_prints_a_command_for_the_running_shell(shell: str, words: str, hint: str) -> None:
    line = [shell, "-c", f"{ENCEE} use {words}; exit $?"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1] == f"encee: hint: {hint}"


# ---- the region


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_the_region_of_the_session_profile_wins_over_the_environment(
    encee: Encee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    assert {"AWS_REGION", "AWS_DEFAULT_REGION"} <= {*encee("use", "dev").out.splitlines()[0].split()}


def test_without_a_region_keeps_that_of_the_environment(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(dev.section(), "")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    assert "REGION" not in encee("use", "dev").out


def test_sets_the_region_of_the_source(encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encee("refresh", "dev", "--no-region", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    assert "export AWS_REGION=eu-central-1" in encee("use", "dev").out.splitlines()


@pytest.mark.slow
@pytest.mark.usefixtures("dev_with_session")
def test_refuses_an_expired_session(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_EVAL", "bash")
    result = encee("use", "dev", "--no-refresh", now=datetime.now(UTC) + timedelta(hours=13))
    assert (result.code, result.out) == (3, "")


def test_refreshes_first_with_a_code_of_the_command_line(
    encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCEE_EVAL", "fish")
    result = encee("use", "dev", "-c", dev.device.next_code())
    assert (result.code, "set -gx AWS_PROFILE 'dev-mfa';" in result.out) == (0, True), result.err
    assert len(aws.calls("GetSessionToken")) == 1


# ---- init


@pytest.mark.parametrize("shell", list(Shell))
def test_the_integration_names_its_shell_and_does_not_read_the_home(encee: Encee, home: Home, shell: str) -> None:
    result = encee("init", shell)
    assert (result.code, result.err) == (0, "")
    assert result.out.lower().startswith(f"# encee for {shell}")
    assert home.state() == {}


def test_the_help_has_a_line_for_each_shell() -> None:
    assert [*STARTUP_LINES] == [*Shell]
    assert {*STARTUP_LINES} <= {*FORMS}
    assert {"use", "init", "shell"} <= COMMANDS.keys()


@pytest.mark.usefixtures("home")
def test_on_a_terminal_says_where_to_put_the_line() -> None:
    child = on_terminal("init", "zsh")
    child.expect_exact('this line in ~/.zshrc makes the shell read it: eval "$(encee init zsh)"')
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_refuses_an_unknown_shell(encee: Encee) -> None:
    assert (encee("init", "tcsh").code, encee("init").code) == (2, 2)


@pytest.mark.slow
def test_init_reads_no_file() -> None:
    script = "import sys; from encee.cli.app import main; main(['init', 'zsh']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"encee.profiles.catalog", "encee.awsfile.file", "encee.mfa.code_sources"} & {*done.stderr.split()}
    assert run_encee("init", "zsh").out == done.stdout


# ---- options of the shell


ODD_OPTIONS = {
    "bash": [
        "set -u",
        "set -e",
        "set -C",
        "set -o posix",
        "set -euC -o pipefail",
        "enable -n compopt complete",
    ],
    "zsh": ["setopt ksh_arrays", "emulate sh", "emulate ksh", "setopt nounset", "setopt err_exit", "setopt no_clobber"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "option"),
    [
        pytest.param(shell, option, marks=pytest.mark.needs(shell))
        for shell, options in ODD_OPTIONS.items()
        for option in options
    ],
)
@pytest.mark.usefixtures("dev_with_session")
def test_works_with_options_that_change_the_shell(home: Home, shell: str, option: str) -> None:
    terminal = interactive(
        shell, home.path, *(["autoload -Uz compinit; compinit -u -D"] if shell == "zsh" else []), option
    )
    complaints = terminal.run(INIT[shell]) + terminal.run("true")
    assert not re.search("bad|not found|error|unbound|not set|invalid", complaints), complaints
    shown = terminal.run("encee use dev" if "complete" in option else "encee use de\t")
    assert "this shell uses dev-mfa until" in shown
    assert "error" not in shown
    assert terminal.variables()["AWS_PROFILE"] == "dev-mfa"
    assert "encee 0" in terminal.run("encee --version")
    assert "error" not in terminal.run("encee use --none")
    assert "AWS_PROFILE" not in terminal.variables()
    assert terminal.end() == 0
