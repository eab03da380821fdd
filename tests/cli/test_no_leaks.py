"""A key that is indented by mistake is part of the setting above it; no message may quote it."""

import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Encee, Home, Person, Result, run_encee
from tests.fake_aws import FakeAws

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
ARN = "arn:aws:iam::123456789012:mfa/phone"

OF_A_PROFILE = {
    "mfa_serial": ARN,
    "aws_mfa_device": ARN,
    "region": "eu-west-1",
    "output": "json",
    "encee_duration": "1h",
    "encee_session_profile": "work",
    "mfa_process": "true",
    "ca_bundle": "/etc/ca.pem",
    "endpoint_url": "http://127.0.0.1:1",
    "services": "mine",
    "s3": "",
}
OF_A_ROLE = {
    "role_arn": "arn:aws:iam::123456789012:role/x",
    "source_profile": "dev",
    "duration_seconds": "900",
    "role_session_name": "me",
    "external_id": "tenant",
    "mfa_serial": ARN,
    "region": "eu-west-1",
}
OF_A_SESSION = {
    "manager": "encee",
    "encee_source": "dev",
    "expiration": "2026-11-22T17:00:00Z",
    "aws_session_token": "t",
}
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("status", "--check", "dev"),
    ("refresh", "dev", "--dry-run"),
    ("refresh", "dev", "admin", "-c", "123456"),
    ("refresh", "admin", "--dry-run"),
    ("env", "dev"),
    ("exec", "dev", "--no-refresh", "--", "true"),
    ("process", "dev"),
    ("clear", "dev"),
    ("clear", "--all"),
    ("doctor", "dev"),
    ("doctor", "--json"),
    ("import", "legacy", "--dry-run"),
)


@pytest.mark.parametrize(
    ("where", "name"),
    [*(("profile", name) for name in OF_A_PROFILE), *(("role", name) for name in OF_A_ROLE)]
    + [("session", name) for name in OF_A_SESSION],
)
def test_never_prints_text_indented_below_a_setting(
    encee: Encee, home: Home, aws: FakeAws, where: str, name: str
) -> None:
    settings = {
        "profile": {"mfa_serial": ARN},
        "role": OF_A_ROLE,
        "session": {"aws_access_key_id": "ASIAX", **OF_A_SESSION},
    }
    if where == "profile":
        settings["profile"] = {"mfa_serial": ARN, name: OF_A_PROFILE[name]}
    lines = {
        of: "".join(
            f"{key} = {value}\n" + f"  aws_secret_access_key = {SECRET}\n" * ((of, key) == (where, name))
            for key, value in options.items()
        )
        for of, options in settings.items()
    }
    (home.path / ".encee").mkdir()
    (home.path / ".encee" / "config").write_text(ARN)
    config = f"[profile dev]\n{lines['profile']}[profile admin]\n{lines['role']}"
    for command in COMMANDS:
        home.write(f"[dev]\n{KEYS}[dev-mfa]\n{lines['session']}", config)
        result = encee(*command)
        assert SECRET not in result.out + result.err, command
    assert all(SECRET not in str(call.params) for call in aws.journal)


# Each option and command, with a user whose key and device AWS knows

FURTHER = f"  aws_secret_access_key = {SECRET}\n\t{SECRET}\n"
EVERY_OPTION = {
    "key": ("aws_access_key_id", "aws_secret_access_key", "encee_new_key", "encee_old_key", "mfa_serial", "region"),
    "locked": ("encee_access_key_id", "encee_secret"),
    "profile": (*OF_A_PROFILE, "encee_totp"),
    "role": tuple(OF_A_ROLE),
    "session": (
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "aws_security_token",
        "expiration",
        "manager",
        "encee_source",
        "region",
    ),
    "session profile": ("region", "output", "encee_source"),
    "theirs": ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "expiration", "manager", "region"),
}
EVERY_COMMAND = (
    "status",
    "status --json",
    "status --check",
    "refresh --dry-run",
    "refresh --dry-run --json",
    "refresh -c CODE",
    "refresh dev -c CODE",
    "refresh dev admin -c CODE --json",
    "refresh dev --force",
    "refresh locked -c CODE",
    "env dev --shell bash",
    "env dev-mfa --shell json",
    "env admin --shell bash",
    "env theirs --shell bash",
    "use dev",
    "process dev",
    "process theirs",
    "process admin",
    "clear dev",
    "clear --all",
    "clear --expired --json",
    "device list dev",
    "device list dev --json",
    "device forget dev",
    "device save dev",
    "device save dev SERIAL --json",
    "keys list dev --json",
    "keys lock dev",
    "keys unlock dev",
    "keys totp dev --forget",
    "account audit --profile dev",
    "import legacy --profile dev --dry-run",
    "setup dev",
    "doctor",
    "doctor dev --json",
)
LAST = ("keys rotate dev -c CODE --keep-old", "device remove dev SERIAL --yes --yes-last")
"""Commands that change the user at AWS."""

EVERY_PROGRAM = ("exec dev -- RECORDER", "exec theirs -- RECORDER", "shell dev")


def sections_of(dev_with_session: Person, home: Home, aws: FakeAws, recorder: Path) -> dict[str, dict[str, str]]:
    """Return header and options of each section; key, session, device and role exist at AWS."""
    statement = {"Effect": "Allow", "Principal": {"AWS": dev_with_session.user.arn}, "Action": "sts:AssumeRole"}
    role = {"role_arn": aws.create_role("x", {"Version": "2012-10-17", "Statement": [statement]})}
    parser = configparser.RawConfigParser()
    parser.read_string(home.credentials.read_text())
    session = dict(parser["dev-mfa"])
    theirs = {name: value for name, value in session.items() if name not in {"manager", "encee_source"}}
    return {
        "key": {"": "[dev]", "aws_access_key_id": dev_with_session.user.access_key.id}
        | {"aws_secret_access_key": dev_with_session.user.access_key.secret},
        "locked": {"": "[locked]", "encee_access_key_id": "AKIAIOSFODNN7EXAMPLE", "encee_secret": "keyring"},
        "session": {"": "[dev-mfa]"} | session,
        "theirs": {"": "[theirs]"} | theirs,
        "profile": {"": "[profile dev]", "mfa_serial": dev_with_session.device.serial, "mfa_process": str(recorder)},
        "role": {"": "[profile admin]"} | OF_A_ROLE | role,
        "session profile": {"": "[profile dev-mfa]", "region": "eu-west-1", "output": "json", "encee_source": "dev"},
    }


def files_of(sections: dict[str, dict[str, str]], where: str, name: str, further: str) -> tuple[str, str]:
    """Return the two files, with further lines below an option."""
    values = {"mfa_serial": sections["profile"]["mfa_serial"], "encee_totp": "keyring", "manager": "other"}
    values |= OF_A_PROFILE | dict.fromkeys(("encee_new_key", "encee_old_key"), "AKIAIOSFODNN7EXAMPLE") | values
    texts = {"[": "", "[profile ": ""}
    for of, section in sections.items():
        header, *options = [section[""], *((option, value) for option, value in section.items() if option)]
        if of == where and name not in section:
            options.append((name, values.get(name, "x")))
        lines = (f"{option} = {value}\n" + further * ((of, option) == (where, name)) for option, value in options)
        texts["[profile " if section[""].startswith("[profile ") else "["] += f"{header}\n{''.join(lines)}"
    return texts["["], texts["[profile "]


NEEDS_MORE = {
    "refresh locked -c CODE",
    "refresh dev --force",
    "env admin --shell bash",
    "use dev",
    "setup dev",
    "keys lock dev",
    "keys totp dev --forget",
    "account audit --profile dev",
    "shell dev",
}
"""Commands that fail here, since they need a keyring, a terminal, a permission, or a code that AWS accepts."""


class Recorder:
    """Create a program that records its arguments and variables, and prints a code."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "recorder"
        self.noted = folder / "noted"
        self.noted.touch()
        self.file.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.noted}; env >> {self.noted}; echo 123456\n')
        self.file.chmod(0o755)


@pytest.fixture
def recorder(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder(tmp_path)
    monkeypatch.setenv("SHELL", str(recorder.file))
    (home.path / ".encee").mkdir()
    (home.path / ".encee" / "config").write_text(ARN)
    return recorder


def outcomes(
    encee: Encee, home: Home, person: Person, recorder: Recorder, files: tuple[str, str]
) -> Iterator[tuple[str, Result]]:
    """Run each command with these two files, and yield its result."""
    for command in (*EVERY_COMMAND, *EVERY_PROGRAM, *LAST):
        home.write(*files)
        code = person.device.next_code() if "CODE" in command else ""
        fill = {"SERIAL": person.device.serial, "RECORDER": str(recorder.file), "CODE": code}
        run = run_encee if command in EVERY_PROGRAM else encee
        yield command, run(*(fill.get(word, word) for word in command.split()))


@pytest.mark.slow
@pytest.mark.parametrize(("where", "name"), [(where, name) for where, names in EVERY_OPTION.items() for name in names])
def test_no_command_prints_text_indented_below_an_option(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, recorder: Recorder, where: str, name: str
) -> None:
    files = files_of(sections_of(dev_with_session, home, aws, recorder.file), where, name, FURTHER)
    for command, result in outcomes(encee, home, dev_with_session, recorder, files):
        assert SECRET not in result.out + result.err, command
        assert "this is a bug in encee" not in result.err, command
        if command.startswith("doctor") or command == "status":  # which list all other profiles
            assert "encee: error" not in result.err, command
    assert SECRET not in str(aws.journal)
    assert SECRET not in recorder.noted.read_text()


@pytest.mark.slow
def test_the_same_commands_work_without_indented_lines(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, recorder: Recorder
) -> None:
    files = files_of(sections_of(dev_with_session, home, aws, recorder.file), "role", "external_id", "")
    failed = {
        command: result.err
        for command, result in outcomes(encee, home, dev_with_session, recorder, files)
        if result.code != 0
    }
    assert failed.keys() <= NEEDS_MORE, failed
    assert "tenant" in str(aws.journal)
    assert recorder.noted.read_text().count(f"{recorder.file} ") >= len(EVERY_PROGRAM)


def test_refuses_a_serial_number_on_the_line_after_its_option(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section(serial=False), f"[profile dev]\nmfa_serial =\n  aws_secret_access_key = {SECRET}\n")
    result = encee("refresh", "dev", "-c", "123456")
    assert (result.code, SECRET in result.err) == (5, False)
    assert "mfa_serial of dev has an indented line below it" in result.err


@pytest.mark.parametrize(
    ("option", "command"),
    [
        ("mfa_serial = SERIAL", "device list dev"),
        ("mfa_serial = SERIAL", "device list dev --json"),
        ("mfa_serial = SERIAL", "refresh dev -c 123456"),
        ("aws_mfa_device = SERIAL", "refresh dev -c 123456"),
        ("mfa_process = RECORDER", "refresh dev"),
        ("encee_totp = keyring", "refresh dev -c 123456"),
        ("region = eu-west-1", "refresh dev -c 123456"),
        ("encee_duration = 1h", "refresh dev -c 123456"),
        ("encee_session_profile = work", "refresh dev -c 123456"),
    ],
)
def test_refuses_and_names_a_setting_of_several_lines(
    encee: Encee, home: Home, person: Person, aws: FakeAws, option: str, command: str
) -> None:
    setting = option.replace("SERIAL", person.device.serial).replace("RECORDER", f"touch {home.path / 'started'}")
    home.write(person.section(serial=False), f"[profile dev]\n{setting}\n{FURTHER}")
    before = home.state()
    result = encee(*command.split())
    assert result.code == 5, result.err
    name = "device that is saved for dev" if "list" in command else f"{option.split(maxsplit=1)[0]} of dev"
    assert f"{name} has an indented line below it, which the AWS tools read as a part of its value" in result.err
    assert home.state() == before
    assert aws.calls("GetSessionToken") == []


@pytest.mark.parametrize("option", ["role_arn", "source_profile", "external_id", "role_session_name", "region"])
def test_refuses_and_names_a_role_setting_of_several_lines(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, option: str
) -> None:
    role = "".join(f"{name} = {value}\n{FURTHER * (name == option)}" for name, value in OF_A_ROLE.items())
    home.config.write_text(f"[profile admin]\n{role}")
    result = encee("refresh", "admin", "-c", dev_with_session.device.next_code())
    assert result.code == 5, result.err
    assert f"{option} of admin has an indented line below it" in result.err
    assert aws.calls("AssumeRole") == []


@pytest.mark.parametrize("option", ["aws_secret_access_key", "aws_session_token", "region"])
def test_does_not_pass_on_a_session_of_several_lines(encee: Encee, home: Home, dev: Person, option: str) -> None:
    section = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region"), "ASIAX")
    text = "".join(f"{name} = {value}\n{FURTHER * (name == option)}" for name, value in section.items())
    home.write(f"{dev.section()}[theirs]\n{text}")
    for command in ("env theirs", "process theirs"):
        result = encee(*command.split())
        assert (result.code, result.out) == (5, "")
        assert f"{option} of theirs has an indented line below it" in result.err


def test_doctor_shows_only_known_nested_settings(encee: Encee, home: Home, dev: Person) -> None:
    nested = f"  max_queue_size = 10\n  note = {SECRET}\n  payload_signing_enabled = {SECRET}\n  {SECRET} = path\n"
    home.write(dev.section(), f"[profile dev]\ns3 =\n{nested}")
    result = encee("doctor", "dev")
    assert "aws configure set s3.max_queue_size 10 --profile dev-mfa" in result.err
    assert SECRET not in result.out + result.err
