"""Where MFA codes come from when nobody is asked: the command line, the environment, standard input.

The source that asks a person is the terminal's, in `encee.cli.terminal`.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from encee.errors import UsageError

_CODE = re.compile(r"[0-9]{6}")


class CodeSource(Protocol):
    """Something that can be asked for an MFA code."""

    asks_person: bool
    """Whether somebody types the code, and can type another one after a mistake."""

    def code_for(self, profile: str, device: str) -> str:
        """A code of six digits for a profile, from the device with this serial number.

        Raises:
            UsageError: The source has no code, or a malformed one.
            InterruptedByPersonError: The person does not want to go on.
        """


class Given:
    """Codes that are there already, each good for one use.

    Args:
        codes: The codes in the order of the prompts that they answer; may be read as they are needed.
        origin: Where they come from, for messages: `--code`, `ENCEE_CODE`, `standard input`.
    """

    asks_person = False

    def __init__(self, codes: Iterable[str], origin: str) -> None:
        self._codes = iter(codes)
        self._origin = origin

    def code_for(self, profile: str, device: str) -> str:
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
        if not is_code(code):
            raise UsageError(
                f"the code from {self._origin} for {profile} is not six digits",
                hint="give the code that the device shows",
            )
        return code


def is_code(text: str) -> bool:
    """Whether a text has the form of an MFA code: exactly six digits."""
    return _CODE.fullmatch(text) is not None
