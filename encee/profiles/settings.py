"""Look up settings: option, environment, credentials file, config file, default."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from shlex import join
from typing import NamedTuple, TypeVar

from encee.awsfile.syntax import require_single_line
from encee.errors import EnceeError, UsageError
from encee.model import Role
from encee.profiles.catalog import DEVICE_OPTIONS, Catalog
from encee.profiles.credentials import IN_KEYRING
from encee.profiles.durations import HOUR, LONGEST, LONGEST_ROLE, WORKING_DAY, parse_duration_within
from encee.profiles.identifiers import (
    DEVICE_ARN,
    ROLE_ARN,
    default_region,
    find_partition,
    is_device_name,
    may_belong_together,
    require_serial,
)

SEED = "encee_totp"
"""The option that says where the seed of a profile's device is stored."""

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)

Checked = TypeVar("Checked")


class GivenSettings(NamedTuple):
    """The settings of the command line, for every profile of a run; None if not given."""

    mfa_serial: str | None = None
    duration: str | None = None
    to: str | None = None
    region: str | None = None
    code_command: str | None = None


class Settings:
    """The settings of profiles.

    Args:
        given: The settings of the command line.
        environ: The environment.
        catalog: The profiles.
        read_legacy_serial: Returns the device that `~/.encee/config` names, if any.
    """

    def __init__(
        self,
        given: GivenSettings,
        environ: Mapping[str, str],
        catalog: Catalog,
        read_legacy_serial: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._given = given
        self._environ = environ
        self._catalog = catalog
        self._read_legacy_serial = read_legacy_serial
        serial = given.mfa_serial
        self.device_name = serial if serial is not None and is_device_name(serial) else None
        """The device's name, if the command line gives that as the device."""

    def saved_serial(self, profile: str) -> str | None:
        """Return the device that the files name for a long-term profile or its roles.

        Raises:
            FileRefusedError: The value has several lines.
        """
        return require_single_line(self._saved(profile), f"the serial number of the device that is saved for {profile}")

    def has_saved_serial(self, profile: str) -> bool:
        """Whether the two files name a device for a long-term profile, valid or not."""
        return self._saved(profile) is not None

    def _saved(self, profile: str) -> str | None:
        return self._catalog.device(profile) or self._serial_of_roles(profile)

    def _serial_of_roles(self, profile: str) -> str | None:
        """Return the only distinct `mfa_serial` of the roles that use a profile."""
        names = {profile, self._catalog.session_profiles.get(profile)}
        roles = [self._catalog.options(role) for role in self._catalog.role_profiles]
        serials = {role["mfa_serial"] for role in roles if role["source_profile"] in names and role.get("mfa_serial")}
        return serials.pop() if len(serials) == 1 else None

    def serial(self, profile: str) -> str | None:
        """Return the checked serial number of a profile's device, if a setting names it.

        Args:
            profile: A long-term profile, or a role that needs a code of its own.

        Returns:
            None also if the command line gives a name that does not match exactly one device in the files.

        Raises:
            UsageError: STS does not accept the serial number.
        """
        if self.device_name is not None:
            serials = self._catalog.devices_called(self.device_name, profile)
            return serials[0] if len(serials) == 1 else None
        options = self._catalog.options(profile)
        candidates = [("", self._given.mfa_serial)]
        candidates += [(name, self._environ.get(name)) for name in ("ENCEE_MFA_SERIAL", "MFA_DEVICE")]
        if profile in self._catalog.role_profiles:
            candidates.append((f"mfa_serial of {profile}", options.get("mfa_serial")))
        else:
            candidates += [(f"{name} of {profile}", options.get(name)) for name in DEVICE_OPTIONS]
            candidates.append((f"mfa_serial of the roles of {profile}", self._serial_of_roles(profile)))
            if not any(value for _, value in candidates):
                legacy, key = self._read_legacy_serial(), self._catalog.access_key(profile)
                if may_belong_together(legacy, key.id if key else None):
                    candidates.append(("~/.encee/config", legacy))
        return _check_first(require_serial, *candidates)

    def duration(self, profile: str) -> timedelta:
        """Return the duration to request for a profile's session.

        Raises:
            UsageError: The setting is not a duration, or STS does not grant it.
        """
        duration = _check_first(
            _session_duration,
            ("", self._given.duration),
            *((name, self._environ.get(name)) for name in ("ENCEE_DURATION", "MFA_STS_DURATION")),
            (f"encee_duration of {profile}", self._catalog.options(profile).get("encee_duration")),
            ("encee_duration of default", self._catalog.config.get("default", {}).get("encee_duration")),
        )
        return duration or WORKING_DAY

    def given_duration(self) -> timedelta | None:
        """Return the duration that the command line gives, or None.

        Raises:
            UsageError: The option is not a duration, or STS does not grant it.
        """
        return _check_first(_session_duration, ("", self._given.duration))

    def length(self, profile: str) -> timedelta | None:
        """Return the length of a new session of a profile; None if a setting is invalid."""
        try:
            return self.role(profile).duration if profile in self._catalog.role_profiles else self.duration(profile)
        except EnceeError:
            return None

    def role(self, profile: str) -> Role:
        """Return the role that a role profile describes.

        Raises:
            UsageError: A setting is invalid.
            FileRefusedError: A setting has several lines.
        """
        read = partial(self._catalog.read_single_line, profile)
        arn = read("role_arn") or ""
        if not ROLE_ARN.fullmatch(arn):
            raise UsageError(
                f"role_arn of {profile} is not the ARN of a role",
                hint="it looks like arn:aws:iam::123456789012:role/NAME",
            )
        name = read("role_session_name") or "encee"
        if not _SESSION_NAME.fullmatch(name):
            raise UsageError(
                f"role_session_name of {profile} is not valid", hint="use 2 to 64 letters, digits and _+=,.@-"
            )
        value = read("duration_seconds")
        limit = "a role cannot be assumed for {}: AWS grants 15m to 12h"
        return Role(
            arn,
            name,
            read("external_id"),
            parse_duration_within(value, LONGEST_ROLE, limit, "duration_seconds = 3600") if value else HOUR,
        )

    def region_of_role(self, profile: str) -> str | None:
        """Return the region of a role; None means that of its source profile.

        Raises:
            FileRefusedError: The setting has several lines.
        """
        return self._given.region or self._catalog.read_single_line(profile, "region")

    def code_command(self, profile: str) -> str | None:
        """Return the command that prints a profile's MFA codes, if any.

        Raises:
            FileRefusedError: The setting has several lines.
        """
        return (
            self._given.code_command
            or self._environ.get("ENCEE_CODE_COMMAND")
            or self._catalog.read_single_line(profile, "mfa_process")
        )

    def has_seed(self, profile: str) -> bool:
        """Whether the keyring has the seed of a profile's device.

        Raises:
            FileRefusedError: The setting has several lines.
        """
        return self._catalog.read_single_line(profile, SEED) == IN_KEYRING

    def session_profile(self, profile: str, *, named: bool = True) -> str:
        """Return a session profile; `--to` counts only for a profile that was named."""
        return (named and self._given.to) or self._catalog.session_profiles[profile]

    def region(self, profile: str, serial: str | None) -> tuple[str, str | None]:
        """Return the region of the STS endpoint, and a warning or None.

        The profile's region takes precedence over that of the environment, which is ignored if it is in another
        partition than the device.

        Args:
            profile: The profile.
            serial: The serial number of its device, if known.

        Raises:
            FileRefusedError: The profile's region has several lines.
        """
        if own := self._given.region or self._catalog.read_single_line(profile, "region"):
            return own, None
        match = DEVICE_ARN.fullmatch(serial or "")
        partition = match["partition"] if match else "aws"
        first = default_region(partition)
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if not (region := self._environ.get(variable)):
                continue
            if match is None or find_partition(region) == partition:
                return region, None
            return first, f"{variable}={region} is not in the partition {partition} of the device: using {first}"
        return first, None


def refuse_other_partition(region: str, serial: str | None, profile: str) -> None:
    """Refuse a region in another partition than the device's.

    Raises:
        UsageError: The device's ARN names another partition.
    """
    device = DEVICE_ARN.fullmatch(serial or "")
    if device and find_partition(region) != device["partition"]:
        command = ["encee", "refresh", profile, "--region", default_region(device["partition"])]
        raise UsageError(
            f"the region {region} of {profile} is not in {device['partition']}, the partition of the device {serial}",
            hint=join(command),
        )


def _session_duration(value: str) -> timedelta:
    return parse_duration_within(
        value, LONGEST, "a session cannot last {}: AWS grants 15m to 36h", "--duration 12h, a working day"
    )


def _check_first(check: Callable[[str], Checked], *candidates: tuple[str, str | None]) -> Checked | None:
    """Return the first value that is set, checked; None if no value is set.

    Args:
        check: Converts a value, or raises a UsageError.
        candidates: The place of each value, for the message, and the value; the place is empty for the command line.

    Raises:
        UsageError: `check` raised it.
    """
    for where, candidate in candidates:
        if value := require_single_line(candidate, where):
            try:
                return check(value)
            except UsageError as error:
                if not where:
                    raise
                raise UsageError(f"{where}: {error.message}", hint=error.hint) from None
    return None
