"""The section of a long-term profile whose secret lies in the keyring.

It holds the key's id under a name of encee's own, and neither `aws_` key: half a pair makes SDKs fail.
"""

from collections.abc import Mapping

from encee.model import AccessKey
from encee.profiles.keyring import locked_key

KEY_ID = "encee_access_key_id"
SECRET = "encee_secret"  # noqa: S105 - an option's name
IN_KEYRING = "keyring"
"""The value of `SECRET`, and of other options that say where a secret lies."""


def locked_key_in(options: Mapping[str, str]) -> AccessKey | None:
    """The key that a section has in the keyring, which nobody asks yet; None where it has none there.

    A part of a plain key in the section comes first, since the AWS tools see nothing else.
    """
    key_id = options.get(KEY_ID)
    plain = options.get("aws_access_key_id") or options.get("aws_secret_access_key")
    return locked_key(key_id) if key_id and options.get(SECRET) == IN_KEYRING and not plain else None


def points_to_keyring(options: Mapping[str, str]) -> bool:
    """Whether a section has a key, or a part of one, in the keyring, whatever else it holds."""
    return bool(options.get(KEY_ID) or options.get(SECRET))
