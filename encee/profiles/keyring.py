"""The door to the system's keyring: long-term secrets that are locked away, and devices' seeds.

The library `keyring` comes with the extra `encee[keyring]` and is loaded only where somebody signs or stores. An
entry is known by what it belongs to: a secret by the access key id, a seed by the device's serial number.
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
    """What an entry holds; its value is the service that the keyring shows."""

    KEY = "encee"
    SEED = "encee-totp"


class LockedSecret:
    """The secret of a long-term key that lies in the keyring, fetched when it is needed, once.

    Args:
        key_id: The access key id.
    """

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id
        self._secret: str | None = None

    def __call__(self) -> str:
        """The secret.

        Raises:
            EnceeError: The keyring does not have it, or there is no keyring.
        """
        if self._secret is None:
            self._secret = fetch(Kind.KEY, self._key_id)
        if self._secret is None:
            raise EnceeError(
                f"the keyring holds no secret for the key {self._key_id}",
                hint="try again, since keys unlock may have moved it just now; if it is lost, enter the key again: "
                "aws configure --profile PROFILE; or, while its session is valid, make a new one: encee keys rotate "
                "PROFILE",
            )
        return self._secret


def locked_key(key_id: str) -> AccessKey:
    """The long-term credentials whose secret the keyring has under this id."""
    return AccessKey(key_id, LockedSecret(key_id))


def stored_seed(serial: str) -> str:
    """The seed of a device.

    Raises:
        EnceeError: The keyring does not have it, or there is no keyring.
    """
    seed = fetch(Kind.SEED, serial)
    if seed is None:
        raise EnceeError(
            f"the keyring holds no seed for the device {serial}",
            hint="store it: encee keys totp PROFILE --i-know; or type the codes: encee keys totp PROFILE --forget",
        )
    return seed


def fetch(kind: Kind, name: str) -> str | None:
    """What an entry holds; None where there is no such entry.

    Raises:
        EnceeError: There is no keyring, or it stays locked.
    """
    with _door() as keyring:
        found: str | None = keyring.get_password(kind, name)
        return found


def keep(kind: Kind, name: str, value: str, *, instead: bool = False) -> None:
    """Store an entry, and make sure that the keyring has it.

    Args:
        kind: What it is.
        name: What it belongs to.
        value: What it holds.
        instead: Whether it may take the place of another value.

    Raises:
        EnceeError: The entry holds something else already, or the keyring did not take it.
    """
    if not instead and fetch(kind, name) not in {None, value}:
        raise EnceeError(
            f"the keyring holds something else for {name} already",
            hint=f"take that out first, if nothing needs it: keyring del {kind} {quote(name)}",
        )
    with _door() as keyring:
        keyring.set_password(kind, name, value)
    if fetch(kind, name) != value:
        raise EnceeError(f"the keyring did not keep the entry for {name}", hint="see which it is: keyring diagnose")


def forget(kind: Kind, name: str) -> None:
    """Delete an entry; that there is none is no error.

    Raises:
        EnceeError: There is no keyring, or it stays locked.
    """
    if fetch(kind, name) is not None:
        with _door() as keyring:
            keyring.delete_password(kind, name)


def _diagnosis() -> str:
    """The command that shows which keyring there is; it is not on the PATH of those who installed encee as a tool."""
    return f"{quote(sys.executable)} -m keyring diagnose"


def _installation() -> str:
    """The command that adds the library to the environment that encee runs in, whatever made that environment."""
    environment, python = Path(sys.prefix), quote(sys.executable)
    if (environment / "pipx_metadata.json").exists():
        return f"pipx inject {quote(environment.name)} keyring"
    if importlib.util.find_spec("pip") is None:  # as in those that uv makes
        return f"uv pip install --python {python} keyring"
    return f"{python} -m pip install keyring"


@contextmanager
def _door() -> Iterator[ModuleType]:
    """The library, with what it raises as encee's errors; its backends raise what they like."""
    try:
        import keyring
        from keyring.errors import InitError, KeyringLocked, NoKeyringError
    except ImportError:
        raise EnceeError(
            "the keyring needs a library that is not installed",
            hint=_installation(),
        ) from None
    try:
        yield keyring
    except NoKeyringError:
        raise EnceeError(
            "this system has no keyring that could be used",
            hint=f"start one (on Linux: gnome-keyring or KWallet, in a D-Bus session); see it with: {_diagnosis()}",
        ) from None
    except (InitError, KeyringLocked):
        raise EnceeError("the keyring stays locked", hint="unlock it, then try again") from None
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own, and their texts may quote an entry
        raise EnceeError(
            f"the keyring does not answer as it should: {type(error).__name__}", hint=f"see it with: {_diagnosis()}"
        ) from None
