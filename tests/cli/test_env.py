"""`encee env`: a session for whatever the person runs, and nothing of another profile."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from encee.cli.env import Shell
from encee.errors import EnceeError
from encee.profiles.export import CLEARED, SHELLS, lines
from tests.cli.conftest import FOREIGN, NASTY
from tests.conftest import ENCEE, Encee, Home, Person, on_terminal
from tests.fake_aws import FakeAws

# ---- what is printed


def test_the_lines_set_the_session_and_unset_what_another_left(encee: Encee, home: Home, fresh: Person) -> None:
    result = encee("env", "dev", "--shell", "bash")
    assert (result.code, result.err) == (0, "")
    first, *exports = result.out.splitlines()
    assert set(first.split()[1:]) | {line.split()[1].split("=")[0] for line in exports} >= set(CLEARED)
    assert "export AWS_REGION=eu-central-1" in exports
    assert fresh.user.access_key.secret not in result.out
    assert any(
        f"AWS_SESSION_TOKEN={line.split(' = ')[1]}" in result.out
        for line in home.credentials.read_text().splitlines()
        if line.startswith("aws_session_token")
    )


@pytest.mark.parametrize("word", ["dev", "dev-mfa"])
@pytest.mark.usefixtures("fresh")
def test_a_profile_means_its_session(encee: Encee, word: str) -> None:
    document = json.loads(encee("env", word, "--shell", "json").out)
    assert document["encee_format"] == 1
    assert document["set"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert document["set"]["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert set(document["set"]) | set(document["unset"]) >= set(CLEARED)


@pytest.mark.usefixtures("fresh")
def test_an_expired_session_prints_nothing_and_ends_with_3(encee: Encee) -> None:
    result = encee("env", "dev", now=datetime.now(UTC) + timedelta(hours=13))
    assert (result.code, result.out) == (3, "")
    assert "the session of dev has expired" in result.err
    assert "encee: hint: encee refresh dev" in result.err


@pytest.mark.usefixtures("dev")
def test_a_missing_session_prints_nothing_and_ends_with_3(encee: Encee) -> None:
    for command in ("env", "process"):
        result = encee(command, "dev")
        assert (result.code, result.out, result.err.count("encee: hint:")) == (3, "", 1), result.err


@pytest.mark.parametrize(("words", "code"), [(["nobody"], 2), ([], 2)])
@pytest.mark.usefixtures("dev")
def test_a_name_that_is_none_ends_with_2(encee: Encee, words: list[str], code: int) -> None:
    assert encee("env", *words).code == code


def test_a_refresh_comes_first_where_it_is_wanted(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    result = encee("env", "dev", "--refresh", "--shell", "json", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    key = json.loads(result.out)["set"]["AWS_ACCESS_KEY_ID"]
    assert key in home.credentials.read_text()
    assert encee("env", "dev", "--refresh", "--shell", "json").code == 0
    assert len(aws.calls("GetSessionToken")) == 1


def test_no_write_leaves_the_files_alone(encee: Encee, home: Home, dev: Person) -> None:
    home.credentials.parent.chmod(0o500)
    before = home.state()
    result = encee("env", "dev", "--refresh", "--no-write", "--shell", "json", "-c", dev.device.next_code())
    home.credentials.parent.chmod(0o700)
    assert result.code == 0, result.err
    assert json.loads(result.out)["set"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert home.state() == before
    assert (
        list(home.credentials.parent.iterdir()) == [home.config, home.credentials]
        or len(list(home.credentials.parent.iterdir())) == 2
    )


def test_the_prompt_is_seen_inside_a_substitution(dev: Person) -> None:
    script = f'eval "$({ENCEE} env dev --refresh --shell bash)" && echo "key=<$AWS_ACCESS_KEY_ID>"'
    child = on_terminal("-c", script, command=Path("/bin/bash"))
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact("key=<ASIA")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.usefixtures("fresh")
def test_secrets_on_the_screen_are_warned_of() -> None:
    child = on_terminal("env", "dev")
    child.expect_exact("encee: warning: secrets are on the screen")
    child.expect(pexpect.EOF)


# ---- what shells make of it


@pytest.mark.parametrize(
    ("shell", "program", "evaluate"),
    [
        ("bash", "bash", 'eval "$({0})"'),
        ("zsh", "zsh", 'eval "$({0})"'),
        ("fish", "fish", "{0} | source"),
        ("fish", "fish", "eval ({0})"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_a_shell_has_every_character_and_nothing_of_another_profile(
    home: Home, monkeypatch: pytest.MonkeyPatch, shell: str, program: str, evaluate: str
) -> None:
    if not shutil.which(program):
        assert not os.environ.get("CI"), f"{program} is missing; make system installs it"
        return
    home.write(FOREIGN)
    for name in CLEARED:
        monkeypatch.setenv(name, "left over")
    show = f"import json, os; print(json.dumps({{n: v for n, v in os.environ.items() if n in {CLEARED!r}}}))"
    script = evaluate.format(f"{ENCEE} env theirs --shell {shell}") + f'\n{sys.executable} -c "{show}"'
    done = subprocess.run([program, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "AWS_ACCESS_KEY_ID": "ASIAQNZGKIQY56JQ7WML",
        "AWS_SECRET_ACCESS_KEY": NASTY,
        "AWS_SESSION_TOKEN": f"token {NASTY}",
    }


def test_powershells_rules_of_quoting_are_kept() -> None:
    # about_Quoting_Rules: a quotation mark in a single-quoted string is doubled; the typographic ones are such, too.
    text = lines("powershell", {"A": NASTY}, cleared=["B"])
    assert text.splitlines()[0] == "Remove-Item -ErrorAction SilentlyContinue Env:B"
    quoted = NASTY.replace("'", "''").replace("\u2018", "\u2018\u2018").replace("\u2019", "\u2019\u2019")
    assert text.splitlines()[1] == f"$Env:A = '{quoted}'"


@pytest.mark.parametrize("shell", ["cmd", "dotenv"])
@pytest.mark.parametrize("value", ['a"b', "a\nb", NASTY])
def test_what_a_form_cannot_carry_is_refused_without_the_value(shell: str, value: str) -> None:
    with pytest.raises(EnceeError) as refused:
        lines(shell, {"AWS_SECRET_ACCESS_KEY": value})
    assert "AWS_SECRET_ACCESS_KEY" in refused.value.message
    assert value not in refused.value.message


def test_dotenv_is_as_docker_reads_it() -> None:
    assert lines("dotenv", {"A": "b/c+d=="}) == "A=b/c+d=="


def test_cmd_sets_and_unsets() -> None:
    assert lines("cmd", {"A": "b/c+d=="}, cleared=["X"]) == 'set "X="\nset "A=b/c+d=="'


def test_every_form_is_an_option() -> None:
    assert [shell.value for shell in Shell] == list(SHELLS)


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.usefixtures("fresh")
def test_the_shell_is_guessed(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    marker = {"bash": "export ", "fish": "set -gx "}[shell]
    done = subprocess.run(["sh", "-c", f"{ENCEE} env dev; true"], capture_output=True, text=True, check=False)
    assert marker in done.stdout


def test_unset_needs_no_profile(encee: Encee) -> None:
    assert set(encee("env", "--unset", "--shell", "bash").out.split()) >= {"unset", *CLEARED}
