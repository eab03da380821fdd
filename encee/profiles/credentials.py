"""The section that holds a session: what encee writes to it, and what the options of a section say about it."""

import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from encee.awsfile.syntax import MultilineValue
from encee.model import AccessKey, Session, rfc3339
from encee.profiles.keyring import locked_key

STALE = frozenset({"aws_security_token", "aws_account_id", "aws_credential_scope"})
"""What other tools leave in a section and SDKs would use beside, or instead of, the fresh session."""

WRITTEN = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "expiration", "manager", "encee_source"}
)
"""What encee writes, by `session_options`, and so what it may take out again."""

_SESSION_KEY, USER_KEY = "ASIA", "AKIA"
"""What the id of a session's access key begins with, and what that of a user's."""


def session_options(session: Session, source: str) -> dict[str, str]:
    """The options with which encee writes a session, in their order.

    Args:
        session: What to write.
        source: The profile that it was made from.
    """
    return {
        "aws_access_key_id": session.id,
        "aws_secret_access_key": session.secret,
        "aws_session_token": session.token,
        "expiration": rfc3339(session.expiration),
        "manager": "encee",
        "encee_source": quoted(source),
    }


def session_in(options: Mapping[str, str]) -> Session | None:
    """The session that a section holds, valid or over; None where it holds none, or does not say when it ends.

    Credentials of several lines are none that AWS has made.
    """
    key_id, secret = options.get("aws_access_key_id", ""), options.get("aws_secret_access_key")
    token, ends = options.get("aws_session_token"), expiry_of(options)
    if not (is_session_key(key_id) and secret and token and ends):
        return None
    if any(isinstance(value, MultilineValue) for value in (secret, token)):
        return None
    return Session(key_id, secret, token, ends)


def managed_by_encee(options: Mapping[str, str]) -> bool:
    """Whether encee manages a section."""
    return options.get("manager") == "encee"


def source_in(options: Mapping[str, str]) -> str | None:
    """The profile that encee made a section's session from; None where encee did not write it."""
    return source_named_in(options) if managed_by_encee(options) else None


def source_named_in(options: Mapping[str, str]) -> str | None:
    """The profile that `encee_source` of a section names; None where there is none, or it has further lines."""
    named = options.get("encee_source")
    return unquoted(named) if named and not isinstance(named, MultilineValue) else None


def is_session_key(key_id: str) -> bool:
    """Whether a key id is one of a session."""
    return key_id.startswith(_SESSION_KEY)


TOKENS = ("aws_session_token", "aws_security_token")
"""The options that hold a session token."""


def has_token(options: Mapping[str, str]) -> bool:
    """Whether a section holds a session token; an empty one is none."""
    return any(options.get(name) for name in TOKENS)


def has_stray_token(options: Mapping[str, str]) -> bool:
    """Whether a section holds a session token beside the key of a user, which has none; AWS refuses the two."""
    return options.get("aws_access_key_id", "").startswith(USER_KEY) and has_token(options)


def is_complete(options: Mapping[str, str]) -> bool:
    """Whether a section has all three parts of a session's credentials."""
    return bool(options.get("aws_access_key_id") and options.get("aws_secret_access_key")) and has_token(options)


def holds_session(options: Mapping[str, str]) -> bool:
    """Whether a section's credentials are a session's, and so worth nothing in the end."""
    return is_session_key(options.get("aws_access_key_id", "")) and has_token(options)


def has_long_term_key(options: Mapping[str, str]) -> bool:
    """Whether a section holds a key, or a part of one, that may exist nowhere else; or says that the keyring does."""
    part = options.get("aws_access_key_id") or options.get("aws_secret_access_key")
    return (bool(part) and not holds_session(options)) or points_to_keyring(options)


def quoted(profile: str) -> str:
    """A profile's name as `encee_source` holds it: what SDKs disagree about in values becomes `%20` and so on."""
    return urllib.parse.quote(profile, safe="/@:+")


def unquoted(value: str) -> str:
    """The profile's name that an `encee_source` holds."""
    return urllib.parse.unquote(value)


FOREIGN_KEYS = (
    "x_security_token_expires",  # saml2aws, starship
    "aws_session_expiration",  # aws-vault's export, Leapp
    "aws_credential_expiration",  # the AWS CLI's export-credentials
    "awsmfa_expiration",  # dcoker/awsmfa
)
"""The keys under which other tools keep an expiry."""


_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""Beyond these, a moment is outside the calendar in some time zone; Go's zero time, which tools write, is."""


def expiry_of(options: Mapping[str, str]) -> datetime | None:
    """When a section's session ends, UTC; None where it does not say, or not in a way that can be read and shown."""
    for key in ("expiration", *FOREIGN_KEYS):
        if (value := options.get(key)) is None:
            continue
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None and options.get("manager") != "awsume":
                moment = moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)  # which takes a naive moment, awsume's, for a local one
        except (ValueError, OverflowError, OSError):  # OSError is what Windows has against years before 1970
            continue
        if _FIRST <= moment <= _LAST:
            return moment
    return None


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
