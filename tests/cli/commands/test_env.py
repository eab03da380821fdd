"""`encee env`: the variables of a session, and none of another profile."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pexpect
import pytest

from encee.cli.commands.env import Shell
from encee.profiles.export import CLEARED, SHELLS
from tests.cli.conftest import FOREIGN
from tests.conftest import ENCEE, NO_PRIVILEGES, Encee, Home, Person, on_terminal, run_encee
from tests.fake_aws import FakeAws

# ---- output


def test_the_lines_set_the_session_and_unset_other_credentials(
    encee: Encee, home: Home, dev_with_session: Person
) -> None:
    result = encee("env", "dev", "--shell", "bash")
    assert (result.code, result.err) == (0, "")
    first, *exports = result.out.splitlines()
    assert set(first.split()[1:]) | {line.split()[1].split("=")[0] for line in exports} >= set(CLEARED)
    assert "export AWS_REGION=eu-central-1" in exports
    assert dev_with_session.user.access_key.secret not in result.out
    assert any(
        f"AWS_SESSION_TOKEN={line.split(' = ')[1]}" in result.out
        for line in home.credentials.read_text().splitlines()
        if line.startswith("aws_session_token")
    )


@pytest.mark.parametrize("word", ["dev", "dev-mfa"])
@pytest.mark.usefixtures("dev_with_session")
def test_a_profile_name_prints_its_session(encee: Encee, word: str) -> None:
    document = json.loads(encee("env", word, "--shell", "json").out)
    assert document["encee_format"] == 1
    assert document["set"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert document["set"]["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert set(document["set"]) | set(document["unset"]) >= set(CLEARED)


@pytest.mark.usefixtures("dev_with_session")
def test_an_expired_session_prints_nothing_and_exits_with_3(encee: Encee) -> None:
    result = encee("env", "dev", now=datetime.now(UTC) + timedelta(hours=13))
    assert (result.code, result.out) == (3, "")
    assert "the session of dev has expired" in result.err
    assert "encee: hint: encee refresh dev" in result.err


@pytest.mark.usefixtures("dev")
def test_a_missing_session_prints_nothing_and_exits_with_3(encee: Encee) -> None:
    for command in ("env", "process"):
        result = encee(command, "dev")
        assert (result.code, result.out, result.err.count("encee: hint:")) == (3, "", 1), result.err


@pytest.mark.parametrize(("words", "code"), [(["absent"], 2), ([], 2)])
@pytest.mark.usefixtures("dev")
def test_an_unknown_name_exits_with_2(encee: Encee, words: list[str], code: int) -> None:
    assert encee("env", *words).code == code


def test_refreshes_first_on_request(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    result = encee("env", "dev", "--refresh", "--shell", "json", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    key = json.loads(result.out)["set"]["AWS_ACCESS_KEY_ID"]
    assert key in home.credentials.read_text()
    assert encee("env", "dev", "--refresh", "--shell", "json").code == 0
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.needs("setpriv")
@pytest.mark.parametrize("by_command", [False, True])
def test_no_write_leaves_read_only_files_unchanged(home: Home, dev: Person, aws: FakeAws, by_command: bool) -> None:
    code = dev.device.next_code()
    if by_command:
        home.write(dev.section() + f"mfa_process = echo {code}\n")
    for path in (home.credentials, home.config, home.credentials.parent):
        path.chmod(0o500 if path.is_dir() else 0o400)
    before = home.state()
    command = [*NO_PRIVILEGES, str(ENCEE), "env", "dev", "--refresh", "--no-write", "--shell", "json"]
    done = subprocess.run(
        [*command, *([] if by_command else ["-c", code])], capture_output=True, text=True, check=False
    )
    names = sorted(path.name for path in home.credentials.parent.iterdir())
    home.credentials.parent.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["set"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert (home.state(), names) == (before, ["config", "credentials"])
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.usefixtures("dev_with_session")
def test_warns_of_secrets_on_the_screen() -> None:
    child = on_terminal("env", "dev")
    child.expect_exact("encee: warning: secrets are on the screen")
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.usefixtures("dev_with_session")
def test_does_not_warn_of_secrets_in_a_pipe(encee: Encee) -> None:
    assert encee("env", "dev").err == ""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev_with_session")
def test_no_format_prints_an_expired_session(encee: Encee, shell: str) -> None:
    result = encee("env", "dev", "--shell", shell, now=datetime.now(UTC) + timedelta(hours=12, seconds=1))
    assert (result.code, result.out) == (3, "")


@pytest.mark.parametrize("option", ["--code=123456", "--code-command=false", "--duration=1h"])
@pytest.mark.usefixtures("dev_with_session")
def test_refresh_options_need_refresh(encee: Encee, option: str) -> None:
    result = encee("env", "dev", option)
    assert (result.code, result.out) == (2, "")
    assert f"encee: hint: encee env dev --refresh {option.replace('=', ' ')}\n" in result.err


@pytest.mark.usefixtures("dev_with_session")
def test_refuses_a_secret_that_the_output_encoding_lacks(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(FOREIGN)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = run_encee("env", "theirs", "--shell", "bash")
    assert (result.code, result.out) == (1, "")
    assert "encee: error: the output's encoding, ascii, lacks a character of it" in result.err
    assert "encee: hint: put PYTHONIOENCODING=utf-8" in result.err


# ---- the region


def regions(encee: Encee, word: str) -> set[str | None]:
    variables = json.loads(encee("env", word, "--shell", "json").out)["set"]
    return {variables.get("AWS_REGION"), variables.get("AWS_DEFAULT_REGION")}


def test_prints_the_region_of_the_session_profile_or_its_source(
    encee: Encee, home: Home, dev_with_session: Person
) -> None:
    credentials = home.credentials.read_text()
    assert regions(encee, "dev") == {"eu-central-1"}
    home.write(credentials, "[profile dev]\nregion = a\n[profile dev-mfa]\nregion = b\n")
    assert regions(encee, "dev") == {"b"}
    home.write(credentials, "[profile dev]\nregion = a\n")
    assert regions(encee, "dev-mfa") == {"a"}
    assert dev_with_session.user.access_key.id in credentials


@pytest.mark.usefixtures("dev_with_session")
def test_without_a_region_keeps_that_of_the_environment(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(home.credentials.read_text(), "[default]\nregion = a\n")
    monkeypatch.setenv("AWS_REGION", "mine")
    assert regions(encee, "dev") == {None}
    assert "REGION" not in encee("env", "dev", "--shell", "bash").out


# ---- profiles


def test_a_role_name_prints_its_session(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    arn = aws.create_role("admin", {"Version": "2012-10-17", "Statement": [trust]})
    home.write(dev.section(), f"[profile admin]\nrole_arn = {arn}\nsource_profile = dev\nregion = eu-west-3\n")
    assert encee("env", "admin").code == 3
    result = encee("env", "admin", "--refresh", "--shell", "json", "-c", dev.device.next_code())
    variables = json.loads(result.out)["set"]
    assert variables["AWS_REGION"] == "eu-west-3"
    assert f"[admin-mfa]\naws_access_key_id = {variables['AWS_ACCESS_KEY_ID']}\n" in home.credentials.read_text()


THEIRS = "aws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"


@pytest.mark.parametrize(
    "section",
    [
        f"[word]\n{THEIRS}",
        f"[word]\n{THEIRS}expiration = 2026-11-22 14:00:00\n",
        f"[word]\n{THEIRS}x_security_token_expires = 2026-11-22T14:00:00Z\n",
        f"[word]\n{THEIRS.replace('session_token', 'security_token')}",
        f"[word]\n{THEIRS}manager = another\n",
        # the layout of aws-mfa, and a session with the name that encee would use
        f"[word-long-term]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n[word]\n{THEIRS}",
        f"[w]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n[word]\n{THEIRS}",
        # copied without its source, as into a container
        f"[word]\n{THEIRS}expiration = 2026-11-22T14:00:00Z\nmanager = encee\nencee_source = gone\n",
    ],
)
def test_prints_a_section_with_a_session_unchanged(encee: Encee, home: Home, section: str) -> None:
    home.write(section, "[profile w]\nencee_session_profile = word\n")
    result = encee("env", "word", "--shell", "json", now=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert result.code == 0, result.err
    assert json.loads(result.out)["set"]["AWS_ACCESS_KEY_ID"] == "ASIAX"


def test_the_hint_for_the_session_of_another_tool_is_no_refresh(encee: Encee, home: Home) -> None:
    home.write(f"[word]\n{THEIRS}expiration = 2020-01-01T00:00:00Z\n")
    for command in (["env"], ["process"], ["exec"]):
        result = encee(*command, "word", *(["true"] if command == ["exec"] else []))
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "encee: error: the session of word has expired\nencee: hint: renew it with the tool that made it\n"
        )


def test_refreshes_an_expired_session_of_aws_mfa(encee: Encee, home: Home, person: Person) -> None:
    theirs = f"[dev]\n{THEIRS}assumed_role = False\nexpiration = 2020-01-01 00:00:00\n"
    home.write(person.section("dev-long-term") + theirs)
    assert "encee: hint: encee refresh dev-long-term" in encee("env", "dev").err
    result = encee("env", "dev", "--refresh", "--shell", "json", "-c", person.device.next_code())
    assert result.code == 0, result.err
    assert json.loads(result.out)["set"]["AWS_ACCESS_KEY_ID"] in home.credentials.read_text()


@pytest.mark.usefixtures("dev")
def test_never_prints_long_term_keys(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section() + f"[dev-mfa]\n{dev.section().split(chr(10), 1)[1]}manager = encee\nencee_source = dev\n")
    for word in ("dev", "dev-mfa"):
        for command in ("env", "process"):
            result = encee(command, word)
            assert result.code in {2, 3, 5}
            assert (result.out, dev.user.access_key.secret in result.err) == ("", False)


def test_each_format_is_an_option() -> None:
    assert [shell.value for shell in Shell] == list(SHELLS)


def test_unset_needs_no_profile(encee: Encee) -> None:
    for words in ([], ["absent"]):
        result = encee("env", "--unset", "--shell", "bash", *words)
        assert (result.code, result.err) == (0, "")
        assert set(result.out.split()) == {"unset", *CLEARED, "AWS_REGION", "AWS_DEFAULT_REGION"}


@pytest.mark.usefixtures("dev_with_session")
def test_nu_gets_a_record_with_null_for_unset_variables(encee: Encee) -> None:
    as_json = json.loads(encee("env", "dev", "--shell", "json").out)
    record = json.loads(encee("env", "dev", "--shell", "nu").out)
    assert record == {**dict.fromkeys(as_json["unset"]), **as_json["set"]}
