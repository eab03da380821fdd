"""Parse, limit and format the durations of sessions."""

import re
from datetime import timedelta

from encee.awsfile.syntax import keep_first_line
from encee.errors import UsageError

HOUR = timedelta(hours=1)
"""The default duration of AssumeRole, and its limit when a session assumes the role."""

WORKING_DAY = timedelta(hours=12)
"""The default duration of a session."""

LONGEST = timedelta(hours=36)
"""The limit of GetSessionToken: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"""

LONGEST_ROLE = timedelta(hours=12)
"""The limit of AssumeRole: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

_PART_LEFT = 4
"""A session is expiring at the latest when one such part of its length is left."""

_SHORTEST = timedelta(minutes=15)
"""The minimum of both calls."""

_NUMBER = "[0-9]{1,99}"  # int() refuses thousands of digits
_DURATION = re.compile(
    rf"(?:(?P<days>{_NUMBER})d)?(?:(?P<hours>{_NUMBER})h)?(?:(?P<minutes>{_NUMBER})m)?|(?P<seconds>{_NUMBER})s?",
    re.ASCII | re.IGNORECASE,
)


def expiring_threshold(length: timedelta | None) -> timedelta:
    """Return the time left below which a session is expiring: at most an hour."""
    return HOUR if length is None else min(HOUR, length / _PART_LEFT)


def parse_duration(text: str) -> timedelta:
    """Parse `45m`, `12h`, `1h30m`, `90d`, or a number of seconds.

    Raises:
        UsageError: The text is not a duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise UsageError(
            f"{keep_first_line(text)!r} is not a duration", hint="write it like 45m, 12h, 1h30m or 14400 (seconds)"
        )
    parts = {unit: int(value) for unit, value in match.groupdict(default="0").items()}
    try:
        return timedelta(**parts)
    except OverflowError:
        return timedelta.max


def format_duration(duration: timedelta) -> str:
    """Format a duration as `45m`, `12h` or `1h30m`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def parse_duration_within(value: str, longest: timedelta, refusal: str, example: str) -> timedelta:
    """Parse a duration that AWS grants.

    Args:
        value: The text, as for `parse_duration`.
        refusal: The message for a duration outside the limits, with `{}` for the duration.

    Raises:
        UsageError: The text is not a duration, or AWS does not grant it.
    """
    duration = parse_duration(value)
    if not _SHORTEST <= duration <= longest:
        shown = f"{value} s" if value.isdecimal() else value
        raise UsageError(refusal.format(shown), hint=f"try {example}")
    return duration
