"""The state that encee leaves to the program that replaces it."""

import shutil
import signal

import pytest

from tests.conftest import Encee, Home, run_encee

SESSION = "[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"


@pytest.mark.parametrize("way", [["exec", "theirs", "sh"], ["shell", "theirs"]])
def test_ignores_no_signal(home: Home, monkeypatch: pytest.MonkeyPatch, way: list[str]) -> None:
    home.write(SESSION)
    monkeypatch.setenv("SHELL", str(shutil.which("sh")))
    result = run_encee(*way, stdin="yes | head -n 1; grep SigIgn /proc/self/status || echo none")
    assert (result.code, "error" in result.err) == (0, False)
    first, *found = result.out.split()
    assert first == "y"
    # A program started by posix_spawn, as make does, ignores the signals 32 and 33 of glibc.
    assert found == ["none"] or int(found[1], 16) & ~(0b11 << 31) == 0


@pytest.mark.parametrize("command", ["no-such-command", "/etc/passwd"])
def test_a_command_that_cannot_run_keeps_the_signals(encee: Encee, home: Home, command: str) -> None:
    home.write(SESSION)
    before = {number: signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    assert encee("exec", "theirs", command).code in {126, 127}
    assert {number: signal.getsignal(number) for number in before} == before
