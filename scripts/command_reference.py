"""Write docs/commands.md: the help of every command, as the program prints it.

`--check` changes nothing, and exits with 1 where the page is another one.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from encee.cli.app import app
from scripts.readme_help import help_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

_INTRODUCTION = """\
# Commands

What `encee … --help` prints, for every command; `make docs` makes this page.
The README has the [settings](../README.md#settings) and the [exit codes](../README.md#exit-codes), which hold for
all of them.

"""


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
    contents = "".join(f"{'  ' * name.count(' ')}- [{name}](#{name.replace(' ', '-')})\n" for name in names)
    sections = "".join(
        f"\n## {name}\n\n```console\n$ {name} --help\n{help_of(f'{name} --help')}```\n" for name in names
    )
    return _INTRODUCTION + contents + sections


def main() -> int:
    """Write the page, or check whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    page = reference()
    if not parser.parse_args().check:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print("docs/commands.md is not what the program says; make docs makes it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
