"""The access keys of an IAM user: two at most, each with a status of its own."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from encee.aws.refusals import explained
from encee.aws.signer import Signer
from encee.model import AccessKey

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


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
        client: From `encee.aws.session.Clients.iam`.
        signer: Whose request it is.
        user: The user's name; None for the one who signs.

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with explained(signer):
        paginator = client.get_paginator("list_access_keys")
        pages = paginator.paginate() if user is None else paginator.paginate(UserName=user)
        keys = [
            UserKey(key["AccessKeyId"], key["UserName"], key["Status"] == "Active", key["CreateDate"])
            for page in pages
            for key in page["AccessKeyMetadata"]
        ]
    return sorted(keys, key=lambda key: key.created)


def last_use(client: "IAMClient", signer: Signer, key_id: str) -> LastUse | None:
    """When a key signed last; None where AWS knows of no time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with explained(signer):
        used = client.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
    when = used.get("LastUsedDate")
    return None if when is None else LastUse(when, used["ServiceName"])


def create_access_key(client: "IAMClient", signer: Signer) -> AccessKey:
    """A new key for the user who signs.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

    Args:
        client: From `encee.aws.session.Clients.iam`, with `attempts=1`: sent twice, the request makes two keys.
        signer: Whose request it is.

    Raises:
        LostAnswerError: No answer that can be trusted came back; there may be a key whose secret nobody knows.
        AwsError: AWS refused, or could not be reached.
    """
    with explained(signer):
        key = client.create_access_key()["AccessKey"]
    return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])


def deactivate_access_key(client: "IAMClient", signer: Signer, key_id: str) -> None:
    """Make a key of the user who signs inactive; one that is gone is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with explained(signer), suppress(client.exceptions.NoSuchEntityException):
        client.update_access_key(AccessKeyId=key_id, Status="Inactive")


def delete_access_key(client: "IAMClient", signer: Signer, key_id: str) -> None:
    """Delete a key of the user who signs; one that is gone, as after a lost answer, is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    with explained(signer), suppress(client.exceptions.NoSuchEntityException):
        client.delete_access_key(AccessKeyId=key_id)
