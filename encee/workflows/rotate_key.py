"""Rotate a long-term key so that a working key exists at every step.

A session with MFA of the old key signs the requests. A rotation

1. creates the new key and writes its id to the file;
2. tests the new key until it works reliably, and puts it in the place of the old one;
3. tests the key in the file, and deactivates the old one;
4. deletes the old key if the user agrees, and removes its id from the file.

After an error before the end of step 2, the new key is deleted. The order is AWS's:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from shlex import quote
from typing import NamedTuple

from encee.aws.access_keys import AccessKeys, LastUse, UserKey, wait_until_usable
from encee.aws.clients import Clients
from encee.aws.errors import LostAnswerError
from encee.aws.signer import Signer
from encee.errors import AwsError, EnceeError, FileRefusedError, InterruptedByPersonError, unexpected
from encee.model import AccessKey
from encee.profiles import keyring
from encee.profiles.key_edits import OLD_KEY, begin_rotation, end_rotation, find_headers, find_sections, replace_key
from encee.workflows.rotation_plan import KeyInFiles, RotationPlan, find_last_use, plan_rotation

MIN_SESSION = timedelta(minutes=5)
"""How long the session that signs a rotation has to be valid."""

_IN_A_ROW = 5
"""How many successive calls with a new key have to succeed."""


@dataclass(frozen=True, slots=True)
class RotationResult:
    """The result of a rotation.

    Args:
        old: The id of the old key.
        new: The id of the new key.
        sections: All sections of the credentials file with the new key.
        kept: Whether the old key still exists, inactive.
    """

    profile: str
    user: str
    old: str
    new: str
    sections: tuple[str, ...]
    kept: bool


class RetiredKey(NamedTuple):
    """An old key that is inactive, and the new one, by their ids.

    Args:
        old_use: The old key's last use; None for never; an error where AWS does not say.
        new_use: The same of the new key.
    """

    old: str
    new: str
    old_use: LastUse | AwsError | None
    new_use: LastUse | AwsError | None


def rotate_key(
    subject: KeyInFiles,
    sign_in: Callable[[], Signer],
    may_delete: Callable[[RetiredKey], bool],
    notify: Callable[[str], None],
    *,
    delete_unused: bool,
) -> RotationResult:
    """Rotate a key, or continue a rotation that was interrupted.

    Args:
        sign_in: Returns a signer with a session; called once nothing in the files prevents the rotation.
        may_delete: Called when the old key is inactive; returns whether to delete it.
        delete_unused: Whether to delete the user's other key if it was never used.

    Raises:
        FileRefusedError: The new key was not written; the file has the old one, which works.
        AwsError: AWS refused a request or could not be reached; the message says which keys exist.
        InterruptedByPersonError: Ctrl-C, also from `may_delete`; the message says which keys exist.
    """
    subject.rehearse()
    clients = Clients(lambda text: notify(f"warning: {text}"))
    keys = AccessKeys(clients, sign_in())
    with subject.files.credentials.key_lock(subject.key.id):
        catalog = subject.rehearse()
        plan = plan_rotation(subject, keys, catalog, delete_unused=delete_unused)
        rotation = _Rotation(subject, clients, keys, notify, is_locked=subject.is_locked_in(catalog))
        result = rotation.replace(plan)
    # The lock is released before the user is asked.
    if result.kept and rotation.delete_retired(may_delete, result):
        result = replace(result, kept=False)
    try:
        subject.files.credentials.edit(end_rotation(result.old))
    except EnceeError as error:
        notify(f"{OLD_KEY} stays under [{subject.profile}] and can be deleted: {error.message}")
    return result


class _Rotation:
    """The changes of a rotation, at AWS and in the file."""

    def __init__(
        self,
        subject: KeyInFiles,
        clients: Clients,
        keys: AccessKeys,
        notify: Callable[[str], None],
        *,
        is_locked: bool,
    ) -> None:
        self._subject = subject
        self._clients = clients
        self._keys = keys
        self._notify = notify
        self._is_locked = is_locked

    def replace(self, plan: RotationPlan) -> RotationResult:
        """Put a new key in the place of the old one, and deactivate that."""
        if plan.replaced:
            self._notify(f"continuing the interrupted rotation from {plan.replaced} to {plan.key.id}")
            is_old_there = plan.other is not None and plan.other.id == plan.replaced
            return self._retire(plan.replaced, plan.key, is_old_there=is_old_there)
        if plan.other:
            fact = "whose secret an interrupted rotation has lost" if plan.is_leftover else "which was never used"
            self._notify(f"deleting {plan.other.id}, {fact}")
            self._keys.delete(plan.other.id)
            self._delete_secret(plan.other.id)
        new = self._create()
        self._install(new)
        return self._retire(plan.key.id, plan.key._replace(id=new.id), is_old_there=True)

    def _create(self) -> AccessKey:
        try:
            return self._keys.create()
        except (LostAnswerError, KeyboardInterrupt) as error:
            expected = _convert(error)
            state = f"{self._subject.profile} keeps its key, but a new one may exist, whose secret is lost"
            hint = f"{self._subject.command} --delete-unused"
            raise expected.extended(f"{expected.message}: {state}", hint=hint) from error

    def _install(self, new: AccessKey) -> None:
        """Replace the old key by a new one once that works, or delete the new one."""
        is_noted = False
        credentials, old = self._subject.files.credentials, self._subject.key
        with _add_state(lambda: self._delete_new(new, is_noted=is_noted)):
            credentials.edit(begin_rotation(old, new.id))
            is_noted = True
            self._notify(f"created {new.id}; waiting until it works everywhere")
            self._wait_until_usable(new, _IN_A_ROW)
            if self._is_locked:
                keyring.store(keyring.Kind.KEY, new.id, new.secret)
            credentials.edit(replace_key(old, new))

    def _delete_new(self, new: AccessKey, *, is_noted: bool) -> tuple[str, str]:
        """Delete a new key unless the file may hold it; return which keys exist."""
        profile, again = self._subject.profile, self._subject.command
        try:
            is_written = bool(find_headers(self._subject.files.catalog(), new.id))
        except EnceeError:
            is_written = True
        if is_written:
            file = self._subject.files.credentials.path
            return f"{file} may hold the new key {new.id}, so both keys stay active", again
        try:
            self._keys.delete(new.id)
        except (EnceeError, KeyboardInterrupt):
            state = f"{profile} keeps its key, but the new one, {new.id}, could not be deleted again"
            return state, again if is_noted else f"{again} --delete-unused"
        self._delete_secret(new.id)
        with suppress(EnceeError):
            self._subject.files.credentials.edit(end_rotation(new.id))
        return f"the new key {new.id} was deleted again, and {profile} keeps its old one", again

    def _retire(self, old_id: str, new: UserKey, *, is_old_there: bool) -> RotationResult:
        """Deactivate the old key once the key in the file works."""
        profile = self._subject.profile
        state = f"{profile} has its new key, {new.id}; the old one, {old_id}, has still to be deactivated"
        with _add_state(lambda: (state, self._subject.command)):
            key = self._subject.files.catalog().access_key(profile)
            if key is None or key.id != new.id:
                raise FileRefusedError(
                    f"another program has changed the key of {profile} in {self._subject.files.credentials.path}",
                    hint=f"see the present one: encee keys list {quote(profile)}",
                )
            sections = find_sections(self._subject.files.credentials.read_document().view, key)
            self._wait_until_usable(key, 1)
            if is_old_there:
                self._keys.deactivate(old_id)
        return RotationResult(profile, new.user, old_id, new.id, tuple(sections), kept=is_old_there)

    def delete_retired(self, may_delete: Callable[[RetiredKey], bool], result: RotationResult) -> bool:
        """Delete the old key if the user agrees; return whether they do."""
        old, new = result.old, result.new
        state = f"{result.profile} has its new key, {new}; the old one, {old}, is inactive and not deleted yet"
        with _add_state(lambda: (state, self._subject.command)):
            uses = (find_last_use(self._keys, key_id) for key_id in (old, new))
            agreed = may_delete(RetiredKey(old, new, *uses))
            if agreed:
                self._keys.delete(old)
                self._delete_secret(old)
        return agreed

    def _wait_until_usable(self, key: AccessKey, in_a_row: int) -> None:
        wait_until_usable(self._clients, self._subject.signer._replace(key=key), in_a_row=in_a_row)

    def _delete_secret(self, key_id: str) -> None:
        """Delete the secret of a deleted key in the keyring, if possible."""
        if self._is_locked:
            with suppress(EnceeError):
                keyring.delete(keyring.Kind.KEY, key_id)


@contextmanager
def _add_state(describe: Callable[[], tuple[str, str]]) -> Iterator[None]:
    """Add to an error which keys exist, and the command that continues the rotation.

    Args:
        describe: Called after an error; returns both.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        state, again = describe()
        expected = _convert(error)
        hint = f"{expected.hint}; then: {again}" if expected.hint else again
        raise expected.extended(f"{expected.message}; {state}", hint=hint) from error


def _convert(error: Exception | KeyboardInterrupt) -> EnceeError:
    if isinstance(error, KeyboardInterrupt):
        return InterruptedByPersonError("interrupted")
    return error if isinstance(error, EnceeError) else unexpected(error)
