"""What a person at the terminal is asked, and how they interrupt it.

Prompts and answers use the controlling terminal, so that they work under `$(…)`, in a pipe and with `2>log`; Ctrl-C
and Ctrl-D at one are the same refusal to go on.
"""

import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from typing import TYPE_CHECKING

from encee.cli import terminal
from encee.errors import InterruptedByPersonError, UsageError
from encee.mfa.controlling_terminal import open_terminal

if TYPE_CHECKING:
    from encee.mfa.cancel import Cancelled
    from encee.model import Device


def ask(prompt: str, cancelled: "Cancelled | None" = None) -> str | None:
    """A line that a person types, without blanks around it; None when the question is cancelled first.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    with open_terminal() as ends, terminal.redirect_to_terminal():
        if ends is None:  # it was closed since the question was planned
            raise InterruptedByPersonError("interrupted")
        try:
            terminal.say(prompt, end=" ")
            if cancelled is not None and not _typed(ends.reading, cancelled):
                terminal.say("")
                return None
            # Past any buffer, so that nothing typed ahead is taken from whoever reads next.
            line = os.read(ends.reading, 4096)
        except (KeyboardInterrupt, OSError):  # the second is a terminal that hung up
            line = b""
        if not line.endswith(b"\n"):  # but with Ctrl-C or Ctrl-D
            terminal.say("")
    if not line:
        raise InterruptedByPersonError("interrupted")
    return line.decode(sys.getfilesystemencoding(), errors="replace").strip()


def _typed(reading: int, cancelled: "Cancelled") -> bool:
    """Wait for a line; False when the question was cancelled, and what was typed of the answer is gone then.

    Windows cannot wait for a console and something else at once: there it waits for the line.
    """
    if os.name == "nt":
        return True
    import termios  # noqa: PLC0415 - not on Windows

    ready, _, _ = select.select([reading, cancelled.fileno()], [], [])
    if reading in ready:
        return True
    termios.tcflush(reading, termios.TCIFLUSH)
    return False


def ask_hidden(prompt: str) -> str:
    """A line that a person types unseen.

    Ctrl-Z is ignored: a shell that takes the line up again with `fg` would show what is typed. Whatever else ends the
    question lets the terminal show what is typed again.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D, or the process is to end.
    """
    interrupts = Interrupts()
    try:
        with terminal.ignore_suspend(), interrupts.held(), interrupts.waiting():
            return getpass(f"{terminal.clean(prompt)} ")  # it asks on the controlling terminal by itself
    except (EOFError, InterruptedByPersonError):
        terminal.say("")
        raise InterruptedByPersonError("interrupted") from None


def ask_code(prompt: str) -> str:
    """Six digits, asked for until they are six.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    return _code(prompt, None) or ""


def _code(prompt: str, cancelled: "Cancelled | None") -> str | None:
    """Six digits; None when the question is cancelled first, which it can be only by `cancelled`."""
    from encee.mfa.code_sources import parse_code  # noqa: PLC0415 - most commands ask for no code

    while True:
        typed = ask(prompt, cancelled)
        if typed is None:
            return None
        if code := parse_code(typed):
            return code
        with terminal.redirect_to_terminal():
            terminal.say("a code is six digits: type the one that the device shows now")


def confirm(question: str, *, default: bool) -> bool:
    """Whether a person agrees; Enter alone is the default.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    while True:
        answer = (ask(f"{question} [{'Y/n' if default else 'y/N'}]") or "").lower()
        if not answer:
            return default
        if answer in {"y", "yes", "n", "no"}:
            return answer.startswith("y")
        with terminal.redirect_to_terminal():
            terminal.say("type y for yes or n for no")


def choose(heading: str, choices: Sequence[str]) -> int:
    """Which of several a person chooses, as its index.

    Raises:
        InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
    """
    with terminal.redirect_to_terminal():
        terminal.say(heading)
        for number, choice in enumerate(choices, start=1):
            terminal.say(f"  {number}  {choice}")
        while True:
            answer = ask(f"which one is it, 1 to {len(choices)}?") or ""
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1


class TerminalUser:
    """The person at the terminal, who reads codes off a device and knows which one it is."""

    asks_person = True
    waits = True

    def code_for(self, profile: str, device: str, cancelled: "Cancelled") -> str | None:
        """Six digits, asked for until they are six; None when they are not needed any more.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        return _code(f"MFA code for {profile} ({device}):", cancelled)

    def choose_device(self, profile: str, devices: Sequence["Device"]) -> "Device":
        """One of several devices.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        serials = [device.serial for device in devices]
        return devices[choose(f"the user of {profile} has {len(devices)} devices that give codes:", serials)]

    def serial_for(self, profile: str) -> str:
        """The serial number of a device that AWS does not tell.

        Raises:
            InterruptedByPersonError: The person does not want to go on.
        """
        from encee.profiles.identifiers import require_serial  # noqa: PLC0415 - the same

        with terminal.redirect_to_terminal():
            terminal.say(
                f"the key of {profile} may not list MFA devices; the console shows the ARN under Security credentials"
            )
            while True:
                try:
                    return require_serial(ask(f"ARN of the MFA device of {profile}:") or "")
                except UsageError as error:
                    terminal.print_error(error)


class Interrupts:
    """Ctrl-C, a terminal that is closed and a request to end: one interruption, and only where a person is waited for.

    An exception that can come anywhere can also come between another one and the handler that undoes what is half
    done. So elsewhere they wait for the next question, and behind the first one they change nothing any more.
    """

    def __init__(self) -> None:
        self.came = False
        """Whether one of them came."""
        self._waiting = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold them back, except while a person is waited for."""
        signals = [signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])]
        handlers = {one: signal.getsignal(one) for one in signals}
        before = {one: handler for one, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}
        try:
            for one in before:
                signal.signal(one, self._interrupt)
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for a person.

        Raises:
            InterruptedByPersonError: One of them came, now or before.
        """
        try:
            self._waiting = not self.came
            if self.came:
                raise KeyboardInterrupt
            yield
        except KeyboardInterrupt:
            raise InterruptedByPersonError("interrupted") from None
        finally:
            self._waiting = False

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.came = True
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
