"""The requests of IAM about MFA devices: two consecutive codes, eight devices for each user, permissions.

moto takes any codes and unknown serial numbers, answers ResyncMFADevice and GetMFADevice with 500, and gives random
bytes for a picture. Its state is kept, so that whatever else it answers fits.
"""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

import segno

from tests.fake_aws.messages import AwsError
from tests.fake_aws.shapes import check_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.iam.models import User

    from tests.fake_aws.account import Account, Caller

MAX_DEVICES = 8
WRONG_CODES = "Authentication code for device is not valid."
TAKEN = "MFADevice entity at the same path and name already exists."
IN_USE = "MFA VirtualDevice in use. Must deactivate first."
NOT_THE_USERS = "MFA Device invalid for user."

Tree = dict[str, object]


def answer(account: Account, caller: Caller, action: str, params: Mapping[str, str]) -> Tree | None:
    """Return the result of a request about devices, or None if moto answers the action; raise AwsError as AWS does.

    `params` includes the user name of the caller if the request has none, as in AWS.
    """
    if handler := HANDLERS.get(action):
        check_shape("iam", action, params)
        return handler(account, caller, params)
    return None


def create_virtual_mfa_device(account: Account, _caller: Caller, params: Mapping[str, str]) -> Tree:
    name, path = params["VirtualMFADeviceName"], params.get("Path", "/")
    if f"arn:{account.partition}:iam::{account.id}:mfa{path}{name}" in account.iam.virtual_mfa_devices:
        raise AwsError("EntityAlreadyExists", TAKEN, 409)
    device = account.iam.create_virtual_mfa_device(name, path)
    seed = device.base32_string_seed
    return {
        "VirtualMFADevice": {
            "SerialNumber": device.serial_number,
            "Base32StringSeed": b64encode(seed.encode()).decode(),
            "QRCodePNG": b64encode(_picture(f"otpauth://totp/{name}@{account.id}?secret={seed}")).decode(),
        }
    }


def enable_mfa_device(account: Account, caller: Caller, params: Mapping[str, str]) -> Tree:
    _refuse_key_alone(account, caller)
    user, serial = _user(account, params), params["SerialNumber"]
    if account.seed(serial) is None:
        raise _unknown(serial)
    if any(serial in other.mfa_devices for other in account.iam.users.values()):
        raise AwsError("EntityAlreadyExists", f"MFA Device {serial} is already in use.", 409)  # not the wording of AWS
    if len(user.mfa_devices) >= MAX_DEVICES:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for MFADevicesPerUser: {MAX_DEVICES}", 409)
    _synchronize(account, params)
    account.iam.enable_mfa_device(user.name, serial, "", "")
    return {}


def resync_mfa_device(account: Account, _caller: Caller, params: Mapping[str, str]) -> Tree:
    user, serial = _user(account, params), params["SerialNumber"]
    if not account.has_code_device(user.name, serial):
        raise AwsError("NoSuchEntity", NOT_THE_USERS, 404)
    _synchronize(account, params)
    return {}


def deactivate_mfa_device(account: Account, caller: Caller, params: Mapping[str, str]) -> Tree:
    _refuse_key_alone(account, caller)
    user, serial = _user(account, params), params["SerialNumber"]
    if serial not in user.mfa_devices:
        raise AwsError("NoSuchEntity", NOT_THE_USERS, 404)
    account.iam.deactivate_mfa_device(user.name, serial)
    return {}


def delete_virtual_mfa_device(account: Account, _caller: Caller, params: Mapping[str, str]) -> Tree:
    serial = params["SerialNumber"]
    device = account.iam.virtual_mfa_devices.get(serial)
    if device is None:
        raise _unknown(serial)
    if device.user is not None:
        raise AwsError("DeleteConflict", IN_USE, 409)
    account.iam.delete_virtual_mfa_device(serial)
    account.forget_codes(serial)
    return {}


def get_mfa_device(account: Account, _caller: Caller, params: Mapping[str, str]) -> Tree:
    user, serial = _user(account, params), params["SerialNumber"]
    if serial not in user.mfa_devices:
        raise AwsError("NoSuchEntity", NOT_THE_USERS, 404)
    return _described(user, serial)


def list_mfa_devices(account: Account, _caller: Caller, params: Mapping[str, str]) -> Tree:
    user = _user(account, params)
    return {"MFADevices": [_described(user, serial) for serial in user.mfa_devices], "IsTruncated": "false"}


HANDLERS: dict[str, Callable[[Account, Caller, Mapping[str, str]], Tree]] = {
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "DeactivateMFADevice": deactivate_mfa_device,
    "DeleteVirtualMFADevice": delete_virtual_mfa_device,
    "EnableMFADevice": enable_mfa_device,
    "GetMFADevice": get_mfa_device,
    "ListMFADevices": list_mfa_devices,
    "ResyncMFADevice": resync_mfa_device,
}


def _refuse_key_alone(account: Account, caller: Caller) -> None:
    """Refuse a long-term key whose user has a device already: AWS's rule of 2023 (AWS-2023-001).

    The bulletin does not quote the response of AWS; only its code, AccessDenied, is certain.
    """
    user = account.iam.users.get(caller.identity.user_name or "")
    if caller.session is None and user is not None and user.mfa_devices:
        message = f"User: {user.arn} has an MFA device and must use MFA to manage MFA devices"
        raise AwsError("AccessDenied", message, 403)


def _synchronize(account: Account, params: Mapping[str, str]) -> None:
    codes = params["AuthenticationCode1"], params["AuthenticationCode2"]
    if not account.synchronize(params["SerialNumber"], *codes):
        raise AwsError("InvalidAuthenticationCode", WRONG_CODES, 403)


def _user(account: Account, params: Mapping[str, str]) -> User:
    name = params.get("UserName", "")
    if name not in account.iam.users:
        raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
    return account.iam.users[name]


def _unknown(serial: str) -> AwsError:
    return AwsError("NoSuchEntity", f"VirtualMFADevice with serial number {serial} doesn't exist.", 404)


def _described(user: User, serial: str) -> Tree:
    enabled = user.mfa_devices[serial].enable_date
    return {"UserName": user.name, "SerialNumber": serial, "EnableDate": f"{enabled:%Y-%m-%dT%H:%M:%SZ}"}


def _picture(text: str) -> bytes:
    png = BytesIO()
    segno.make(text, micro=False).save(png, kind="png", scale=4)
    return png.getvalue()
