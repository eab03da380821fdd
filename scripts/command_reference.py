"""Write docs/commands.md: the help of every command, as the program prints it.

`--check` changes nothing, and exits with status 1 if the page is out of date.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import typer

from encee.cli.app import app, main as encee
from scripts.homes import ROOT
from scripts.pages import write_or_check

PAGE = ROOT / "docs" / "commands.md"

_INTRODUCTION = """\
# Commands

This page has what `encee … --help` prints, for every command. [Settings](settings.md) and
[Exit codes](exit-codes.md) apply to all of them.

"""


def help_of(command: str) -> str:
    """Return the output of `encee … --help` on 80 columns."""
    os.environ["COLUMNS"] = "80"
    with redirect_stdout(io.StringIO()) as printed:
        encee([*command.split()[1:], "--help"])
    return printed.getvalue()


def commands() -> Iterator[str]:
    """Return all commands in the order of the help; a group comes before its commands."""
    root = typer.main.get_command(app)
    yield from _below("encee", root)


def _below(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own class is private
    yield name
    if isinstance(command, typer.core.TyperGroup):
        context = typer.Context(command)
        for child in command.list_commands(context):
            yield from _below(f"{name} {child}", command.get_command(context, child))


def reference() -> str:
    """Return the page."""
    names = list(commands())
    contents = "".join(f"{'    ' * name.count(' ')}- [{name}](#{name.replace(' ', '-')})\n" for name in names)
    sections = "".join(f"\n## {name}\n\n```console\n$ {name} --help\n{help_of(name)}```\n" for name in names)
    return _INTRODUCTION + contents + sections


def main() -> int:
    """Write the page, or check whether it is current."""
    return write_or_check(PAGE, reference(), __doc__.split("\n", 1)[0])


if __name__ == "__main__":
    sys.exit(main())
