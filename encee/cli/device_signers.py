"""The devices of a profile's user, as the commands about them ask for them."""

from encee.aws.clients import Clients
from encee.aws.errors import DeniedError
from encee.aws.mfa_devices import MfaDevices
from encee.cli import terminal
from encee.cli.options import Environment
from encee.cli.signers import Signing
from encee.model import Device
from encee.profiles.identifiers import checked_serial, is_device_name
from encee.workflows.find_device import device_called


def devices_of(signs: Signing) -> list[Device]:
    """The devices of a profile's user; a session is got first where a policy requires MFA even for that.

    Raises:
        AwsError: AWS does not tell.
    """
    clients = Clients(terminal.warn)
    return signs.asking(lambda signer: MfaDevices(clients, signer).list())


def own_serial(signs: Signing, word: str) -> str:
    """The serial number that a word of the command line means, if it is that of a device of the user's.

    Where the user may not list them, a name has to be known in the files, and a serial number is taken as it is.

    Raises:
        UsageError: It is none, or the name is that of several.
        AwsError: AWS could not be asked.
    """
    if not is_device_name(word):
        checked_serial(word)
    try:
        devices = MfaDevices(Clients(terminal.warn), signs.available()).list()
    except DeniedError as error:
        known = signs.catalog.devices_called(word, signs.profile)
        serial = known[0] if len(known) == 1 else checked_serial(word)
        terminal.warn(f"whether {serial} is a device of this user could not be checked: {error.message}")
        return serial
    return checked_serial(device_called(devices, word.strip(), signs.profile).serial)


def warn_of_environment(environment: Environment, serial: str) -> None:
    """Warn where a variable names another device than the one that was saved: it comes first."""
    for variable in ("ENCEE_MFA_SERIAL", "MFA_DEVICE"):
        if (other := environment.environ.get(variable)) and other != serial:
            terminal.warn(f"{variable} in the environment names another device, {other}, and comes first")
