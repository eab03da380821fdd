"""Store and fetch secrets and seeds in the operating system's keyring.

The library `keyring` comes with the extra `encee[keyring]` and is imported only when it is needed. The name of an entry
is the access key id of a secret, or the serial number of a seed's device.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from shlex import quote
from types import ModuleType

from encee.errors import EnceeError
from encee.model import AccessKey


class Kind(StrEnum):
    """The kind of an entry; the value is the service that the keyring shows."""

    KEY = "encee"
    SEED = "encee-totp"


class LockedSecret:
    """A function that fetches a secret from the keyring, and caches it."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id
        self._secret: str | None = None

    def __call__(self) -> str:
        """Return the secret."""
        if self._secret is None:
            self._secret = fetch(Kind.KEY, self._key_id)
        if self._secret is None:
            raise EnceeError(
                f"the keyring holds no secret for the key {self._key_id}",
                hint="enter the key again: aws configure --profile PROFILE",
            )
        return self._secret


def locked_key(key_id: str) -> AccessKey:
    """Return a key whose secret is fetched from the keyring when it is used."""
    return AccessKey(key_id, LockedSecret(key_id))


def fetch_seed(serial: str) -> str:
    """Return the seed of a device."""
    seed = fetch(Kind.SEED, serial)
    if seed is None:
        raise EnceeError(
            f"the keyring holds no seed for the device {serial}",
            hint="store it again: encee keys totp PROFILE --i-know",
        )
    return seed


def fetch(kind: Kind, name: str) -> str | None:
    """Return the value of an entry; None if the entry does not exist."""
    with _open_keyring() as keyring:
        value: str | None = keyring.get_password(kind, name)
        return value


def store(kind: Kind, name: str, value: str, *, instead: bool = False) -> None:
    """Store an entry, and verify that the keyring has it."""
    if not instead and fetch(kind, name) not in {None, value}:
        raise EnceeError(
            f"the keyring has another entry for {name} already",
            hint=f"delete it if nothing needs it: keyring del {kind} {quote(name)}",
        )
    with _open_keyring() as keyring:
        keyring.set_password(kind, name, value)
    if fetch(kind, name) != value:
        raise EnceeError(f"the keyring did not keep the entry for {name}", hint=_diagnose_command())


def delete(kind: Kind, name: str) -> None:
    """Delete an entry if it exists."""
    if fetch(kind, name) is not None:
        with _open_keyring() as keyring:
            keyring.delete_password(kind, name)


def _diagnose_command() -> str:
    """Return the command that shows the keyring; `keyring` may not be on the PATH."""
    return f"{quote(sys.executable)} -m keyring diagnose"


def _install_command() -> str:
    """Return the command that installs the library in the environment of encee."""
    environment, python = Path(sys.prefix), quote(sys.executable)
    if (environment / "pipx_metadata.json").exists():
        return f"pipx inject {quote(environment.name)} keyring"
    if importlib.util.find_spec("pip") is None:  # environments that uv makes have no pip
        return f"uv pip install --python {python} keyring"
    return f"{python} -m pip install keyring"


@contextmanager
def _open_keyring() -> Iterator[ModuleType]:
    """Import the library, and translate its errors and those of its backends."""
    try:
        import keyring
        from keyring.errors import InitError, KeyringLocked, NoKeyringError
    except ImportError:
        raise EnceeError(
            "the keyring needs a library that is not installed",
            hint=_install_command(),
        ) from None
    try:
        yield keyring
    except NoKeyringError:
        raise EnceeError(
            "this system has no usable keyring",
            hint="start a keyring (on Linux: gnome-keyring or KWallet, in a D-Bus session)",
        ) from None
    except (InitError, KeyringLocked):
        raise EnceeError("the keyring stays locked", hint="unlock it, then try again") from None
    except Exception as error:  # noqa: BLE001 - each backend raises its own errors, whose texts may quote an entry
        raise EnceeError(f"the keyring failed: {type(error).__name__}", hint=_diagnose_command()) from None
