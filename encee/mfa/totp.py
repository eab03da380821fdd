"""Compute the codes (RFC 6238) and the otpauth URI of a virtual MFA device.

encee holds a seed only while it enrolls a device, and where the user stored one in the keyring. While enrolling, the
seed shows before the request whether the user mistyped a code, and which code comes next.
"""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30
"""Seconds for which a device shows a code: the time step of RFC 6238, section 4."""

_MAX_DRIFT_STEPS = 30
"""How many steps a device's clock may be off: 15 minutes, as much as AWS allows a request."""


def step_at(moment: datetime) -> int:
    """Return the number of the time step that a moment is in."""
    return int(moment.timestamp() // STEP)


def seconds_until(step: int, now: datetime) -> float:
    """Return how many seconds are left until a time step begins; 0 when it has begun."""
    return max(step * STEP - now.timestamp(), 0)


def code_at(seed: str, step: int) -> str:
    """Compute the six digits of a time step (RFC 4226, section 5.3).

    Args:
        seed: In base32, with or without padding.
    """
    digest = hmac.digest(decode_seed(seed), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def decode_seed(seed: str) -> bytes:
    """Decode a seed from base32, with or without padding."""
    return base64.b32decode(seed + "=" * (-len(seed) % 8))


def find_step(seed: str, code: str, now: datetime) -> int | None:
    """Find the time step nearest to now in which a device shows a code.

    Args:
        seed: In base32.
        now: The time by this machine's clock; the device's clock may be off by up to 15 minutes.

    Returns:
        None where the device shows no such code in that time.
    """
    current = step_at(now)
    steps = sorted(range(current - _MAX_DRIFT_STEPS, current + _MAX_DRIFT_STEPS + 1), key=lambda s: abs(s - current))
    return next((step for step in steps if code_at(seed, step) == code), None)


def otpauth_uri(seed: str, *, issuer: str, account: str) -> str:
    """Build the URI that an authenticator app reads from a QR code.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format; AWS's devices use its defaults: SHA-1, six
    digits, 30 seconds.

    Args:
        seed: In base32.
        issuer: The service that the codes are for, as the app shows it.
        account: The user's account at the issuer, as the app shows it.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': seed.rstrip('='), 'issuer': issuer}, quote_via=quote)}"
