"""Check the key, the devices, the clock and the endpoint by asking AWS.

encee first sends all requests, which change nothing and need no code; the checks then look at the answers. A request
that AWS does not allow is not a fault: the check reports that it does not know.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import join
from typing import TypeVar

from encee.aws.access_keys import list_access_keys
from encee.aws.clients import Clients
from encee.aws.errors import CLOCK_REMEDY, ClockSkewError, RejectedKeyError, ThrottledError
from encee.aws.mfa_devices import list_devices
from encee.aws.signer import Signer
from encee.aws.sts import Identity, get_caller_identity, root_key_error
from encee.errors import AwsError, EnceeError
from encee.model import Device, Session
from encee.profiles.checks.access import ACCESS_CHECKS
from encee.profiles.checks.base import Check, Examined, Finding, State
from encee.profiles.checks.files import FILE_CHECKS
from encee.profiles.checks.keys import KEY_CHECKS
from encee.profiles.checks.lines import LINE_CHECKS
from encee.profiles.checks.profiles import PROFILE_CHECKS
from encee.profiles.checks.setup import SETUP_CHECKS
from encee.workflows.find_device import fido_only_error
from encee.workflows.refresh_check import make_refresh_check

Answer = TypeVar("Answer")

_ALWAYS_KNOWN = {"environment-keys"}
_OF_FIRST_BYTES = {"byte-order-mark"}


def _with_obstacle(check: Check[Examined]) -> Check[Examined]:
    """Make a check of the files' contents unknown if the files cannot be read."""
    if check.id in _ALWAYS_KNOWN:
        return check
    of_first_bytes = check.id in _OF_FIRST_BYTES
    return check._replace(obstacle=lambda examined: examined.unopened if of_first_bytes else examined.unread)


_CONTENT_CHECKS = map(_with_obstacle, (*FILE_CHECKS, *LINE_CHECKS, *KEY_CHECKS, *PROFILE_CHECKS))
_FILES_AND_PROFILES = (*SETUP_CHECKS, *ACCESS_CHECKS, *_CONTENT_CHECKS)

REFRESH_CHECK = make_refresh_check(_FILES_AND_PROFILES)

OFFLINE_CHECKS = (*_FILES_AND_PROFILES, REFRESH_CHECK)

_CLOCK_WARNING = timedelta(seconds=5)
_CLOCK_ERROR = timedelta(minutes=5)
"""AWS refuses requests from 15 minutes on."""

_OLD = timedelta(days=90)
_A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answers:
    """The answers of AWS; an error in the place of each that AWS refused.

    Args:
        serial: The device that the files name for the profile, or the error in the files; None where they name none.
        clock: The minimum time by which this machine's clock is ahead of AWS's, negative if AWS's is ahead; None if
            it is unknown.
        created: When the key was created; None where the user has no such key.
        now: When AWS answered, UTC.
    """

    profile: str
    serial: str | EnceeError | None
    identity: Identity | AwsError
    clock: timedelta | None
    devices: Sequence[Device] | AwsError
    created: datetime | AwsError | None
    now: datetime

    @property
    def is_root(self) -> bool:
        """Whether the key is the root user's."""
        return isinstance(self.identity, Identity) and self.identity.is_root


def query_aws(
    signer: Signer, session: Session | None, serial: str | EnceeError | None, clock: Callable[[], datetime]
) -> Answers:
    """Send all requests about a profile.

    Args:
        session: A valid session with MFA, whose permissions may include more; None without one.
        clock: Returns the current time, UTC.
    """
    clients = Clients(lambda _: None)  # a check of its own reports an endpoint without TLS
    before = clock()
    identity = _catch_error(lambda: get_caller_identity(clients.sts(signer), signer))
    now = clock()
    if isinstance(identity, AwsError):
        return Answers(signer.profile, serial, identity, None, identity, identity, now)
    ahead = _measure_clock_offset(before, now, identity.date) if identity.date else None
    signers = [signer] if session is None else [signer._replace(key=session, source_profile=signer.profile), signer]
    devices = _try_signers(signers, lambda by: list_devices(clients.iam(by), by))
    age = _try_signers(signers, lambda by: _find_key_creation(clients, by, signer.key.id))
    return Answers(signer.profile, serial, identity, ahead, devices, age, now)


def _find_key_creation(clients: Clients, signer: Signer, key_id: str) -> datetime | None:
    """Return when the caller's key was created, UTC; None without such a key."""
    keys = list_access_keys(clients.iam(signer), signer)
    return next((key.created for key in keys if key.id == key_id), None)


def _catch_error(send: Callable[[], Answer]) -> Answer | AwsError:
    try:
        return send()
    except AwsError as error:
        return error


def _try_signers(signers: Sequence[Signer], send: Callable[[Signer], Answer]) -> Answer | AwsError:
    """Send a request for each signer until AWS does not refuse it."""
    answer = _catch_error(lambda: send(signers[0]))
    return _try_signers(signers[1:], send) if isinstance(answer, AwsError) and signers[1:] else answer


def _measure_clock_offset(before: datetime, after: datetime, date: datetime) -> timedelta:
    """Return how far this machine's clock is ahead at least; negative if late.

    Args:
        before: The time of this machine's clock before the request.
        after: The time after the response.
        date: AWS's time in between, in whole seconds.
    """
    least, most = before - date - _A_SECOND, after - date
    return least if least > timedelta() else min(most, timedelta())


def _check_endpoint(answers: Answers) -> Iterator[Finding]:
    error = answers.identity
    if isinstance(error, AwsError) and not isinstance(error, RejectedKeyError | ClockSkewError):
        state = State.UNKNOWN if isinstance(error, ThrottledError) else State.ERROR
        yield Finding(state, error.message, error.hint)


def _check_clock(answers: Answers) -> Iterator[Finding]:
    if isinstance(answers.identity, ClockSkewError):
        yield Finding(State.ERROR, answers.identity.message, answers.identity.hint)
    elif answers.clock is None:
        yield Finding(State.UNKNOWN, "AWS's answer does not contain its time")
    elif abs(answers.clock) > _CLOCK_WARNING:
        seconds = round(abs(answers.clock).total_seconds())
        apart = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute
        yield Finding(
            State.ERROR if abs(answers.clock) > _CLOCK_ERROR else State.WARNING,
            f"this machine's clock is {apart} {'later' if answers.clock > timedelta() else 'earlier'} than AWS's",
            CLOCK_REMEDY,
        )


def _check_key(answers: Answers) -> Iterator[Finding]:
    error = answers.identity
    if isinstance(error, RejectedKeyError):
        yield Finding(State.ERROR, error.message, error.hint)
    elif isinstance(error, AwsError):
        yield _skip_check()


def _check_root_key(answers: Answers) -> Iterator[Finding]:
    if isinstance(answers.identity, AwsError):
        yield _skip_check()
    elif answers.is_root:
        error = root_key_error(answers.profile)
        yield Finding(State.ERROR, error.message, error.hint)


def _check_device(answers: Answers) -> Iterator[Finding]:
    if (unknown := _explain_unknown_devices(answers)) is not None:
        yield unknown
    elif not answers.devices:
        yield Finding(
            State.ERROR,
            f"the user of {answers.profile} has no MFA device: a thief of the key can enroll one first",
            None,
            (join(["encee", "device", "enroll", answers.profile]),),
        )


def _check_fido_only(answers: Answers) -> Iterator[Finding]:
    if (unknown := _explain_unknown_devices(answers)) is not None:
        yield unknown
    elif answers.devices and not _list_usable_serials(answers):
        error = fido_only_error(answers.profile)
        yield Finding(State.ERROR, error.message, error.hint)


def _check_device_owner(answers: Answers) -> Iterator[Finding]:
    if answers.serial is None:
        yield Finding(State.OK, f"no device is saved for {answers.profile}: a refresh finds it")
        return
    if (unknown := _explain_unknown_devices(answers)) is not None:
        yield unknown
    elif isinstance(answers.serial, EnceeError) or not (usable := _list_usable_serials(answers)):
        yield _skip_check()
    elif answers.serial not in usable:
        message = f"{answers.serial}, which is saved for {answers.profile}, is not a device of its user"
        command = join(["encee", "device", "save", answers.profile, *usable[:1]])
        choice = f"save the device that you use: {' or '.join(usable)}" if len(usable) > 1 else None
        yield Finding(State.ERROR, message, choice, (command,))


def _check_key_age(answers: Answers) -> Iterator[Finding]:
    if answers.is_root or isinstance(answers.identity, AwsError):
        yield _skip_check()
    elif isinstance(answers.created, AwsError):
        yield Finding(State.UNKNOWN, f"the age of the key is unknown: {answers.created.message}")
    elif answers.created is None:
        yield Finding(State.UNKNOWN, "the age of the key is unknown: AWS does not list the key")
    else:
        days = (answers.now - answers.created).days
        if days > _OLD.days:
            message = f"the key of {answers.profile} is {days} days old; rotate keys every {_OLD.days} days"
            yield Finding(State.WARNING, message, None, (join(["encee", "keys", "rotate", answers.profile]),))


def _list_usable_serials(answers: Answers) -> list[str]:
    devices = () if isinstance(answers.devices, AwsError) else answers.devices
    return [device.serial for device in devices if device.gives_codes]


def _explain_unknown_devices(answers: Answers) -> Finding | None:
    if answers.is_root or isinstance(answers.identity, AwsError):
        return _skip_check()
    if isinstance(answers.devices, AwsError):
        return Finding(State.UNKNOWN, f"the devices of the user cannot be listed: {answers.devices.message}")
    return None


def _skip_check() -> Finding:
    return Finding(State.UNKNOWN, "not checked, because of the findings before")


ONLINE_CHECKS: tuple[Check[Answers], ...] = (
    Check("sts-endpoint", "STS can be reached", _check_endpoint),
    Check("clock", "this machine's clock agrees with AWS's", _check_clock),
    Check("key-alive", "AWS accepts the key", _check_key),
    Check("root-key", "the key is not the root user's", _check_root_key),
    Check("no-device", "the user has an MFA device", _check_device),
    Check("fido-only", "the user's devices are not FIDO security keys or passkeys only", _check_fido_only),
    Check("device-owner", "the saved device is the user's", _check_device_owner),
    Check("key-age", f"the key is not older than {_OLD.days} days", _check_key_age),
)
"""In the order of the output."""
