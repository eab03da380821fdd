"""MFA devices of an IAM user."""

from typing import TYPE_CHECKING

from encee.aws.refusals import explained
from encee.aws.signer import Signer
from encee.model import Device

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def list_devices(client: "IAMClient", signer: Signer) -> list[Device]:
    """The devices of the user whose key signs.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html

    Raises:
        AwsError: AWS refused, as many policies make it do before MFA, or could not be reached.
    """
    with explained(signer):
        pages = client.get_paginator("list_mfa_devices").paginate()
        return [Device(device["SerialNumber"]) for page in pages for device in page["MFADevices"]]
