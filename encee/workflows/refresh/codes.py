"""Get codes at the right moment, never a used one, and end useless prompts."""

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
from encee.workflows.refresh.jobs import CodeJob
from encee.workflows.refresh.ui import RefreshUi
from encee.workflows.refresh.warm_connection import Connection

_AS_GOOD = timedelta(seconds=60)
"""A session that ends so close to when a new one would is as good as that; a longer one was not asked for."""

_LOOK_EVERY = 0.2
"""How often, in seconds, an open prompt is checked for a reason to end it."""


@dataclass(eq=False)
class PendingCode:
    """What the request of a job needs beside its code.

    Args:
        job: The job, with its key and device.
        serial: The serial number of the device.
        source: Where its codes come from.
        connection: The connection to STS.
        before: The key ids of the sessions that were on disk when the run began.
        code: The code, once there is one.
        mistakes: How many codes AWS did not accept.
    """

    job: CodeJob
    serial: str
    source: CodeSource
    connection: Connection
    before: frozenset[str]
    code: str = ""
    mistakes: int = 0

    @property
    def key_id(self) -> str:
        """The id of the key that signs the request."""
        return self.job.signer.key.id


class CodePrompter:
    """Gets the codes of one run.

    Args:
        credentials: The credentials file.
        clock: Returns the present moment, UTC.
        ui: The terminal.
        force: Whether a session is replaced that is as good as a new one.
    """

    def __init__(self, credentials: AwsFile, clock: Callable[[], datetime], ui: RefreshUi, *, force: bool) -> None:
        self._credentials = credentials
        self._clock = clock
        self._ui = ui
        self._force = force
        self._version = credentials.read_version()
        self._sent: set[tuple[str, str]] = set()
        self._spent: dict[str, tuple[PendingCode, datetime]] = {}

    def pause(self, pending: PendingCode) -> float:
        """Return how many seconds the device still shows a used code."""
        user, when = self._spent.get(pending.serial, (pending, None))
        if when is None or user is pending or not pending.source.waits:
            return 0
        return seconds_until(step_at(when) + 1, self._clock())

    def code(self, pending: PendingCode) -> str | Session:
        """Get an unused code, or the session that another process has got meanwhile.

        Raises:
            EnceeError: The source fails, or no code would help.
            InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
        """
        job, source = pending.job, pending.source
        if (seconds := self.pause(pending)) > 0:
            self._ui.countdown(f"{job.label}: the device's next code", seconds)
        while True:
            self._ui.show_warnings()
            if (fatal_error := pending.connection.fatal_error) is not None:
                raise fatal_error if isinstance(fatal_error, EnceeError) else unexpected(fatal_error)
            code = self._prompt(pending)
            if session := self.good_session(pending):
                if source.asks_person:
                    self._ui.notify(f"{job.label}: another terminal was faster, so no code is needed")
                return session
            if code is None:
                continue  # The prompt ended for a fatal error, a warning, or a session that has gone again.
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
            self._ui.notify(f"{error.message}; try the next one")

    def _prompt(self, pending: PendingCode) -> str | None:
        """Get a code from its source; None when the prompt ended without one."""
        with Cancelled() as cancelled:
            if pending.source.asks_person:
                threading.Thread(target=self._watch, args=(pending, cancelled), daemon=True).start()
            return pending.source.code_for(pending.job.label, pending.serial, cancelled)

    def _watch(self, pending: PendingCode, cancelled: Cancelled) -> None:
        """End an open prompt from another thread."""
        version = self._version
        while not cancelled.wait(_LOOK_EVERY):
            if pending.connection.fatal_error is not None or self._ui.has_warnings():
                break
            if (now := self._credentials.read_version()) != version:
                version = now
                with suppress(EnceeError):
                    if self.good_session(pending):
                        break
        cancelled.set()

    def good_session(self, pending: PendingCode) -> Session | None:
        """Find a session as good as a new one that another process has written.

        Where no person is prompted, a session from before the start counts, too.
        """
        job = pending.job
        unchanged = self._credentials.read_version() == self._version
        if self._force or (pending.source.asks_person and unchanged):
            return None
        catalog = Catalog(self._credentials.read_document().view, {})
        sessions = {catalog.session(target.session_profile, target.profile) for target in job.targets}
        session = sessions.pop()
        if sessions or session is None or abs(session.expiration - self._clock() - job.duration) > _AS_GOOD:
            return None
        return None if pending.source.asks_person and session.id in pending.before else session

    def was_not_used(self, pending: PendingCode) -> None:
        """Make a code usable again that AWS certainly did not use."""
        self._sent.discard((pending.serial, pending.code))
        self._spent.pop(pending.serial, None)
