"""Prompt the user, and handle interrupts of a prompt.

Prompts use the controlling terminal, so that they work in `$(…)`, in a pipe and with `2>log`. Ctrl-C and Ctrl-D at a
prompt both interrupt the program.
"""

import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from typing import TYPE_CHECKING, Literal

from encee.cli import terminal
from encee.errors import InterruptedByPersonError, UsageError
from encee.mfa.controlling_terminal import open_terminal

if TYPE_CHECKING:
    from encee.mfa.cancel import Cancelled
    from encee.model import Device


def ask(prompt: str, cancelled: "Cancelled | None" = None) -> str | None:
    """Prompt for a line, without surrounding blanks; None if cancelled.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
    """
    with open_terminal() as ends, terminal.redirect_to_terminal():
        if ends is None:  # The terminal was closed since the prompt was planned.
            raise InterruptedByPersonError("interrupted")
        try:
            terminal.say(prompt, end=" ")
            if cancelled is not None and not _wait_for_line(ends.reading, cancelled):
                terminal.say("")
                return None
            # A buffer would take the lines that are typed ahead from the next reader.
            line = os.read(ends.reading, 4096)
        except (KeyboardInterrupt, OSError):  # OSError is raised after the terminal is closed.
            line = b""
        if not line.endswith(b"\n"):  # Ctrl-C and Ctrl-D leave the cursor in the line of the prompt.
            terminal.say("")
    if not line:
        raise InterruptedByPersonError("interrupted")
    return line.decode(sys.getfilesystemencoding(), errors="replace").strip()


def _wait_for_line(reading: int, cancelled: "Cancelled") -> bool:
    """Wait for a line; if cancelled, discard what was typed and return False.

    Windows cannot wait for a console and a pipe at once, so the prompt there cannot be cancelled.
    """
    if os.name == "nt":
        return True
    import termios  # noqa: PLC0415 - Windows lacks it

    ready, _, _ = select.select([reading, cancelled.fileno()], [], [])
    if reading in ready:
        return True
    termios.tcflush(reading, termios.TCIFLUSH)
    return False


def ask_hidden(prompt: str) -> str:
    """Prompt for a line that the terminal does not show.

    Ctrl-Z is ignored, since the terminal would show the input after `fg`. Other signals restore the terminal.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D, or a signal ends the process.
    """
    interrupts = Interrupts()
    try:
        with terminal.ignore_suspend(), interrupts.hold(), interrupts.allow():
            return getpass(f"{terminal.clean(prompt)} ")  # It opens the controlling terminal itself.
    except (EOFError, InterruptedByPersonError):
        terminal.say("")
        raise InterruptedByPersonError("interrupted") from None


def ask_code(prompt: str) -> str:
    """Prompt until the user types six digits.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
    """
    return _ask_code(prompt, None) or ""


def _ask_code(prompt: str, cancelled: "Cancelled | None") -> str | None:
    """Prompt until the user types six digits; None if the prompt is cancelled."""
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
    """Ask a yes-or-no question; Enter alone chooses the default.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
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
    """Ask for one of several choices and return its index.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
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
    """The user at the terminal, who has the MFA device."""

    asks_person: Literal[True] = True
    waits = True

    def code_for(self, profile: str, device: str, cancelled: "Cancelled") -> str | None:
        """Prompt for a code; None if the prompt is cancelled.

        Raises:
            InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
        """
        return _ask_code(f"MFA code for {profile} ({device}):", cancelled)

    def choose_device(self, profile: str, devices: Sequence["Device"]) -> "Device":
        """Ask for one of several devices.

        Raises:
            InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
        """
        serials = [device.serial for device in devices]
        return devices[choose(f"the user of {profile} has {len(devices)} devices that give codes:", serials)]

    def prompt_serial(self, profile: str) -> str:
        """Ask for the serial number of a device where AWS does not list the devices.

        Raises:
            InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
        """
        from encee.profiles.identifiers import require_serial  # noqa: PLC0415 - few profiles need it

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
    """Turn SIGINT, SIGTERM and SIGHUP into an exception, raised during prompts.

    If it could be raised anywhere, it could come between another exception and the code that undoes a half-done
    change. Elsewhere a signal waits for the next prompt; later signals have no effect.
    """

    def __init__(self) -> None:
        self.has_come = False
        """Whether a signal has come."""
        self._is_allowed = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the signals back, except in `allow`."""
        signals = [signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])]
        handlers = {number: signal.getsignal(number) for number in signals}
        before = {number: handler for number, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}
        try:
            for number in before:
                signal.signal(number, self._interrupt)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def allow(self) -> Iterator[None]:
        """Raise the exception as soon as a signal comes, or now if one has come.

        Raises:
            InterruptedByPersonError: A signal has come.
        """
        try:
            self._is_allowed = not self.has_come
            if self.has_come:
                raise KeyboardInterrupt
            yield
        except KeyboardInterrupt:
            raise InterruptedByPersonError("interrupted") from None
        finally:
            self._is_allowed = False

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.has_come = True
        if self._is_allowed:
            self._is_allowed = False
            raise KeyboardInterrupt
