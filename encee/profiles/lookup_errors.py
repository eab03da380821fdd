"""Explain why an argument does not name a profile that encee can refresh."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from shlex import quote

from encee.awsfile.lines import FileLines
from encee.awsfile.paths import AwsPaths
from encee.awsfile.sections import choose_headers
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
    read_source,
)
from encee.profiles.remedies import delete

_SHOWN = 5
"""The number of names that a message lists."""


def explain_lookup_failure(
    catalog: Catalog, argument: str, files: AwsPaths, *, other_names: Iterable[str] = ()
) -> EnceeError:
    """Return why an argument does not name a refreshable profile or a session.

    Args:
        other_names: Further profiles that the command accepts.
    """
    if profile := catalog.profile_for(argument):
        return NoSessionError(f"{profile} has no session yet", hint=f"encee refresh {quote(profile)}")
    if argument not in catalog.credentials and argument not in catalog.config:
        return _explain_unknown_name(catalog, argument, files, other_names)
    return _explain_keyless(catalog, argument, files)


def explain_nothing_to_refresh(catalog: Catalog, files: AwsPaths) -> UsageError:
    """Return the error for files without a profile that encee can refresh."""
    others = list(dict.fromkeys([*catalog.other_profiles(), *catalog.role_profiles]))
    if not others:
        return UsageError("there are no profiles yet", hint="encee setup")
    if len(others) == 1:
        error = _explain_keyless(catalog, others[0], files)
        return UsageError(f"there is no profile to refresh: {error.message}", hint=error.hint)
    groups: dict[str, list[str]] = {}
    for name in others:
        way = catalog.sign_in(name)
        groups.setdefault(f"signing in with {way.what}" if way else "without long-term keys", []).append(name)
    others_by_sign_in = "; ".join(f"{what}: {_join_names(names)}" for what, names in groups.items())
    return UsageError(
        f"there is no profile to refresh; {others_by_sign_in}", hint="make one with long-term keys: encee setup"
    )


def _join_names(names: Sequence[str]) -> str:
    """Join the first names, and count the others."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _explain_keyless(catalog: Catalog, argument: str, files: AwsPaths) -> UsageError:
    """Return the error for a profile without long-term keys, by what it has instead."""
    options = catalog.options(argument)
    if managed_by_encee(options):
        source = read_source(options) or "(unknown)"
        return UsageError(
            f"{argument} is a session profile, and its source profile {source} no longer exists",
            hint="name a profile with long-term keys",
        )
    if has_stray_token(options):
        return UsageError(
            f"{argument} holds a session token beside a long-term key (AKIA…), which AWS refuses",
            hint=_find_token_remedy(argument, files),
        )
    if has_token(options):
        return UsageError(
            f"{argument} holds session credentials of another tool, not long-term keys",
            hint="name a profile with long-term keys",
        )
    if way := catalog.sign_in(argument):
        source = catalog.last_source_profile(argument)
        whose = f"{argument} is a role of {source}, which signs in" if source != argument else f"{argument} signs in"
        return UsageError(f"{whose} with {way.what}, not with long-term keys", hint=way.hint(source))
    return _explain_incomplete_key(argument, options, files)


def _find_token_remedy(argument: str, files: AwsPaths) -> str:
    for path, headers in zip(files, choose_headers(files), strict=True):
        with suppress(OSError):
            file = FileLines(path.read_bytes(), headers)
            if numbers := [line.number for name in TOKENS for line in file.find_option(argument, name)]:
                return delete(path, numbers)
    return f"delete {' and '.join(TOKENS)} under [DEFAULT]"


def _explain_incomplete_key(argument: str, options: Mapping[str, str], files: AwsPaths) -> UsageError:
    configure = f"aws configure --profile {quote(argument)}"
    if is_session_key(options.get("aws_access_key_id", "")):
        return UsageError(
            f"{argument} holds the key of a session (ASIA…) without its token",
            hint=f"put the user's long-term key (AKIA…) there: {configure}",
        )
    if "role_arn" in options:
        return UsageError(
            f"{argument} is a role without source_profile, and so is not assumed with MFA",
            hint=f"add source_profile under [profile {argument}]",
        )
    if points_to_keyring(options):
        return UsageError(
            f"{argument} has a key in the keyring and a part of one in {files.credentials}, or only a part of either",
            hint=f"keep either {KEY_ID} and {SECRET} = {IN_KEYRING}, or both aws_ keys, under [{argument}]",
        )
    missing = [key for key in ("aws_access_key_id", "aws_secret_access_key") if not options.get(key)]
    lacking = f"{argument} has no {' and no '.join(missing)}"
    if files.credentials.exists():
        return UsageError(f"{lacking} in {files.credentials}", hint=f"enter the keys with: {configure}")
    hint = f"enter the keys with: {configure}"
    if files.credentials.is_symlink():
        hint = f"mount the drive that the link leads to, or fix it: ls -la {quote(str(files.credentials))}"
    return UsageError(f"{lacking}: {files.credentials} does not exist", hint=hint)


def _explain_unknown_name(
    catalog: Catalog, argument: str, files: AwsPaths, other_names: Iterable[str]
) -> MistypedError:
    """Return the error for an unknown profile; it does not repeat a code."""
    look = "see the profiles with: encee status" if catalog.session_profiles else "make the first one: encee setup"
    if not argument:
        return MistypedError("the name of a profile is empty", hint=look)
    if re.fullmatch("[0-9]{6}", argument):
        return MistypedError("an MFA code is not a profile", hint="encee refresh PROFILE --code CODE")
    if sources := [profile for profile, target in catalog.session_profiles.items() if target == argument]:
        return MistypedError(
            f"{argument} is the session profile of {' and '.join(sources)}",
            hint=f"name one of them: {quote(sources[0])}",
            typed=argument,
            intended=sources[:1],
        )
    message = f"there is no profile {argument} in {files.credentials} or {files.config}"
    if is_pattern(argument):
        message = f"no profile matches {argument}"
    if "," in argument:
        names = [name for name in re.split("[, ]+", argument) if name]
        hint = f"put a space between two profiles: {' '.join(map(quote, names))}"
        return MistypedError(message, hint=hint, typed=argument, intended=names)
    if (similar := _find_similar(catalog, argument, other_names)) is None:
        return MistypedError(message, hint=look)
    return MistypedError(message, hint=f"name the profile {similar}", typed=argument, intended=[similar])


def _find_similar(catalog: Catalog, argument: str, other_names: Iterable[str]) -> str | None:
    import difflib

    names = {
        name.casefold(): name for name in (*other_names, *catalog.session_profiles.values(), *catalog.session_profiles)
    }
    as_typed = argument.casefold().strip("[] ").removeprefix("profile ")
    return next((names[name] for name in difflib.get_close_matches(as_typed, names, n=1)), None)
