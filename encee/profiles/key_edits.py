"""The sections of the credentials file that hold a long-term key, and another key in its place.

People copy a key to several profiles, so an edit is always one of all the sections that hold it. While a rotation
goes on, each of them names the other of the two keys, so that an interrupted one can be taken up again.
"""

from collections.abc import Mapping

from encee.awsfile.document import Document
from encee.awsfile.file import Edit
from encee.awsfile.paths import Files
from encee.awsfile.sections import ConfigHeaders
from encee.awsfile.syntax import View, first_line
from encee.errors import FileRefusedError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import IN_KEYRING, KEY_ID, SECRET, locked_key_in

NEW_KEY = "encee_new_key"
"""Names the key that a rotation has created and whose secret is not in the file yet."""

OLD_KEY = "encee_old_key"
"""Names the key that a rotation has replaced and that has not gone yet."""

_MARKS = (NEW_KEY, OLD_KEY)


def sections_with(view: View, key: AccessKey) -> list[str]:
    """The sections of the credentials file that hold a key.

    Raises:
        FileRefusedError: There is none, one holds only a part of the key, or all inherit it from `[DEFAULT]`.
    """
    if any(_parts(view.get("DEFAULT", {}), key)):
        raise FileRefusedError(
            f"[DEFAULT] of the credentials file holds the key {key.id}, which every section inherits then",
            hint="move it to a section of its own, such as [default]",
        )
    found = []
    for name, options in view.items():
        parts = _parts(options, key)
        # A value that an indented line runs on from begins with the key, and no tool can use it.
        begins = _parts({option: first_line(value) for option, value in options.items()}, key)
        if any(begins) and not all(parts):
            raise FileRefusedError(
                f"[{name}] of the credentials file holds a part of the key {key.id}, and not the rest of it",
                hint=f"put id and secret of one key under [{name}], or take out what is there",
            )
        if all(parts):
            found.append(name)
    if not found:
        raise FileRefusedError(f"no section of the credentials file holds the key {key.id} any more", hint="try again")
    return found


def refuse_elsewhere(catalog: Catalog, key: AccessKey, files: Files) -> None:
    """Refuse a key that the config file holds, where encee changes none.

    Raises:
        FileRefusedError: It holds the key, or a part of it.
    """
    copied = any(all(_parts(options, key)) for options in catalog.credentials.values())
    for profile, options in catalog.config.items():
        if any(_parts(options, key)):
            header = f"[{ConfigHeaders().text(profile)}]"
            raise FileRefusedError(
                f"{header} of the config file holds the key {key.id}, and encee changes no keys there",
                hint=f"take it out of {header} in {files.config}"
                if copied
                else f"move it to [{profile}] of {files.credentials}",
            )


def places_of(catalog: Catalog, key_id: str) -> list[str]:
    """The headers, without brackets, of the sections of both files that hold a key with this id."""
    headers = [*catalog.credentials.items()]
    headers += [(ConfigHeaders().text(profile), options) for profile, options in catalog.config.items()]
    return [header for header, options in headers if key_id in {options.get("aws_access_key_id"), options.get(KEY_ID)}]


def begin_rotation(key: AccessKey, new_id: str) -> Edit:
    """Name a new key in every section that holds the present one."""

    def edit(document: Document) -> None:
        for name in sections_with(document.view, key):
            _unmark(document, name)
            document.set(name, {NEW_KEY: new_id})

    return edit


def put_in_place(key: AccessKey, new: AccessKey) -> Edit:
    """Put a new key in the place of another one, in every section that holds it.

    The secret stays in the keyring where it is there; so must the new one's be then.
    """

    def edit(document: Document) -> None:
        for name in sections_with(document.view, key):
            if is_locked(document.view[name], key.id):
                pair = {KEY_ID: (KEY_ID, new.id)}
            else:
                pair = {
                    "aws_access_key_id": ("aws_access_key_id", new.id),
                    "aws_secret_access_key": ("aws_secret_access_key", new.secret),
                }
            document.replace_options(name, {**pair, NEW_KEY: (OLD_KEY, key.id)})

    return edit


def end_rotation(other_id: str) -> Edit:
    """Name another key of a rotation no longer."""

    def edit(document: Document) -> None:
        for name, options in list(document.view.items()):
            if other_id in {options.get(mark) for mark in _MARKS}:
                _unmark(document, name)

    return edit


def _unmark(document: Document, name: str) -> None:
    for mark in _MARKS:
        document.remove(name, {mark}, mark=mark)


def is_locked(options: Mapping[str, str], key_id: str) -> bool:
    """Whether a section has a key with this id in the keyring."""
    return options.get(KEY_ID) == key_id and locked_key_in(options) is not None


def lock(key: AccessKey) -> Edit:
    """Let every section that holds a key say that its secret is in the keyring, instead of holding it."""

    def edit(document: Document) -> None:
        for name in sections_with(document.view, key):
            if not is_locked(document.view[name], key.id):
                document.replace_options(
                    name, {"aws_access_key_id": (KEY_ID, key.id), "aws_secret_access_key": (SECRET, IN_KEYRING)}
                )

    return edit


def unlock(key: AccessKey) -> Edit:
    """Let every section that has a key in the keyring hold it again."""

    def edit(document: Document) -> None:
        for name in sections_with(document.view, key):
            if is_locked(document.view[name], key.id):
                document.replace_options(
                    name, {KEY_ID: ("aws_access_key_id", key.id), SECRET: ("aws_secret_access_key", key.secret)}
                )

    return edit


def _parts(options: Mapping[str, str], key: AccessKey) -> tuple[bool, bool]:
    """Whether a section holds a key's id, and whether it holds its secret, or knows it in the keyring."""
    if options.get(KEY_ID) == key.id:
        return True, is_locked(options, key.id)
    has_id, secret = options.get("aws_access_key_id") == key.id, options.get("aws_secret_access_key")
    if key.is_locked:  # which need not be asked: a new key can take the place of one whose secret is lost
        return has_id, has_id and bool(secret)
    return has_id, secret == key.secret
