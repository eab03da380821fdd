"""No command deletes lines that are indented below an option that it replaces."""

from pathlib import Path

import pytest

from tests.conftest import Encee, Home, Person, section
from tests.fake_aws import FakeAws

ONLY_HERE = "  region = eu-central-1\n  other = only-here\n"


@pytest.mark.parametrize("file", ["credentials", "config"])
@pytest.mark.parametrize("command", ["save", "remove", "forget"])
def test_saves_and_forgets_no_device_across_indented_lines(
    encee: Encee, home: Home, dev: Person, file: str, command: str
) -> None:
    serial = dev.device.serial
    mine = f"mfa_serial = {serial}\n{ONLY_HERE}"
    if file == "credentials":
        home.write(section(dev.user.access_key) + mine, "[profile dev]\nregion = eu-west-1\n")
    else:
        home.write(section(dev.user.access_key), f"[profile dev]\n{mine}")
    before = home.state()
    further = {"save": (serial,), "remove": (serial, "--yes"), "forget": ()}
    result = encee("device", command, "dev", *further[command])
    assert result.code == 5, result.err
    assert home.state() == before
    assert "only-here" not in result.out + result.err
    if command == "forget":
        assert "is indented under mfa_serial" in result.err
    else:
        assert "the device that is saved for dev has an indented line below it" in result.err


@pytest.mark.parametrize("option", ["encee_source", "manager", "aws_session_token", "expiration"])
def test_writes_and_clears_no_session_across_indented_lines(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, option: str
) -> None:
    lines = home.credentials.read_text().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if line.startswith(f"{option} ="))
    lines.insert(number + 1, ONLY_HERE)
    home.write("".join(lines))
    asked = len(aws.calls("GetSessionToken"))
    before = home.state()
    for command in (
        ("refresh", "dev", "-c", dev_with_session.device.next_code()),
        ("clear", "dev"),
        ("clear", "--all"),
    ):
        result = encee(*command)
        assert home.state() == before
        assert "only-here" not in result.out + result.err
        if option != "manager" or command[0] == "refresh":
            assert result.code == 5, result.err
    assert len(aws.calls("GetSessionToken")) == asked


@pytest.mark.parametrize("command", ["clear dev", "clear dev-mfa", "clear --all"])
def test_does_not_clear_the_config_file_across_indented_lines(
    encee: Encee, home: Home, dev: Person, command: str
) -> None:
    home.write(dev.section(), f"[profile dev-mfa]\nencee_source = dev\n{ONLY_HERE}")
    before = home.state()
    result = encee(*command.split())
    assert (result.code, home.state()) == (5, before)
    assert "is indented under encee_source" in result.err
    assert "nothing to remove" not in result.out + result.err


def test_clears_a_session_if_only_its_config_section_is_refused(
    encee: Encee, home: Home, dev_with_session: Person
) -> None:
    assert dev_with_session.device.serial
    home.config.write_text(f"[profile dev-mfa]\nencee_source = dev\n{ONLY_HERE}")
    before = home.config.read_bytes()
    result = encee("clear", "dev")
    assert (result.code, home.config.read_bytes()) == (0, before)
    assert "warning: the sections of the session profiles were not removed" in result.err
    assert "[dev-mfa]" not in home.credentials.read_text()


@pytest.mark.parametrize("option", ["aws_access_key_id", "aws_secret_access_key"])
def test_rotates_no_key_across_indented_lines(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, option: str
) -> None:
    text = home.credentials.read_text()
    line = next(line for line in text.splitlines(keepends=True) if line.startswith(option))
    home.write(text.replace(line, line + ONLY_HERE, 1))
    before = home.state()
    result = encee("keys", "rotate", "dev", "--yes", "-c", dev_with_session.device.next_code())
    assert result.code in {2, 5}, result.err
    assert home.state() == before
    assert aws.calls("CreateAccessKey") == []


def test_copies_no_region_across_indented_lines(encee: Encee, home: Home, dev: Person) -> None:
    mine = "[profile dev-mfa]\noutput = x\n  region = only-here\n"
    home.write(dev.section(), f"[profile dev]\nregion = eu-west-1\n{mine}")
    before = home.config.read_bytes()
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert home.config.read_bytes() == before


@pytest.mark.parametrize("header", ["[profile  dev]", "[profile\tdev]", "[profile dev ]"])
def test_refuses_a_header_that_only_some_tools_read(encee: Encee, home: Home, dev: Person, header: str) -> None:
    home.write(section(dev.user.access_key), f"{header}\nregion = eu-west-1\n")
    before = home.state()
    result = encee("device", "save", "dev", dev.device.serial)
    assert (result.code, home.state()) == (5, before)
    assert f"{Path('.aws/config')}: line 1 spells [profile dev] in a way that AWS tools disagree about" in result.err


@pytest.mark.parametrize("header", ["[ #x]", "[a#b]", "[a;b]"])
def test_writes_no_session_before_a_header_that_some_tools_truncate(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, header: str
) -> None:
    text = home.credentials.read_text()
    home.write(f"{text}\n{header}\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n")
    before = home.state()
    asked = len(aws.calls("GetSessionToken"))
    for command in (("refresh", "dev", "-c", dev_with_session.device.next_code()), ("clear", "dev")):
        assert encee(*command).code == 5
        assert home.state() == before
    assert len(aws.calls("GetSessionToken")) == asked
