"""Find the code source of a job."""

import shlex
from collections.abc import Callable
from datetime import datetime

from encee.errors import EnceeError, NoSessionError, UsageError
from encee.mfa.code_sources import CodeSource, CommandCodes, GivenCodes, SeedCodes
from encee.profiles.keyring import fetch_seed
from encee.workflows.refresh.jobs import CodeJob, Keep
from encee.workflows.refresh.ui import Person


def code_source(
    job: CodeJob, place: int, given: GivenCodes | None, person: Person | None, clock: Callable[[], datetime]
) -> CodeSource | None:
    """Choose where the code of a job comes from; None without a source.

    Args:
        job: The job.
        place: Its place, from 0, among the devices of the run.
        given: The codes of the command line, which come first; or None.
        person: Who can be prompted, or None.
        clock: Returns the present moment, UTC.
    """
    if given:
        return given.for_device(place)
    if job.command:
        return CommandCodes(job.command, job.targets[0].profile)
    return SeedCodes(fetch_seed, clock) if job.has_seed else person


def no_code_source(job: CodeJob, keep: Keep) -> EnceeError:
    """Make the error for a job without a code source."""
    name = shlex.quote(job.targets[0].profile)
    if keep.lasting is not None:
        message = f"{job.label} has no session that lasts long enough, and no terminal to prompt for a code"
        return NoSessionError(message, hint=f"encee refresh {name}")
    return UsageError(
        f"no terminal to prompt for the code of {job.label}",
        hint=f"give the code: encee refresh {name} --code CODE",
    )
