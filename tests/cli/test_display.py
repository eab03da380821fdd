"""Times and durations in messages."""

from datetime import UTC, datetime, timedelta

import pytest

from encee.cli.display import draw_bar, format_moment, format_time_left

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0m"),
        (0, "0m"),
        (59, "59s"),
        (60, "1m"),
        (89, "1m"),
        (3599, "1h 00m"),
        (43199, "12h 00m"),
        (129600, "36h 00m"),
    ],
)
def test_remaining_time_is_rounded_to_minutes(seconds: float, text: str) -> None:
    assert format_time_left(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("hours", "text"), [(1, "today 13:00"), (20, "tomorrow 08:00"), (-13, "2026-11-21 23:00"), (40, "2026-11-24 04:00")]
)
@pytest.mark.usefixtures("home")
def test_a_time_includes_its_day(hours: int, text: str) -> None:
    assert format_moment(NOW + timedelta(hours=hours), NOW) == text


@pytest.mark.parametrize(("hours", "filled"), [(-1, 0), (0, 0), (6, 4), (12, 8), (36, 8)])
def test_a_bar_is_full_for_eight_hours(hours: int, filled: int) -> None:
    assert draw_bar(timedelta(hours=hours)) == "█" * filled + "░" * (8 - filled)
