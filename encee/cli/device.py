"""`encee device`: the MFA devices of a profile's user."""

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from encee.aws.session import Clients
from encee.cli import terminal
from encee.cli.groups import group
from encee.cli.moments import local
from encee.cli.options import (
    Code,
    CodeCommand,
    ConfigFile,
    CredentialsFile,
    Duration,
    HowToRefresh,
    Json,
    Profile,
    World,
    config_store,
    credentials_store,
)
from encee.cli.own_devices import devices_of, own_serial, warn_of_environment
from encee.cli.signing import signing
from encee.model import Device, rfc3339
from encee.profiles.saved_device import save_device
from encee.profiles.settings import checked_serial
from encee.workflows.devices import find_device

device = group("Look after the MFA devices of a profile's user: enrol, save, resynchronize, remove.")


@device.command("list")
def list_(
    context: typer.Context,
    profile: Profile,
    *,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Show the user's MFA devices, and which one is saved.

    A code is asked for only where a policy wants MFA even to look at them.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    signs = signing(profile, world, files, HowToRefresh(code, code_command, duration))
    devices = devices_of(signs)
    saved = signs.settings.saved_serial(signs.profile)
    if json:
        rows = [_as_json(one, saved) for one in devices]
        terminal.json({"profile": signs.profile, "saved": saved, "devices": rows})
    else:
        _show(devices, saved, world, signs.profile)


def _show(devices: Sequence[Device], saved: str | None, world: World, profile: str) -> None:
    name = shlex.quote(profile)
    if devices:
        rows = [
            [
                one.serial,
                one.kind,
                "yes" if one.gives_codes else "no",
                local(one.enabled, world.clock()),
                "saved" if one.serial == saved else "–",
            ]
            for one in devices
        ]
        styles = [None if one.gives_codes else "dim" for one in devices]
        terminal.table(["DEVICE", "KIND", "GIVES CODES", "ENABLED", "SAVED"], rows, styles, foldable=1)
    else:
        terminal.note(f"the user of {profile} has no MFA device yet: encee device enroll {name}")
    if devices and not any(one.gives_codes for one in devices):
        terminal.note(
            f"AWS STS cannot use any of them: add an authenticator app in the console, then: encee device save {name}"
        )
    elif saved and saved not in {one.serial for one in devices}:
        terminal.note(f"{saved}, which is saved for {profile}, is not a device of this user")


def _as_json(one: Device, saved: str | None) -> dict[str, Any]:
    return {
        "serial": one.serial,
        "kind": one.kind,
        "gives_codes": one.gives_codes,
        "enabled": rfc3339(one.enabled),
        "saved": one.serial == saved,
    }


@device.command()
def save(
    context: typer.Context,
    profile: Profile,
    serial: Annotated[
        str | None,
        typer.Argument(metavar="[SERIAL]", help="The device; without it, IAM is asked.", show_default=False),
    ] = None,
    *,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Save the MFA device of a profile as its mfa_serial.

    IAM is asked for the device, or whether SERIAL is one of the user's. Of several, you choose.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    signs = signing(profile, world, files, HowToRefresh())
    if serial is None:
        person = terminal.Asked() if terminal.is_terminal() else None
        found = find_device(Clients(), signs.on_hand(), person, ("encee", "device", "save", signs.profile))
    else:
        found = own_serial(signs, checked_serial(serial))
    file = save_device(
        credentials_store(files, terminal.warn), config_store(files, terminal.warn), signs.profile, found
    )
    terminal.say(f"saved {found} as mfa_serial of {signs.profile} in {file}")
    warn_of_environment(world, found)
    if json:
        terminal.json({"profile": signs.profile, "device": found, "saved_in": str(file)})
