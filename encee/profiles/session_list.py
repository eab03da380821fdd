"""Which sessions there are, or could be, and what state they are in; told from the files alone."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from encee.profiles.catalog import Catalog
from encee.profiles.credentials import KEY_ID, expiry_of, holds_session, is_complete, managed_by_encee, session_in
from encee.profiles.durations import expiring_threshold
from encee.profiles.identifiers import account_of


class Listed(NamedTuple):
    """A session, or the place where one could be.

    Args:
        profile: The session profile; the source itself, where the session of another one has that place.
        source: The long-term or role profile that it is made from; None where nobody can tell.
        account: The account's number, where it can be told without a call.
        exists: Whether there is a session of encee's.
        expiration: When it ends, UTC; None where it does not say.
        length: How long it was when it was new; None where nobody can tell.
        is_of_another_account: Whether the key of the source is of another account: it is no session of that key.
    """

    profile: str
    source: str | None
    account: str | None
    exists: bool
    expiration: datetime | None
    length: timedelta | None = None
    is_of_another_account: bool = False

    def state(self, now: datetime, expiring: timedelta | None) -> str:
        """`valid`, `expiring`, `expired`, `other-account`, or `none`, also where nobody can tell.

        Args:
            now: The present moment, UTC.
            expiring: With less than this to go, it is expiring; None takes what is usual for its length.
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


def sessions(catalog: Catalog, length_of: Callable[[str], timedelta | None] = lambda _: None) -> Iterator[Listed]:
    """One session of each long-term profile, whether it exists or not, then the others that there are.

    These are further ones, those of roles, those whose source is gone, and other tools'. No name comes twice.

    Args:
        catalog: The profiles.
        length_of: Says how long a fresh session of a profile is.
    """
    owners = {name: catalog.owner(name) for name in catalog.credentials if _is_session(catalog, name)}
    session_of = {owner: name for name, owner in reversed(owners.items())}
    listed = set()
    for source, usual in catalog.sources.items():
        name = usual if owners.get(usual) == source else session_of.get(source)
        if name is None:
            taken = usual in owners or usual in listed or usual in catalog.sources
            name = source if taken else usual
        listed.add(name)
        yield _listed(catalog, name, source, length_of(source), exists=name in owners)
    for name, owner in owners.items():
        if name not in listed:
            length = length_of(owner) if owner in catalog.targets else None
            yield _listed(catalog, name, owner, length, exists=True)


def _is_session(catalog: Catalog, name: str) -> bool:
    """Whether a section holds a session of encee's, or one of another tool that says when it ends."""
    options = catalog.credentials[name]
    if managed_by_encee(options):
        return holds_session(options)
    return name not in catalog.sources and expiry_of(options) is not None


def _listed(catalog: Catalog, name: str, source: str | None, length: timedelta | None, *, exists: bool) -> Listed:
    options = catalog.credentials[name] if exists else {}
    # A role can be in another account than the user who assumes it, and so than the device in its profile.
    user = source if source and source not in catalog.roles else None
    of_user = catalog.options(user) if user else {}
    account = (
        account_of(catalog.device(user) if user else None, None)
        or account_of(None, options.get("aws_access_key_id"))
        or account_of(None, of_user.get("aws_access_key_id") or of_user.get(KEY_ID))
    )
    is_of_another_account = source is not None and exists and catalog.has_session_of_another_account(name, source)
    if is_of_another_account:
        account = account_of(None, options.get("aws_access_key_id"))
    is_usable = session_in(options) is not None if managed_by_encee(options) else is_complete(options)
    ends = expiry_of(options) if is_usable else None
    return Listed(name, source, account, managed_by_encee(options), ends, length, is_of_another_account)
