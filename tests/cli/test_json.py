"""`--json` prints one object on standard output, with any result."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from encee.cli.app import app
from tests.conftest import Encee, Home, Person, on_terminal, wait_for
from tests.fake_aws import FakeAws, faults

FAILING = [
    "refresh one two --to new",
    "status absent",
    "clear absent",
    "device list absent",
    "device save absent",
    "device forget absent",
    "device enroll absent",
    "device resync absent",
    "device remove absent serial",
    "keys list absent",
    "keys rotate absent",
    "keys lock absent",
    "keys unlock absent",
    "keys totp absent",
    "account audit --profile absent",
    "account setup --profile absent",
    "account teardown --profile absent",
    "account revoke jane --profile absent",
    "policy lint nofile",
    "policy simulate nofile --action s3:GetObject",
    "import csv nofile --profile new",
    "import awsenv nofolder",
    "import legacy nofile",
    "doctor absent",
]


def commands_with_json(command: Any, words: str = "") -> Iterator[str]:  # noqa: ANN401 - typer's own class is private
    """Return each command that has the option."""
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from commands_with_json(command.get_command(None, name), f"{words} {name}".strip())
    elif any("--json" in option.opts for option in command.params):
        yield words


def test_these_tests_include_each_command_with_the_option() -> None:
    found = set(commands_with_json(typer.main.get_command(app))) - {"policy list"}  # which cannot fail
    assert {words for words in found if any(line.startswith(f"{words} ") for line in FAILING)} == found


@pytest.mark.parametrize("line", FAILING)
@pytest.mark.usefixtures("dev")
def test_a_failed_command_prints_an_object_with_the_error(encee: Encee, line: str) -> None:
    result = encee(*line.split(), "--json")
    assert result.code == 2, result.err
    report = json.loads(result.out)
    assert (report["encee_format"], report["error"]["exit_code"]) == (1, 2)
    said = result.err.replace("~/", f"{os.environ['HOME']}/")
    assert f"encee: error: {report['error']['message']}\n" in said
    assert f"encee: hint: {report['error']['hint']}\n" in said


def test_without_the_option_a_failure_leaves_stdout_empty(encee: Encee, home: Home) -> None:
    home.write("")
    assert encee("status", "absent", "--json").out
    assert encee("status", "absent").out == ""


def test_an_error_after_the_object_prints_no_second_object(encee: Encee, dev: Person) -> None:
    del dev
    result = encee("status", "dev", "--check", "--json")
    assert (result.code, list(json.loads(result.out))) == (3, ["encee_format", "sessions", "other_profiles", "faults"])


def test_a_failed_plan_has_its_exit_status(encee: Encee, dev: Person) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    result = encee("account", "setup", "--profile", "dev", "--json")
    assert result.code == 2
    assert json.loads(result.out)["error"]["exit_code"] == 2


def test_ctrl_c_prints_an_object_too(dev: Person, aws: FakeAws) -> None:
    del dev
    aws.fault("ListMFADevices", faults.hang(10))
    child = on_terminal("device", "list", "dev", "--json")
    wait_for(lambda: aws.calls("ListMFADevices"))
    child.sendintr()
    printed = child.read()
    assert child.wait() == 130
    assert "encee: error: interrupted" in printed
    assert json.loads(printed[printed.index("{") :])["error"]["exit_code"] == 130
