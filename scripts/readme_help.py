"""Keep the README true: its help texts, its table of exit codes and its table of commands, against the program.

`--check` prints a line for each difference and exits with 1 where there is one; without it the help texts are
rewritten in place first, so that only the tables, which people write, can still differ.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from encee.cli.app import COMMANDS
from encee.errors import ExitCode

README = Path(__file__).resolve().parent.parent / "README.md"
ENCEE = Path(sys.executable).with_name("encee")
HELP_BLOCK = re.compile(
    r"(?P<start>^```\w*\n\$ (?P<command>encee\b[^\n]* --help)\n)(?P<text>.*?)(?P<end>^```$)", re.MULTILINE | re.DOTALL
)


def help_of(command: str) -> str:
    """What `encee … --help` prints on 80 columns."""
    done = subprocess.run(
        [ENCEE, *command.split()[1:]],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def with_help(readme: str) -> str:
    """The README with every help text as the program prints it."""
    return HELP_BLOCK.sub(lambda block: block["start"] + help_of(block["command"]) + block["end"], readme)


def differences_in_help(readme: str) -> Iterator[str]:
    """A line for each line of a help text that the README lacks or has too many."""
    for block in HELP_BLOCK.finditer(readme):
        for line in difflib.ndiff(block["text"].splitlines(), help_of(block["command"]).splitlines()):
            if line.startswith("+ "):
                yield f"{block['command']} prints, and the README lacks: {line[2:]}"
            elif line.startswith("- "):
                yield f"{block['command']} does not print, and the README has: {line[2:]}"


def column(readme: str, heading: str) -> set[str]:
    """The first column, without backticks, of the tables whose heading row begins with a word."""
    rows = re.findall(rf"^\| {heading} \|.*\n\|[-| ]+\n((?:\|.*\n)*)", readme, re.MULTILINE)
    return {row.split("|")[1].strip(" `") for table in rows for row in table.splitlines()}


def differences_in_table(what: str, told: set[str], real: set[str]) -> Iterator[str]:
    """A line for each entry that a table lacks, and for each that it has too many."""
    yield from (f"the table lacks the {what} {entry}" for entry in sorted(real - told))
    yield from (f"the table has the {what} {entry}, and encee has not" for entry in sorted(told - real))


def differences(readme: str) -> Iterator[str]:
    """Everything in which the README and the program differ."""
    yield from differences_in_help(readme)
    yield from differences_in_table("exit code", column(readme, "code"), {str(int(code)) for code in ExitCode})
    commands = {entry.removeprefix("encee ").split()[0] for entry in column(readme, "command")}
    yield from differences_in_table("command", commands, set(COMMANDS))


def main() -> int:
    """Check the README, and without `--check` mend its help texts before."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    readme = README.read_text(encoding="utf-8")
    if not check:
        readme = with_help(readme)
        README.write_text(readme, encoding="utf-8")
    found = list(differences(readme))
    for difference in found:
        print(f"README.md: {difference}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
