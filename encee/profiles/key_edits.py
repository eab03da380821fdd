"""Replace, mark, lock and unlock a long-term key in every section that holds it.

Users copy a key to several profiles, so each edit covers all sections with the key. During a rotation each section
names the other of the two keys, so that an interrupted rotation can be continued.
"""

from collections.abc import Mapping

from encee.awsfile.document import Document
from encee.awsfile.file import Edit
from encee.awsfile.paths import AwsPaths
from encee.awsfile.sections import ConfigHeaders
from encee.awsfile.syntax import View, keep_first_line
from encee.errors import FileRefusedError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import IN_KEYRING, KEY_ID, SECRET, read_locked_key

NEW_KEY = "encee_new_key"
"""The option with the id of the key that a rotation has created and not yet written."""

OLD_KEY = "encee_old_key"
"""The option with the id of the key that a rotation has replaced and not yet deleted."""

_MARKS = (NEW_KEY, OLD_KEY)


def find_sections(view: View, key: AccessKey) -> list[str]:
    """List the sections of the credentials file that hold a key.

    Raises:
        FileRefusedError: No section holds it, a section holds only a part of it, or all inherit it from `[DEFAULT]`.
    """
    if any(_match_parts(view.get("DEFAULT", {}), key)):
        raise FileRefusedError(
            f"[DEFAULT] of the credentials file holds the key {key.id}, which every section inherits",
            hint="move it to a section of its own, such as [default]",
        )
    sections = []
    for name, options in view.items():
        parts = _match_parts(options, key)
        # An indented line makes the value longer than the key, and no tool can use it.
        begins = _match_parts({option: keep_first_line(value) for option, value in options.items()}, key)
        if any(begins) and not all(parts):
            raise FileRefusedError(
                f"[{name}] of the credentials file holds only a part of the key {key.id}",
                hint=f"put the id and the secret of one key under [{name}]",
            )
        if all(parts):
            sections.append(name)
    if not sections:
        raise FileRefusedError(
            f"no section of the credentials file holds the key {key.id} any longer", hint="try again"
        )
    return sections


def refuse_key_in_config(catalog: Catalog, key: AccessKey, files: AwsPaths) -> None:
    """Refuse a key in the config file, where encee changes no keys."""
    copied = any(all(_match_parts(options, key)) for options in catalog.credentials.values())
    for profile, options in catalog.config.items():
        if any(_match_parts(options, key)):
            header = f"[{ConfigHeaders().build_header(profile)}]"
            raise FileRefusedError(
                f"{header} of the config file holds the key {key.id}, and encee changes no keys there",
                hint=f"remove it from {header} in {files.config}"
                if copied
                else f"move it to [{profile}] of {files.credentials}",
            )


def find_headers(catalog: Catalog, key_id: str) -> list[str]:
    """List the headers, without brackets, of all sections with this key id."""
    headers = [*catalog.credentials.items()]
    headers += [(ConfigHeaders().build_header(profile), options) for profile, options in catalog.config.items()]
    return [header for header, options in headers if key_id in {options.get("aws_access_key_id"), options.get(KEY_ID)}]


def begin_rotation(key: AccessKey, new_id: str) -> Edit:
    """Write the id of the new key to every section that holds the present key."""

    def edit(document: Document) -> None:
        for name in find_sections(document.view, key):
            _unmark(document, name)
            document.set_options(name, {NEW_KEY: new_id})

    return edit


def replace_key(key: AccessKey, new: AccessKey) -> Edit:
    """Replace a key by a new one in every section that holds it.

    For a section whose key is in the keyring, the keyring must already have the new key's secret.
    """

    def edit(document: Document) -> None:
        for name in find_sections(document.view, key):
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
    """Remove the id of the rotation's other key from every section."""

    def edit(document: Document) -> None:
        for name, options in list(document.view.items()):
            if other_id in {options.get(mark) for mark in _MARKS}:
                _unmark(document, name)

    return edit


def _unmark(document: Document, name: str) -> None:
    for mark in _MARKS:
        document.clear_section(name, {mark}, mark=mark)


def is_locked(options: Mapping[str, str], key_id: str) -> bool:
    """Whether a section refers to the keyring for the key with this id."""
    return options.get(KEY_ID) == key_id and read_locked_key(options) is not None


def lock_key(key: AccessKey) -> Edit:
    """Replace a key by a reference to the keyring in every section that holds it."""
    reference = {"aws_access_key_id": (KEY_ID, key.id), "aws_secret_access_key": (SECRET, IN_KEYRING)}
    return _replace_in_sections(key, reference, locked=False)


def unlock_key(key: AccessKey) -> Edit:
    """Write a key back to every section that refers to the keyring for it."""
    pair = {KEY_ID: ("aws_access_key_id", key.id), SECRET: ("aws_secret_access_key", key.secret)}
    return _replace_in_sections(key, pair, locked=True)


def _replace_in_sections(key: AccessKey, options: Mapping[str, tuple[str, str]], *, locked: bool) -> Edit:
    def edit(document: Document) -> None:
        for name in find_sections(document.view, key):
            if is_locked(document.view[name], key.id) is locked:
                document.replace_options(name, options)

    return edit


def _match_parts(options: Mapping[str, str], key: AccessKey) -> tuple[bool, bool]:
    """Whether a section holds a key's id, and its secret or a reference to that."""
    if options.get(KEY_ID) == key.id:
        return True, is_locked(options, key.id)
    has_id, secret = options.get("aws_access_key_id") == key.id, options.get("aws_secret_access_key")
    if key.is_locked:  # its secret is not fetched, so that a key with a lost secret can be replaced
        return has_id, has_id and bool(secret)
    return has_id, secret == key.secret
