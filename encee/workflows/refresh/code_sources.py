"""Where the code of a job comes from, and what is said where it comes from nowhere."""

import shlex
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from encee.errors import EnceeError, NoSessionError, UsageError
from encee.mfa.code_sources import CodeSource, CommandCodes, SeedCodes
from encee.profiles.keyring import stored_seed
from encee.workflows.find_device import Chooser
from encee.workflows.refresh.jobs import CodeJob, Keep


class Person(CodeSource, Chooser, Protocol):
    """Somebody at the terminal."""


def source_of(
    job: CodeJob, given: CodeSource | None, person: Person | None, clock: Callable[[], datetime]
) -> CodeSource | None:
    """Where the code of a job comes from; None where there is nothing and nobody to ask.

    Args:
        job: The job.
        given: Codes that are there already, which come before everybody else's; or None.
        person: Who can be asked, or None.
        clock: Returns the present moment, UTC.
    """
    if given:
        return given
    if job.command:
        return CommandCodes(job.command)
    return SeedCodes(stored_seed, clock) if job.has_seed else person


def nobody_to_ask(job: CodeJob, keep: Keep) -> EnceeError:
    """The error where nothing and nobody can be asked for a code."""
    name = shlex.quote(job.targets[0].profile)
    if keep.lasting is not None:
        message = f"{job.label} has no session that lasts long enough, and there is no terminal to ask for a code"
        return NoSessionError(message, hint=f"encee refresh {name}")
    return UsageError(
        f"there is no terminal to ask for the code of {job.label}",
        hint=f"give the code: encee refresh {name} --code CODE",
    )
