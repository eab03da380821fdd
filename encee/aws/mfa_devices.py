"""List and change the MFA devices of an IAM user.

Since April 2023 a long-term key can enable and deactivate devices only while its user has none (security bulletin
AWS-2023-001); afterwards the caller needs a session with MFA.
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
"""How many devices a user can have at most, of any kind."""


def list_devices(client: "IAMClient", signer: Signer, user: str | None = None) -> list[Device]:
    """List the devices of a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html

    Args:
        user: The user's name; None for the caller's own devices.
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
        serial: The ARN of the device.
        seed: The secret that the codes are computed from, in base32.
    """

    serial: str
    seed: str = field(repr=False)


class MfaDevices:
    """The MFA devices of the caller."""

    def __init__(self, clients: Clients, signer: Signer) -> None:
        self._clients = clients
        self._signer = signer

    @property
    def profile(self) -> str:
        """The caller's profile."""
        return self._signer.profile

    @cached_property
    def _retrying_client(self) -> "IAMClient":
        return self._clients.iam(self._signer)

    @cached_property
    def _single_send_client(self) -> "IAMClient":
        """A client without retries: a repeated creation finds the name in use."""
        return self._clients.iam(self._signer, attempts=1)

    def list(self) -> list[Device]:
        """List the devices."""
        return list_devices(self._retrying_client, self._signer)

    def create(self, name: str) -> NewDevice:
        """Create a virtual device, which has no user until it is enabled.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html

        Raises:
            AlreadyExistsError: A device has this name, perhaps an abandoned one.
            LostAnswerError: The device may exist, and its seed is lost.
        """

        def send() -> NewDevice:
            device = self._single_send_client.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
            return NewDevice(device["SerialNumber"], device["Base32StringSeed"].decode())

        return retry_unsent(self._signer, send)

    def enable(self, serial: str, *, user: str, codes: tuple[str, str]) -> None:
        """Enable a device for a user, with two consecutive codes of it.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html

        Raises:
            WrongCodeError: AWS did not accept the codes.
            LostAnswerError: The device may be enabled.
        """
        first, second = codes
        retry_unsent(
            self._signer,
            lambda: self._single_send_client.enable_mfa_device(
                UserName=user, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
            ),
        )

    def resync(self, device: Device, codes: tuple[str, str]) -> None:
        """Resynchronize a device's clock with AWS, with two consecutive codes of it.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html

        Raises:
            WrongCodeError: AWS did not accept the codes.
        """
        first, second = codes
        retry_unsent(
            self._signer,
            lambda: self._single_send_client.resync_mfa_device(
                UserName=device.user,
                SerialNumber=device.serial,
                AuthenticationCode1=first,
                AuthenticationCode2=second,
            ),
        )

    def deactivate(self, device: Device) -> None:
        """Deactivate a device, so that it has no user.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html

        Raises:
            MissingError: The device does not belong to this user.
        """
        retry_unsent(
            self._signer,
            lambda: self._single_send_client.deactivate_mfa_device(UserName=device.user, SerialNumber=device.serial),
        )

    def delete(self, serial: str) -> None:
        """Delete a virtual device that is not enabled.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html

        Raises:
            MissingError: The device does not exist.
            InUseError: The device is enabled for a user.
        """
        delete_idempotently(
            self._signer, lambda: self._single_send_client.delete_virtual_mfa_device(SerialNumber=serial)
        )
