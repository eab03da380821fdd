"""Programs that a test may start: the basic ones, and those that its mark `needs` names.

During a test, PATH has only these. Neither the test nor the programs that it starts find a program without a mark,
on any machine.
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
"""Programs of every POSIX system, which need no mark. bash is not one of them."""

MACHINE_PATH = os.environ.get("PATH", os.defpath)
"""The value of PATH before the first test."""


def find_program(name: str) -> str | None:
    """Find a program on this machine, even if the running test may not start it."""
    return shutil.which(name, path=MACHINE_PATH)


def link_programs(folder: Path, names: Iterable[str]) -> None:
    """Fill a folder with links to the programs of these names that this machine has."""
    for name in set(names):
        if program := find_program(name):
            (folder / name).symlink_to(program)


def evades_marks(program: str | Path) -> bool:
    """Return whether a path names a program of the machine that needs a mark; those beside this Python do not."""
    folder, name = Path(program).parent, Path(program).name
    is_of_machine = str(folder) in MACHINE_PATH.split(os.pathsep) and folder != Path(sys.executable).parent
    return is_of_machine and name not in BASIC
