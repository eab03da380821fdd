"""`encee refresh` with the stand-in: its prompts, requests, files and messages."""

import json
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pexpect
import pytest
from botocore.configloader import raw_config_parse
from filelock import FileLock

from encee.aws.signer import Signer
from encee.aws.sts import get_session_token
from encee.model import Session
from tests.conftest import ENCEE, Encee, Home, Person, on_terminal, run_aws, run_encee, section, wait_for
from tests.fake_aws import FakeAws, faults

OTHER_DEFAULT = """\
[default]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
"""


def session_of(home: Home, name: str = "dev-mfa") -> dict[str, str]:
    """Return a section as botocore reads it."""
    return dict(raw_config_parse(str(home.credentials))[name])


def test_writes_a_session_that_every_reader_accepts(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    before = OTHER_DEFAULT + "# my keys\n" + dev.section()
    home.write(before)
    aws.create_bucket("photos")
    result = encee("refresh", "dev", "--code", dev.device.next_code())
    assert result.code == 0, result.err
    assert home.credentials.read_text().startswith(before + "\n[dev-mfa]\naws_access_key_id = ASIA")

    key = session_of(home)["aws_access_key_id"]
    who = run_aws("--profile", "dev-mfa", "sts", "get-caller-identity", "--output", "text", "--query", "Arn")
    assert (who.code, who.out.strip()) == (0, dev.user.arn)
    assert run_aws("--profile", "dev-mfa", "s3", "ls").out.endswith("photos\n")
    identity = boto3.Session(profile_name="dev-mfa").client("sts").get_caller_identity()
    assert identity["Arn"] == dev.user.arn
    assert {call.access_key_id for call in aws.journal if call.action != "GetSessionToken"} == {key}
    (sent,) = aws.calls("GetSessionToken")
    assert (sent.access_key_id, sent.serial, sent.duration, sent.region) == (
        dev.user.access_key.id,
        dev.device.serial,
        43200,
        "eu-central-1",
    )


def test_the_installed_command_refreshes(home: Home, dev: Person) -> None:
    result = run_encee("refresh", "dev", "--code", dev.device.next_code())
    assert (result.code, result.out) == (0, "")
    assert session_of(home)["manager"] == "encee"


def test_the_section_has_the_options_that_other_tools_need(encee: Encee, home: Home, dev: Person) -> None:
    home.write(
        "[dev-mfa]\n# for the team\naws_security_token = stale\naws_session_token = old\naws_access_key_id = ASIAOLD\n"
        "aws_secret_access_key = old\naws_account_id = 1\naws_credential_scope = x\nx_team = blue\n\n" + dev.section()
    )
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    section = session_of(home)
    assert section.keys() == {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "expiration",
        "manager",
        "encee_source",
        "x_team",
    }
    assert (section["manager"], section["encee_source"], section["x_team"]) == ("encee", "dev", "blue")
    ends = datetime.fromisoformat(section["expiration"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=12)) < timedelta(minutes=1)
    assert "# for the team\n" in home.credentials.read_text()


def test_prints_what_was_written_and_how_to_use_it(encee: Encee, dev: Person) -> None:
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert "dev-mfa is valid until " in result.err
    assert "(12h 00m)\n  aws --profile dev-mfa sts get-caller-identity\n" in result.err
    assert result.out == ""


def test_prints_no_secret(encee: Encee, home: Home, dev: Person) -> None:
    code = dev.device.next_code()
    result = encee("refresh", "dev", "--json", "-c", code)
    section = session_of(home)
    for secret in (section["aws_secret_access_key"], section["aws_session_token"], dev.user.access_key.secret, code):
        assert secret not in result.out + result.err


def test_warns_of_a_credentials_file_that_tools_do_not_read(
    encee: Encee, home: Home, dev: Person, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "my keys"
    home.credentials.rename(elsewhere)
    result = encee("refresh", "dev", "-c", dev.device.next_code(), "--credentials-file", str(elsewhere))
    assert f"  AWS_SHARED_CREDENTIALS_FILE='{elsewhere}' aws --profile dev-mfa" in result.err
    assert "[dev-mfa]" in elsewhere.read_text()
    assert not home.credentials.exists()


def test_expands_home_and_variables_in_the_paths_of_the_environment(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.credentials.rename(home.path / "keys")
    monkeypatch.setenv("PLACE", "keys")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "~/$PLACE")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert "[dev-mfa]" in (home.path / "keys").read_text()


# ---- codes


def test_reads_the_code_from_the_environment(encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_CODE", dev.device.next_code())
    assert encee("refresh", "dev").code == 0


def test_the_option_wins_over_the_environment(encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_CODE", "000000")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0


def test_reads_codes_from_standard_input_one_per_line(encee: Encee, home: Home, aws: FakeAws) -> None:
    people = []
    for name in ("ann", "bob"):
        user = aws.create_user(name)
        people.append(Person(user, user.create_device(name)))
    home.write(people[0].section("ann") + people[1].section("bob"))
    codes = "".join(f"{one.device.next_code()}\n" for one in people)
    assert encee("refresh", "ann", "bob", "--code", "-", stdin=codes).code == 0
    sent = {(call.serial, call.code) for call in aws.calls("GetSessionToken")}
    assert sent == {(one.device.serial, code) for one, code in zip(people, codes.split(), strict=True)}
    assert {session_of(home, f"{name}-mfa")["encee_source"] for name in ("ann", "bob")} == {"ann", "bob"}


@pytest.mark.parametrize(
    ("first", "then"),
    [([], ["-d", "1h"]), ([], ["--force"]), (["-d", "36h"], []), (["-d", "1h"], ["-d", "1h", "--force"])],
)
def test_a_code_creates_the_requested_session(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, first: list[str], then: list[str]
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code(), *first).code == 0
    before = session_of(home)["aws_access_key_id"]
    result = encee("refresh", "dev", "-c", dev.device.next_code(), *then)
    assert (result.code, "dev-mfa is valid until" in result.err) == (0, True)
    assert session_of(home)["aws_access_key_id"] != before
    assert aws.calls("GetSessionToken")[-1].duration == {"1h": 3600}.get("".join(then[1:2]), 43200)


def test_a_prompt_for_a_short_session_does_not_accept_a_longer_one(encee: Encee, dev: Person, aws: FakeAws) -> None:
    child = on_terminal("refresh", "dev", "-d", "1h")
    child.expect_exact("MFA code for dev")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    child.sendline(dev.device.next_code())
    child.expect_exact("(1h 00m)")
    child.expect(pexpect.EOF)
    assert child.wait() == 0
    assert [call.duration for call in aws.calls("GetSessionToken")] == [43200, 3600]


@pytest.mark.parametrize(
    "command",
    [
        ["refresh", "dev", "--if-expiring", "1h"],
        ["exec"],
        ["env", "dev", "--refresh"],
        ["process", "dev"],
        ["device", "list", "dev"],
        ["keys", "list", "dev"],
        ["account", "audit", "--profile", "dev"],
    ],
    ids=" ".join,
)
def test_refuses_a_malformed_code_even_with_a_valid_session(
    encee: Encee, dev: Person, aws: FakeAws, command: list[str]
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.journal.clear()
    result = encee(*command, "--code", "abcdef", *(["dev", "--", "true"] if command == ["exec"] else []))
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "encee: error: the code from --code is not six digits\nencee: hint: give the code that the device shows\n"
    )
    assert aws.journal == []


def test_refuses_a_malformed_code_of_the_environment_first(
    encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("ENCEE_CODE", "12345")
    result = encee("refresh", "dev")
    assert (result.code, "the code from ENCEE_CODE is not six digits" in result.err) == (2, True)
    assert len(aws.calls("GetSessionToken")) == 1


def test_force_and_if_expiring_exclude_each_other(encee: Encee, dev: Person, aws: FakeAws) -> None:
    result = encee("refresh", "dev", "--force", "--if-expiring", "1h", "-c", dev.device.next_code())
    assert (result.code, "--force keeps none" in result.err) == (2, True)
    assert aws.journal == []


# ---- which profiles


def test_without_a_profile_skips_those_without_a_device(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section() + section(aws.create_user("robot").access_key, "robot"))
    result = encee("refresh", "--json", "-c", dev.device.next_code())
    assert result.code == 0
    assert [one["profile"] for one in json.loads(result.out)["profiles"]] == ["dev"]
    assert "encee: robot is left out: the user of robot has no MFA device yet\n" in result.err


def test_without_a_profile_finds_the_devices_that_no_setting_names(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    bob = aws.create_user("bob")
    bobs = bob.create_device("bobs")
    home.write(dev.section() + section(bob.access_key, "bob"))
    codes = f"{dev.device.next_code()}\n{bobs.next_code()}\n"
    assert encee("refresh", "--code", "-", stdin=codes).code == 0
    assert {session_of(home, f"{name}-mfa")["encee_source"] for name in ("dev", "bob")} == {"dev", "bob"}


def test_without_a_profile_and_a_code_those_with_a_device_fail(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    bob = aws.create_user("bob")
    bob.create_device("bobs")
    robot = aws.create_user("robot")
    home.write(dev.section() + section(bob.access_key, "bob") + section(robot.access_key, "robot"))
    result = encee("refresh", "--json")
    assert result.code == 2
    assert [(one["profile"], one["outcome"]) for one in json.loads(result.out)["profiles"]] == [
        ("dev", "failed"),
        ("bob", "failed"),
    ]
    assert "encee: robot is left out: the user of robot has no MFA device yet\n" in result.err


def test_without_a_profile_does_not_prompt_for_the_arn_of_a_device(home: Home, dev: Person, aws: FakeAws) -> None:
    robot = aws.create_user("robot")
    robot.allow_listing_devices = False
    home.write(section(robot.access_key, "robot") + dev.section())
    child = on_terminal("refresh", size=(24, 200))
    child.expect_exact("robot is left out: no MFA device is known for robot")
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_without_a_profile_and_any_device_fails(encee: Encee, home: Home, aws: FakeAws) -> None:
    home.write("".join(section(aws.create_user(name).access_key, name) for name in ("ann", "bob")))
    result = encee("refresh", "-c", "123456")
    assert result.code == 2
    assert "the user of ann has no MFA device yet" in result.err
    assert "the user of bob has no MFA device yet" in result.err
    assert "left out" not in result.err


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("name", ["dev", "dev-mfa"])
def test_without_a_profile_refreshes_that_of_the_environment(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    bob = aws.create_user("bob")
    home.write(Person(bob, bob.create_device("bobs")).section("bob") + dev.section())
    monkeypatch.setenv(variable, name)
    for duration in ("12h", "13h"):  # a named profile is refreshed even if its session is valid
        result = encee("refresh", "--json", "-d", duration, "-c", dev.device.next_code())
        assert result.code == 0
        assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == ["refreshed"]
        assert f"encee: {variable} names {name}: refreshing only dev\n" in result.err
    assert "[bob-mfa]" not in home.credentials.read_text()


def test_ignores_a_profile_of_the_environment_that_has_no_keys(
    encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "sso")
    result = encee("refresh", "-c", dev.device.next_code())
    assert (result.code, "AWS_PROFILE" in result.err) == (0, False)


@pytest.mark.parametrize(
    ("first", "then", "outcome"),
    [
        ([], [], "still-valid"),
        ([], ["--force"], "refreshed"),
        ([], ["-d", "1h"], "refreshed"),
        (["-d", "59m"], [], "refreshed"),
        (["-d", "2h"], ["--if-expiring", "3h"], "refreshed"),
    ],
)
def test_without_a_profile_keeps_sessions_that_are_not_expiring(
    encee: Encee, dev: Person, first: list[str], then: list[str], outcome: str
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code(), *first).code == 0
    result = encee("refresh", "--json", "-c", dev.device.next_code(), *then)
    assert result.code == 0
    assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == [outcome]
    assert ("dev-mfa is still valid until" in result.err) == (outcome == "still-valid")


def test_without_any_profile_names_the_first_command(encee: Encee) -> None:
    result = encee("refresh")
    assert (result.code, result.err) == (
        2,
        "encee: error: there are no profiles yet\nencee: hint: encee setup\n",
    )


def test_one_failure_decides_the_exit_status_but_stops_no_other(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    result = encee("refresh", "absent", "dev", "--json", "-c", dev.device.next_code())
    assert result.code == 2
    report = json.loads(result.out)
    assert report["encee_format"] == 1
    assert [one["outcome"] for one in report["profiles"]] == ["failed", "refreshed"]
    assert report["profiles"][0]["error"]["exit_code"] == 2
    assert report["profiles"][1]["expiration"] == session_of(home)["expiration"]
    assert "encee: error: there is no profile absent in " in result.err
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.parametrize("arguments", [("dev", "--if-expiring", "soon"), ("dev", "x", "--to", "y")])
def test_json_reports_an_error_before_the_first_request(encee: Encee, dev: Person, arguments: tuple[str, ...]) -> None:
    result = encee("refresh", *arguments, "--json", "-c", dev.device.next_code())
    report = json.loads(result.out)
    assert (result.code, report["profiles"], report["error"]["exit_code"]) == (2, [], 2)
    assert report["error"]["message"] in result.err


@pytest.mark.parametrize("word", ["dev-mfa", "dev", "de*"])
def test_a_session_profile_or_a_pattern_selects_its_source(encee: Encee, dev: Person, aws: FakeAws, word: str) -> None:
    assert encee("refresh", word, "-c", dev.device.next_code()).code == 0
    assert encee("refresh", word, "-c", dev.device.next_code()).code == 0
    assert {call.access_key_id for call in aws.calls("GetSessionToken")} == {dev.user.access_key.id}


def test_accepts_keys_in_the_config_file(encee: Encee, home: Home, person: Person) -> None:
    home.write("", person.section("profile dev"))
    before = home.config.read_bytes()
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    assert session_of(home)["encee_source"] == "dev"
    assert home.config.read_bytes() == before


# ---- settings


def test_the_option_names_the_session_profile(encee: Encee, home: Home, dev: Person) -> None:
    assert encee("refresh", "dev", "--to", "work", "-c", dev.device.next_code()).code == 0
    assert session_of(home, "work")["encee_source"] == "dev"


def test_the_config_file_can_name_the_session_profile(encee: Encee, home: Home, dev: Person) -> None:
    home.config.write_text("[profile dev]\nencee_session_profile = work\n")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert session_of(home, "work")["encee_source"] == "dev"


def test_a_profile_named_long_term_refreshes_the_name_without_it(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section("default-long-term"))
    assert encee("refresh", "default-long-term", "-c", dev.device.next_code()).code == 0
    assert session_of(home, "default")["encee_source"] == "default-long-term"


def test_a_source_name_with_odd_characters_needs_a_session_name(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section("my dev"))
    refused = encee("refresh", "my dev", "-c", dev.device.next_code())
    assert (refused.code, refused.err.splitlines()[-1]) == (
        2,
        "encee: hint: encee refresh 'my dev' --to my-dev-session",
    )
    assert encee("refresh", "my dev", "--to", "work", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "work", "--to", "work", "-c", dev.device.next_code()).code == 0


@pytest.mark.parametrize(
    ("option", "environ", "section", "config", "seconds"),
    [
        (["-d", "45m"], {"ENCEE_DURATION": "1h"}, "encee_duration = 2h", "", 2700),
        ([], {"ENCEE_DURATION": "1h30m", "MFA_STS_DURATION": "900"}, "encee_duration = 2h", "", 5400),
        ([], {"MFA_STS_DURATION": "900"}, "encee_duration = 2h", "", 900),
        ([], {}, "encee_duration = 2h", "[profile dev]\nencee_duration = 3h\n", 7200),
        ([], {}, "", "[profile dev]\nencee_duration = 3h\n[default]\nencee_duration = 4h\n", 10800),
        ([], {}, "", "[default]\nencee_duration = 36h\n", 129600),
        ([], {}, "", "", 43200),
    ],
)
def test_the_duration_follows_the_order_of_settings(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    option: list[str],
    environ: dict[str, str],
    section: str,
    config: str,
    seconds: int,
) -> None:
    home.config.unlink()
    home.write(dev.section() + section + "\n", config or None)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert encee("refresh", "dev", "-c", dev.device.next_code(), *option).code == 0
    assert aws.calls("GetSessionToken")[0].duration == seconds


@pytest.mark.parametrize(
    ("option", "environ", "lines"),
    [
        (["--mfa-serial", "THIS"], {"ENCEE_MFA_SERIAL": "GAHT00000001"}, "mfa_serial = GAHT00000002"),
        ([], {"ENCEE_MFA_SERIAL": "THIS", "MFA_DEVICE": "GAHT00000001"}, "mfa_serial = GAHT00000002"),
        ([], {"MFA_DEVICE": "THIS"}, "mfa_serial = GAHT00000002"),
        ([], {}, "aws_mfa_device = GAHT00000001\nmfa_serial = THIS"),
        ([], {}, "aws_mfa_device = THIS"),
    ],
)
def test_the_device_follows_the_order_of_settings(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    option: list[str],
    environ: dict[str, str],
    lines: str,
) -> None:
    this = dev.device.serial
    home.write(dev.section(serial=False) + lines.replace("THIS", this) + "\n")
    for name, value in environ.items():
        monkeypatch.setenv(name, value.replace("THIS", this))
    option = [word.replace("THIS", this) for word in option]
    assert encee("refresh", "dev", "-c", dev.device.next_code(), *option).code == 0
    assert aws.calls("GetSessionToken")[0].serial == this


@pytest.mark.parametrize(
    ("option", "config", "environ", "region"),
    [
        (["--region", "eu-west-1"], "[profile dev]\nregion = eu-west-2\n", {"AWS_REGION": "eu-west-3"}, "eu-west-1"),
        ([], "[profile dev]\nregion = eu-west-2\n", {"AWS_REGION": "eu-west-3"}, "eu-west-2"),
        ([], "", {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-3"),
        ([], "", {"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ([], "[default]\nregion = eu-west-2\n", {}, "us-east-1"),
        ([], "", {"AWS_REGION": "cn-north-1"}, "us-east-1"),
    ],
)
def test_the_region_follows_the_order_of_settings(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    option: list[str],
    config: str,
    environ: dict[str, str],
    region: str,
) -> None:
    home.config.unlink()
    home.write(dev.section(), config or None)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    result = encee("refresh", "dev", "-c", dev.device.next_code(), *option)
    assert result.code == 0
    assert aws.calls("GetSessionToken")[0].region == region
    assert ("not in the partition aws" in result.err) == (environ == {"AWS_REGION": "cn-north-1"})


@pytest.mark.parametrize(
    ("environ", "config", "says"),
    [
        ({"ENCEE_DURATION": "soon"}, "", "ENCEE_DURATION: 'soon' is not a duration"),
        ({"MFA_STS_DURATION": "60"}, "", "MFA_STS_DURATION: a session cannot last 60 s"),
        ({}, "[profile dev]\nencee_duration = 2d\n", "encee_duration of dev: "),
        ({}, "[default]\nencee_duration = 40h\n", "encee_duration of default: a session cannot last 40h"),
        ({"ENCEE_MFA_SERIAL": "phone"}, "", "ENCEE_MFA_SERIAL: 'phone' is not the serial number"),
        ({"MFA_DEVICE": "phone"}, "", "MFA_DEVICE: 'phone' is not the serial number"),
    ],
)
def test_an_invalid_setting_of_a_file_or_variable_names_its_place(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    config: str,
    says: str,
) -> None:
    home.write(dev.section(), config)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, f"encee: error: {says}" in result.err) == (2, True), result.err
    assert aws.journal == []


@pytest.mark.parametrize(("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
def test_the_partition_of_the_device_decides_the_region(
    encee: Encee, home: Home, aws: FakeAws, partition: str, region: str
) -> None:
    aws.partition = partition
    user = aws.create_user("li")
    person = Person(user, user.create_device("phone"))
    home.write(person.section())
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    assert aws.calls("GetSessionToken")[0].region == region


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_PROFILE": "gone"},
        {"AWS_DEFAULT_PROFILE": "gone"},
        {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "y"},
    ],
)
def test_ignores_credentials_and_profiles_of_the_environment(
    encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert aws.calls("GetSessionToken")[0].access_key_id == dev.user.access_key.id


def test_uses_the_endpoint_of_the_profile(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    home.write(dev.section(), f"[profile dev]\nendpoint_url = {aws.url}\n")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0


# ---- region and output of the session profile


def test_copies_region_and_output_to_the_config_file(encee: Encee, home: Home, dev: Person) -> None:
    config = "[profile dev]\nregion = eu-west-1\noutput = json\ns3 =\n  max_queue_size = 10\n# end\n"
    home.write(dev.section(), config)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    added = "\n[profile dev-mfa]\nregion = eu-west-1\noutput = json\nencee_source = dev\n"
    assert home.config.read_text() == config + added
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert home.config.read_text() == config + added


def test_keeps_the_region_of_the_session_profile(encee: Encee, home: Home, dev: Person) -> None:
    config = "[profile dev]\nregion = eu-west-1\noutput = json\n[profile dev-mfa]\nregion = us-west-2\n"
    home.write(dev.section(), config)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert home.config.read_text() == config + "output = json\n"


def test_copies_no_settings_with_no_config(encee: Encee, home: Home, dev: Person) -> None:
    before = home.config.read_bytes()
    assert encee("refresh", "dev", "--no-region", "-c", dev.device.next_code()).code == 0
    assert home.config.read_bytes() == before


def test_warns_if_the_config_file_cannot_take_the_region(encee: Encee, home: Home, dev: Person) -> None:
    home.config.write_text("[profile dev]\nregion = eu-west-1\n[ profile dev-mfa ]\n")
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 0
    assert "encee: region and output were not carried over" in result.err
    assert session_of(home)["manager"] == "encee"


# ---- sessions that need no refresh


def test_if_expiring_keeps_a_session_with_enough_time(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    result = encee("refresh", "dev", "--if-expiring", "1h", "--json")
    assert result.code == 0
    assert json.loads(result.out)["profiles"][0]["outcome"] == "still-valid"
    assert "dev-mfa is still valid until" in result.err
    assert len(aws.calls("GetSessionToken")) == 1


def test_if_expiring_refreshes_a_session_with_too_little_time(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-d", "15m", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "dev", "--if-expiring", "1h", "-c", dev.device.next_code()).code == 0
    assert len(aws.calls("GetSessionToken")) == 2


def test_if_expiring_without_a_terminal_exits_with_3(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.journal.clear()
    result = encee("refresh", "dev", "--if-expiring", "1h", "--region", dev.user.name)
    assert result.code == 3
    assert result.err.count("encee: error:") == 1
    assert aws.journal == []


# ---- the mode of the file


def test_warns_about_a_file_that_others_can_read_and_keeps_its_mode(encee: Encee, home: Home, dev: Person) -> None:
    home.credentials.chmod(0o644)
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert "chmod 600 ~/.aws/credentials" in result.err
    assert home.credentials.stat().st_mode & 0o777 == 0o644


# ---- errors of AWS after which encee retries


@pytest.mark.parametrize("times", [1, 2])
def test_repeats_a_code_that_aws_throttled(
    encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("encee.aws.retries.time.sleep", waited.append)
    aws.fault("GetSessionToken", faults.throttled(), times=times)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert len({call.code for call in aws.calls("GetSessionToken")}) == 1
    assert len(aws.calls("GetSessionToken")) == times + 1
    assert [seconds for seconds in waited if seconds >= 1] == [1, 2][:times]


def test_repeats_a_code_after_a_refused_connection(
    encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = dev.device.next_code()
    aws.refuse_connections()
    monkeypatch.setattr("encee.aws.retries.time.sleep", lambda _seconds: aws.accept_connections())
    assert encee("refresh", "dev", "-c", code).code == 0
    assert len(aws.calls("GetSessionToken")) == 1


# ---- mistakes on the command line


@pytest.mark.parametrize("option", ["--to", "--duration", "--if-expiring", "--region", "--mfa-serial", "--code"])
def test_refuses_an_empty_value(encee: Encee, dev: Person, option: str) -> None:
    result = encee("refresh", "dev", option, "", "--code-command", f"echo {dev.device.next_code()}")
    assert (result.code, "is empty" in result.err) == (2, True)


@pytest.mark.parametrize("value", [["--to", "--no-region"], ["--to=-x"]])
def test_an_option_in_the_place_of_a_session_profile_writes_nothing(
    encee: Encee, home: Home, dev: Person, value: list[str]
) -> None:
    before = home.state()
    result = encee("refresh", "dev", *value, "-c", dev.device.next_code())
    assert (result.code, "the value begins with a dash" in result.err) == (2, True)
    assert home.state() == before


def test_refreshes_the_only_profile_with_a_device_of_the_environment(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(dev.section(serial=False))
    monkeypatch.setenv("MFA_DEVICE", dev.device.serial)
    assert encee("refresh", "-c", dev.device.next_code()).code == 0


def test_accepts_a_code_with_a_blank(encee: Encee, dev: Person) -> None:
    code = dev.device.next_code()
    assert encee("refresh", "dev", "-c", f"{code[:3]} {code[3:]}").code == 0


@pytest.mark.parametrize(
    ("environ", "options", "says"),
    [
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, [], "check region"),
        ({"AWS_ENDPOINT_URL": "ftp://localhost"}, [], "check HTTPS_PROXY and HTTP_PROXY, and endpoint_url"),
        ({"AWS_RETRY_MODE": "odd"}, [], "and the AWS_ variables"),
        ({}, ["--region", "eu west"], "check region (eu west)"),
        ({"HTTPS_PROXY": "foo bar", "HTTP_PROXY": "foo bar"}, [], "check HTTPS_PROXY and HTTP_PROXY"),
    ],
)
def test_an_invalid_setting_is_reported_before_the_code_is_sent(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    options: list[str],
    says: str,
) -> None:
    home.config.unlink()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    result = encee("refresh", "dev", "-c", dev.device.next_code(), *options)
    assert (result.code, says in result.err) == (4, True), result.err
    assert "bug" not in result.err
    assert aws.journal == []


@pytest.mark.parametrize("setting", ["s3 =", "defaults_mode =\n  a = b"])
def test_a_nested_setting_is_reported_before_a_code_is_used(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, setting: str
) -> None:
    home.write(dev.section(), f"[profile dev]\nregion = eu-central-1\n{setting}\n")
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, "the settings of dev" in result.err, "bug" in result.err) == (4, True, False), result.err
    assert aws.journal == []


def test_does_not_write_a_session_that_looks_like_long_term_keys(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    before = home.state()
    aws.fault("GetSessionToken", faults.session("LSIAQQQQQQQQQQQQQQQQ", "2100-01-01T00:00:00Z"))
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, "does not belong to a session (ASIA…)" in result.err, home.state()) == (4, True, before)


def test_an_expiration_without_an_offset_is_utc(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.session("ASIAQQQQQQQQQQQQQQQQ", "2100-01-01T00:00:00"))
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, "expiration = 2100-01-01T00:00:00Z\n" in home.credentials.read_text()) == (0, True), result.err


def test_a_bug_in_one_profile_does_not_stop_the_others(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(dev.section() + bobs.section("bob"))

    def broken(_client: object, signer: Signer, **request: str) -> Session:
        if signer.profile == "dev":
            raise ZeroDivisionError
        return get_session_token(_client, signer, **request)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr("encee.workflows.refresh.worker.get_session_token", broken)
    codes = f"{dev.device.next_code()}\n{bobs.device.next_code()}\n"
    result = encee("refresh", "dev", "bob", "--json", "--code", "-", stdin=codes)
    assert result.code == 1
    assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == ["failed", "refreshed"]
    assert "unexpected ZeroDivisionError" in result.err


def test_closed_outputs_are_no_error(home: Home, dev: Person) -> None:
    command = f"{ENCEE} refresh dev -c {dev.device.next_code()} 2>&-; echo $?; {ENCEE} status >&-; echo $?"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "0"]
    assert done.stderr == ""
    assert b"[dev-mfa]" in home.credentials.read_bytes()


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize(
    "endless", [("refresh", "dev", "-c", "-"), ("keys", "totp", "dev", "--i-know", "--seed-file", "-")]
)
def test_stops_reading_an_input_without_a_line_end(endless: tuple[str, ...]) -> None:
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run([ENCEE, *endless], stdin=zeros, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "is not " in done.stderr) == (2, True), done.stderr


@pytest.mark.usefixtures("dev")
def test_reports_an_output_on_a_full_disk() -> None:
    done = subprocess.run(["sh", "-c", f"{ENCEE} status > /dev/full"], capture_output=True, text=True, check=False)
    assert (done.returncode, "the output could not be written" in done.stderr) == (1, True)


@pytest.mark.needs("bash")
@pytest.mark.parametrize("nowhere", ["2>/dev/full", "2> >(:)"])
def test_a_closed_stderr_does_not_stop_the_refresh(home: Home, dev: Person, nowhere: str) -> None:
    command = (
        f"{ENCEE} refresh dev -c {dev.device.next_code()} {nowhere}; echo $?; {ENCEE} refresh x {nowhere}; echo $?"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["0", "2"], "")
    assert b"[dev-mfa]" in home.credentials.read_bytes()


def test_an_interrupt_while_the_lock_is_held_says_that_nothing_was_written(
    home: Home, dev: Person, aws: FakeAws
) -> None:
    before = home.state()
    with FileLock(home.credentials.with_name(".credentials.encee-lock"), thread_local=False) as lock:
        lock.release()
        aws.fault("GetSessionToken", faults.meanwhile(lock.acquire))
        child = on_terminal("refresh", "dev", "--json", "-c", dev.device.next_code(), size=(24, 200))
        wait_for(lambda: lock.is_locked)
        time.sleep(0.3)  # until the response has arrived, which no test can see
        child.send("\x03")
        child.expect_exact(
            "encee: error: interrupted before the session of dev was written: that code has been used\r\n"
            "encee: hint: wait until the device shows the next code, then try again\r\n"
        )
        child.expect(pexpect.EOF)
        assert child.wait() == 130
    assert home.state() == before


def test_an_interrupt_before_the_answer_says_that_the_code_may_be_used(dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.hang(20))
    child = on_terminal("refresh", "dev", "-c", dev.device.next_code(), size=(24, 200))
    wait_for(lambda: aws.calls("GetSessionToken"))
    child.send("\x03")
    child.expect_exact("interrupted before AWS answered for dev: that code may have been used\r\n")
    child.expect(pexpect.EOF)
    assert child.wait() == 130


@pytest.mark.slow
def test_an_interrupt_at_any_moment_reports_the_true_state(home: Home, dev: Person, aws: FakeAws) -> None:
    aws.latency = 0.05
    said = set()
    for step in range(20):
        home.write(dev.section(), "")
        aws.journal.clear()
        code = dev.device.next_code()
        child = subprocess.Popen([ENCEE, "refresh", "dev", "-c", code], stderr=subprocess.PIPE, text=True)
        if step % 4:
            wait_for(lambda: aws.calls("GetSessionToken"))
        time.sleep(step / 200 if step % 4 else step / 40)
        child.send_signal(signal.SIGINT)
        _, shown = child.communicate(timeout=20)
        stages = {
            "the request for dev was sent: that code is unused": (False, {0}),
            "AWS answered for dev: that code may have been used": (False, {0, 1}),
            "the session of dev was written: that code has been used": (False, {1}),
            "dev-mfa is valid until": (True, {1}),
        }
        stage = next((stage for stage in stages if stage in shown), "")
        if "see which sessions are valid: encee status" in shown:  # after the run and before the output
            continue
        if not stage:  # the signal came before the program had started
            assert (aws.calls("GetSessionToken"), "[dev-mfa]" in home.credentials.read_text()) == ([], False), shown
            continue
        written, sent = stages[stage]
        assert ("[dev-mfa]" in home.credentials.read_text()) == written, shown
        assert len(aws.calls("GetSessionToken")) in sent, shown
        said.add(stage)
    assert len(said) > 1, said


def test_waits_for_a_held_lock_once_for_all_profiles(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.awsfile.file.WRITE_TIMEOUT_SECONDS", 1)
    home.write(dev.section() + dev.section("b") + dev.section("c").replace("AKIA", "AKIB"))
    begin = time.monotonic()
    with FileLock(home.credentials.with_name(".credentials.encee-lock")):
        result = encee("refresh", "dev", "b", "c", "-c", dev.device.next_code())
    assert result.code == 5
    assert time.monotonic() - begin < 2.5  # and not three times a second


@pytest.mark.usefixtures("dev")
def test_refuses_a_code_among_the_profiles_before_it_prompts(encee: Encee, aws: FakeAws) -> None:
    result = encee("refresh", "dev", "123456", "--json", "--code-command", "exit 1")
    assert result.code == 2
    assert "encee: error: an MFA code is not a profile\n" in result.err
    assert json.loads(result.out)["profiles"] == []
    assert "encee: hint: encee refresh dev --json --code-command 'exit 1' --code 123456\n" in result.err
    assert aws.journal == []


def test_a_profile_may_have_a_name_like_a_code(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section("123456") + "[654321]\nregion = x\n", "[profile 111111]\nregion = x\n")
    result = encee("refresh", "123456", "654321", "111111", "--json", "-c", dev.device.next_code())
    assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == ["refreshed", "failed", "failed"]
