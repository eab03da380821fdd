"""Carry out a task in a thread: wait, send the request, write the session."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from encee.aws.clients import Clients
from encee.aws.sts import assume_role, get_session_token
from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile, Edit
from encee.errors import AwsError, CodeMayBeSpentError, EnceeError, unexpected
from encee.model import Session, rfc3339
from encee.profiles.catalog import Catalog
from encee.workflows.refresh.codes import CodePrompter, PendingCode
from encee.workflows.refresh.edits import session_edit
from encee.workflows.refresh.jobs import RoleJob, RunOptions
from encee.workflows.refresh.tasks import State, Task, Tasks
from encee.workflows.refresh.ui import RefreshUi
from encee.workflows.refresh.warm_connection import open_in_background

_PERSON_TIMEOUT_SECONDS = 600.0
"""How long to wait for a person who types a code for another process."""


class Worker:
    """Runs tasks, each in a thread of its own.

    Args:
        tasks: The tasks of the run.
        credentials: The credentials file.
        catalog: The two files as the plan saw them.
        clients: Makes the clients of STS.
        prompter: Gets the codes.
        clock: Returns the present moment, UTC.
        ui: The terminal.
        options: How to run.
    """

    def __init__(
        self,
        *,
        tasks: Tasks,
        credentials: AwsFile,
        catalog: Catalog,
        clients: Clients,
        prompter: CodePrompter,
        clock: Callable[[], datetime],
        ui: RefreshUi,
        options: RunOptions,
    ) -> None:
        self._tasks = tasks
        self._credentials = credentials
        self._catalog = catalog
        self._clients = clients
        self._prompter = prompter
        self._clock = clock
        self._ui = ui
        self._options = options
        self._write_lock = threading.Lock()

    def run(self, task: Task, source: Session | None = None) -> None:
        """Take a task to its end, DONE or FAILED.

        Args:
            task: The task.
            source: The session that assumes its role; None for a task that needs a code.
        """
        try:
            if isinstance(task.job, RoleJob) and source is not None:
                self._finish(task, self._assume(task, task.job, source))
            elif task.pending is not None:
                with self._turn(task.pending):
                    self._run_with_code(task, task.pending)
        except EnceeError as error:
            self._tasks.change(task, State.FAILED, error=error)
        except Exception as bug:  # noqa: BLE001 - a bug in one profile must not stop the others
            self._tasks.change(task, State.FAILED, error=unexpected(bug))

    def _turn(self, pending: PendingCode) -> AbstractContextManager[None]:
        """Exclude other processes that would use a code for the same session."""
        if pending.source.asks_person:
            timeout = _PERSON_TIMEOUT_SECONDS
            is_excluding = self._options.ask_in_turn
        else:
            timeout = None
            is_excluding = self._options.write
        return self._credentials.key_lock(pending.key_id, timeout) if is_excluding else nullcontext()

    def _run_with_code(self, task: Task, pending: PendingCode) -> None:
        answer: str | Session | None = self._prompter.good_session(pending)
        if answer is None:
            if not pending.source.asks_person:
                open_in_background([pending.connection], self._clients, probe=False)
            answer = task.handover.ask()
        if isinstance(answer, Session):
            task.is_new = False
            self._tasks.change(task, State.DONE, session=answer)
            return
        self._finish(task, self._exchange(task, pending, answer))

    def _exchange(self, task: Task, pending: PendingCode, code: str) -> Session:
        """Send a code to STS."""
        job, client = pending.job, pending.connection.client()
        self._ui.show_warnings()
        self._tasks.change(task, State.SENT)
        if job.role is not None:
            return assume_role(client, job.signer, job.role, serial=pending.serial, code=code)
        return get_session_token(client, job.signer, serial=pending.serial, code=code, duration=job.duration)

    def _assume(self, task: Task, job: RoleJob, source: Session) -> Session:
        signer = job.signed_with(source)
        client = self._clients.sts(signer)
        self._ui.show_warnings()
        self._tasks.change(task, State.SENT)
        return assume_role(client, signer, job.role)

    def _finish(self, task: Task, session: Session) -> None:
        """Write a session that AWS returned."""
        self._refuse_expired(task, session)
        self._tasks.change(task, State.ANSWERED, session=session)
        if not self._options.write:
            self._tasks.change(task, State.DONE)
            return
        with self._write_lock:
            # Sessions that arrive during a write are written together, by the first of their threads.
            answered = [other for other in self._tasks if other.state is State.ANSWERED]
            if task in answered:
                self._write(answered)

    def _write(self, tasks: list[Task]) -> None:
        """Write the sessions of tasks in one edit, or one by one where that is refused."""
        try:
            self._credentials.edit(*map(self._edit, tasks))
        except EnceeError as error:
            if len(tasks) == 1:
                self._tasks.change(tasks[0], State.FAILED, error=error)
                return
            for task in tasks:
                self._write([task])
        except Exception as bug:  # noqa: BLE001 - the other threads of these tasks have to end, too
            for task in tasks:
                self._tasks.change(task, State.FAILED, error=unexpected(bug))
        else:
            for task in tasks:
                self._tasks.change(task, State.DONE)

    def _edit(self, task: Task) -> Edit:
        """Make the change of the credentials file; refuse it after an interruption."""

        def edit(document: Document) -> None:
            self._tasks.change(task, State.WRITING)
            if task.session is not None:
                session_edit(task.job.targets, task.session, self._catalog)(document)

        return edit

    def _refuse_expired(self, task: Task, session: Session) -> None:
        """Refuse a session that has expired.

        Raises:
            AwsError: It has.
        """
        if session.expiration > self._clock():
            return
        message = f"the session that AWS returned for {task.job.label} expired at {rfc3339(session.expiration)}"
        if task.pending is None:
            raise AwsError(f"{message}; it was not written", hint="check this machine's clock")
        raise CodeMayBeSpentError(
            f"{message}; it was not written, and that code has been used",
            hint="check this machine's clock, wait until the device shows the next code, then try again",
        )
