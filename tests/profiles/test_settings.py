"""Settings: accepted and refused values."""

from datetime import timedelta

import pytest

from encee.errors import UsageError
from encee.profiles.catalog import Catalog
from encee.profiles.durations import parse_duration
from encee.profiles.identifiers import find_account, require_serial
from encee.profiles.settings import GivenSettings, Settings


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("12h", 43200),
        ("1h30m", 5400),
        ("14400", 14400),
        ("900s", 900),
        (" 1h ", 3600),
        ("0", 0),
        ("12H", 43200),
        ("1H30m", 5400),
        ("900S", 900),
    ],
)
def test_reads_the_usual_forms_of_a_duration(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "soon", "h", "-1h", "1.5h", "30m1h", "1h 30m", "१२h", "9\u017f", "9" * 5000, f"{'9' * 5000}h"]
)
def test_refuses_an_invalid_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "serial",
    [
        "arn:aws:iam::123456789012:mfa/jane",
        "arn:aws-us-gov:iam::123456789012:mfa/path/to/jane@example.com",
        "arn:aws-cn:iam::123456789012:mfa/jane+phone=1",
        "GAHT12345678",
    ],
)
def test_accepts_serial_numbers_of_devices(serial: str) -> None:
    assert require_serial(serial) == serial


def test_accepts_a_serial_number_with_blanks_around_it() -> None:
    assert require_serial(" arn:aws:iam::123456789012:mfa/jane\n") == "arn:aws:iam::123456789012:mfa/jane"


@pytest.mark.parametrize(
    "serial",
    [
        "arn:aws:iam::123456789012:user/jane",
        "arn:aws:iam::123456789012:u2f/user/jane/key-ABC",
        "arn:aws:iam::12345678901:mfa/jane",
        "arn:aws:sts::123456789012:mfa/jane",
        "GAHT1234",
        "GAHT 12345678",
        "x" * 257,
    ],
)
def test_refuses_serial_numbers_that_sts_refuses(serial: str) -> None:
    with pytest.raises(UsageError) as raised:
        require_serial(serial)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("key_id", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),  # a published pair
        ("AKIAQNZGKIQY56JQ7WML", "029608264753"),
        ("ASIAJCOAUNBB4H4BZRIQ", None),  # of the older kind
        ("ASIAPNZGKIQY56JQ7WML", None),  # the last of them
        ("ASIAQNZGKIQY56JQ7WM", None),
        ("ASIAQNZGKIQY56JQ7WM1", None),
        ("", None),
        (None, None),
    ],
)
def test_reads_the_account_from_new_key_ids_only(key_id: str | None, account: str | None) -> None:
    assert find_account(None, key_id) == account


@pytest.mark.parametrize(
    ("serial", "environ", "region", "warned"),
    [
        ("arn:aws-us-gov:iam::123456789012:mfa/x", {"AWS_REGION": "us-gov-east-1"}, "us-gov-east-1", False),
        ("arn:aws-us-gov:iam::123456789012:mfa/x", {"AWS_DEFAULT_REGION": "eu-west-1"}, "us-gov-west-1", True),
        ("arn:aws-cn:iam::123456789012:mfa/x", {}, "cn-north-1", False),
        ("arn:aws-iso:iam::123456789012:mfa/x", {}, "us-iso-east-1", False),
        ("GAHT12345678", {"AWS_REGION": "cn-north-1"}, "cn-north-1", False),
        ("GAHT12345678", {}, "us-east-1", False),
    ],
)
def test_ignores_a_region_of_the_environment_in_another_partition(
    serial: str, environ: dict[str, str], region: str, warned: bool
) -> None:
    chosen, warning = Settings(GivenSettings(), environ, Catalog({}, {})).region("dev", serial)
    assert (chosen, warning is not None) == (region, warned)
