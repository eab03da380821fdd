"""Refuse invalid keys, and session profiles that encee must not write."""

import itertools
import re
from collections.abc import Mapping
from shlex import quote

from encee.awsfile.syntax import MultilineValue, is_portable_name, require_single_line
from encee.errors import FileRefusedError, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import LONG_TERM_SUFFIX, Catalog
from encee.profiles.credentials import (
    FOREIGN_KEYS,
    KEY_ID,
    SECRET,
    has_long_term_key,
    managed_by_aws_mfa,
    managed_by_encee,
    points_to_keyring,
)
from encee.profiles.identifiers import ACCESS_KEY_ID, find_key_id_fault

_SHADOWS = frozenset(
    {
        "role_arn",
        "web_identity_token_file",
        "credential_process",
        "credential_source",
        "login_session",
    }
)
"""Options that some SDK prefers to the keys of the same profile, like all that begin with `sso_`."""

MOVE_FROM_DEFAULT = "move it from [DEFAULT] to the section of the profile that needs it"
"""The hint for an option that every profile inherits."""


def refuse_key(catalog: Catalog, profile: str, key: AccessKey) -> None:
    """Refuse an invalid key id, which may be the secret and would be shown.

    Raises:
        UsageError: The id does not have the form of a key id.
        FileRefusedError: The id or the secret has several lines.
    """
    for part in ("aws_access_key_id", "aws_secret_access_key", KEY_ID, SECRET):
        catalog.read_single_line(profile, part)
    if not ACCESS_KEY_ID.fullmatch(key.id):
        option = KEY_ID if key.is_locked else "aws_access_key_id"
        raise UsageError(
            f"{option} of {profile} {find_key_id_fault(key.id)}",
            hint=f"enter both again: aws configure --profile {quote(profile)}",
        )


def refuse_session_profile(catalog: Catalog, session_profile: str, profile: str) -> None:
    """Refuse a session profile where a session would overwrite keys or be hidden.

    Args:
        session_profile: The session profile.
        profile: Its long-term or role profile.

    Raises:
        UsageError: AWS tools disagree about the name.
        FileRefusedError: It holds long-term keys, another tool manages it, the config file shadows it, or the
            setting that names it has several lines.
    """
    require_single_line(
        catalog.config.get(profile, {}).get("encee_session_profile"), f"encee_session_profile of {profile}"
    )
    if not is_portable_name(session_profile):
        raise UsageError(
            f"{session_profile!r} cannot be the session profile of {profile}: AWS tools disagree about such names",
            hint=_suggest_session_profile(catalog, profile),
        )
    if reason := find_inherited_obstacle(catalog):
        raise FileRefusedError(f"{reason}; nothing was changed", hint=MOVE_FROM_DEFAULT)
    if reason := _find_obstacle(catalog, session_profile, profile):
        raise FileRefusedError(f"{reason}; nothing was changed", hint=_suggest_session_profile(catalog, profile))


def _suggest_session_profile(catalog: Catalog, profile: str) -> str:
    """Return a command that writes the session to a free session profile."""
    plain = re.sub(r"[^A-Za-z0-9_/.%@:+-]", "-", profile).lstrip("-") or "mfa"
    names = (
        f"{plain}-session{suffix}" for suffix in itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    )
    free = next(name for name in names if name not in catalog.credentials and name not in catalog.config)
    return f"encee refresh {quote(profile)} --to {free}"


def find_inherited_obstacle(catalog: Catalog) -> str | None:
    """Return what `[DEFAULT]` adds that makes every session useless, or None."""
    credentials, config = catalog.defaults
    if shadow := find_shadow(config | credentials):
        return f"{shadow} in [DEFAULT] hides the keys of every profile from the AWS tools"
    if points_to_keyring(credentials):
        return "[DEFAULT] refers to a key in the keyring, which every profile inherits"
    if has_long_term_key(config):
        return "[DEFAULT] of the config file holds keys, which every profile inherits"
    return None


def _find_obstacle(catalog: Catalog, session_profile: str, profile: str) -> str | None:
    """Return why a section must not be overwritten, or None."""
    written = catalog.credentials.get(session_profile, {})
    if has_long_term_key(written):
        return f"[{session_profile}] holds keys that may exist nowhere else"
    if has_long_term_key(catalog.config.get(session_profile, {})):
        return f"[profile {session_profile}] of the config file holds keys, which the session would hide"
    if session_profile == profile:
        return f"{session_profile} cannot be its own session profile"
    if tool := _find_other_manager(written, takes_over=profile == session_profile + LONG_TERM_SUFFIX):
        return f"[{session_profile}] is managed by {tool}"
    if shadow := find_shadow(catalog.options(session_profile)):
        return f"{shadow} in the profile {session_profile} would hide the session from the AWS tools"
    return None


def find_shadow(options: Mapping[str, str]) -> str | None:
    """Return an option that some AWS tool prefers to the keys of its profile, or None."""
    return next((key for key in options if key in _SHADOWS or key.startswith("sso_")), None)


def _find_other_manager(options: Mapping[str, str], *, takes_over: bool) -> str | None:
    """Return the other tool that manages a section, except for a taken-over aws-mfa."""
    if managed_by_encee(options):
        return None
    if manager := options.get("manager"):
        return "another tool" if isinstance(manager, MultilineValue) else manager
    if managed_by_aws_mfa(options):
        return None if takes_over else "aws-mfa"
    foreign = next((key for key in FOREIGN_KEYS if key in options), None)
    return f"another tool ({foreign})" if foreign else None
