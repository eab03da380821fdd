"""The half minutes for which a device shows a code (RFC 6238, section 4)."""

from datetime import datetime

STEP = 30
"""Their length in seconds."""


def step_at(moment: datetime) -> int:
    """The number of the step that a moment is in, by a clock that is right."""
    return int(moment.timestamp() // STEP)


def seconds_until(step: int, now: datetime) -> float:
    """For how many seconds a device that is on time does not show the code of a step yet."""
    return max(step * STEP - now.timestamp(), 0)
