"""What there is to say of a word of the command line that means no profile which could be refreshed."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from shlex import quote

from encee.awsfile.lines import FileLines
from encee.awsfile.paths import Files
from encee.awsfile.sections import headers_of
from encee.errors import EnceeError, MistypedError, NoSessionError, UsageError
from encee.profiles.catalog import Catalog, is_pattern
from encee.profiles.credentials import (
    IN_KEYRING,
    KEY_ID,
    SECRET,
    TOKENS,
    has_stray_token,
    has_token,
    is_session_key,
    managed_by_encee,
    points_to_keyring,
    source_in,
)
from encee.profiles.remedies import delete

_SHOWN = 5
"""How many names a message lists."""


def not_a_source(catalog: Catalog, word: str, files: Files) -> EnceeError:
    """Why a word of the command line is no profile that can be refreshed, or has no session.

    Args:
        catalog: The profiles.
        word: What was typed.
        files: Where the two files are, for the message.
    """
    if profile := catalog.profile_for(word):
        return NoSessionError(f"{profile} has no session yet", hint=f"encee refresh {quote(profile)}")
    if word not in catalog.credentials and word not in catalog.config:
        return _unknown(catalog, word, files)
    return _keyless(catalog, word, files)


def nothing_to_refresh(catalog: Catalog, files: Files) -> UsageError:
    """The error for files without a profile that encee could refresh: what there is instead.

    Args:
        catalog: The profiles.
        files: Where the two files are, for the message.
    """
    others = list(dict.fromkeys([*catalog.other_profiles(), *catalog.roles]))
    if not others:
        return UsageError("there are no profiles yet", hint="encee setup")
    if len(others) == 1:
        error = _keyless(catalog, others[0], files)
        return UsageError(f"there is no profile to refresh: {error.message}", hint=error.hint)
    groups: dict[str, list[str]] = {}
    for name in others:
        way = catalog.sign_in(name)
        groups.setdefault(f"signing in with {way.what}" if way else "without long-term keys", []).append(name)
    found = "; ".join(f"{what}: {_listed(names)}" for what, names in groups.items())
    return UsageError(f"there is no profile to refresh; {found}", hint="make one with long-term keys: encee setup")


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _keyless(catalog: Catalog, word: str, files: Files) -> UsageError:
    """The error for a profile without long-term keys, by what it has instead."""
    options = catalog.options(word)
    if managed_by_encee(options):
        source = source_in(options) or "its source"
        return UsageError(
            f"{word} is a session profile, and {source}, which it was made from, is gone",
            hint="name a profile with long-term keys",
        )
    if has_stray_token(options):
        return UsageError(
            f"{word} holds a session token beside a long-term key (AKIA…), which AWS refuses",
            hint=_without_token(word, files),
        )
    if has_token(options):
        return UsageError(
            f"{word} holds session credentials of another tool, not long-term keys",
            hint="name a profile with long-term keys; see the profiles with: encee status",
        )
    if way := catalog.sign_in(word):
        source = catalog.last_source(word)
        whose = f"{word} is a role of {source}, which signs in" if source != word else f"{word} signs in"
        return UsageError(f"{whose} with {way.what}, not with long-term keys", hint=way.hint(source))
    return _incomplete(word, options, files)


def _without_token(word: str, files: Files) -> str:
    """The remedy for a stray token: which lines of which file to delete."""
    for path, headers in zip(files, headers_of(files), strict=True):
        with suppress(OSError):
            file = FileLines(path.read_bytes(), headers)
            if numbers := [line.number for name in TOKENS for line in file.option(word, name)]:
                return delete(path, numbers)
    return f"delete {' and '.join(TOKENS)} under [DEFAULT]"


def _incomplete(word: str, options: Mapping[str, str], files: Files) -> UsageError:
    """The error for a profile that has no whole long-term key."""
    configure = f"aws configure --profile {quote(word)}"
    if is_session_key(options.get("aws_access_key_id", "")):
        return UsageError(
            f"{word} holds the key of a session (ASIA…) without its token",
            hint=f"put the user's long-term key (AKIA…) there: {configure}",
        )
    if "role_arn" in options:
        return UsageError(
            f"{word} is a role that is not assumed with the session of a profile, and so not with MFA",
            hint=f"name one with source_profile under [profile {word}]",
        )
    if points_to_keyring(options):
        return UsageError(
            f"{word} has a key in the keyring and a part of one in {files.credentials}, or only a part of either",
            hint=f"let [{word}] have {KEY_ID} and {SECRET} = {IN_KEYRING}, and neither aws_ key; or both aws_ keys",
        )
    missing = [key for key in ("aws_access_key_id", "aws_secret_access_key") if not options.get(key)]
    lacking = f"{word} has no {' and no '.join(missing)}"
    if files.credentials.exists():
        return UsageError(f"{lacking} in {files.credentials}", hint=f"enter the keys with: {configure}")
    hint = f"enter the keys with: {configure}"
    if files.credentials.is_symlink():
        hint = f"mount the drive that the link leads to, or fix it: ls -la {quote(str(files.credentials))}"
    return UsageError(f"{lacking}: {files.credentials} does not exist", hint=hint)


def _unknown(catalog: Catalog, word: str, files: Files) -> MistypedError:
    """The error for a word that is no profile's name; it does not repeat a code."""
    look = "see the profiles with: encee status" if catalog.targets else "make the first one: encee setup"
    if not word:
        return MistypedError("the name of a profile is empty", hint=look)
    if re.fullmatch("[0-9]{6}", word):
        return MistypedError("a code goes behind --code", hint="encee refresh PROFILE --code CODE")
    if sources := [profile for profile, target in catalog.targets.items() if target == word]:
        return MistypedError(
            f"{word} is the session profile of {' and '.join(sources)}",
            hint=f"name one of them: {quote(sources[0])}",
        )
    hint = _meant(catalog, word) or look
    if is_pattern(word):
        return MistypedError(f"no profile matches {word}", hint=hint)
    return MistypedError(f"there is no profile {word} in {files.credentials} or {files.config}", hint=hint)


def _meant(catalog: Catalog, word: str) -> str | None:
    """What somebody may have meant who typed a word that is no profile's name."""
    import difflib

    if "," in word:
        return f"put a blank between two profiles: {' '.join(quote(name) for name in re.split('[, ]+', word) if name)}"
    names = {name.casefold(): name for name in (*catalog.targets.values(), *catalog.targets)}
    as_typed = word.casefold().strip("[] ").removeprefix("profile ")
    near = difflib.get_close_matches(as_typed, names, n=1)
    return f"did you mean {names[near[0]]}?" if near else None
