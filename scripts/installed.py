"""Install each distribution in dist/ into an environment of its own, and use it there as somebody who got it would.

What a wheel lacks (a policy, `py.typed`, a dependency that was not named) is not missed in a clone, where it is there.
"""

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from scripts.claims import UntrueError, expect

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "encee"
DATA = [
    file.relative_to(PACKAGE) for file in PACKAGE.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}
]
"""What encee needs beside its modules: the policies, and the mark that it is typed."""


def run(*command: str | Path, home: Path, code: int = 0) -> str:
    """Run a command far away from the clone; its standard output.

    Raises:
        UntrueError: It ended with another code.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ENCEE_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=home, env=environ | {"HOME": str(home)}, capture_output=True, text=True, check=False
    )
    expect(done.returncode == code, f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def distributions() -> Iterator[Path]:
    """The wheel and the sdist, of which there has to be one each.

    Raises:
        UntrueError: There are none, or more.
    """
    for pattern in ("*.whl", "*.tar.gz"):
        found = [*(ROOT / "dist").glob(pattern)]
        expect(len(found) == 1, f"there are {len(found)} of {pattern} in dist/")
        yield found[0]


def use(distribution: Path, folder: Path) -> None:
    """Install a distribution into the environment of a folder, use it, and remove it again.

    Raises:
        UntrueError: It does not hold what a user needs.
    """
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    home = folder / "home"
    pip = (programs / "python", "-m", "pip")
    run(*pip, "install", "--quiet", distribution, home=Path.home())
    version = run(programs / "encee", "--version", home=home).strip()
    expect(version.split()[-1] in distribution.name, f"{distribution.name} says that it is {version}")
    run(programs / "python", "-m", "encee", "status", home=home)
    run(programs / "encee", "policy", "show", "mfa-required", home=home)
    run(*pip, "check", home=home)
    package = "import encee, pathlib; print(pathlib.Path(encee.__file__).parent)"
    installed = Path(run(programs / "python", "-c", package, home=home).strip())
    expect(installed.is_relative_to(folder), f"{distribution.name} is not what was used")
    for file in DATA:
        expect((installed / file).exists(), f"{distribution.name} holds no {file}")
    run(*pip, "uninstall", "--quiet", "--yes", "encee", home=home)
    print(f"{distribution.name}: {version} installs and runs")


def main() -> int:
    """Try both; the second one finds the dependencies of the first."""
    try:
        with tempfile.TemporaryDirectory(prefix="encee-installed-") as folder:
            venv.create(Path(folder, "venv"), with_pip=True)
            Path(folder, "home").mkdir()
            for distribution in distributions():
                use(distribution, Path(folder))
    except UntrueError as error:
        print(f"installed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
