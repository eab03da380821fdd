"""Plan the rotation of a long-term key, or refuse it before any change.

An interrupted rotation leaves the id of the other key in the file, from which the next one continues.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join, quote
from typing import NamedTuple

from encee.aws.access_keys import AccessKeys, LastUse, UserKey
from encee.aws.signer import Signer
from encee.errors import AwsError, UsageError
from encee.model import AccessKey
from encee.profiles import keyring
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.key_edits import (
    NEW_KEY,
    OLD_KEY,
    begin_rotation,
    find_headers,
    find_sections,
    is_locked,
    refuse_key_in_config,
    replace_key,
)


@dataclass(frozen=True, slots=True)
class KeyInFiles:
    """The long-term key of a profile, and the two files that hold it.

    Args:
        signer: The profile, and the key.
        options: The options of the command that continues the rotation after an error.
    """

    signer: Signer
    key: AccessKey
    session_profile: str
    files: AwsFiles
    options: Sequence[str] = ()

    @property
    def profile(self) -> str:
        """The long-term profile."""
        return self.signer.profile

    @property
    def command(self) -> str:
        """The command that continues the rotation."""
        return join(["encee", "keys", "rotate", self.profile, *self.options])

    def rehearse(self) -> Catalog:
        """Read the two files, and refuse whatever would prevent the rotation."""
        catalog = self.files.catalog()
        refuse_key_in_config(catalog, self.key, self.files.paths)
        if self.is_locked_in(catalog):
            keyring.fetch(keyring.Kind.KEY, self.key.id)
        new = AccessKey("AKIA" + "X" * 16, "x" * 40)
        self.files.credentials.rehearse(begin_rotation(self.key, new.id), replace_key(self.key, new))
        return catalog

    def is_locked_in(self, catalog: Catalog) -> bool:
        """Whether the keyring holds the secret."""
        return any(is_locked(options, self.key.id) for options in catalog.credentials.values())


class RotationPlan(NamedTuple):
    """What a rotation has to do at AWS.

    Args:
        key: The key that the file holds.
        other: The user's other key, if any; AWS allows two.
        replaced: The id of the key that an interrupted rotation replaced by `key`; None where a new key is needed,
            for which `other` is deleted first.
        is_leftover: Whether an interrupted rotation created `other`, whose secret is lost.
    """

    key: UserKey
    other: UserKey | None
    replaced: str | None = None
    is_leftover: bool = False


class RotationPreview(NamedTuple):
    """What a rotation would do.

    Args:
        old: The id of the key that would be deactivated.
        use: Its last use; None for never; an error where AWS does not say.
        new: The id of the new key, where an interrupted rotation would be continued; else None.
        unused: The id of the user's other key, which would be deleted first, if any.
        sections: All sections of the credentials file that would have the new key.
    """

    user: str
    old: str
    use: LastUse | AwsError | None
    new: str | None
    unused: str | None
    sections: tuple[str, ...]


def preview_rotation(subject: KeyInFiles, keys: AccessKeys, *, delete_unused: bool) -> RotationPreview:
    """Return what a rotation would do."""
    key, other, replaced, _ = plan_rotation(subject, keys, subject.rehearse(), delete_unused=delete_unused)
    old = replaced or key.id
    return RotationPreview(
        key.user,
        old,
        find_last_use(keys, old),
        key.id if replaced else None,
        other.id if other and not replaced else None,
        tuple(find_sections(subject.files.credentials.read_document().view, subject.key)),
    )


def plan_rotation(subject: KeyInFiles, keys: AccessKeys, catalog: Catalog, *, delete_unused: bool) -> RotationPlan:
    """Compare the user's keys with the files.

    Args:
        catalog: From `KeyInFiles.rehearse`.
        delete_unused: Whether the user's other key may be deleted if it was never used.
    """
    by_id = {key.id: key for key in keys.list()}
    key = by_id.pop(subject.key.id, None)
    if key is None:
        raise AwsError(
            f"the user whose session signs has no key {subject.key.id}, so that is not the user of {subject.profile}",
            hint=f"encee refresh {quote(subject.profile)}",
        )
    if not key.active:
        raise AwsError(
            f"the key {key.id} of {subject.profile} is inactive, so it cannot be rotated",
            hint="ask an administrator to activate the key",
        )
    other = next(iter(by_id.values()), None)
    replaced = catalog.read_single_line(subject.profile, OLD_KEY)
    if replaced and not find_headers(catalog, replaced):
        return RotationPlan(key, other, replaced)
    if other is None:
        return RotationPlan(key, None)
    headers = find_headers(catalog, other.id)
    is_leftover = not headers and other.id == catalog.read_single_line(subject.profile, NEW_KEY)
    if not is_leftover:
        _refuse_unless_unused(subject, keys, other, headers, delete_unused=delete_unused)
    return RotationPlan(key, other, is_leftover=is_leftover)


def _refuse_unless_unused(
    subject: KeyInFiles, keys: AccessKeys, other: UserKey, headers: Sequence[str], *, delete_unused: bool
) -> None:
    """Refuse to delete a key that is used, in the files, or without consent."""
    used = keys.get_last_use(other.id)
    if delete_unused and not used and not headers:
        return
    facts = [
        "active" if other.active else "inactive",
        f"created {other.created:%Y-%m-%d}",
        f"last used {used.when:%Y-%m-%d} with {used.service}" if used else "never used",
        *(f"in [{header}]" for header in headers),
    ]
    delete = f"aws iam delete-access-key --access-key-id {other.id} --profile {quote(subject.session_profile)}"
    raise UsageError(
        f"{other.user} has two keys already, as many as AWS allows; besides {subject.key.id} of {subject.profile} "
        f"there is {other.id}: {', '.join(facts)}",
        hint=f"delete it once nothing needs it: {delete}" if used or headers else f"{subject.command} --delete-unused",
    )


def find_last_use(keys: AccessKeys, key_id: str) -> LastUse | AwsError | None:
    """Return the last use of a key; None for never; an error where AWS does not say."""
    try:
        return keys.get_last_use(key_id)
    except AwsError as error:
        return error
