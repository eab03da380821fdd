"""What a program finds that takes the place of encee."""

import pytest

from tests.conftest import Home, run_encee

SESSION = "[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"


@pytest.mark.parametrize("way", [["exec", "theirs", "sh"], ["shell", "theirs"]])
def test_no_signal_is_ignored(home: Home, monkeypatch: pytest.MonkeyPatch, way: list[str]) -> None:
    home.write(SESSION)
    monkeypatch.setenv("SHELL", "/bin/sh")
    result = run_encee(*way, stdin="yes | head -n 1; grep SigIgn /proc/self/status || echo none")
    assert (result.code, result.err) == (0, "")
    assert result.out.split() in (["y", "SigIgn:", "0" * 16], ["y", "none"])
