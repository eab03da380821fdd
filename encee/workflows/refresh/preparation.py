"""Prepare a refresh: find what would fail, the devices and the code sources."""

from encee.aws.clients import Clients
from encee.errors import ClosedOutputError, EnceeError, InterruptedByPersonError, unexpected
from encee.profiles.mfa_serial import save_device
from encee.workflows.find_device import find_device, find_named_device
from encee.workflows.refresh.codes import choose_code_source
from encee.workflows.refresh.context import RefreshContext
from encee.workflows.refresh.edits import SAMPLE_SESSION, rehearse_write, session_edit
from encee.workflows.refresh.jobs import CodeJob, Failed, Keep, Plan, RoleJob
from encee.workflows.refresh.tasks import CodeTask, State, Task


class Preparation:
    """What a refresh does before its first code.

    Args:
        context: The files, the settings and the terminal.
        plan: The plan; what is left out is added to it.
        tasks: The tasks of the run; those that spend a code become `CodeTask`s, and those that are left out go.
        clients: Makes the clients of IAM.
    """

    def __init__(self, context: RefreshContext, plan: Plan, tasks: list[Task], clients: Clients) -> None:
        self._context = context
        self._ui = context.ui
        self._options = context.options
        self._plan = plan
        self._tasks = tasks
        self._clients = clients

    def preview(self) -> None:
        """Find what would be refused, without a prompt, a request or a write."""
        for task in [*self._tasks]:
            for note in task.job.notes:
                self._ui.notify(note)
            try:
                edit = session_edit(task.job.targets, SAMPLE_SESSION, self._context.catalog)
                self._context.files.credentials.preview_edit(edit)
            except EnceeError as error:
                self._fail(task, error)

    def check_writes(self) -> None:
        """Find what would be refused at the write, before a code is spent."""
        for task in self._tasks:
            for note in task.job.notes if isinstance(task.job, RoleJob) else ():
                self._ui.notify(note)
        if self._options.write and self._tasks:
            jobs = [task.job for task in self._tasks]
            errors = rehearse_write(jobs, self._context.files.credentials, self._context.catalog)
            for task, error in [*zip(self._tasks, errors, strict=True)]:
                if error is not None:
                    self._fail(task, error)

    def prepare_codes(self, keep: Keep) -> None:
        """Find the device and the code source of each task that needs a code."""
        place = 0
        for job in self._plan.codes:
            task = next((task for task in self._tasks if task.job is job), None)
            if task is None or task.error is not None:
                place += job.asked_for
                continue
            for note in job.notes:
                self._ui.notify(note)
            try:
                self._tasks[self._tasks.index(task)] = self._prepare_code(task, job, keep, place)
                place += 1
            except (InterruptedByPersonError, ClosedOutputError):
                raise
            except Exception as error:  # noqa: BLE001 - a bug in one profile must not stop the others
                place += self._fail(task, error if isinstance(error, EnceeError) else unexpected(error))
        labels = [task.job.label for task in self._tasks if isinstance(task, CodeTask) and task.code_source.asks_person]
        if len(labels) > 1:
            self._ui.notify(f"{len(labels)} codes are needed: one each for {'; '.join(labels)}")

    def _prepare_code(self, task: Task, job: CodeJob, keep: Keep, place: int) -> CodeTask:
        """Find the code source and the device of a task.

        Raises:
            EnceeError: A code source or a device is missing.
        """
        if job.optional:
            # Without a device, the profile is left out; without a code source, it fails.
            job = task.job = self._complete(job)
        code_source = choose_code_source(job, place, keep, self._context)
        job = self._complete(job)
        return CodeTask(job=job, serial=job.serial or "", code_source=code_source)

    def _complete(self, job: CodeJob) -> CodeJob:
        """Complete a job with its secret key and the serial number of its device."""
        job = job._replace(signer=job.signer.with_secret())
        return job._replace(serial=job.serial or self._find_device(job), optional=False)

    def _find_device(self, job: CodeJob) -> str:
        """Get the device from IAM or the person, and save it in the config file."""
        context, profile = self._context, job.signer.profile
        naming = ("encee", "refresh", profile, "--mfa-serial")
        if job.device_name is not None:
            return find_named_device(self._clients, job.signer, job.device_name, naming)
        serial = find_device(self._clients, job.signer, self._ui.person, naming, may_ask_serial=not job.optional)
        if not (self._options.save_device and self._options.write):
            return serial
        try:
            file = save_device(context.files, profile, serial)
            self._ui.notify(f"found the device {serial}; saved it as mfa_serial of {profile} in {file}")
        except EnceeError as error:
            self._ui.notify(f"found the device {serial}, but could not save it: {error.message}")
        return serial

    def _fail(self, task: Task, error: EnceeError) -> bool:
        """Mark a task as failed, or leave out an optional one and return False."""
        if isinstance(task.job, CodeJob) and task.job.optional:
            self._tasks.remove(task)
            self._plan.left_out += [Failed(*target, error) for target in task.job.targets]
            return False
        task.change(State.FAILED, error=error)
        return True
