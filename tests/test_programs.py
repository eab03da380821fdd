"""A test finds the basic programs and those that its mark names, and no other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.conftest import ROOT
from tests.programs import BASIC, MACHINE_PATH, evades_marks, find_program

MARKED = ("bash", "zsh", "fish", "tmux", "node", "oathtool", "setpriv", "openssl", "make", "git", "python3")


def test_finds_the_basic_programs() -> None:
    assert [name for name in BASIC if not shutil.which(name)] == []


@pytest.mark.parametrize("name", MARKED)
def test_does_not_find_a_program_without_a_mark(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        subprocess.run([name, "--version"], check=False)
    with pytest.raises(pexpect.ExceptionPexpect, match="not found"):
        pexpect.spawn(name, ["--version"])
    done = subprocess.run(["sh", "-c", f"{name} --version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (127, "")


@pytest.mark.needs("bash")
def test_finds_a_program_with_a_mark() -> None:
    assert subprocess.run(["bash", "-c", "echo $BASH_VERSION"], capture_output=True, check=True).stdout.strip()
    assert shutil.which("zsh") is None


@pytest.mark.needs("make")
def test_a_test_cannot_start_a_program_by_its_path() -> None:
    program = str(find_program("make"))
    for start in (subprocess.run, subprocess.Popen):
        with pytest.raises(AssertionError, match=r"by its name, and mark the test needs\('make'\)"):
            start([program, "--version"])
    with pytest.raises(AssertionError, match="by its name"):
        pexpect.spawn(program, ["--version"])


def test_path_is_not_that_of_the_machine() -> None:
    folder = Path(os.environ["PATH"])
    assert str(folder) not in MACHINE_PATH.split(os.pathsep)
    assert not evades_marks(folder / "make")


PROBE = """
import pytest

def test_runs():
    pass

@pytest.mark.needs("no-such-program")
def test_of_a_program():
    pass

@pytest.mark.needs("no-such-program", permission_to_fly=False)
def test_of_both():
    pass

@pytest.mark.needs("sh", permission_to_fly=False)
def test_of_a_permission():
    pass

@pytest.mark.needs(permission_to_fly=True)
def test_that_is_permitted():
    pass
"""


def run_probe(folder: Path, workers: int, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run the probe with pytest and the conftest of this folder."""
    probe = folder / "test_probe.py"
    probe.write_text(PROBE)
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:cacheprovider", "-n", str(workers)]
    command = [sys.executable, "-m", "pytest", "-q", *options, str(probe)]
    others = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    return subprocess.run(
        command, cwd=ROOT, env={**others, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_the_summary_lists_tests_that_were_not_run(tmp_path: Path, workers: int) -> None:
    done = run_probe(tmp_path, workers, {})
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    *_, programs, permissions, summary = done.stdout.splitlines()
    assert programs == "not run: 2 tests need no-such-program"
    assert permissions == "not run: 1 test needs permission to fly"
    assert summary.startswith("2 passed")


@pytest.mark.slow
def test_a_missing_program_is_an_error_in_ci(tmp_path: Path) -> None:
    done = run_probe(tmp_path, 0, {"CI": "true"})
    assert done.returncode == 1
    assert "no-such-program is missing; make system installs it" in done.stdout
    assert "not run: 1 test needs permission to fly" in done.stdout
    assert "2 passed" in done.stdout
    assert "2 errors" in done.stdout
