"""Yes, no, or "encee does not know", with the reason: what is not known is said, and never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither yes nor no.

    Args:
        reasons: What encee would have to know.
    """

    reasons: tuple[str, ...]


Ternary: TypeAlias = bool | Unknown


def unknown(reason: str) -> Unknown:
    """Not known, for one reason."""
    return Unknown((reason,))


def not_(truth: Ternary) -> Ternary:
    """No for yes, yes for no."""
    return truth if isinstance(truth, Unknown) else not truth


def all_(truths: Iterable[Ternary]) -> Ternary:
    """Whether all hold: one that does not decides, whatever is not known about the others."""
    reasons: dict[str, None] = {}
    for truth in truths:
        if isinstance(truth, Unknown):
            reasons |= dict.fromkeys(truth.reasons)
        elif not truth:
            return False
    return Unknown(tuple(reasons)) if reasons else True


def any_(truths: Iterable[Ternary]) -> Ternary:
    """Whether one holds: one that does decides, whatever is not known about the others."""
    return not_(all_(map(not_, truths)))
