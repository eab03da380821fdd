"""The remaining time in the prompt, as in docs/prompt.md."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import ENCEE, ROOT, Encee, Home, Person

SHELLS = ("dash", "bash", "zsh")
SECTION = "[dev-mfa]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\nexpiration = {}\n"


def function_of_page(language: str, name: str) -> str:
    """Return a function of the page by language and name."""
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / "prompt.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return next(str(block) for block in blocks if re.match(rf"(function )?{name}\(\)", block))


@pytest.fixture
def starship(tmp_path: Path) -> Path:
    """Return the path of starship, which the package does not make executable."""
    program = Path(shutil.copy(Path(sys.executable).parent / "starship", tmp_path))
    program.chmod(0o700)
    return program


def starship_output(*command: str | Path) -> str:
    """Return the output of starship's module, without colours."""
    done = subprocess.run([*command, "module", "aws"], capture_output=True, text=True, check=True)
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def test_starship_shows_the_remaining_time(
    encee: Encee, dev: Person, starship: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("AWS_PROFILE", "dev-mfa")
    assert re.search(r"dev-mfa \(eu-central-1\) \[1[12]h(\d+m)?(\d+s)?\]", starship_output(starship))
    monkeypatch.delenv("AWS_PROFILE")
    assert re.search(r"\(eu-central-1\) \[1[12]h(\d+m)?(\d+s)?\]", starship_output(ENCEE, "exec", "dev", starship))


def test_starship_shows_an_expired_session(home: Home, starship: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(SECTION.format("2026-01-02T03:04:05Z"), "[profile dev-mfa]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_PROFILE", "dev-mfa")
    assert "dev-mfa (eu-central-1) [X]" in starship_output(starship)


def function_output(shell: str, **environ: str) -> str:
    """Return the output of the function."""
    script = f"{function_of_page('sh', 'encee_left')}\nencee_left"
    command = [shell, *(["-f"] if shell == "zsh" else []), "-c", script]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "shell", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("dash", "bash", "zsh")]
)
def test_the_function_prints_the_remaining_time(home: Home, shell: str) -> None:
    in_two_hours = f"{datetime.now(UTC) + timedelta(hours=2, minutes=30, seconds=30):%Y-%m-%dT%H:%M:%SZ}"
    home.write(f"[default]\nexpiration = 2020-01-01T00:00:00Z\n{SECTION.format(in_two_hours)}[z]\nexpiration = x\n")
    assert function_output(shell, AWS_PROFILE="dev-mfa") == "2h30m"
    assert function_output(shell, AWS_PROFILE="z") == ""
    assert function_output(shell, AWS_PROFILE="none") == ""
    assert function_output(shell) == "expired"
    assert function_output(shell, AWS_CREDENTIAL_EXPIRATION=in_two_hours) == "2h30m"


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2100])
@pytest.mark.usefixtures("home")
def test_the_function_computes_with_the_calendar(home: Home, tmp_path: Path, year: int) -> None:
    home.write("")
    for month, day in [(1, 1), (2, 28), (3, 1), (6, 30), (12, 31)]:
        end = datetime(year, month, day, 12, 34, 56, tzinfo=UTC)
        (tmp_path / "date").write_text(f"#!/bin/sh\necho {int(end.timestamp()) - 3660}\n")
        (tmp_path / "date").chmod(0o700)
        moment = f"{end:%Y-%m-%dT%H:%M:%SZ}"
        assert (
            function_output("sh", AWS_CREDENTIAL_EXPIRATION=moment, PATH=f"{tmp_path}:{os.environ['PATH']}") == "1h01m"
        )


@pytest.mark.needs("zsh")
def test_the_segment_for_powerlevel10k_names_the_profile_and_the_time(home: Home) -> None:
    home.write(SECTION.format(f"{datetime.now(UTC) + timedelta(minutes=90, seconds=30):%Y-%m-%dT%H:%M:%SZ}"))
    script = "\n".join(
        [
            function_of_page("sh", "encee_left"),
            function_of_page("zsh", "prompt_encee"),
            "p10k() { print -rl -- $@ }",
            "prompt_encee",
        ]
    )
    environ = {**os.environ, "AWS_PROFILE": "dev-mfa"}
    done = subprocess.run(["zsh", "-fc", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["segment", "-f", "208", "-t", "dev-mfa 1h30m"]
    quiet = subprocess.run(["zsh", "-fc", script], capture_output=True, text=True, check=False)
    assert (quiet.stdout, quiet.stderr) == ("", "")


@pytest.mark.needs("bash")
def test_the_hook_for_oh_my_posh_exports_the_time(home: Home) -> None:
    home.write(SECTION.format(f"{datetime.now(UTC) + timedelta(minutes=90, seconds=30):%Y-%m-%dT%H:%M:%SZ}"))
    script = (
        f"{function_of_page('sh', 'encee_left')}\n{function_of_page('sh', 'set_poshcontext')}\nset_poshcontext\nenv"
    )
    environ = {**os.environ, "AWS_PROFILE": "dev-mfa"}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert "ENCEE_LEFT=1h30m" in done.stdout.splitlines()
