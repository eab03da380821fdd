"""The caller of AWS: the credentials and the settings of a request."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from encee.model import AccessKey, Session


@dataclass(frozen=True, slots=True)
class ExternalCredentials:
    """Credentials of a profile that encee does not refresh, found by botocore.

    Args:
        token: The session token; None for long-term credentials.
    """

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


class Signer(NamedTuple):
    """The caller of AWS: the credentials and the settings of a request.

    Args:
        profile: The profile whose settings (`endpoint_url`, `ca_bundle`, `services`) apply.
        source_profile: The source profile of the session that signs; None where no session signs.
        role: The profile of the role to assume, where `profile` is another one; else None.
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
        """Return a signer whose secret was read from the keyring.

        Raises:
            EnceeError: The keyring did not return the secret.
        """
        key = self.key
        return self._replace(key=AccessKey(key.id, key.secret) if isinstance(key, AccessKey) else key)
