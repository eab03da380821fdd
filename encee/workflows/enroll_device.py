"""Enroll a virtual MFA device; delete it again unless it was enabled."""

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple, Protocol

from encee.aws.errors import AlreadyExistsError, InUseError, LostAnswerError, MissingError
from encee.aws.mfa_devices import MfaDevices, NewDevice
from encee.aws.retries import retry_until_consistent
from encee.aws.sts import Identity
from encee.errors import AwsError, EnceeError, UsageError, unexpected
from encee.mfa.attempts import retry_wrong_codes
from encee.mfa.totp import find_step, seconds_until, step_at

_NAME = re.compile(r"[\w+=,.@-]{1,225}", re.ASCII)
_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,3})")

_CLOCK_IS_OFF = 3
"""From this difference in time steps on, the user is warned; a smaller one can be slow typing."""


_READS = 3
"""How often a code command may print the previous code after its time, before it counts as broken."""


class EnrollingUser(Protocol):
    """The user at the terminal, with an authenticator app or with commands for it."""

    types_codes: bool
    """Whether the user types the codes, and can type another one; otherwise a command prints them."""

    def choose_name(self, taken: str, suggestion: str) -> str:
        """Prompt for another name for the device."""

    def show_device(self, device: NewDevice) -> None:
        """Show the secret, for the app."""

    def prompt_code(self, question: str) -> str:
        """Prompt for the six digits that the app shows."""

    def wait(self, seconds: float) -> None:
        """Wait until the app shows its next code."""

    def notify(self, line: str) -> None:
        """Show what happens."""


class EnrolledDevice(NamedTuple):
    """A device that was enabled.

    Args:
        step: The time step of the last code that was used.
    """

    serial: str
    step: int

    def seconds_left(self, now: datetime) -> float:
        """Return how many seconds the device still shows a used code."""
        return _seconds_shown(self.step, now)


class _TwoCodes(NamedTuple):
    """Two successive codes, and the time step of the second."""

    first: str
    second: str
    step: int


def require_device_name(name: str) -> str:
    """Return a name for a virtual device.

    Raises:
        UsageError: AWS does not accept it.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a device", hint="use letters, digits and _+=,.@-")
    return name


def enroll_device(
    devices: MfaDevices, user: Identity, name: str, person: EnrollingUser, clock: Callable[[], datetime]
) -> EnrolledDevice:
    """Create a virtual device, show its secret, and enable it with two of its codes.

    Args:
        devices: The user's devices; a long-term key may sign while there are none, later only a session with MFA.
        person: Adds the device to an app, and types its codes.
        clock: Returns the current time, UTC.

    Raises:
        WrongCodeError: AWS did not accept three pairs of codes.
    """
    step = 0
    with _create_device(devices, user, name, person) as device:
        person.show_device(device)

        def attempt() -> None:
            nonlocal step
            read = _prompt_two_codes if person.types_codes else _read_two_codes
            first, second, step = read(device, person, clock)
            try:
                devices.enable(device.serial, user=user.name, codes=(first, second))
            except LostAnswerError:
                if not _is_enabled(devices, device.serial):
                    raise

        retry_wrong_codes(attempt, person.notify)
    return EnrolledDevice(device.serial, step)


@contextmanager
def _create_device(devices: MfaDevices, user: Identity, name: str, person: EnrollingUser) -> Iterator[NewDevice]:
    """Create a device under a free name; delete it after an error."""
    device: NewDevice | None = None
    while device is None:
        try:
            device = devices.create(name)
        except AlreadyExistsError:  # the device may be another user's
            name = person.choose_name(name, _next_name(name))
        except BaseException as error:
            if isinstance(error, LostAnswerError) or not isinstance(error, AwsError):
                serial = user.device_serial(name)
                person.notify(f"{serial} may have been created; if so, its secret is lost")
                person.notify(_deletion_by_administrator(serial))
            raise
    try:
        yield device
    except BaseException:
        _delete_device(devices, device.serial, person.notify)
        raise


def _next_name(name: str) -> str:
    """Return `jane-2` for `jane`, `jane-3` for `jane-2`."""
    if match := _NUMBERED.fullmatch(name):
        return f"{match['stem']}-{int(match['number']) + 1}"
    return f"{name}-2"


def _delete_device(devices: MfaDevices, serial: str, notify: Callable[[str], None]) -> None:
    """Delete a device that was not enabled, or show an administrator's command."""
    with suppress(EnceeError):  # a closed terminal does not stop the deletion
        notify(f"{serial} is not enabled, so it is deleted again")
    try:
        with suppress(MissingError):  # a device that IAM does not know after all retries does not exist
            retry_until_consistent(lambda: devices.delete(serial), (MissingError,))
    except InUseError:
        command = shlex.join(["encee", "device", "save", devices.profile, serial])
        notify(f"{serial} is enabled nevertheless; save it with: {command}")
    except Exception as error:  # noqa: BLE001 - it is reported, and the error that led here is raised
        reason = (error if isinstance(error, EnceeError) else unexpected(error)).message
        notify(f"{serial} was not deleted: {reason}")
        notify(_deletion_by_administrator(serial))


def _deletion_by_administrator(serial: str) -> str:
    return f"an administrator can delete it: aws iam delete-virtual-mfa-device --serial-number {shlex.quote(serial)}"


def _is_enabled(devices: MfaDevices, serial: str) -> bool:
    """Whether a request whose answer was lost has enabled a device."""
    try:
        return serial in {device.serial for device in devices.list()}
    except AwsError:
        return False


def _prompt_two_codes(device: NewDevice, person: EnrollingUser, clock: Callable[[], datetime]) -> _TwoCodes:
    """Prompt until two codes were successive ones of the device.

    The seed shows whether a code was mistyped, and to which time step it belongs: a user who types slowly enters a
    code of an earlier step, so the code after it may already be the second.
    """
    first = ""
    last: int | None = None
    while True:
        code = person.prompt_code("code that the app shows now:" if last is None else "next code that the app shows:")
        now = clock()
        step = find_step(device.seed, code, now)
        if step is None:
            person.notify("the new device does not show that code: it was mistyped, or the device's clock is far off")
        elif step == last:
            person.notify("that is the previous code: wait until the app shows the next one")
        elif last is not None and step == last + 1:
            return _TwoCodes(first, code, step)
        else:
            if last is not None:
                person.notify("that code does not follow the previous one: another one is needed")
            elif abs(off := step - step_at(now)) >= _CLOCK_IS_OFF:
                ahead, other = ("the device's", "this machine's") if off > 0 else ("this machine's", "the device's")
                person.notify(f"{ahead} clock is some {abs(off) / 2:.0f} min ahead of {other}")
            first, last = code, step
            person.wait(_seconds_shown(step, now))


def _read_two_codes(device: NewDevice, person: EnrollingUser, clock: Callable[[], datetime]) -> _TwoCodes:
    """Read two successive codes from a command.

    Raises:
        EnceeError: The command prints codes of another device, or no successive ones.
    """
    first = person.prompt_code("")
    now = clock()
    if (step := find_step(device.seed, first, now)) is not None:
        person.wait(_seconds_shown(step, now))
        for _ in range(_READS):
            second = person.prompt_code("")
            if second != first:
                if find_step(device.seed, second, clock()) == step + 1:
                    return _TwoCodes(first, second, step + 1)
                break
            person.wait(1)
    raise EnceeError(
        "the code command does not print successive codes of the new device",
        hint="run the commands of --seed-command and --code-command by themselves",
    )


def _seconds_shown(step: int, now: datetime) -> float:
    """Return how many seconds the app still shows the code of a step."""
    current = step_at(now)
    return seconds_until(current + 1, now) if step >= current else 0
