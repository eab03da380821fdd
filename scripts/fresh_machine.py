"""Run a command as on a new machine, with only Python, make, git and the basic programs on PATH.

`python3 -m scripts.fresh_machine make demo test`; the exit code is the command's.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.programs import BASIC, MACHINE_PATH, find_program, link_programs

PROGRAMS = (*BASIC, "expand", "make", "git")
"""make needs expand for its list of goals."""


def fill(folder: Path) -> None:
    """Link the programs into the folder on PATH."""
    link_programs(folder, PROGRAMS)
    # No link: an environment that is made through one would end with this folder.
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)


def main() -> int:
    """Run the command in this folder."""
    if missing := [name for name in PROGRAMS if not find_program(name)]:
        print(f"fresh_machine: not found in {MACHINE_PATH}: {', '.join(missing)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="encee-fresh-machine-") as folder:
        fill(Path(folder))
        environ = {name: value for name, value in os.environ.items() if name != "CI"}
        return subprocess.run(sys.argv[1:], env={**environ, "PATH": folder}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
