"""The tasks of a refresh: one for each request, with the state that it is in."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from encee.errors import EnceeError, InterruptedByPersonError
from encee.model import Session
from encee.workflows.refresh.codes import PendingCode
from encee.workflows.refresh.jobs import CodeJob, Failed, Job, Outcome, Refreshed, StillValid, Target


class State(Enum):
    """How far a task has come."""

    WAITING = auto()
    SENT = auto()
    ANSWERED = auto()
    WRITING = auto()
    DONE = auto()
    FAILED = auto()


_AGAIN = "wait until the device shows the next code, then try again"
_INTERRUPTIONS = {
    State.WAITING: ("interrupted before the request for {} was sent", "is unused", None),
    State.SENT: ("interrupted before AWS answered for {}", "may have been used", _AGAIN),
    State.ANSWERED: ("interrupted before the session of {} was written", "has been used", _AGAIN),
    State.WRITING: ("interrupted while the session of {} was being written", "has been used", "encee status"),
}
"""Per state: what is reported of the profile, what of the code, and a hint."""


@dataclass(eq=False)
class Handover:
    """Passes a code from the thread that prompts to the thread that sends."""

    wanted: Future[None] = field(default_factory=Future)
    """Done when the request needs a code."""
    answer: Future[str | Session] = field(default_factory=Future)
    """The code, or a session that makes it unnecessary."""

    def ask(self) -> str | Session:
        """Ask for a code and wait for it.

        Raises:
            EnceeError: The source has failed.
        """
        self.wanted.set_result(None)
        return self.answer.result()


@dataclass(eq=False)
class Task:
    """One request, and what became of it.

    Args:
        job: The session that it gets.
        pending: What its code needs, once the device and the code source are known; None for a role.
        state: How far it has come; only `Tasks.change` changes it.
        session: The session, from ANSWERED on.
        error: Why it failed.
        is_new: Whether this run got the session; else the session was on disk.
        handover: Passes the code to the thread that runs the task.
        future: Done when that thread has ended; None while the task does not run.
    """

    job: Job
    pending: PendingCode | None = None
    state: State = State.WAITING
    session: Session | None = None
    error: EnceeError | None = None
    is_new: bool = True
    handover: Handover = field(default_factory=Handover)
    future: Future[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it waits for a code that can be asked for."""
        return self.pending is not None and self.state is State.WAITING and self.future is None

    @property
    def is_left_out(self) -> bool:
        """Whether it failed because its profile, which was not named, has no known device."""
        return self.state is State.FAILED and isinstance(self.job, CodeJob) and self.job.optional

    def interruption(self) -> InterruptedByPersonError:
        """Return the error for an interruption in this state."""
        message, code, hint = _INTERRUPTIONS[self.state]
        message = message.format(self.job.label)
        if self.pending is not None:
            return InterruptedByPersonError(f"{message}: that code {code}", hint=hint)
        return InterruptedByPersonError(message)

    def outcomes(self) -> Iterator[Outcome]:
        """Return the outcome of each profile; none before the code."""
        error = self.error
        if self.state not in {State.DONE, State.FAILED} and self.future is not None and self._has_begun:
            error = self.interruption()
        for target in self.job.targets:
            if error is not None:
                yield Failed(*target, error)
            elif self.state is State.DONE and self.session is not None:
                yield (Refreshed if self.is_new else StillValid)(*target, self.session.expiration)

    @property
    def _has_begun(self) -> bool:
        return self.pending is None or bool(self.pending.code)


class Tasks:
    """The tasks of a run; what has not begun when the run is interrupted never begins.

    Args:
        jobs: The sessions to get.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._tasks = [Task(job) for job in jobs]
        self._lock = threading.Lock()
        self._is_interrupted = False

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks)

    def change(
        self, task: Task, state: State, *, session: Session | None = None, error: EnceeError | None = None
    ) -> None:
        """Change the state of a task.

        Raises:
            InterruptedByPersonError: The run was interrupted; the task must end in the state that it has.
        """
        with self._lock:
            if self._is_interrupted and state not in {State.DONE, State.FAILED}:
                raise task.interruption()
            task.session = session or task.session
            task.error = error
            task.state = state

    def left(self) -> list[Job]:
        """The jobs that have not failed."""
        return [task.job for task in self._tasks if task.state is not State.FAILED]

    def in_flight(self) -> list[Task]:
        """The tasks whose thread has not ended, or whose end was not looked at yet."""
        return [task for task in self._tasks if task.future is not None]

    def task_for(self, target: Target) -> Task | None:
        """The task that gets the session of a target."""
        return next((task for task in self._tasks if target in task.job.targets), None)

    def sessions(self) -> dict[Target, Session]:
        """The sessions that this run got."""
        return {
            target: task.session
            for task in self._tasks
            for target in task.job.targets
            if task.state is State.DONE and task.is_new and task.session is not None
        }

    def interrupt(self) -> None:
        """Prevent every change of state but the last one of a task."""
        with self._lock:
            self._is_interrupted = True

    def release(self) -> None:
        """End the threads that wait for a code."""
        for task in self._tasks:
            with suppress(InvalidStateError):  # It has its code already.
                task.handover.answer.set_exception(InterruptedByPersonError("interrupted"))
