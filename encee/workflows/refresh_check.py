"""Check whether each profile can be refreshed, without a write or a request."""

import re
from collections.abc import Iterator, Sequence

from encee.awsfile.document import Document
from encee.awsfile.paths import AwsPaths
from encee.errors import EnceeError
from encee.profiles.checks.base import Check, Examined, Finding, State
from encee.profiles.checks.files import MISPLACED_PREFIX
from encee.profiles.checks.section_remedies import delete_options
from encee.profiles.remedies import join_steps
from encee.profiles.settings import GivenSettings, Settings
from encee.workflows.refresh.edits import SAMPLE_SESSION, session_edit
from encee.workflows.refresh.jobs import Job, Plan
from encee.workflows.refresh.plan import plan_refresh

_WITH_DEFAULTS = ("encee_duration", "duration_seconds", "role_session_name")
"""Settings with a default."""


def make_refresh_check(others: Sequence[Check[Examined]]) -> Check[Examined]:
    """Make the check whether each profile can be refreshed.

    Args:
        others: The checks before it, whose findings it does not repeat.
    """

    def look(examined: Examined) -> Iterator[Finding]:
        if not examined.is_readable:
            yield Finding(State.UNKNOWN, "the files have to be fixed first")
            return
        reported = [finding.message for check in others for finding in check.look(examined)]
        for error, profiles in _group_failures(examined):
            if not is_reported(error.message, reported):
                names = " and ".join(profiles)
                state = State.ERROR if examined.catalog.long_term_profiles.keys() & set(profiles) else State.WARNING
                remedy = _find_remedy(error.message, examined)
                yield Finding(state, f"{names} cannot be refreshed: {error.message}", *(remedy or (error.hint,)))

    return Check("refresh", "every profile with long-term keys and every role can be refreshed", look)


def _find_remedy(message: str, examined: Examined) -> tuple[str | None, tuple[str, ...]] | None:
    """Return the remedy that deletes an invalid setting with a default, or None."""
    if (variable := re.match(r"(ENCEE_\w+|MFA_\w+): ", message)) and variable[1] in examined.environ:
        return None, (f"unset {variable[1]}",)
    for profile in examined.catalog.session_profiles:
        for option in _WITH_DEFAULTS:
            if message.startswith((f"{option} of {profile}: ", f"{option} of {profile} is ")):
                steps = (delete_options(file, profile, [option]) for file in examined.both)
                return join_steps(*filter(None, steps)), ()
    return None


def is_reported(message: str, reported: Sequence[str]) -> bool:
    """Whether a finding has the same fault: the same text, or the same file and line."""
    reason = message.removesuffix("; nothing was changed")
    _, _, detail = reason.partition(": ")
    place = re.match(r".*: line \d+ ", reason)
    return any(
        reason in other or (detail and detail in other) or (place and other.startswith(place[0])) for other in reported
    )


def _group_failures(examined: Examined) -> Iterator[tuple[EnceeError, list[str]]]:
    """Yield each reason that prevents a refresh, with the profiles."""
    reasons: dict[str, tuple[EnceeError, list[str]]] = {}
    for profile, error in _find_failures(examined):
        reasons.setdefault(error.message, (error, []))[1].append(profile)
    yield from reasons.values()


def _find_failures(examined: Examined) -> Iterator[tuple[str, EnceeError]]:
    jobs: dict[str, Job] = {}
    for profile in examined.catalog.session_profiles:
        if MISPLACED_PREFIX.fullmatch(profile):
            continue  # another check reports it
        try:
            planned = _plan_refresh(profile, examined)
        except EnceeError as error:
            yield profile, error
            continue
        yield from ((profile, failed.error) for failed in planned.failures)
        jobs.update((profile, job) for job in planned.jobs if job.targets[0].profile == profile)
    if _find_edit_error(list(jobs.values()), examined):
        errors = {profile: _find_edit_error([job], examined) for profile, job in jobs.items()}
        yield from ((profile, error) for profile, error in errors.items() if error)


def _plan_refresh(profile: str, examined: Examined) -> Plan:
    files = AwsPaths(examined.credentials.path, examined.config.path)
    settings = Settings(GivenSettings(), examined.environ, examined.catalog, lambda: examined.legacy_serial)
    return plan_refresh([profile], examined.catalog, settings, files)


def _find_edit_error(jobs: Sequence[Job], examined: Examined) -> EnceeError | None:
    """Return why the credentials file cannot hold the sessions of jobs, or None."""
    file = examined.credentials
    try:
        document = Document(file.data, file.path, file.headers)
        for job in jobs:
            session_edit(job.targets, SAMPLE_SESSION, examined.catalog)(document)
        document.render()
    except EnceeError as error:
        return error
    return None
