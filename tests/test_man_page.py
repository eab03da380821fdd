"""The manual page: every command and option is in it, and the programs that print one take it without a warning."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from encee.cli.app import app
from scripts.man_page import escape, man_page


def records(name: str, command: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - typer's own class is private
    """Each argument and option of a command and of those in it, with the command's name."""
    context = typer.Context(command, info_name=name)
    yield from ((name, record[0]) for each in command.params if (record := each.get_help_record(context)))
    if isinstance(command, typer.core.TyperGroup):
        for child in command.list_commands(context):
            yield from records(f"{name} {child}", command.get_command(context, child))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("man") / "encee.1"
    file.write_text(man_page(), encoding="ascii")
    return file


@pytest.mark.needs("groff", "troff", "grotty")
def test_every_command_and_option_is_printed(page: Path) -> None:
    command = ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=100n", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    sections = dict(re.findall(r"^   (encee .+)\n((?:(?:       .*)?\n)+)", done.stdout, re.MULTILINE))
    everything = records("encee", typer.main.get_command(app))
    of_commands = [(name, record) for name, record in everything if " " in name and "--help" not in record]
    assert of_commands
    missing = [
        (name, record)
        for name, record in of_commands
        if not re.search(rf"^       {re.escape(record)}( |$)", sections[name], re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.needs("mandoc")
def test_mandoc_finds_nothing_wrong_but_the_missing_date(page: Path) -> None:
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(page)], capture_output=True, text=True, check=False)
    faults = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert [line for line in faults if " WARNING: " in line or " ERROR: " in line] == []


@pytest.mark.needs("groff", "troff", "grotty")
def test_what_roff_would_change_is_printed_as_it_is() -> None:
    text = ".start 'quoted' --option \\d ~/.aws `^` → … –"
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou"],
        input=f".TH X 1\n.SH Y\n{escape(text)}\n{escape(chr(39) + 'quoted')}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert text.replace("`^`", "^") in done.stdout
    assert "'quoted\n" in done.stdout
