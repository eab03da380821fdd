"""Which sessions a refresh has to get, decided from the two files and the settings alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from encee.aws.session import Signer
from encee.errors import EnceeError, UsageError
from encee.profiles.catalog import Catalog
from encee.profiles.files import Files
from encee.profiles.settings import Settings


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A profile has a fresh session."""

    profile: str
    session_profile: str
    expiration: datetime


@dataclass(frozen=True, slots=True)
class StillValid:
    """A profile's session is good enough; nothing was asked and nothing was written."""

    profile: str
    session_profile: str
    expiration: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """A profile has no fresh session, for the reason that `error` gives."""

    profile: str
    session_profile: str | None
    error: EnceeError


Outcome = Refreshed | StillValid | Failed


@dataclass(frozen=True, slots=True)
class Job:
    """One session to get.

    Args:
        profile: The long-term profile.
        session_profile: Where the session goes.
        serial: The serial number of the device that shows the code.
        duration: For how long the session is asked.
        signer: Who signs the request.
        warnings: What a person should know about the settings.
    """

    profile: str
    session_profile: str
    serial: str
    duration: timedelta
    signer: Signer
    warnings: tuple[str, ...] = ()


def plan(words: Sequence[str], catalog: Catalog, settings: Settings, files: Files) -> list[Job | Failed]:
    """What the words of the command line ask for, a job or a failure for each profile.

    Args:
        words: Profiles or shell patterns; none means each long-term profile whose device the files name.
        catalog: The profiles.
        settings: Their settings.
        files: Where they are.

    Raises:
        UsageError: Nothing is to be done, a pattern matches nothing, or two profiles have one session profile.
    """
    named = catalog.matching(words, catalog.sources)
    if not words:
        named = [profile for profile in catalog.sources if settings.saved_serial(profile)]
        if not named:
            raise UsageError(
                f"no profile in {files.credentials} has an MFA device in its settings",
                hint="name one: encee refresh PROFILE --mfa-serial arn:aws:iam::123456789012:mfa/DEVICE",
            )
    steps = {step.profile: step for step in (_step(word, catalog, settings, files) for word in named)}
    _refuse_shared_targets([step for step in steps.values() if isinstance(step, Job)])
    return list(steps.values())


def _step(word: str, catalog: Catalog, settings: Settings, files: Files) -> Job | Failed:
    profile = catalog.source_for(word)
    if profile is None or (key := catalog.access_key(profile)) is None:
        return Failed(word, None, catalog.not_a_source(word, files))
    target = settings.target(profile)
    try:
        catalog.refuse_key(profile, key)
        catalog.refuse_target(target, profile)
        duration = settings.duration(profile)
        serial = settings.serial(profile)
        if serial is None:
            raise UsageError(
                f"no MFA device is known for {profile}",
                hint=f"name it: encee refresh {profile} --mfa-serial arn:aws:iam::123456789012:mfa/DEVICE",
            )
        region, warning = settings.region(profile, serial)
    except EnceeError as error:
        return Failed(profile, target, error)
    signer = Signer(profile, key, region, files.credentials, files.config)
    return Job(profile, target, serial, duration, signer, (warning,) if warning else ())


def _refuse_shared_targets(jobs: Sequence[Job]) -> None:
    """Refuse a run in which one session would be written over another's.

    Raises:
        UsageError: Names two such profiles.
    """
    owner: dict[str, str] = {}
    for job in jobs:
        other = owner.setdefault(job.session_profile, job.profile)
        if other != job.profile:
            raise UsageError(
                f"{other} and {job.profile} would both be written to {job.session_profile}",
                hint="refresh them one by one, or give one a name of its own with --to NAME",
            )
