"""Where MFA codes come from when nobody is asked: the command line, the environment, standard input, a command.

The source that asks a person is `TerminalUser` in `encee.cli.prompts`.
"""

import re
import subprocess
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterable
from datetime import datetime
from shlex import quote
from typing import Protocol

from encee.errors import EnceeError, UsageError
from encee.mfa.cancel import Cancelled
from encee.mfa.controlling_terminal import open_terminal
from encee.mfa.shell_job import ShellJob
from encee.mfa.totp import code_at, decode_seed, step_at

_SEQUENCE = re.compile(r"\x1b(?:O(?P<key>[ -~])|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")
"""An escape sequence (ECMA-48), such as those around a bracketed paste. One with O is a key of the keypad."""

_KEYPAD = dict(zip("pqrstuvwxy", "0123456789", strict=True))
"""The digits of a keypad in application mode (DEC VT220)."""

_DIGITS = 6
_MINUS = "\u2212"
_COMMAND_TIMEOUT_SECONDS = 30
"""For how many seconds a command may look for a code."""

_SHORTEST = 10
"""Bytes of the shortest seed; RFC 4226 asks for 16, and some services hand out 10."""

_MOST = 4096
"""So many bytes cannot be a code and what stands around it."""


class CodeSource(Protocol):
    """Something that can be asked for an MFA code."""

    asks_person: bool
    """Whether somebody types the code, and can type another one after a mistake."""

    waits: bool
    """Whether it has a device's next code once that is shown; codes that are there already come as they are."""

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:
        """A code of six digits for a profile, from the device with this serial number; None when cancelled first.

        Raises:
            EnceeError: The source has no code, or a malformed one.
            InterruptedByPersonError: The person does not want to go on.
        """


class GivenCodes:
    """Codes that are there already, each good for one use.

    Args:
        codes: The codes in the order of the prompts that they answer; may be read as they are needed.
        origin: Where they come from, for messages: `--code`, `ENCEE_CODE`, `standard input`.
        per_device: Whether there is a code for each device of the run, also for one that turns out to need none.
    """

    asks_person = False
    waits = False

    def __init__(self, codes: Iterable[str], origin: str, *, per_device: bool = False) -> None:
        self._codes = iter(codes)
        self._origin = origin
        self._per_device = per_device

    def skip(self) -> None:
        """Pass over the code of a device that needs none, where there is one for each."""
        if self._per_device:
            next(self._codes, None)

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:  # noqa: ARG002 - it never waits
        """The next code.

        Raises:
            UsageError: There is none left, or it is not six digits.
        """
        code = next(self._codes, None)
        if code is None:
            raise UsageError(
                f"{self._origin} holds no code left for {profile} ({device})",
                hint="give a code for each device, one a line: encee refresh --code - …",
            )
        return require_code(code, f"the code from {self._origin} for {profile}")


class CommandCodes:
    """A command that prints the code, as `mfa_process` of aws-vault.

    It is run by the shell (`sh -c`; on Windows `cmd /C`) with the terminal as its standard input, so that it can ask
    for a password or a touch. What is piped into encee is left alone: it is for the command that `exec` starts.

    Args:
        command: The command line.
    """

    asks_person = False
    waits = True

    def __init__(self, command: str) -> None:
        self._command = command

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:  # noqa: ARG002 - bounded by itself
        """The code that the command prints.

        Raises:
            EnceeError: The command failed, or took longer than 30 seconds.
            UsageError: It printed something else than six digits.
        """
        hint = "try the command of --code-command, ENCEE_CODE_COMMAND or mfa_process by itself"
        try:
            with (
                open_terminal() as ends,
                ShellJob(self._command, subprocess.DEVNULL if ends is None else ends.reading, _MOST) as job,
            ):
                printed = job.output(_COMMAND_TIMEOUT_SECONDS)
        except TimeoutError:
            message = f"the code command of {profile} took longer than {_COMMAND_TIMEOUT_SECONDS} s"
            raise EnceeError(message, hint=hint) from None
        except (OSError, ValueError) as error:
            message = f"the code command of {profile} could not be started: {type(error).__name__}"
            raise EnceeError(message, hint=hint) from None
        if job.exit_code and len(printed) < _MOST:
            message = f"the code command of {profile} failed with exit code {job.exit_code}"
            raise EnceeError(message, hint=hint)
        code = parse_code(text := printed.decode(errors="replace"))
        if code is None:
            what = "printed something else" if text.strip() else "printed nothing"
            raise UsageError(f"the code command of {profile} {what}, and no code of {device}", hint=hint)
        return code


class SeedCodes:
    """A source that computes codes (RFC 6238, as AWS has it: SHA-1, six digits, 30 s).

    Args:
        seed_of: Returns the seed, in base32, of the device with a serial number.
        clock: Returns the present moment, UTC.
    """

    asks_person = False
    waits = True

    def __init__(self, seed_of: Callable[[str], str], clock: Callable[[], datetime]) -> None:
        self._seed_of = seed_of
        self._clock = clock

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:  # noqa: ARG002 - it never waits
        """The code that the device shows now.

        Raises:
            EnceeError: There is no seed, or what is there is none.
        """
        kept = self._seed_of(device)
        try:
            seed = parse_seed(kept)
        except UsageError:
            raise EnceeError(
                f"what is kept as the seed of the device {device} is none",
                hint=f"store it again: encee keys totp {quote(profile)} --i-know",
            ) from None
        return code_at(seed, step_at(self._clock()))


def require_code(text: str, what: str) -> str:
    """The six digits of an MFA code that was given rather than typed at a prompt.

    Args:
        text: The code, as `parse_code` reads it.
        what: What it is, for the error, which never shows it.

    Raises:
        UsageError: It is not six digits.
    """
    code = parse_code(text)
    if code is None:
        raise UsageError(f"{what} is not six digits", hint="give the code that the device shows")
    return code


def parse_code(text: str) -> str | None:
    """The six digits of an MFA code as people type, paste and print it; None where the text is anything else.

    Blanks, dashes, invisible characters and escape sequences do not count, and digits of any script do.
    """
    digits = []
    for character in _SEQUENCE.sub(lambda sequence: _KEYPAD.get(sequence["key"] or "", ""), text):
        if character.isdecimal():
            digits.append(str(int(character)))
        elif not (character.isspace() or unicodedata.category(character) in {"Pd", "Cf"} or character == _MINUS):
            return None
    return "".join(digits) if len(digits) == _DIGITS else None


def parse_seed(text: str) -> str:
    """A seed as a person has it, with blanks, in small letters or in an otpauth URI, in plain base32.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format has the URI's form.

    Raises:
        UsageError: It is none. Never quotes it.
    """
    text = text.strip()
    try:
        if text.startswith("otpauth://"):
            text = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query).get("secret", [""])[0]
        seed = "".join(text.split()).replace("-", "").rstrip("=").upper()
        size = len(decode_seed(seed))
    except ValueError:  # which binascii.Error is, too
        seed, size = "", 0
    if size < _SHORTEST:
        raise UsageError(
            "that is not the seed of a device",
            hint="it is the secret key that the console shows for an authenticator app: letters and digits 2 to 7",
        )
    return seed
