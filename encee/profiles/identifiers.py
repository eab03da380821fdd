"""Validate AWS identifiers, and derive accounts and partitions from them."""

import re

from encee.errors import UsageError

DEVICE_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):mfa/[\w+=/,.@-]+", re.ASCII)
"""The ARN of an MFA device that shows codes."""

ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=/,.@-]+", re.ASCII)
"""The ARN of an IAM role."""

ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,128}")
"""An access key id, in the characters that AWS uses.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
"""

SECRET_KEY = re.compile(r"[A-Za-z0-9/+]{40}")
"""A secret access key; IAM makes them of 40 characters, so a truncated one does not match."""

REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-[0-9]+", re.ASCII)
"""The name of a region, such as `us-gov-west-1`."""

_HARDWARE_SERIAL = re.compile(r"[A-Z]{4}\d{8}", re.ASCII)
"""The serial number of a hardware token that AWS sells."""

_DEVICE_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html"""

_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)

_FIRST_REGION = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
_PARTITION_OF_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def find_key_id_fault(value: str) -> str:
    """Describe why a key id does not match `ACCESS_KEY_ID`."""
    if ACCESS_KEY_ID.fullmatch(value.strip("\"'")):
        return "is in quotes"
    swapped = "; id and secret may be swapped" if SECRET_KEY.fullmatch(value) else ""
    return f"is not the id of an access key{swapped}"


def find_account(serial: str | None, access_key_id: str | None) -> str | None:
    """Return the account number in a device's ARN or an access key id, or None.

    A newer key id holds it in the 39 bits after the first bit of its 16-character body; such an id has `Q` to `Z` or
    `2` to `7` as its fifth character.
    """
    if serial and (match := DEVICE_ARN.fullmatch(serial)):
        return match["account"]
    body = (access_key_id or "")[4:]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    if len(body) != 16 or not set(body) <= set(alphabet) or alphabet.index(body[0]) < alphabet.index("Q"):  # noqa: PLR2004 - the length of every key id's body
        return None
    number = 0
    for character in body[:10]:
        number = number * 32 + alphabet.index(character)
    return f"{(number >> 2 & 0x7FFFFFFFFF80) >> 7:012d}"


def may_belong_together(serial: str | None, access_key_id: str | None) -> bool:
    """Whether the accounts of a device and a key are equal or unknown."""
    return len({find_account(serial, None), find_account(None, access_key_id)} - {None}) < 2  # noqa: PLR2004 - two accounts


def require_serial(value: str) -> str:
    """Return a serial number without surrounding blanks.

    Args:
        value: An ARN `…:mfa/NAME`, or the number printed on a hardware token.

    Raises:
        UsageError: STS does not accept it.
    """
    value = value.strip()
    form = "arn:aws:iam::123456789012:mfa/DEVICE"
    if ":user/" in value:
        raise UsageError(
            f"{value} is the ARN of a user, not of an MFA device",
            hint=f"copy the device's ARN from the console, under Security credentials: {form}",
        )
    if ":u2f/" in value:
        raise UsageError(
            f"{value} is a FIDO security key or passkey, which AWS STS cannot use",
            hint="sign in with: aws login",
        )
    if not _SERIAL.fullmatch(value) or (value.startswith("arn:") and not DEVICE_ARN.fullmatch(value)):
        raise UsageError(
            f"{value!r} is not the serial number of an MFA device",
            hint=f"write it like {form}, or like GAHT12345678 on a hardware token",
        )
    return value


def is_device_name(value: str) -> bool:
    """Whether a value can be the last part of a device's ARN, not a serial number.

    The serial number of a token that AWS does not sell can also look like a name.
    """
    return _DEVICE_NAME.fullmatch(value) is not None and _HARDWARE_SERIAL.fullmatch(value) is None


def find_partition(region: str) -> str:
    """Return the partition of a region, by its prefix."""
    return next((name for prefix, name in _PARTITION_OF_PREFIX.items() if region.startswith(prefix)), "aws")


def default_region(partition: str) -> str:
    """Return the default region of a partition."""
    return _FIRST_REGION.get(partition, _FIRST_REGION["aws"])
