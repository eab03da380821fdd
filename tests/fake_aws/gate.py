"""Authenticate and authorize each request, and answer it or pass it to moto.

moto accepts any key, signature and token; this module verifies them. `sts` answers STS, `devices` the requests about
MFA devices, `access_keys` CreateAccessKey, and moto the rest of IAM and S3, if the policies allow it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Response

from tests.fake_aws import access_keys, devices, listing, permissions, resources, sts
from tests.fake_aws.messages import AwsError, invalid_token, result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.core.request import Request

    from tests.fake_aws.account import Account, Caller
    from tests.fake_aws.sigv4 import Signature

_moto = DomainDispatcherApplication(create_backend_app)


def answer(
    account: Account, request: Request, signature: Signature | None, action: str, params: Mapping[str, str]
) -> Response:
    """What AWS answers; AwsError where it refuses."""
    if signature is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    caller = _authenticate(account, request, signature)
    match signature.service:
        case "sts" if (tree := sts.answer(account, caller, action, params)) is not None:
            return result("sts", action, tree)
        case "iam":
            implied = _implied(caller, action, params)
            known = {**params, **implied}
            _authorize(account, caller, action, known)
            if (tree := devices.answer(account, caller, action, known)) is not None:
                return result("iam", action, tree)
            if (tree := access_keys.answer(account, action, known)) is not None:
                return result("iam", action, tree)
            if (tree := listing.answer(account, action, params)) is not None:
                return result("iam", action, tree)
            return _ask_moto(request, implied)
        case "s3":
            permissions.authorize(account, caller, *resources.of_s3(account, action, request.path))
        case service:
            permissions.authorize(account, caller, f"{service}:{action}", resources.EVERYTHING)
    return _ask_moto(request, {})


def _authenticate(account: Account, request: Request, signature: Signature) -> Caller:
    caller = account.caller(signature.access_key_id, signature.token, signature.region)
    signature.check_clock(account.now())
    signature.check_secret(caller.secret, request)
    if caller.session and caller.session.expiration <= account.now():
        raise AwsError("ExpiredToken", "The security token included in the request is expired", 403)
    account.note_use(signature.access_key_id, signature.service, signature.region)
    return caller


def _authorize(account: Account, caller: Caller, action: str, params: Mapping[str, str]) -> None:
    """What IAM refuses: sessions without MFA, a user whom a test forbids it, and what the policies do not allow."""
    identity = caller.identity
    if caller.session and not caller.session.mfa and not identity.is_role:
        raise invalid_token()
    if action == "ListMFADevices" and identity.user_name in account.forbidden_to_list_devices:
        message = (
            f"User: {identity.arn} is not authorized to perform: iam:{action} on resource: "
            f"user {identity.user_name} because no identity-based policy allows the iam:{action} action"
        )
        raise AwsError("AccessDenied", message, 403)
    keys = {"iam:PolicyARN": params["PolicyArn"]} if "PolicyArn" in params else {}
    permissions.authorize(account, caller, f"iam:{action}", resources.of_iam(account, caller, action, params), keys)


def _implied(caller: Caller, action: str, params: Mapping[str, str]) -> Mapping[str, str]:
    """The user name that AWS takes from the caller where a request leaves it out."""
    model = get_service_model("iam")
    shape = model.operation_model(action).input_shape if action in model.operation_names else None
    if not shape or "UserName" not in shape.members or "UserName" in {*params, *shape.required_members}:
        return {}
    if caller.identity.is_role:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return {"UserName": caller.identity.user_name} if caller.identity.user_name else {}


def _ask_moto(request: Request, more: Mapping[str, str]) -> Response:
    body = request.get_data()
    if more:
        body += b"&" + urlencode(more).encode()
    environ = {**request.environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    try:
        return Response.from_app(_moto, environ, buffered=True)
    except NotImplementedError as error:
        raise AwsError("InternalFailure", f"the stand-in cannot do this: {error}", 500) from error
