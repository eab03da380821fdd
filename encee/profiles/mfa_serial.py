"""Save and remove the serial number of a profile's MFA device in the two files."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from encee.awsfile.document import Document
from encee.awsfile.syntax import View
from encee.profiles.catalog import DEVICE_OPTIONS, Catalog
from encee.profiles.files import AwsFiles


def save_device(files: AwsFiles, profile: str, serial: str) -> Path:
    """Save a device as `mfa_serial` of a profile.

    If the credentials file has the option, which wins, it is changed there; otherwise it is set in the config file.

    Raises:
        FileRefusedError: The file cannot be edited; nothing was changed.
    """
    has_one = "mfa_serial" in _credentials(files.credentials.read_document().view).options(profile)
    store = files.credentials if has_one else files.config
    store.edit(lambda document: document.set_options(profile, {"mfa_serial": serial}))
    return store.path


def forget_device(files: AwsFiles, profile: str, serial: str) -> list[Path]:
    """Remove a deleted device from a profile, in both files.

    Raises:
        FileRefusedError: A file cannot be edited; that file is unchanged.
    """
    changed = []
    for store, catalog in ((files.credentials, _credentials), (files.config, _config)):
        if not _list_options_with(catalog(store.read_document().view), profile, serial):
            continue
        store.edit(partial(_forget, catalog=catalog, profile=profile, serial=serial))
        changed.append(store.path)
    return changed


def unsave_device(files: AwsFiles, profile: str) -> list[Path]:
    """Remove `mfa_serial` of a profile, and a config section that is then empty.

    Raises:
        FileRefusedError: A file cannot be edited; that file is unchanged.
    """
    changed = []
    for store, catalog in ((files.credentials, _credentials), (files.config, _config)):
        if "mfa_serial" in catalog(store.read_document().view).options(profile):
            before = store.read()
            store.edit(partial(_unsave, profile=profile, keep_section=store is files.credentials))
            changed += [store.path] if store.read() != before else []
    return changed


def _unsave(document: Document, *, profile: str, keep_section: bool) -> None:
    if keep_section:
        document.remove_options(profile, ["mfa_serial"])
    else:
        document.clear_section(profile, ["mfa_serial"], mark="mfa_serial")


def _forget(document: Document, *, catalog: Callable[[View], Catalog], profile: str, serial: str) -> None:
    document.remove_options(profile, _list_options_with(catalog(document.view), profile, serial))


def _credentials(view: View) -> Catalog:
    return Catalog(view, {})


def _config(view: View) -> Catalog:
    return Catalog({}, view)


def _list_options_with(catalog: Catalog, profile: str, serial: str) -> list[str]:
    options = catalog.options(profile)
    return [key for key in DEVICE_OPTIONS if options.get(key) == serial]


def list_profiles_with(catalog: Catalog, serial: str) -> Iterator[str]:
    """List the profiles and roles that name a device."""
    for profile in dict.fromkeys([*catalog.credentials, *catalog.config]):
        if _list_options_with(catalog, profile, serial):
            yield profile
