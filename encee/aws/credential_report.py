"""Read the passwords, MFA devices and access keys of users."""

import csv
import io
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from encee.aws.access_keys import get_last_use, list_access_keys
from encee.aws.account import PAGE
from encee.aws.errors import translate_errors
from encee.aws.mfa_devices import list_devices
from encee.aws.signer import Signer
from encee.errors import AwsError
from encee.model import Device

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_MAX_REPORT_POLLS = 600
"""How often encee checks whether the report is ready."""

_POLL_SECONDS = 0.5
"""Time between two checks."""

ROOT = "<root_account>"
"""Name of the root user in the credential report."""


class Key(NamedTuple):
    """An access key, without its id.

    Args:
        created: When the key was created, UTC; None if unknown.
        last_used: When the key was last used, UTC; None for never, or if unknown.
    """

    active: bool
    created: datetime | None
    last_used: datetime | None


class UserCredentials(NamedTuple):
    """The credentials of a user.

    Args:
        mfa: The kind of MFA device: `virtual`, `hardware`, `FIDO` (if no other kind), `other` (of the root user),
            or `none`.
    """

    name: str
    password: bool
    mfa: str
    keys: tuple[Key, ...]

    @property
    def gives_codes(self) -> bool:
        """Whether the user has a device whose codes STS accepts."""
        return self.mfa in {"virtual", "hardware"}

    @property
    def active_keys(self) -> tuple[Key, ...]:
        """The keys that AWS accepts."""
        return tuple(key for key in self.keys if key.active)


class Report(NamedTuple):
    """AWS's credential report, and when AWS generated it, UTC.

    `mfa` is `virtual` for every user with a device, since the report does not contain the kind.
    """

    made: datetime
    users: list[UserCredentials]


def read_user_credentials(client: "IAMClient", signer: Signer, user: str) -> UserCredentials:
    """Read a user's credentials by single calls, without the delay of the report."""
    keys = []
    for key in list_access_keys(client, signer, user):
        used = get_last_use(client, signer, key.id)
        keys.append(Key(key.active, key.created, used.when if used else None))
    return UserCredentials(
        user,
        _has_password(client, signer, user),
        best_mfa_kind(list_devices(client, signer, user)),
        tuple(keys),
    )


def _has_password(client: "IAMClient", signer: Signer, user: str) -> bool:
    with translate_errors(signer):
        try:
            client.get_login_profile(UserName=user)
        except client.exceptions.NoSuchEntityException:
            return False
    return True


def best_mfa_kind(devices: Iterable[Device]) -> str:
    """Return the most useful kind of devices, as in `UserCredentials.mfa`."""
    kinds = {device.kind for device in devices}
    return next((kind for kind in ("virtual", "hardware", "FIDO") if kind in kinds), "none")


def list_users_of_virtual_devices(client: "IAMClient", signer: Signer) -> set[str]:
    """Return the names of the users with a virtual device."""
    with translate_errors(signer):
        pages = client.get_paginator("list_virtual_mfa_devices").paginate(
            AssignmentStatus="Assigned", PaginationConfig={"PageSize": PAGE}
        )
        arns = [device["User"]["Arn"] for page in pages for device in page["VirtualMFADevices"]]
    return {ROOT if arn.endswith(":root") else arn.rpartition("/")[2] for arn in arns}


def read_report(client: "IAMClient", signer: Signer) -> Report:
    """Read the credential report, which is up to four hours old.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
    """
    with translate_errors(signer):
        for _ in range(_MAX_REPORT_POLLS):
            if client.generate_credential_report().get("State") == "COMPLETE":
                break
            time.sleep(_POLL_SECONDS)
        answer = client.get_credential_report()
        made, text = answer["GeneratedTime"], answer["Content"].decode()
    try:
        return Report(made, [_parse_row(row) for row in csv.DictReader(io.StringIO(text))])
    except KeyError as error:
        raise AwsError(
            f"AWS's credential report has no column {error}", hint="report this as a bug of encee"
        ) from error


def _parse_row(row: dict[str, str]) -> UserCredentials:
    """Parse a row of the report; ignore columns that encee does not know."""
    keys = []
    for number in ("1", "2"):
        created = _parse_time(row[f"access_key_{number}_last_rotated"])
        active = _is_true(row[f"access_key_{number}_active"])
        if active or created:
            keys.append(Key(active, created, _parse_time(row[f"access_key_{number}_last_used_date"])))
    has_mfa = _is_true(row["mfa_active"])
    return UserCredentials(
        row["user"], _is_true(row["password_enabled"]), "virtual" if has_mfa else "none", tuple(keys)
    )


def _is_true(value: str) -> bool:
    return value.casefold() == "true"


def _parse_time(value: str) -> datetime | None:
    """Parse a time; None for `N/A`, `no_information` and `not_supported`."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
