"""The main job: MFA codes become sessions, and sessions become sections of the credentials file.

Codes are asked for one after the other, in the caller's thread. What follows a code (the request, the write, the
roles that are assumed with the session) goes on in threads of its own, so that the next prompt is open meanwhile.
Only the caller's thread reports outcomes and notifies.

One class, and a long one on purpose: every step of it moves jobs between the same few places, where they wait for a
code, are in the air, wait for another one's session, or have failed.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import TypeVar

from encee.aws.clients import Clients
from encee.aws.errors import RequestNotSentError
from encee.aws.sts import assume_role, get_session_token
from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile, Edit
from encee.errors import (
    AwsError,
    ClosedOutputError,
    CodeMayBeSpentError,
    EnceeError,
    InterruptedByPersonError,
    WrongCodeError,
    unexpected,
)
from encee.mfa.attempts import ATTEMPTS
from encee.mfa.code_sources import CodeSource, GivenCodes
from encee.model import Session, rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.mfa_serial import save_device
from encee.workflows.find_device import find_device, find_named_device
from encee.workflows.refresh.code_sources import Person, nobody_to_ask, source_of
from encee.workflows.refresh.codes import CodePrompter, PendingCode
from encee.workflows.refresh.edits import carry_region, placeholder, preflight_write, session_edit
from encee.workflows.refresh.jobs import (
    CodeJob,
    Failed,
    Job,
    Keep,
    Outcome,
    Plan,
    Refreshed,
    RoleJob,
    StillValid,
    Target,
)
from encee.workflows.refresh.selection import select
from encee.workflows.refresh.tasks import Stage, Stages, Task
from encee.workflows.refresh.warm_connection import Connection, open_in_background
from encee.workflows.refresh.writer import Writer

_ENDS = (InterruptedByPersonError, ClosedOutputError)
"""What ends a run, and not only a profile's part of it."""

_PERSON_TIMEOUT_SECONDS = 600.0
"""How long to wait for a person who types a code for another process."""

_WRITE_TIMEOUT_SECONDS = 2.0
"""How long an interrupted run waits for the end of a write that has begun."""

AnyJob = TypeVar("AnyJob", CodeJob, RoleJob, Job)


class Refresh:
    """One run of `encee refresh`.

    Args:
        credentials: The credentials file.
        config: The config file.
        catalog: The two files as the plan saw them.
        given: Codes that are there already, which come before everybody else's; or None.
        person: Who can be asked, or None.
        clock: Returns the present moment, UTC.
        report: Called with what became of a profile, when it is known.
        notify: Called with a line for people about what happens on the way.
        warn: Called, in any thread, with a line about something unsafe.
        countdown: Called to wait for a device's next code, with a line for people and the seconds.
        carry_region: Whether region and output go to the session profile's config section.
        save_device: Whether a device that was found is saved as `mfa_serial`.
        write: Whether the sessions go to the credentials file; else to `sessions` only, and nothing is written.
        force: Whether a session is replaced that is as good as a fresh one.
        ask_in_turn: Whether to ask for the code of a key only while no other process does, which may make it needless.
    """

    def __init__(  # noqa: PLR0913 - all that a run touches, passed in
        self,
        *,
        credentials: AwsFile,
        config: AwsFile,
        catalog: Catalog,
        given: CodeSource | None,
        person: Person | None,
        clock: Callable[[], datetime],
        report: Callable[[Outcome], None],
        notify: Callable[[str], None],
        warn: Callable[[str], None],
        countdown: Callable[[str, float], None],
        carry_region: bool,
        save_device: bool,
        write: bool = True,
        force: bool = False,
        ask_in_turn: bool = False,
    ) -> None:
        self._credentials = credentials
        self._config = config
        self._catalog = catalog
        self._given = given
        self._person = person
        self._clock = clock
        self._report = report
        self._notify = notify
        self._carry_region = carry_region and write
        self._save_device = save_device and write
        self._write = write
        self._ask_in_turn = ask_in_turn
        self.sessions: dict[Target, Session] = {}
        """The sessions that this run got, by whom they are for."""

        self._asking = CodePrompter(credentials, clock, notify, countdown, force=force)
        self._clients = Clients(warn)
        self._writer = Writer(credentials)
        self._dependants: dict[Target, list[RoleJob]] = {}
        self._landing: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._waiting: deque[PendingCode] = deque()
        self._failed: set[Target] = set()
        self._left_out: list[Failed] = []
        self._is_anything_known = False
        self._flying: list[Task] = []
        self._stages = Stages()

    def run(self, plan: Plan, keep: Keep) -> None:
        """Get the sessions, write each when it arrives, and report what became of it.

        Args:
            plan: From `encee.workflows.refresh.plan.plan`.
            keep: Which sessions stay as they are.

        Raises:
            InterruptedByPersonError: The person does not want to go on; what was reported is written.
        """
        jobs = self._begin(plan, keep)
        self._hold([job for job in jobs if isinstance(job, RoleJob)])
        try:
            if self._write:
                for job, error in preflight_write(jobs, self._credentials, self._catalog, self._clock()):
                    self._fail(job, error)
            self._prepare(plan.codes, self._left(jobs), keep)
            self._leave_out(self._left(jobs))
            awaited = {target for job in self._left(jobs) for target in job.targets}
            for target in set(self._dependants) - awaited:
                if session := self._on_disk(target):
                    self._launch_dependants(target, session)
            while self._waiting or self._flying:
                if self._waiting and not self._better_to_land():
                    self._ask(self._next())
                self._land(wait=not self._waiting or self._better_to_land())
        except (InterruptedByPersonError, KeyboardInterrupt):
            self._give_up()
            raise InterruptedByPersonError("interrupted") from None
        finally:
            self._carry()

    def preview(self, plan: Plan, keep: Keep) -> list[Job]:
        """What `run` would do, reported as far as it is known without asking, sending or writing anything.

        Returns:
            The jobs that would be done.
        """
        jobs = self._begin(plan, keep)
        for job in jobs:
            for note in job.notes:
                self._notify(note)
            try:
                self._credentials.edited(session_edit(job.targets, placeholder(self._clock()), self._catalog))
            except EnceeError as error:
                self._fail(job, error)
        self._leave_out(self._left(jobs))
        return self._left(jobs)

    # ---- before the first code

    def _begin(self, plan: Plan, keep: Keep) -> list[Job]:
        """Report what is known beforehand; the jobs that have to be done."""
        selection = select(plan, self._catalog, self._clock(), keep)
        known: list[Outcome] = [*plan.failures, *selection.valid]
        for outcome in known:
            self._report(outcome)
        self._left_out += plan.left_out
        self._is_anything_known = bool(known)
        return selection.jobs

    def _hold(self, roles: Iterable[RoleJob]) -> None:
        """Let roles wait for the sessions that assume them."""
        for role in roles:
            for note in role.notes:
                self._notify(note)
            self._dependants.setdefault(role.source, []).append(role)

    def _left(self, jobs: Iterable[AnyJob]) -> list[AnyJob]:
        """The jobs that have not failed."""
        return [job for job in jobs if not self._failed.intersection(job.targets)]

    def _fail(self, job: Job, error: EnceeError) -> None:
        """Report that a job failed, and with it the roles that wait for its session."""
        if not self._left([job]):
            return
        self._failed.update(job.targets)
        if isinstance(job, CodeJob) and job.optional:
            self._left_out += [Failed(*target, error) for target in job.targets]
            return
        for target in job.targets:
            self._report(Failed(*target, error))
            for role in self._dependants.pop(target, []):
                message = f"{role.target.profile} needs the session of {target.profile}"
                self._fail(role, error.extended(message, hint=error.hint))

    def _prepare(self, planned: Sequence[CodeJob], jobs: Sequence[Job], keep: Keep) -> None:
        """Find the source of each job's code, its device, and open the connections to STS.

        Args:
            planned: All requests that were planned with a code, in the order of the command line.
            jobs: Those jobs that are to be done.
            keep: Which sessions were to stay as they are.
        """
        passed = 0
        for job in planned:
            if job not in jobs:
                passed += job.asked_for
                continue
            source = source_of(job, self._given, self._person, self._clock)
            for note in job.notes:
                self._notify(note)
            ready = job
            try:
                if job.optional:
                    # A profile without a device is left out; one without a code fails.
                    ready, _ = self._with_device(job)
                if source is None:
                    raise nobody_to_ask(job, keep)
                ready, serial = self._with_device(ready)
            except _ENDS:
                raise
            except Exception as error:  # noqa: BLE001 - one profile's bug is no other's
                self._fail(ready, error if isinstance(error, EnceeError) else unexpected(error))
                passed += not ready.optional
                continue
            sessions = [self._on_disk(target) for target in job.targets]
            before = frozenset(session.id for session in sessions if session)
            self._waiting.append(PendingCode(ready, serial, source, Connection(ready.signer), before, passed))
            passed = 0
        asked = [pending for pending in self._waiting if pending.source.asks_person]
        open_in_background([pending.connection for pending in asked], self._clients, probe=True)
        if len(asked) > 1:
            self._notify(f"{len(asked)} codes are needed: one each for {'; '.join(one.job.label for one in asked)}")

    def _leave_out(self, jobs: Sequence[Job]) -> None:
        """Say what a run over all profiles leaves out; it has failed where nothing else was to be done."""
        others = self._failed - {(left_out.profile, left_out.session_profile) for left_out in self._left_out}
        for left_out in self._left_out:
            if jobs or others or self._is_anything_known:
                self._notify(f"{left_out.profile} is left out: {left_out.error.message}")
            else:
                self._report(left_out)

    def _with_device(self, job: CodeJob) -> tuple[CodeJob, str]:
        """A job whose key and device are known, and the serial number of the device."""
        job = job._replace(signer=job.signer.with_secret())
        serial = job.serial or self._find_device(job)
        return job._replace(serial=serial, optional=False), serial

    def _find_device(self, job: CodeJob) -> str:
        """Ask IAM, or the person, for the device, and save it in the config file so that nobody has to ask again."""
        profile = job.signer.profile
        naming = ("encee", "refresh", profile, "--mfa-serial")
        if job.device_name is not None:
            return find_named_device(self._clients, job.signer, job.device_name, naming)
        serial = find_device(self._clients, job.signer, self._person, naming, may_ask_serial=not job.optional)
        if not self._save_device:
            return serial
        try:
            file = save_device(self._credentials, self._config, profile, serial)
            self._notify(f"found the device {serial}; saved it as mfa_serial of {profile} in {file}")
        except EnceeError as error:
            self._notify(f"found the device {serial}, but could not save it: {error.message}")
        return serial

    # ---- a code

    def _better_to_land(self) -> bool:
        """Whether an answer on its way is worth waiting for: every device still shows a code that is used."""
        return bool(self._flying) and all(self._asking.pause(pending) for pending in self._waiting)

    def _next(self) -> PendingCode:
        """Whose code is asked for next: one whose device shows a code that is not used yet, if there is one."""
        ready = next((pending for pending in self._waiting if not self._asking.pause(pending)), self._waiting[0])
        self._waiting.remove(ready)
        return ready

    def _ask(self, pending: PendingCode) -> None:
        """Get a code for a pending and let it take off, unless its session is good enough meanwhile."""
        job, source = pending.job, pending.source
        with ExitStack() as stack:
            try:
                self._wait_for_turn(pending, stack)
                answer: str | Session | None = self._asking.good_session(pending)
                if answer is None:
                    if not source.asks_person:
                        open_in_background([pending.connection], self._clients, probe=False)
                    answer = self._asking.code(pending)
                elif isinstance(source, GivenCodes):
                    source.skip()
            except _ENDS:
                raise
            except Exception as error:  # noqa: BLE001 - one profile's bug is no other's
                self._fail(job, error if isinstance(error, EnceeError) else unexpected(error))
                return
            if isinstance(answer, Session):
                for target in job.targets:
                    self._report(StillValid(*target, answer.expiration))
                    self._launch_dependants(target, answer)
            else:
                self._take_off(pending, partial(self._exchange, pending, answer), stack.pop_all())

    def _wait_for_turn(self, pending: PendingCode, turn: ExitStack) -> None:
        """Wait for what gets a session for the same key, in this run and in other processes; `turn` ends the turn."""
        key_id = pending.job.signer.key.id
        if not pending.source.asks_person:
            self._clear_the_way(pending)
            if self._write:
                turn.enter_context(self._credentials.key_lock(key_id))
        elif self._ask_in_turn:
            turn.enter_context(self._credentials.key_lock(key_id, _PERSON_TIMEOUT_SECONDS))

    def _clear_the_way(self, pending: PendingCode) -> None:
        """Be the only pending of this run for a key, and pass over the codes of devices that need none."""
        while any(isinstance(task.item, PendingCode) and _key(task.item) == _key(pending) for task in self._flying):
            self._land(wait=True)
        if isinstance(pending.source, GivenCodes):
            for _ in range(pending.passed):
                pending.source.skip()

    # ---- after the code

    def _take_off(self, item: "PendingCode | RoleJob", work: Callable[[Task], Session], landing: ExitStack) -> None:
        """Do the work that follows a code in a thread of its own; `landing` is closed behind it."""
        task = Task(item)

        def fly() -> None:
            result: Session | Exception
            try:
                with landing:
                    result = self._unexpired(work(task), task)
                    self._stages.advance(task, Stage.ANSWERED)
                    if self._write:
                        self._writer.write(self._write_of(task, result))
            except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
                result = error
            task.end(result)
            self._landing.put(task)

        self._flying.append(task)
        threading.Thread(target=fly, daemon=True).start()

    def _write_of(self, task: Task, session: Session) -> Edit:
        """The change of the credentials file that a task makes, unless the run was interrupted before it."""
        edit = session_edit(task.item.targets, session, self._catalog)

        def write(document: Document) -> None:
            self._stages.advance(task, Stage.WRITING)
            edit(document)

        return write

    def _unexpired(self, session: Session, task: Task) -> Session:
        """A session that AWS returned.

        Raises:
            AwsError: It has expired.
        """
        if session.expiration > self._clock():
            return session
        message = f"the session that AWS returned for {task.job.label} expired at {rfc3339(session.expiration)}"
        if isinstance(task.item, RoleJob):
            raise AwsError(f"{message}; it was not written", hint="check this machine's clock")
        raise CodeMayBeSpentError(
            f"{message}; it was not written, and that code has been used",
            hint="check this machine's clock, wait until the device shows the next code, then try again",
        )

    def _exchange(self, pending: PendingCode, code: str, task: Task) -> Session:
        """Send a code to STS."""
        job, client = pending.job, pending.connection.client()
        self._stages.advance(task, Stage.SENT)
        if job.role is not None:
            return assume_role(client, job.signer, job.role, serial=pending.serial, code=code)
        return get_session_token(client, job.signer, serial=pending.serial, code=code, duration=job.duration)

    def _assume(self, job: RoleJob, session: Session, task: Task) -> Session:
        signer = job.signed_with(session)
        client = self._clients.sts(signer)
        self._stages.advance(task, Stage.SENT)
        return assume_role(client, signer, job.role)

    def _launch_dependants(self, target: Target, session: Session) -> None:
        """Assume the roles that wait for a session, unless the run was interrupted."""
        if self._stages.interrupted:
            return
        for role in self._left(self._dependants.pop(target, [])):
            self._take_off(role, partial(self._assume, role, session), ExitStack())

    def _land(self, *, wait: bool) -> None:
        """Take in what has arrived; with `wait`, at least one."""
        while self._flying:
            try:
                task = self._landing.get(block=wait)
            except queue.Empty:
                return
            wait = False
            self._take_in(task)

    def _take_in(self, task: Task) -> None:
        """Report what became of a task that has ended; it is removed last, since Ctrl-C can come anywhere."""
        result = task.result()
        if isinstance(result, Session):
            for target in task.item.targets:
                if target not in self.sessions:
                    self._report(Refreshed(*target, result.expiration))
                    self.sessions[target] = result
                self._launch_dependants(target, result)
        else:
            self._refused(task.item, result if isinstance(result, EnceeError) else unexpected(result))
        self._flying.remove(task)

    def _refused(self, item: "PendingCode | RoleJob", error: EnceeError) -> None:
        """Let a person try another code, or give up."""
        if isinstance(item, RoleJob):
            self._fail(item, error)
            return
        if isinstance(error, RequestNotSentError):
            self._asking.was_not_used(item)
        item.mistakes += isinstance(error, WrongCodeError)
        again = isinstance(error, (WrongCodeError, CodeMayBeSpentError)) and item.source.asks_person
        if again and item.mistakes < ATTEMPTS and not self._stages.interrupted:
            left = ATTEMPTS - item.mistakes
            self._notify(f"{item.job.label}: {error.message}; try the next one ({left} of {ATTEMPTS} tries left)")
            self._waiting.append(item)
        else:
            self._fail(item.job, error)

    def _give_up(self) -> None:
        """Report what an interrupted run has done and what it leaves open; what is being written is waited for."""
        self._stages.interrupt()
        deadline = time.monotonic() + _WRITE_TIMEOUT_SECONDS
        for task in [*self._flying]:
            if task.stage is Stage.WRITING:
                task.wait(deadline - time.monotonic())
            if task.has_ended:
                self._take_in(task)
            else:
                self._fail(task.job, task.interruption())

    def _carry(self) -> None:
        """Give the fresh session profiles region and output; the sessions are written, so a refusal is a warning."""
        if not self._carry_region or not self.sessions:
            return
        try:
            carry_region([*self.sessions], self._credentials, self._config)
        except EnceeError as error:
            self._notify(f"region and output were not carried over to the session profiles: {error.message}")

    def _on_disk(self, target: Target) -> Session | None:
        """The session that was on disk when the run began."""
        return self._catalog.session(target.session_profile, target.profile)


def _key(pending: PendingCode) -> str:
    """The id of the key that signs a pending's request."""
    return pending.job.signer.key.id
