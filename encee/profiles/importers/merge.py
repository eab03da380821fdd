"""Bringing what plain files hold into the two files: keys into the credentials file, settings into the config file.

Nothing that is there is ever written over: a profile that exists keeps its keys, and a setting its value. What is
there already, to the letter, is no fault, so that an import can be run again.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.awsfile.syntax import View, is_portable_name
from encee.errors import EnceeError, FileRefusedError, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import STALE, has_long_term_key
from encee.profiles.identifiers import can_be_one_users

_KEYS = "keys"
_ALSO_CALLED = {"mfa_serial": "aws_mfa_device"}
"""A setting, and the option that counts where the setting is missing."""

_A_SESSIONS = STALE | {"aws_session_token"}
"""What long-term keys must not inherit from `[DEFAULT]`: AWS tools would take them for a session's."""


class Incoming(NamedTuple):
    """What a plain file holds for a profile.

    Args:
        profile: The profile.
        file: The plain file.
        key: The user's long-term credentials, or None where the file holds none.
        settings: What belongs into the config file: `mfa_serial`, `region`.
        rename: How to bring it in under another name, for a hint.
        is_file: Whether the plain file can be deleted afterwards; else it was standard input.
    """

    profile: str
    file: Path
    key: AccessKey | None
    settings: Mapping[str, str]
    rename: str
    is_file: bool = True


class Imported(NamedTuple):
    """What became of it.

    Args:
        profile: The profile.
        file: The plain file.
        brought: What was written, `keys` and the names of settings; in a dry run, what would be.
        differs: The settings that the profile has with another value, which stays.
        error: Why something was not written, or None.
    """

    profile: str
    file: Path
    brought: tuple[str, ...]
    differs: tuple[str, ...]
    error: EnceeError | None

    @property
    def is_whole(self) -> bool:
        """Whether the two files hold all that the plain file does."""
        return not self.differs and self.error is None


def bring_in(incoming: Sequence[Incoming], credentials: AwsFile, config: AwsFile, *, dry_run: bool) -> list[Imported]:
    """Write what plain files hold, in one write for each of the two files; or find out what would be written.

    Both edits are made and verified in memory, and the second one is rehearsed on disk, before the first is written.

    Args:
        incoming: What to write.
        credentials: The credentials file.
        config: The config file.
        dry_run: Whether to write nothing.

    Returns:
        What became of each, in the same order.

    Raises:
        FileRefusedError: One of the two files cannot be edited safely; nothing was written.
    """
    keys = _Keys(incoming, config.document().view)
    credentials.edited(keys.put_in)
    settings = _Settings(keys)
    config.edited(settings.put_in)
    failure = None if dry_run else _write(keys, settings, credentials, config)
    outcomes = []
    for profile, file, *_ in incoming:
        names = settings.brought.get(profile, ())
        error = keys.errors.get(profile) or (failure if names else None)
        brought = ((_KEYS,) if profile in keys.brought else ()) + (() if failure else names)
        outcomes.append(Imported(profile, file, brought, settings.differs.get(profile, ()), error))
    return outcomes


def _write(keys: "_Keys", settings: "_Settings", credentials: AwsFile, config: AwsFile) -> EnceeError | None:
    """Write both files; what the second write was refused for, after the first one, or None."""
    if settings.brought:
        config.rehearse(settings.put_in)
    if keys.brought:
        credentials.edit(keys.put_in)
    if settings.brought:
        try:
            config.edit(settings.put_in)
        except EnceeError as error:
            return error
    return None


class _Keys:
    """The edit of the credentials file; what it found is that of the last time that it was made."""

    def __init__(self, incoming: Sequence[Incoming], config: View) -> None:
        self.incoming = incoming
        self.after = Catalog({}, config)
        self.brought: set[str] = set()
        self.errors: dict[str, EnceeError] = {}

    def put_in(self, document: Document) -> None:
        now = self.after.with_credentials(document.view)
        self.brought, self.errors = set(), {}
        for one in self.incoming:
            if one.key is None or now.access_key(one.profile) == one.key:
                continue
            if error := _why_not(one, now):
                self.errors[one.profile] = error
                continue
            options = {"aws_access_key_id": one.key.id, "aws_secret_access_key": one.key.secret}
            document.own(one.profile, options, without=_A_SESSIONS)
            self.brought.add(one.profile)
        self.after = now.with_credentials(document.view)


class _Settings:
    """The edit of the config file that belongs to it."""

    def __init__(self, keys: _Keys) -> None:
        self.brought: dict[str, tuple[str, ...]] = {}
        self.differs: dict[str, tuple[str, ...]] = {}
        self._keys = keys

    def put_in(self, document: Document) -> None:
        now = Catalog(self._keys.after.credentials, document.view)
        self.brought, self.differs = {}, {}
        for profile, _, _, settings, *_ in self._keys.incoming:
            if profile in self._keys.errors:
                continue
            own = now.options(profile)
            there = {name: own.get(name, own.get(_ALSO_CALLED.get(name, name))) for name in settings}
            missing = {name: settings[name] for name, value in there.items() if value is None}
            self.differs[profile] = tuple(name for name, value in there.items() if value not in {None, settings[name]})
            if missing:
                document.set(profile, missing)
                self.brought[profile] = tuple(missing)


def _why_not(one: Incoming, catalog: Catalog) -> EnceeError | None:
    """Why the keys of a plain file cannot become a profile of its name, or None."""
    name = one.profile
    if not is_portable_name(name):
        return UsageError(f"{name!r} cannot be the name of a profile that every AWS tool can read", hint=one.rename)
    if name in catalog.credentials:
        reason = f"[{CredentialsHeaders().text(name)}] is there already, with something else in it"
    elif has_long_term_key(catalog.config.get(name, {})):
        reason = f"[{ConfigHeaders().text(name)}] of the config file holds other keys"
    elif inherited := catalog.inherited_obstacle():
        reason = inherited
    elif shadow := catalog.shadow(name):
        reason = f"{shadow} under [{ConfigHeaders().text(name)}] of the config file says where {name} gets its keys"
    elif source := catalog.owner(name):
        reason = f"{name} is where the session of {source} goes"
    else:
        return None
    return FileRefusedError(f"{reason}: {one.file} was not brought in", hint=one.rename)


def profile_of_device(catalog: Catalog, serial: str, named: str | None) -> str:
    """The long-term profile that the first encee's device is for; the first encee itself took the default one.

    Args:
        catalog: The profiles.
        serial: The ARN of the device.
        named: The profile that the command line names, or None.

    Raises:
        UsageError: It has no long-term keys, or some of another account than the device; or none is named, and it is
            not clear which one it is.
    """
    hint = "name it: encee import legacy --profile NAME"
    fitting = [name for name in catalog.sources if _may_have(catalog, name, serial)]
    if named is not None:
        profile = catalog.profile_for(named)
        if profile is None or profile not in catalog.sources:
            raise UsageError(f"{named} is no profile with long-term keys", hint="see the profiles with: encee status")
        if profile not in fitting:
            raise UsageError(f"{serial} is a device of another account than the key of {profile}", hint=hint)
        return profile
    if "default" in fitting:
        return "default"
    if len(fitting) != 1:
        many = f"it can be that of {' or '.join(fitting)}" if fitting else "no profile has long-term keys that fit it"
        raise UsageError(f"it is not clear whose device {serial} is: {many}", hint=hint)
    return fitting[0]


def _may_have(catalog: Catalog, profile: str, serial: str) -> bool:
    key = catalog.access_key(profile)
    return key is not None and can_be_one_users(serial, key.id)
