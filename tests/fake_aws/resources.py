"""The resource of a request: its ARN for the policies, and its name in a denial by AWS.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_aws.account import Account, Caller

# These lists have no ARN: policies have to allow "*".
LISTED = {
    "ListGroups": "group/",
    "ListInstanceProfiles": "instance-profile/",
    "ListRoles": "role/",
    "ListUsers": "user/",
    "ListVirtualMFADevices": "mfa/",
}
CREATED = {
    "CreateGroup": ("group", "GroupName"),
    "CreatePolicy": ("policy", "PolicyName"),
    "CreateRole": ("role", "RoleName"),
    "CreateUser": ("user", "UserName"),
    "CreateVirtualMFADevice": ("mfa", "VirtualMFADeviceName"),
}
S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
}


class Resource(NamedTuple):
    """The ARN, or "*", and the name in a denial."""

    arn: str
    shown: str


EVERYTHING = Resource("*", "*")


def of_iam(account: Account, caller: Caller, action: str, params: Mapping[str, str]) -> Resource:
    """Return the resource of a request of IAM."""
    base = f"arn:{account.partition}:iam::{account.id}:"
    if action in LISTED:
        return Resource("*", base + LISTED[action])
    if action in CREATED:
        kind, parameter = CREATED[action]
        arn = f"{base}{kind}{params.get('Path', '/')}{params.get(parameter, '')}"
        return Resource(arn, arn)
    roles = {role.name: role for role in account.iam.get_roles()}
    for kind, name, existing in (
        ("group", params.get("GroupName"), account.iam.groups),
        ("role", params.get("RoleName"), roles),
        ("user", _user(account, caller, action, params), account.iam.users),
    ):
        if name:
            return Resource(existing[name].arn if name in existing else f"{base}{kind}/{name}", f"{kind} {name}")
    if policy := params.get("PolicyArn"):
        return Resource(policy, f"policy {policy}")
    other = params.get("SerialNumber") or params.get("PolicySourceArn")
    return Resource(other, other) if other else EVERYTHING


def _user(account: Account, caller: Caller, action: str, params: Mapping[str, str]) -> str | None:
    """Return the user that a request names, or the caller."""
    if name := params.get("UserName"):
        return name
    if action == "GetAccessKeyLastUsed":
        key = account.iam.access_keys.get(params.get("AccessKeyId", ""))
        return (key.user_name if key else None) or caller.identity.user_name
    model = get_service_model("iam")
    shape = model.operation_model(action).input_shape if action in model.operation_names else None
    if action == "ChangePassword" or (shape and "UserName" in shape.members):
        return caller.identity.user_name
    return None


def of_s3(account: Account, operation: str, path: str) -> tuple[str, Resource]:
    """Return the action that an S3 request needs, and its resource."""
    action = "s3:" + S3_ACTIONS.get(operation, operation)
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return action, EVERYTHING
    arn = f"arn:{account.partition}:s3:::{bucket}" + (f"/{key}" if key else "")
    return action, Resource(arn, f'"{arn}"')
