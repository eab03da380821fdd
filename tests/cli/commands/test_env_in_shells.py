"""`encee env` in real shells: the variables that they get, and the syntax that it selects."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from encee.profiles.export import CLEARED
from tests.cli.conftest import FOREIGN, NASTY
from tests.conftest import AWS, ENCEE, NEW_MOUNTS, Home, Person, mounts, on_terminal
from tests.fake_aws import FakeAws

THEIRS = {
    "AWS_ACCESS_KEY_ID": "ASIAQNZGKIQY56JQ7WML",
    "AWS_SECRET_ACCESS_KEY": NASTY,
    "AWS_SESSION_TOKEN": f"token {NASTY}",
}
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")

BASH, ZSH, FISH, TCSH = (pytest.mark.needs(name) for name in ("bash", "zsh", "fish", "tcsh"))
START = defaultdict(lambda: ["-c"], tcsh=["-f", "-c"])
"""The command of each shell that runs a script; the start-up file of tcsh needs `$prompt`."""

PASTE = "paste"
"""Stands for the lines themselves, typed at the prompt."""


def evaluations(*more: tuple[str, str]) -> pytest.MarkDecorator:
    """Run a test in each shell, with each usual way to evaluate the output of a command."""
    marks = {"bash": BASH, "zsh": ZSH, "fish": FISH, "tcsh": TCSH}
    usual = (
        ("bash", 'eval "$({0})"'),
        ("bash", "source <({0})"),
        ("zsh", 'eval "$({0})"'),
        ("zsh", "source <({0})"),
        ("fish", "{0} | source"),
        ("fish", "eval ({0})"),
        ("tcsh", 'eval "`{0}`"'),
    )
    return pytest.mark.parametrize(
        ("program", "evaluate"), [pytest.param(*one, marks=marks[one[0]]) for one in (*usual, *more)]
    )


@pytest.fixture
def stale_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set all variables of another profile."""
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")


@pytest.fixture
def print_variables(tmp_path: Path) -> Path:
    """Create a program that prints the AWS_ variables as JSON."""
    file = tmp_path / "show"
    file.write_text(
        f"#!{sys.executable}\nimport json, os\n"
        "print(json.dumps({name: value for name, value in os.environ.items() if name.startswith('AWS_')}))\n"
    )
    file.chmod(0o700)
    return file


def run_in(program: str, *commands: str) -> str:
    """Run these commands in a shell and return its output; it must print no error."""
    done = subprocess.run([program, *START[program], "\n".join(commands)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def session_variables(printed: str) -> dict[str, str]:
    return {name: value for name, value in json.loads(printed).items() if name in CLEARED}


# ---- variables


@evaluations()
@pytest.mark.usefixtures("aws", "stale_variables")
def test_a_shell_gets_each_character_and_nothing_of_another_profile(
    home: Home, print_variables: Path, program: str, evaluate: str
) -> None:
    home.write(FOREIGN)
    printed = run_in(program, evaluate.format(f"{ENCEE} env theirs --shell {program}"), str(print_variables))
    assert session_variables(printed) == THEIRS


@pytest.mark.slow
@evaluations(("bash", PASTE), ("zsh", PASTE))
@pytest.mark.usefixtures("aws", "stale_variables")
def test_an_interactive_shell_gets_the_variables(
    home: Home, monkeypatch: pytest.MonkeyPatch, print_variables: Path, program: str, evaluate: str
) -> None:
    home.write(FOREIGN)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    arguments = {
        "bash": ["--norc", "-i"],
        "zsh": ["-f", "-i"],
        "fish": ["--no-config", "-i"],
        "tcsh": ["-f", "-i"],
    }[program]
    child = pexpect.spawn(program, arguments, encoding="utf-8", timeout=20, dimensions=(24, 250))
    child.delaybeforesend = None
    command = f"{ENCEE} env theirs"
    lines = [evaluate.format(command)]
    if evaluate == PASTE:
        lines = subprocess.run(
            f"{command} --shell {program}".split(), capture_output=True, text=True, check=True
        ).stdout.splitlines()
    output = home.path / "shown"
    for line in [*lines, f"{print_variables} > {output}", "exit"]:
        child.send(f"{line}\r")
    child.expect(pexpect.EOF)
    assert session_variables(output.read_text()) == THEIRS


@pytest.mark.slow
@evaluations()
@pytest.mark.usefixtures("stale_variables")
def test_aws_uses_the_session_in_the_shell(
    home: Home, dev_with_session: Person, aws: FakeAws, program: str, evaluate: str
) -> None:
    who = f"{AWS} sts get-caller-identity --query Arn --output text"
    before = subprocess.run(who.split(), capture_output=True, text=True, check=False)
    assert before.returncode != 0  # a remaining variable would win
    assert (
        run_in(program, evaluate.format(f"{ENCEE} env dev --shell {program}"), who).strip() == dev_with_session.user.arn
    )
    assert {call.access_key_id[:4] for call in aws.calls("GetCallerIdentity")} == {"ASIA"}
    assert dev_with_session.user.access_key.id in home.credentials.read_text()


@pytest.mark.slow
@evaluations()
@pytest.mark.usefixtures("aws", "stale_variables")
def test_unset_removes_all_variables(home: Home, print_variables: Path, program: str, evaluate: str) -> None:
    home.write(FOREIGN + "region = eu-west-1\n")
    load, unload = (evaluate.format(f"{ENCEE} env {what} --shell {program}") for what in ("theirs", "--unset"))
    loaded, unloaded = map(
        json.loads, run_in(program, load, str(print_variables), unload, str(print_variables)).splitlines()
    )
    assert {loaded[name] for name in REGIONS} == {"eu-west-1"}
    assert not {*CLEARED, *REGIONS} & unloaded.keys()


@pytest.mark.slow
@evaluations()
@pytest.mark.usefixtures("dev_with_session")
def test_an_expired_session_changes_nothing_in_the_shell(
    home: Home, monkeypatch: pytest.MonkeyPatch, print_variables: Path, program: str, evaluate: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "another")
    home.write(home.credentials.read_text().replace("expiration = 20", "expiration = 19"))
    script = [evaluate.format(f"{ENCEE} env dev --shell {program}"), str(print_variables)]
    command = [program, *START[program], "\n".join(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "encee: hint: encee refresh dev" in done.stderr
    assert session_variables(done.stdout) == {"AWS_PROFILE": "another"}


# ---- the prompt inside a substitution


def prompt_in(program: str, *arguments: str) -> "pexpect.spawn[str]":
    child = on_terminal(*arguments, command=program)
    child.expect_exact("MFA code for dev")
    return child


@pytest.mark.needs("bash")
def test_shows_the_prompt_inside_a_substitution(dev: Person) -> None:
    script = f'eval "$({ENCEE} env dev --refresh --shell bash)" && echo "key=<$AWS_ACCESS_KEY_ID>"'
    child = prompt_in("bash", "-c", script)
    child.sendline(dev.device.next_code())
    child.expect_exact("key=<ASIA")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.needs("bash")
@pytest.mark.usefixtures("dev")
def test_ctrl_c_at_the_prompt_changes_nothing_in_the_shell(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "another")
    before = home.state()
    script = f'trap : INT; lines=$({ENCEE} env dev --refresh --shell bash); echo $? "<$lines>" <$AWS_PROFILE>'.replace(
        "<$AWS_PROFILE>", '"<$AWS_PROFILE>"'
    )
    child = prompt_in("bash", "-c", script)
    child.send("\x03")
    child.expect_exact("130 <> <another>")
    child.expect(pexpect.EOF)
    assert home.state() == before


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("program", "evaluate"),
    [
        pytest.param("bash", 'eval "$({0})"', marks=BASH),
        pytest.param("zsh", 'eval "$({0})"', marks=ZSH),
        pytest.param("fish", "{0} | source", marks=FISH),
        pytest.param("fish", "eval ({0})", marks=FISH),
    ],
)
def test_ctrl_z_at_the_prompt_does_not_hang_the_shell(dev: Person, program: str, evaluate: str) -> None:
    # The shell is nested, because only then its jobs can be stopped.
    child = on_terminal("--norc", "-i", command="bash")
    child.sendline(f"{program} {'--no-config' if program == 'fish' else '-i'}")
    child.sendline(evaluate.format(f"{ENCEE} env dev --refresh"))
    child.expect_exact("MFA code for dev")
    child.send("\x1a")
    with pytest.raises(pexpect.TIMEOUT):
        child.expect_exact("topped", timeout=0.5)
    child.sendline(dev.device.next_code())
    child.sendline('echo "key=<$AWS_ACCESS_KEY_ID>"')
    child.expect_exact("key=<ASIA")
    child.close(force=True)


# ---- selection of the syntax


SYNTAX = {"setenv ": "tcsh", "export ": "posix", "set -gx ": "fish", "$Env:": "powershell"}


def syntax(printed: str) -> str:
    return next(name for mark, name in SYNTAX.items() if any(line.startswith(mark) for line in printed.splitlines()))


def rename_shell(name: str) -> Callable[[Path], str]:
    """Create a shell with another name."""

    def make(folder: Path) -> str:
        (folder / name).symlink_to(str(shutil.which("sh")))
        return str(folder / name)

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "login", "wanted"),
    [
        pytest.param("bash", "fish", "posix", marks=BASH),
        pytest.param("zsh", "fish", "posix", marks=ZSH),
        pytest.param("fish", "bash", "fish", marks=FISH),
        ("sh", "fish", "posix"),
        ("dash", "fish", "posix"),
        ("ksh", "fish", "posix"),
        ("pwsh", "bash", "powershell"),
        pytest.param("tcsh", "bash", "tcsh", marks=TCSH),
    ],
)
@pytest.mark.usefixtures("dev_with_session")
def test_writes_for_the_shell_that_runs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, login: str, wanted: str
) -> None:
    monkeypatch.setenv("SHELL", f"/usr/bin/{login}")
    path = program if program in {"bash", "zsh", "fish", "tcsh"} else rename_shell(program)(tmp_path)
    assert syntax(run_in(path, f"{ENCEE} env dev", "true")) == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("login", "wanted"),
    [("/bin/bash", "posix"), ("/usr/bin/fish", "fish"), ("", "posix"), ("/bin/tcsh", "tcsh"), ("/bin/csh", "tcsh")],
)
@pytest.mark.usefixtures("dev_with_session")
def test_writes_for_the_login_shell_if_no_shell_runs_it(
    monkeypatch: pytest.MonkeyPatch, login: str, wanted: str
) -> None:
    monkeypatch.setenv("SHELL", login)
    done = subprocess.run([ENCEE, "env", "dev"], capture_output=True, text=True, check=True)
    assert syntax(done.stdout) == wanted


@pytest.mark.slow
@pytest.mark.parametrize(("program", "login"), [("xonsh", "bash"), ("elvish", "zsh"), (sys.executable, "xonsh")])
@pytest.mark.usefixtures("dev_with_session")
def test_refuses_an_unknown_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, login: str) -> None:
    monkeypatch.setenv("SHELL", f"/usr/bin/{login}")
    command = [sys.executable, "-c", f"import subprocess; subprocess.run(['{ENCEE}', 'env', 'dev'])"]
    if program != sys.executable:
        command = [rename_shell(program)(tmp_path), "-c", f"{ENCEE} env dev; true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    unknown = login if program == sys.executable else program
    assert done.stdout == ""
    assert f"encee: error: encee does not know how {unknown} sets variables\n" in done.stderr


@pytest.mark.slow
@mounts
@pytest.mark.parametrize(
    ("parent", "wanted"), [("-fish", "fish"), ("/opt/bin/fish", "fish"), ("tmux", "posix"), ("", "posix")]
)
@pytest.mark.usefixtures("dev_with_session")
def test_without_proc_asks_ps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, parent: str, wanted: str) -> None:
    ps = tmp_path / "ps"
    ps.write_text(f"#!/bin/sh\ntest \"$1 $2 $3\" = '-o comm= -p' && test \"$4\" -gt 1 && echo '{parent}'\n")
    ps.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SHELL", "/bin/zsh")
    script = f"mount -t tmpfs none /proc && {ENCEE} env dev; true"
    done = subprocess.run([*NEW_MOUNTS, "sh", "-c", script], capture_output=True, text=True, check=False)
    assert syntax(done.stdout) == wanted


# ---- in a locale that is not UTF-8


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["init", "bash"],
        ["init", "zsh"],
        ["init", "fish"],
        ["init", "powershell"],
        ["env", "dev"],
        ["status"],
        ["doctor"],
        ["policy", "show", "mfa-required"],
        ["refresh", "dev", "--force", "--code", "000000"],
        ["import", "csv", "keys.csv", "--dry-run"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
@pytest.mark.usefixtures("dev_with_session")
def test_reads_no_text_in_the_encoding_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "keys.csv").write_bytes(b"Access key ID,Secret access key\n")
    monkeypatch.setenv("PYTHONWARNDEFAULTENCODING", "1")
    done = subprocess.run([ENCEE, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "EncodingWarning" in line and "/encee/" in line] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
@pytest.mark.parametrize("encoding", ["euc_jp", "gbk", "euc_kr", "latin-1", "ascii"])
def test_prints_the_integration_in_each_encoding(monkeypatch: pytest.MonkeyPatch, shell: str, encoding: str) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = subprocess.run([ENCEE, "init", shell], capture_output=True, check=True)
    assert b"function encee" in done.stdout
