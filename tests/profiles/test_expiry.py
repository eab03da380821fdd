"""When a session ends, in every way that a section can say it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from encee.profiles.expiry import FOREIGN_KEYS, expiry_of


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """At either end of the world's time zones, 14 hours before UTC and 11 behind it."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("manager", ["encee", "awsume"])
@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-10:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
    ],
)
def test_an_end_of_the_calendar_is_no_expiry(value: str, manager: str) -> None:
    assert expiry_of({"expiration": value, "manager": manager}) is None
    read = expiry_of({"expiration": value, "manager": manager, "aws_session_expiration": "2026-11-22T17:00:00Z"})
    assert read == datetime(2026, 11, 22, 17, tzinfo=UTC)


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("value", ["0001-01-02T12:00:00Z", "9999-12-30T12:00:00Z"])
def test_every_expiry_can_be_shown_in_local_time(value: str) -> None:
    moment = expiry_of({"expiration": value})
    assert moment
    assert moment.astimezone().astimezone(UTC) == moment


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_what_another_tool_left_in_a_section_comes_behind_expiration(key: str) -> None:
    read = expiry_of({key: "2026-01-01T00:00:00Z", "expiration": "2026-11-22T17:00:00Z"})
    assert read == datetime(2026, 11, 22, 17, tzinfo=UTC)
