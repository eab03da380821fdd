"""How far a request has come, its code sent and its session written, which an interrupted run has to report."""

import threading
from enum import Enum, auto

from encee.errors import InterruptedByPersonError
from encee.model import Session
from encee.workflows.refresh.codes import PendingCode
from encee.workflows.refresh.jobs import Job, RoleJob


class Stage(Enum):
    """How far a request has come."""

    PREPARING = auto()
    SENT = auto()
    ANSWERED = auto()
    WRITING = auto()


_AGAIN = "wait until the device shows the next code, then try again"
_INTERRUPTIONS = {
    Stage.PREPARING: ("interrupted before the request for {} was sent", "is unused", None),
    Stage.SENT: ("interrupted before AWS answered for {}", "may have been used", _AGAIN),
    Stage.ANSWERED: ("interrupted before the session of {} was written", "has been used", _AGAIN),
    Stage.WRITING: ("interrupted while the session of {} was being written", "has been used", "encee status"),
}
"""Per stage: what is said of the profile, what of the code, and a hint."""


class Task:
    """A request that a thread makes and whose session it writes.

    Args:
        item: What it is for.
    """

    def __init__(self, item: PendingCode | RoleJob) -> None:
        self.item = item
        self.stage = Stage.PREPARING
        """How far it has come; only `Stages` changes it."""
        self._ended = threading.Event()
        self._result: Session | Exception | None = None

    def end(self, result: Session | Exception) -> None:
        """Keep the session, which is written, or what prevented that."""
        self._result = result
        self._ended.set()

    @property
    def has_ended(self) -> bool:
        """Whether there is a result."""
        return self._ended.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for the result, but no longer than so many seconds."""
        self._ended.wait(max(0, seconds))

    def result(self) -> Session | Exception:
        """The session, which is written, or what prevented that; waited for."""
        self._ended.wait()
        assert self._result is not None  # noqa: S101 - set by end()
        return self._result

    @property
    def job(self) -> Job:
        """What it is to get."""
        return self.item.job if isinstance(self.item, PendingCode) else self.item

    def interruption(self) -> InterruptedByPersonError:
        """The error for an interruption at this stage, which says what became of the code and of the session."""
        message, code, hint = _INTERRUPTIONS[self.stage]
        message = message.format(self.job.label)
        if isinstance(self.item, PendingCode):
            return InterruptedByPersonError(f"{message}: that code {code}", hint=hint)
        return InterruptedByPersonError(message)


class Stages:
    """Advances the tasks of a run, until it is interrupted: what has not begun by then never begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.interrupted = False

    def advance(self, task: Task, stage: Stage) -> None:
        """Let a task enter a stage.

        Raises:
            InterruptedByPersonError: The run was interrupted; the task must end where it is.
        """
        with self._lock:
            if self.interrupted:
                raise task.interruption()
            task.stage = stage

    def interrupt(self) -> None:
        """Let no task advance any more."""
        with self._lock:
            self.interrupted = True
