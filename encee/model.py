"""The types that all of encee shares; frozen, and without secrets in their repr."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Long-term credentials of an IAM user.

    Args:
        id: The access key id, `AKIA…`.
        kept: The secret access key, or a function that fetches it from the keyring.
    """

    id: str
    kept: str | Callable[[], str] = field(repr=False)

    @property
    def is_locked(self) -> bool:
        """Whether the secret is in the keyring."""
        return not isinstance(self.kept, str)

    @property
    def secret(self) -> str:
        """The secret access key.

        Raises:
            EnceeError: The keyring does not return it.
        """
        return self.kept if isinstance(self.kept, str) else self.kept()


@dataclass(frozen=True, slots=True)
class Session:
    """Session credentials from STS.

    Args:
        id: The access key id, `ASIA…`.
        expiration: UTC.
    """

    id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expiration: datetime


class Role(NamedTuple):
    """A role to assume.

    Args:
        session_name: The name that CloudTrail shows.
        external_id: External ID required by the trust policy, if any.
        duration: The requested length of the session.
    """

    arn: str
    session_name: str
    external_id: str | None
    duration: timedelta


class Device(NamedTuple):
    """An MFA device of an IAM user.

    Args:
        serial: An ARN, or the number printed on a hardware token.
        user: The name of the IAM user.
        enabled: When it was enabled, UTC.
    """

    serial: str
    user: str
    enabled: datetime

    @property
    def name(self) -> str:
        """The last part of the ARN, or the whole serial number of a hardware token."""
        return self.serial.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """`virtual` (app), `hardware` (token) or `FIDO` (security key, passkey)."""
        if ":mfa/" in self.serial:
            return "virtual"
        return "hardware" if self.gives_codes else "FIDO"

    @property
    def gives_codes(self) -> bool:
        """Whether it shows codes that STS accepts; FIDO security keys and passkeys do not."""
        return ":u2f/" not in self.serial


def is_unencrypted(url: str) -> bool:
    """Whether an endpoint is `http://` and not on this machine."""
    from ipaddress import ip_address  # noqa: PLC0415 - few commands look at an endpoint
    from urllib.parse import urlsplit  # noqa: PLC0415 - the same

    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost" or host.endswith(".localhost")
    return scheme == "http" and not is_loopback


def rfc3339(moment: datetime) -> str:
    """Format a time as RFC 3339 in UTC with whole seconds (`2026-11-22T17:00:00Z`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
