"""Import keys to the credentials file and settings to the config file.

An import overwrites nothing: an existing profile keeps its keys, and a setting its value. A key or setting that is
there already is not an error, so that an import can be repeated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.awsfile.syntax import View, is_portable_name
from encee.errors import EnceeError, FileRefusedError, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import STALE, has_long_term_key
from encee.profiles.files import AwsFiles
from encee.profiles.guards import find_inherited_obstacle, find_shadow
from encee.profiles.identifiers import may_belong_together

_KEYS = "keys"
_ALSO_CALLED = {"mfa_serial": "aws_mfa_device"}
"""Setting → the option that counts if the setting is missing."""

_A_SESSIONS = STALE | {"aws_session_token"}
"""Options that a long-term key must not inherit from `[DEFAULT]`, since they belong to sessions."""


class ImportFile(NamedTuple):
    """The content of a plain file for a profile.

    Args:
        key: The long-term key, if the file holds content.
        settings: The options for the config file: `mfa_serial`, `region`.
        rename: The hint that says how to import under another name.
        is_file: Whether it is a file that can be deleted afterwards, not standard input.
    """

    profile: str
    file: Path
    key: AccessKey | None
    settings: Mapping[str, str]
    rename: str
    is_file: bool = True


class ImportResult(NamedTuple):
    """The result of an import.

    Args:
        imported: `keys` and the names of the settings that were written, or would be in a dry run.
        differs: The settings that the profile has with another value, which stays.
    """

    profile: str
    file: Path
    imported: tuple[str, ...]
    differs: tuple[str, ...]
    error: EnceeError | None

    @property
    def is_complete(self) -> bool:
        """Whether the two files now hold everything in the plain file."""
        return not self.differs and self.error is None


def import_files(incoming: Sequence[ImportFile], files: AwsFiles, *, dry_run: bool) -> list[ImportResult]:
    """Import plain files, with one write for each of the two files.

    Both edits are verified in memory, and the second is rehearsed on disk, before the first is written.

    Returns:
        A result for each plain file, in the same order.

    Raises:
        FileRefusedError: One of the two files cannot be edited safely; nothing was written.
    """
    keys = _Keys(incoming, files.config.read_document().view)
    files.credentials.preview_edit(keys.add_to)
    settings = _Settings(keys)
    files.config.preview_edit(settings.add_to)
    failure = None if dry_run else _write(keys, settings, files)
    outcomes = []
    for profile, file, *_ in incoming:
        names = settings.imported.get(profile, ())
        error = keys.errors.get(profile) or (failure if names else None)
        imported = ((_KEYS,) if profile in keys.imported else ()) + (() if failure else names)
        outcomes.append(ImportResult(profile, file, imported, settings.differs.get(profile, ()), error))
    return outcomes


def _write(keys: "_Keys", settings: "_Settings", files: AwsFiles) -> EnceeError | None:
    """Write both files; return the error of the second write, if any."""
    if settings.imported:
        files.config.rehearse(settings.add_to)
    if keys.imported:
        files.credentials.edit(keys.add_to)
    if settings.imported:
        try:
            files.config.edit(settings.add_to)
        except EnceeError as error:
            return error
    return None


class _Keys:
    """The edit of the credentials file, and the result of its last run."""

    def __init__(self, incoming: Sequence[ImportFile], config: View) -> None:
        self.incoming = incoming
        self.after = Catalog({}, config)
        self.imported: set[str] = set()
        self.errors: dict[str, EnceeError] = {}

    def add_to(self, document: Document) -> None:
        now = self.after.with_credentials(document.view)
        self.imported, self.errors = set(), {}
        for content in self.incoming:
            if content.key is None or now.access_key(content.profile) == content.key:
                continue
            if error := _find_obstacle(content, now):
                self.errors[content.profile] = error
                continue
            options = {"aws_access_key_id": content.key.id, "aws_secret_access_key": content.key.secret}
            document.write_section(content.profile, options, without=_A_SESSIONS)
            self.imported.add(content.profile)
        self.after = now.with_credentials(document.view)


class _Settings:
    """The edit of the config file that follows."""

    def __init__(self, keys: _Keys) -> None:
        self.imported: dict[str, tuple[str, ...]] = {}
        self.differs: dict[str, tuple[str, ...]] = {}
        self._keys = keys

    def add_to(self, document: Document) -> None:
        now = Catalog(self._keys.after.credentials, document.view)
        self.imported, self.differs = {}, {}
        for profile, _, _, settings, *_ in self._keys.incoming:
            if profile in self._keys.errors:
                continue
            own = now.options(profile)
            present = {name: own.get(name, own.get(_ALSO_CALLED.get(name, name))) for name in settings}
            missing = {name: settings[name] for name, value in present.items() if value is None}
            self.differs[profile] = tuple(
                name for name, value in present.items() if value not in {None, settings[name]}
            )
            if missing:
                document.set_options(profile, missing)
                self.imported[profile] = tuple(missing)


def _find_obstacle(content: ImportFile, catalog: Catalog) -> EnceeError | None:
    name = content.profile
    if not is_portable_name(name):
        return UsageError(f"{name!r} cannot be the name of a profile that every AWS tool can read", hint=content.rename)
    if name in catalog.credentials:
        reason = f"[{CredentialsHeaders().build_header(name)}] exists already, with other content"
    elif has_long_term_key(catalog.config.get(name, {})):
        reason = f"[{ConfigHeaders().build_header(name)}] of the config file holds other keys"
    elif inherited := find_inherited_obstacle(catalog):
        reason = inherited
    elif shadow := find_shadow(catalog.options(name)):
        header = ConfigHeaders().build_header(name)
        reason = f"{shadow} under [{header}] of the config file defines where {name} gets its keys"
    elif source := catalog.source_profile(name):
        reason = f"{name} is the session profile of {source}"
    else:
        return None
    return FileRefusedError(f"{reason}: {content.file} was not imported", hint=content.rename)


def find_profile_of_device(catalog: Catalog, serial: str, named: str | None) -> str:
    """Return the long-term profile for the device of the first encee.

    Args:
        serial: The ARN of the device.
        named: The profile that the command line names, if any.
    """
    hint = "name it: encee import legacy --profile NAME"
    fitting = [name for name in catalog.long_term_profiles if _may_have(catalog, name, serial)]
    if named is not None:
        profile = catalog.profile_for(named)
        if profile is None or profile not in catalog.long_term_profiles:
            raise UsageError(
                f"{named} is not a profile with long-term keys", hint="see the profiles with: encee status"
            )
        if profile not in fitting:
            raise UsageError(f"{serial} is a device of another account than the key of {profile}", hint=hint)
        return profile
    if "default" in fitting:
        return "default"
    if len(fitting) != 1:
        candidates = (
            f"it can be that of {' or '.join(fitting)}" if fitting else "no profile has long-term keys that fit it"
        )
        raise UsageError(f"it is not clear whose device {serial} is: {candidates}", hint=hint)
    return fitting[0]


def _may_have(catalog: Catalog, profile: str, serial: str) -> bool:
    key = catalog.access_key(profile)
    return key is not None and may_belong_together(serial, key.id)
