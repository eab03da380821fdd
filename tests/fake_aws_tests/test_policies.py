"""With `enforce_policies`, the stand-in evaluates the policies of the caller and denies in the wording of AWS."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from encee.aws.policies.templates import build_policy
from tests.fake_aws_tests.clients import INVALID, Clients, Credentials, mfa, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_aws import FakeAws, FakeUser
    from tests.fake_aws_tests.clients import Command

NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ROOT = "arn:aws:iam::123456789012:root"


def policy(effect: str = "Allow", action: object = "*", resource: object = "*", **more: object) -> Mapping[str, object]:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(autouse=True)
def enforced(aws: FakeAws) -> None:
    aws.enforce_policies = True


def denial(action: str, on: str, end: str) -> tuple[str, str]:
    who = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform:"
    return "AccessDenied", f"{who} {action} on resource: {on} {end}"


DENIED = "with an explicit deny in an identity-based policy"


def missing(action: str) -> str:
    return f"because no identity-based policy allows the {action} action"


# ---- the real aws command


@pytest.mark.slow
def test_denies_the_aws_command_until_a_policy_allows_it(aws: FakeAws, user: FakeUser, command: Command) -> None:
    aws.create_bucket("reports")
    refused = command(user.access_key, "s3api", "list-buckets").stderr
    assert "(AccessDenied)" in refused
    assert refused.strip().endswith(
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    user.put_policy("buckets", policy(action="s3:ListAllMyBuckets"))
    assert json.loads(command(user.access_key, "s3api", "list-buckets").stdout)["Buckets"][0]["Name"] == "reports"


@pytest.mark.slow
def test_the_aws_command_works_with_mfa_required(aws: FakeAws, user: FakeUser, command: Command) -> None:
    device = user.create_device("phone")
    user.put_policy("work", policy())
    aws.create_group(
        "encee", aws.create_policy("encee-MFARequired", build_policy("mfa-required"), "/encee/"), users=[user]
    )
    refused = command(user.access_key, "iam", "list-access-keys").stderr
    assert refused.strip().endswith(
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: iam:ListAccessKeys on resource: "
        "user dev with an explicit deny in an identity-based policy"
    )
    assert json.loads(command(user.access_key, "sts", "get-caller-identity").stdout)["Arn"] == user.arn
    assert "VirtualMFADevices" in command(user.access_key, "iam", "list-virtual-mfa-devices").stdout
    answer = command(
        user.access_key,
        *("sts", "get-session-token", "--serial-number", device.serial, "--token-code", device.next_code()),
    )
    session = Credentials.of(json.loads(answer.stdout)["Credentials"])
    assert "AccessKeyMetadata" in command(session, "iam", "list-access-keys").stdout


# ---- whose policies


def test_evaluates_no_policy_by_default(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    assert refusal(iam.list_users)[0] == "AccessDenied"
    aws.enforce_policies = False
    iam.list_users()
    aws.enforce_policies = True
    aws.reset()
    assert not aws.enforce_policies


def test_evaluates_inline_attached_and_group_policies(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam, root = clients.iam(user.access_key), clients.iam(aws.root_key())
    user.put_policy("inline", policy(action="iam:ListUsers"))
    iam.list_users()
    user.attach_policy(aws.create_policy("attached", policy(action="iam:ListGroups")))
    iam.list_groups()
    aws.create_group("readers", aws.create_policy("grouped", policy(action="iam:ListRoles")), users=[user])
    iam.list_roles()
    root.put_group_policy(
        GroupName="readers", PolicyName="inline", PolicyDocument=json.dumps(policy(action="iam:ListPolicies"))
    )
    iam.list_policies(Scope="Local")
    root.remove_user_from_group(GroupName="readers", UserName="dev")
    assert refusal(iam.list_roles)[1].endswith(missing("iam:ListRoles"))


def test_evaluates_the_default_version_of_a_managed_policy(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    arn = aws.create_policy("managed", policy(action="iam:ListUsers"))
    user.attach_policy(arn)
    clients.iam(aws.root_key()).create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(policy(action="iam:ListRoles")), SetAsDefault=True
    )
    clients.iam(user.access_key).list_roles()
    assert refusal(clients.iam(user.access_key).list_users)[0] == "AccessDenied"


def test_no_policy_limits_the_root_user(aws: FakeAws, clients: Clients) -> None:
    assert clients.iam(aws.root_key()).list_users()["Users"] == []


@pytest.mark.slow
def test_a_session_has_the_policies_of_its_user_and_a_role_its_own(
    aws: FakeAws, user: FakeUser, clients: Clients
) -> None:
    aws.create_bucket("reports")
    role = aws.create_role("reader", {"Statement": _trust({"AWS": user.arn})})
    session = clients.login(user)
    assert refusal(clients.s3(session).list_buckets)[0] == "AccessDenied"
    user.put_policy("work", policy(action=["s3:*", "sts:*"]))
    clients.s3(session).list_buckets()
    answer = clients.sts(session).assume_role(RoleArn=role, RoleSessionName="test")
    s3 = clients.s3(Credentials.of(answer["Credentials"]))
    assert refusal(s3.list_buckets)[1] == (
        "User: arn:aws:sts::123456789012:assumed-role/reader/test is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    clients.iam(aws.root_key()).put_role_policy(
        RoleName="reader", PolicyName="read", PolicyDocument=json.dumps(policy(action="s3:List*"))
    )
    s3.list_buckets()


@pytest.mark.slow
def test_get_session_token_and_get_caller_identity_need_no_policy(user: FakeUser, clients: Clients) -> None:
    user.put_policy("nothing", policy("Deny"))
    session = clients.login(user)
    assert clients.sts(session).get_caller_identity()["Arn"] == user.arn


# ---- resources


@pytest.mark.slow
def test_denials_contain_the_same_names_as_those_of_aws(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    jane = aws.create_user("jane", "/division/")
    aws.create_group("admins", path="/encee/")
    arn = "arn:aws:iam::123456789012:"
    managed = aws.create_policy("some", policy())
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("ListUsers", {}, f"{arn}user/"),
        ("ListVirtualMFADevices", {}, f"{arn}mfa/"),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "dev"}, f"{arn}mfa/dev"),
        ("DeleteVirtualMFADevice", {"SerialNumber": f"{arn}mfa/dev"}, f"{arn}mfa/dev"),
        ("DeactivateMFADevice", {"UserName": "dev", "SerialNumber": f"{arn}mfa/dev"}, "user dev"),
        ("ListMFADevices", {}, "user dev"),
        ("ListAccessKeys", {"UserName": "jane"}, "user jane"),
        ("GetAccessKeyLastUsed", {"AccessKeyId": jane.access_key.id}, "user jane"),
        ("ChangePassword", {"OldPassword": "a", "NewPassword": "b"}, "user dev"),
        ("CreateUser", {"UserName": "bob", "Path": "/x/"}, f"{arn}user/x/bob"),
        ("AddUserToGroup", {"GroupName": "admins", "UserName": "dev"}, "group admins"),
        ("GetRole", {"RoleName": "none"}, "role none"),
        ("GetPolicy", {"PolicyArn": managed}, f"policy {managed}"),
        ("AttachUserPolicy", {"UserName": "dev", "PolicyArn": managed}, "user dev"),
        ("CreatePolicy", {"PolicyName": "new", "PolicyDocument": "{}"}, f"{arn}policy/new"),
        ("GetAccountSummary", {}, "*"),
    ]
    for action, parameters, on in calls:
        code, message = refusal(iam._make_api_call, operation_name=action, api_params=parameters)  # type: ignore[attr-defined]  # one loop for all calls
        assert (code, message) == denial(f"iam:{action}", on, missing(f"iam:{action}"))


def test_applies_a_policy_to_the_path_of_a_user(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.create_user("jane", "/division/")
    user.put_policy("division", policy(resource="arn:aws:iam::*:user/division/*"))
    iam = clients.iam(user.access_key)
    iam.list_access_keys(UserName="jane")
    assert refusal(iam.list_access_keys, UserName="dev")[0] == "AccessDenied"
    assert refusal(iam.list_access_keys, UserName="absent")[0] == "AccessDenied"


@pytest.mark.slow
def test_identifies_objects_by_their_arn(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.create_bucket("reports")
    user.put_policy("own", policy(action="s3:*Object", resource="arn:aws:s3:::reports/${aws:username}/*"))
    s3 = clients.s3(user.access_key)
    s3.put_object(Bucket="reports", Key="dev/a b", Body=b"x")
    assert s3.get_object(Bucket="reports", Key="dev/a b")["Body"].read() == b"x"
    assert refusal(s3.put_object, Bucket="reports", Key="jane/a", Body=b"x") == (
        denial("s3:PutObject", '"arn:aws:s3:::reports/jane/a"', missing("s3:PutObject"))
    )
    assert refusal(s3.list_objects_v2, Bucket="reports")[1].endswith(missing("s3:ListBucket"))


# ---- condition keys


def test_only_a_session_with_mfa_has_the_mfa_context(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    user.put_policy("work", policy())
    user.put_policy("mfa", policy("Deny", "s3:*", Condition=NO_MFA))
    for key in (user.access_key, clients.login(user)):
        assert DENIED in refusal(clients.s3(key).list_buckets)[1]
    clients.s3(clients.login(user, **mfa(device))).list_buckets()


def test_the_naive_deny_allows_the_long_term_key(user: FakeUser, clients: Clients) -> None:
    user.put_policy("work", policy())
    user.put_policy("mfa", policy("Deny", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))
    clients.s3(user.access_key).list_buckets()
    assert refusal(clients.s3(clients.login(user)).list_buckets)[0] == "AccessDenied"
    assert refusal(clients.iam(clients.login(user)).list_users) == INVALID


def test_the_mfa_of_a_session_has_an_age(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    user.put_policy("work", policy(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "600"}}))
    session = clients.login(user, **mfa(device))
    clients.s3(session).list_buckets()
    aws.clock_offset = timedelta(minutes=11)
    assert refusal(clients.s3(session).list_buckets)[0] == "AccessDenied"


def test_the_source_address_can_be_set(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    user.put_policy("work", policy())
    user.put_policy("office", build_policy("ip-restriction", allow_cidrs=["203.0.113.0/24", "2001:db8::/32"]))
    s3 = clients.s3(user.access_key)
    for address, allowed in (
        ("203.0.113.9", True),
        ("198.51.100.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        (None, False),  # a VPC endpoint
    ):
        aws.source_ip = address
        if allowed:
            s3.list_buckets()
        else:
            assert DENIED in refusal(s3.list_buckets)[1]
    clients.login(user)  # from anywhere


@pytest.mark.slow
def test_sessions_before_a_time_can_be_revoked(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    user.put_policy("work", policy())
    old = clients.login(user, **mfa(device))
    moment = f"{aws.now() + timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}"
    user.put_policy("revoked", policy("Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}}))
    assert DENIED in refusal(clients.s3(old).list_buckets)[1]
    clients.s3(user.access_key).list_buckets()  # no session, so no time of issue
    aws.clock_offset = timedelta(seconds=61)
    clients.s3(clients.login(user, **mfa(device))).list_buckets()
    assert DENIED in refusal(clients.s3(old).list_buckets)[1]


def test_a_policy_that_the_evaluator_cannot_evaluate_is_an_error(user: FakeUser, clients: Clients) -> None:
    user.put_policy("odd", policy(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    code, message = refusal(clients.iam(user.access_key).list_users)
    assert code == "InternalFailure"
    assert "aws:requestedregion" in message


# ---- roles


def _trust(principal: object, **more: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


@pytest.mark.slow
def test_a_role_that_trusts_the_account_needs_the_users_policy_too(
    aws: FakeAws, user: FakeUser, clients: Clients
) -> None:
    role = aws.create_role("reader", {"Statement": _trust({"AWS": ROOT})})
    wanted: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "test"}
    sts = clients.sts(user.access_key)
    bare = f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert refusal(sts.assume_role, **wanted) == ("AccessDenied", bare)
    user.put_policy("roles", policy(action="sts:AssumeRole", resource=role))
    sts.assume_role(**wanted)
    user.put_policy("mfa", build_policy("force-mfa"))
    assert refusal(sts.assume_role, **wanted) == ("AccessDenied", f"{bare} {DENIED}")
    assert refusal(clients.sts(clients.login(user)).assume_role, **wanted)[0] == "AccessDenied"
    device = user.create_device("phone")
    clients.sts(clients.login(user, **mfa(device))).assume_role(**wanted)
    sts.assume_role(**wanted, **mfa(device))


def test_a_permissions_boundary_limits_a_role(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    role = aws.create_role("reader", {"Statement": _trust({"AWS": user.arn})})
    root = clients.iam(aws.root_key())
    root.put_role_policy(RoleName="reader", PolicyName="all", PolicyDocument=json.dumps(policy()))
    answer = clients.sts(user.access_key).assume_role(RoleArn=role, RoleSessionName="test")
    iam = clients.iam(Credentials.of(answer["Credentials"]))
    boundary = aws.create_policy("boundary", policy(action="iam:List*"))
    root.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=boundary)
    iam.list_users()
    code, message = refusal(iam.get_role, RoleName="reader")
    assert code == "AccessDenied"
    assert message.endswith("because no permissions boundary allows the iam:GetRole action")
