"""`scripts/fresh_machine.py` and `scripts/pythons.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pythons import find_python, named_versions
from tests.conftest import ROOT

OWN_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
FAKE_PYTHON = '#!/bin/sh\ncase "$1" in --version) echo Python 3.99.1;; *) echo /opt/python3.99;; esac\n'
SHIM = "#!/bin/sh\necho 'pyenv: python3.99: command not found' >&2\nexit 127\n"


def install(path: Path, program: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(program, encoding="utf-8")
    path.chmod(0o700)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a folder that is first in PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.needs("expand", "git", "make")
def test_a_fresh_machine_has_python_make_and_git_and_no_other_shell() -> None:
    look = "for name in python3 make git cat bash zsh node; do command -v $name; done"
    script = f"{look}; python3 -c 'import sys; print(sys.executable)'; exit 7"
    command = [sys.executable, "-m", "scripts.fresh_machine", "sh", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, "")
    *programs, python = done.stdout.splitlines()
    assert [Path(program).name for program in programs] == ["python3", "make", "git", "cat"]
    assert python == sys.executable


def test_finds_a_python_on_path(folder: Path) -> None:
    install(folder / "python3.99", FAKE_PYTHON)
    assert find_python("3.99") == "/opt/python3.99"


def test_ignores_a_shim_that_fails(folder: Path) -> None:
    install(folder / "python3.99", SHIM)
    assert find_python("3.99") is None
    install(folder / "pyenv", SHIM)
    assert find_python("3.99") is None


def test_finds_the_python_of_pyenv_through_a_shim(folder: Path, tmp_path: Path) -> None:
    install(folder / "python3.99", SHIM)
    install(folder / "pyenv", f'#!/bin/sh\ntest "$*" = "prefix 3.99" && echo "{tmp_path}/3.99.1"\n')
    install(tmp_path / "3.99.1" / "bin" / "python", FAKE_PYTHON)
    assert find_python("3.99") == "/opt/python3.99"


def test_ignores_a_python_that_prints_another_version(folder: Path) -> None:
    install(folder / "python3.98", FAKE_PYTHON)
    assert find_python("3.98") is None


def test_the_classifiers_name_the_tested_versions() -> None:
    assert named_versions() == ["3.11", "3.12", "3.13"]
