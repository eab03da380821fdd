"""How long a session may last, and how people write that."""

import re
from datetime import timedelta

from encee.awsfile.syntax import first_line
from encee.errors import UsageError

HOUR = timedelta(hours=1)
"""What AWS gives of a role that is asked for without a duration, and the most that a session gets of one."""

WORKING_DAY = timedelta(hours=12)
"""For how long encee asks."""

LONGEST = timedelta(hours=36)
"""The most of GetSessionToken: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"""

LONGEST_ROLE = timedelta(hours=12)
"""The most of AssumeRole: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

_PART_LEFT = 4
"""With less than one part of so many to go, a session is expiring, however short it is."""

_SHORTEST = timedelta(minutes=15)
"""The least of both."""

_NUMBER = "[0-9]{1,99}"  # int() refuses thousands of digits
_DURATION = re.compile(
    rf"(?:(?P<days>{_NUMBER})d)?(?:(?P<hours>{_NUMBER})h)?(?:(?P<minutes>{_NUMBER})m)?|(?P<seconds>{_NUMBER})s?",
    re.ASCII | re.IGNORECASE,
)


def expiring_threshold(length: timedelta | None) -> timedelta:
    """With less than this to go, a session of a length is expiring: one hour, but at most a quarter of the length."""
    return HOUR if length is None else min(HOUR, length / _PART_LEFT)


def parse_duration(text: str) -> timedelta:
    """A duration as people type it: `45m`, `12h`, `1h30m`, `90d`, or a number of seconds.

    Raises:
        UsageError: It is none.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise UsageError(
            f"{first_line(text)!r} is not a duration", hint="write it like 45m, 12h, 1h30m or 14400 (seconds)"
        )
    parts = {unit: int(value) for unit, value in match.groupdict(default="0").items()}
    try:
        return timedelta(**parts)
    except OverflowError:
        return timedelta.max


def written(duration: timedelta) -> str:
    """A duration as people type it: `45m`, `12h`, `1h30m`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def within(value: str, longest: timedelta, refusal: str, example: str) -> timedelta:
    """A duration that AWS grants.

    Args:
        value: As people type it.
        longest: The most that is granted.
        refusal: What is said of another one, with `{}` in its place.
        example: What to try, for the hint.

    Raises:
        UsageError: It is no duration, or not one that is granted.
    """
    duration = parse_duration(value)
    if not _SHORTEST <= duration <= longest:
        shown = f"{value} s" if value.isdecimal() else value
        raise UsageError(refusal.format(shown), hint=f"try {example}")
    return duration
