"""Plan which sessions a refresh gets, from the files and settings alone."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from encee.aws.signer import Signer
from encee.awsfile.paths import AwsPaths
from encee.errors import EnceeError, UsageError
from encee.mfa.code_sources import parse_code
from encee.model import Role
from encee.profiles.catalog import Catalog
from encee.profiles.durations import HOUR, LONGEST_ROLE, expiring_threshold, format_duration
from encee.profiles.guards import refuse_key, refuse_session_profile
from encee.profiles.lookup_errors import explain_lookup_failure, explain_nothing_to_refresh
from encee.profiles.settings import Settings, refuse_other_partition
from encee.workflows.refresh.jobs import CodeJob, Failed, Job, Keep, Plan, RoleJob, StillValid, Target

_USABLE = timedelta(seconds=60)
"""A session that expires sooner than this is not used to assume a role."""

_SLACK = timedelta(seconds=60)
"""By so much a session may outlast a new one and be no longer than that."""


def plan_refresh(arguments: Sequence[str], catalog: Catalog, settings: Settings, files: AwsPaths) -> Plan:
    """Plan what the command line asks for.

    Args:
        arguments: Profiles or shell patterns; none means every long-term profile whose device is known or can be found.
        catalog: The profiles.
        settings: Their settings.
        files: Where they are.

    Raises:
        UsageError: Nothing is to be done, two profiles have one session profile, or a code is among the profiles.
    """
    planner = _Planner(catalog, settings, files)
    profiles = catalog.long_term_profiles
    for argument in catalog.expand_patterns(arguments, catalog.session_profiles):
        planner.add(argument)
    if not arguments and not profiles:
        raise explain_nothing_to_refresh(catalog, files)
    for profile in profiles if not arguments else ():
        # Of several profiles, one that the files name no device for may belong to a user who has none.
        planner.add(profile, optional=len(profiles) > 1 and not settings.has_saved_serial(profile))
    return planner.finish()


class _Planner:
    """Makes a plan, profile by profile."""

    def __init__(self, catalog: Catalog, settings: Settings, files: AwsPaths) -> None:
        self._catalog = catalog
        self._settings = settings
        self._files = files
        self._plan = Plan()
        self._keys: dict[str, CodeJob] = {}
        """Profile → the job for the session of its key."""
        self._roles: dict[str, CodeJob | RoleJob] = {}

    def add(self, argument: str, *, optional: bool = False) -> None:
        """Plan for one argument; an error becomes a failure or a profile left out.

        Raises:
            UsageError: The argument is a code, which encee would prompt for again and show among the outcomes.
        """
        catalog, plan = self._catalog, self._plan
        profile = catalog.profile_for(argument)
        plan.order.append(profile or argument)
        if profile is None:
            error = explain_lookup_failure(catalog, argument, self._files)
            if parse_code(argument) and argument not in {*catalog.credentials, *catalog.config}:
                raise error
            plan.failures.append(Failed(argument, None, error))
            return
        try:
            if profile in catalog.role_profiles:
                self._add_role(profile)
            else:
                self._add_key(profile, asked_for=True, optional=optional)
        except EnceeError as error:
            failed = Failed(profile, self._settings.session_profile(profile), error)
            (plan.left_out if optional else plan.failures).append(failed)

    def finish(self) -> Plan:
        """Return the plan, with one job for the profiles that share a key.

        Raises:
            UsageError: Two profiles have one session profile.
        """
        plan = self._plan
        groups: dict[str, list[CodeJob]] = {}
        for job in self._keys.values():
            groups.setdefault(job.signer.key.id, []).append(job)
        plan.codes += [jobs[0] if len(jobs) == 1 else _join(jobs) for jobs in groups.values()]
        plan.codes += [job for job in self._roles.values() if isinstance(job, CodeJob)]
        plan.codes.sort(key=lambda job: min(plan.position(target.profile) for target in job.targets))
        plan.roles += [job for job in self._roles.values() if isinstance(job, RoleJob)]
        _refuse_shared_session_profiles(target for job in plan.jobs for target in job.targets)
        return plan

    def _add_key(
        self, profile: str, *, asked_for: bool, session_profile: str | None = None, optional: bool = False
    ) -> CodeJob:
        """Plan the session of a long-term profile's key."""
        job = self._keys.get(profile)
        if job is None:
            name = session_profile or self._settings.session_profile(profile, named=asked_for)
            refuse_session_profile(self._catalog, name, profile)
            job = self._make_key_job(Target(profile, name), asked_for=asked_for, optional=optional)
        self._keys[profile] = job._replace(asked_for=job.asked_for or asked_for)
        return job

    def _make_key_job(self, target: Target, *, asked_for: bool, optional: bool = False) -> CodeJob:
        catalog, settings, profile = self._catalog, self._settings, target.profile
        key = catalog.access_key(profile)
        if key is None:
            raise explain_lookup_failure(catalog, profile, self._files)
        refuse_key(catalog, profile, key)
        # Option, environment and the first encee's file name one device, which belongs to one user.
        serial = None if optional else settings.serial(profile)
        region, warning = settings.region(profile, serial)
        refuse_other_partition(region, serial, profile)
        return CodeJob(
            targets=(target,),
            signer=Signer(profile, key, region, *self._files),
            serial=serial,
            duration=settings.duration(profile),
            command=settings.code_command(profile),
            has_seed=settings.has_seed(profile),
            asked_for=asked_for,
            notes=(warning,) if warning else (),
            optional=optional,
            device_name=None if optional else settings.device_name,
        )

    def _add_role(self, profile: str) -> None:
        """Plan a role, and the roles and the session with which it is assumed."""
        *roles, source = self._catalog.follow_role_chain(profile)
        role, notes = self._apply_given_duration(self._settings.role(profile), profile, is_chained=len(roles) > 1)
        if role.duration > HOUR and len(roles) > 1:
            raise UsageError(
                f"{profile} is assumed with another role, and so for one hour at most",
                hint=f"set duration_seconds = 3600 under [profile {profile}]",
            )
        if role.duration > HOUR:
            self._roles[profile] = self._make_role_job_with_code(profile, source, role, notes)
            return
        base = self._add_key(
            source, asked_for=False, session_profile=self._catalog.find_named_session_profile(roles[-1])
        )
        signs = base.targets[0]
        for link in reversed(roles):
            named = link == profile
            if named or link not in self._roles:
                region = self._settings.region_of_role(link) or base.signer.region
                refuse_other_partition(region, base.serial, link)
                session_profile = self._settings.session_profile(link, named=named)
                refuse_session_profile(self._catalog, session_profile, link)
                self._roles[link] = RoleJob(
                    Target(link, session_profile),
                    role if named else self._shorten_chained_role(link),
                    signs,
                    base.signer._replace(profile=link, region=region),
                    named,
                    notes if named else (),
                )
            signs = self._roles[link].targets[0]

    def _shorten_chained_role(self, link: str) -> Role:
        """Return a role that only another role needs, for an hour at most."""
        role = self._settings.role(link)
        return role._replace(duration=min(role.duration, HOUR))

    def _apply_given_duration(self, role: Role, profile: str, *, is_chained: bool) -> tuple[Role, tuple[str, ...]]:
        """Apply the duration of the command line, limited to what AWS grants, with notes."""
        given = self._settings.given_duration()
        if given is None:
            return role, ()
        longest = LONGEST_ROLE if role.duration > HOUR else HOUR
        if given <= longest:
            return role._replace(duration=given), ()
        if longest == LONGEST_ROLE:
            lasts = f"{profile} lasts {format_duration(longest)}, not {format_duration(given)}"
            note = f"{lasts}: AWS grants no more for a role"
            return role._replace(duration=longest), (note,)
        lasts = f"{profile} lasts {format_duration(role.duration)}, not {format_duration(given)}"
        note = f"{lasts}: a role that is assumed with a session lasts 1h at most"
        if not is_chained:
            note += f"; with duration_seconds under [profile {profile}] it gets more, and a code of its own"
        return role, (note,)

    def _make_role_job_with_code(self, profile: str, source: str, role: Role, notes: tuple[str, ...]) -> CodeJob:
        """Make the job for a role that lasts longer than a session can assume it."""
        base = self._make_key_job(Target(source, source), asked_for=False)
        region = self._settings.region_of_role(profile) or base.signer.region
        refuse_other_partition(region, base.serial, profile)
        session_profile = self._settings.session_profile(profile)
        refuse_session_profile(self._catalog, session_profile, profile)
        note = f"{profile} lasts longer than an hour, so it needs the long-term key of {source} and a code of its own"
        return base._replace(
            targets=(Target(profile, session_profile),),
            signer=base.signer._replace(region=region, role=profile),
            serial=self._settings.serial(profile) or base.serial,
            command=self._settings.code_command(profile) or base.command,
            duration=role.duration,
            role=role,
            asked_for=True,
            notes=(*base.notes, note, *notes),
        )


def select_jobs(plan: Plan, catalog: Catalog, now: datetime, keep: Keep) -> tuple[list[Job], list[StillValid]]:
    """Choose the jobs to do, and the sessions that stay as they are.

    A job that the command line names is done, unless its sessions stay. A job that only roles need is done when one of
    these roles is assumed and no session on disk can assume it.

    Args:
        plan: From `plan_refresh`.
        catalog: The sessions on disk.
        now: The present moment, UTC.
        keep: Which sessions stay.
    """
    jobs: list[Job] = []
    valid: list[StillValid] = []
    needed: set[Target] = set()
    for job in reversed(plan.jobs):
        kept = _find_valid_sessions(job, catalog, now, keep)
        if job.asked_for:
            valid += kept
        if kept or not (job.asked_for or needed.intersection(job.targets)):
            continue
        jobs.append(job)
        if isinstance(job, RoleJob):
            needed.add(job.session_of)
    return jobs[::-1], valid


def _find_valid_sessions(job: Job, catalog: Catalog, now: datetime, keep: Keep) -> list[StillValid]:
    """Find the sessions that make a job unnecessary: all of its profiles', or none."""
    latest = None
    if not job.asked_for:
        earliest = now + _USABLE
    elif keep.lasting is not None:
        earliest = now + keep.lasting
    elif keep.unless_expiring:
        earliest = now + expiring_threshold(job.duration)
        latest = now + job.duration + _SLACK if keep.no_longer else None
    else:
        return []
    # Roles are assumed with a session of encee's, never with one of aws-mfa.
    find = catalog.usable_session if job.asked_for else catalog.session
    valid = []
    for target in job.targets:
        session = find(target.session_profile, target.profile)
        if session is None or session.expiration < earliest or (latest and session.expiration > latest):
            return []
        valid.append(StillValid(*target, session.expiration))
    return valid


def _join(jobs: Sequence[CodeJob]) -> CodeJob:
    """Join the jobs of profiles with the same key, for the shortest duration."""
    first = jobs[0]
    shortest = min(job.duration for job in jobs)
    notes = list(dict.fromkeys(note for job in jobs for note in job.notes))
    if any(job.duration != shortest for job in jobs):
        names = ", ".join(job.label for job in jobs)
        notes.append(f"{names} have one key and so one session: the shortest of their durations counts")
    return first._replace(
        targets=tuple(target for job in jobs for target in job.targets),
        serial=next((job.serial for job in jobs if job.serial), None),
        duration=shortest,
        command=next((job.command for job in jobs if job.command), None),
        has_seed=any(job.has_seed for job in jobs),
        asked_for=any(job.asked_for for job in jobs),
        optional=all(job.optional for job in jobs),
        notes=tuple(notes),
    )


def _refuse_shared_session_profiles(targets: Iterable[Target]) -> None:
    """Refuse a run in which two profiles would be written to the same session profile.

    Raises:
        UsageError: Names two such profiles.
    """
    profiles: dict[str, str] = {}
    for profile, session_profile in targets:
        other = profiles.setdefault(session_profile, profile)
        if other != profile:
            free = f"{profile}-mfa" if session_profile != f"{profile}-mfa" else f"{profile}-session"
            raise UsageError(
                f"{other} and {profile} would both be written to {session_profile}",
                hint=f"encee refresh {shlex.quote(profile)} --to {shlex.quote(free)}",
            )
