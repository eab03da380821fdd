"""Interpret the options of a section: key, session, expiry, keyring.

encee writes `expiration` in RFC 3339 UTC, which the `aws` module of starship reads, too. Other tools have options of
their own; two of them write `expiration` without an offset, aws-mfa in UTC and awsume in local time.

The section of a key in the keyring holds the key id under a name of encee, and no `aws_` option of a key, since SDKs
fail if they find only one of the two.
"""

import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from encee.awsfile.syntax import MultilineValue
from encee.model import AccessKey, Session, rfc3339
from encee.profiles.keyring import locked_key

STALE = frozenset({"aws_security_token", "aws_account_id", "aws_credential_scope"})
"""Options of other tools that SDKs would use with the new session, or instead of it."""

WRITTEN = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "expiration", "manager", "encee_source"}
)
"""The options that `session_options` writes, and that encee may therefore remove."""

_SESSION_KEY, USER_KEY = "ASIA", "AKIA"
"""The prefixes of the access key ids of sessions and of users."""


def session_options(session: Session, source: str) -> dict[str, str]:
    """Return the options of a session, in the order of the section."""
    return {
        "aws_access_key_id": session.id,
        "aws_secret_access_key": session.secret,
        "aws_session_token": session.token,
        "expiration": rfc3339(session.expiration),
        "manager": "encee",
        "encee_source": quote_profile(source),
    }


def read_session(options: Mapping[str, str]) -> Session | None:
    """Return the session of a section, valid or expired; None if it is incomplete.

    A value of several lines does not count, since AWS makes no such credentials.
    """
    key_id, secret = options.get("aws_access_key_id", ""), options.get("aws_secret_access_key")
    token, ends = options.get("aws_session_token"), read_expiry(options)
    if not (is_session_key(key_id) and secret and token and ends):
        return None
    if any(isinstance(value, MultilineValue) for value in (secret, token)):
        return None
    return Session(key_id, secret, token, ends)


def managed_by_encee(options: Mapping[str, str]) -> bool:
    """Whether encee manages a section."""
    return options.get("manager") == "encee"


def managed_by_aws_mfa(options: Mapping[str, str]) -> bool:
    """Whether aws-mfa manages a section."""
    return "manager" not in options and "expiration" in options and "assumed_role" in options


def read_source(options: Mapping[str, str]) -> str | None:
    """Return the source profile of a session of encee; None for other sections."""
    return read_source_name(options) if managed_by_encee(options) else None


def read_source_name(options: Mapping[str, str]) -> str | None:
    """Return the profile that `encee_source` names, if it is one line."""
    named = options.get("encee_source")
    return unquote_profile(named) if named and not isinstance(named, MultilineValue) else None


def is_session_key(key_id: str) -> bool:
    """Whether a key id is that of a session."""
    return key_id.startswith(_SESSION_KEY)


TOKENS = ("aws_session_token", "aws_security_token")
"""The options that hold a session token."""


def has_token(options: Mapping[str, str]) -> bool:
    """Whether a section holds a session token that is not empty."""
    return any(options.get(name) for name in TOKENS)


def has_stray_token(options: Mapping[str, str]) -> bool:
    """Whether a section holds a session token with a user's key, which AWS refuses."""
    return options.get("aws_access_key_id", "").startswith(USER_KEY) and has_token(options)


def is_complete(options: Mapping[str, str]) -> bool:
    """Whether a section has all three parts of a session's credentials."""
    return bool(options.get("aws_access_key_id") and options.get("aws_secret_access_key")) and has_token(options)


def holds_session(options: Mapping[str, str]) -> bool:
    """Whether a section holds the credentials of a session, which expire."""
    return is_session_key(options.get("aws_access_key_id", "")) and has_token(options)


def has_long_term_key(options: Mapping[str, str]) -> bool:
    """Whether a section holds a part of a long-term key, or refers to the keyring."""
    part = options.get("aws_access_key_id") or options.get("aws_secret_access_key")
    return (bool(part) and not holds_session(options)) or points_to_keyring(options)


def quote_profile(profile: str) -> str:
    """Percent-encode a profile's name, so that all SDKs read the value alike."""
    return urllib.parse.quote(profile, safe="/@:+")


def unquote_profile(value: str) -> str:
    """Decode the profile's name in a value of `encee_source`."""
    return urllib.parse.unquote(value)


FOREIGN_KEYS = (
    "x_security_token_expires",  # saml2aws, starship
    "aws_session_expiration",  # aws-vault's export, Leapp
    "aws_credential_expiration",  # the AWS CLI's export-credentials
    "awsmfa_expiration",  # dcoker/awsmfa
)
"""The options in which other tools store an expiry."""

_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""The limits within which a time can be shown in every time zone; the zero time of Go is outside."""


def read_expiry(options: Mapping[str, str]) -> datetime | None:
    """Return when a section's session expires, UTC; None if unknown."""
    for key in ("expiration", *FOREIGN_KEYS):
        if (value := options.get(key)) is None:
            continue
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None and options.get("manager") != "awsume":
                moment = moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)  # a time of awsume has no offset and is local
        except (ValueError, OverflowError, OSError):  # Windows raises OSError for years before 1970
            continue
        if _FIRST <= moment <= _LAST:
            return moment
    return None


KEY_ID = "encee_access_key_id"
SECRET = "encee_secret"  # noqa: S105 - an option's name
IN_KEYRING = "keyring"
"""The value of `SECRET`, and of other options that say where a secret is stored."""


def read_locked_key(options: Mapping[str, str]) -> AccessKey | None:
    """Return a section's key in the keyring, whose secret is not fetched yet.

    A part of a plain key in the section takes precedence, since the AWS tools see only that.
    """
    key_id = options.get(KEY_ID)
    plain = options.get("aws_access_key_id") or options.get("aws_secret_access_key")
    return locked_key(key_id) if key_id and options.get(SECRET) == IN_KEYRING and not plain else None


def points_to_keyring(options: Mapping[str, str]) -> bool:
    """Whether a section refers to a key in the keyring, even incompletely."""
    return bool(options.get(KEY_ID) or options.get(SECRET))
