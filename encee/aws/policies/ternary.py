"""Three-valued logic: True, False, or Unknown with the reasons."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither True nor False.

    Args:
        reasons: What encee would have to know to decide.
    """

    reasons: tuple[str, ...]


Ternary: TypeAlias = bool | Unknown


def unknown(reason: str) -> Unknown:
    """Return Unknown with one reason."""
    return Unknown((reason,))


def not_(value: Ternary) -> Ternary:
    """Negate a value; Unknown stays Unknown."""
    return value if isinstance(value, Unknown) else not value


def all_(values: Iterable[Ternary]) -> Ternary:
    """Return False if one value is False; else Unknown if one is Unknown; else True."""
    reasons: dict[str, None] = {}
    for value in values:
        if isinstance(value, Unknown):
            reasons |= dict.fromkeys(value.reasons)
        elif not value:
            return False
    return Unknown(tuple(reasons)) if reasons else True


def any_(values: Iterable[Ternary]) -> Ternary:
    """Return True if one value is True; else Unknown if one is Unknown; else False."""
    return not_(all_(map(not_, values)))
