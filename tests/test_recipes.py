"""The script of docs/recipes.md that warns before a session expires."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ENCEE, ROOT, Encee, Home, Person


@pytest.fixture
def notice(home: Home) -> Path:
    """The script, and a notify-send that prints, where the page says that they are."""
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    script = re.search(r"```sh\n(#!/bin/sh\n.*?)```", page, re.DOTALL)
    assert script
    folder = home.path / ".local" / "bin"
    folder.mkdir(parents=True)
    (folder / "encee").symlink_to(ENCEE)
    for name, text in {"encee-notice": script[1], "notify-send": '#!/bin/sh\necho "$1: $2"\n'}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder / "encee-notice"


@pytest.mark.parametrize(
    ("duration", "printed"), [("1h", ""), ("15m", "The AWS session of dev expires soon: encee refresh dev\n")]
)
def test_the_notice_appears_in_the_last_15_minutes(
    notice: Path, encee: Encee, dev: Person, duration: str, printed: str
) -> None:
    assert encee("refresh", "dev", "-d", duration, "-c", dev.device.next_code()).code == 0
    done = subprocess.run([notice], env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


@pytest.mark.usefixtures("dev")
def test_no_notice_appears_without_a_session(notice: Path) -> None:
    done = subprocess.run([notice], env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
