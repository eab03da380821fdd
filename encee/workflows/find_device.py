"""Find a user's MFA device at AWS when no setting names it."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from encee.aws.clients import Clients
from encee.aws.errors import UnusableCredentialsError
from encee.aws.mfa_devices import MfaDevices
from encee.aws.signer import Signer
from encee.errors import AwsError, UsageError
from encee.model import Device
from encee.profiles.identifiers import require_serial


class Chooser(Protocol):
    """The user at the terminal."""

    def choose_device(self, profile: str, devices: Sequence[Device]) -> Device:
        """Prompt for one of several devices."""

    def prompt_serial(self, profile: str) -> str:
        """Prompt for a serial number."""


def find_device(
    clients: Clients, signer: Signer, chooser: Chooser | None, naming: Sequence[str], *, may_ask_serial: bool = True
) -> str:
    """Return the serial number of a device of the caller that shows codes.

    Args:
        chooser: The user; None without a terminal.
        naming: The start of a command line to which a serial number can be added; for hints.
        may_ask_serial: Whether to prompt for the serial number if IAM does not list the devices.
    """
    profile = signer.profile
    try:
        devices = MfaDevices(clients, signer).list()
    except UnusableCredentialsError:
        raise
    except AwsError as error:
        if chooser is None or not may_ask_serial:
            raise UsageError(
                f"no MFA device is known for {profile}, and IAM does not list the devices: {error.message}",
                hint=_naming_hint(naming, "arn:aws:iam::123456789012:mfa/DEVICE"),
            ) from error
        return require_serial(chooser.prompt_serial(profile))
    return choose_device(devices, profile, chooser, naming).serial


def find_named_device(clients: Clients, signer: Signer, name: str, naming: Sequence[str]) -> str:
    """Return the serial number of the caller's device with a name.

    Args:
        name: The last part of an ARN, or a serial number that looks like it.
    """
    try:
        devices = MfaDevices(clients, signer).list()
    except UnusableCredentialsError:
        raise
    except AwsError as error:
        with suppress(UsageError):
            return require_serial(name)  # the serial number of a hardware token looks like a name
        raise UsageError(
            f"the ARN of the device {name} of {signer.profile} is unknown, and IAM does not list the devices:"
            f" {error.message}",
            hint=_naming_hint(naming, "arn:aws:iam::123456789012:mfa/DEVICE"),
        ) from error
    return require_serial(match_device(devices, name, signer.profile).serial)


def match_device(devices: Sequence[Device], argument: str, profile: str) -> Device:
    """Return the device with a serial number or a name.

    Args:
        argument: The serial number or the name.
    """
    matching = [device for device in devices if device.serial == argument]
    matching = matching or [device for device in devices if device.name == argument]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(
            f"{argument} can be {' or '.join(device.serial for device in matching)}",
            hint=f"name it by its ARN: {matching[0].serial}",
        )
    raise UsageError(
        f"{argument} is not a device of the user of {profile}", hint=f"encee device list {shlex.quote(profile)}"
    )


def choose_device(devices: Sequence[Device], profile: str, chooser: Chooser | None, naming: Sequence[str]) -> Device:
    """Return the user's device that shows codes; prompt if there are several.

    Args:
        chooser: The user; None without a terminal.
    """
    usable = [device for device in devices if device.gives_codes]
    name = shlex.quote(profile)
    if len(usable) == 1:
        return usable[0]
    if usable and chooser:
        return chooser.choose_device(profile, usable)
    if usable:
        serials = ", ".join(device.serial for device in usable)
        raise UsageError(
            f"the user of {profile} has {len(usable)} devices that give codes: {serials}",
            hint=_naming_hint(naming, usable[0].serial),
        )
    if devices:
        raise fido_only_error(profile)
    raise UsageError(
        f"the user of {profile} has no MFA device yet",
        hint=f"encee device enroll {name}",
    )


def fido_only_error(profile: str) -> UsageError:
    """Return the error for a user with FIDO devices only, which STS does not accept."""
    return UsageError(
        f"the user of {profile} has only FIDO security keys or passkeys, which AWS STS cannot use",
        hint="sign in with: aws login",
    )


def _naming_hint(naming: Sequence[str], serial: str) -> str:
    return shlex.join([*naming, serial])
