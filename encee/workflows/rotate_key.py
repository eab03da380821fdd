"""Rotation of a long-term key, in an order in which there is one that works at any moment, on disk and at AWS.

The new key is created, with the session of the old one, and its id noted in the file; it is tried until it works
reliably, put in the place of the old one, and tried again as the file has it now; then the old one becomes inactive,
is deleted if the caller agrees, and the note is removed. Whatever ends this before the new key is in its place takes
the new key back.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html has the same order.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from shlex import join, quote
from typing import NamedTuple

from encee.aws.access_keys import AccessKeys, LastUse, UserKey, wait_until_usable
from encee.aws.clients import Clients
from encee.aws.errors import LostAnswerError
from encee.aws.signer import Signer
from encee.awsfile.file import AwsFile
from encee.awsfile.paths import AwsPaths
from encee.errors import AwsError, EnceeError, FileRefusedError, InterruptedByPersonError, UsageError, unexpected
from encee.model import AccessKey
from encee.profiles import keyring
from encee.profiles.catalog import Catalog
from encee.profiles.key_edits import (
    NEW_KEY,
    OLD_KEY,
    begin_rotation,
    end_rotation,
    find_headers,
    find_sections,
    is_locked,
    refuse_key_in_config,
    replace_key,
)

LEAST = timedelta(minutes=5)
"""How long the session has to last that signs a rotation."""

_IN_A_ROW = 5
"""How many calls in a row a new key has to answer."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """A profile has a new key.

    Args:
        profile: The profile.
        user: The user's name.
        old: The id of the key that it had.
        new: The id of the key that it has.
        sections: All sections of the credentials file that have it.
        kept: Whether the old one is still there, inactive.
    """

    profile: str
    user: str
    old: str
    new: str
    sections: tuple[str, ...]
    kept: bool


class Retired(NamedTuple):
    """An old key that is inactive, beside the one in its place.

    Args:
        old: The id of the old key.
        new: The id of the new key.
        old_use: The old key's last use; None for never; or why AWS does not say.
        new_use: The same of the new key.
    """

    old: str
    new: str
    old_use: LastUse | AwsError | None
    new_use: LastUse | AwsError | None


class Preview(NamedTuple):
    """What a rotation would do.

    Args:
        user: The user's name.
        old: The id of the key that would become inactive.
        use: Its last use; None for never; or why AWS does not say.
        new: The id of the key in its place, where an interrupted rotation would be taken up; else None.
        unused: The id of the user's other key, which would be deleted first, or None.
        sections: All sections of the credentials file that would have the new key.
    """

    user: str
    old: str
    use: LastUse | AwsError | None
    new: str | None
    unused: str | None
    sections: tuple[str, ...]


class Rotation:
    """The rotation of one key.

    Args:
        key: The long-term profile, and who signs with its present key.
        session_profile: The profile with its session, for hints.
        sign_in: Called for who signs with the session, once nothing stands in the way.
        files: Where the two files are.
        credentials: The credentials file.
        config: The config file.
        notify: Called with a line for people about what happens on the way.
        options: The options with which the same command goes on after an error.
    """

    def __init__(  # noqa: PLR0913 - all that a run touches, passed in
        self,
        key: Signer,
        *,
        session_profile: str,
        sign_in: Callable[[], Signer],
        files: AwsPaths,
        credentials: AwsFile,
        config: AwsFile,
        notify: Callable[[str], None],
        options: Sequence[str] = (),
    ) -> None:
        assert isinstance(key.key, AccessKey)  # noqa: S101 - a session is not rotated
        self._profile = key.profile
        self._old = key.key
        self._signer = key
        self._session_profile = session_profile
        self._sign_in = sign_in
        self._files = files
        self._credentials = credentials
        self._config = config
        self._notify = notify
        self._clients = Clients(lambda text: notify(f"warning: {text}"))
        self._locked = False
        self._again = join(["encee", "keys", "rotate", self._profile, *options])

    def run(self, may_delete: Callable[[Retired], bool], *, delete_unused: bool = False) -> Rotated:
        """Rotate the key, or take up a rotation of it that was interrupted.

        Args:
            may_delete: Called when the old key is inactive; whether it is deleted, too.
            delete_unused: Delete the user's other key where it was never used; AWS allows two.

        Raises:
            FileRefusedError: The new key could not be written, or was not; the old one is in the file and works.
            AwsError: AWS refused, or could not be reached. The message says where things stand.
            UsageError: The user has two keys already.
            InterruptedByPersonError: Ctrl-C, also from `may_delete`; says where things stand.
        """
        self._rehearse()
        keys = AccessKeys(self._clients, self._sign_in())
        with self._credentials.key_lock(self._old.id):
            rotated = self._replace(keys, delete_unused=delete_unused)
        # No lock is held while a person types.
        if rotated.kept and self._delete_if(may_delete, keys, rotated):
            rotated = replace(rotated, kept=False)
        try:
            self._credentials.edit(end_rotation(rotated.old))
        except EnceeError as error:
            self._notify(f"{OLD_KEY} stays under [{self._profile}] and can go: {error.message}")
        return rotated

    def preview(self, signer: Signer, *, delete_unused: bool = False) -> Preview:
        """What `run` would do; changes nothing.

        Args:
            signer: Who asks AWS for the user's keys.
            delete_unused: As for `run`.

        Raises:
            EnceeError: What would stand in the way.
        """
        catalog = self._rehearse()
        keys = AccessKeys(self._clients, signer)
        present, others = self._present(keys.list())
        sections = tuple(find_sections(self._credentials.read_document().view, self._old))
        old_id = catalog.one_line(self._profile, OLD_KEY)
        if old_id and not find_headers(catalog, old_id):
            return Preview(present.user, old_id, _last_use(keys, old_id), present.id, None, sections)
        for other in others:
            if not self._is_left_over(other, catalog):
                self._refuse_unless_unused(keys, other, catalog, delete_unused=delete_unused)
        unused = others[0].id if others else None
        return Preview(present.user, present.id, _last_use(keys, present.id), None, unused, sections)

    def _replace(self, keys: AccessKeys, *, delete_unused: bool) -> Rotated:
        """Put a new key in the place of the old one, which is inactive afterwards."""
        catalog = self._rehearse()
        present, others = self._present(keys.list())
        old_id = catalog.one_line(self._profile, OLD_KEY)
        if old_id and not find_headers(catalog, old_id):
            self._notify(f"taking up the rotation from {old_id} to {present.id}, which was interrupted")
            return self._retire(keys, old_id, present, is_there=old_id in {other.id for other in others})
        for other in others:
            if self._is_left_over(other, catalog):
                self._notify(f"deleting {other.id}, which an interrupted rotation left without its secret")
            else:
                self._refuse_unless_unused(keys, other, catalog, delete_unused=delete_unused)
                self._notify(f"deleting {other.id}, which was never used")
            keys.delete(other.id)
            self._forget(other.id)
        new = self._create(keys)
        self._install(keys, new)
        return self._retire(keys, self._old.id, present._replace(id=new.id), is_there=True)

    def _is_left_over(self, other: UserKey, catalog: Catalog) -> bool:
        """Whether an interrupted rotation made a key and did not put it into the file."""
        return other.id == catalog.one_line(self._profile, NEW_KEY) and not find_headers(catalog, other.id)

    def _rehearse(self) -> Catalog:
        """The two files, in which nothing stands in the way of a new key."""
        catalog = self._read()
        refuse_key_in_config(catalog, self._old, self._files)
        self._locked = any(is_locked(options, self._old.id) for options in catalog.credentials.values())
        if self._locked:
            keyring.fetch(keyring.Kind.KEY, self._old.id)  # whatever it says: it has to answer
        new = AccessKey("AKIA" + "X" * 16, "x" * 40)
        self._credentials.rehearse(begin_rotation(self._old, new.id), replace_key(self._old, new))
        return catalog

    def _forget(self, key_id: str) -> None:
        """Take the secret of a key that is gone out of the keyring, where it would be in nobody's way."""
        if self._locked:
            with suppress(EnceeError):
                keyring.delete(keyring.Kind.KEY, key_id)

    def _read(self) -> Catalog:
        return Catalog(self._credentials.read_document().view, self._config.read_document().view)

    def _present(self, keys: Sequence[UserKey]) -> tuple[UserKey, list[UserKey]]:
        """The key that the file holds, and the user's others."""
        others = [key for key in keys if key.id != self._old.id]
        if len(others) == len(keys):
            raise AwsError(
                f"the user whose session signs has no key {self._old.id}, so that is not the user of {self._profile}",
                hint=f"get a session for that key: encee refresh {quote(self._profile)}",
            )
        (present,) = (key for key in keys if key.id == self._old.id)
        if not present.active:
            raise AwsError(
                f"the key {present.id} of {self._profile} is inactive, so there is none that works",
                hint="let an administrator activate it, or enter another one: "
                f"aws configure --profile {quote(self._profile)}",
            )
        return present, others

    def _refuse_unless_unused(self, keys: AccessKeys, other: UserKey, catalog: Catalog, *, delete_unused: bool) -> None:
        """Refuse to delete the user's other key where that is not wanted or harms; two are all that AWS allows.

        Raises:
            UsageError: It was used, the files hold it, or `delete_unused` does not say that it may go.
        """
        used = keys.get_last_use(other.id)
        held = find_headers(catalog, other.id)
        if delete_unused and not used and not held:
            return
        facts = [
            "active" if other.active else "inactive",
            f"created {other.created:%Y-%m-%d}",
            f"last used {used.when:%Y-%m-%d} with {used.service}" if used else "never used",
            *(f"in [{header}]" for header in held),
        ]
        delete = f"aws iam delete-access-key --access-key-id {other.id} --profile {quote(self._session_profile)}"
        raise UsageError(
            f"{other.user} has two keys already, as many as AWS allows; besides {self._old.id} of {self._profile} "
            f"there is {other.id}: {', '.join(facts)}",
            hint=f"when nothing needs that one any more: {delete}"
            if used or held
            else f"{self._again} --delete-unused",
        )

    def _try(self, key: AccessKey, *, in_a_row: int) -> None:
        wait_until_usable(self._clients, self._signer._replace(key=key), in_a_row=in_a_row)

    def _create(self, keys: AccessKeys) -> AccessKey:
        try:
            return keys.create()
        except (LostAnswerError, KeyboardInterrupt) as error:
            expected = _expected(error)
            standing = f"{self._profile} keeps its key, but there may be a new one whose secret nobody has"
            hint = f"{self._again} --delete-unused"
            raise expected.extended(f"{expected.message}: {standing}", hint=hint) from error

    def _install(self, keys: AccessKeys, new: AccessKey) -> None:
        """Put a new key in the place of the old one once it works; else take it back."""
        noted = False
        try:
            self._credentials.edit(begin_rotation(self._old, new.id))
            noted = True
            self._notify(f"created {new.id}; waiting until it works everywhere")
            self._try(new, in_a_row=_IN_A_ROW)
            if self._locked:
                keyring.store(keyring.Kind.KEY, new.id, new.secret)
            self._credentials.edit(replace_key(self._old, new))
        except (Exception, KeyboardInterrupt) as error:
            standing, again = self._take_back(keys, new, noted=noted)
            raise _standing(error, standing, again) from error

    def _take_back(self, keys: AccessKeys, new: AccessKey, *, noted: bool) -> tuple[str, str]:
        """Delete a new key that is not in the file; where things stand then, and the command to go on with."""
        try:
            written = bool(find_headers(self._read(), new.id))
        except EnceeError:
            written = True
        if written:
            return f"{self._files.credentials} may hold the new key {new.id}, so both keys stay active", self._again
        try:
            keys.delete(new.id)
        except (EnceeError, KeyboardInterrupt):
            standing = f"{self._profile} keeps its key, but the new one, {new.id}, could not be deleted again"
            return standing, self._again if noted else f"{self._again} --delete-unused"
        self._forget(new.id)
        with suppress(EnceeError):
            self._credentials.edit(end_rotation(new.id))
        return f"the new key {new.id} was deleted again, and {self._profile} keeps its old one", self._again

    def _retire(self, keys: AccessKeys, old_id: str, new: UserKey, *, is_there: bool) -> Rotated:
        """Make an old key inactive, once the new one works as the file has it."""
        try:
            catalog = self._read()
            key = catalog.access_key(self._profile)
            if key is None or key.id != new.id:
                raise FileRefusedError(
                    f"another program has changed the key of {self._profile} in {self._files.credentials}",
                    hint=f"see which one is there now: encee keys list {quote(self._profile)}",
                )
            sections = find_sections(self._credentials.read_document().view, key)
            self._try(key, in_a_row=1)
            if is_there:
                keys.deactivate(old_id)
        except (Exception, KeyboardInterrupt) as error:
            standing = f"{self._profile} has its new key, {new.id}; the old one, {old_id}, has still to be deactivated"
            raise _standing(error, standing, self._again) from error
        return Rotated(self._profile, new.user, old_id, new.id, tuple(sections), kept=is_there)

    def _delete_if(self, may_delete: Callable[[Retired], bool], keys: AccessKeys, rotated: Rotated) -> bool:
        """Delete an inactive key, if that is wanted; whether it was."""
        old, new = rotated.old, rotated.new
        try:
            wanted = may_delete(Retired(old, new, _last_use(keys, old), _last_use(keys, new)))
            if wanted:
                keys.delete(old)
                self._forget(old)
        except (Exception, KeyboardInterrupt) as error:
            standing = f"{self._profile} has its new key, {new}; the old one, {old}, is inactive and not deleted yet"
            raise _standing(error, standing, self._again) from error
        return wanted


def _last_use(keys: AccessKeys, key_id: str) -> LastUse | AwsError | None:
    """When a key signed last; None for never; or why AWS does not say."""
    try:
        return keys.get_last_use(key_id)
    except AwsError as error:
        return error


def _standing(error: Exception | KeyboardInterrupt, standing: str, again: str) -> EnceeError:
    """What ended a rotation, with where things stand and how to go on."""
    expected = _expected(error)
    hint = f"{expected.hint}; then: {again}" if expected.hint else again
    return expected.extended(f"{expected.message}; {standing}", hint=hint)


def _expected(error: Exception | KeyboardInterrupt) -> EnceeError:
    """What ended a rotation, as one of encee's own errors."""
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByPersonError("interrupted")
    return error if isinstance(error, EnceeError) else unexpected(error)
