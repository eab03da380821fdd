"""The account of the stand-in: the users, keys and roles of moto, and what moto does not keep.

moto does not keep the server's clock, the clocks and used codes of the devices, the keys of the root user, and
the issued sessions.
"""

from __future__ import annotations

import base64
import secrets
import string
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pyotp
from moto.iam.models import AccessKey, AccessKeyLastUsed, IAMBackend, iam_backends
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.utilities.utils import get_partition

from tests.fake_aws.messages import invalid_token

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE64 = string.ascii_letters + string.digits + "/+"
STEP = 30  # seconds for which a device shows a code
SYNC_STEPS = 20  # the maximum age of two consecutive codes; AWS does not document it


def new_secret() -> str:
    """Create a secret access key with both special characters, "/" and "+", that programs may escape by mistake."""
    characters = [*"/+", *(secrets.choice(BASE64) for _ in range(38))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def new_token() -> str:
    """Create a session token that begins like those of AWS and ends with "=="."""
    return base64.b64encode(b"!\n\torigin_ec" + secrets.token_bytes(319)).decode()


@dataclass(frozen=True)
class Identity:
    """The caller; `user_name` is `None` for the root user and for a role."""

    arn: str
    user_id: str
    user_name: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether this is the account's root user."""
        return self.arn.endswith(":root")

    @property
    def is_role(self) -> bool:
        """Whether this is an assumed role."""
        return ":assumed-role/" in self.arn


@dataclass(frozen=True)
class Session:
    """Temporary credentials that the stand-in issued."""

    access_key_id: str
    secret: str
    token: str
    expiration: datetime
    identity: Identity
    mfa: bool
    issued: datetime


@dataclass(frozen=True)
class Caller:
    """The owner of an existing key; `session` is `None` for a long-term key."""

    identity: Identity
    secret: str
    session: Session | None = None


@dataclass
class CodeClock:
    """The clock of a device, and the last 30-second step whose code was used.

    `drift` is the offset of the device's clock that AWS assumes; `astray` is its error, in steps.
    """

    drift: timedelta = field(default_factory=timedelta)
    last_used: int = -1
    astray: int = 0


class Account:
    """An AWS account, empty at first. moto keeps one for each process."""

    id = "123456789012"  # moto's default

    def __init__(self) -> None:
        self.partition = "aws"
        self.clock_offset = timedelta()
        self.sessions: dict[str, Session] = {}
        self.root_keys: set[str] = set()
        self.hardware_seeds: dict[str, str] = {}
        self.report: tuple[datetime, str] | None = None
        self.forbidden_to_list_devices: set[str] = set()
        self.enforce_policies = False
        self.source_ip: str | None = "203.0.113.1"
        self.propagation = 0
        self.secrets: list[str] = []
        self._arriving: dict[str, Iterator[bool]] = {}
        self._code_clocks: defaultdict[str, CodeClock] = defaultdict(CodeClock)
        self._codes = threading.RLock()

    def now(self) -> datetime:
        """Return the time of the server's clock."""
        return datetime.now(UTC) + self.clock_offset

    @property
    def iam(self) -> IAMBackend:
        """The IAM of moto for this account."""
        return iam_backends[self.id][self.partition]

    @property
    def region(self) -> str:
        """A region of the account's partition."""
        return {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[self.partition]

    @property
    def root_arn(self) -> str:
        """The ARN of the root user, which represents the whole account in a policy."""
        return f"arn:{self.partition}:iam::{self.id}:root"

    # ---- keys and sessions

    def new_id(self, prefix: str, length: int = 20) -> str:
        """Create a unique identifier in the form of AWS, which encodes the account."""
        return generate_access_key_id_from_account_id(self.id, prefix=prefix, total_length=length)

    def create_root_key(self) -> AccessKey:
        """Create a long-term key of the root user."""
        key = self.iam.create_temp_access_key()  # the only kind of key in moto without a user
        del self.iam.access_keys[key.access_key_id]
        key.access_key_id = self.new_id("AKIA")
        self.iam.access_keys[key.access_key_id] = key
        self.root_keys.add(key.access_key_id)
        return key

    def create_access_key(self, user_name: str) -> AccessKey:
        """Create a key of a user; the next requests do not know it until it has propagated."""
        key = self.iam.create_access_key(user_name)
        key.secret_access_key = new_secret()
        self.secrets.append(key.secret_access_key)
        self._arriving[key.access_key_id] = islice(cycle([False, True]), 2 * self.propagation)
        return key

    def open_session(self, identity: Identity, duration: int, *, mfa: bool) -> Session:
        """Issue temporary credentials."""
        session = Session(
            access_key_id=self.new_id("ASIA"),
            secret=new_secret(),
            token=new_token(),
            expiration=(self.now() + timedelta(seconds=duration)).replace(microsecond=0),
            identity=identity,
            mfa=mfa,
            issued=self.now().replace(microsecond=0),
        )
        self.sessions[session.access_key_id] = session
        return session

    def caller(self, access_key_id: str, token: str | None, region: str) -> Caller:
        """Return the owner of a key; raise AwsError unless key and token are valid in this partition."""
        if get_partition(region) != self.partition:
            raise invalid_token()
        if session := self.sessions.get(access_key_id):
            user_name = session.identity.user_name
            if token != session.token or (user_name and user_name not in self.iam.users):
                raise invalid_token()
            return Caller(session.identity, session.secret, session)
        key = self.iam.access_keys.get(access_key_id)
        if token or not key or key.status != "Active" or not next(self._arriving.get(access_key_id, iter(())), True):
            raise invalid_token()
        if access_key_id in self.root_keys:
            return Caller(Identity(self.root_arn, self.id), key.secret_access_key)
        user = self.iam.users.get(key.user_name or "")
        if not user:
            raise invalid_token()
        return Caller(Identity(user.arn, user.id, user.name), key.secret_access_key)

    def note_use(self, access_key_id: str, service: str, region: str) -> None:
        """Record the last use of a long-term key."""
        if key := self.iam.access_keys.get(access_key_id):
            key.last_used = AccessKeyLastUsed(self.now(), service, region)

    # ---- devices and their codes

    def seed(self, serial: str) -> str | None:
        """Return the base32 seed of a device; None for a FIDO key or an unknown device."""
        virtual = self.iam.virtual_mfa_devices.get(serial)
        return virtual.base32_string_seed if virtual else self.hardware_seeds.get(serial)

    def has_code_device(self, user_name: str | None, serial: str) -> bool:
        """Return whether the device is enabled for this user and shows codes."""
        user = self.iam.users.get(user_name or "")
        return user is not None and serial in user.mfa_devices and self.seed(serial) is not None

    def code_clock(self, serial: str) -> CodeClock:
        """Return the clock of a device."""
        return self._code_clocks[serial]

    def code(self, serial: str) -> str:
        """Return the code that the device shows."""
        return self._code_at(serial, self._shown(serial))

    def next_code(self, serial: str) -> str:
        """Advance the clock by one step, or past the last used code, and return the code then."""
        with self._codes:
            steps = max(1, self.code_clock(serial).last_used + 1 - self._shown(serial))
            self.code_clock(serial).drift += timedelta(seconds=STEP * steps)
            return self.code(serial)

    def spend_code(self, serial: str, code: str) -> bool:
        """Return whether a code, at most one step early or late, is newer than the last one used."""
        with self._codes:
            clock, current = self.code_clock(serial), self._step(serial)
            for step in range(max(current - 1, clock.last_used + 1), current + 2):
                if self._code_at(serial, step) == code:
                    clock.last_used = step
                    return True
            return False

    def synchronize(self, serial: str, first: str, second: str) -> bool:
        """Accept two consecutive codes of the last or next ten minutes, and correct the assumed offset by them."""
        with self._codes:
            clock, current = self.code_clock(serial), self._step(serial)
            for step in sorted(range(current - SYNC_STEPS, current + SYNC_STEPS), key=lambda step: abs(step - current)):
                if step <= clock.last_used or [first, second] != [self._code_at(serial, step + n) for n in (0, 1)]:
                    continue
                moved = step + 1 - current
                clock.drift += timedelta(seconds=STEP * moved)
                clock.astray -= moved
                clock.last_used = step + 1
                return True
            return False

    def forget_codes(self, serial: str) -> None:
        """Forget the clock of a deleted device; a new one with the same name is another device."""
        self._code_clocks.pop(serial, None)

    def _step(self, serial: str) -> int:
        """Return the step at which AWS assumes the device to be."""
        return int((self.now() + self.code_clock(serial).drift).timestamp()) // STEP

    def _shown(self, serial: str) -> int:
        """Return the step at which the device is."""
        return self._step(serial) + self.code_clock(serial).astray

    def _code_at(self, serial: str, step: int) -> str:
        seed = self.seed(serial)
        if seed is None:
            raise LookupError(f"{serial} shows no codes")
        return pyotp.HOTP(seed).at(step)
