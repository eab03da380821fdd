"""Which names of profiles a shell may offer for a word of the command line. Pure.

Each function gives names in two steps: the second is for a word that none of the first begins with. So `d` and TAB
give `dev` at once, which means `dev-mfa` as well, and `dev-` and TAB still give `dev-mfa`.
"""

import re
from collections.abc import Callable, Iterable

from encee.profiles.catalog import Catalog
from encee.profiles.credentials import has_stray_token, has_token, managed_by_encee
from encee.profiles.session_list import sessions

Offer = Callable[[Catalog], tuple[Iterable[str], Iterable[str]]]
"""A catalog → the names to offer first, and those to offer where none of them fits."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_\-/.%@:+]*")
"""The names that every shell takes for one plain word, wherever it evaluates them."""


def refreshable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Long-term and role profiles, else their session profiles."""
    return catalog.targets, _made_by_encee(catalog)


def servable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """What another program can get a session of: also the sections in which another tool keeps one."""
    others = [
        name
        for name, options in catalog.credentials.items()
        if has_token(options) and not (managed_by_encee(options) or has_stray_token(options))
    ]
    return dict.fromkeys([*catalog.targets, *others]), _made_by_encee(catalog)


def listed(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Every line that `encee status` has, else the profiles that the sessions are made from."""
    rows = list(sessions(catalog))
    return [row.profile for row in rows], [row.source for row in rows if row.source]


def removable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """The session profiles that encee wrote, else the profiles that they were made from."""
    made = _made_by_encee(catalog)
    return made, dict.fromkeys(owner for name in made if (owner := catalog.owner(name)))


def fitting(offer: Offer, catalog: Catalog, begin: str, without: Iterable[str] = ()) -> list[str]:
    """The names to offer for a word that begins so.

    Args:
        offer: Which names there are.
        catalog: The profiles.
        begin: What was typed of the word.
        without: What the command line holds already.
    """
    for names in offer(catalog):
        fit = [name for name in names if name.startswith(begin) and _HARMLESS.fullmatch(name)]
        if fit:
            there = set(without)
            return [name for name in fit if name not in there]
    return []


def _made_by_encee(catalog: Catalog) -> list[str]:
    return [name for name, options in catalog.credentials.items() if managed_by_encee(options)]
