"""The nouns that all of encee shares. They are frozen, and they never show a secret in their repr."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Long-term credentials of an IAM user.

    Args:
        id: The access key id, `AKIA…`.
        secret: The secret access key.
    """

    id: str
    secret: str = field(repr=False)


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


@dataclass(frozen=True, slots=True)
class Role:
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


@dataclass(frozen=True, slots=True)
class Device:
    """An MFA device of an IAM user.

    Args:
        serial: Its serial number: an ARN, or what is printed on a hardware token.
    """

    serial: str

    @property
    def gives_codes(self) -> bool:
        """Whether it shows codes that STS takes; FIDO security keys and passkeys do not."""
        return ":u2f/" not in self.serial


def rfc3339(moment: datetime) -> str:
    """A moment as files and JSON hold it: RFC 3339, UTC, whole seconds (`2026-11-22T17:00:00Z`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
