"""Carry out a task in a thread: wait, send the request, write the session."""

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from encee.aws.clients import Clients
from encee.aws.errors import UnusableCredentialsError
from encee.aws.sts import assume_role, get_caller_identity, get_session_token, root_key_error
from encee.awsfile.document import Document
from encee.errors import AwsError, CodeMayBeSpentError, EnceeError, unexpected
from encee.model import Session, rfc3339
from encee.workflows.refresh.codes import CodePrompter
from encee.workflows.refresh.context import RefreshContext
from encee.workflows.refresh.edits import session_edit
from encee.workflows.refresh.jobs import RoleJob
from encee.workflows.refresh.tasks import CodeTask, State, Task

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_PERSON_TIMEOUT_SECONDS = 600.0
"""How long to wait for a person who types a code for another process."""

_PROBE_TIMEOUT_SECONDS = 2.0
"""For how long a code waits for the answer to the first request."""


class Worker:
    """Runs tasks, each in a thread of its own.

    Args:
        context: The files, the terminal and the clock.
        tasks: The tasks of the run.
        clients: Makes the clients of STS.
        prompter: Gets the codes.
        pool: Runs the first requests.
    """

    def __init__(
        self,
        context: RefreshContext,
        tasks: Sequence[Task],
        clients: Clients,
        prompter: CodePrompter,
        pool: Executor,
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._clients = clients
        self._prompter = prompter
        self._pool = pool
        self._write_lock = threading.Lock()

    def run(self, task: Task, source_session: Session | None = None) -> None:
        """Take a task to its end, DONE or FAILED.

        Args:
            task: The task.
            source_session: The session that assumes its role; None for a task that needs a code.
        """
        try:
            if isinstance(task, CodeTask):
                self._run_with_code(task)
            elif isinstance(task.job, RoleJob) and source_session is not None:
                signer = task.job.signed_with(source_session)
                client = self._clients.sts(signer)
                self._context.ui.show_warnings()
                task.change(State.SENT)
                self._save(task, assume_role(client, signer, task.job.role))
        except EnceeError as error:
            task.change(State.FAILED, error=error)
        except Exception as bug:  # noqa: BLE001 - a bug in one profile must not stop the others
            task.change(State.FAILED, error=unexpected(bug))

    def _run_with_code(self, task: CodeTask) -> None:
        """Get a session for a code, while no other process spends a code for the same key."""
        options, signer, asks_person = self._context.options, task.job.signer, task.code_source.asks_person
        with ExitStack() as turn:
            if options.ask_in_turn if asks_person else options.write:
                timeout = _PERSON_TIMEOUT_SECONDS if asks_person else None
                turn.enter_context(self._context.files.credentials.key_lock(signer.key.id, timeout))
            session = self._prompter.find_session(task)
            if session is None:
                task.handover.wanted.set_result(None)
                # This takes longer than the request itself, so it is done while a person types.
                client = self._clients.sts(signer)
                if asks_person and not task.mistakes:  # A wrong code shows that the key works.
                    self._probe(client, task)
                answer = task.handover.answer.result()
                if isinstance(answer, str):
                    self._save(task, self._exchange(task, client, answer))
                    return
                session = answer
            task.is_new = False
            task.change(State.DONE, session=session)

    def _probe(self, client: "STSClient", task: CodeTask) -> None:
        """Send a first request before the code is there; it also opens the connection.

        GetCallerIdentity needs no permission, and shows whether the key, the secret, the clock and the network are
        right.

        Raises:
            AwsError: A code would be useless.
        """
        signer = task.job.signer
        probe = self._pool.submit(get_caller_identity, client, signer)
        either: list[Future[Any]] = [probe, task.handover.answer]
        wait(either, return_when=FIRST_COMPLETED)
        try:
            identity = probe.result(_PROBE_TIMEOUT_SECONDS)
        except UnusableCredentialsError:
            raise
        except (EnceeError, TimeoutError):
            return  # A code may succeed all the same.
        if identity.is_root:
            raise root_key_error(signer.profile)

    def _exchange(self, task: CodeTask, client: "STSClient", code: str) -> Session:
        """Send a code to STS."""
        job, serial = task.job, task.serial
        self._context.ui.show_warnings()
        task.change(State.SENT)
        if job.role is not None:
            return assume_role(client, job.signer, job.role, serial=serial, code=code)
        return get_session_token(client, job.signer, serial=serial, code=code, duration=job.duration)

    def _save(self, task: Task, session: Session) -> None:
        """Write a session that AWS returned.

        Raises:
            AwsError: It has expired.
        """
        if session.expiration <= self._context.clock():
            message = f"the session that AWS returned for {task.job.label} expired at {rfc3339(session.expiration)}"
            if task.code is None:
                raise AwsError(f"{message}; it was not written", hint="check this machine's clock")
            raise CodeMayBeSpentError(
                f"{message}; it was not written, and that code has been used",
                hint="check this machine's clock, wait until the device shows the next code, then try again",
            )
        task.change(State.ANSWERED, session=session)
        if not self._context.options.write:
            task.change(State.DONE)
            return
        with self._write_lock:
            # Sessions that arrive during a write are written together, by the first of their threads.
            answered = [other for other in self._tasks if other.state is State.ANSWERED]
            if task in answered:
                self._write(answered)

    def _write(self, tasks: Sequence[Task]) -> None:
        """Write the sessions of tasks in one edit, or one by one where that is refused."""

        def change_states(_document: Document) -> None:
            for task in tasks:
                task.change(State.WRITING)

        catalog = self._context.catalog
        edits = [session_edit(task.job.targets, task.session, catalog) for task in tasks if task.session]
        try:
            self._context.files.credentials.edit(change_states, *edits)
        except EnceeError as error:
            if len(tasks) == 1:
                tasks[0].change(State.FAILED, error=error)
                return
            for task in tasks:
                self._write([task])
        except Exception as bug:  # noqa: BLE001 - the other threads of these tasks have to end, too
            for task in tasks:
                task.change(State.FAILED, error=unexpected(bug))
        else:
            for task in tasks:
                task.change(State.DONE)
