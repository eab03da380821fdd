"""The caller of AWS: the credentials that sign a request, and the settings that apply to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from encee.model import AccessKey, Session


@dataclass(frozen=True, slots=True)
class ExternalCredentials:
    """Credentials that botocore finds for a profile that encee does not refresh: of SSO, a process, another tool.

    Args:
        id: The access key id.
        secret: The secret access key.
        token: The session token; None for long-term credentials.
    """

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


class Signer(NamedTuple):
    """The caller of AWS: the credentials that sign a request, and the settings that apply to it.

    Args:
        profile: The profile whose settings (`endpoint_url`, `ca_bundle`, `services`) apply.
        key: The credentials that sign.
        region: The region of the endpoint.
        credentials_file: The credentials file with the profile.
        config_file: The config file with the settings.
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
        """Return a signer whose secret is in memory; read it from the keyring now, not during a request.

        Raises:
            EnceeError: The keyring did not return the secret.
        """
        key = self.key
        return self._replace(key=AccessKey(key.id, key.secret) if isinstance(key, AccessKey) else key)
