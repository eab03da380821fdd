"""`encee device`: manage the MFA devices of a profile's user."""

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from encee.aws.clients import Clients
from encee.aws.mfa_devices import MfaDevices
from encee.cli import display, prompts, terminal
from encee.cli.commands.device_enroll import enroll
from encee.cli.display import format_moment
from encee.cli.help import make_group
from encee.cli.options import Environment, Json, Profile, RefreshOptions, file_options, refresh_options
from encee.cli.signers import find_own_serial, find_signers, list_devices, warn_of_other_device
from encee.errors import EnceeError, UsageError
from encee.mfa.attempts import retry_wrong_codes
from encee.model import Device, rfc3339
from encee.profiles.files import AwsFiles
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.mfa_serial import list_profiles_with, save_device, unsave_device
from encee.workflows.find_device import choose_device, find_device
from encee.workflows.remove_device import Removal, plan_removal, remove_device

device = make_group("List, enroll and remove MFA devices.")


@device.command("list")
@file_options
@refresh_options
def list_(
    profile: Profile,
    *,
    options: RefreshOptions,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Show the user's MFA devices, and which one is saved.

    It prompts for a code only if a policy requires MFA to list the devices.

    Examples:
        $ encee device list dev
    """
    signs = find_signers(profile, environment, files, options)
    devices = list_devices(signs)
    saved = signs.settings.saved_serial(signs.profile)
    if json:
        rows = [_as_json(device, saved) for device in devices]
        terminal.print_json({"profile": signs.profile, "saved": saved, "devices": rows})
    else:
        _show(devices, saved, environment, signs.profile)


def _show(devices: Sequence[Device], saved: str | None, environment: Environment, profile: str) -> None:
    name = shlex.quote(profile)
    if devices:
        rows = [
            [
                device.serial,
                device.kind,
                "yes" if device.gives_codes else "no",
                format_moment(device.enabled, environment.clock()),
                "saved" if device.serial == saved else "–",
            ]
            for device in devices
        ]
        styles = [None if device.gives_codes else display.FAINT for device in devices]
        display.print_table(["DEVICE", "KIND", "GIVES CODES", "ENABLED", "SAVED"], rows, styles, foldable=0)
    else:
        terminal.note(f"the user of {profile} has no MFA device yet: encee device enroll {name}")
    if devices and not any(device.gives_codes for device in devices):
        terminal.note(
            f"AWS STS cannot use any of them: add an authenticator app in the console, then: encee device save {name}"
        )
    elif saved and saved not in {device.serial for device in devices}:
        terminal.note(f"{saved}, which is saved for {profile}, is not a device of this user")


def _as_json(device: Device, saved: str | None) -> dict[str, Any]:
    return {
        "serial": device.serial,
        "kind": device.kind,
        "gives_codes": device.gives_codes,
        "enabled": rfc3339(device.enabled),
        "saved": device.serial == saved,
    }


@device.command()
@file_options
def save(
    profile: Profile,
    serial: Annotated[
        str | None,
        typer.Argument(metavar="[DEVICE]", help="The device, by ARN, serial number or name.", show_default=False),
    ] = None,
    *,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Save the MFA device of a profile as its mfa_serial.

    It asks IAM for the user's devices, of several lets you choose one, and checks a DEVICE that you name.

    Examples:
        $ encee device save dev
        $ encee device save dev phone
    """
    signs = find_signers(profile, environment, files, RefreshOptions())
    if serial is None:
        person = prompts.TerminalUser() if terminal.has_terminal() else None
        own_serial = find_device(
            Clients(terminal.warn), signs.available(), person, ("encee", "device", "save", signs.profile)
        )
    else:
        own_serial = find_own_serial(signs, serial)
    file = save_device(files, signs.profile, own_serial)
    terminal.say(f"saved {own_serial} as mfa_serial of {signs.profile} in {file}")
    warn_of_other_device(environment, own_serial)
    if json:
        terminal.print_json({"profile": signs.profile, "device": own_serial, "saved_in": str(file)})


@device.command()
@file_options
def forget(
    profile: Profile,
    *,
    json: Json = False,
    files: AwsFiles,
) -> None:
    """Remove the saved MFA device of PROFILE from the files.

    The device at AWS does not change. The next refresh finds it and saves it again.

    Examples:
        $ encee device forget dev
    """
    catalog = files.catalog()
    name = catalog.profile_for(profile)
    if name is None:
        raise explain_lookup_failure(catalog, profile, files.paths)
    changed = unsave_device(files, name)
    for file in changed:
        terminal.say(f"removed mfa_serial of {name} from {file}")
    if not changed:
        terminal.say(f"no MFA device is saved for {name}")
    if json:
        terminal.print_json({"profile": name, "files": [str(file) for file in changed]})


device.command()(enroll)


@device.command()
@file_options
def resync(
    profile: Profile,
    *,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Resynchronize a device whose codes AWS rejects.

    It asks for two successive codes, from which AWS computes how wrong the device's clock is.

    Examples:
        $ encee device resync dev
    """
    signs = find_signers(profile, environment, files, RefreshOptions())
    if not terminal.has_terminal():
        raise UsageError(
            "resync needs a terminal: it asks for two codes",
            hint=f"run it in a terminal: encee device resync {shlex.quote(signs.profile)}",
        )
    at_aws = MfaDevices(Clients(terminal.warn), signs.available())
    devices = at_aws.list()
    saved = signs.settings.saved_serial(signs.profile)
    meant = [device for device in devices if device.serial == saved] or devices
    chosen = choose_device(meant, signs.profile, prompts.TerminalUser(), ())
    retry_wrong_codes(lambda: at_aws.resync(chosen, _ask_two_codes(chosen)), terminal.note_person)
    terminal.say(f"AWS has adjusted to the clock of {chosen.serial}; both codes have been used")
    if json:
        terminal.print_json({"profile": signs.profile, "device": chosen.serial, "outcome": "resynchronized"})


def _ask_two_codes(device: Device) -> tuple[str, str]:
    """Ask for two successive codes; the device's clock may be wrong."""
    first = prompts.ask_code(f"code that {device.serial} shows now:")
    while (second := prompts.ask_code("the next one, as soon as it is shown:")) == first:
        with terminal.redirect_to_terminal():
            terminal.say("that is the first code again: wait until the device shows another one")
    return first, second


@device.command()
@file_options
@refresh_options
def remove(
    profile: Profile,
    serial: Annotated[str, typer.Argument(metavar="DEVICE", help="The device, by ARN, serial number or name.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    yes_last: Annotated[
        bool, typer.Option("--yes-last", help="Remove the last device of the user that gives codes, too.")
    ] = False,
    options: RefreshOptions,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Deactivate a device, and delete a virtual one.

    It needs a session with MFA, and also removes the device from PROFILE in the files. It skips steps that are already
    done, so run it again after an error.

    Examples:
        $ encee device remove dev phone
    """
    signs = find_signers(profile, environment, files, options)
    devices = list_devices(signs)
    removal = plan_removal(devices, serial, signs.profile, last_too=yes_last)
    serial = removal.serial
    if not yes:
        _ask_whether_to_remove(removal, signs.profile)
    # Without a device there is no new session: one is on disk, or the device is already deactivated.
    signer = signs.with_session() if any(device.gives_codes for device in devices) else signs.available()
    forgotten = remove_device(removal, MfaDevices(Clients(terminal.warn), signer), files, terminal.warn)
    terminal.say(f"removed {serial}; sessions that were made with it last until they expire")
    for file in forgotten:
        terminal.say(f"removed mfa_serial of {signs.profile} from {file}")
    others = list(list_profiles_with(files.catalog(), serial))
    if others:
        terminal.warn(f"{', '.join(others)} still names it as mfa_serial")
    if json:
        terminal.print_json(
            {"profile": signs.profile, "device": serial, "outcome": "removed", "still_named_by": others}
        )


def _ask_whether_to_remove(removal: Removal, profile: str) -> None:
    """Ask for confirmation.

    Raises:
        UsageError: There is no terminal.
        EnceeError: The user answers no.
    """
    if not terminal.has_terminal():
        raise UsageError(f"there is no terminal to ask whether to remove {removal.serial}", hint="add --yes")
    whose = f"of {removal.device.user}" if removal.device else f"that is not enabled for the user of {profile}"
    last = ", the last one that gives codes" if removal.is_last else ""
    if not prompts.confirm(f"remove {removal.serial} {whose}{last}?", default=False):
        raise EnceeError("nothing was removed")
