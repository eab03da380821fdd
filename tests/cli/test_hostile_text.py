"""Terminal sequences in files, arguments and responses never reach the terminal."""

import json
import re

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, Result, on_terminal, shown
from tests.fake_aws import FakeAws, faults

TRICKS = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2066\u200b\u2028\x08"
"""Sequences that clear, name the window, colour, reverse, isolate, hide, end a line, return."""

ROLE = "arn:aws:iam::123456789012:role/admin"


def assert_harmless(text: str) -> None:
    found = {character for character in text if not character.isprintable()} - {"\n"}
    assert found == set(), text


def assert_all_harmless(result: Result) -> Result:
    assert_harmless(result.out)
    assert_harmless(result.err)
    return result


@pytest.fixture
def odd_user(home: Home, person: Person) -> Person:
    """A user whose profiles have such names and values."""
    name = f"dev{TRICKS}"
    config = f"[profile {name}]\nregion = eu{TRICKS}\noutput = {TRICKS}\n"
    config += f"[profile role{TRICKS}]\nrole_arn = {ROLE}{TRICKS}\nsource_profile = {name}\n"
    config += f"[profile lost{TRICKS}]\nrole_arn = {ROLE}\nsource_profile = absent{TRICKS}\n"
    config += f"[profile loop{TRICKS}]\nrole_arn = {ROLE}\nsource_profile = loop{TRICKS}\n"
    config += f"[profile long]\nrole_arn = {ROLE}\nsource_profile = plain\nduration_seconds = 1{TRICKS}\n"
    config += f"[profile named]\nrole_arn = {ROLE}\nsource_profile = plain\nrole_session_name = n{TRICKS}\n"
    config += f"[profile plain]\nencee_duration = 9{TRICKS}\nencee_session_profile = to{TRICKS}\n"
    credentials = person.section(name) + person.section("plain")
    credentials += f"[swapped]\naws_access_key_id = AKIA{TRICKS}\naws_secret_access_key = s\nmfa_serial = {TRICKS}\n"
    credentials += f"[theirs]\naws_access_key_id = ASIA{TRICKS}\naws_secret_access_key = s\naws_session_token = t\n"
    credentials += f"manager = their{TRICKS}tool\nexpiration = 2030-01-01{TRICKS}\n"
    credentials += "[orphan]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"
    credentials += "expiration = 2030-01-01T00:00:00Z\nmanager = encee\nencee_source = gone%1B%5B2J\n"
    home.write(credentials, config)
    return person


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--check"],
        ["status", "dev*"],
        ["status", "--check", f"dev{TRICKS}"],
        ["status", f"no{TRICKS}"],
        ["status", "--expiring", TRICKS],
        ["refresh", "-c", "123456"],
        ["refresh", "--dry-run", f"dev{TRICKS}", "--to", "new"],
        ["refresh", f"dev{TRICKS}", "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "-c", TRICKS],
        ["refresh", f"dev{TRICKS}", "--to", TRICKS, "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--to", "new", "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--to", "new", "--region", TRICKS, "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--to", "new", "--mfa-serial", TRICKS, "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--to", "theirs", "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--to", "new"],
        ["refresh", f"role{TRICKS}", f"lost{TRICKS}", f"loop{TRICKS}", "long", "named", "plain", "swapped", "theirs"],
        ["refresh", "orphan", "-c", "123456"],
        ["refresh", f"dev{TRICKS}", "--duration", TRICKS],
        ["refresh", f"dev{TRICKS}", "--to", "new", "--code-command", f"echo '{TRICKS}'"],
        ["refresh", f"--{TRICKS}"],
        [f"re{TRICKS}fresh"],
        ["env", f"dev{TRICKS}"],
        ["env", "dev", "--shell", TRICKS],
        ["exec", f"dev{TRICKS}", "--", "true"],
        ["process", f"dev{TRICKS}"],
        ["process", "theirs"],
        ["clear", f"dev{TRICKS}"],
        ["clear", "orphan"],
        ["clear", "theirs"],
        ["status", "--credentials-file", f"/tmp/{TRICKS}/{TRICKS}"],
        ["refresh", "dev", "-c", "123456", "--credentials-file", f"/dev/null/{TRICKS}"],
    ],
    ids=repr,
)
@pytest.mark.usefixtures("odd_user")
def test_no_output_contains_terminal_sequences_of_files_or_arguments(encee: Encee, words: list[str]) -> None:
    assert_all_harmless(encee(*words))
    if words[0] in {"status", "refresh", "clear"}:
        assert_all_harmless(encee(*words, "--json"))


@pytest.mark.slow
def test_the_messages_of_a_refresh_contain_no_terminal_sequences(encee: Encee, odd_user: Person) -> None:
    name = f"dev{TRICKS}"
    code = odd_user.device.next_code()
    result = assert_all_harmless(encee("refresh", name, "--to", "new", "--region", "eu-west-1", "--json", "-c", code))
    assert result.code == 0, result.err
    assert json.loads(result.out)["profiles"][0]["profile"] == name


@pytest.mark.slow
def test_does_not_print_terminal_sequences_for_a_shell(encee: Encee, dev: Person, home: Home) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    home.config.write_text(f"[profile dev-mfa]\nregion = eu{TRICKS}\n")
    for shell in ("bash", "zsh", "fish"):
        child = on_terminal("env", "dev", "--shell", shell)
        child.expect(pexpect.EOF)
        child.close()
        shown = (child.before or "").replace("\r", "")
        assert_harmless(shown)
        assert child.exitstatus == 1
        assert "AWS_REGION" in shown
    result = assert_all_harmless(encee("env", "dev", "--shell", "json"))
    assert json.loads(result.out)["set"]["AWS_REGION"] == f"eu{TRICKS}"


@pytest.mark.slow
@pytest.mark.parametrize("action", ["GetSessionToken", "ListMFADevices"])
def test_messages_of_aws_contain_no_terminal_sequences(
    encee: Encee, home: Home, person: Person, aws: FakeAws, action: str
) -> None:
    home.write(person.section(serial=action == "GetSessionToken"))
    # XML does not allow most of these characters, so AWS can send only these.
    said = "Denied \N{RIGHT-TO-LEFT OVERRIDE}\u2066\u200b\u2028\x9b31m"
    aws.fault(action, faults.error(f"Odd{said}", said, 403), times=3)
    result = assert_all_harmless(encee("refresh", "dev", "-c", person.device.next_code()))
    assert result.code in {2, 4}
    assert "Denied \ufffd" in result.err
    aws.fault(action, faults.error(f"Odd{said}", said, 403), times=3)
    assert_all_harmless(encee("refresh", "dev", "--json", "-c", person.device.next_code()))


@pytest.mark.slow
def test_a_prompt_contains_no_terminal_sequences(home: Home, person: Person) -> None:
    home.write(person.section(f"dev{TRICKS}"), f"[profile dev{TRICKS}]\nregion = eu-west-1\n")
    child = on_terminal("refresh", f"dev{TRICKS}", "--to", "new")
    child.expect_exact("phone):")
    prompt = str(child.before)
    assert "MFA code for dev\ufffd[2J\ufffd]0;title" in prompt
    assert_harmless(prompt.replace("\r\n", "\n"))
    child.sendline(person.device.next_code())
    shown = child.read()
    assert child.wait() == 0
    assert_harmless(shown.replace("\r\n", "\n"))


@pytest.mark.slow
def test_a_table_contains_no_sequences_except_its_colours(home: Home, odd_user: Person) -> None:
    del odd_user
    child = on_terminal("status")
    drawn = child.read()
    assert child.wait() == 0
    assert home.credentials.exists()
    assert_harmless(re.sub(r"\x1b\[[0-9;]*m", "", drawn).replace("\r\n", "\n"))
    assert "\x1b[2J" not in drawn
    assert "\x1b[31m" not in drawn.partition("orphan")[0]


def test_a_traceback_contains_no_terminal_sequences(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_DEBUG", "1")
    home.write(f"[dev]\nx{TRICKS}\n")
    assert_all_harmless(encee("refresh", f"dev{TRICKS}", "-c", "123456"))


@pytest.mark.slow
def test_a_hint_can_be_pasted_with_any_name(encee: Encee, home: Home, dev: Person) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    evil = home.path / "a; touch evil"
    evil.mkdir()
    result = encee("exec", "dev", "--", str(evil))
    assert (result.code, f"hint: ls -l {shown(evil)}\n" in result.err) == (126, True), result.err
    file = evil / "credentials"
    file.write_text(dev.section())
    file.chmod(0o644)
    result = encee("refresh", "dev", "--credentials-file", str(file), "-c", dev.device.next_code())
    assert (result.code, f": chmod 600 {shown(file)}\n" in result.err) == (0, True), result.err
