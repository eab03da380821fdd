"""Check the README against the program and docs/benchmarks.md, or rewrite what is generated.

`--check` prints a line for each difference and exits with 1 where there is one; without it the help texts and the
measurements are rewritten in place first, so that only the other tables, which people write, can still differ.
"""

import argparse
import difflib
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout

from encee.cli.app import COMMANDS, main as encee
from encee.errors import ExitCode
from scripts.homes import ROOT

README = ROOT / "README.md"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"
HELP_BLOCK = re.compile(
    r"(?P<start>^```\w*\n\$ (?P<command>encee\b[^\n]* --help)\n)(?P<text>.*?)(?P<end>^```$)", re.MULTILINE | re.DOTALL
)

MEASURED = re.compile(
    r"(?P<start>^Measured by `make bench` on )[\d-]+(?P<how>;.*\n\n)(?:\|.*\n)+\nMachine: .*\n", re.MULTILINE
)


def help_of(command: str) -> str:
    """Return the output of `encee … --help` on 80 columns."""
    os.environ["COLUMNS"] = "80"
    with redirect_stdout(io.StringIO()) as printed:
        encee(command.split()[1:])
    return printed.getvalue()


def with_help(readme: str) -> str:
    """Return the README with current help texts."""
    return HELP_BLOCK.sub(lambda block: block["start"] + help_of(block["command"]) + block["end"], readme)


def differences_in_help(readme: str) -> Iterator[str]:
    """Yield the lines of help texts in which the README differs."""
    for block in HELP_BLOCK.finditer(readme):
        for line in difflib.ndiff(block["text"].splitlines(), help_of(block["command"]).splitlines()):
            if line.startswith("+ "):
                yield f"{block['command']} prints, and the README lacks: {line[2:]}"
            elif line.startswith("- "):
                yield f"{block['command']} does not print, and the README has: {line[2:]}"


def with_measurements(readme: str, page: str) -> str:
    """Return the README with the measurements, date and machine of docs/benchmarks.md."""
    day, machine = re.findall(r"on (\d{4}-\d\d-\d\d)|^(Machine: .*\n)", page, re.MULTILINE)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in re.findall(r"^\|.*", page, re.MULTILINE)]
    rows[1] = ["---" for _ in rows[0]]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return MEASURED.sub(lambda block: f"{block['start']}{day[0]}{block['how']}{table}\n{machine[1]}", readme)


def column(readme: str, heading: str) -> set[str]:
    """Return the first column, without backticks, of the tables whose heading begins with a word."""
    rows = re.findall(rf"^\| {heading} \|.*\n\|[-| ]+\n((?:\|.*\n)*)", readme, re.MULTILINE)
    return {row.split("|")[1].strip(" `") for table in rows for row in table.splitlines()}


def differences_in_table(what: str, told: set[str], real: set[str]) -> Iterator[str]:
    """Yield the entries that a table lacks, and those that it should not have."""
    yield from (f"the table lacks the {what} {entry}" for entry in sorted(real - told))
    yield from (f"the table has the {what} {entry}, and encee has not" for entry in sorted(told - real))


def differences(readme: str, page: str) -> Iterator[str]:
    """Yield the differences of the README to the program and to docs/benchmarks.md."""
    yield from differences_in_help(readme)
    if not MEASURED.search(readme) or readme != with_measurements(readme, page):
        yield "its measurements are not those of docs/benchmarks.md"
    yield from differences_in_table("exit code", column(readme, "code"), {str(int(code)) for code in ExitCode})
    commands = {entry.removeprefix("encee ").split()[0] for entry in column(readme, "command")}
    yield from differences_in_table("command", commands, set(COMMANDS))


def main() -> int:
    """Check the README; without `--check`, rewrite its help texts and measurements first."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    readme, page = (path.read_text(encoding="utf-8") for path in (README, BENCHMARKS))
    if not check:
        readme = with_measurements(with_help(readme), page)
        README.write_text(readme, encoding="utf-8")
    found = list(differences(readme, page))
    for difference in found:
        print(f"README.md: {difference}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
