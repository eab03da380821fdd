"""Users of aws-mfa can switch without editing their files."""

import pexpect
import pytest
from botocore.configloader import raw_config_parse

from tests.conftest import ROOT, Encee, Home, Person, on_terminal, run_aws
from tests.fake_aws import FakeAws

AWS_MFA = ROOT / ".venv-aws-mfa" / "bin" / "aws-mfa"


def write_long_term_section(person: Person, name: str) -> str:
    key = person.user.access_key
    return (
        f"[{name}-long-term]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        f"aws_mfa_device = {person.device.serial}\n"
    )


def run_aws_mfa(person: Person, *arguments: str) -> None:
    """Run the real aws-mfa, which writes its section."""
    child = on_terminal(*arguments, command=AWS_MFA)
    child.expect("Enter AWS MFA code")
    child.sendline(person.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0, child.before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", pytest.param("dev", marks=pytest.mark.slow)])
def test_adopts_a_section_that_aws_mfa_wrote(
    encee: Encee, home: Home, person: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    home.write(write_long_term_section(person, name))
    run_aws_mfa(person, "--profile", name, "--duration", "3600")
    theirs = raw_config_parse(str(home.credentials))[name]
    assert theirs["aws_security_token"] == theirs["aws_session_token"]
    assert theirs["assumed_role"] == "False"
    aws.journal.clear()

    result = encee("refresh", name, "-c", person.device.next_code())
    assert result.code == 0, result.err
    ours = raw_config_parse(str(home.credentials))[name]
    assert "aws_security_token" not in ours
    assert ours["aws_access_key_id"] != theirs["aws_access_key_id"]
    assert (ours["manager"], ours["encee_source"]) == ("encee", f"{name}-long-term")
    assert aws.calls("GetSessionToken")[0].serial == person.device.serial
    assert run_aws("--profile", name, "sts", "get-caller-identity").code == 0


def test_does_not_overwrite_a_section_of_aws_mfa_from_another_profile(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    home.write(write_long_term_section(person, "dev") + person.section("prod"))
    run_aws_mfa(person, "--profile", "dev")
    result = encee("refresh", "prod", "--to", "dev", "-c", person.device.next_code())
    assert (result.code, "is managed by aws-mfa" in result.err) == (5, True)


def test_reads_the_variables_of_aws_mfa(
    encee: Encee, home: Home, person: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(write_long_term_section(person, "dev").replace(person.device.serial, "GAHT00000000"))
    monkeypatch.setenv("MFA_DEVICE", person.device.serial)
    monkeypatch.setenv("MFA_STS_DURATION", "3600")
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    (call,) = aws.calls("GetSessionToken")
    assert (call.serial, call.duration) == (person.device.serial, 3600)
