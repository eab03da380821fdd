"""Run the fast tests on each Python that encee names in its classifiers, in an environment of its own.

A Python is `pythonX.Y` on PATH or one of pyenv's. The one that runs this script is left to `make test`. Prints a line
for each: passed, failed, or not found; the exit code is 1 where tests failed.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def named_versions() -> list[str]:
    """Return the versions of Python in the classifiers, such as 3.11."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return re.findall(r"Python :: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)


def output_of(*command: str) -> str:
    """Return the output of a program, empty if it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def find_python(version: str) -> str | None:
    """Find an interpreter that runs and can make environments: a shim of pyenv may only say that it is not active."""
    candidates = [f"python{version}"]
    if (pyenv := shutil.which("pyenv")) and (prefix := output_of(pyenv, "prefix", version)):
        candidates.append(str(Path(prefix) / "bin" / "python"))
    for candidate in candidates:
        if output_of(candidate, "--version").startswith(f"Python {version}."):
            return output_of(candidate, "-c", "import ensurepip, sys; print(sys.executable)") or None
    return None


def make_environment(python: str, folder: Path) -> Path:
    """Make an environment with encee and what its tests need, unless it is newer than the list of these.

    Returns:
        Its interpreter.
    """
    own_python, ready = folder / "bin" / "python", folder / ".ready"
    project = ROOT / "pyproject.toml"
    if not ready.exists() or ready.stat().st_mtime < project.stat().st_mtime:
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        pip: list[str | Path] = [own_python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        subprocess.run([*pip, "--group", "test", "--editable", "."], cwd=ROOT, check=True)
        ready.touch()
    return own_python


def run_tests(version: str, options: list[str]) -> str:
    """Run the fast tests on a version of Python, and return the result."""
    python = find_python(version)
    if not python:
        return "not found"
    print(f"Python {version}: {python}", flush=True)
    try:
        own_python = make_environment(python, ROOT / f".venv-{version}")
        subprocess.run([own_python, "-m", "pytest", "-q", "-m", "not slow", *options], cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        return "failed"
    return "passed"


def main() -> int:
    """Run the tests; the arguments go to pytest."""
    own_version = f"{sys.version_info.major}.{sys.version_info.minor}"
    results = {v: run_tests(v, sys.argv[1:]) for v in named_versions() if v != own_version}
    for version, result in results.items():
        print(f"fast tests on Python {version}: {result}")
    return 1 if "failed" in results.values() else 0


if __name__ == "__main__":
    sys.exit(main())
