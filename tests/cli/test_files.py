"""The paths of the two files: without a home, from variables, and a single file for both."""

import json
import pwd
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands.test_roles import trusting
from tests.conftest import ENCEE, Encee, Home, Person, run_aws, shown
from tests.fake_aws import FakeAws

MakeOne = Callable[[Home, pytest.MonkeyPatch], None]

CSV = "Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"


def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as a user without an entry in passwd, as in a container."""

    def unknown(_user: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize("command", ["import csv keys.csv --profile dev", "status", "refresh dev -c 123456", "doctor"])
def test_refuses_to_guess_a_home(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch, command: str, *, is_empty: bool
) -> None:
    monkeypatch.chdir(home.path)
    Path("keys.csv").write_text(CSV, encoding="utf-8")
    no_home(monkeypatch)
    if is_empty:
        monkeypatch.setenv("HOME", "")
    result = encee(*command.split())
    assert (result.code, result.out) == (5, "")
    assert result.err.splitlines()[0] == "encee: error: ~/.aws/credentials: HOME is not set"
    assert [*map(str, Path().iterdir())] == ["keys.csv"]


def test_refuses_the_home_of_an_unknown_user(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.path)
    monkeypatch.setenv("AWS_CONFIG_FILE", "~absent-user/config")
    result = encee("status")
    assert (result.code, result.err.splitlines()[0]) == (
        5,
        "encee: error: ~absent-user/config: no such user: absent-user",
    )


def test_works_without_a_home_if_both_files_are_named(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_home(monkeypatch)
    options = ("--credentials-file", str(home.credentials), "--config-file", str(home.config))
    result = encee("refresh", "dev", "-c", dev.device.next_code(), *options)
    assert result.code == 0, result.err
    assert f"AWS_SHARED_CREDENTIALS_FILE={home.credentials} AWS_CONFIG_FILE={home.config} aws" in result.err
    assert encee("status", *options).code == 0
    assert encee("doctor", *options).code == 0


@pytest.mark.parametrize("name", [".aws/credentials", "~/.aws/credentials", "$HOME/.aws/credentials"])
def test_reads_a_path_as_the_aws_cli_does(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(home.path)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", name)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert "[dev-mfa]" in home.credentials.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["/dev/null", "relative"])
def test_the_aws_cli_uses_the_session_with_such_a_config_file(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    del aws
    monkeypatch.chdir(home.path)
    monkeypatch.setenv("AWS_CONFIG_FILE", name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert run_aws("--profile", "dev-mfa", "sts", "get-caller-identity").code == 0


def test_the_null_device_is_an_empty_read_only_file(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    home.write(dev.section() + "region = eu-central-1\n")
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert "region and output were not carried over to the session profiles: /dev/null does not store" in result.err
    for command in ("status", "status --check", "env dev --shell json", "doctor", "clear dev"):
        assert encee(*command.split()).code == 0, command
    assert Path("/dev/null").is_char_device()


def test_writes_no_keys_to_the_null_device(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home.path / "keys.csv"
    file.write_text(CSV)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    result = encee("import", "csv", str(file), "--profile", "dev")
    assert (result.code, result.out) == (5, "")
    assert result.err.startswith("encee: error: /dev/null does not store what is written to it; nothing was changed\n")


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
def test_warns_of_a_variable_that_makes_aws_tools_read_no_file(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "")
    file = home.credentials if "CREDENTIALS" in variable else home.config
    warning = f"encee: warning: {variable} is set and empty: AWS tools read no ~/.aws/{file.name} in this shell"
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 0
    assert result.err.count(warning) == 1
    assert f"\n  {variable}={shown(file)} aws --profile dev-mfa" in result.err
    assert warning in encee("status").err
    option = "--credentials-file" if "CREDENTIALS" in variable else "--config-file"
    assert warning not in encee("status", option, str(file)).err
    result = encee("doctor", "--json")
    assert warning not in result.err
    assert f'"unset {variable}"' in result.out


# ---- a single file for both


def link(home: Home, _monkeypatch: pytest.MonkeyPatch) -> None:
    home.config.symlink_to("credentials")


def variables(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home.credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.credentials.parent / ".." / ".aws" / "credentials"))


def one_file(home: Home, person: Person, rest: str, *, serial: bool = True) -> bytes:
    """Write the profile and other sections into a single file, and return its content."""
    home.write(person.section(serial=serial) + rest)
    return home.credentials.read_bytes()


IN_ITS_SECTION = "region = eu-central-1\noutput = text"
AS_AWS_CONFIGURE_WRITES = f"[profile dev]\n{IN_ITS_SECTION}\n"


@pytest.mark.parametrize(
    ("make_one", "rest"),
    [
        (link, AS_AWS_CONFIGURE_WRITES),
        pytest.param(link, IN_ITS_SECTION, marks=pytest.mark.slow),
        pytest.param(variables, IN_ITS_SECTION, marks=pytest.mark.slow),
        pytest.param(variables, "[default]\nregion = eu-west-1\n", marks=pytest.mark.slow),
    ],
)
def test_refreshes_and_clears_a_single_file(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch, make_one: MakeOne, rest: str
) -> None:
    before = one_file(home, person, rest)
    make_one(home, monkeypatch)
    for _ in range(2):
        result = encee("refresh", "dev", "-c", person.device.next_code())
        assert (result.code, "warning" in result.err) == (0, False), result.err
    text = home.credentials.read_text()
    assert text.count("[dev-mfa]") == 1
    assert "[profile dev-mfa]" not in text
    session = text.partition("[dev-mfa]")[2]
    assert ("region = eu-central-1\noutput = text" in session) == ("eu-central-1" in rest)
    for command in ("status --check dev", "env dev --shell json", "process dev", "device list dev", "doctor dev"):
        assert encee(*command.split()).code == 0, command
    assert encee("doctor").err.count("one-file: ") == 1
    result = encee("clear", "dev")
    assert (result.code, result.err) == (0, "removed dev-mfa, the session of dev\n")
    assert home.credentials.read_bytes() == before


def test_saves_the_device_in_the_section_of_the_single_file(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = one_file(home, person, "", serial=False)
    link(home, monkeypatch)
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    assert home.credentials.read_bytes().startswith(
        before + f"mfa_serial = {person.device.serial}\n\n[dev-mfa]".encode()
    )


@pytest.mark.slow
def test_refreshes_a_role_in_a_single_file(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch, aws: FakeAws
) -> None:
    admin = aws.create_role("admin", trusting())
    before = one_file(
        home, person, f"region = eu-central-1\n[profile admin]\nrole_arn = {admin}\nsource_profile = dev\n"
    )
    link(home, monkeypatch)
    assert encee("refresh", "admin", "-c", person.device.next_code()).code == 0
    assert "[admin-mfa]" in home.credentials.read_text()
    assert encee("doctor", "admin").code == 0
    assert encee("clear", "--all").code == 0
    assert home.credentials.read_bytes() == before


@pytest.mark.slow
def test_finds_keys_under_a_header_of_the_config_file(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(person.section("profile dev"))
    link(home, monkeypatch)
    assert [row["source"] for row in json.loads(encee("status", "--json").out)["sessions"]] == ["dev"]
    assert encee("refresh", "-c", person.device.next_code()).code == 0
    assert encee("status", "--check", "dev").code == 0


def test_doctor_reports_an_error_of_a_single_file_once(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("[default]\naws_access_key_id = x\n[profile dev]\nregion = x\n[x]\nnonsense\n")
    link(home, monkeypatch)
    checks = [check for check in json.loads(encee("doctor", "--json").out)["checks"] if check["state"] != "ok"]
    ids = [check["id"] for check in checks if check["state"] != "unknown"]
    assert sorted(ids) == ["half-a-key", "one-file", "syntax"]


@pytest.mark.slow
@pytest.mark.parametrize("make_one", [link, variables])
@pytest.mark.parametrize("rest", [IN_ITS_SECTION, AS_AWS_CONFIGURE_WRITES])
def test_the_aws_cli_reads_a_single_file_after_a_refresh(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch, make_one: MakeOne, rest: str
) -> None:
    one_file(home, person, rest)
    make_one(home, monkeypatch)
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    for profile in ("dev", "dev-mfa"):
        assert run_aws("--profile", profile, "configure", "get", "region").out == "eu-central-1\n"
        assert run_aws("--profile", profile, "sts", "get-caller-identity").code == 0
    rotated = encee("keys", "rotate", "dev")
    assert rotated.code == 0, rotated.err


def test_saves_the_device_in_the_section_that_holds_the_keys(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(person.section("profile dev", serial=False))
    link(home, monkeypatch)
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    text = home.credentials.read_text()
    assert f"mfa_serial = {person.device.serial}" in text.partition("[dev-mfa]")[0]
    assert "[dev]" not in text


@pytest.mark.slow
def test_saves_no_device_if_a_profile_has_two_sections(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = one_file(home, person, AS_AWS_CONFIGURE_WRITES, serial=False)
    link(home, monkeypatch)
    result = encee("device", "save", "dev", person.device.serial)
    assert (result.code, result.err.splitlines()[1]) == (5, "encee: hint: join the two under [dev]")
    assert home.credentials.read_bytes() == before


@pytest.mark.slow
def test_clears_what_an_older_version_wrote_into_a_single_file(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = one_file(home, person, AS_AWS_CONFIGURE_WRITES)
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    settings = f"\n[profile dev-mfa]\n{IN_ITS_SECTION}\nencee_source = dev\n"
    home.write(home.credentials.read_text() + settings)
    link(home, monkeypatch)
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    assert encee("clear", "dev").code == 0
    assert home.credentials.read_bytes() == before


def test_does_not_hint_to_create_a_second_header(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section() + "[dev-mfa]\n[profile dev-mfa]\nregion = x\n")
    result = encee("refresh", "dev", "-c", "123456")
    assert (result.code, result.err.splitlines()[1]) == (
        5,
        "encee: hint: move what is under it to [dev-mfa], then delete line 6",
    )


@pytest.mark.usefixtures("dev")
def test_a_hint_names_the_file_of_the_option(encee: Encee, home: Home) -> None:
    other = home.path / "other file"
    other.write_text("[ops]\nregion = eu-central-1\n", encoding="utf-8")
    before = home.credentials.read_bytes()
    in_other = f"AWS_SHARED_CREDENTIALS_FILE={shown(other)} "
    for command, hint in (
        ("refresh ops -c 123456", f"enter the keys with: {in_other}aws configure --profile ops"),
        ("env absent", f"make the first one: {in_other}encee setup"),
    ):
        result = encee(*command.split(), "--credentials-file", str(other))
        assert result.err.endswith(f"encee: hint: {hint}\n")
    asked = encee("status", "absent", "--json", f"--credentials-file={other}")
    absolute = f"AWS_SHARED_CREDENTIALS_FILE='{other}' "
    assert json.loads(asked.out)["error"]["hint"] == f"make the first one: {absolute}encee setup"
    assert home.credentials.read_bytes() == before
    assert encee("env", "dev").err.endswith("encee: hint: encee refresh dev\n")


@pytest.mark.usefixtures("dev")
def test_reports_a_missing_credentials_file(encee: Encee, home: Home) -> None:
    gone = home.path / "gone"
    result = encee("refresh", "dev", "--credentials-file", str(gone), "-c", "123456")
    assert result.code == 2
    assert result.err.startswith(
        "encee: error: dev has no aws_access_key_id and no aws_secret_access_key: ~/gone does not exist\n"
    )


def test_names_the_target_of_a_broken_link(encee: Encee, home: Home) -> None:
    home.write("", "[profile dev]\nregion = eu-central-1\n")
    home.credentials.unlink()
    home.credentials.symlink_to(home.path / "drive" / "credentials")
    result = encee("env", "dev")
    assert (result.code, "aws configure" in result.err) == (2, False)
    assert "ls -la ~/.aws/credentials" in result.err.splitlines()[-1]


# ---- paths below the home folder


def test_shows_paths_below_the_home_folder_with_a_tilde(encee: Encee, home: Home) -> None:
    home.write("no value here\n")
    shown = encee("refresh", "dev")
    assert "~/.aws/credentials" in shown.err
    assert str(home.path) not in shown.err
    report = json.loads(encee("refresh", "dev", "--json").out)
    assert str(home.credentials) in report["error"]["message"]
    checks = encee("doctor", "--offline")
    assert "~/.aws/credentials" in checks.out
    assert str(home.path) not in checks.out + checks.err


@pytest.mark.parametrize("name", ["credentials", "my file", "it's mine"])
@pytest.mark.parametrize("command", ["status dve", "process dev"], ids=["typed option", "environment variable"])
def test_a_hint_with_a_path_below_the_home_folder_works_in_a_shell(
    encee: Encee, home: Home, person: Person, name: str, command: str
) -> None:
    file = home.path / name
    file.write_text(person.section(), encoding="utf-8")
    file.chmod(0o600)
    hint = encee(*command.split(), "--credentials-file", str(file)).err.splitlines()[-1].removeprefix("encee: hint: ")
    assert f" ~/{shlex.quote(name)}" in hint.replace("=", " ")
    line = hint.replace("encee ", f"{ENCEE} ") + (" --dry-run" if "refresh" in hint else "")
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, "dev-mfa" in done.stdout) == (0, True), (line, done)


def test_an_option_with_an_attached_path_keeps_the_absolute_path(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section())
    result = encee("status", "dve", f"--credentials-file={home.credentials}")
    assert result.err.endswith(f"encee: hint: encee status dev --credentials-file={home.credentials}\n")


def test_a_quoted_word_of_a_hint_keeps_the_paths_in_it(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section("dev"))
    command = f"cat {home.path}/code"
    result = encee("refresh", "dve", "--code-command", command)
    assert result.err.endswith(f"encee: hint: encee refresh dev --code-command '{command}'\n")
