"""What a user can sign in and sign with: password, MFA devices and access keys; by single calls, or from the report."""

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
"""How many times AWS is asked whether the report is ready."""

_POLL_SECONDS = 0.5
"""Seconds between two times."""

ROOT = "<root_account>"
"""The root user's name in the credential report."""


class Key(NamedTuple):
    """An access key, without its id.

    Args:
        active: Whether it works.
        created: Since when there is this key, UTC; None where AWS does not say.
        last_used: When it signed last, UTC; None for never, or where AWS does not say.
    """

    active: bool
    created: datetime | None
    last_used: datetime | None


class UserCredentials(NamedTuple):
    """The credentials of a user.

    Args:
        name: The user's name.
        password: Whether it can sign in to the console with one.
        mfa: `virtual`, `hardware`, `FIDO` (and nothing else), `other` (of the root user's), or `none`.
        keys: Its access keys.
    """

    name: str
    password: bool
    mfa: str
    keys: tuple[Key, ...]

    @property
    def gives_codes(self) -> bool:
        """Whether it has a device whose codes STS takes."""
        return self.mfa in {"virtual", "hardware"}

    @property
    def active_keys(self) -> tuple[Key, ...]:
        """Those that work."""
        return tuple(key for key in self.keys if key.active)


class Report(NamedTuple):
    """AWS's credential report: what it says of each user, and when it was made, UTC.

    `mfa` is `virtual` for every user with any device: the report does not tell which.
    """

    made: datetime
    users: list[UserCredentials]


def read_user_credentials(client: "IAMClient", signer: Signer, user: str) -> UserCredentials:
    """A user's credentials as they are now, by single calls.

    Raises:
        AwsError: There is no such user, AWS refused, or could not be reached.
    """
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
    """The best kind among a user's devices, as `UserCredentials.mfa` has it."""
    kinds = {device.kind for device in devices}
    return next((kind for kind in ("virtual", "hardware", "FIDO") if kind in kinds), "none")


def list_users_of_virtual_devices(client: "IAMClient", signer: Signer) -> set[str]:
    """The names of all users who have a virtual device.

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with translate_errors(signer):
        pages = client.get_paginator("list_virtual_mfa_devices").paginate(
            AssignmentStatus="Assigned", PaginationConfig={"PageSize": PAGE}
        )
        arns = [device["User"]["Arn"] for page in pages for device in page["VirtualMFADevices"]]
    return {ROOT if arn.endswith(":root") else arn.rpartition("/")[2] for arn in arns}


def read_report(client: "IAMClient", signer: Signer) -> Report:
    """AWS's credential report, made now where the last one is more than four hours old.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

    Args:
        client: From `encee.aws.clients.Clients.iam`.
        signer: Whose request it is.

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with translate_errors(signer):
        for _ in range(_MAX_REPORT_POLLS):
            if client.generate_credential_report().get("State") == "COMPLETE":
                break
            time.sleep(_POLL_SECONDS)
        answer = client.get_credential_report()
        made, text = answer["GeneratedTime"], answer["Content"].decode()
    try:
        return Report(made, [_of_row(row) for row in csv.DictReader(io.StringIO(text))])
    except KeyError as error:
        raise AwsError(
            f"AWS's credential report has no column {error}", hint="this is news: please report it"
        ) from error


def _of_row(row: dict[str, str]) -> UserCredentials:
    """A row of the report; columns that AWS may add are passed over."""
    keys = []
    for number in ("1", "2"):
        created = _moment(row[f"access_key_{number}_last_rotated"])
        active = _is_true(row[f"access_key_{number}_active"])
        if active or created:
            keys.append(Key(active, created, _moment(row[f"access_key_{number}_last_used_date"])))
    has_mfa = _is_true(row["mfa_active"])
    return UserCredentials(
        row["user"], _is_true(row["password_enabled"]), "virtual" if has_mfa else "none", tuple(keys)
    )


def _is_true(value: str) -> bool:
    return value.casefold() == "true"


def _moment(value: str) -> datetime | None:
    """A moment of the report; None for `N/A`, `no_information` and `not_supported`."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
