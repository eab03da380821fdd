"""A virtual device from inside: its codes (RFC 6238), and the URI from which an app makes them.

encee knows the seed of a device that it has just made, for as long as it takes to enable that, and tells by it whether
a code was mistyped, and which one comes next, before AWS is asked. Else it knows only one that a person has stored.
"""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30
"""Their length in seconds."""

_NEAR = 30
"""How many steps a device's clock may be off: a quarter of an hour, as much as AWS grants a request."""


def step_at(moment: datetime) -> int:
    """The number of the step that a moment is in, by a clock that is right."""
    return int(moment.timestamp() // STEP)


def seconds_until(step: int, now: datetime) -> float:
    """For how many seconds a device that is on time does not show the code of a step yet."""
    return max(step * STEP - now.timestamp(), 0)


def code_at(seed: str, step: int) -> str:
    """The code of six digits that a device shows during a step (RFC 4226, section 5.3).

    Args:
        seed: In base32, with or without padding.
        step: From `step_at`.
    """
    digest = hmac.digest(decode_seed(seed), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def decode_seed(seed: str) -> bytes:
    """The bytes that a seed in base32 stands for, with or without padding.

    Raises:
        ValueError: It is no base32.
    """
    return base64.b32decode(seed + "=" * (-len(seed) % 8))


def find_step(seed: str, code: str, now: datetime) -> int | None:
    """The step of a device's code, the one nearest to now; None for what is no code of its within a quarter of an hour.

    Args:
        seed: In base32.
        code: Six digits.
        now: The time by this machine's clock; the device's may be another one.
    """
    here = step_at(now)
    steps = sorted(range(here - _NEAR, here + _NEAR + 1), key=lambda step: abs(step - here))
    return next((step for step in steps if code_at(seed, step) == code), None)


def otpauth_uri(seed: str, *, issuer: str, account: str) -> str:
    """The URI that an authenticator app reads in a QR code.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format; AWS's devices have its defaults: SHA-1, six
    digits, 30 seconds.

    Args:
        seed: In base32.
        issuer: Whose codes they are.
        account: Which of its accounts they are for.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': seed.rstrip('='), 'issuer': issuer}, quote_via=quote)}"
