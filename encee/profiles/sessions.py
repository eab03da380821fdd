"""Which sessions there are, or could be, and what state they are in; told from the files alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from encee.profiles.catalog import SESSION_OPTIONS, Catalog, unquoted
from encee.profiles.expiry import expiry_of
from encee.profiles.settings import account_of


class Listed(NamedTuple):
    """A session, or the place where one could be.

    Args:
        profile: The session profile.
        source: The long-term profile that it is made from; None for the session of another tool.
        account: The account's number, where it can be told without a call.
        exists: Whether there is a session.
        expiration: When it ends, UTC; None where it does not say.
    """

    profile: str
    source: str | None
    account: str | None
    exists: bool
    expiration: datetime | None

    def state(self, now: datetime, expiring: timedelta) -> str:
        """`valid`, `expiring` (less than that long to go), `expired`, or `none`, also where nobody can tell."""
        if self.expiration is None:
            return "none"
        left = self.expiration - now
        if left <= timedelta():
            return "expired"
        return "valid" if left >= expiring else "expiring"


def sessions(catalog: Catalog) -> Iterator[Listed]:
    """The session of each long-term profile, whether it exists or not, then those without one, then other tools'."""
    ours = {
        name: options
        for name, options in catalog.credentials.items()
        if options.get("manager") == "encee" and SESSION_OPTIONS & options.keys()
    }
    of_source = {unquoted(options.get("encee_source", "")): name for name, options in ours.items()}
    listed = set()
    for source, usual in catalog.sources.items():
        name = usual if usual in ours else of_source.get(source, usual)
        listed.add(name)
        yield _listed(catalog, name, source, exists=name in ours)
    for name, options in ours.items():
        if name not in listed:
            yield _listed(catalog, name, unquoted(options.get("encee_source", "")) or None, exists=True)
    for name, options in catalog.credentials.items():
        if name not in ours and name not in listed and expiry_of(options):
            yield _listed(catalog, name, None, exists=True)


def _listed(catalog: Catalog, name: str, source: str | None, *, exists: bool) -> Listed:
    options = catalog.credentials.get(name, {}) if exists else {}
    of_source = catalog.options(source) if source else {}
    serial = of_source.get("mfa_serial") or of_source.get("aws_mfa_device")
    account = (
        account_of(serial, None)
        or account_of(None, options.get("aws_access_key_id"))
        or account_of(None, of_source.get("aws_access_key_id"))
    )
    return Listed(name, source, account, exists, expiry_of(options))
