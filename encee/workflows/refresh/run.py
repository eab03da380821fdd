"""Run a refresh: get sessions for MFA codes, and write them.

One thread, the caller's, prompts and reports. Each task runs in a thread of a pool, from before its code is asked for
until its session is written, so that its request is under way while the next prompt is open.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

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
from encee.mfa.code_sources import GivenCodes
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.mfa_serial import save_device
from encee.profiles.settings import Settings
from encee.workflows.find_device import find_device, find_named_device
from encee.workflows.refresh.code_sources import code_source, no_code_source
from encee.workflows.refresh.codes import CodePrompter, PendingCode
from encee.workflows.refresh.edits import carry_region, placeholder, preflight_write, session_edit
from encee.workflows.refresh.jobs import (
    CodeJob,
    Failed,
    Keep,
    Outcome,
    Plan,
    RefreshResult,
    RoleJob,
    RunOptions,
    StillValid,
    Target,
)
from encee.workflows.refresh.plan import plan
from encee.workflows.refresh.selection import select
from encee.workflows.refresh.tasks import Handover, State, Task, Tasks
from encee.workflows.refresh.ui import RefreshUi
from encee.workflows.refresh.warm_connection import Connection, open_in_background
from encee.workflows.refresh.worker import Worker

_ENDS = (InterruptedByPersonError, ClosedOutputError)
"""What ends a run, and not only a profile's part of it."""

_WRITE_TIMEOUT_SECONDS = 2.0
"""How long an interrupted run waits for the end of a write that has begun."""


class Refresh:
    """One run of a refresh.

    Args:
        files: The two files.
        catalog: The profiles of the two files.
        settings: The settings of the profiles.
        codes: The codes of the command line, or None.
        ui: The terminal.
        clock: Returns the present moment, UTC.
        options: How to run.
    """

    def __init__(
        self,
        *,
        files: AwsFiles,
        catalog: Catalog,
        settings: Settings,
        codes: GivenCodes | None,
        ui: RefreshUi,
        clock: Callable[[], datetime],
        options: RunOptions,
    ) -> None:
        self._files = files
        self._catalog = catalog
        self._settings = settings
        self._given = codes
        self._ui = ui
        self._clock = clock
        self._options = options
        self._clients = Clients(ui.warn)
        self._prompter = CodePrompter(files.credentials, clock, ui, force=options.force)
        self._plan = Plan([], [], [], [], [])
        self._valid: list[StillValid] = []
        self._tasks = Tasks([])
        self._worker = self._make_worker()
        self._pool = ThreadPoolExecutor(1)

    def run(self, profiles: Sequence[str], keep: Keep, *, dry_run: bool = False) -> RefreshResult:
        """Get the sessions and write each when it arrives; or find out what that would do.

        Whatever ends the run before its end is in the result, beside what was done until then.

        Args:
            profiles: Profiles or shell patterns; none means every long-term profile whose device is known or found.
            keep: Which sessions stay as they are.
            dry_run: Whether to prompt, send and write nothing.
        """
        error: EnceeError | None = None
        try:
            self._begin(profiles, keep)
            if dry_run:
                self._preview()
            else:
                self._refresh(keep)
        except EnceeError as expected:
            error = expected
        except KeyboardInterrupt:
            error = InterruptedByPersonError("interrupted")
        except Exception as bug:  # noqa: BLE001 - what became of the profiles is shown in any case
            error = unexpected(bug)
        result = RefreshResult(
            sorted(self._outcomes(), key=lambda outcome: self._plan.place(outcome.profile)),
            self._tasks.sessions(),
            self._tasks.left() if dry_run and error is None else [],
            error,
        )
        self._tasks.release()
        self._pool.shutdown(wait=False)
        return result

    def _begin(self, profiles: Sequence[str], keep: Keep) -> None:
        """Plan the run.

        Raises:
            UsageError: There is nothing to do, or the command line contradicts itself.
        """
        self._plan = plan(profiles, self._catalog, self._settings, self._files.paths)
        selection = select(self._plan, self._catalog, self._clock(), keep)
        self._valid = selection.valid
        self._tasks = Tasks(selection.jobs)
        self._worker = self._make_worker()
        self._pool = ThreadPoolExecutor(max(1, len(selection.jobs)))

    def _make_worker(self) -> Worker:
        return Worker(
            tasks=self._tasks,
            credentials=self._files.credentials,
            catalog=self._catalog,
            clients=self._clients,
            prompter=self._prompter,
            clock=self._clock,
            ui=self._ui,
            options=self._options,
        )

    def _preview(self) -> None:
        """Find what would be refused, without a prompt, a request or a write."""
        for task in self._tasks:
            self._notify_of(task.job.notes)
            try:
                edit = session_edit(task.job.targets, placeholder(self._clock()), self._catalog)
                self._files.credentials.preview_edit(edit)
            except EnceeError as error:
                self._tasks.change(task, State.FAILED, error=error)
        self._leave_out()

    def _refresh(self, keep: Keep) -> None:
        """Do the tasks.

        Raises:
            InterruptedByPersonError: The person interrupted the run.
        """
        try:
            self._preflight()
            self._prepare(keep)
            self._leave_out()
            self._run_tasks()
        except (*_ENDS, KeyboardInterrupt) as error:
            self._give_up()
            raise (error if isinstance(error, ClosedOutputError) else InterruptedByPersonError("interrupted")) from None
        finally:
            self._carry()

    # ---- before the first code

    def _preflight(self) -> None:
        """Find what would be refused at the write, before a code is spent."""
        for task in self._tasks:
            if isinstance(task.job, RoleJob):
                self._notify_of(task.job.notes)
        if self._options.write:
            refused = preflight_write(self._tasks.left(), self._files.credentials, self._catalog, self._clock())
            for job, error in refused:
                if refused_task := self._tasks.task_for(job.targets[0]):
                    self._tasks.change(refused_task, State.FAILED, error=error)

    def _prepare(self, keep: Keep) -> None:
        """Find each task's code source and device, and connect to STS."""
        place = 0
        for job in self._plan.codes:
            task = self._tasks.task_for(job.targets[0])
            if task is None or task.state is State.FAILED:
                place += job.asked_for
                continue
            self._notify_of(job.notes)
            try:
                self._make_ready(task, job, keep, place)
            except _ENDS:
                raise
            except EnceeError as error:
                self._tasks.change(task, State.FAILED, error=error)
            except Exception as bug:  # noqa: BLE001 - a bug in one profile must not stop the others
                self._tasks.change(task, State.FAILED, error=unexpected(bug))
            place += not task.is_left_out
        asked = [task.pending for task in self._tasks if task.pending and task.pending.source.asks_person]
        open_in_background([pending.connection for pending in asked], self._clients, probe=True)
        if len(asked) > 1:
            labels = "; ".join(pending.job.label for pending in asked)
            self._ui.notify(f"{len(asked)} codes are needed: one each for {labels}")

    def _make_ready(self, task: Task, job: CodeJob, keep: Keep, place: int) -> None:
        """Find the code source and the device of a task.

        Raises:
            EnceeError: A code source or a device is missing.
        """
        source = code_source(job, place, self._given, self._ui.person, self._clock)
        serial = None
        if job.optional:
            # Without a device, the profile is left out; without a code source, it fails.
            task.job = job = self._with_device(job)
            serial = job.serial
        if source is None:
            raise no_code_source(job, keep)
        if serial is None:
            task.job = job = self._with_device(job)
        sessions = [self._on_disk(target) for target in job.targets]
        before = frozenset(session.id for session in sessions if session)
        task.pending = PendingCode(job, job.serial or "", source, Connection(job.signer), before)

    def _leave_out(self) -> None:
        """Report what a run over all profiles leaves out."""
        others = [task for task in self._tasks if not task.is_left_out]
        if others or self._plan.failures or self._valid:
            for failed in self._left_out():
                self._ui.notify(f"{failed.profile} is left out: {failed.error.message}")

    def _left_out(self) -> Iterator[Failed]:
        """What a run over all profiles leaves out."""
        yield from self._plan.left_out
        for task in self._tasks:
            if task.is_left_out and task.error is not None:
                yield from (Failed(*target, task.error) for target in task.job.targets)

    def _with_device(self, job: CodeJob) -> CodeJob:
        """Complete a job with its key and the serial number of its device."""
        job = job._replace(signer=job.signer.with_secret())
        return job._replace(serial=job.serial or self._find_device(job), optional=False)

    def _find_device(self, job: CodeJob) -> str:
        """Get the device from IAM or the user, and save it in the config file."""
        profile = job.signer.profile
        naming = ("encee", "refresh", profile, "--mfa-serial")
        if job.device_name is not None:
            return find_named_device(self._clients, job.signer, job.device_name, naming)
        serial = find_device(self._clients, job.signer, self._ui.person, naming, may_ask_serial=not job.optional)
        if not (self._options.save_device and self._options.write):
            return serial
        try:
            file = save_device(self._files, profile, serial)
            self._ui.notify(f"found the device {serial}; saved it as mfa_serial of {profile} in {file}")
        except EnceeError as error:
            self._ui.notify(f"found the device {serial}, but could not save it: {error.message}")
        return serial

    # ---- the tasks

    def _run_tasks(self) -> None:
        """Prompt for the codes one after the other, while the tasks that have theirs run."""
        self._start_roles()
        while (task := self._next_to_ask()) or self._tasks.in_flight():
            if task:
                self._ask(task)
            self._collect(block=self._next_to_ask() is None)
            self._start_roles()

    def _next_to_ask(self) -> Task | None:
        """Choose the next task to prompt for, if any."""
        # A person tries again after the prompts that are left.
        ready = [task for task in self._tasks if task.is_ready]
        ready.sort(key=lambda task: task.pending.mistakes if task.pending else 0)
        # An answer comes sooner than a device's next code.
        unused = (task for task in ready if task.pending and not self._prompter.pause(task.pending))
        return next(unused, None if self._tasks.in_flight() else next(iter(ready), None))

    def _ask(self, task: Task) -> None:
        """Start a task and hand it the code that it asks for."""
        pending = task.pending
        if pending is None:
            return
        while not pending.source.asks_person and self._has_key_in_use(pending):
            self._collect(block=True)
        pending.code = ""
        task.handover = handover = Handover()
        self._start(task)
        wait([handover.wanted, *self._future(task)], return_when=FIRST_COMPLETED)
        if not handover.wanted.done():
            return
        try:
            handover.answer.set_result(self._prompter.code(pending))
        except _ENDS:
            raise
        except Exception as error:  # noqa: BLE001 - the task fails with it
            handover.answer.set_exception(error)

    def _has_key_in_use(self, pending: PendingCode) -> bool:
        """Check for another task of this run with the same key, and so the same lock."""
        return any(task.pending and task.pending.key_id == pending.key_id for task in self._tasks.in_flight())

    def _start_roles(self) -> None:
        """Start the roles whose source has a session now; those whose source failed fail."""
        for task in self._tasks:
            job = task.job
            if not isinstance(job, RoleJob) or task.state is not State.WAITING or task.future is not None:
                continue
            source = self._tasks.task_for(job.source)
            if source is None or source.state is State.DONE:
                session = source.session if source else self._on_disk(job.source)
                if session is None:
                    hint = f"encee refresh {job.source.profile} --force"
                    self._fail_role(task, EnceeError("it is not one that encee wrote", hint=hint), job.source)
                else:
                    self._start(task, session)
            elif source.state is State.FAILED and source.future is None and source.error is not None:
                self._fail_role(task, source.error, job.source)

    def _fail_role(self, task: Task, error: EnceeError, source: Target) -> None:
        message = f"{task.job.label} needs the session of {source.profile}"
        self._tasks.change(task, State.FAILED, error=error.extended(message, hint=error.hint))

    def _start(self, task: Task, source: Session | None = None) -> None:
        """Run a task in a thread of the pool."""
        task.future = self._pool.submit(self._worker.run, task, source)

    def _collect(self, *, block: bool) -> None:
        """Look at the tasks whose threads have ended; with `block`, wait for at least one.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        in_flight = self._tasks.in_flight()
        wait([future for task in in_flight for future in self._future(task)], None if block else 0, FIRST_COMPLETED)
        for task in in_flight:
            if task.future is not None and task.future.done():
                task.future = None
                if task.pending is not None and task.error is not None:
                    self._try_again(task, task.pending, task.error)

    def _try_again(self, task: Task, pending: PendingCode, error: EnceeError) -> None:
        """Prepare for another code of the person, where one may help."""
        if isinstance(error, RequestNotSentError):
            self._prompter.was_not_used(pending)
        pending.mistakes += isinstance(error, WrongCodeError)
        is_about_code = isinstance(error, (WrongCodeError, CodeMayBeSpentError))
        if is_about_code and pending.source.asks_person and pending.mistakes < ATTEMPTS:
            left = ATTEMPTS - pending.mistakes
            self._ui.notify(f"{task.job.label}: {error.message}; try the next one ({left} of {ATTEMPTS} tries left)")
            self._tasks.change(task, State.WAITING)

    # ---- the end

    def _give_up(self) -> None:
        """End an interrupted run; a write that has begun is waited for."""
        self._tasks.interrupt()
        writing = [future for task in self._tasks if task.state is State.WRITING for future in self._future(task)]
        wait(writing, _WRITE_TIMEOUT_SECONDS)

    def _carry(self) -> None:
        """Copy region and output to the fresh sessions; a refusal is a warning."""
        fresh = [*self._tasks.sessions()]
        if not (self._options.carry_region and self._options.write and fresh):
            return
        try:
            carry_region(fresh, self._files)
        except EnceeError as error:
            self._ui.notify(f"region and output were not carried over to the session profiles: {error.message}")

    def _outcomes(self) -> list[Outcome]:
        """What became of each profile."""
        others = [outcome for task in self._tasks if not task.is_left_out for outcome in task.outcomes()]
        known: list[Outcome] = [*self._plan.failures, *self._valid, *others]
        if not known and all(task.is_left_out for task in self._tasks):
            known += self._left_out()
        return known

    # ---- helpers

    def _future(self, task: Task) -> list[Future[None]]:
        return [task.future] if task.future is not None else []

    def _notify_of(self, notes: Sequence[str]) -> None:
        for note in notes:
            self._ui.notify(note)

    def _on_disk(self, target: Target) -> Session | None:
        """Find the session that was on disk when the run began."""
        return self._catalog.session(target.session_profile, target.profile)
