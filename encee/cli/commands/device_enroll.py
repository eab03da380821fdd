"""`encee device enroll`: a new authenticator app, enabled in a minute."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

from encee.aws.clients import Clients
from encee.aws.errors import DeniedError, NeedsMfaError
from encee.aws.mfa_devices import MAX_DEVICES, MfaDevices, NewDevice
from encee.aws.signer import Signer
from encee.aws.sts import Identity, get_caller_identity, root_key_error
from encee.cli import display, prompts, terminal
from encee.cli.commands.refresh import show_result
from encee.cli.options import Environment, Json, Profile, RefreshOptions, file_options, refresh_options, text_option
from encee.cli.refresh_run import refresh_profiles
from encee.cli.signers import Signers, find_signers, list_devices, warn_of_other_device
from encee.errors import EnceeError, InterruptedByPersonError, UsageError
from encee.mfa.code_sources import CommandCodes
from encee.mfa.qr import create_picture, draw_half_blocks, parse_picture_path
from encee.mfa.seed_command import hand_seed
from encee.mfa.totp import otpauth_uri
from encee.model import Device
from encee.profiles.files import AwsFiles
from encee.profiles.mfa_serial import save_device
from encee.profiles.settings import GivenSettings
from encee.workflows.enroll_device import EnrolledDevice, enroll_device, require_device_name
from encee.workflows.find_device import fido_only_error

_GROUPS_A_LINE = 4
"""The groups of the secret in a line, few enough to type without losing the place."""


@file_options
@refresh_options
def enroll(
    profile: Profile,
    *,
    name: Annotated[str | None, text_option("NAME", "The device's name. [default: the user's]")] = None,
    qr_file: Annotated[str | None, text_option("FILE", "Draw the QR code in a new .png or .svg until the end.")] = None,
    seed_command: Annotated[
        str | None, text_option("COMMAND", "Give the secret to this command's standard input, and do not show it.")
    ] = None,
    options: RefreshOptions,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Enroll an authenticator app with a QR code and two codes.

    It saves the device as mfa_serial of PROFILE. A user who already has a device needs a session with it first. After
    an error, it deletes a device that is not enabled. With --seed-command 'ykman oath accounts add AWS', the secret
    goes straight to a YubiKey, in base32, and --code-command 'ykman oath accounts code --single AWS' prints its codes.

    Examples:
        $ encee device enroll dev
        $ encee device enroll dev --qr-file device.png
    """
    commands = DeviceCommands(seed_command, options.code_command if seed_command is not None else None)
    if seed_command is not None:
        options = options._replace(code_command=None)  # it prints no codes of the device that the user has now
    signs = find_signers(profile, environment, files, options)
    file = parse_picture_path(qr_file) if qr_file is not None else None
    wanted = require_device_name(name) if name is not None else None
    given = GivenSettings(duration=options.duration)
    environment.settings(signs.catalog, given).duration(signs.profile)  # before anything is made
    if not terminal.has_terminal():
        raise UsageError(
            "enroll needs a terminal: it shows a secret and asks for two codes",
            hint=f"add the device in the console, then: encee device save {shlex.quote(signs.profile)}",
        )
    added = add_device(signs, environment, files, name=wanted, file=file, commands=commands)
    if json:
        saved = str(added.saved_in) if added.saved_in else None
        device = {"profile": signs.profile, "device": added.enrolled.serial}
        terminal.print_json({**device, "outcome": "enrolled", "saved_in": saved})
    if added.interrupted:
        raise InterruptedByPersonError("interrupted")
    if commands.code is not None:
        terminal.note(f"set mfa_process of {signs.profile} to the command of --code-command, and each refresh runs it")
    if added.is_first and prompts.confirm(f"refresh {signs.profile} now, with its next code?", default=True):
        wait_for_next_code(added.enrolled, environment)
        given = given._replace(mfa_serial=added.enrolled.serial, code_command=commands.code)
        show_result(refresh_profiles([signs.profile], environment, files, given), files, environment)


class DeviceCommands(NamedTuple):
    """The commands that take the place of an authenticator app.

    Args:
        seed: Reads the secret from its standard input; None shows the secret to the user.
        code: Prints a code; None prompts for it.
    """

    seed: str | None = None
    code: str | None = None


class Added(NamedTuple):
    """A device that was enrolled.

    Args:
        enrolled: The device.
        saved_in: The file that has it as `mfa_serial` now, or None.
        is_first: Whether the user had none before.
        interrupted: Whether the user typed Ctrl-C when the device was already enabled.
    """

    enrolled: EnrolledDevice
    saved_in: Path | None
    is_first: bool
    interrupted: bool


def add_device(
    signs: Signers,
    environment: Environment,
    files: AwsFiles,
    *,
    name: str | None = None,
    file: Path | None = None,
    commands: DeviceCommands | None = None,
) -> Added:
    """Enroll a device for a profile's user, and save it.

    Args:
        signs: Who signs.
        environment: The clock.
        files: Where the two files are.
        name: From `require_device_name`; None takes the user's.
        file: Where to draw the QR code as well, or None.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C, and there is no new device.
        EnceeError: There is no new device.
    """
    clients = Clients(terminal.warn)
    user = _user(clients, signs.with_key())
    devices = list_devices(signs)
    signer = _signer(signs, devices)
    interrupts = prompts.Interrupts()
    with (
        terminal.redirect_to_terminal(),
        _translate_errors(),
        interrupts.hold(),
        create_picture(file) if file else nullcontext() as draw,
    ):
        person = _AtTerminal(signs.profile, user, interrupts, file, draw, commands or DeviceCommands())
        enrolled = enroll_device(MfaDevices(clients, signer), user, name or user.name, person, environment.clock)
    terminal.say(f"{enrolled.serial} is enabled for {user.name}")
    saved_in = _save(signs, enrolled.serial, devices, environment, files)
    return Added(enrolled, saved_in, not devices, interrupts.has_come)


def wait_for_next_code(enrolled: EnrolledDevice, environment: Environment) -> None:
    """Wait until a new device shows a code that is not used."""
    if (seconds := enrolled.seconds_left(environment.clock())) > 0:
        display.count_down("the device's next code", seconds)


def _user(clients: Clients, signer: Signer) -> Identity:
    """Who has the key; it needs no permission to find out.

    Raises:
        AwsError: It is the root user, or AWS does not say.
    """
    user = get_caller_identity(clients.sts(signer), signer)
    if user.is_root:
        raise root_key_error(signer.profile)
    return user


def _signer(signs: Signers, devices: Sequence[Device]) -> Signer:
    """The key signs for the first device, a session for others (AWS-2023-001).

    Raises:
        UsageError: There are too many devices, or none with which a session could be had.
        EnceeError: There is no session.
    """
    if len(devices) >= MAX_DEVICES:
        raise UsageError(
            f"the user of {signs.profile} has {len(devices)} devices, and AWS allows no more",
            hint=f"remove one: encee device remove {shlex.quote(signs.profile)} {shlex.quote(devices[0].serial)}",
        )
    if not devices:
        return signs.available()
    if not any(device.gives_codes for device in devices):
        raise fido_only_error(signs.profile)
    terminal.note(f"the user of {signs.profile} has a device already, so its session has to add another one")
    return signs.with_session()


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Name the administrator where a policy requires MFA for the first device."""
    try:
        yield
    except NeedsMfaError as error:
        raise DeniedError(
            error.message,
            hint="an administrator has to let users without a device do that: encee policy show mfa-required",
        ) from error


class _AtTerminal:
    """The person with the new device."""

    def __init__(
        self,
        profile: str,
        user: Identity,
        interrupts: prompts.Interrupts,
        file: Path | None,
        draw: Callable[[str], None] | None,
        commands: DeviceCommands,
    ) -> None:
        self._profile = profile
        self._serial = ""
        self._commands = commands
        self.types_codes = commands.code is None
        self._user = user
        self._interrupts = interrupts
        self._file = file
        self._draw = draw

    def choose_name(self, taken: str, suggestion: str) -> str:
        """A name instead of a taken one; Enter takes the suggestion."""
        terminal.say(f"there is a device called {taken} already")
        while True:
            try:
                with self._interrupts.allow():
                    typed = prompts.ask(f"another name for the new one [{suggestion}]:")
                return require_device_name(typed or suggestion)
            except UsageError as error:
                terminal.print_error(error)

    def show_device(self, device: NewDevice) -> None:
        """Show the secret, in groups of four and as a QR code, or hand it to the command."""
        self._serial = device.serial
        name = device.serial.rpartition("/")[2]
        uri = otpauth_uri(device.seed, issuer="AWS", account=f"{name}@{self._user.account}")
        if self._draw is not None:
            self._draw(uri)
            terminal.note(f"{self._file} shows the QR code, and so the secret: it is deleted at the end")
        if self._commands.seed is not None:
            variables = {"ENCEE_PROFILE": self._profile, "ENCEE_MFA_SERIAL": device.serial}
            with self._interrupts.allow():
                hand_seed(self._commands.seed, device.seed, variables)
            terminal.say(f"the seed command has the secret of {device.serial}")
            return
        terminal.say("scan the code with an authenticator app, or type this secret into it:")
        groups = [device.seed[start : start + 4] for start in range(0, len(device.seed), 4)]
        for start in range(0, len(groups), _GROUPS_A_LINE):
            terminal.say(f"  {' '.join(groups[start : start + _GROUPS_A_LINE])}")
        if not display.draw_picture([draw_half_blocks(uri), draw_half_blocks(uri, frame=2)]) and self._draw is None:
            terminal.note("this terminal shows no QR code; --qr-file FILE.png draws one in a file")

    def prompt_code(self, question: str) -> str:
        """Six digits, typed or from the command."""
        with self._interrupts.allow():
            if self._commands.code is None:
                return prompts.ask_code(question)
            return CommandCodes(self._commands.code, self._profile).code_for(self._profile, self._serial)

    def wait(self, seconds: float) -> None:
        """Count down to the next code."""
        if seconds > 0:
            with self._interrupts.allow():
                display.count_down("the next code", seconds)

    def notify(self, line: str) -> None:
        """Read a line."""
        terminal.note(line)


def _save(
    signs: Signers, serial: str, devices: Sequence[Device], environment: Environment, files: AwsFiles
) -> Path | None:
    """Save the new device if the user wants it; return the file that has it."""
    profile, saved = signs.profile, signs.settings.saved_serial(signs.profile)
    if saved in {device.serial for device in devices} and not prompts.confirm(
        f"use it for {profile} from now on, instead of {saved}?", default=True
    ):
        return None
    try:
        file = save_device(files, profile, serial)
    except EnceeError as error:
        terminal.warn(f"could not save it as mfa_serial of {profile}: {error.message}")
        return None
    terminal.say(f"saved as mfa_serial of {profile} in {file}")
    warn_of_other_device(environment, serial)
    return file
