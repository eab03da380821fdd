"""Removing an MFA device: at AWS, and from the files."""

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
    """What is to be removed.

    Args:
        profile: Whose user has it.
        serial: Its serial number.
        device: The device, or None where a removal that failed halfway has disabled it already.
        is_last: Whether no other device of the user gives codes.
    """

    profile: str
    serial: str
    device: Device | None
    is_last: bool

    @property
    def is_virtual(self) -> bool:
        """Whether it has to be deleted, too."""
        return DEVICE_ARN.fullmatch(self.serial) is not None


def plan_removal(devices: Sequence[Device], word: str, profile: str, *, last_too: bool) -> Removal:
    """What there is to remove.

    Args:
        devices: All devices of the user.
        word: The serial number or the name of the one to remove.
        profile: A long-term profile of the user's.
        last_too: Whether it may be the last one that gives codes.

    Raises:
        UsageError: There is no such device, or it is the last one.
    """
    name = shlex.quote(profile)
    # A removal that failed halfway has disabled the device, so that IAM does not list it: its ARN names it.
    is_enabled = word in {one.serial for one in devices} or DEVICE_ARN.fullmatch(word) is None
    device = match_device(devices, word, profile) if is_enabled else None
    serial = device.serial if device else word
    others = any(one.gives_codes for one in devices if one is not device)
    removal = Removal(profile, serial, device, is_last=device is not None and device.gives_codes and not others)
    if removal.is_last and not last_too:
        raise UsageError(
            f"{serial} is the last device of the user of {profile} that gives codes: without it the user gets no"
            " sessions, and anyone with the key can enrol a device of their own (--yes-last removes it all the same)",
            hint=f"enroll another device first: encee device enroll {name}",
        )
    return removal


def remove_device(
    removal: Removal,
    at_aws: MfaDevices,
    files: AwsFiles,
    warn: Callable[[str], None],
) -> list[Path]:
    """Disable a device, take it out of the profile, and delete it; what was done by an earlier run is passed over.

    Args:
        removal: From `plan_removal`.
        at_aws: The user's devices; a session with MFA signs, while there is one.
        files: The two files.
        warn: Called with one line where a file cannot be edited; the device is disabled then nevertheless.

    Returns:
        The files that had the device.

    Raises:
        AwsError: AWS refused, or could not be reached; the same command continues from there.
    """
    if removal.device is not None:
        with suppress(MissingError):
            at_aws.deactivate(removal.device)
    forgotten: list[Path] = []
    try:
        forgotten = forget_device(files, removal.profile, removal.serial)
    except FileRefusedError as error:
        warn(f"{removal.serial} is still saved for {removal.profile}: {error.message}")
    if not removal.is_virtual:
        return forgotten
    try:
        at_aws.delete(removal.serial)
    except MissingError:
        if removal.device is None:
            raise  # else it was deleted by a request whose answer was lost
    except AwsError:
        warn(f"{removal.serial} is not deleted yet; the same command continues from there")
        raise
    return forgotten
