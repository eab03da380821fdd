"""Choose the profile names that a shell offers for TAB.

Each function returns two groups of names; the second is used if no name of the first fits. So `d` and TAB complete
`dev` at once, which names the session `dev-mfa`, too, and `dev-` and TAB still complete `dev-mfa`.
"""

import re
from collections.abc import Callable, Iterable

from encee.profiles.catalog import Catalog
from encee.profiles.credentials import has_stray_token, has_token, managed_by_encee
from encee.profiles.process_profile import list_process_profiles
from encee.profiles.session_list import list_sessions

Offer = Callable[[Catalog], tuple[Iterable[str], Iterable[str]]]
"""Catalog → the names to offer first, and the names to offer if none of those fits."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_\-/.%@:+]*")
"""The names that every shell reads as a single argument without quotes."""


def offer_refreshable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Offer long-term and role profiles, else their session profiles."""
    return catalog.session_profiles, _list_managed(catalog)


def offer_usable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Offer as `offer_refreshable`, and profiles with a session of another tool."""
    others = [
        name
        for name, options in catalog.credentials.items()
        if has_token(options) and not (managed_by_encee(options) or has_stray_token(options))
    ]
    return dict.fromkeys([*catalog.session_profiles, *others]), _list_managed(catalog)


def offer_sessions(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Offer each row of `encee status`, else the source profiles."""
    rows = list(list_sessions(catalog))
    return [row.profile for row in rows], [row.source for row in rows if row.source]


def offer_removable(catalog: Catalog) -> tuple[Iterable[str], Iterable[str]]:
    """Offer the session and process profiles that encee wrote, else the sources."""
    made = _list_managed(catalog)
    return [*made, *list_process_profiles(catalog)], dict.fromkeys(
        owner for name in made if (owner := catalog.source_profile(name))
    )


def complete_name(offer: Offer, catalog: Catalog, begin: str, without: Iterable[str] = ()) -> list[str]:
    """List the names to offer for an argument."""
    for names in offer(catalog):
        fit = [name for name in names if name.startswith(begin) and _HARMLESS.fullmatch(name)]
        if fit:
            present = set(without)
            return [name for name in fit if name not in present]
    return []


def _list_managed(catalog: Catalog) -> list[str]:
    return [name for name, options in catalog.credentials.items() if managed_by_encee(options)]
