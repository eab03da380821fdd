"""Outputs that are closed or full, with the usual buffers of Python."""

import os
import subprocess

import pytest

from tests.conftest import ENCEE, Home, Person

pytestmark = [pytest.mark.slow, pytest.mark.needs("bash")]

KEYS = "aws_access_key_id = AKIAX\naws_secret_access_key = s\n"


@pytest.fixture(autouse=True)
def python_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the buffer, so that Python writes at the exit, where it can print an error itself."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def shell(script: str) -> tuple[int, str, str]:
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=os.environ, check=False)
    return done.returncode, done.stdout, done.stderr


HELPS = ["", "--help", "refresh --help", "device", "device --help", "device list -h"]


@pytest.mark.parametrize("words", ["status", "status --json", "env --unset", "--version", *HELPS])
def test_a_closed_output_exits_with_141_without_a_message(home: Home, words: str) -> None:
    home.write(f"[dev]\n{KEYS}")
    # The reader exits before the first output.
    code, out, err = shell(f"exec 3> >(true); sleep 0.3; {ENCEE} {words} >&3")
    assert (code, out, err) == (141, "", "")


@pytest.mark.parametrize("words", ["status", "status --json", "env --unset", "--version", *HELPS])
def test_reports_a_full_output_once(home: Home, words: str) -> None:
    home.write(f"[dev]\n{KEYS}")
    code, out, err = shell(f"{ENCEE} {words} > /dev/full")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "encee: error: the output could not be written: No space left on device",
        "encee: hint: check where stdout goes",
    ]


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&3", "2>&-"])
def test_a_closed_stderr_does_not_change_the_result(home: Home, dev: Person, where: str) -> None:
    code, out, err = shell(f"exec 3> >(true); sleep 0.3; {ENCEE} refresh dev -c {dev.device.next_code()} {where}")
    assert (code, out, err) == (0, "", "")
    assert b"[dev-mfa]" in home.credentials.read_bytes()
    assert shell(f"exec 3> >(true); sleep 0.3; {ENCEE} status absent {where}") == (2, "", "")
