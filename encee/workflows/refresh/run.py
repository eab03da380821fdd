"""Run a refresh: get sessions for MFA codes, and write them.

One thread, the caller's, prompts and reports. Each task runs in a thread of a pool, from before its code is asked for
until its session is written, so that its request is under way while the next prompt is open.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from encee.aws.clients import Clients
from encee.aws.errors import RequestNotSentError
from encee.errors import (
    ClosedOutputError,
    CodeMayBeSpentError,
    EnceeError,
    InterruptedByPersonError,
    WrongCodeError,
    unexpected,
)
from encee.mfa.attempts import ATTEMPTS
from encee.model import Session
from encee.workflows.refresh.codes import CodePrompter
from encee.workflows.refresh.context import RefreshContext
from encee.workflows.refresh.edits import carry_region
from encee.workflows.refresh.jobs import (
    Keep,
    Outcome,
    Plan,
    RefreshResult,
    RoleJob,
    StillValid,
    Target,
)
from encee.workflows.refresh.plan import plan_refresh, select_jobs
from encee.workflows.refresh.preparation import Preparation
from encee.workflows.refresh.tasks import CodeTask, Handover, State, Task
from encee.workflows.refresh.worker import Worker

_ENDS = (InterruptedByPersonError, ClosedOutputError)
"""What ends a run, and not only a profile's part of it."""

_WRITE_TIMEOUT_SECONDS = 2.0
"""How long an interrupted run waits for the end of a write that has begun."""

_MAX_THREADS = 200
"""The pool starts a thread only when it needs one."""


class Refresh:
    """One run of a refresh.

    Args:
        context: The files, the settings, the terminal and the clock.
    """

    def __init__(self, context: RefreshContext) -> None:
        self._context = context
        self._ui = context.ui
        self._options = context.options
        self._plan = Plan()
        self._valid: list[StillValid] = []
        self._tasks: list[Task] = []
        self._clients = Clients(context.ui.warn)
        self._prompter = CodePrompter(context)
        self._pool = ThreadPoolExecutor(_MAX_THREADS)
        self._worker = Worker(context, self._tasks, self._clients, self._prompter, self._pool)

    def run(self, profiles: Sequence[str], keep: Keep, *, dry_run: bool = False) -> RefreshResult:
        """Get the sessions and write each when it arrives; or find out what that would do.

        Whatever ends the run before its end is in the result, beside what was done until then.

        Args:
            profiles: Profiles or shell patterns; none means every long-term profile whose device is known or found.
            keep: Which sessions stay as they are.
            dry_run: Whether to prompt, send and write nothing.
        """
        context = self._context
        error: EnceeError | None = None
        try:
            self._plan = plan_refresh(profiles, context.catalog, context.settings, context.files.paths)
            jobs, self._valid = select_jobs(self._plan, context.catalog, context.clock(), keep)
            self._tasks += [Task(job=job) for job in jobs]
            preparation = Preparation(context, self._plan, self._tasks, self._clients)
            if dry_run:
                preparation.preview()
                self._report_left_out()
            else:
                self._refresh(preparation, keep)
        except EnceeError as expected:
            error = expected
        except KeyboardInterrupt:
            error = InterruptedByPersonError("interrupted")
        except Exception as bug:  # noqa: BLE001 - what became of the profiles is shown in any case
            error = unexpected(bug)
        outcomes: list[Outcome] = [*self._plan.failures, *self._valid]
        outcomes += [outcome for task in self._tasks for outcome in task.outcomes()]
        if not outcomes and not self._tasks:
            outcomes += self._plan.left_out
        outcomes.sort(key=lambda outcome: self._plan.position(outcome.profile))
        would_be_done = [task.job for task in self._tasks if task.error is None] if dry_run and error is None else []
        result = RefreshResult(outcomes, self._new_sessions(), would_be_done, error)
        self._end_threads()
        return result

    def _refresh(self, preparation: Preparation, keep: Keep) -> None:
        """Do the tasks.

        Raises:
            InterruptedByPersonError: The person interrupted the run.
        """
        try:
            preparation.check_writes()
            preparation.prepare_codes(keep)
            self._report_left_out()
            self._run_tasks()
        except (*_ENDS, KeyboardInterrupt) as error:
            for task in self._tasks:
                task.interrupt()
            wait(
                [task.future for task in self._tasks if task.future and task.state is State.WRITING],
                _WRITE_TIMEOUT_SECONDS,
            )
            raise (error if isinstance(error, ClosedOutputError) else InterruptedByPersonError("interrupted")) from None
        finally:
            self._carry_region()

    def _report_left_out(self) -> None:
        """Report the profiles that are left out, unless they are the only result."""
        if self._tasks or self._plan.failures or self._valid:
            for failed in self._plan.left_out:
                self._ui.notify(f"{failed.profile} is left out: {failed.error.message}")

    def _run_tasks(self) -> None:
        """Prompt for the codes one after the other, while the tasks that have theirs run."""
        self._start_roles()
        while (task := self._choose_next()) or self._running():
            if task:
                self._ask(task)
            self._collect(block=self._choose_next() is None)
            self._start_roles()

    def _choose_next(self) -> CodeTask | None:
        """Choose the next task to prompt for; None where there is none, or not yet."""
        waiting = [task for task in self._tasks if isinstance(task, CodeTask) and task.state is State.WAITING]
        # A person tries again after the prompts that are left.
        ready = sorted((task for task in waiting if task.future is None), key=lambda task: task.mistakes)
        # An answer comes sooner than a device's next code.
        unused = (task for task in ready if not self._prompter.seconds_to_wait(task))
        return next(unused, None if self._running() else next(iter(ready), None))

    def _running(self) -> dict[Future[None], Task]:
        """Map each thread that `_collect` has not seen end to its task."""
        return {task.future: task for task in self._tasks if task.future is not None}

    def _ask(self, task: CodeTask) -> None:
        """Start a task and hand it the code that it asks for."""
        key_id = task.job.signer.key.id
        while not task.code_source.asks_person and any(
            isinstance(other, CodeTask) and other.job.signer.key.id == key_id for other in self._running().values()
        ):
            self._collect(block=True)  # The other task has the lock of the key.
        task.code = ""
        task.handover = handover = Handover()
        task.future = self._pool.submit(self._worker.run, task)
        wait([handover.wanted, task.future], return_when=FIRST_COMPLETED)
        if not handover.wanted.done():
            return
        try:
            answer = self._prompter.get_code(task)
            if answer is not None:
                handover.answer.set_result(answer)
        except _ENDS:
            raise
        except Exception as error:  # noqa: BLE001 - the task fails with it
            handover.answer.set_exception(error)

    def _start_roles(self) -> None:
        """Start each role whose source has a session; fail each whose source has failed."""
        for task in self._tasks:
            job = task.job
            if not isinstance(job, RoleJob) or task.state is not State.WAITING or task.future is not None:
                continue
            source = next((other for other in self._tasks if job.session_of in other.job.targets), None)
            if source is None or source.state is State.DONE:
                session = source.session if source else self._find_session(job.session_of)
                if session is not None:
                    task.future = self._pool.submit(self._worker.run, task, session)
                    continue
                hint = f"encee refresh {job.session_of.profile} --force"
                error = EnceeError("encee did not write that session", hint=hint)
            elif source.state is State.FAILED and source.future is None and source.error is not None:
                error = source.error
            else:
                continue
            message = f"{job.label} needs the session of {job.session_of.profile}"
            task.change(State.FAILED, error=error.extended(message, hint=error.hint))

    def _collect(self, *, block: bool) -> None:
        """Look at the tasks whose threads have ended; with `block`, wait for at least one.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        running = self._running()
        wait(running, None if block else 0, FIRST_COMPLETED)
        for future, task in running.items():
            if future.done():
                task.future = None
                if isinstance(task, CodeTask) and task.error is not None:
                    self._try_again(task, task.error)

    def _try_again(self, task: CodeTask, error: EnceeError) -> None:
        """Prepare for another code of the person, where one may help."""
        if isinstance(error, RequestNotSentError):
            self._prompter.forget_code(task)
        task.mistakes += isinstance(error, WrongCodeError)
        is_about_code = isinstance(error, (WrongCodeError, CodeMayBeSpentError))
        if is_about_code and task.code_source.asks_person and task.mistakes < ATTEMPTS:
            left = ATTEMPTS - task.mistakes
            self._ui.notify(f"{task.job.label}: {error.message}; try the next one ({left} of {ATTEMPTS} tries left)")
            task.change(State.WAITING)

    def _carry_region(self) -> None:
        """Copy region and output to the new sessions; a refusal is a warning."""
        targets = [*self._new_sessions()]
        if not (self._options.carry_region and self._options.write and targets):
            return
        try:
            carry_region(targets, self._context.files)
        except EnceeError as error:
            self._ui.notify(f"region and output were not carried over to the session profiles: {error.message}")

    def _new_sessions(self) -> dict[Target, Session]:
        """The sessions that this run got."""
        return {
            target: task.session
            for task in self._tasks
            for target in task.job.targets
            if task.state is State.DONE and task.is_new and task.session is not None
        }

    def _end_threads(self) -> None:
        """End the threads that wait for a code."""
        for task in self._tasks:
            if isinstance(task, CodeTask) and not task.handover.answer.done():
                task.handover.answer.set_exception(InterruptedByPersonError("interrupted"))
        self._pool.shutdown(wait=False)

    def _find_session(self, target: Target) -> Session | None:
        """Find the session that was on disk when the run began."""
        return self._context.catalog.session(target.session_profile, target.profile)
