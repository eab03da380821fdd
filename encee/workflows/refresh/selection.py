"""Select the jobs of a plan whose sessions are not valid any more."""

from datetime import datetime, timedelta
from typing import NamedTuple

from encee.profiles.catalog import Catalog
from encee.profiles.durations import expiring_threshold
from encee.workflows.refresh.jobs import Job, Keep, Plan, RoleJob, StillValid, Target

_USABLE = timedelta(seconds=60)
"""A session that expires sooner than this is not used to assume a role."""

_SLACK = timedelta(seconds=60)
"""By so much a session may outlast a new one and be no longer than that."""


class Selection(NamedTuple):
    """Select the jobs to do, codes before roles, and the sessions to keep."""

    jobs: list[Job]
    valid: list[StillValid]


def select(plan: Plan, catalog: Catalog, now: datetime, keep: Keep) -> Selection:
    """Choose the jobs of a plan that have to be done.

    A job that the command line names is done, unless its sessions stay. A job that only roles need is done when one of
    these roles is assumed and no session on disk can assume it.

    Args:
        plan: From `encee.workflows.refresh.plan.plan`.
        catalog: The sessions on disk.
        now: The present moment, UTC.
        keep: Which sessions stay.
    """
    valid: list[StillValid] = []
    needed: set[Target] = set()

    def has_to_be_done(job: Job) -> bool:
        if not job.asked_for:
            return bool(needed.intersection(job.targets)) and not _valid(job, catalog, now + _USABLE)
        good = _kept(job, catalog, now, keep)
        valid.extend(good)
        return not good

    roles: list[RoleJob] = []
    for role in reversed(plan.roles):
        if has_to_be_done(role):
            roles.insert(0, role)
            needed.add(role.source)
    return Selection([*filter(has_to_be_done, plan.codes), *roles], valid)


def _kept(job: Job, catalog: Catalog, now: datetime, keep: Keep) -> list[StillValid]:
    """The outcomes of a job whose every session stays; else none."""
    if keep.lasting is not None:
        return _valid(job, catalog, now + keep.lasting)
    if not keep.unless_expiring:
        return []
    good = _valid(job, catalog, now + expiring_threshold(job.duration))
    latest = now + job.duration + _SLACK
    return [] if keep.no_longer and any(session.expiration > latest for session in good) else good


def _valid(job: Job, catalog: Catalog, until: datetime) -> list[StillValid]:
    """The outcomes of a job whose every session lasts until a moment; else none."""
    # Roles are assumed with a session of encee's, never with one of aws-mfa.
    find = catalog.usable_session if job.asked_for else catalog.session
    sessions = [find(target.session_profile, target.profile) for target in job.targets]
    ends = [session.expiration for session in sessions if session and session.expiration >= until]
    if len(ends) < len(sessions):
        return []
    return [StillValid(*target, end) for target, end in zip(job.targets, ends, strict=True)]
