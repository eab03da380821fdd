"""What IAM lists of a whole account: GetAccountAuthorizationDetails, a page at a time, and the credential report."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from moto.iam.models import Group, ManagedPolicy, User

    from tests.fake_aws.account import Account

REMADE_AFTER = timedelta(hours=4)
REPORT_HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)


def answer(account: Account, action: str, params: Mapping[str, str]) -> Mapping[str, object] | None:
    """Return the result of a request; None for an action of another module."""
    handler = HANDLERS.get(action)
    return handler(account, params) if handler else None


def get_account_authorization_details(account: Account, params: Mapping[str, str]) -> Mapping[str, object]:
    wanted = {value for name, value in params.items() if name.startswith("Filter.")}
    unknown = wanted - {"User", "Group", "LocalManagedPolicy"}
    if unknown or not wanted:
        raise NotImplementedError(f"the stand-in lists no {', '.join(unknown) or 'roles and policies of AWS'}")
    iam = account.iam
    local = [policy for policy in iam.managed_policies.values() if policy.arn.split(":")[4] == account.id]
    details: list[tuple[str, Callable[[], Mapping[str, object]]]] = []
    if "User" in wanted:
        member_of: dict[str, list[str]] = {}
        for group in iam.groups.values():
            for user in group.users:
                member_of.setdefault(user.name, []).append(group.name)
        details += [
            ("UserDetailList", partial(_user, user, member_of.get(user.name, []))) for user in iam.users.values()
        ]
    if "Group" in wanted:
        details += [("GroupDetailList", partial(_group, group)) for group in iam.groups.values()]
    if "LocalManagedPolicy" in wanted:
        details += [("Policies", partial(_policy, policy)) for policy in local]
    start, size = int(params.get("Marker", "0")), int(params.get("MaxItems", "100"))
    page: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for kind, detail in details[start : start + size]:
        page[kind].append(detail())
    if start + size < len(details):
        return {**page, "IsTruncated": "true", "Marker": start + size}
    return {**page, "IsTruncated": "false"}


def _user(user: User, groups: list[str]) -> Mapping[str, object]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": f"{user.create_date:%Y-%m-%dT%H:%M:%SZ}",
        "UserPolicyList": _inline(user.policies),
        "GroupList": groups,
        "AttachedManagedPolicies": _attached(user.managed_policies),
    }


def _group(group: Group) -> Mapping[str, object]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": f"{group.create_date:%Y-%m-%dT%H:%M:%SZ}",
        "GroupPolicyList": _inline(group.policies),
        "AttachedManagedPolicies": _attached(group.managed_policies),
    }


def _policy(policy: ManagedPolicy) -> Mapping[str, object]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "IsAttachable": "true",
        "CreateDate": f"{policy.create_date:%Y-%m-%dT%H:%M:%SZ}",
        "UpdateDate": f"{policy.update_date:%Y-%m-%dT%H:%M:%SZ}",
        "PolicyVersionList": [
            {
                "Document": quote(version.document),
                "VersionId": version.version_id,
                "IsDefaultVersion": str(version.version_id == policy.default_version_id).lower(),
                "CreateDate": f"{version.create_date:%Y-%m-%dT%H:%M:%S.%fZ}",
            }
            for version in policy.versions
        ],
    }


def _inline(policies: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": quote(text if isinstance(text, str) else json.dumps(text))}
        for name, text in policies.items()
    ]


def _attached(policies: Mapping[str, ManagedPolicy]) -> list[Mapping[str, str]]:
    return [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in policies.values()]


def generate_credential_report(account: Account, _params: Mapping[str, str]) -> Mapping[str, object]:
    """Made anew, from what is there now, where there is none or it is four hours old; ready at the second question."""
    if account.report is None or account.now() - account.report[0] > REMADE_AFTER:
        account.report = (account.now(), "\n".join(_report(account)))
        return {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    return {"State": "COMPLETE"}


def get_credential_report(account: Account, _params: Mapping[str, str]) -> Mapping[str, object]:
    if account.report is None:
        raise AwsError("ReportNotPresent", "No report exists", 410)
    made, text = account.report
    return {
        "Content": base64.b64encode(text.encode()).decode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": f"{made:%Y-%m-%dT%H:%M:%SZ}",
    }


def _report(account: Account) -> Iterator[str]:
    yield REPORT_HEADER
    root_keys = [account.iam.access_keys[key_id] for key_id in account.root_keys]
    cells = ["<root_account>", account.root_arn, "2015-01-01T00:00:00+00:00", "not_supported", "no_information"]
    cells += ["not_supported", "not_supported", "true"]
    for number in (0, 1):
        key = root_keys[number] if number < len(root_keys) else None
        since = f"{key.create_date:%Y-%m-%dT%H:%M:%S+00:00}" if key else "N/A"
        cells += [str(key is not None and key.status == "Active").lower(), since, "N/A", "N/A", "N/A"]
    yield ",".join([*cells, "false", "N/A", "false", "N/A"])
    for user in account.iam.users.values():
        yield user.to_csv().strip()


HANDLERS: dict[str, Callable[[Account, Mapping[str, str]], Mapping[str, object]]] = {
    "GenerateCredentialReport": generate_credential_report,
    "GetAccountAuthorizationDetails": get_account_authorization_details,
    "GetCredentialReport": get_credential_report,
}
