"""What the commands are tested with that hand a session on."""

import pytest

from tests.conftest import Encee, Person

NASTY = """a$b `c` 'd' "e" \\f %g% !h $(i) \u2018j\u2019 é *"""
FOREIGN = f"""\
[theirs]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = {NASTY}
aws_session_token = token {NASTY}
"""


@pytest.fixture
def fresh(encee: Encee, dev: Person) -> Person:
    """The person, with a valid session."""
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    return dev
