"""Hand the seed of a new MFA device to a command, as for a security key.

`ykman oath accounts add NAME` reads the seed from its standard input if that is not a terminal, and
`ykman oath accounts code --single NAME` prints its code; both are described on
https://docs.yubico.com/software/yubikey/tools/ykman/OATH_Commands.html, and the former reads one line
(`click_prompt` in `ykman/_cli/util.py` of https://github.com/Yubico/yubikey-manager).
"""

import os
from collections.abc import Mapping

from encee.errors import EnceeError
from encee.mfa.shell_job import run_command

_MAX_OUTPUT_BYTES = 65536
"""A command that prints more is ended; its output is not shown, since it can hold the seed."""


def hand_seed(command: str, seed: str, variables: Mapping[str, str]) -> None:
    """Run a command with a seed, in base32 and with a line end, as its standard input.

    The seed is in no file, on no command line and in no environment.

    Args:
        variables: Environment variables that the command gets besides those of encee.

    Raises:
        EnceeError: The command failed, took longer than 120 seconds, or did not read the seed.
    """
    reading, writing = os.pipe()
    try:
        try:
            os.write(writing, f"{seed}\n".encode())  # it fits into the pipe, so that nothing waits
        finally:
            os.close(writing)
        hint = "run the command of --seed-command by itself: it must read a line from standard input"
        what = "the seed command"
        printed = run_command(command, what, reading, variables, max_bytes=_MAX_OUTPUT_BYTES, hint=hint)
        if len(printed) >= _MAX_OUTPUT_BYTES:
            raise EnceeError(f"{what} printed too much output", hint=hint)
        if os.read(reading, _MAX_OUTPUT_BYTES).strip():
            raise EnceeError(f"{what} did not read the secret", hint=hint)
    finally:
        os.close(reading)
