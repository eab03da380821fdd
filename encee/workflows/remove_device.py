"""Remove an MFA device at AWS and from the files."""

import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from encee.aws.errors import MissingError
from encee.aws.mfa_devices import MfaDevices
from encee.errors import AwsError, FileRefusedError, UsageError
from encee.model import Device
from encee.profiles.files import AwsFiles
from encee.profiles.identifiers import DEVICE_ARN
from encee.profiles.mfa_serial import forget_device
from encee.workflows.find_device import match_device


class Removal(NamedTuple):
    """The plan of a removal.

    Args:
        device: The device; None if an interrupted removal has deactivated it.
        is_last: Whether no other device of the user shows codes.
    """

    profile: str
    serial: str
    device: Device | None
    is_last: bool

    @property
    def is_virtual(self) -> bool:
        """Whether the device must also be deleted."""
        return DEVICE_ARN.fullmatch(self.serial) is not None


def plan_removal(devices: Sequence[Device], argument: str, profile: str, *, last_too: bool) -> Removal:
    """Find the device to remove.

    Args:
        argument: The device's serial number or name.
        last_too: Whether the device may be the user's last one that shows codes.
    """
    # An interrupted removal has deactivated the device, so that IAM does not list it: its ARN names it.
    is_enabled = argument in {device.serial for device in devices} or DEVICE_ARN.fullmatch(argument) is None
    device = match_device(devices, argument, profile) if is_enabled else None
    serial = device.serial if device else argument
    has_others = any(other.gives_codes for other in devices if other is not device)
    removal = Removal(profile, serial, device, is_last=device is not None and device.gives_codes and not has_others)
    if removal.is_last and not last_too:
        raise UsageError(
            f"{serial} is the last device of the user of {profile} that gives codes: without it the user gets no"
            " sessions, and anyone with the key can enroll a device of their own (--yes-last removes it all the same)",
            hint=f"encee device enroll {shlex.quote(profile)}",
        )
    return removal


def remove_device(
    removal: Removal,
    devices: MfaDevices,
    files: AwsFiles,
    warn: Callable[[str], None],
) -> list[Path]:
    """Deactivate a device, remove it from the files, and delete it.

    Args:
        devices: The user's devices; a session with MFA signs while there are any.
        warn: Called with a line if a file cannot be edited; the device is deactivated nevertheless.

    Raises:
        AwsError: AWS refused a request or could not be reached; the same command continues from there.
    """
    if removal.device is not None:
        with suppress(MissingError):
            devices.deactivate(removal.device)
    forgotten: list[Path] = []
    try:
        forgotten = forget_device(files, removal.profile, removal.serial)
    except FileRefusedError as error:
        warn(f"{removal.serial} is still saved for {removal.profile}: {error.message}")
    if not removal.is_virtual:
        return forgotten
    try:
        devices.delete(removal.serial)
    except MissingError:
        if removal.device is None:
            raise  # otherwise, a request whose answer was lost has deleted it
    except AwsError:
        warn(f"{removal.serial} is not deleted yet; the same command continues from there")
        raise
    return forgotten
