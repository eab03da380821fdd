"""Who would be left open or locked out by a change of an account."""

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from encee.aws.policies.networks import Network
from encee.aws.user_credentials import UserCredentials
from encee.errors import EnceeError, UsageError

_LATELY = timedelta(days=7)
"""A key that was used so lately is in use."""


def doubts(users: Iterable[UserCredentials], now: datetime) -> Iterator[str]:
    """A sentence for each user with an active key for whom a policy that requires MFA means trouble."""
    for user in users:
        if not user.active_keys or user.gives_codes:
            continue
        used_lately = any(key.last_used and now - key.last_used < _LATELY for key in user.active_keys)
        if user.mfa == "FIDO":
            yield f"{user.name} has only FIDO security keys or passkeys, and cannot use the command line"
        elif used_lately and not user.password:
            signs = "no password, no device, a key that was used this week"
            yield f"{user.name} looks like a machine ({signs}), and would stop working"
        else:
            yield f"until {user.name} enrols, whoever holds the key of {user.name} can enrol instead"


def refuse_lockout(allowed: Iterable[Network], address: str) -> None:
    """Refuse ranges that do not hold the caller's own address.

    Raises:
        UsageError: The address is none.
        EnceeError: None of the ranges holds it.
    """
    try:
        mine = ipaddress.ip_address(address)
    except ValueError:
        raise UsageError(f"{address!r} is not an address", hint="write it like 203.0.113.7: --my-ip ADDRESS") from None
    if not any(mine in network for network in allowed):
        raise EnceeError(
            f"your own address, {mine}, is in none of the ranges that would be allowed",
            hint=f"add --allow-cidr {mine}, or accept it with --yes-lock-me-out",
        )
