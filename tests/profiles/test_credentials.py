"""The options of a session's section."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from encee.awsfile.syntax import PORTABLE_VALUE
from encee.model import Session
from encee.profiles.credentials import (
    FOREIGN_KEYS,
    has_long_term_key,
    holds_session,
    quote_profile,
    read_expiry,
    read_session,
    read_source,
    session_options,
    unquote_profile,
)

SESSION = Session("ASIAX", "secret", "token", datetime(2026, 11, 22, 17, tzinfo=UTC))


def test_reads_a_session_that_it_wrote() -> None:
    options = session_options(SESSION, "my dev")
    assert read_session(options) == SESSION
    assert read_source(options) == "my dev"
    assert all(PORTABLE_VALUE.fullmatch(value) for value in options.values())
    assert options["expiration"] == "2026-11-22T17:00:00Z"


@pytest.mark.parametrize(
    "odd",
    [
        {"aws_access_key_id": "AKIAX"},
        {"aws_access_key_id": ""},
        {"aws_secret_access_key": ""},
        {"aws_session_token": ""},
        {"expiration": "soon"},
    ],
)
def test_a_part_of_a_session_is_no_session(odd: dict[str, str]) -> None:
    assert read_session(session_options(SESSION, "dev") | odd) is None


@pytest.mark.parametrize("odd", [{"manager": "awsume"}, {"encee_source": ""}])
def test_reads_the_source_only_from_sections_of_encee(odd: dict[str, str]) -> None:
    assert read_source(session_options(SESSION, "dev") | odd) is None


@pytest.mark.parametrize(
    ("options", "keys", "session"),
    [
        ({}, False, False),
        ({"region": "x", "aws_access_key_id": "", "aws_secret_access_key": ""}, False, False),
        ({"aws_access_key_id": "AKIAX", "aws_secret_access_key": "s"}, True, False),
        ({"aws_access_key_id": "AKIAX", "aws_session_token": "t"}, True, False),
        ({"aws_secret_access_key": "s", "aws_session_token": "t"}, True, False),
        ({"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s"}, True, False),
        ({"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s", "aws_session_token": ""}, True, False),
        ({"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s", "aws_session_token": "t"}, False, True),
        ({"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s", "aws_security_token": "t"}, False, True),
    ],
)
def test_distinguishes_keys_from_sessions(options: dict[str, str], keys: bool, session: bool) -> None:
    assert (has_long_term_key(options), holds_session(options)) == (keys, session)


@pytest.mark.parametrize("name", ["dev", "my dev", "50%", "a;b#c", "é", "a/b@c:d+e"])
def test_a_source_name_is_read_back_unchanged(name: str) -> None:
    assert unquote_profile(quote_profile(name)) == name
    assert quote_profile("dev") == "dev"


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def in_time_zones(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time zones at both ends, UTC+14 and UTC-11, and UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_time_zones")
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
def test_the_last_date_of_the_calendar_is_no_expiry(value: str, manager: str) -> None:
    assert read_expiry({"expiration": value, "manager": manager}) is None
    read = read_expiry({"expiration": value, "manager": manager, "aws_session_expiration": "2026-11-22T17:00:00Z"})
    assert read == datetime(2026, 11, 22, 17, tzinfo=UTC)


@pytest.mark.usefixtures("in_time_zones")
@pytest.mark.parametrize("value", ["0001-01-02T12:00:00Z", "9999-12-30T12:00:00Z"])
def test_any_expiry_can_be_shown_in_local_time(value: str) -> None:
    moment = read_expiry({"expiration": value})
    assert moment
    assert moment.astimezone().astimezone(UTC) == moment


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_expiration_wins_over_the_options_of_other_tools(key: str) -> None:
    read = read_expiry({key: "2026-01-01T00:00:00Z", "expiration": "2026-11-22T17:00:00Z"})
    assert read == datetime(2026, 11, 22, 17, tzinfo=UTC)
