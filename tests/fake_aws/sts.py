"""GetSessionToken, AssumeRole and GetCallerIdentity, with the limits and the wording of AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_aws import permissions
from tests.fake_aws.account import Identity
from tests.fake_aws.messages import AwsError
from tests.fake_aws.shapes import check_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fake_aws.account import Account, Caller, Session

ROOT_LIMIT = CHAINED_LIMIT = 3600
# AWS sends the blank at the end.
WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
WRONG_SERIAL = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
HALF_AN_MFA = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
CHAINED_TOO_LONG = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
ROLE_TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def answer(account: Account, caller: Caller, action: str, params: Mapping[str, str]) -> Mapping[str, object] | None:
    """Return the result of a request, or None if moto answers the action; raise AwsError as AWS does."""
    if caller.session and action not in {"AssumeRole", "GetCallerIdentity"}:
        raise AwsError("AccessDenied", f"Cannot call {action} with session credentials", 403)
    if handler := HANDLERS.get(action):
        check_shape("sts", action, params)
        return handler(account, caller, params)
    return None


def get_caller_identity(account: Account, caller: Caller, _params: Mapping[str, str]) -> Mapping[str, object]:
    return {"Arn": caller.identity.arn, "UserId": caller.identity.user_id, "Account": account.id}


def get_session_token(account: Account, caller: Caller, params: Mapping[str, str]) -> Mapping[str, object]:
    mfa = check_mfa(account, caller, params)
    duration = int(params.get("DurationSeconds", 43200))
    if caller.identity.is_root:
        duration = min(duration, ROOT_LIMIT)  # not refused: the API's reference says that it "defaults to one hour"
    return {"Credentials": credentials(account.open_session(caller.identity, duration, mfa=mfa))}


def assume_role(account: Account, caller: Caller, params: Mapping[str, str]) -> Mapping[str, object]:
    arn, name = params["RoleArn"], params["RoleSessionName"]
    if caller.identity.is_root:
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    mfa = check_mfa(account, caller, params)
    role = next((role for role in account.iam.get_roles() if role.arn == arn), None)
    if not role:
        raise permissions.denied(caller, "sts:AssumeRole", f" on resource: {arn}")
    keys = {"sts:RoleSessionName": [name], "sts:ExternalId": [*filter(None, [params.get("ExternalId")])]}
    permissions.authorize_role(account, caller, arn, role.assume_role_policy_document, keys, mfa=mfa)
    duration = int(params.get("DurationSeconds", 3600))
    if caller.session and duration > CHAINED_LIMIT:
        raise AwsError("ValidationError", CHAINED_TOO_LONG)
    if duration > int(role.max_session_duration or 3600):
        raise AwsError("ValidationError", ROLE_TOO_LONG)
    assumed = Identity(
        f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/{name}", f"{role.id}:{name}"
    )
    session = account.open_session(assumed, duration, mfa=False)  # the session of a role has no MFA context
    return {
        "AssumedRoleUser": {"Arn": assumed.arn, "AssumedRoleId": assumed.user_id},
        "Credentials": credentials(session),
    }


HANDLERS: dict[str, Callable[[Account, Caller, Mapping[str, str]], Mapping[str, object]]] = {
    "AssumeRole": assume_role,
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
}


def check_mfa(account: Account, caller: Caller, params: Mapping[str, str]) -> bool:
    """Return whether serial number and code were given; raise AwsError unless both are correct. Use the code."""
    serial, code = params.get("SerialNumber"), params.get("TokenCode")
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise AwsError("AccessDenied", HALF_AN_MFA, 403)
    if not account.has_code_device(caller.identity.user_name, serial):
        raise AwsError("AccessDenied", WRONG_SERIAL, 403)
    if not account.spend_code(serial, code):
        raise AwsError("AccessDenied", WRONG_CODE, 403)
    return True


def credentials(session: Session) -> Mapping[str, object]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": f"{session.expiration:%Y-%m-%dT%H:%M:%SZ}",
    }
