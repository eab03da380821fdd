"""The devices of a profile's user, as the commands about them ask for them."""

import shlex

from encee.aws.mfa_devices import MfaDevices
from encee.aws.refusals import DeniedError
from encee.aws.session import Clients
from encee.cli import terminal
from encee.cli.options import World
from encee.cli.signing import Signing
from encee.errors import UsageError
from encee.model import Device


def devices_of(signs: Signing) -> list[Device]:
    """The devices of a profile's user; a session is got first where a policy requires MFA even for that.

    Raises:
        AwsError: AWS does not tell.
    """
    clients = Clients()
    return signs.asking(lambda signer: MfaDevices(clients, signer).list())


def own_serial(signs: Signing, serial: str) -> str:
    """A serial number, if it is one of the user's devices, or nobody is allowed to know.

    Raises:
        UsageError: It is not.
        AwsError: AWS could not be asked.
    """
    try:
        devices = MfaDevices(Clients(), signs.on_hand()).list()
    except DeniedError as error:
        terminal.warn(f"whether {serial} is a device of this user could not be checked: {error.message}")
        return serial
    if serial not in {one.serial for one in devices}:
        raise UsageError(
            f"{serial} is not a device of the user of {signs.profile}",
            hint=f"see them with: encee device list {shlex.quote(signs.profile)}",
        )
    return serial


def warn_of_environment(world: World, serial: str) -> None:
    """Warn where a variable names another device than the one that was saved: it comes first."""
    for variable in ("ENCEE_MFA_SERIAL", "MFA_DEVICE"):
        if (other := world.environ.get(variable)) and other != serial:
            terminal.warn(f"{variable} in the environment names another device, {other}, and comes first")
