"""The settings of a profile, in their order: option, environment, credentials file, config file, default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from encee.errors import UsageError
from encee.profiles.catalog import Catalog

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=36)
WORKING_DAY = timedelta(hours=12)

_DURATION = re.compile(r"(?:(?P<hours>[0-9]+)h)?(?:(?P<minutes>[0-9]+)m)?|(?P<seconds>[0-9]+)s?")
_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)
_DEVICE_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):mfa/[\w+=/,.@-]+", re.ASCII)

_FIRST_REGION = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
_PARTITION_OF_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True)
class Given:
    """The settings that the command line gives for every profile of a run; None where it is silent."""

    mfa_serial: str | None = None
    duration: str | None = None
    to: str | None = None
    region: str | None = None


class Settings:
    """Looks a profile's settings up.

    Args:
        given: The command line's.
        environ: The environment.
        catalog: The two files.
    """

    def __init__(self, given: Given, environ: Mapping[str, str], catalog: Catalog) -> None:
        self._given = given
        self._environ = environ
        self._catalog = catalog

    def saved_serial(self, profile: str) -> str | None:
        """The device that the files name for a profile."""
        options = self._catalog.options(profile)
        return options.get("mfa_serial") or options.get("aws_mfa_device")

    def serial(self, profile: str) -> str | None:
        """The serial number of a profile's device, checked; None where no setting names one.

        Raises:
            UsageError: It is not the serial number of a device that STS takes.
        """
        value = (
            self._given.mfa_serial
            or self._environ.get("ENCEE_MFA_SERIAL")
            or self._environ.get("MFA_DEVICE")
            or self.saved_serial(profile)
        )
        return checked_serial(value) if value else None

    def duration(self, profile: str) -> timedelta:
        """For how long a profile's session is asked.

        Raises:
            UsageError: It is no duration, or not one that STS grants.
        """
        value = (
            self._given.duration
            or self._environ.get("ENCEE_DURATION")
            or self._environ.get("MFA_STS_DURATION")
            or self._catalog.options(profile).get("encee_duration")
            or self._catalog.config.get("default", {}).get("encee_duration")
        )
        if not value:
            return WORKING_DAY
        duration = parse_duration(value)
        if not SHORTEST <= duration <= LONGEST:
            raise UsageError(
                f"a session cannot last {value}: AWS grants 15m to 36h", hint="try --duration 12h, a working day"
            )
        return duration

    def target(self, profile: str) -> str:
        """The name of a profile's session profile."""
        return self._given.to or self._catalog.sources[profile]

    def region(self, profile: str, serial: str) -> tuple[str, str | None]:
        """The region of the STS endpoint, and a warning or None.

        The profile's own region comes before the environment's; one of the environment that is in another
        partition than the device is passed over.
        """
        if own := self._given.region or self._catalog.options(profile).get("region"):
            return own, None
        match = _DEVICE_ARN.fullmatch(serial)
        partition = match["partition"] if match else "aws"
        first = _FIRST_REGION.get(partition, _FIRST_REGION["aws"])
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if not (region := self._environ.get(variable)):
                continue
            if match is None or partition_of(region) == partition:
                return region, None
            return first, f"{variable}={region} is not in the partition {partition} of the device: using {first}"
        return first, None


def parse_duration(text: str) -> timedelta:
    """A duration as people type it: `45m`, `12h`, `1h30m`, or a number of seconds.

    Raises:
        UsageError: It is none.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise UsageError(f"{text!r} is not a duration", hint="write it like 45m, 12h, 1h30m or 14400 (seconds)")
    parts = {unit: int(value) for unit, value in match.groupdict(default="0").items()}
    try:
        return timedelta(**parts)
    except OverflowError:
        return timedelta.max


def checked_serial(value: str) -> str:
    """A device's serial number: an ARN `…:mfa/NAME`, or what is printed on a hardware token.

    Raises:
        UsageError: STS would not take it.
    """
    form = "arn:aws:iam::123456789012:mfa/DEVICE"
    if ":user/" in value:
        raise UsageError(
            f"{value} is the ARN of a user, not of an MFA device",
            hint=f"the device's looks like {form}; see it in the console under Security credentials",
        )
    if ":u2f/" in value:
        raise UsageError(
            f"{value} is a FIDO security key or passkey, which AWS STS cannot use",
            hint="add an authenticator app in the console and name that device, or sign in with: aws login",
        )
    if not _SERIAL.fullmatch(value) or (value.startswith("arn:") and not _DEVICE_ARN.fullmatch(value)):
        raise UsageError(
            f"{value!r} is not the serial number of an MFA device",
            hint=f"it looks like {form}, or like GAHT12345678 on a hardware token",
        )
    return value


def partition_of(region: str) -> str:
    """The partition that a region is in, by the region's prefix."""
    return next((name for prefix, name in _PARTITION_OF_PREFIX.items() if region.startswith(prefix)), "aws")


def account_of(serial: str | None, access_key_id: str | None) -> str | None:
    """The account number that a device's ARN or an access key id holds, or None.

    Only ids of the newer kind hold one, in the 39 bits behind the first bit of their 12-character body; their
    fifth character is `Q` to `Z` or `2` to `7`.
    """
    if serial and (match := _DEVICE_ARN.fullmatch(serial)):
        return match["account"]
    body = (access_key_id or "")[4:]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    if len(body) != 16 or not set(body) <= set(alphabet) or alphabet.index(body[0]) < alphabet.index("Q"):  # noqa: PLR2004 - the length of every key id's body
        return None
    number = 0
    for character in body[:10]:
        number = number * 32 + alphabet.index(character)
    return f"{(number >> 2 & 0x7FFFFFFFFF80) >> 7:012d}"
