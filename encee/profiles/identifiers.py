"""What the identifiers of AWS tell by themselves: a device's ARN, an access key id."""

import re

DEVICE_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):mfa/[\w+=/,.@-]+", re.ASCII)
"""The ARN of an MFA device that shows codes."""

ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=/,.@-]+", re.ASCII)
"""The ARN of a role."""

ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,128}")
"""The id of an access key, in the letters that AWS uses.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
"""

REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-[0-9]+", re.ASCII)
"""The name of a region, such as `us-gov-west-1`."""


def account_of(serial: str | None, access_key_id: str | None) -> str | None:
    """The account number that a device's ARN or an access key id holds, or None.

    Only ids of the newer kind hold one, in the 39 bits behind the first bit of their 12-character body; their
    fifth character is `Q` to `Z` or `2` to `7`.
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


def can_be_one_users(serial: str | None, access_key_id: str | None) -> bool:
    """Whether a device and an access key can belong together: not where both tell their account, and the two differ."""
    return len({account_of(serial, None), account_of(None, access_key_id)} - {None}) < 2  # noqa: PLR2004 - two accounts
