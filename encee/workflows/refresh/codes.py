"""Asking for a code: at the right moment, never for one that is used, and not longer than it is needed."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from encee.awsfile.file import AwsFile
from encee.errors import CodeMayBeSpentError, EnceeError, unexpected
from encee.mfa.cancel import Cancelled
from encee.mfa.code_sources import CodeSource
from encee.mfa.totp import seconds_until, step_at
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.workflows.refresh.jobs import CodeJob, Target
from encee.workflows.refresh.warm_connection import Connection

_AS_GOOD = timedelta(seconds=60)
"""A session that ends so close to when a new one would is as good as that; a longer one was not asked for."""

_LOOK_EVERY = 0.2
"""How often, in seconds, an open prompt is checked for a reason to end it."""


@dataclass(eq=False)
class PendingCode:
    """A job that spends a code, on its way.

    Args:
        job: What it is to get.
        serial: The serial number of the device.
        source: Where its codes come from.
        connection: The connection to STS.
        before: The key ids of the sessions that were on disk when the run began.
        passed: How many planned jobs before this one need no code after all.
    """

    job: CodeJob
    serial: str
    source: CodeSource
    connection: Connection
    before: frozenset[str]
    passed: int = 0
    code: str = ""
    mistakes: int = 0

    @property
    def targets(self) -> tuple[Target, ...]:
        """Whose session it gets."""
        return self.job.targets


class CodePrompter:
    """The codes of one run.

    Args:
        credentials: The credentials file.
        clock: Returns the present moment, UTC.
        notify: Called with a line for people about what happens on the way.
        countdown: Called to wait for a device's next code, with a line for people and the seconds.
        force: Whether no session on disk is as good as a new one.
    """

    def __init__(
        self,
        credentials: AwsFile,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
        countdown: Callable[[str, float], None],
        *,
        force: bool,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._notify = notify
        self._countdown = countdown
        self._force = force
        self._version = credentials.version()
        self._sent: set[tuple[str, str]] = set()
        self._spent: dict[str, tuple[PendingCode, datetime]] = {}

    def pause(self, pending: PendingCode) -> float:
        """For how many seconds the device of a pending still shows the code that another one has used."""
        user, when = self._spent.get(pending.serial, (pending, None))
        if when is None or user is pending or not pending.source.waits:
            return 0
        return seconds_until(step_at(when) + 1, self._clock())

    def code(self, pending: PendingCode) -> str | Session:
        """A code that this run has not sent; or the session that somebody else has got meanwhile.

        Raises:
            EnceeError: There is none to be had, or none would help.
            InterruptedByPersonError: The person does not want to go on.
        """
        job, source = pending.job, pending.source
        if (seconds := self.pause(pending)) > 0:
            self._countdown(f"{job.label}: the device's next code", seconds)
        while True:
            if (fatal_error := pending.connection.fatal_error) is not None:
                raise fatal_error if isinstance(fatal_error, EnceeError) else unexpected(fatal_error)
            code = self._ask(pending)
            if session := self.good_session(pending):
                if source.asks_person:
                    self._notify(f"{job.label}: another terminal was faster, so no code is needed")
                return session
            if code is None:
                continue  # because of trouble, or the session was there for a moment only
            if (pending.serial, code) not in self._sent:
                self._sent.add((pending.serial, code))
                self._spent[pending.serial] = (pending, self._clock())
                pending.code = code
                return code
            error = CodeMayBeSpentError(
                f"the code for {job.label} was sent already, and AWS takes each only once",
                hint="wait until the device shows the next code, then try that one",
            )
            if not source.asks_person:
                raise error
            self._notify(f"{error.message}; try the next one")

    def _ask(self, pending: PendingCode) -> str | None:
        """What the source answers; None when it was not waited for."""
        with Cancelled() as cancelled:
            if pending.source.asks_person:
                threading.Thread(target=self._watch, args=(pending, cancelled), daemon=True).start()
            return pending.source.code_for(pending.job.label, pending.serial, cancelled)

    def _watch(self, pending: PendingCode, cancelled: Cancelled) -> None:
        """End an open prompt, from a thread, when a code would be useless or is not needed any more."""
        version = self._version
        while not cancelled.wait(_LOOK_EVERY):
            if pending.connection.fatal_error is not None:
                break
            if (now := self._credentials.version()) != version:
                version = now
                with suppress(EnceeError):
                    if self.good_session(pending):
                        break
        cancelled.set()

    def good_session(self, pending: PendingCode) -> Session | None:
        """The session on disk that another process got since the run began, where a new one would be no better.

        Where no person is asked, one from before counts too.
        """
        job = pending.job
        unchanged = self._credentials.version() == self._version
        if self._force or (pending.source.asks_person and unchanged):
            return None
        catalog = Catalog(self._credentials.document().view, {})
        sessions = {catalog.session(target.session_profile, target.profile) for target in job.targets}
        session = sessions.pop()
        if sessions or session is None or abs(session.expiration - self._clock() - job.duration) > _AS_GOOD:
            return None
        return None if pending.source.asks_person and session.id in pending.before else session

    def was_not_used(self, pending: PendingCode) -> None:
        """Take a code back that AWS certainly did not use: it is as good as before."""
        self._sent.discard((pending.serial, pending.code))
        self._spent.pop(pending.serial, None)
