"""Known answers: the outcome of a request by AWS's documentation and by the evaluator."""

import json
from typing import Any, NamedTuple

import pytest

from encee.aws.policies.evaluate import (
    Circumstances,
    Policy,
    Principal,
    Request,
    SignedWith,
    context_of,
    evaluate,
)
from encee.aws.policies.templates import build_policy
from tests.aws.policies.seeds import NAIVE, SELF_SERVICE, WITHOUT_MFA, allow, policy

L, N, M = SignedWith.LONG_TERM, SignedWith.NO_MFA, SignedWith.MFA
ENDPOINT = "a VPC endpoint"
IN, OUT, IN6, OUT6 = "203.0.113.7", "198.51.100.1", "2001:db8::7", "2001:db9::7"

PRESENT = "aws:MultiFactorAuthPresent"
ADMIN = allow("*")
OFFICE = {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}
POLICIES: dict[str, list[Any]] = {
    "mfa-required": [build_policy("mfa-required")],
    "mfa-required+password": [build_policy("mfa-required", allow_password_change=True)],
    "mfa-required+admin": [build_policy("mfa-required"), json.loads(policy(ADMIN))],
    "mfa-required cn": [build_policy("mfa-required", partition="aws-cn")],
    "force-mfa+admin": [build_policy("force-mfa"), json.loads(policy(ADMIN))],
    "ip+admin": [build_policy("ip-restriction", allow_cidrs=OFFICE["aws:SourceIp"]), json.loads(policy(ADMIN))],
    "allow-with-mfa": [build_policy("allow-with-mfa")],
    "naive+admin": [json.loads(NAIVE), json.loads(policy(ADMIN))],
    "self-service": [json.loads(SELF_SERVICE)],
    "null+admin": [json.loads(policy(ADMIN, {**ADMIN, "Effect": "Deny", "Condition": {"Null": {PRESENT: "true"}}}))],
    "if-exists": [json.loads(policy(allow("*", Condition={"BoolIfExists": {PRESENT: "true"}})))],
    "age+admin": [
        json.loads(policy(ADMIN)),
        json.loads(
            policy(
                {
                    **allow("s3:*"),
                    "Effect": "Deny",
                    "Condition": {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "1800"}},
                }
            )
        ),
    ],
    "from-office": [json.loads(policy(allow("*", Condition={"IpAddress": OFFICE})))],
    "home": [json.loads(policy(allow("s3:*", "arn:aws:s3:::b/home/${aws:username}/*")))],
    "home 2008": [{"Version": "2008-10-17", "Statement": allow("s3:*", "arn:aws:s3:::b/home/${aws:username}/*")}],
    "accounting": [json.loads(policy(allow("iam:*", "arn:aws:iam::123456789012:user/accounting/*")))],
    "no-iam": [json.loads(policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))],
    "hr-only": [
        json.loads(
            policy(
                ADMIN,
                {
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"],
                },
            )
        )
    ],
    "delete-with-mfa": [
        json.loads(policy(ADMIN, {**allow(["ec2:StopInstances"]), "Effect": "Deny", "Condition": WITHOUT_MFA}))
    ],
    "nothing": [],
}


class Row(NamedTuple):
    """A request, and its outcome by AWS's documentation."""

    policy: str
    signed: SignedWith
    action: str
    resource: str
    outcome: str
    user: str = "jane"  # with its path
    source: str = IN
    via_service: bool = False


ROWS = [
    # The key is absent with long-term credentials, "false" or "true" with temporary ones; "not recommended" is the
    # Deny with Bool, which lets long-term credentials through.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    Row("naive+admin", L, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("naive+admin", L, "iam:DeleteUser", "user/bob", "allowed"),
    Row("naive+admin", L, "iam:DeactivateMFADevice", "user/jane", "allowed"),
    Row("naive+admin", N, "s3:ListAllMyBuckets", "*", "denied"),
    Row("naive+admin", M, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("force-mfa+admin", L, "s3:ListAllMyBuckets", "*", "denied"),
    Row("force-mfa+admin", N, "s3:ListAllMyBuckets", "*", "denied"),
    Row("force-mfa+admin", M, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("force-mfa+admin", L, "s3:GetObject", "arn:aws:s3:::b/k", "denied", via_service=True),
    Row("force-mfa+admin", M, "s3:GetObject", "arn:aws:s3:::b/k", "allowed", via_service=True),
    Row("force-mfa+admin", L, "iam:EnableMFADevice", "user/jane", "denied"),
    Row("force-mfa+admin", L, "sts:AssumeRole", "role/reader", "denied"),
    Row("force-mfa+admin", M, "sts:AssumeRole", "role/reader", "allowed"),
    Row("force-mfa+admin", L, "sts:GetCallerIdentity", "*", "allowed"),
    Row("force-mfa+admin", L, "sts:GetSessionToken", "*", "allowed"),
    Row("allow-with-mfa", L, "ec2:DescribeRegions", "*", "not-allowed"),
    Row("allow-with-mfa", N, "ec2:DescribeRegions", "*", "not-allowed"),
    Row("allow-with-mfa", M, "ec2:DescribeRegions", "*", "allowed"),
    Row("allow-with-mfa", M, "EC2:describeregions", "*", "allowed"),
    Row("allow-with-mfa", M, "ec2:RunInstances", "*", "not-allowed"),
    Row("if-exists", L, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("if-exists", N, "s3:ListAllMyBuckets", "*", "not-allowed"),
    Row("if-exists", M, "s3:ListAllMyBuckets", "*", "allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_ec2_require-mfa.html
    Row("delete-with-mfa", L, "ec2:StopInstances", "*", "denied"),
    Row("delete-with-mfa", N, "ec2:StopInstances", "*", "denied"),
    Row("delete-with-mfa", M, "ec2:StopInstances", "*", "allowed"),
    Row("delete-with-mfa", L, "ec2:StartInstances", "*", "allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
    Row("null+admin", L, "s3:ListAllMyBuckets", "*", "denied"),
    Row("null+admin", N, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("null+admin", M, "s3:ListAllMyBuckets", "*", "allowed"),
    # "returns true if MFA is not present", so a long-term key is denied.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_s3_full-access-except-production.html
    Row("age+admin", L, "s3:GetObject", "arn:aws:s3:::production/k", "denied"),
    Row("age+admin", N, "s3:GetObject", "arn:aws:s3:::production/k", "denied"),
    Row("age+admin", L, "ec2:RunInstances", "*", "allowed"),
    # Self-service and a Deny of everything else without MFA.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
    Row("mfa-required", L, "iam:ListVirtualMFADevices", "*", "allowed"),
    Row("mfa-required", L, "iam:CreateVirtualMFADevice", "mfa/jane", "allowed"),
    Row("mfa-required", L, "iam:CreateVirtualMFADevice", "mfa/any-name", "allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/jane", "allowed"),
    Row("mfa-required", L, "IAM:enablemfadevice", "user/jane", "allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/bob", "not-allowed"),
    Row("mfa-required", L, "iam:GetUser", "user/jane", "allowed"),
    Row("mfa-required", L, "iam:GetMFADevice", "user/jane", "allowed"),
    Row("mfa-required", L, "iam:ListMFADevices", "user/jane", "allowed"),
    Row("mfa-required", L, "iam:ListMFADevices", "user/bob", "not-allowed"),
    Row("mfa-required", L, "iam:ResyncMFADevice", "user/jane", "allowed"),
    Row("mfa-required", L, "iam:DeactivateMFADevice", "user/jane", "denied"),
    Row("mfa-required", N, "iam:DeactivateMFADevice", "user/jane", "denied"),
    Row("mfa-required", M, "iam:DeactivateMFADevice", "user/jane", "allowed"),
    Row("mfa-required", M, "iam:DeactivateMFADevice", "user/bob", "not-allowed"),
    Row("mfa-required+admin", L, "iam:DeactivateMFADevice", "user/jane", "denied"),
    Row("mfa-required+admin", L, "iam:DeactivateMFADevice", "user/bob", "denied"),
    Row("mfa-required", L, "iam:ListAccessKeys", "user/jane", "denied"),
    Row("mfa-required", L, "iam:CreateAccessKey", "user/jane", "denied"),
    Row("mfa-required", M, "iam:CreateAccessKey", "user/jane", "allowed"),
    Row("mfa-required", M, "iam:UpdateAccessKey", "user/jane", "allowed"),
    Row("mfa-required", M, "iam:DeleteAccessKey", "user/bob", "not-allowed"),
    Row("mfa-required", M, "iam:GetAccessKeyLastUsed", "user/jane", "allowed"),
    Row("mfa-required", M, "s3:ListAllMyBuckets", "*", "not-allowed"),
    Row("mfa-required+admin", L, "s3:ListAllMyBuckets", "*", "denied"),
    Row("mfa-required+admin", L, "s3:ListAllMyBuckets", "*", "denied", via_service=True),
    Row("mfa-required+admin", N, "s3:ListAllMyBuckets", "*", "denied"),
    Row("mfa-required+admin", M, "s3:ListAllMyBuckets", "*", "allowed"),
    Row("mfa-required+admin", L, "sts:AssumeRole", "role/reader", "denied"),
    Row("mfa-required+admin", L, "sts:GetSessionToken", "*", "allowed"),
    Row("mfa-required+admin", L, "iam:CreateUser", "user/mallory", "denied"),
    Row("mfa-required+admin", L, "iam:AttachUserPolicy", "user/jane", "denied"),
    # "You can allow this by adding iam:ChangePassword and iam:GetAccountPasswordPolicy": the same page.
    Row("mfa-required", L, "iam:ChangePassword", "user/jane", "denied"),
    Row("mfa-required+password", L, "iam:ChangePassword", "user/jane", "allowed"),
    Row("mfa-required+password", L, "iam:ChangePassword", "user/d/jane", "allowed", user="d/jane"),
    Row("mfa-required+password", L, "iam:ChangePassword", "user/bob", "not-allowed"),
    Row("mfa-required+password", L, "iam:GetAccountPasswordPolicy", "*", "allowed"),
    Row("mfa-required+password", L, "s3:ListAllMyBuckets", "*", "denied"),
    # A device that is not enabled can be deleted, by a name that begins with the user's; NotResource denies the rest.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
    Row("mfa-required", L, "iam:DeleteVirtualMFADevice", "mfa/jane", "allowed"),
    Row("mfa-required", L, "iam:DeleteVirtualMFADevice", "mfa/jane-2", "allowed"),
    Row("mfa-required", L, "iam:DeleteVirtualMFADevice", "mfa/bob", "denied"),
    Row("mfa-required+admin", L, "iam:DeleteVirtualMFADevice", "mfa/bob", "denied"),
    Row("mfa-required", N, "iam:DeleteVirtualMFADevice", "mfa/x/jane", "denied"),
    Row("mfa-required", M, "iam:DeleteVirtualMFADevice", "mfa/phone", "allowed"),
    # aws:username is the friendly name, without a path; the ARN has the path.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
    Row("mfa-required", L, "iam:EnableMFADevice", "user/division/jane", "allowed", user="division/jane"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/a/b/jane", "allowed", user="a/b/jane"),
    Row("mfa-required", M, "iam:CreateAccessKey", "user/division/jane", "allowed", user="division/jane"),
    Row("mfa-required", M, "iam:CreateAccessKey", "user/division/bob", "not-allowed", user="division/jane"),
    Row("mfa-required", L, "iam:DeactivateMFADevice", "user/division/jane", "denied", user="division/jane"),
    Row("mfa-required", L, "iam:DeleteVirtualMFADevice", "mfa/jane", "allowed", user="division/jane"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/x/notjane", "not-allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/xjane", "not-allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/jane2", "not-allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/jane/bob", "not-allowed"),
    Row("mfa-required", L, "iam:EnableMFADevice", "user/Jane", "not-allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    Row("mfa-required cn", L, "iam:EnableMFADevice", "user/jane", "not-allowed"),
    Row("mfa-required cn", L, "iam:EnableMFADevice", "arn:aws-cn:iam::123456789012:user/jane", "allowed"),
    # The list of a tutorial, step by step as a thief goes: the first device away, the next one in its place.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
    Row("self-service", L, "iam:DeactivateMFADevice", "user/jane", "allowed"),
    Row("self-service", L, "iam:DeleteVirtualMFADevice", "mfa/jane", "allowed"),
    Row("self-service", L, "iam:CreateVirtualMFADevice", "mfa/jane", "allowed"),
    Row("self-service", L, "iam:EnableMFADevice", "user/jane", "allowed"),
    Row("self-service", L, "s3:ListAllMyBuckets", "*", "denied"),
    Row("self-service", L, "iam:CreateVirtualMFADevice", "mfa/jane-2", "not-allowed"),
    Row("self-service", L, "iam:EnableMFADevice", "user/division/jane", "not-allowed", user="division/jane"),
    # SourceIp is there except through a VPC endpoint; a negated operator holds where it is not.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html
    Row("ip+admin", M, "s3:ListAllMyBuckets", "*", "allowed", source=IN),
    Row("ip+admin", M, "s3:ListAllMyBuckets", "*", "denied", source=OUT),
    Row("ip+admin", L, "s3:ListAllMyBuckets", "*", "allowed", source=IN),
    Row("ip+admin", L, "s3:ListAllMyBuckets", "*", "denied", source=OUT),
    Row("ip+admin", M, "s3:ListAllMyBuckets", "*", "allowed", source=IN6),
    Row("ip+admin", M, "s3:ListAllMyBuckets", "*", "denied", source=OUT6),
    Row("ip+admin", M, "s3:GetObject", "arn:aws:s3:::b/k", "allowed", source=OUT, via_service=True),
    Row("ip+admin", M, "s3:GetObject", "arn:aws:s3:::b/k", "allowed", source=IN, via_service=True),
    Row("ip+admin", M, "s3:GetObject", "arn:aws:s3:::b/k", "denied", source=ENDPOINT),
    Row("ip+admin", M, "s3:GetObject", "arn:aws:s3:::b/k", "allowed", source=ENDPOINT, via_service=True),
    Row("ip+admin", M, "s3:ListAllMyBuckets", "*", "denied", source="203.0.114.7"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress
    Row("from-office", L, "s3:ListAllMyBuckets", "*", "allowed", source=IN),
    Row("from-office", L, "s3:ListAllMyBuckets", "*", "allowed", source=IN6),
    Row("from-office", L, "s3:ListAllMyBuckets", "*", "not-allowed", source=OUT),
    Row("from-office", L, "s3:ListAllMyBuckets", "*", "not-allowed", source=ENDPOINT),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    Row("home", L, "s3:GetObject", "arn:aws:s3:::b/home/jane/file", "allowed"),
    Row("home", L, "s3:GetObject", "arn:aws:s3:::b/home/jane/file", "allowed", user="division/jane"),
    Row("home", L, "s3:GetObject", "arn:aws:s3:::b/home/jane/file", "not-allowed", user="janet"),
    Row("home", L, "s3:GetObject", "arn:aws:s3:::b/home/janet/file", "not-allowed"),
    Row("home", L, "s3:ListAllMyBuckets", "*", "not-allowed"),
    Row("home 2008", L, "s3:GetObject", "arn:aws:s3:::b/home/jane/file", "not-allowed"),
    Row("home 2008", L, "s3:GetObject", "arn:aws:s3:::b/home/${aws:username}/file", "allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    Row("accounting", L, "iam:GetUser", "user/accounting/bob", "allowed"),
    Row("accounting", L, "iam:GetUser", "user/accounting/deep/bob", "allowed"),
    Row("accounting", L, "iam:GetUser", "user/bob", "not-allowed"),
    Row("accounting", L, "iam:ListUsers", "*", "not-allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
    Row("no-iam", L, "s3:GetObject", "arn:aws:s3:::b/k", "allowed"),
    Row("no-iam", L, "iam:GetUser", "user/jane", "not-allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
    Row("hr-only", L, "s3:GetObject", "arn:aws:s3:::hr/k", "allowed"),
    Row("hr-only", L, "s3:GetObject", "arn:aws:s3:::payroll/k", "denied"),
    Row("hr-only", L, "ec2:RunInstances", "*", "allowed"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    Row("nothing", M, "s3:ListAllMyBuckets", "*", "not-allowed"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(map(str, row)))
def test_the_evaluator_agrees_with_the_documentation_of_aws(row: Row) -> None:
    path, _, name = f"/{row.user}".rpartition("/")
    user = Principal.user(name, path=f"{path}/")
    resource = row.resource
    if resource != "*" and not resource.startswith("arn:"):
        resource = f"arn:aws:iam::123456789012:{resource}"
    through_endpoint = row.source == ENDPOINT
    circumstances = Circumstances(row.signed, None if through_endpoint else row.source, via_service=row.via_service)
    context = context_of(user, circumstances, {"aws:SourceIp": ()} if through_endpoint else None)
    policies = [Policy(f"{row.policy} {number}", one) for number, one in enumerate(POLICIES[row.policy])]
    verdict = evaluate(policies, Request(row.action, resource, context))
    assert (verdict.outcome, verdict.unknown) == (row.outcome, ())
    assert (verdict.by is None) == (row.outcome == "not-allowed")


def test_the_table_has_no_request_twice() -> None:
    requests = [row._replace(outcome="") for row in ROWS]
    assert len({*requests}) == len(requests) >= 80
