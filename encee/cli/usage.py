"""What the parser refuses, in encee's form: one line, and what was probably meant."""

import re
import shlex
from collections.abc import Collection, Iterable, Sequence

from typer.exceptions import TyperException

from encee.cli.options import World, read_catalog
from encee.errors import EnceeError, UsageError
from encee.profiles.files import Files

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)", re.ASCII)
_POSSIBLE = re.compile(r" \(possible options: (?P<options>.+)\)$", re.IGNORECASE)
_ALIKE = 0.7
"""How much alike a word and a command are, of 1, before one is taken for the other: `dev` is not `env`."""


def usage_error(error: TyperException, arguments: Sequence[str], commands: Collection[str], world: World) -> UsageError:
    """The parser's error: lower case, no final period, never a code, and a hint.

    Args:
        error: What the parser raised.
        arguments: What stands behind `encee`.
        commands: The names of the commands.
        world: Where the files are, for the profiles' names.
    """
    text = " ".join(error.format_message().split()).rstrip(".").replace(". Choose from: ", ": choose from ")
    message = _CODE.sub("…", _POSSIBLE.sub("", text[:1].lower() + text[1:]))
    words = _words(arguments)
    if words and words[0] not in commands:
        return UsageError(message, hint=_command_meant(words, commands, world))
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["encee", *words[:1]])
    return UsageError(message, hint=_option_meant(text, command, arguments, world) or f"{command} --help")


def _words(arguments: Sequence[str]) -> list[str]:
    """What is no option."""
    return [word for word in arguments if not word.startswith("-")]


def _command_meant(words: Sequence[str], commands: Collection[str], world: World) -> str:
    """The command line that is meant where the first word is no command."""
    from difflib import get_close_matches

    word = words[0]
    if _CODE.fullmatch(word):
        return "encee refresh PROFILE --code CODE"
    if word == "version":
        return "encee --version"
    if word == "help":
        return " ".join(["encee", *(word for word in words[1:2] if word in commands), "--help"])
    if profile := _profile_among([word], world):
        return shlex.join(["encee", "refresh", profile])
    near = get_close_matches(word, commands, n=1, cutoff=_ALIKE)
    return f"did you mean: encee {near[0]}" if near else "encee --help"


def _option_meant(text: str, command: str, arguments: Sequence[str], world: World) -> str | None:
    """What an option that does not exist stands for: a profile, or an option with another name."""
    option = re.match(r"No such option: (?P<dashed>-*(?P<name>.+?))(?: \(|$)", text)
    if option is None:
        return None
    candidates = arguments if option["name"] == "profile" else [option["name"]]
    if profile := _profile_among((word.removeprefix("--profile=") for word in candidates), world):
        return f"a profile needs no option: {command} {shlex.quote(profile)}"
    if command == "encee" and (words := _words(arguments)):
        return f"options go behind the command: {_CODE.sub('…', shlex.join(['encee', *words, option['dashed']]))}"
    possible = _POSSIBLE.search(text)
    return f"did you mean: {possible['options'].replace(', ', ' or ')}" if possible else None


def _profile_among(words: Iterable[str], world: World) -> str | None:
    """The first of some words that names a profile, or its session profile."""
    try:
        catalog = read_catalog(Files.located(world.environ), lambda _warning: None)
    except EnceeError:
        return None
    return next((word for word in words if catalog.profile_for(word)), None)
