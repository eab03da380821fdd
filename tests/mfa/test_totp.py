"""The codes of RFC 6238, and the URI that an authenticator app reads."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given, strategies as st

from encee.mfa.code_sources import SeedCodes, parse_seed
from encee.mfa.totp import code_at, find_step, otpauth_uri, seconds_until, step_at

RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the RFC's "12345678901234567890"
NOW = datetime(2026, 11, 22, 17, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_equal_those_of_the_rfc(seconds: int, code: str) -> None:
    """Appendix B of RFC 6238, reduced to six digits."""
    assert code_at(RFC, seconds // 30) == code


@given(st.binary(min_size=14, max_size=40), st.integers(0, 2**40))
def test_codes_equal_those_of_another_implementation(secret: bytes, step: int) -> None:
    import base64

    seed = base64.b32encode(secret).decode()
    assert code_at(seed, step) == code_at(seed.rstrip("="), step) == pyotp.HOTP(seed).at(step)


def test_a_seed_of_ten_bytes_has_codes() -> None:
    short = parse_seed("gezd gnbv gy3t qojq")
    assert SeedCodes(lambda _: short, lambda: NOW).code_for("dev", "serial") == code_at(short, step_at(NOW))


@pytest.mark.parametrize("off", [-30, -1, 0, 1, 30])
def test_finds_the_offset_of_a_wrong_clock(off: int) -> None:
    here = step_at(NOW)
    assert find_step(RFC, code_at(RFC, here + off), NOW) == here + off


@pytest.mark.parametrize("off", [-31, 31])
def test_finds_no_offset_of_a_clock_too_far_off(off: int) -> None:
    assert find_step(RFC, code_at(RFC, step_at(NOW) + off), NOW) is None


def test_counts_the_seconds_until_the_next_step() -> None:
    assert seconds_until(step_at(NOW) + 1, NOW) == 20
    assert seconds_until(step_at(NOW) + 1, NOW + timedelta(minutes=1)) == 0


def test_the_uri_has_label_secret_and_issuer_as_apps_expect() -> None:
    uri = otpauth_uri(RFC, issuer="AWS", account="jane@123456789012")
    assert uri == f"otpauth://totp/AWS:jane@123456789012?secret={RFC}&issuer=AWS"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text("abcABC+=,.@-_:/?&#% ", min_size=1))
def test_the_uri_preserves_any_name(issuer: str, account: str) -> None:
    parts = urlsplit(otpauth_uri(RFC, issuer=issuer, account=account))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    first, _, second = parts.path.removeprefix("/").partition(":")
    assert (unquote(first), unquote(second)) == (issuer, account)
    assert parse_qs(parts.query) == {"secret": [RFC], "issuer": [issuer]}
    assert "+" not in parts.query  # some apps do not decode a +
