"""Moments and durations as people read them."""

from datetime import datetime, timedelta

_FULL_BAR = timedelta(hours=12)
_BAR_WIDTH = 8


def local(moment: datetime, now: datetime) -> str:
    """A moment in local time: `today 17:00`, `tomorrow 05:00`, else with its date, `2026-11-22 17:00`."""
    here = moment.astimezone()
    days = {now.astimezone().date(): "today", (now + timedelta(days=1)).astimezone().date(): "tomorrow"}
    return f"{days.get(here.date(), here.date().isoformat())} {here:%H:%M}"


def time_left(left: timedelta) -> str:
    """A duration to the nearest minute: `11h 59m`, `45m`; below one, `30s`; `over` when there is none left."""
    seconds = left.total_seconds()
    if seconds <= 0:
        return "over"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{int(seconds)}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m"


def until(expiration: datetime | None, now: datetime) -> str:
    """When a session expires, as the end of a sentence: ` until today 17:00 (45m)`; nothing where it does not say."""
    return f" until {local(expiration, now)} ({time_left(expiration - now)})" if expiration else ""


def bar(left: timedelta) -> str:
    """A duration as a bar; a full one is a working day of 12 hours."""
    filled = round(_BAR_WIDTH * min(max(left / _FULL_BAR, 0), 1))
    return "█" * filled + "░" * (_BAR_WIDTH - filled)
