"""Fixtures of several commands: a user with a valid session, and a shell on a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Encee, Person, on_terminal

if TYPE_CHECKING:
    import pexpect

NASTY = """a$b `c` 'd' "e" \\f %g% !h $(i) \u2018j\u2019 é *"""
FOREIGN = f"""\
[theirs]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = {NASTY}
aws_session_token = token {NASTY}
"""


@pytest.fixture
def dev_with_session(encee: Encee, dev: Person) -> Person:
    """Refresh the session of the profile dev."""
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    return dev


@pytest.fixture
def bash(monkeypatch: pytest.MonkeyPatch) -> Iterator["pexpect.spawn[str]"]:
    """Start an interactive bash with job control; the test needs bash."""
    monkeypatch.setenv("PS1", "ready> ")
    child = on_terminal("--norc", "-i", command="bash")
    child.expect_exact("ready> ")
    yield child
    child.close(force=True)
