"""Which programs of the machine a test may start: the basic ones, and those that its mark `needs` names.

PATH leads to these alone while a test runs. A program without a mark is found neither by the test nor by what the test
starts, on whatever machine it runs.
"""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

BASIC = (
    *("awk", "cat", "chmod", "chown", "cp", "cut", "date", "dirname", "echo", "env", "false", "grep", "head", "id"),
    *("ln", "ls", "mkdir", "mv", "printf", "rm", "sed", "sh", "sleep", "sort", "stty", "tail", "touch", "tr", "true"),
    *("tty", "wc", "yes"),
)
"""Programs that every POSIX system has: a test starts them without a mark. bash is not among them."""

MACHINE_PATH = os.environ.get("PATH", os.defpath)
"""PATH as it was before the first test."""


def find_program(name: str) -> str | None:
    """Find a program on this machine, whether or not the running test may start it."""
    return shutil.which(name, path=MACHINE_PATH)


def link_programs(folder: Path, names: Iterable[str]) -> None:
    """Fill a folder with links to the programs of these names that this machine has."""
    for name in set(names):
        if program := find_program(name):
            (folder / name).symlink_to(program)


def evades_marks(program: str | Path) -> bool:
    """Whether a program is the machine's, not basic, and named by its path; what is beside this Python is ours."""
    folder, name = Path(program).parent, Path(program).name
    is_of_machine = str(folder) in MACHINE_PATH.split(os.pathsep) and folder != Path(sys.executable).parent
    return is_of_machine and name not in BASIC
