"""What a check-up is made of: checks, and what they find."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

Subject = TypeVar("Subject")
"""What a check looks at."""


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    """The check could not be done, which is no fault by itself."""


class Finding(NamedTuple):
    """What a check has to say.

    Args:
        state: How it is.
        message: A sentence for people, without a secret.
        remedy: What to do, in words; None where there is nothing to do, or `commands` do it all.
        commands: What to type, one after the other.
    """

    state: State
    message: str
    remedy: str | None = None
    commands: tuple[str, ...] = ()


class Check(NamedTuple, Generic[Subject]):
    """One thing that is looked at; `docs/doctor.md` describes each.

    Args:
        id: Its name, which stays the same for ever.
        fine: What is said where it finds nothing.
        look: Finds what there is to say.
        obstacle: Says what keeps it from looking at everything, or None; what it does not find is unknown then.
    """

    id: str
    fine: str
    look: Callable[[Subject], Iterable[Finding]]
    obstacle: Callable[[Subject], str | None] = lambda _subject: None


class Checked(NamedTuple):
    """A check's name and one thing that it found."""

    check: str
    finding: Finding


def checked(checks: Sequence[Check[Subject]], subject: Subject) -> Iterator[Checked]:
    """What checks find: at least one thing for each, in their order."""
    for check in checks:
        for finding in [*check.look(subject)] or [_nothing_found(check, subject)]:
            yield Checked(check.id, finding)


def _nothing_found(check: Check[Subject], subject: Subject) -> Finding:
    obstacle = check.obstacle(subject)
    return Finding(State.UNKNOWN, obstacle) if obstacle else Finding(State.OK, check.fine)
