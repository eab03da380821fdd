"""The access keys of an IAM user: two at most, each with a status of its own."""

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
"""Seconds between two calls that try a new key."""

_USABLE_TIMEOUT_SECONDS = 60.0
"""For how many seconds a new key is tried."""


class UserKey(NamedTuple):
    """What AWS tells of an access key.

    Args:
        id: The access key id.
        user: The user's name.
        active: Whether it may sign.
        created: When it was created, UTC.
    """

    id: str
    user: str
    active: bool
    created: datetime


class LastUse(NamedTuple):
    """The last use of an access key, as far as AWS has heard of it; that may take some minutes.

    Args:
        when: The moment, UTC.
        service: The service that was asked, such as `sts`.
    """

    when: datetime
    service: str


def list_access_keys(client: "IAMClient", signer: Signer, user: str | None = None) -> list[UserKey]:
    """The keys of a user, the oldest first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html

    Args:
        client: From `encee.aws.clients.Clients.iam`.
        signer: Whose request it is.
        user: The user's name; None for the one who signs.

    Raises:
        AwsError: AWS refused, or could not be reached.
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
    """When a key signed last; None where AWS knows of no time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with translate_errors(signer):
        used = client.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
        when = used.get("LastUsedDate")
        return None if when is None else LastUse(when, used["ServiceName"])


class AccessKeys:
    """The keys of the user whose credentials sign.

    Args:
        clients: Makes the clients of IAM.
        signer: Who signs.
    """

    def __init__(self, clients: Clients, signer: Signer) -> None:
        self._clients = clients
        self._signer = signer
        self._iam = clients.iam(signer)

    def list(self) -> list[UserKey]:
        """All of them, the oldest first.

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        return list_access_keys(self._iam, self._signer)

    def get_last_use(self, key_id: str) -> LastUse | None:
        """When one of them signed last; None where AWS knows of no time.

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        return get_last_use(self._iam, self._signer, key_id)

    def create(self) -> AccessKey:
        """A new one.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

        Raises:
            LostAnswerError: No answer that can be trusted came back; there may be a key whose secret nobody knows.
            AwsError: AWS refused, or could not be reached.
        """
        once = self._clients.iam(self._signer, attempts=1)  # sent twice, the request makes two keys
        with translate_errors(self._signer):
            key = once.create_access_key()["AccessKey"]
            return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])

    def deactivate(self, key_id: str) -> None:
        """Make one inactive; one that is gone is no error.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        with translate_errors(self._signer), suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.update_access_key(AccessKeyId=key_id, Status="Inactive")

    def delete(self, key_id: str) -> None:
        """Delete one; one that is gone, as after a lost answer, is no error.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        with translate_errors(self._signer), suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_access_key(AccessKeyId=key_id)


def wait_until_usable(clients: Clients, signer: Signer, *, in_a_row: int) -> None:
    """Wait until a new key, which signs, has answered so many calls in a row.

    IAM is eventually consistent, and each call may meet another server.

    Raises:
        AwsError: It has not within a minute.
    """
    sts = clients.sts(signer)
    deadline = time.monotonic() + _USABLE_TIMEOUT_SECONDS
    answered = 0
    while answered < in_a_row:
        time.sleep(_POLL_SECONDS if answered else 0)
        try:
            get_caller_identity(sts, signer)
            answered += 1
        except AwsError as error:
            if time.monotonic() > deadline:
                raise error.extended(
                    f"the new key {signer.key.id} did not work within {_USABLE_TIMEOUT_SECONDS:.0f} s: {error.message}",
                    hint="wait some minutes",
                ) from error
            time.sleep(_POLL_SECONDS)
            answered = 0
