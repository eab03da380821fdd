"""List the sessions, and the profiles without a session, with their states."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from encee.profiles.catalog import Catalog
from encee.profiles.credentials import KEY_ID, holds_session, is_complete, managed_by_encee, read_expiry, read_session
from encee.profiles.durations import expiring_threshold
from encee.profiles.identifiers import find_account


class SessionRow(NamedTuple):
    """A session, or a profile without a session.

    Args:
        profile: The session profile; the source profile if another profile uses that name.
        source: The source profile; None if it is unknown.
        account: The account number; None if the files do not show it.
        exists: Whether encee manages the session.
        expiration: UTC; None if it is unknown.
        length: The length of a new session; None if it is unknown.
        is_of_another_account: Whether the source profile's present key is of another account.
    """

    profile: str
    source: str | None
    account: str | None
    exists: bool
    expiration: datetime | None
    length: timedelta | None = None
    is_of_another_account: bool = False

    def state(self, now: datetime, expiring: timedelta | None) -> str:
        """Return `valid`, `expiring`, `expired`, `other-account` or `none`.

        Args:
            now: The present time, UTC.
            expiring: The time left below which a session is expiring; None means the default for its length.
        """
        if self.expiration is None:
            return "none"
        left = self.expiration - now
        if left <= timedelta():
            return "expired"
        if self.is_of_another_account:
            return "other-account"
        least = expiring_threshold(self.length) if expiring is None else expiring
        return "valid" if left >= least else "expiring"


def list_sessions(
    catalog: Catalog, length_of: Callable[[str], timedelta | None] = lambda _: None
) -> Iterator[SessionRow]:
    """List a session for each long-term profile, then all other sessions.

    The others are further sessions of a profile, those of roles, those whose source profile does not exist, and those
    of other tools. No name comes twice.

    Args:
        length_of: Returns the length of a new session of a profile.
    """
    source_of = {name: catalog.source_profile(name) for name in catalog.credentials if _is_session(catalog, name)}
    session_of = {source: name for name, source in reversed(source_of.items())}
    names: set[str] = set()
    for source, session_profile in catalog.long_term_profiles.items():
        if source_of.get(session_profile) == source:
            name = session_profile
        elif source in session_of:
            name = session_of[source]
        else:
            is_taken = any(session_profile in taken for taken in (source_of, names, catalog.long_term_profiles))
            name = source if is_taken else session_profile
        names.add(name)
        yield _make_row(catalog, name, source, length_of(source), exists=name in source_of)
    for name, session_source in source_of.items():
        if name not in names:
            length = length_of(session_source) if session_source in catalog.session_profiles else None
            yield _make_row(catalog, name, session_source, length, exists=True)


def _is_session(catalog: Catalog, name: str) -> bool:
    """Whether a section holds a session of encee, or another one with an expiry."""
    options = catalog.credentials[name]
    if managed_by_encee(options):
        return holds_session(options)
    return name not in catalog.long_term_profiles and read_expiry(options) is not None


def _make_row(catalog: Catalog, name: str, source: str | None, length: timedelta | None, *, exists: bool) -> SessionRow:
    options = catalog.credentials[name] if exists else {}
    # A role, and so its session, can be in another account than the device in its profile.
    user = source if source and source not in catalog.role_profiles else None
    of_user = catalog.options(user) if user else {}
    account = (
        find_account(catalog.device(user) if user else None, None)
        or find_account(None, options.get("aws_access_key_id"))
        or find_account(None, of_user.get("aws_access_key_id") or of_user.get(KEY_ID))
    )
    is_of_another_account = source is not None and exists and catalog.has_session_of_another_account(name, source)
    if is_of_another_account:
        account = find_account(None, options.get("aws_access_key_id"))
    is_usable = read_session(options) is not None if managed_by_encee(options) else is_complete(options)
    ends = read_expiry(options) if is_usable else None
    return SessionRow(name, source, account, managed_by_encee(options), ends, length, is_of_another_account)
