"""Rotation of a long-term key, in an order in which there is one that works at any moment, on disk and at AWS.

The new key is created, with the session of the old one, and its id noted in the file; it is tried until it works
reliably, put in the place of the old one, and tried again as the file has it now; then the old one becomes inactive,
goes, and so does the note. Whatever ends this before the new key is in its place takes the new key back.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html has the same order.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from shlex import quote

from encee.aws.access_keys import AccessKeys, UserKey, wait_until_it_works
from encee.aws.refusals import LostAnswerError
from encee.aws.session import Clients
from encee.aws.signer import Signer
from encee.errors import AwsError, EnceeError, FileRefusedError, InterruptedByPersonError, UsageError, unexpected
from encee.model import AccessKey
from encee.profiles import keyring
from encee.profiles.catalog import Catalog
from encee.profiles.files import Files
from encee.profiles.long_term import (
    NEW_KEY,
    OLD_KEY,
    begin_rotation,
    end_rotation,
    is_locked,
    places_of,
    put_in_place,
    refuse_elsewhere,
    sections_with,
)
from encee.profiles.store import Store

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
    """

    def __init__(  # noqa: PLR0913 - all that a run touches, passed in
        self,
        key: Signer,
        *,
        session_profile: str,
        sign_in: Callable[[], Signer],
        files: Files,
        credentials: Store,
        config: Store,
        notify: Callable[[str], None],
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
        self._clients = Clients()
        self._locked = False
        self._again = f"encee keys rotate {quote(self._profile)}"

    def run(self, *, keep_old: bool = False, delete_unused: bool = False) -> Rotated:
        """Rotate the key, or take up a rotation of it that was interrupted.

        Args:
            keep_old: Leave the old key inactive instead of deleting it.
            delete_unused: Delete the user's other key where it was never used; AWS allows two.

        Raises:
            FileRefusedError: The new key could not be written, or was not; the old one is in the file and works.
            AwsError: AWS refused, or could not be reached. The message says where things stand.
            UsageError: The user has two keys already.
        """
        self._rehearse()
        session = self._sign_in()
        with self._credentials.flight(self._old.id):
            catalog = self._rehearse()
            keys = AccessKeys(self._clients, session)
            present, others = self._present(keys.list())
            marks = catalog.options(self._profile)
            old_id, new_id = marks.get(OLD_KEY), marks.get(NEW_KEY)
            if old_id and not places_of(catalog, old_id):
                self._notify(f"taking up the rotation from {old_id} to {present.id}, which was interrupted")
                return self._retire(keys, old_id, present, keep_old=keep_old)
            for other in others:
                if other.id == new_id and not places_of(catalog, new_id):
                    self._notify(f"deleting {new_id}, which an interrupted rotation left without its secret")
                    keys.delete(new_id)
                    self._forget(new_id)
                else:
                    self._make_room(keys, other, catalog, delete_unused=delete_unused)
            new = self._create(keys)
            self._install(keys, new)
            return self._retire(keys, self._old.id, present._replace(id=new.id), keep_old=keep_old)

    def _rehearse(self) -> Catalog:
        """The two files, in which nothing stands in the way of a new key."""
        catalog = self._read()
        refuse_elsewhere(catalog, self._old, self._files)
        self._locked = any(is_locked(options, self._old.id) for options in catalog.credentials.values())
        if self._locked:
            keyring.fetch(keyring.Kind.KEY, self._old.id)  # whatever it says: it has to answer
        new = AccessKey("AKIA" + "X" * 16, "x" * 40)
        self._credentials.rehearse(begin_rotation(self._old, new.id), put_in_place(self._old, new))
        return catalog

    def _forget(self, key_id: str) -> None:
        """Take the secret of a key that is gone out of the keyring, where it would be in nobody's way."""
        if self._locked:
            with suppress(EnceeError):
                keyring.forget(keyring.Kind.KEY, key_id)

    def _read(self) -> Catalog:
        return Catalog(self._credentials.document().view, self._config.document().view)

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

    def _make_room(self, keys: AccessKeys, other: UserKey, catalog: Catalog, *, delete_unused: bool) -> None:
        """Delete the user's other key, where that is wanted and harms nobody; two are all that AWS allows."""
        used = keys.last_use(other.id)
        held = places_of(catalog, other.id)
        if delete_unused and not used and not held:
            self._notify(f"deleting {other.id}, which was never used")
            keys.delete(other.id)
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
        wait_until_it_works(self._clients, self._signer._replace(key=key), in_a_row=in_a_row)

    def _create(self, keys: AccessKeys) -> AccessKey:
        try:
            return keys.create()
        except (LostAnswerError, KeyboardInterrupt) as error:
            expected = _expected(error)
            standing = f"{self._profile} keeps its key, but there may be a new one whose secret nobody has"
            hint = f"{self._again} --delete-unused"
            raise type(expected)(f"{expected.message}: {standing}", hint=hint) from error

    def _install(self, keys: AccessKeys, new: AccessKey) -> None:
        """Put a new key in the place of the old one once it works; else take it back."""
        noted = False
        try:
            self._credentials.edit(begin_rotation(self._old, new.id))
            noted = True
            self._notify(f"created {new.id}; waiting until it works everywhere")
            self._try(new, in_a_row=_IN_A_ROW)
            if self._locked:
                keyring.keep(keyring.Kind.KEY, new.id, new.secret)
            self._credentials.edit(put_in_place(self._old, new))
        except (Exception, KeyboardInterrupt) as error:
            standing, again = self._take_back(keys, new, noted=noted)
            raise _standing(error, standing, again) from error

    def _take_back(self, keys: AccessKeys, new: AccessKey, *, noted: bool) -> tuple[str, str]:
        """Delete a new key that is not in the file; where things stand then, and the command to go on with."""
        try:
            written = bool(places_of(self._read(), new.id))
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

    def _retire(self, keys: AccessKeys, old_id: str, new: UserKey, *, keep_old: bool) -> Rotated:
        """Let an old key go, once the new one works as the file has it."""
        left = "to be deactivated" if keep_old else "to be deactivated and deleted"
        try:
            catalog = self._read()
            key = catalog.access_key(self._profile)
            if key is None or key.id != new.id:
                raise FileRefusedError(
                    f"another program has changed the key of {self._profile} in {self._files.credentials}",
                    hint=f"see which one is there now: encee keys list {quote(self._profile)}",
                )
            sections = sections_with(catalog.credentials, key)
            self._try(key, in_a_row=1)
            keys.deactivate(old_id)
            if not keep_old:
                left = "to be deleted"
                keys.delete(old_id)
                self._forget(old_id)
        except (Exception, KeyboardInterrupt) as error:
            standing = f"{self._profile} has its new key, {new.id}; the old one, {old_id}, has still {left}"
            raise _standing(error, standing, self._again + " --keep-old" * keep_old) from error
        try:
            self._credentials.edit(end_rotation(old_id))
        except EnceeError as error:
            self._notify(f"{OLD_KEY} stays under [{self._profile}] and can go: {error.message}")
        return Rotated(self._profile, new.user, old_id, new.id, tuple(sections), kept=keep_old)


def _standing(error: Exception | KeyboardInterrupt, standing: str, again: str) -> EnceeError:
    """What ended a rotation, with where things stand and how to go on."""
    expected = _expected(error)
    hint = f"{expected.hint}; then: {again}" if expected.hint else again
    return type(expected)(f"{expected.message}; {standing}", hint=hint)


def _expected(error: Exception | KeyboardInterrupt) -> EnceeError:
    """What ended a rotation, as one of encee's own errors."""
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByPersonError("interrupted")
    return error if isinstance(error, EnceeError) else unexpected(error)
