"""Each remedy of `encee doctor` fixes the setup for which it is printed, and makes nothing worse."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.cli import remedies
from tests.cli.commands.test_doctor import ARN, FAULTS, Fault, found_checks, set_up
from tests.cli.commands.test_doctor_online import ONLINE_FAULTS, OnlineFault, Scene, age
from tests.conftest import AWS, Encee, Home, Person
from tests.fake_aws import FakeAws

READ = """
import json, os, sys
from awscli.botocore.configloader import load_config, raw_config_parse

def read(config, credentials):
    profiles = {}
    for file, load in ((config, lambda file: load_config(file)["profiles"]), (credentials, raw_config_parse)):
        try:
            for name, options in load(file).items() if os.path.isfile(file) else ():
                profiles.setdefault(name, {}).update(options)
        except Exception as error:
            if type(error).__name__ != "ConfigParseError":
                raise
    return profiles

print(json.dumps([read(*sys.argv[1:3]), read(*sys.argv[3:5])]))
"""
"""Read two pairs of files with the botocore of the AWS CLI."""


def settings(profiles: dict[str, dict[str, Any]], fault: Fault) -> set[tuple[str, str, str]]:
    """Return each setting that the AWS CLI reads, except those that the remedy changes."""
    return {
        (profile, name, str(value))
        for profile, options in profiles.items()
        for name, value in options.items()
        if not {profile, name} & {*fault.changes}
    }


CASES = [(fault, False) for fault in FAULTS] + [(fault, True) for fault in FAULTS if fault.also]
"""Each fault, and whether to follow the remedies of all its findings at once."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "together"), [pytest.param(*case, id=f"{case[0].check}-{n}") for n, case in enumerate(CASES)]
)
def test_each_remedy_fixes_its_finding(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch, fault: Fault, *, together: bool
) -> None:
    key = person.user.access_key
    assert person.device.serial == ARN
    set_up(home, fault.with_key(key.id, key.secret), monkeypatch)
    before = copied(home, "before")
    for _ in range(4):
        problems = [check for check in json.loads(encee("doctor", "--json").out)["checks"] if is_problem(check)]
        if not problems:
            break
        named = [check for check in problems if check["id"] == fault.check] or problems
        causes = [check for check in problems if check["id"] not in {"refresh", "long-term-keys"}]
        chosen = (causes or problems) if together else named[:1]
        if fault.by_hand:
            fault.by_hand(home)
        else:
            monkeypatch.setenv("ENCEE_CODE_COMMAND", f"echo {person.device.next_code()}")
            remedies.follow(chosen, f"{key.id}\n{key.secret}\n\n\n")
            monkeypatch.delenv("ENCEE_CODE_COMMAND")
        left = found_checks(encee("doctor", "--json"))
        assert len(left) < len(problems)
        assert set(left) <= {(check["id"], check["state"]) for check in problems}, "another one is worse"
    assert found_checks(encee("doctor", "--json")) == []
    read_before, read_after = read_by_aws(*before, str(home.config), str(home.credentials))
    assert settings(read_before, fault) <= settings(read_after, fault)
    if fault.by_hand is None:
        refreshed = encee("refresh", "dev", "--code", person.device.next_code())
        assert refreshed.code == 0, refreshed.err
    assert encee("clear", "--all").code == 0


def is_problem(check: dict[str, Any]) -> bool:
    return check["state"] in {"warning", "error"}


def read_by_aws(*files: str) -> Any:  # noqa: ANN401 - what a JSON text holds
    """Return what the AWS CLI reads in two pairs of a config file and a credentials file."""
    command: list[str] = [str(AWS.with_name("python")), "-c", READ, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def copied(home: Home, name: str) -> list[str]:
    """Copies of the config file and the credentials file."""
    copies = []
    for file in (home.config, home.credentials):
        copy = home.path / f"{file.name}-{name}"
        copy.write_bytes(file.read_bytes() if file.is_file() else b"")
        copies.append(str(copy))
    return copies


def connected(scene: Scene) -> None:
    scene.aws.accept_connections()


def right_clock(scene: Scene) -> None:
    scene.aws.clock_offset = timedelta()


def another_key(scene: Scene) -> None:
    scene.person.user.access_key.activate()


def users_key(scene: Scene) -> None:
    scene.write(serial=scene.person.device.serial)


def fresh_key(scene: Scene) -> None:
    age(scene.person.user.access_key, days=-91)


DONE_ELSEWHERE: dict[str, Callable[[Scene], None]] = {
    "sts-endpoint": connected,
    "clock": right_clock,
    "key-alive": another_key,
    "root-key": users_key,
    "no-device": users_key,
    "fido-only": users_key,
    "key-age": fresh_key,
}
"""Checks whose remedy does not change the files: at AWS, by the system, or at prompts."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=f"{fault.check}-{n}") for n, fault in enumerate(ONLINE_FAULTS)]
)
def test_each_remedy_fixes_a_finding_of_aws(
    encee: Encee, home: Home, aws: FakeAws, person: Person, fault: OnlineFault
) -> None:
    scene = Scene(home, aws, person)
    scene.write(serial=person.device.serial)
    fault.spoil(scene)
    (problem,) = [check for check in json.loads(encee("doctor", "dev", "--json").out)["checks"] if is_problem(check)]
    assert problem["id"] == fault.check
    assert problem["remedy"] or problem["commands"]
    if problem["commands"] and fault.check not in DONE_ELSEWHERE:
        remedies.follow([{**problem, "remedy": None}], "")
    else:
        DONE_ELSEWHERE[fault.check](scene)
        if "aws configure" in str(problem["remedy"]):
            key = person.user.access_key
            remedies.run(f"{AWS} configure --profile dev", f"{key.id}\n{key.secret}\n\n\n", {**os.environ})
    assert [check for check in json.loads(encee("doctor", "dev", "--json").out)["checks"] if is_problem(check)] == []
    assert encee("refresh", "dev", "--code", person.device.next_code()).code == 0
