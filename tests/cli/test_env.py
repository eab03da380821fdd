"""`encee env`, `exec` and `process`: a session for whatever the person runs, and nothing of another profile."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pexpect
import pytest

from encee.cli.env import Shell
from encee.errors import EnceeError
from encee.profiles.export import CLEARED, SHELLS, lines
from tests.conftest import AWS, ENCEE, Encee, Home, Person, on_terminal, run_aws, run_encee
from tests.fake_aws import FakeAws

NASTY = """a$b `c` 'd' "e" \\f %g% !h $(i) \u2018j\u2019 é *"""
FOREIGN = f"""\
[theirs]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = {NASTY}
aws_session_token = token {NASTY}
"""


@pytest.fixture
def fresh(encee: Encee, dev: Person) -> Person:
    """The person, with a valid session."""
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    return dev


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


# ---- exec


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


# ---- process


def test_the_real_readers_take_the_process(home: Home, fresh: Person, aws: FakeAws) -> None:
    region = "region = eu-west-1\n"
    home.config.write_text(f"[profile via]\n{region}credential_process = {ENCEE} process dev\n[profile dev]\n{region}")
    who = run_aws("--profile", "via", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (who.code, who.out.strip()) == (0, fresh.user.arn), who.err
    assert boto3.Session(profile_name="via").client("sts").get_caller_identity()["Arn"] == fresh.user.arn
    assert {call.access_key_id[:4] for call in aws.calls("GetCallerIdentity")} == {"ASIA"}


@pytest.mark.usefixtures("dev")
def test_the_aws_command_fails_readably_when_the_session_is_over(home: Home) -> None:
    home.config.write_text(f"[profile via]\nregion = eu-west-1\ncredential_process = {ENCEE} process dev\n")
    who = run_aws("--profile", "via", "sts", "get-caller-identity")
    assert who.code != 0
    assert "encee: hint: encee refresh dev" in who.err


def test_the_document_is_what_sdks_expect(encee: Encee, fresh: Person) -> None:
    document = json.loads(encee("process", "dev").out)
    assert document.keys() == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert document["Version"] == 1
    assert document["AccessKeyId"] != fresh.user.access_key.id


def test_eight_processes_at_once_make_one_call(home: Home, dev: Person, aws: FakeAws) -> None:
    aws.latency = 0.2
    home.write(dev.section() + f"mfa_process = echo {dev.device.next_code()}\n")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: run_encee("process", "dev"), range(8)))
    assert [result.code for result in results] == [0] * 8, [result.err for result in results]
    assert len({json.loads(result.out)["AccessKeyId"] for result in results}) == 1
    assert len(aws.calls("GetSessionToken")) == 1


def test_a_session_that_ends_soon_is_renewed_only_where_nobody_is_asked(
    encee: Encee, home: Home, fresh: Person, aws: FakeAws
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=11, minutes=50)
    old = json.loads(encee("process", "dev", now=soon).out)["AccessKeyId"]
    assert old in home.credentials.read_text()
    code = fresh.device.next_code()
    new = json.loads(encee("process", "dev", "--code-command", f"echo {code}", now=soon).out)["AccessKeyId"]
    assert new != old
    assert len(aws.calls("GetSessionToken")) == 2


@pytest.mark.usefixtures("dev")
def test_a_process_never_asks_even_on_a_terminal() -> None:
    child = on_terminal("process", "dev")
    begin = time.monotonic()
    child.expect(pexpect.EOF)
    assert child.wait() == 3
    assert "MFA code" not in (child.before or "")
    assert time.monotonic() - begin < 10
