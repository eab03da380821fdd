"""A task of a refresh: one request, with the state that it is in."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto

from encee.errors import EnceeError, InterruptedByPersonError
from encee.mfa.code_sources import CodeSource
from encee.model import Session
from encee.workflows.refresh.context import Person
from encee.workflows.refresh.jobs import CodeJob, Failed, Job, Outcome, Refreshed, StillValid


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


@dataclass(eq=False, kw_only=True)
class Task:
    """One request, and what became of it.

    Args:
        job: The session that it gets.
        code: The code that its request spends, empty until there is one; None for a request without a code.
        state: How far it has come; only `change` changes it.
        session: The session, from ANSWERED on.
        error: Why it failed.
        is_new: Whether this run got the session; else the session was on disk.
        future: Done when the thread that runs it has ended; None while none does.
    """

    job: Job
    code: str | None = None
    state: State = State.WAITING
    session: Session | None = None
    error: EnceeError | None = None
    is_new: bool = True
    future: Future[None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_interrupted: bool = False

    def change(self, state: State, *, session: Session | None = None, error: EnceeError | None = None) -> None:
        """Change the state.

        Raises:
            InterruptedByPersonError: The run was interrupted; the task must end in the state that it has.
        """
        with self._lock:
            if self._is_interrupted and state not in {State.DONE, State.FAILED}:
                raise self._interruption()
            self.session = session or self.session
            self.error = error
            self.state = state

    def interrupt(self) -> None:
        """Prevent every change of state but the last one."""
        with self._lock:
            self._is_interrupted = True

    def outcomes(self) -> Iterator[Outcome]:
        """List what became of each profile; nothing where no code was typed yet."""
        error = self.error
        if self.state not in {State.DONE, State.FAILED} and self.future is not None and self.code != "":
            error = self._interruption()
        for target in self.job.targets:
            if error is not None:
                yield Failed(*target, error)
            elif self.state is State.DONE and self.session is not None:
                yield (Refreshed if self.is_new else StillValid)(*target, self.session.expiration)

    def _interruption(self) -> InterruptedByPersonError:
        """Return the error for an interruption in this state."""
        message, code, hint = _INTERRUPTIONS[self.state]
        message = message.format(self.job.label)
        if self.code is None:
            return InterruptedByPersonError(message)
        return InterruptedByPersonError(f"{message}: that code {code}", hint=hint)


@dataclass(eq=False)
class Handover:
    """Passes a code from the thread that prompts to the thread that sends the request."""

    wanted: Future[None] = field(default_factory=Future)
    """Done when the request needs a code."""
    answer: Future[str | Session] = field(default_factory=Future)
    """The code, or a session that makes it unnecessary."""


@dataclass(eq=False, kw_only=True)
class CodeTask(Task):
    """A request that spends a code, with its device and its code source.

    Args:
        serial: The serial number of the device.
        code_source: Where its codes come from.
        mistakes: How many codes AWS did not accept.
        handover: Passes the code to the thread that runs the task.
    """

    job: CodeJob
    serial: str
    code_source: CodeSource | Person
    code: str = ""
    mistakes: int = 0
    handover: Handover = field(default_factory=Handover)
