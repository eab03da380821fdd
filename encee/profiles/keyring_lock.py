"""Move a secret to the keyring and back without losing it; mark a seed."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.errors import EnceeError, FileRefusedError
from encee.model import AccessKey
from encee.profiles import keyring
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import IN_KEYRING
from encee.profiles.files import AwsFiles
from encee.profiles.key_edits import find_sections, is_locked, lock_key, refuse_key_in_config, unlock_key
from encee.profiles.settings import SEED


def move_to_keyring(key: AccessKey, files: AwsFiles) -> list[str]:
    """Store a secret in the keyring, then remove it from every section.

    Args:
        key: The key; if it is locked already, another section may still hold it.

    Raises:
        EnceeError: The keyring did not store it; the file is unchanged.
        FileRefusedError: The file cannot be edited safely, or another process has changed it; it is unchanged.
    """
    with files.credentials.key_lock(key.id):
        document = files.credentials.read_document()
        if key.is_locked and not any(is_locked(options, key.id) for options in document.view.values()):
            raise FileRefusedError(f"the key {key.id} was unlocked meanwhile", hint="try again")
        key = AccessKey(key.id, key.secret)
        refuse_key_in_config(Catalog(document.view, files.config.read_document().view), key, files.paths)
        held = [name for name in find_sections(document.view, key) if not is_locked(document.view[name], key.id)]
        if held:
            files.credentials.rehearse(lock_key(key))
            _refuse_copies(files.credentials.preview_edit(lock_key(key)), files.credentials.path, key)
            _refuse_copies(files.config.read(), files.config.path, key)
            files.credentials.preview_edit(lock_key(key), unlock_key(key))  # verifies that it can be brought back
            keyring.store(keyring.Kind.KEY, key.id, key.secret)
            files.credentials.edit(lock_key(key))
        return held


def _refuse_copies(data: bytes, file: Path, key: AccessKey) -> None:
    """Refuse a file with another copy of the secret, as in a comment."""
    if (place := data.find(key.secret.encode())) >= 0:
        line = data.count(b"\n", 0, place) + 1
        raise FileRefusedError(
            f"{file}: line {line} holds the secret of {key.id} too, in a comment or as a part of another value",
            hint=f"remove it from line {line}",
        )


def move_from_keyring(key: AccessKey, credentials: AwsFile, warn: Callable[[str], None]) -> list[str]:
    """Write a secret back to every section, then delete it in the keyring.

    Args:
        warn: Called with one line if the keyring still has the secret.

    Raises:
        FileRefusedError: The file cannot be edited safely; it is unchanged, and the keyring has the secret.
    """
    with credentials.key_lock(key.id):
        view = credentials.read_document().view
        locked = [name for name, options in view.items() if is_locked(options, key.id)]
        if not locked:
            with suppress(EnceeError):  # a killed run may have left it there
                if not key.is_locked and keyring.fetch(keyring.Kind.KEY, key.id) == key.secret:
                    keyring.delete(keyring.Kind.KEY, key.id)
            return []
        credentials.edit(unlock_key(AccessKey(key.id, key.secret)))
        try:
            keyring.delete(keyring.Kind.KEY, key.id)
        except EnceeError as error:
            warn(f"the keyring still has a copy of the secret: {error.message}")
        return locked


def mark_seed(document: Document, profile: str) -> None:
    """Mark a profile of the config file: the keyring has its device's seed."""
    document.set_options(profile, {SEED: IN_KEYRING})


def unmark_seed(document: Document, profile: str) -> None:
    """Remove that mark."""
    document.clear_section(profile, {SEED}, mark=SEED)
