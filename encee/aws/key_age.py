"""How old an access key is."""

from datetime import datetime
from typing import TYPE_CHECKING

from encee.aws.refusals import explained
from encee.aws.signer import Signer

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def created(client: "IAMClient", signer: Signer, key_id: str) -> datetime | None:
    """When an access key of the user who signs was created, UTC; None where the user has no such key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html

    Raises:
        AwsError: AWS refused, as many policies make it do before MFA, or could not be reached.
    """
    with explained(signer):
        pages = client.get_paginator("list_access_keys").paginate()
        keys = {key["AccessKeyId"]: key["CreateDate"] for page in pages for key in page["AccessKeyMetadata"]}
    return keys.get(key_id)
