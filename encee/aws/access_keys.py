"""List and change the access keys of an IAM user, who has two at most."""

import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from encee.aws.clients import Clients
from encee.aws.errors import translate_errors
from encee.aws.signer import Signer
from encee.aws.sts import get_caller_identity
from encee.errors import AwsError
from encee.model import AccessKey

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_POLL_SECONDS = 0.3
"""Time between two calls that test a new key."""

_USABLE_TIMEOUT_SECONDS = 60.0
"""How long a new key is tested."""


class UserKey(NamedTuple):
    """An access key as AWS lists it."""

    id: str
    user: str
    active: bool
    created: datetime


class LastUse(NamedTuple):
    """The last use of an access key, which AWS reports with a delay of some minutes.

    Args:
        when: The time, UTC.
        service: The service that was called, such as `sts`.
    """

    when: datetime
    service: str


def list_access_keys(client: "IAMClient", signer: Signer, user: str | None = None) -> list[UserKey]:
    """List the keys of a user, the oldest first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html

    Args:
        user: The user's name; None for the caller's own keys.
    """
    with translate_errors(signer):
        paginator = client.get_paginator("list_access_keys")
        pages = paginator.paginate() if user is None else paginator.paginate(UserName=user)
        keys = [
            UserKey(key["AccessKeyId"], key["UserName"], key["Status"] == "Active", key["CreateDate"])
            for page in pages
            for key in page["AccessKeyMetadata"]
        ]
    return sorted(keys, key=lambda key: key.created)


def get_last_use(client: "IAMClient", signer: Signer, key_id: str) -> LastUse | None:
    """Return the last use of a key; None where AWS reports none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    with translate_errors(signer):
        used = client.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
        when = used.get("LastUsedDate")
        return None if when is None else LastUse(when, used["ServiceName"])


class AccessKeys:
    """The access keys of the caller."""

    def __init__(self, clients: Clients, signer: Signer) -> None:
        self._clients = clients
        self._signer = signer
        self._iam = clients.iam(signer)

    def list(self) -> list[UserKey]:
        """List the keys, the oldest first."""
        return list_access_keys(self._iam, self._signer)

    def get_last_use(self, key_id: str) -> LastUse | None:
        """Return the last use of a key; None where AWS reports none."""
        return get_last_use(self._iam, self._signer, key_id)

    def create(self) -> AccessKey:
        """Create a key.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

        Raises:
            LostAnswerError: No reliable answer came back; a key may exist whose secret is lost.
        """
        client = self._clients.iam(self._signer, attempts=1)  # a repeated request would create a second key
        with translate_errors(self._signer):
            key = client.create_access_key()["AccessKey"]
            return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])

    def deactivate(self, key_id: str) -> None:
        """Deactivate a key; do nothing when it does not exist.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
        """
        with translate_errors(self._signer), suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.update_access_key(AccessKeyId=key_id, Status="Inactive")

    def delete(self, key_id: str) -> None:
        """Delete a key; do nothing when it does not exist, as after a lost answer.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
        """
        with translate_errors(self._signer), suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_access_key(AccessKeyId=key_id)


def wait_until_usable(clients: Clients, signer: Signer, *, in_a_row: int) -> None:
    """Wait until AWS has accepted a new key several times in a row.

    IAM is eventually consistent, and each call may reach another server.

    Args:
        in_a_row: How many successive calls have to succeed.

    Raises:
        AwsError: They did not within 60 seconds.
    """
    sts = clients.sts(signer)
    deadline = time.monotonic() + _USABLE_TIMEOUT_SECONDS
    accepted = 0
    while accepted < in_a_row:
        time.sleep(_POLL_SECONDS if accepted else 0)
        try:
            get_caller_identity(sts, signer)
            accepted += 1
        except AwsError as error:
            if time.monotonic() > deadline:
                raise error.extended(
                    f"the new key {signer.key.id} did not work within {_USABLE_TIMEOUT_SECONDS:.0f} s: {error.message}",
                    hint="wait a few minutes",
                ) from error
            time.sleep(_POLL_SECONDS)
            accepted = 0
