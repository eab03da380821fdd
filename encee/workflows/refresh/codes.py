"""Get codes at the right moment, never a used one, and end useless prompts."""

import shlex
import threading
from contextlib import suppress
from datetime import datetime, timedelta

from encee.errors import CodeMayBeSpentError, EnceeError, NoSessionError, UsageError
from encee.mfa.cancel import Cancelled
from encee.mfa.code_sources import CodeSource, CommandCodes, GivenCode, SeedCodes
from encee.mfa.totp import seconds_until, step_at
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.keyring import fetch_seed
from encee.workflows.refresh.context import Person, RefreshContext
from encee.workflows.refresh.jobs import CodeJob, Keep
from encee.workflows.refresh.tasks import CodeTask

_SAME_EXPIRATION = timedelta(seconds=60)
"""A session replaces a new one if the two expire within this time of each other."""

_CHECK_INTERVAL_SECONDS = 0.2
"""The time between two checks for a reason to end an open prompt."""


def choose_code_source(job: CodeJob, place: int, keep: Keep, context: RefreshContext) -> CodeSource | Person:
    """Choose where the code of a job comes from.

    Args:
        job: The job.
        place: Its place, from 0, among the devices of the run.
        keep: Which sessions stay as they are; for the error.
        context: The codes of the command line, which come first, and the person.

    Raises:
        EnceeError: The job has no code source.
    """
    if context.codes is not None:
        return GivenCode(context.codes, place)
    if job.command:
        return CommandCodes(job.command, job.targets[0].profile)
    if job.has_seed:
        return SeedCodes(fetch_seed, context.clock)
    if context.ui.person is not None:
        return context.ui.person
    name = shlex.quote(job.targets[0].profile)
    if keep.lasting is not None:
        message = f"{job.label} has no session that lasts long enough, and no terminal to prompt for a code"
        raise NoSessionError(message, hint=f"encee refresh {name}")
    raise UsageError(
        f"no terminal to prompt for the code of {job.label}",
        hint=f"give the code: encee refresh {name} --code CODE",
    )


class CodePrompter:
    """Gets the codes of one run.

    Args:
        context: The credentials file, the terminal and the clock.
    """

    def __init__(self, context: RefreshContext) -> None:
        self._context = context
        self._ui = context.ui
        self._version = context.files.credentials.read_version()
        self._sent: set[tuple[str, str]] = set()
        self._spent: dict[str, tuple[CodeTask, datetime]] = {}

    def seconds_to_wait(self, task: CodeTask) -> float:
        """Return for how many seconds the device still shows a used code."""
        user, when = self._spent.get(task.serial, (task, None))
        if when is None or user is task or not task.code_source.waits:
            return 0
        return seconds_until(step_at(when) + 1, self._context.clock())

    def get_code(self, task: CodeTask) -> str | Session | None:
        """Get a code that this run has not sent.

        Returns:
            The code; or the session that another process has got meanwhile; or None where the task has failed
            meanwhile, since no code would help.

        Raises:
            EnceeError: The source fails.
            InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
        """
        label, asks_person = task.job.label, task.code_source.asks_person
        if (seconds := self.seconds_to_wait(task)) > 0:
            self._ui.countdown(f"{label}: the device's next code", seconds)
        while task.error is None:
            self._ui.show_warnings()
            code = self._ask_source(task)
            if session := self.find_session(task):
                if asks_person:
                    self._ui.notify(f"{label}: another terminal was faster, so no code is needed")
                return session
            if code is None:
                continue  # The prompt ended for a failed task, a warning, or a session that has gone again.
            if (task.serial, code) not in self._sent:
                self._sent.add((task.serial, code))
                self._spent[task.serial] = (task, self._context.clock())
                task.code = code
                return code
            error = CodeMayBeSpentError(
                f"the code for {label} was sent already, and AWS takes each only once",
                hint="wait until the device shows the next code, then try that one",
            )
            if not asks_person:
                raise error
            self._ui.notify(f"{error.message}; try the next one")
        return None

    def _ask_source(self, task: CodeTask) -> str | None:
        """Get a code from its source; None when the prompt ended without one."""
        source = task.code_source
        if not source.asks_person:
            return source.code_for(task.job.label, task.serial)
        with Cancelled() as cancelled:
            threading.Thread(target=self._watch, args=(task, cancelled), daemon=True).start()
            return source.code_for(task.job.label, task.serial, cancelled)

    def _watch(self, task: CodeTask, cancelled: Cancelled) -> None:
        """End an open prompt, from a thread, when no code is needed any longer.

        A warning also ends it, so that it is shown before the next prompt.
        """
        version = self._version
        while not cancelled.wait(_CHECK_INTERVAL_SECONDS):
            if task.error is not None or self._ui.has_warnings():
                break
            if (now := self._context.files.credentials.read_version()) != version:
                version = now
                with suppress(EnceeError):
                    if self.find_session(task):
                        break
        cancelled.set()

    def find_session(self, task: CodeTask) -> Session | None:
        """Find a session that another process has written and that replaces a new one.

        Where a person is prompted, only a session from after the start of the run counts.
        """
        credentials, asks_person = self._context.files.credentials, task.code_source.asks_person
        is_unchanged = credentials.read_version() == self._version
        if self._context.options.force or (asks_person and is_unchanged):
            return None
        catalog = Catalog(credentials.read_document().view, {})
        sessions = {catalog.session(target.session_profile, target.profile) for target in task.job.targets}
        session = sessions.pop()
        if sessions or session is None:
            return None
        if abs(session.expiration - self._context.clock() - task.job.duration) > _SAME_EXPIRATION:
            return None
        before = [self._context.catalog.session(t.session_profile, t.profile) for t in task.job.targets]
        return None if asks_person and session in before else session

    def forget_code(self, task: CodeTask) -> None:
        """Make the code of a task usable again, which AWS certainly did not use."""
        self._sent.discard((task.serial, task.code))
        self._spent.pop(task.serial, None)
