"""Codes computed from a device's seed, as the device itself does, so that nobody has to type them."""

import urllib.parse
from collections.abc import Callable
from datetime import datetime
from shlex import quote

from encee.errors import EnceeError, UsageError
from encee.mfa.code_sources import Cancelled
from encee.mfa.steps import step_at
from encee.mfa.totp import code_at, decoded

_SHORTEST = 10
"""Bytes of the shortest seed; RFC 4226 asks for 16, and some services hand out 10."""


class Seeded:
    """A source that computes codes (RFC 6238, as AWS has it: SHA-1, six digits, 30 s).

    Args:
        seed_of: Returns the seed, in base32, of the device with a serial number.
        clock: Returns the present moment, UTC.
    """

    asks_person = False
    waits = True

    def __init__(self, seed_of: Callable[[str], str], clock: Callable[[], datetime]) -> None:
        self._seed_of = seed_of
        self._clock = clock

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:  # noqa: ARG002 - it never waits
        """The code that the device shows now.

        Raises:
            EnceeError: There is no seed, or what is there is none.
        """
        kept = self._seed_of(device)
        try:
            seed = checked_seed(kept)
        except UsageError:
            raise EnceeError(
                f"what is kept as the seed of the device {device} is none",
                hint=f"store it again: encee keys totp {quote(profile)} --i-know",
            ) from None
        return code_at(seed, step_at(self._clock()))


def checked_seed(text: str) -> str:
    """A seed as a person has it, with blanks, in small letters or in an otpauth URI, in plain base32.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format has the URI's form.

    Raises:
        UsageError: It is none. Never quotes it.
    """
    text = text.strip()
    try:
        if text.startswith("otpauth://"):
            text = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query).get("secret", [""])[0]
        seed = "".join(text.split()).replace("-", "").rstrip("=").upper()
        size = len(decoded(seed))
    except ValueError:  # which binascii.Error is, too
        seed, size = "", 0
    if size < _SHORTEST:
        raise UsageError(
            "that is not the seed of a device",
            hint="it is the secret key that the console shows for an authenticator app: letters and digits 2 to 7",
        )
    return seed
