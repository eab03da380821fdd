"""`encee keys lock`, `unlock` and `totp`: a profile's keyring entries."""

import sys
from collections.abc import Iterable
from functools import partial
from shlex import quote
from typing import Annotated, BinaryIO

import typer

from encee.awsfile.file import AwsFile
from encee.cli import prompts, terminal
from encee.cli.options import Environment, Json, Profile, RefreshOptions, file_options, text_option
from encee.cli.plain_input import expand_path
from encee.cli.signers import Signers, find_signers
from encee.errors import UsageError
from encee.mfa.code_sources import parse_seed
from encee.profiles.files import AwsFiles
from encee.profiles.keyring import Kind, delete, store
from encee.profiles.keyring_lock import mark_seed, move_from_keyring, move_to_keyring, unmark_seed

_MAX_BYTES = 4096
"""The largest content to read; a seed, or a URI with one, is shorter."""


@file_options
def lock(
    profile: Profile,
    *,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Move a key's secret into the system's keyring.

    It removes the key from every section, so that AWS tools can use only the session profile; encee reads the secret
    from the keyring when it signs. It needs the extra encee[keyring].

    Examples:
        $ encee keys lock dev
    """
    signs = find_signers(profile, environment, files, RefreshOptions())
    sections = move_to_keyring(signs.key, files)
    if sections:
        terminal.say(f"the keyring has the secret of {signs.key.id} now, instead of {format_sections(sections)}")
        terminal.say(f"  encee keys unlock {quote(signs.profile)} brings it back")
    else:
        terminal.say(f"the secret of {signs.key.id} is in the keyring already")
    if json:
        terminal.print_json({"profile": signs.profile, "key": signs.key.id, "sections": sections})


@file_options
def unlock(
    profile: Profile,
    *,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Move a key's secret back into the credentials file.

    It restores each section that held the key.

    Examples:
        $ encee keys unlock dev
    """
    signs = find_signers(profile, environment, files, RefreshOptions())
    sections = move_from_keyring(signs.key, files.credentials, terminal.warn)
    if sections:
        terminal.say(f"the secret of {signs.key.id} is in {format_sections(sections)} again, and not in the keyring")
    else:
        terminal.say(f"the secret of {signs.key.id} is in {files.credentials.path} already")
    if json:
        terminal.print_json({"profile": signs.profile, "key": signs.key.id, "sections": sections})


@file_options
def totp(
    profile: Profile,
    *,
    i_know: Annotated[
        bool, typer.Option("--i-know", help="Accept that the seed and the key together are one factor.")
    ] = False,
    seed_file: Annotated[str | None, text_option("FILE", "Read the seed from a file; - is standard input.")] = None,
    take_out: Annotated[bool, typer.Option("--forget", help="Delete the seed from the keyring.")] = False,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Compute the codes of PROFILE's device from its seed.

    It stores the device's seed in the system's keyring, and a refresh needs no prompt. An attacker with access to the
    keyring then has both factors; a copy of the credentials file alone is still worthless. It needs the extra
    encee[keyring].

    Examples:
        $ encee keys totp dev --i-know
        $ encee keys totp dev --forget
    """
    signs = find_signers(profile, environment, files, RefreshOptions())
    serial = signs.settings.serial(signs.profile)
    if serial is None:
        raise UsageError(
            f"no MFA device is known for {signs.profile}",
            hint=f"encee refresh {quote(signs.profile)} finds it and saves it",
        )
    config = files.config
    if take_out:
        config.edit(partial(unmark_seed, profile=signs.profile))
        delete(Kind.SEED, serial)
        terminal.say(f"the seed of {serial} is no longer in the keyring; encee asks for its codes again")
    else:
        _store_seed(signs, serial, seed_file, config, i_know=i_know)
    if json:
        terminal.print_json({"profile": signs.profile, "device": serial, "in_keyring": not take_out})


def _store_seed(signs: Signers, serial: str, seed_file: str | None, config: AwsFile, *, i_know: bool) -> None:
    """Store a device's seed.

    Raises:
        EnceeError: `--i-know` is missing, the seed is invalid, or it could not be stored.
    """
    name = quote(signs.profile)
    if not i_know:
        raise UsageError(
            f"with the seed of {serial} in the keyring, access to that gives both factors of {signs.profile}",
            hint=f"to accept that: encee keys totp {name} --i-know",
        )
    seed = parse_seed(_read_seed(serial, seed_file))
    edit = partial(mark_seed, profile=signs.profile)
    config.rehearse(edit)
    store(Kind.SEED, serial, seed, instead=True)
    config.edit(edit)
    beside = (
        "in the same keyring"
        if signs.key.is_locked
        else f"in {signs.files.credentials.path}, which the same user can read"
    )
    terminal.warn(f"MFA is no longer a second factor on this machine: the secret of {signs.key.id} is {beside}")
    terminal.say(f"the keyring has the seed of {serial} now; encee computes its codes:")
    terminal.say(f"  encee refresh {name}")
    terminal.say(f"  encee keys totp {name} --forget takes it out again")


def _read_seed(serial: str, seed_file: str | None) -> str:
    """Read the seed from a file, or ask for it.

    Raises:
        UsageError: There is no terminal, or the file cannot be read.
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
    """
    if seed_file == "-":
        return _read_text(sys.stdin.buffer) if sys.stdin is not None else ""
    if seed_file is not None:
        try:
            with expand_path(seed_file).open("rb") as file:
                return _read_text(file)
        except OSError as error:
            raise UsageError(
                f"{seed_file} cannot be read: {type(error).__name__}", hint="name the file that holds the seed"
            ) from None
    if not terminal.has_terminal():
        raise UsageError("there is no terminal to ask for the seed", hint="give it on standard input: --seed-file -")
    return prompts.ask_hidden(f"seed of {serial} (it is not shown):")


def _read_text(file: BinaryIO) -> str:
    """Return a file's content; nothing if it is too large for a seed."""
    data = file.read(_MAX_BYTES)
    return data.decode(errors="replace") if len(data) < _MAX_BYTES else ""


def format_sections(sections: Iterable[str]) -> str:
    """Format sections for a message: `[dev] and [copy]`."""
    return " and ".join(f"[{name}]" for name in sections)
