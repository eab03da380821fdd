"""Finding the device whose code a session needs, where no setting names it."""

import shlex
from collections.abc import Sequence
from typing import Protocol

from encee.aws.mfa_devices import list_devices
from encee.aws.refusals import HopelessError
from encee.aws.session import Clients
from encee.aws.signer import Signer
from encee.errors import AwsError, UsageError
from encee.model import Device
from encee.profiles.settings import checked_serial


class Chooser(Protocol):
    """Somebody who knows the device."""

    def choose_device(self, profile: str, devices: Sequence[Device]) -> Device:
        """Choose one of several devices that give codes."""

    def serial_for(self, profile: str) -> str:
        """Name a device that cannot be looked up."""


def find_device(clients: Clients, signer: Signer, chooser: Chooser | None) -> str:
    """The serial number of a device of the user whose key signs.

    Args:
        clients: Makes the client of IAM.
        signer: Who asks IAM.
        chooser: The person, or None where there is nobody to ask.

    Raises:
        UsageError: The user has no device that gives codes, or there are several and nobody to choose.
        AwsError: IAM could not be asked, and neither can a person.
    """
    profile = signer.profile
    try:
        devices = list_devices(clients.iam(signer), signer)
    except HopelessError:
        raise
    except AwsError as error:
        if chooser is None:
            raise UsageError(
                f"no MFA device is known for {profile}, and IAM does not tell: {error.message}", hint=_name_it(profile)
            ) from error
        return checked_serial(chooser.serial_for(profile))
    usable = [device for device in devices if device.gives_codes]
    if len(usable) == 1:
        return usable[0].serial
    if usable and chooser:
        return chooser.choose_device(profile, usable).serial
    if usable:
        serials = ", ".join(device.serial for device in usable)
        raise UsageError(
            f"the user of {profile} has {len(usable)} devices that give codes: {serials}",
            hint=_name_it(profile, usable[0].serial),
        )
    if devices:
        raise UsageError(
            f"the user of {profile} has only FIDO security keys or passkeys, which AWS STS cannot use",
            hint="add an authenticator app in the console under Security credentials, or sign in with: aws login",
        )
    raise UsageError(
        f"the user of {profile} has no MFA device yet",
        hint="add an authenticator app in the console under Security credentials",
    )


def _name_it(profile: str, serial: str = "arn:aws:iam::123456789012:mfa/DEVICE") -> str:
    return f"name one: encee refresh {shlex.quote(profile)} --mfa-serial {shlex.quote(serial)}"
