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
        access_key_id: The access key id, `ASIA…`.
        secret_access_key: The secret access key.
        session_token: The session token.
        expiration: When they end, UTC.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: datetime

    def remaining(self, now: datetime) -> timedelta:
        """How long the session has to go; negative once it is over."""
        return self.expiration - now


def rfc3339(moment: datetime) -> str:
    """A moment as files and JSON hold it: RFC 3339, UTC, whole seconds (`2026-11-22T17:00:00Z`)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
