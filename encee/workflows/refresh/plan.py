"""Plan which sessions a refresh gets, from the files and settings alone."""

from collections.abc import Iterable, Sequence

from encee.aws.signer import Signer
from encee.awsfile.paths import AwsPaths
from encee.errors import EnceeError, UsageError
from encee.mfa.code_sources import parse_code
from encee.model import Role
from encee.profiles.catalog import Catalog
from encee.profiles.durations import HOUR, LONGEST_ROLE, format_duration
from encee.profiles.lookup_errors import explain_lookup_failure, explain_nothing_to_refresh
from encee.profiles.settings import Settings, refuse_other_partition
from encee.workflows.refresh.jobs import CodeJob, Failed, Job, Plan, RoleJob, Target, place


def plan(words: Sequence[str], catalog: Catalog, settings: Settings, files: AwsPaths) -> Plan:
    """Plan what the command line asks for.

    Args:
        words: Profiles or shell patterns; none means every long-term profile whose device is known or can be found.
        catalog: The profiles.
        settings: Their settings.
        files: Where they are.

    Raises:
        UsageError: Nothing is to be done, two profiles have one session profile, or a code is among the profiles.
    """
    planner = _Planner(catalog, settings, files)
    if words:
        named = catalog.expand_patterns(words, catalog.session_profiles)
        _refuse_codes(named, catalog, files)
        for word in named:
            planner.add(word)
        return planner.plan()
    if not catalog.long_term_profiles:
        raise explain_nothing_to_refresh(catalog, files)
    for profile in catalog.long_term_profiles:
        # Of several profiles, one that the files name no device for may belong to a user who has none.
        planner.add(profile, optional=len(catalog.long_term_profiles) > 1 and not settings.has_saved_serial(profile))
    return planner.plan()


class _Planner:
    """Collects the jobs, profile by profile."""

    def __init__(self, catalog: Catalog, settings: Settings, files: AwsPaths) -> None:
        self._catalog = catalog
        self._settings = settings
        self._files = files
        self._keys: dict[str, CodeJob] = {}
        """Profile → the job for the session of its key."""
        self._roles: dict[str, CodeJob | RoleJob] = {}
        self._failures: list[Failed] = []
        self._left_out: list[Failed] = []
        self._order: list[str] = []

    def add(self, word: str, *, optional: bool = False) -> None:
        """Plan for one argument; an error becomes a failure, or optional is left out."""
        profile = self._catalog.profile_for(word)
        self._order.append(profile or word)
        if profile is None:
            self._failures.append(Failed(word, None, explain_lookup_failure(self._catalog, word, self._files)))
            return
        try:
            if profile in self._catalog.role_profiles:
                self._add_role(profile)
            else:
                self._add_key(profile, asked_for=True, optional=optional)
        except EnceeError as error:
            failed = Failed(profile, self._settings.session_profile(profile), error)
            (self._left_out if optional else self._failures).append(failed)

    def plan(self) -> Plan:
        """All that was added, with one job for the profiles that share a key.

        Raises:
            UsageError: Two profiles have one session profile.
        """
        groups: dict[str, list[CodeJob]] = {}
        for job in self._keys.values():
            groups.setdefault(job.signer.key.id, []).append(job)
        own_code = [job for job in self._roles.values() if isinstance(job, CodeJob)]
        codes = sorted([*map(_joined, groups.values()), *own_code], key=self._place)
        roles = [job for job in self._roles.values() if isinstance(job, RoleJob)]
        jobs: list[Job] = [*codes, *roles]
        _refuse_shared_targets(target for job in jobs for target in job.targets)
        return Plan(codes, roles, self._failures, self._order, self._left_out)

    def _place(self, job: CodeJob) -> int:
        """Return the position of a job; one that only roles need comes last."""
        return min(place(target.profile, self._order) for target in job.targets)

    def _add_key(
        self, profile: str, *, asked_for: bool, session_profile: str | None = None, optional: bool = False
    ) -> CodeJob:
        """Plan the session of a long-term profile's key."""
        job = self._keys.get(profile)
        if job is None:
            target = Target(profile, session_profile or self._settings.session_profile(profile, named=asked_for))
            job = self._key_job(self._checked(target), asked_for=asked_for, optional=optional)
        self._keys[profile] = job._replace(asked_for=job.asked_for or asked_for)
        return job

    def _key_job(self, target: Target, *, asked_for: bool, optional: bool = False) -> CodeJob:
        profile = target.profile
        key = self._catalog.access_key(profile)
        if key is None:
            raise explain_lookup_failure(self._catalog, profile, self._files)
        self._catalog.refuse_key(profile, key)
        # Option, environment and the first encee's file name one device, which belongs to one user.
        serial = None if optional else self._settings.serial(profile)
        region, warning = self._settings.region(profile, serial)
        refuse_other_partition(region, serial, profile)
        return CodeJob(
            targets=(target,),
            signer=Signer(profile, key, region, self._files.credentials, self._files.config),
            serial=serial,
            duration=self._settings.duration(profile),
            command=self._settings.code_command(profile),
            has_seed=self._settings.has_seed(profile),
            asked_for=asked_for,
            notes=(warning,) if warning else (),
            optional=optional,
            device_name=None if optional else self._settings.device_name(),
        )

    def _add_role(self, profile: str) -> None:
        """Plan a role, and the roles and the session with which it is assumed."""
        *roles, source = self._catalog.chain(profile)
        role, notes = self._lasting_as_given(self._settings.role(profile), profile, is_chained=len(roles) > 1)
        if role.duration > HOUR and len(roles) > 1:
            raise UsageError(
                f"{profile} is assumed with another role, and so for one hour at most",
                hint=f"set duration_seconds = 3600 under [profile {profile}]",
            )
        if role.duration > HOUR:
            self._roles[profile] = self._with_own_code(profile, source, role, notes)
            return
        base = self._add_key(source, asked_for=False, session_profile=self._catalog.session_profile_named_by(roles[-1]))
        signs = base.targets[0]
        for link in reversed(roles):
            named = link == profile
            if named or link not in self._roles:
                region = self._settings.region_of_role(link) or base.signer.region
                refuse_other_partition(region, base.serial, link)
                self._roles[link] = RoleJob(
                    self._checked(Target(link, self._settings.session_profile(link, named=named))),
                    role if named else self._chained(link),
                    signs,
                    base.signer._replace(profile=link, region=region),
                    named,
                    notes if named else (),
                )
            signs = self._roles[link].targets[0]

    def _chained(self, link: str) -> Role:
        """A role that only another one needs: an hour is enough, and all that AWS grants."""
        role = self._settings.role(link)
        return role._replace(duration=min(role.duration, HOUR))

    def _lasting_as_given(self, role: Role, profile: str, *, is_chained: bool) -> tuple[Role, tuple[str, ...]]:
        """Limit the duration of a role to what AWS grants, and note a difference."""
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

    def _with_own_code(self, profile: str, source: str, role: Role, notes: tuple[str, ...]) -> CodeJob:
        """A role for longer than AWS grants one that is assumed with a session."""
        base = self._key_job(Target(source, source), asked_for=False)
        region = self._settings.region_of_role(profile) or base.signer.region
        refuse_other_partition(region, base.serial, profile)
        note = f"{profile} lasts longer than an hour, so it needs the long-term key of {source} and a code of its own"
        return base._replace(
            targets=(self._checked(Target(profile, self._settings.session_profile(profile))),),
            signer=base.signer._replace(region=region, role=profile),
            serial=self._settings.serial_of_role(profile) or base.serial,
            command=self._settings.code_command(profile) or base.command,
            duration=role.duration,
            role=role,
            asked_for=True,
            notes=(*base.notes, note, *notes),
        )

    def _checked(self, target: Target) -> Target:
        self._catalog.refuse_session_profile(target.session_profile, target.profile)
        return target


def _joined(jobs: Sequence[CodeJob]) -> CodeJob:
    """Merge the jobs of profiles with the same key, for the shortest duration."""
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


def _refuse_codes(words: Iterable[str], catalog: Catalog, files: AwsPaths) -> None:
    """Refuse a code among the profiles, which would be shown as a profile.

    Raises:
        UsageError: There is one.
    """
    for word in words:
        known = catalog.profile_for(word) or word in catalog.credentials or word in catalog.config
        if parse_code(word) and not known:
            raise explain_lookup_failure(catalog, word, files)


def _refuse_shared_targets(targets: Iterable[Target]) -> None:
    """Refuse a run in which one session would be written over another's.

    Raises:
        UsageError: Names two such profiles.
    """
    owner: dict[str, str] = {}
    for target in targets:
        other = owner.setdefault(target.session_profile, target.profile)
        if other != target.profile:
            raise UsageError(
                f"{other} and {target.profile} would both be written to {target.session_profile}",
                hint="refresh them one by one, or give one a name of its own with --to NAME",
            )
