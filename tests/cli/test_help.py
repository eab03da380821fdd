"""The help: its groups, sentences, usage lines and examples."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from encee.cli.app import COMMANDS, GROUPS, app
from tests.conftest import Encee
from tests.documented import command_arguments, parse


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own class is private
    """Yield each command and group below a group, with its full name."""
    context = typer.Context(command)
    for child in command.list_commands(context):
        below = command.get_command(context, child)
        yield f"{name} {child}", below
        if hasattr(below, "list_commands"):
            yield from commands(f"{name} {child}", below)


ALL: dict[str, Any] = dict(commands("encee", typer.main.get_command(app)))
every_command = pytest.mark.parametrize("name", ALL)


def first_sentence(name: str) -> str:
    sentence: str = re.split(r"(?<=\.)\s", ALL[name].help)[0]
    return sentence


def test_the_help_groups_the_commands_by_use(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sections = dict(re.findall(r"^([A-Z][\w ]+):\n((?:  .+\n)+)", encee("--help").out + "\n", re.MULTILINE))
    del sections["Options"], sections["Examples"]
    assert {heading: re.findall("^  (\\w+)", rows, re.MULTILINE) for heading, rows in sections.items()} == {
        heading: list(group) for heading, group in GROUPS.items()
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_and_the_help_of_a_command_say_the_same(command: str) -> None:
    assert COMMANDS[command][1] == first_sentence(f"encee {command}")


@every_command
def test_a_first_sentence_is_a_short_imperative(name: str) -> None:
    sentence = first_sentence(name)
    assert len(sentence) <= 60
    assert re.fullmatch(r"[A-Z][a-z]*[^s], .*|[A-Z][a-z]*[^s] .*", sentence)
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", ["encee", *ALL])
def test_the_help_fits_on_80_columns_and_truncates_no_text(
    encee: Encee, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = encee(*name.split()[1:], "--help").out
    assert max(map(len, out.splitlines())) <= 80
    assert "..." not in out.replace("]...", "").replace("COMMAND...", "").replace("FILE...", "")


@every_command
def test_a_usage_line_has_no_braces(encee: Encee, name: str) -> None:
    usage = encee(*name.split()[1:], "--help").out.partition("\n\n")[0]
    assert usage.startswith(f"Usage: {name} [OPTIONS]")
    assert not set("{}") & set(usage)


@pytest.mark.parametrize("name", [name for name, command in ALL.items() if not hasattr(command, "list_commands")])
def test_a_help_ends_with_examples_that_can_be_parsed(encee: Encee, name: str) -> None:
    _, _, examples = encee(*name.split()[1:], "--help").out.partition("\nExamples:\n")
    lines = re.findall(r"^  \$ (.+)\n", examples, re.MULTILINE)
    assert examples == "".join(f"  $ {line}\n" for line in lines)
    assert 1 <= len(lines) <= 4
    for line in lines:
        of_encee = list(command_arguments(line))
        assert any(shlex.join(arguments).startswith(name.removeprefix("encee ")) for arguments in of_encee), line
        for arguments in of_encee:
            parse(arguments)
