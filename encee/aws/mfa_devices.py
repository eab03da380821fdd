"""MFA devices of an IAM user.

Since April 2023 a long-term key enables or disables a device only while its user has none (security bulletin
AWS-2023-001); afterwards the signer has to be a session with MFA.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from encee.aws.clients import Clients
from encee.aws.errors import translate_errors
from encee.aws.retries import delete_idempotently, retry_unsent
from encee.aws.signer import Signer
from encee.model import Device

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

MAX_DEVICES = 8
"""How many devices a user can have, of any kind."""


def list_devices(client: "IAMClient", signer: Signer, user: str | None = None) -> list[Device]:
    """The devices of a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html

    Args:
        client: From `encee.aws.clients.Clients.iam`.
        signer: Whose request it is.
        user: The user's name; None for the one who signs.

    Raises:
        AwsError: AWS refused, as many policies make it do before MFA, or could not be reached.
    """
    with translate_errors(signer):
        paginator = client.get_paginator("list_mfa_devices")
        pages = paginator.paginate() if user is None else paginator.paginate(UserName=user)
        return [
            Device(device["SerialNumber"], device["UserName"], device["EnableDate"])
            for page in pages
            for device in page["MFADevices"]
        ]


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A virtual MFA device that is not enabled yet.

    Args:
        serial: Its ARN.
        seed: What it makes its codes from, in base32: whoever has it has the device.
    """

    serial: str
    seed: str = field(repr=False)


class MfaDevices:
    """The devices of the user whose credentials sign.

    Args:
        clients: Makes the clients of IAM.
        signer: Who signs.
    """

    def __init__(self, clients: Clients, signer: Signer) -> None:
        self._clients = clients
        self._signer = signer

    @property
    def profile(self) -> str:
        """The profile that signs."""
        return self._signer.profile

    @cached_property
    def _reading(self) -> "IAMClient":
        return self._clients.iam(self._signer)

    @cached_property
    def _writing(self) -> "IAMClient":
        """A client that repeats nothing: the second of two CreateVirtualMFADevice would find the name taken."""
        return self._clients.iam(self._signer, attempts=1)

    def list(self) -> list[Device]:
        """All of them.

        Raises:
            AwsError: AWS refused, as many policies make it do before MFA, or could not be reached.
        """
        return list_devices(self._reading, self._signer)

    def create(self, name: str) -> NewDevice:
        """Make a virtual device, which is nobody's until it is enabled.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html

        Raises:
            AlreadyExistsError: There is a device of that name, perhaps an abandoned one.
            LostAnswerError: It may have been made, and its seed is lost.
            AwsError: AWS refused, or could not be reached.
        """

        def send() -> NewDevice:
            made = self._writing.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
            return NewDevice(made["SerialNumber"], made["Base32StringSeed"].decode())

        return retry_unsent(self._signer, send)

    def enable(self, serial: str, *, user: str, codes: tuple[str, str]) -> None:
        """Give a device to a user, who shows with two consecutive codes that it is there.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html

        Raises:
            WrongCodeError: AWS did not accept the codes.
            LostAnswerError: The device may be enabled.
            AwsError: AWS refused, or could not be reached.
        """
        first, second = codes
        retry_unsent(
            self._signer,
            lambda: self._writing.enable_mfa_device(
                UserName=user, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
            ),
        )

    def resync(self, device: Device, codes: tuple[str, str]) -> None:
        """Let AWS find out, from two consecutive codes, how far a device's clock is off.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html

        Raises:
            WrongCodeError: AWS did not accept the codes.
            AwsError: AWS refused, or could not be reached.
        """
        first, second = codes
        retry_unsent(
            self._signer,
            lambda: self._writing.resync_mfa_device(
                UserName=device.user,
                SerialNumber=device.serial,
                AuthenticationCode1=first,
                AuthenticationCode2=second,
            ),
        )

    def deactivate(self, device: Device) -> None:
        """Take a device from its user.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html

        Raises:
            MissingError: It is not this user's.
            AwsError: AWS refused, or could not be reached.
        """
        retry_unsent(
            self._signer,
            lambda: self._writing.deactivate_mfa_device(UserName=device.user, SerialNumber=device.serial),
        )

    def delete(self, serial: str) -> None:
        """Delete a virtual device that nobody uses.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html

        Raises:
            MissingError: There is none.
            InUseError: It is enabled for somebody.
            AwsError: AWS refused, or could not be reached.
        """
        delete_idempotently(self._signer, lambda: self._writing.delete_virtual_mfa_device(SerialNumber=serial))
