"""The code in the README and the pages of docs/: its blocks, and the command lines of encee in it."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer

from encee.cli.app import app
from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
LANGUAGES = ("sh", "bash", "zsh", "fish", "tcsh", "nu", "powershell", "bat")

_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<mark>not run|exits with status (?P<status>\d+)): [^>]+ -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`((?:sudo )?encee [^`\n]+)`(?!`)|``\s?([^\n]+?)\s?``")
_ENCEE = re.compile(r"(?<![\w./@~'-])(?<!-e )encee (?=[a-z-])")


class Block(NamedTuple):
    """A block of code that a reader types.

    Args:
        language: `sh`, which every shell accepts, or the shell that it is for.
        code: Its lines, without prompts.
        status: The exit status that the page names.
        runs: False if the page says why the block cannot be run.
        output: The lines that the page shows as output.
    """

    language: str
    code: str
    status: int
    runs: bool
    output: Sequence[str] = ()


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page that a reader types: those of shells, and the `$ ` lines of sessions."""
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, code = match["language"], re.sub(rf"^{match['indent']}", "", match["code"], flags=re.MULTILINE)
        output = []
        if language == "console":
            output = [line for line in code.splitlines() if not line.startswith("$ ")]
            language, code = "sh", "".join(f"{line}\n" for line in re.findall(r"^\$ (.+)$", code, re.MULTILINE))
        if language in LANGUAGES and code:
            yield Block(language, code, int(match["status"] or 0), match["mark"] != "not run", output)


def pattern(line: str) -> str:
    """Return a pattern for a line of output, in which ids, codes, times, ages and `…` vary."""
    variable = {
        r"A[KS]IA[A-Z0-9]+": r"A[KS]IA\w+",
        r"\d+h \d\dm": r"\d+h \d\dm",
        r"(?:today|tomorrow) \d\d:\d\d": r"(?:today|tomorrow) \d\d:\d\d",
        r"\b123456\b": r"\d{6}",
        r"\d+ days": r"\d+ days",
        r"~": r"\S*",
        r"…": ".*",
        r" +": " +",
    }
    parts = re.split("(" + "|".join(variable) + ")", line)
    return "".join(
        next(value for key, value in variable.items() if re.fullmatch(key, part)) if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )


def command_lines(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield the arguments of each command line of encee on a page, and whether it is in a block and so complete."""
    for block in blocks(page):
        for line in re.findall(r"^(?!\s*#).*encee.*$", block.code, re.MULTILINE):
            yield from ((arguments, True) for arguments in command_arguments(line))
    for found in _INLINE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8"))):
        yield from ((arguments, False) for arguments in command_arguments("".join(found)))


def command_arguments(line: str) -> Iterator[list[str]]:
    """Yield what is typed after each `encee ` of a line; the line can continue after it, for example with a pipe."""
    for start in _ENCEE.finditer(line):
        rest = re.split(r"\s*(?:\\?[|;&>)`]|\s#|…)", line[start.end() :], maxsplit=1)[0].rstrip()
        for end in ("", "'", '"'):
            try:
                yield shlex.split(rest.removesuffix(end))
                break
            except ValueError:
                continue


def parse(arguments: list[str]) -> None:
    """Parse a command line as encee does, without running it."""
    command: Any = typer.main.get_command(app)
    names = list(arguments)
    while names and names != ["--help"] and hasattr(command, "list_commands"):
        name = names.pop(0)
        child = command.get_command(typer.Context(command), name)
        assert child, f"there is no command {name}"
        command = child
    if not hasattr(command, "list_commands") and "--help" not in names:
        command.make_context(command.name, names)
