"""Code sources other than the prompt: given codes, a command, a stored seed.

The prompt is `TerminalUser` in `encee.cli.prompts`.
"""

import re
import subprocess
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from shlex import quote
from typing import Literal, Protocol

from encee.errors import EnceeError, UsageError
from encee.mfa.controlling_terminal import open_terminal
from encee.mfa.shell_job import run_command
from encee.mfa.totp import code_at, decode_seed, step_at

_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:O(?P<key>[ -~])|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")
"""Escape sequences (ECMA-48), such as those around a bracketed paste; ESC O and a letter is a key of the keypad."""

_KEYPAD = dict(zip("pqrstuvwxy", "0123456789", strict=True))
"""Digits of the keypad in application mode (DEC VT220)."""

_DIGITS = 6
_MINUS_SIGN = "\u2212"
_MIN_SEED_BYTES = 10
"""RFC 4226 requires 16 bytes; some services issue seeds of 10."""

_MAX_OUTPUT_BYTES = 4096
"""Output of a code command from this size on cannot be a code with text around it."""


class CodeSource(Protocol):
    """Returns MFA codes without a prompt: given codes, a command, or a seed."""

    asks_person: Literal[False] = False
    waits: bool = True
    """Whether the code depends on the time, so that waiting for the next time step gives the next code."""

    def code_for(self, profile: str, device: str) -> str:
        """Return six digits.

        Args:
            profile: The profile, for messages.

        Raises:
            EnceeError: The source has no code, or a malformed one.
        """


@dataclass(eq=False)
class GivenCodes:
    """Codes that the user gave with the command, each for one use.

    Args:
        codes: The codes in the order of the requests, each read when it is needed.
        origin: The name of the option or input for messages: `--code`, `ENCEE_CODE`, `standard input`.
        per_device: Whether `codes` has an item for every device, even for one whose session is still valid.
        used: How many codes were used or skipped.
    """

    codes: Iterator[str]
    origin: str
    per_device: bool = False
    used: int = 0


@dataclass(eq=False)
class GivenCode(CodeSource):
    """The code of one device from the given codes.

    Args:
        given: All codes.
        place: The place of the device, from 0, among the devices of the run.
    """

    waits = False

    given: GivenCodes
    place: int

    def code_for(self, profile: str, device: str) -> str:
        """Return the code at this place, or the next code.

        Standard input has a code for each device; an option has one in all.

        Raises:
            UsageError: No code is left, or the next one is not six digits.
        """
        given = self.given
        skipped = max(0, self.place - given.used) if given.per_device else 0
        given.used += skipped + 1
        code = next(islice(given.codes, skipped, None), None)
        if code is None:
            raise UsageError(
                f"{given.origin} holds no code left for {profile} ({device})",
                hint="give one code per device, one per line, on standard input: --code -",
            )
        return require_code(code, f"the code from {given.origin} for {profile}")


class CommandCodes(CodeSource):
    """A command that prints the code, like `mfa_process` of aws-vault.

    The shell (`sh -c`; on Windows `cmd /C`) runs it with the terminal as standard input, so that it can prompt for a
    password or a touch. It never gets encee's own standard input, which belongs to the command that `exec` starts.
    Without a terminal, it can open a window: `ENCEE_PROFILE` and `ENCEE_MFA_SERIAL` in its environment say for what.

    Args:
        command: The command line.
        profile: The profile that it gets as `ENCEE_PROFILE`.
    """

    def __init__(self, command: str, profile: str) -> None:
        self._command = command
        self._profile = profile

    def code_for(self, profile: str, device: str) -> str:
        """Run the command and return the code that it prints.

        Raises:
            EnceeError: The command failed, or took longer than 120 seconds.
            UsageError: The output is not six digits.
        """
        hint = "run the command of --code-command, ENCEE_CODE_COMMAND or mfa_process by itself"
        variables = {"ENCEE_PROFILE": self._profile, "ENCEE_MFA_SERIAL": device}
        with open_terminal() as terminal:
            stdin = subprocess.DEVNULL if terminal is None else terminal.reading
            what = f"the code command of {profile}"
            printed = run_command(self._command, what, stdin, variables, max_bytes=_MAX_OUTPUT_BYTES, hint=hint)
        code = parse_code(text := printed.decode(errors="replace"))
        if code is None:
            shown = "something else" if text.strip() else "nothing"
            raise UsageError(f"{what} printed {shown} instead of a code for {device}", hint=hint)
        return code


class SeedCodes(CodeSource):
    """Codes computed from a stored seed (RFC 6238: SHA-1, six digits, 30 s).

    Args:
        seed_of: Returns the seed, in base32, of the device with a serial number.
        clock: Returns the current time, UTC.
    """

    def __init__(self, seed_of: Callable[[str], str], clock: Callable[[], datetime]) -> None:
        self._seed_of = seed_of
        self._clock = clock

    def code_for(self, profile: str, device: str) -> str:
        """Compute the code that the device shows now.

        Raises:
            EnceeError: No seed is stored, or it is malformed.
        """
        stored = self._seed_of(device)
        try:
            seed = parse_seed(stored)
        except UsageError:
            raise EnceeError(
                f"the stored seed of the device {device} is malformed",
                hint=f"store it again: encee keys totp {quote(profile)} --i-know",
            ) from None
        return code_at(seed, step_at(self._clock()))


def require_code(text: str, what: str) -> str:
    """Parse the six digits of an MFA code that was not typed at a prompt.

    Args:
        text: As for `parse_code`.
        what: How the error message names the code; the message never contains the code itself.

    Raises:
        UsageError: The text is not six digits.
    """
    code = parse_code(text)
    if code is None:
        raise UsageError(f"{what} is not six digits", hint="give the code that the device shows")
    return code


def parse_code(text: str) -> str | None:
    """Parse the six digits of a code as users type it; None for any other text.

    Blanks, dashes, invisible characters and escape sequences are ignored; digits of any script are accepted.
    """
    digits = []
    for character in _ESCAPE_SEQUENCE.sub(lambda sequence: _KEYPAD.get(sequence["key"] or "", ""), text):
        if character.isdecimal():
            digits.append(str(int(character)))
        elif not (character.isspace() or unicodedata.category(character) in {"Pd", "Cf"} or character == _MINUS_SIGN):
            return None
    return "".join(digits) if len(digits) == _DIGITS else None


def parse_seed(text: str) -> str:
    """Parse a seed, also with blanks or in an otpauth URI; return base32.

    URIs: https://github.com/google/google-authenticator/wiki/Key-Uri-Format

    Raises:
        UsageError: The text is not a seed; the message never contains the text.
    """
    text = text.strip()
    try:
        if text.startswith("otpauth://"):
            text = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query).get("secret", [""])[0]
        seed = "".join(text.split()).replace("-", "").rstrip("=").upper()
        size = len(decode_seed(seed))
    except ValueError:  # binascii.Error is a ValueError, too
        seed, size = "", 0
    if size < _MIN_SEED_BYTES:
        raise UsageError(
            "that is not the seed of a device",
            hint="it is the secret key that the console shows for an authenticator app: letters and digits 2 to 7",
        )
    return seed
