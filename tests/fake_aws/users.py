"""The users, keys and devices of the stand-in, which tests create and change without a request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
from moto.iam.models import AccessKeyLastUsed

from tests.fake_aws.account import new_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.iam.models import AccessKey

    from tests.fake_aws.account import Account


@dataclass(frozen=True)
class FakeKey:
    """A long-term access key."""

    id: str
    secret: str
    _account: Account = field(repr=False)

    @classmethod
    def of(cls, key: AccessKey, account: Account) -> FakeKey:
        """Convert a key of moto; its secret gets a "/" and a "+"."""
        key.secret_access_key = new_secret()
        account.secrets.append(key.secret_access_key)
        return cls(key.access_key_id, key.secret_access_key, account)

    @property
    def active(self) -> bool:
        """Return whether the key is active."""
        return self._account.iam.access_keys[self.id].status == "Active"

    def activate(self) -> None:
        self._account.iam.access_keys[self.id].status = "Active"

    def deactivate(self) -> None:
        self._account.iam.access_keys[self.id].status = "Inactive"

    def use(self, ago: timedelta = timedelta()) -> None:
        """Record that the key was last used so long ago."""
        when = (self._account.now() - ago).replace(tzinfo=None)
        self._account.iam.access_keys[self.id].last_used = AccessKeyLastUsed(when, "s3", self._account.region)

    def delete(self) -> None:
        self._account.iam.delete_access_key_by_name(self.id)


@dataclass
class FakeDevice:
    """An MFA device, enabled or not."""

    serial: str
    _account: Account = field(repr=False)

    @property
    def seed(self) -> str:
        """Return the seed in base32; raise LookupError for a FIDO key."""
        seed = self._account.seed(self.serial)
        if seed is None:
            raise LookupError(f"{self.serial} shows no codes")
        return seed

    @seed.setter
    def seed(self, seed: str) -> None:
        self._account.iam.virtual_mfa_devices[self.serial].base32_string_seed = seed

    @property
    def drift(self) -> timedelta:
        """The offset of the device's clock to that of the server."""
        return self._account.code_clock(self.serial).drift

    @drift.setter
    def drift(self, drift: timedelta) -> None:
        self._account.code_clock(self.serial).drift = drift

    def lose_sync(self, steps: int) -> None:
        """Move the clock of the device by 30-second steps that AWS does not know of."""
        self._account.code_clock(self.serial).astray += steps

    def code(self) -> str:
        """Return the code that the device shows; AWS accepts it once, within its 30 seconds."""
        return self._account.code(self.serial)

    def next_code(self) -> str:
        """Advance the clock of the device by 30 seconds, and return its code then, which was never used.

        The server's view of the device advances too, so that no test waits. It accepts codes one step early or late:
        use a code before you create two more.
        """
        return self._account.next_code(self.serial)


@dataclass
class FakeUser:
    """An IAM user; `access_key` is the first of its keys."""

    name: str
    arn: str
    access_key: FakeKey
    _account: Account = field(repr=False)

    @classmethod
    def create(cls, account: Account, name: str, path: str) -> FakeUser:
        """Create a user with a key."""
        user = account.iam.create_user(account.region, name, path)
        user.id = account.new_id("AIDA", 21)
        return cls(name, user.arn, FakeKey.of(account.iam.create_access_key(name), account), account)

    @property
    def allow_listing_devices(self) -> bool:
        """Whether the user may list devices; True at first."""
        return self.name not in self._account.forbidden_to_list_devices

    @allow_listing_devices.setter
    def allow_listing_devices(self, allowed: bool) -> None:
        forbidden = self._account.forbidden_to_list_devices
        (forbidden.discard if allowed else forbidden.add)(self.name)

    def put_policy(self, name: str, document: Mapping[str, object]) -> None:
        """Add an inline policy to the user."""
        self._account.iam.put_user_policy(self.name, name, json.dumps(document))

    def attach_policy(self, arn: str) -> None:
        """Attach a managed policy to the user."""
        self._account.iam.attach_user_policy(arn, self.name)

    @property
    def devices(self) -> list[FakeDevice]:
        """Return the enabled devices."""
        return [FakeDevice(serial, self._account) for serial in self._account.iam.users[self.name].mfa_devices]

    def create_access_key(self) -> FakeKey:
        """Create another key; AWS allows two."""
        return FakeKey.of(self._account.iam.create_access_key(self.name), self._account)

    def access_keys(self) -> list[FakeKey]:
        """Return the keys of the user, the oldest first."""
        keys = self._account.iam.list_access_keys(self.name)
        return [FakeKey(key.access_key_id, key.secret_access_key, self._account) for key in keys]

    def create_device(self, name: str) -> FakeDevice:
        """Create and enable a virtual device."""
        return self._enable(self._account.iam.create_virtual_mfa_device(name, "/").serial_number)

    def create_hardware_device(self, serial: str) -> FakeDevice:
        """A hardware token, whose serial number does not have the form of an ARN."""
        self._account.hardware_seeds[serial] = pyotp.random_base32()
        return self._enable(serial)

    def create_fido_device(self, name: str) -> FakeDevice:
        """A security key or passkey: listed among the devices, but it shows no codes, and STS cannot use it."""
        account = self._account
        tail = account.new_id("", 26)
        return self._enable(f"arn:{account.partition}:iam::{account.id}:u2f/user/{self.name}/{name}-{tail}")

    def _enable(self, serial: str) -> FakeDevice:
        self._account.iam.enable_mfa_device(self.name, serial, "", "")
        return FakeDevice(serial, self._account)
