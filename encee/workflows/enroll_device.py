"""Enrolling a virtual MFA device: it goes again unless it was enabled."""

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
"""By how many steps a device's clock may be off, or a person be slow, before it is worth a word."""


class EnrollingUser(Protocol):
    """Somebody at the terminal, with an authenticator app."""

    def another_name(self, taken: str, suggestion: str) -> str:
        """A name for the device instead of one that is taken."""

    def show(self, device: NewDevice) -> None:
        """Show the secret, for the app to take it in."""

    def code(self, question: str) -> str:
        """Six digits that the app shows."""

    def wait(self, seconds: float) -> None:
        """Wait until the app shows its next code."""

    def hear(self, line: str) -> None:
        """Be told what happens on the way."""


class EnrolledDevice(NamedTuple):
    """A device that is enabled now.

    Args:
        serial: Its serial number.
        step: The step of the last code that was used.
    """

    serial: str
    step: int

    def seconds_left(self, now: datetime) -> float:
        """For how many seconds it does not show a code that is not used."""
        return _seconds_shown(self.step, now)


class _TwoCodes(NamedTuple):
    """Two codes, one behind the other, and the step of the second one."""

    first: str
    second: str
    step: int


def require_device_name(name: str) -> str:
    """A name for a virtual device.

    Raises:
        UsageError: AWS would not take it.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a device", hint="use letters, digits and _+=,.@-")
    return name


def enroll_device(
    at_aws: MfaDevices, user: Identity, name: str, person: EnrollingUser, clock: Callable[[], datetime]
) -> EnrolledDevice:
    """Make a virtual device, let a person take its secret in, and enable it with two of its codes.

    Args:
        at_aws: The user's devices. The long-term key may sign while there is none, later only a session with MFA.
        user: Whose it will be.
        name: From `require_device_name`.
        person: Who has the app.
        clock: Returns the present moment, UTC.

    Raises:
        InterruptedByPersonError: The person does not want to go on.
        WrongCodeError: AWS did not accept three pairs of codes.
        AwsError: AWS refused, or could not be reached.
    """
    last = 0
    with temporary_device(at_aws, user, name, person) as device:
        person.show(device)

        def attempt() -> None:
            nonlocal last
            first, second, last = _prompt_two_codes(device, person, clock)
            try:
                at_aws.enable(device.serial, user=user.name, codes=(first, second))
            except LostAnswerError:
                if not _is_enabled(at_aws, device.serial):
                    raise

        retry_wrong_codes(attempt, person.hear)
    return EnrolledDevice(device.serial, last)


@contextmanager
def temporary_device(at_aws: MfaDevices, user: Identity, name: str, person: EnrollingUser) -> Iterator[NewDevice]:
    """A new device, which is deleted again when the context does not come to its end.

    Where AWS does not allow that, or nobody knows whether there is a device, the person hears the command for an
    administrator. The arguments are those of `enroll`.
    """
    device = _create_device(at_aws, user, name, person)
    try:
        yield device
    except BaseException:
        _delete_device(at_aws, device.serial, person.hear)
        raise


def _create_device(at_aws: MfaDevices, user: Identity, name: str, person: EnrollingUser) -> NewDevice:
    """A new device, of another name where that one is taken: what has it may be somebody's, and is left alone."""
    while True:
        try:
            return at_aws.create(name)
        except AlreadyExistsError:
            name = person.another_name(name, _next_name(name))
        except BaseException as error:
            if isinstance(error, LostAnswerError) or not isinstance(error, AwsError):
                serial = user.device_serial(name)
                person.hear(f"it is not known whether {serial} was made; if it was, nobody has its secret")
                person.hear(_delete_command(serial))
            raise


def _next_name(name: str) -> str:
    """`jane-2` for `jane`, `jane-3` for that."""
    if match := _NUMBERED.fullmatch(name):
        return f"{match['stem']}-{int(match['number']) + 1}"
    return f"{name}-2"


def _delete_device(at_aws: MfaDevices, serial: str, hear: Callable[[str], None]) -> None:
    """Delete a device that was not enabled, or say who can."""
    with suppress(EnceeError):  # where the terminal is gone, the device goes all the same
        hear(f"{serial} is not enabled, so it is deleted again")
    try:
        with suppress(MissingError):  # one that IAM does not know in the end either is gone
            retry_until_consistent(lambda: at_aws.delete(serial), (MissingError,))
    except InUseError:
        command = shlex.join(["encee", "device", "save", at_aws.profile, serial])
        hear(f"{serial} is enabled nevertheless; save it with: {command}")
    except Exception as error:  # noqa: BLE001 - it is told; what led here is raised
        reason = (error if isinstance(error, EnceeError) else unexpected(error)).message
        hear(f"{serial} is left over, and could not be deleted: {reason}")
        hear(_delete_command(serial))


def _delete_command(serial: str) -> str:
    return f"an administrator can delete it: aws iam delete-virtual-mfa-device --serial-number {shlex.quote(serial)}"


def _is_enabled(at_aws: MfaDevices, serial: str) -> bool:
    """Whether a request whose answer was lost has enabled a device."""
    try:
        return serial in {device.serial for device in at_aws.list()}
    except AwsError:
        return False


def _prompt_two_codes(device: NewDevice, person: EnrollingUser, clock: Callable[[], datetime]) -> _TwoCodes:
    """Ask for codes until two have followed one another.

    A code that was mistyped is not of the device, and is told at once. One that was typed late is of a step before,
    so the one that is shown then is the second already: the clock alone would not tell.
    """
    first = ""
    last: int | None = None
    while True:
        code = person.code("code that the app shows now:" if last is None else "next code that the app shows:")
        now = clock()
        step = find_step(device.seed, code, now)
        if step is None:
            person.hear("that is no code of the new device: it was mistyped, or the device's clock is far off")
        elif step == last:
            person.hear("that is the code from before: wait until the app shows the next one")
        elif last is not None and step == last + 1:
            return _TwoCodes(first, code, step)
        else:
            if last is not None:
                person.hear("that code does not follow the one before: one more is needed")
            elif abs(off := step - step_at(now)) >= _CLOCK_IS_OFF:
                where = "ahead of" if off > 0 else "behind"
                person.hear(f"the device's clock is some {abs(off) / 2:.0f} min {where} this machine's")
            first, last = code, step
            person.wait(_seconds_shown(step, now))


def _seconds_shown(step: int, now: datetime) -> float:
    """For how many seconds the app still shows the code of a step, as far as this machine's clock can tell."""
    here = step_at(now)
    return seconds_until(here + 1, now) if step >= here else 0
