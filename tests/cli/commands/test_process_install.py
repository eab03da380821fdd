"""`encee process dev --install dev-auto`: a profile for programs that run longer than a session."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from tests.conftest import ENCEE, Encee, Home, Person, run_aws, run_encee
from tests.fake_aws import FakeAws

USE = "use it: aws --profile dev-auto sts get-caller-identity"


def installed(command: str | Path = ENCEE, more: str = "") -> str:
    process = f"credential_process = {command} process {more}dev\n"
    return f"[profile dev-auto]\n{process}region = eu-central-1\nencee_source = dev\n"


def test_the_profile_runs_encee_and_has_the_region_of_its_source(encee: Encee, home: Home, dev: Person) -> None:
    before = home.config.read_bytes()
    result = encee("process", "dev", "--install", "dev-auto")
    assert (result.code, result.out) == (0, "")
    assert f"wrote the profile dev-auto to ~/.aws/config; it runs: {ENCEE} process dev\n" in result.err
    assert USE in result.err
    assert home.config.read_bytes() == before + b"\n" + installed().encode()
    assert dev.section() in home.credentials.read_text()


@pytest.mark.usefixtures("dev")
def test_a_second_install_changes_nothing(encee: Encee, home: Home) -> None:
    assert encee("process", "dev", "--install", "dev-auto").code == 0
    before = home.config.stat().st_mtime_ns, home.config.read_bytes()
    result = encee("process", "dev", "--install", "dev-auto")
    assert (result.code, "the profile dev-auto is in " in result.err) == (0, True)
    assert (home.config.stat().st_mtime_ns, home.config.read_bytes()) == before


@pytest.mark.usefixtures("dev")
def test_the_options_go_into_the_command_and_a_changed_one_updates_it(encee: Encee, home: Home) -> None:
    assert encee("process", "dev", "--install", "dev-auto").code == 0
    options = ["--ask", "--duration", "4h", "--config-file", str(home.config)]
    result = encee("process", "dev", "--install", "dev-auto", *options)
    assert (result.code, "wrote the profile" in result.err) == (0, True)
    assert home.config.read_text().endswith("\n" + installed(more=" ".join(options) + " "))


@pytest.mark.parametrize(("more", "option", "says"), [("", [], True), ("", ["--ask"], False), ("true", [], False)])
def test_says_when_no_refresh_can_follow(
    encee: Encee, home: Home, dev: Person, more: str, option: list[str], says: bool
) -> None:
    home.write(dev.section() + (f"mfa_process = {more}\n" if more else ""))
    result = encee("process", "dev", "--install", "auto", *option)
    assert (result.code, "serves the session of dev while that is valid" in result.err) == (0, says)


@pytest.mark.usefixtures("dev")
def test_clear_removes_it_by_name_only(encee: Encee, home: Home, dev: Person) -> None:
    before = home.config.read_bytes()
    assert encee("process", "dev", "--install", "dev-auto").code == 0
    with_profile = home.config.read_bytes()
    for arguments in (["--all"], ["--expired"], ["dev"], ["dev*"]):
        assert encee("clear", *arguments).code == 0
        assert home.config.read_bytes() == with_profile
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert encee("clear", "dev").code == 0
    assert home.config.read_bytes() == with_profile
    result = encee("clear", "dev-auto")
    assert (result.code, result.err) == (0, "removed dev-auto, which served the session of dev\n")
    assert home.config.read_bytes() == before


@pytest.mark.usefixtures("dev")
def test_clear_keeps_what_the_user_added(encee: Encee, home: Home) -> None:
    assert encee("process", "dev", "--install", "dev-auto").code == 0
    with home.config.open("a") as config:
        config.write("s3 =\n  max_concurrent_requests = 20\n")
    assert "[profile dev-auto] stays" in encee("clear", "dev-auto").err
    assert "[profile dev-auto]\ns3 =\n  max" in home.config.read_text()


@pytest.mark.parametrize(
    ("credentials", "config", "name", "says"),
    [
        (
            "[dev-auto]\nregion = eu-west-1\n",
            "",
            "dev-auto",
            "[dev-auto] of the credentials file would hide the new profile",
        ),
        ("", "[profile dev-auto]\nregion = eu-west-1\n", "dev-auto", "[profile dev-auto] exists already, with other"),
        (
            "",
            installed().replace("s dev", "s prod").replace("e = dev", "e = prod"),
            "dev-auto",
            "exists already, with other content",
        ),
        ("", installed().replace("process dev", "status"), "dev-auto", "exists already, with other content"),
        ("", "", "dev", "[dev] of the credentials file would hide the new profile"),
        ("", "", "dev-mfa", "dev-mfa is the session profile of dev"),
        ("", "[DEFAULT]\nrole_arn = x\n", "dev-auto", "role_arn in [DEFAULT] hides"),
    ],
)
def test_what_is_there_is_never_overwritten(
    encee: Encee, home: Home, dev: Person, credentials: str, config: str, name: str, says: str
) -> None:
    home.write(dev.section() + credentials, "[profile dev]\nregion = eu-central-1\n" + config)
    before = home.state()
    result = encee("process", "dev", "--install", name)
    assert (result.code, says in result.err) == (5, True), result.err
    assert "hint: choose another name with --install NAME" in result.err
    assert home.state() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dev", "--install", "my profile"], "'my profile' cannot be the name of a profile"),
        (["dev", "--install", ""], "the value is empty"),
        (["dev", "--install", "--ask"], "the value begins with a dash"),
        (["dev", "--install=-x"], "the value begins with a dash"),
        (["prod", "--install", "auto"], "there is no profile prod"),
        (["dev", "--install", "auto", "--code", "123456"], "--install takes no --code and no --code-command"),
        (["dev", "--install", "auto", "--code-command", "true"], "--install takes no --code and no --code-command"),
        (["dev", "--install", "auto", "--duration", "soon"], "soon"),
        (["dev", "--install", "auto", "--config-file", "/tmp/$HOME#1/config"], "AWS tools would read it differently"),
    ],
)
@pytest.mark.usefixtures("dev")
def test_a_wrong_use_writes_nothing(encee: Encee, home: Home, arguments: list[str], says: str) -> None:
    before = home.state()
    result = encee("process", *arguments)
    assert (result.code, says in result.err) == (2, True), result.err
    assert home.state() == before


@pytest.mark.slow
def test_a_source_that_begins_with_a_dash_is_no_option_of_the_command(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section("-dash"), "[profile -dash]\nregion = eu-central-1\n")
    assert encee("refresh", "-c", person.device.next_code(), "--", "-dash").code == 0
    assert encee("process", "--install", "auto", "--", "-dash").code == 0
    who = run_aws("--profile", "auto", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (who.code, who.out.strip()) == (0, person.user.arn), who.err


@pytest.mark.parametrize("shared", ["--config-file", "AWS_CONFIG_FILE"])
def test_a_config_file_that_is_the_credentials_file_is_refused(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch, shared: str
) -> None:
    home.write(dev.section())
    option = [shared, str(home.credentials)] if shared.startswith("-") else []
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.credentials if not option else home.config))
    before = home.state()
    for name in ("dev-auto", "default"):
        result = encee("process", "dev", "--install", name, *option)
        assert (result.code, "is the credentials file, too" in result.err) == (5, True), result.err
    assert home.state() == before


def test_doctor_and_status_find_nothing_wrong_with_it(encee: Encee, dev: Person) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    before = encee("doctor"), encee("status").out
    assert encee("process", "dev", "--install", "dev-auto").code == 0
    assert (encee("doctor"), encee("status").out) == before


@pytest.mark.slow
def test_the_aws_command_and_boto3_use_it_in_two_refreshes(home: Home, dev: Person, aws: FakeAws) -> None:
    shown = home.path / "shown"
    shown.write_text(dev.device.next_code())
    home.write(dev.section(), f"[profile dev]\nregion = eu-central-1\nmfa_process = cat {shown}\n")
    assert run_encee("process", "dev", "--install", "dev-auto", "--duration", "15m").code == 0
    assert aws.journal == []
    who = run_aws("--profile", "dev-auto", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (who.code, who.out.strip()) == (0, dev.user.arn), who.err
    assert len(aws.calls("GetSessionToken")) == 1
    # A session of 15 minutes is about to expire from its first second on, so boto3 asks before each request.
    client = boto3.Session(profile_name="dev-auto").client("sts")
    for _ in range(2):
        soon = datetime.now(UTC) + timedelta(minutes=5)
        home.write(re.sub("(?<=expiration = ).*", f"{soon:%Y-%m-%dT%H:%M:%SZ}", home.credentials.read_text()))
        shown.write_text(dev.device.next_code())
        assert client.get_caller_identity()["Arn"] == dev.user.arn
    keys = [call.access_key_id for call in aws.calls("GetCallerIdentity")]
    assert len(set(keys)) == len(keys) == 3  # an access key id for each session
    assert {key[:4] for key in keys} == {"ASIA"}
    assert [call.status for call in aws.calls("GetSessionToken")].count(200) == 3


@pytest.mark.slow
def test_a_path_with_blanks_works_and_needs_no_variable_path(
    home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(dev.section(), f"[profile dev]\nregion = eu-central-1\nmfa_process = echo {dev.device.next_code()}\n")
    folder = home.path / "My Programs"
    folder.mkdir()
    (folder / "encee").symlink_to(ENCEE)
    command = [str(folder / "encee"), "process", "dev", "--install", "dev-auto"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    quoted = f'"{folder / "encee"}"'
    assert home.config.read_text().endswith("\n" + installed(quoted))
    monkeypatch.setenv("PATH", os.defpath)
    assert shutil.which("encee") is None
    who = run_aws("--profile", "dev-auto", "sts", "get-caller-identity")
    assert who.code == 0, who.err
    assert boto3.Session(profile_name="dev-auto").client("sts").get_caller_identity()["Arn"] == dev.user.arn
    assert len(aws.calls("GetSessionToken")) == 1
    shutil.rmtree(folder)
    assert "No such file" in run_aws("--profile", "dev-auto", "sts", "get-caller-identity").err
