"""The handling of errors, and options of all commands."""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from encee.cli.commands import status as status_command
from encee.errors import ExitCode
from tests.conftest import ROOT, Encee, Home, run_encee


def test_without_arguments_prints_the_help(encee: Encee) -> None:
    result = encee()
    assert result.code == 0
    assert result.out.startswith("Usage: encee [OPTIONS] COMMAND [ARGS]...")
    assert result.out.rstrip() == encee("--help").out.rstrip()


def test_prints_its_version(encee: Encee) -> None:
    assert encee("--version").out == f"encee {importlib.metadata.version('encee')}\n"


@pytest.mark.parametrize("arguments", [("--nope",), ("nope",), ("status", "--nope"), ("refresh", "--code")])
def test_wrong_usage_prints_one_line_and_a_hint(encee: Encee, arguments: tuple[str, ...]) -> None:
    result = encee(*arguments)
    assert (result.code, result.out) == (2, "")
    error, hint = result.err.splitlines()
    assert re.fullmatch(r"encee: error: [a-z-].*[^.]", error)
    assert re.fullmatch(r"encee: hint: encee( \w+)? --help", hint)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(("refresh", "--code"), "refresh --help"), (("status", "--nope"), "status --help"), (("nope",), "--help")],
)
def test_the_hint_of_wrong_usage_names_the_command(encee: Encee, arguments: tuple[str, ...], hint: str) -> None:
    assert encee(*arguments).err.endswith(f"encee: hint: encee {hint}\n")


def test_replaces_a_character_that_the_output_encoding_lacks(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    result = run_encee("status")
    assert (result.code, result.err) == (0, "")
    assert "dev-mfa  dev     ?" in result.out


def test_a_bug_prints_one_line_without_the_text_of_the_exception(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("aws_secret_access_key")

    monkeypatch.setattr(status_command, "list_sessions", broken)
    result = encee("status")
    assert result.code == 1
    assert "aws_secret" not in result.err
    assert re.match(r"encee: error: unexpected ZeroDivisionError in test_app.py, line \d+\nencee: hint: ", result.err)
    monkeypatch.setenv("ENCEE_DEBUG", "1")
    traced = encee("status").err
    assert "in broken\n    raise ZeroDivisionError" in traced
    assert traced.count("aws_secret") == 1  # in the line of code, not as the text of the exception
    monkeypatch.setenv("ENCEE_DEBUG", "0")
    assert "in broken" not in encee("status").err


def test_the_page_has_all_exit_codes() -> None:
    table = re.findall(r"^\| (\d+) \| ", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert [int(code) for code in table] == sorted(ExitCode)


@pytest.mark.usefixtures("home")
def test_an_interrupt_during_the_imports_prints_no_traceback(home: Home, tmp_path: Path) -> None:
    assert home.path.exists()
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    result = run_encee("status", environ=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (result.code, result.out, result.err) == (130, "", "")


def test_python_m_encee_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "encee", "nope"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, run_encee("nope").err)
