"""Who signs a request, and which settings apply to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from encee.model import AccessKey, Session


@dataclass(frozen=True, slots=True)
class ExternalCredentials:
    """What botocore finds for a profile that encee does not refresh: of SSO, of a process, of another tool.

    Args:
        id: The access key id.
        secret: The secret access key.
        token: The session token; None for long-term credentials.
    """

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


class Signer(NamedTuple):
    """Who signs a request, and which settings apply to it.

    Args:
        profile: The profile whose settings (`endpoint_url`, `ca_bundle`, `services`) apply.
        key: The credentials that sign: long-term ones, a session's, or what botocore found.
        region: The region of the endpoint.
        credentials_file: Where the profile lies.
        config_file: Where its settings lie.
        source_profile: The profile whose session signs, where it is a session; else None.
        role: The role profile that is assumed, where the settings are those of another profile; else None.
    """

    profile: str
    key: AccessKey | Session | ExternalCredentials
    region: str
    credentials_file: Path
    config_file: Path
    source_profile: str | None = None
    role: str | None = None

    @property
    def token(self) -> str | None:
        """The session token; None for long-term credentials."""
        return None if isinstance(self.key, AccessKey) else self.key.token

    def with_secret(self) -> "Signer":
        """The same, with a secret that is locked away fetched now, and not in the middle of a request.

        Raises:
            EnceeError: It is not to be had.
        """
        key = self.key
        return self._replace(key=AccessKey(key.id, key.secret) if isinstance(key, AccessKey) else key)
