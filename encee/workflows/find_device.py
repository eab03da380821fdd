"""Find the device whose code a session needs, where no setting names it."""

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
    """A person who knows the device."""

    def choose_device(self, profile: str, devices: Sequence[Device]) -> Device:
        """Choose one of several devices that give codes."""

    def serial_for(self, profile: str) -> str:
        """Name a device that cannot be looked up."""


def find_device(
    clients: Clients, signer: Signer, chooser: Chooser | None, naming: Sequence[str], *, may_ask_serial: bool = True
) -> str:
    """The serial number of a device of the user whose key signs.

    Args:
        clients: Makes the client of IAM.
        signer: Who asks IAM.
        chooser: The person, or None without a terminal.
        naming: The words of the command line that name a device, up to its serial number; for a hint.
        may_ask_serial: Whether the person is asked for the serial number where IAM does not list the devices.

    Raises:
        UsageError: The user has no device that gives codes, or several and no terminal to choose on.
        AwsError: IAM could not be asked, and neither can a person.
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
        return require_serial(chooser.serial_for(profile))
    return choose_device(devices, profile, chooser, naming).serial


def find_named_device(clients: Clients, signer: Signer, name: str, naming: Sequence[str]) -> str:
    """The serial number of the device with a name of the user whose key signs.

    Args:
        clients: Makes the client of IAM.
        signer: Who asks IAM.
        name: The last part of its ARN, or a serial number that looks like one.
        naming: As for `find_device`.

    Raises:
        UsageError: The user has no such device, or several, or IAM does not list them.
        AwsError: The key does not work.
    """
    try:
        devices = MfaDevices(clients, signer).list()
    except UnusableCredentialsError:
        raise
    except AwsError as error:
        with suppress(UsageError):
            return require_serial(name)  # a hardware token's looks like a name
        raise UsageError(
            f"the ARN of the device {name} of {signer.profile} is unknown, and IAM does not list the devices:"
            f" {error.message}",
            hint=_naming_hint(naming, "arn:aws:iam::123456789012:mfa/DEVICE"),
        ) from error
    return require_serial(match_device(devices, name, signer.profile).serial)


def match_device(devices: Sequence[Device], word: str, profile: str) -> Device:
    """The device of a user that a word of the command line means: a serial number, or a name.

    Args:
        devices: All devices of the user.
        word: The word.
        profile: Whose key it is.

    Raises:
        UsageError: The user has no such device, or several of that name.
    """
    meant = [device for device in devices if device.serial == word]
    meant = meant or [device for device in devices if device.name == word]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(
            f"{word} can be {' or '.join(device.serial for device in meant)}",
            hint=f"name it by its ARN: {meant[0].serial}",
        )
    raise UsageError(
        f"{word} is not a device of the user of {profile}",
        hint=f"see them with: encee device list {shlex.quote(profile)}",
    )


def choose_device(devices: Sequence[Device], profile: str, chooser: Chooser | None, naming: Sequence[str]) -> Device:
    """The device of a user that gives codes; where there are several, the one that a person chooses.

    Args:
        devices: All devices of the user.
        profile: Whose key it is.
        chooser: The person, or None without a terminal.
        naming: The words of the command line that name a device, up to its serial number; for a hint.

    Raises:
        UsageError: No device gives codes, or several do and no terminal is there to choose on.
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
    """Make the error for a user whose devices are all FIDO, which STS does not accept."""
    return UsageError(
        f"the user of {profile} has only FIDO security keys or passkeys, which AWS STS cannot use",
        hint="add an authenticator app in the console under Security credentials, then:"
        f" encee device save {shlex.quote(profile)}; or sign in with: aws login",
    )


def _naming_hint(naming: Sequence[str], serial: str) -> str:
    return f"name one: {shlex.join([*naming, serial])}"
