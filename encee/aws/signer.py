"""Who signs a request, and which settings apply to it."""

from dataclasses import dataclass, replace
from pathlib import Path

from encee.model import AccessKey, FoundCredentials, Session


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs a request, and which settings apply to it.

    Args:
        profile: The profile whose settings (`endpoint_url`, `ca_bundle`, `services`) apply.
        key: The credentials that sign: long-term ones, a session's, or what botocore found.
        region: The region of the endpoint.
        credentials_file: Where the profile lies.
        config_file: Where its settings lie.
        source: The profile whose session signs, where it is a session; else None.
    """

    profile: str
    key: AccessKey | Session | FoundCredentials
    region: str
    credentials_file: Path
    config_file: Path
    source: str | None = None

    def unlocked(self) -> "Signer":
        """The same, with a secret that is locked away fetched now, and not in the middle of a request.

        Raises:
            EnceeError: It is not to be had.
        """
        key = self.key
        return replace(self, key=AccessKey(key.id, key.secret) if isinstance(key, AccessKey) else key)
