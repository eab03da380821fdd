"""Published policies: of two tutorials, and, shortened, of AWS's documentation."""

import json
from typing import Any

# What a tutorial of 2021 calls "the perfect policy to enforce use of MFA for the aws-cli user".
NAIVE = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "Bool": {
                    "aws:MultiFactorAuthPresent": "false"
                }
            }
        }
    ]
}
"""

# A tutorial's self-service list (2022), which exempts taking devices away.
SELF_SERVICE = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowManageOwnVirtualMFADevice",
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "Resource": "arn:aws:iam::*:mfa/${aws:username}"
        },
        {
            "Sid": "AllowManageOwnUserMFA",
            "Effect": "Allow",
            "Action": [
                "iam:DeactivateMFADevice",
                "iam:EnableMFADevice",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice"
            ],
            "Resource": "arn:aws:iam::*:user/${aws:username}"
        },
        {
            "Sid": "DenyAllExceptListedIfNoMFA",
            "Effect": "Deny",
            "NotAction": [
                "iam:ListUsers",
                "iam:ListMFADevices",
                "iam:ChangePassword",
                "iam:GetUser",
                "iam:CreateVirtualMFADevice",
                "iam:DeleteVirtualMFADevice",
                "iam:DeactivateMFADevice",
                "iam:EnableMFADevice",
                "iam:ResyncMFADevice"
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
        }
    ],
    "Id": "MFA Required IAM Policy"
}
"""

WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def policy(*statements: dict[str, Any]) -> str:
    """A policy of the current version."""
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]}, indent=2)


def allow(action: object, resource: object = "*", **more: object) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny_but(*actions: str, **more: object) -> dict[str, Any]:
    """A statement that denies everything else without MFA."""
    return {"Effect": "Deny", "NotAction": [*actions], "Resource": "*", "Condition": WITHOUT_MFA, **more}


def iam(*names: str) -> list[str]:
    """Actions of IAM."""
    return [f"iam:{name}" for name in names]


_OWN_USER = "arn:aws:iam::*:user/${aws:username}"
_ENROLLING = ("CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices", "ListVirtualMFADevices", "ResyncMFADevice")

DOCUMENTED = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
    "my-sec-creds-self-manage": policy(
        allow(iam("GetAccountPasswordPolicy", "ListVirtualMFADevices")),
        allow(iam("ChangePassword", "GetUser"), _OWN_USER),
        allow(iam("CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "UpdateAccessKey"), _OWN_USER),
        allow(iam("CreateVirtualMFADevice"), "arn:aws:iam::*:mfa/*"),
        allow(iam("DeactivateMFADevice", "EnableMFADevice", "ListMFADevices", "ResyncMFADevice"), _OWN_USER),
        deny_but(*iam(*_ENROLLING, "GetUser", "GetMFADevice"), "sts:GetSessionToken"),
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_iam_mfa-selfmanage.html
    "iam-mfa-selfmanage": policy(
        allow(iam("ListUsers", "ListVirtualMFADevices")),
        allow(iam("CreateVirtualMFADevice"), "arn:aws:iam::*:mfa/*"),
        allow(iam("EnableMFADevice", "GetMFADevice", "ListMFADevices", "ResyncMFADevice"), _OWN_USER),
        allow(iam("DeactivateMFADevice"), [_OWN_USER], Condition=WITH_MFA),
        deny_but(*iam(*_ENROLLING, "ListUsers")),
    ),
    # The same page in 2018: a device of one's own name could be deleted without MFA, and no other one.
    "iam-mfa-selfmanage, older": policy(
        allow(iam("ListMFADevices"), ["arn:aws:iam::*:mfa/*", _OWN_USER]),
        allow(
            iam("CreateVirtualMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice"),
            ["arn:aws:iam::*:mfa/${aws:username}", _OWN_USER],
        ),
        allow(iam("DeactivateMFADevice"), ["arn:aws:iam::*:mfa/${aws:username}", _OWN_USER], Condition=WITH_MFA),
        deny_but(*iam(*_ENROLLING, "DeleteVirtualMFADevice", "ListUsers"), "sts:GetSessionToken"),
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_ec2_require-mfa.html
    "ec2-require-mfa": policy(
        allow("ec2:*"),
        {
            "Effect": "Deny",
            "Action": ["ec2:StopInstances", "ec2:TerminateInstances"],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": False}},
        },
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_s3_full-access-except-production.html
    "s3-full-access-except-production": policy(
        allow("s3:*", "arn:aws:s3:::*"),
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::Production/*", "arn:aws:s3:::Production"],
            "Condition": {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "1800"}},
        },
    ),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-MFA
    "s3-bucket-mfa": policy(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::DOC-EXAMPLE-BUCKET/taxdocuments/*",
            "Condition": {"Null": {"aws:MultiFactorAuthAge": True}},
        },
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    "role-trust-mfa": policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": WITH_MFA,
        }
    ),
    "mfa-age": policy(allow("ec2:*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html
    "deny-ip": policy(
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                "Bool": {"aws:ViaAWSService": "false"},
            },
        }
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws-dates.html
    "no-mfa-in-it": policy(allow("s3:GetObject", "arn:aws:s3:::b/*")),
    "administrator": policy(allow("*")),
}
"""Policies of AWS's documentation that do what they are for."""
