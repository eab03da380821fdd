"""The nouns that all of encee shares. They are frozen, and they never show a secret in their repr."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Long-term credentials of an IAM user.

    Args:
        id: The access key id, `AKIA…`.
        kept: The secret access key, or what fetches it from where it is locked away.
    """

    id: str
    kept: str | Callable[[], str] = field(repr=False)

    @property
    def is_locked(self) -> bool:
        """Whether the secret is locked away."""
        return not isinstance(self.kept, str)

    @property
    def secret(self) -> str:
        """The secret access key.

        Raises:
            EnceeError: It is locked away, and not to be had.
        """
        return self.kept if isinstance(self.kept, str) else self.kept()


@dataclass(frozen=True, slots=True)
class Session:
    """Session credentials as STS hands them out.

    Args:
        id: The access key id, `ASIA…`.
        secret: The secret access key.
        token: The session token.
        expiration: When they end, UTC.
    """

    id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expiration: datetime


class Role(NamedTuple):
    """A role to assume.

    Args:
        arn: Its ARN.
        session_name: What CloudTrail shows for the session.
        external_id: What its trust policy wants to hear, or None.
        duration: For how long it is asked.
    """

    arn: str
    session_name: str
    external_id: str | None
    duration: timedelta


class Device(NamedTuple):
    """An MFA device of an IAM user.

    Args:
        serial: Its serial number: an ARN, or what is printed on a hardware token.
        user: The name of its user.
        enabled: Since when it is in use, UTC.
    """

    serial: str
    user: str
    enabled: datetime

    @property
    def name(self) -> str:
        """What people call it: the last part of its ARN; the whole serial number of a hardware token."""
        return self.serial.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """`virtual` for an authenticator app, `hardware` for a token that one buys, `FIDO` for keys and passkeys."""
        if ":mfa/" in self.serial:
            return "virtual"
        return "hardware" if self.gives_codes else "FIDO"

    @property
    def gives_codes(self) -> bool:
        """Whether it shows codes that STS takes; FIDO security keys and passkeys do not."""
        return ":u2f/" not in self.serial


def is_unencrypted(url: str) -> bool:
    """Whether requests to an endpoint leave this machine without TLS: one of `http://` that is not loopback."""
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
    """A moment as files and JSON hold it: RFC 3339, UTC, whole seconds (`2026-11-22T17:00:00Z`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
