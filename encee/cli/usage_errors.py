"""What the parser refuses, in encee's form: one line, and the command line that was meant."""

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from typer.exceptions import TyperException

from encee.awsfile.paths import AwsPaths
from encee.cli.detect_shell import find_running_shell, format_evaluation
from encee.cli.help import list_options
from encee.cli.options import Environment, read_catalog
from encee.errors import EnceeError, MistypedError, UsageError
from encee.mfa.code_sources import parse_code
from encee.profiles.catalog import Catalog

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)", re.ASCII)
_POSSIBLE = re.compile(r" \(possible options: (?P<options>.+)\)$", re.IGNORECASE)
_ALIKE = 0.7
"""How much alike a word and a command are, of 1, before one is taken for the other: `dev` is not `env`."""

_OTHER_NAMES = {
    "activate": "use",
    "add": "setup",
    "auth": "refresh",
    "check": "doctor",
    "configure": "setup",
    "delete": "clear",
    "enrol": "device enroll",
    "export": "env",
    "get": "refresh",
    "list": "status",
    "login": "refresh",
    "logout": "clear",
    "ls": "status",
    "mfa": "refresh",
    "new": "setup",
    "profiles": "status",
    "remove": "clear",
    "renew": "refresh",
    "rm": "clear",
    "rotate": "keys rotate",
    "run": "exec",
    "sessions": "status",
    "show": "status",
    "switch": "use",
    "token": "refresh",
    "update": "refresh",
    "watch": "status --watch",
    "whoami": "exec -- aws sts get-caller-identity",
}
"""What other tools call a command, and its line here."""

_OTHER_OPTIONS = {
    "--mfa": "--code",
    "--mfa-code": "--code",
    "--mfa-token": "--code",
    "--online": None,  # not a slip for --offline
    "--otp": "--code",
    "--token": "--code",
    "--token-code": "--code",
}
"""What other tools call an option, and its name here; None where nothing here corresponds."""


def usage_error(error: TyperException, arguments: Sequence[str], root: Any, environment: Environment) -> UsageError:  # noqa: ANN401 - typer's own is private
    """The parser's error: lower case, no final period, never a code, and a hint.

    Args:
        error: What the parser raised.
        arguments: What stands behind `encee`.
        root: The whole command line, as `typer.main.get_command` makes it.
        environment: Where the files are, for the profiles' names.
    """
    text = " ".join(error.format_message().split()).rstrip(".").replace(". Choose from: ", ": choose from ")
    message = _CODE.sub("…", _POSSIBLE.sub("", text[:1].lower() + text[1:]))
    correction = _correction(root, environment)
    return UsageError(message, hint=correction.hint([*arguments]) or f"{correction.path(arguments)} --help")


def corrected_line(error: MistypedError, arguments: Sequence[str], root: Any, environment: Environment) -> str | None:  # noqa: ANN401 - the same
    """Return the command line that was probably meant by one with a mistyped profile, ready to be pasted.

    Args:
        error: Names the mistyped profile.
        arguments: The arguments after `encee`.
        root: The whole command line.
        environment: Where the files are, for the profiles' names.
    """
    correction, typed = _correction(root, environment), [*arguments]
    line = correction.with_profiles(typed, error.typed, error.intended) if error.intended else typed
    return correction.hint(line) or (shlex.join(["encee", *line]) if line != typed else None)


def _correction(root: Any, environment: Environment) -> "_Correction":  # noqa: ANN401 - the same
    try:
        catalog = read_catalog(AwsPaths.locate(environment.environ), lambda _warning: None)
    except EnceeError:
        catalog = Catalog({}, {})
    return _Correction(root, catalog, environment)


class _Place(NamedTuple):
    """A command, and the words that are for it."""

    path: list[str]
    command: Any
    words: list[str]


class _Words:
    """The words for a command, sorted."""

    def __init__(self) -> None:
        self.options: list[str] = []
        self.others: list[str] = []
        self.program: list[str] = []
        """The command line that `exec` runs."""


class _Correction:
    """Finds the command line that was meant.

    Args:
        root: The whole command line.
        catalog: The profiles.
        environment: The environment.
    """

    def __init__(self, root: Any, catalog: Catalog, environment: Environment) -> None:  # noqa: ANN401 - as above
        self._root = root
        self._catalog = catalog
        self._environ = environment.environ
        self._shell = find_running_shell(environment)

    def hint(self, arguments: list[str]) -> str | None:
        """The line, or an imperative with it where a profile or a program has to be named."""
        if option := self._version_or_help(arguments):
            return option
        place = self._place(arguments)
        words = place and self._sorted(place)
        if place is None or words is None or not (self._move_codes(place, words) and self._complete(place, words)):
            return None
        if place.path == ["exec"] and not words.program:
            return f"name a command: {shlex.join(['encee', 'exec', *words.others, *words.options])} -- COMMAND"
        line = [*place.path, *words.others, *words.options, *(["--", *words.program] if words.program else [])]
        if line == arguments:
            return None
        return ("name the profile: " if "PROFILE" in words.others else "") + shlex.join(["encee", *line])

    def with_profiles(self, arguments: list[str], typed: str, intended: Sequence[str]) -> list[str]:
        """Replace a mistyped profile, but no value of an option other than `--profile`."""
        place = self._place(arguments)
        options = list_options(place.command) if place else {}
        end = arguments.index("--") if "--" in arguments else len(arguments)
        added = [profile for profile in intended if profile not in arguments[:end]]
        for index, argument in enumerate(arguments[:end]):
            option = arguments[index - 1] if index else ""
            if argument == typed and (option == "--profile" or not options.get(option)):
                return [*arguments[:index], *added, *arguments[index + 1 :]]
            if argument == f"--profile={typed}":
                return [*arguments[:index], f"--profile={intended[0]}", *arguments[index + 1 :]]
        return arguments

    def _complete(self, place: _Place, words: _Words) -> bool:
        """Name the profile that a command needs; False where a command could not have these words."""
        wanted = [one for one in place.command.params if one.param_type_name == "argument"]
        if not words.others and any(one.required and one.make_metavar(None) == "PROFILE" for one in wanted):
            words.others = [self._only_profile() or "PROFILE"]
        for param in place.command.params:
            if param.param_type_name == "option" and param.required and not {*param.opts} & _names_of(words.options):
                words.options += [param.opts[0], param.make_metavar(None)]
        if place.path == ["exec"]:
            return self._is_section(words.others[0])
        return len(words.others) <= len(wanted) or any(one.nargs < 0 for one in wanted)

    # ---- the command

    def _version_or_help(self, words: list[str]) -> str | None:
        """`encee version`, `encee help COMMAND` and `encee unset`, which are options; the last for the shell."""
        if words == ["unset"]:
            return format_evaluation(self._shell, "encee env --unset")
        if words[:1] == ["version"]:
            return "encee --version"
        return f"{self.path(words[1:])} --help" if words[:1] == ["help"] else None

    def path(self, words: Sequence[str]) -> str:
        """The command that the first words name."""
        path, command = ["encee"], self._root
        for word in words:
            if word not in _names(command):
                break
            command = command.get_command(None, word)
            path.append(word)
        return " ".join(path)

    def _place(self, words: list[str]) -> _Place | None:
        """Find the command, wherever it stands or whatever it is called."""
        first = next((word for word in words if not word.startswith("-")), None)
        if first is None:
            return None
        known = next((index for index, word in enumerate(words) if word in _names(self._root)), None)
        before = words[:known] if known is not None and "--" not in words[:known] else []
        if known is not None and (not before or before[0].startswith("-") or self._is_profile_or_code(before[0])):
            return self._descend([words[known]], [*before, *words[known + 1 :]])
        if self._is_profile_or_code(first):
            return self._descend(["exec" if self._runs_program(words, first) else "refresh"], words)
        rest = [*words]
        rest.remove(first)
        if line := _OTHER_NAMES.get(first) or self._in_group(first) or _near(first, _names(self._root)):
            path, _, extra = line.partition(" -")
            added = f"-{extra}".split() if extra else []
            return self._descend(path.split(), [*rest, *added])
        return None

    def _descend(self, path: list[str], words: list[str]) -> _Place | None:
        """Find the command within its group."""
        command = self._root
        for name in path:
            command = command.get_command(None, name)
        if not _names(command):
            return _Place(path, command, words)
        word = next((word for word in words if not word.startswith("-")), None)
        if word is None:
            return None
        rest = [*words]
        meant_name = word if word in _names(command) else _near(word, _names(command))
        if meant_name is not None:
            rest.remove(word)
        elif self._is_profile_or_code(word) and "list" in _names(command):
            meant_name = "list"
        else:
            return None
        return self._descend([*path, meant_name], rest)

    def _in_group(self, word: str) -> str | None:
        """The one group that has a command of this name."""
        groups = [name for name in _names(self._root) if word in _names(self._root.get_command(None, name))]
        return f"{groups[0]} {word}" if len(groups) == 1 else None

    def _runs_program(self, words: list[str], profile: str) -> bool:
        """Whether a program follows a profile: `encee dev aws s3 ls`."""
        following = words[words.index(profile) + 1 :][:1]
        return following == ["--"] or any(shutil.which(word) for word in following)

    # ---- its words

    def _sorted(self, place: _Place) -> _Words | None:
        """Tell options from other words, and write unknown options as they are written here."""
        known, words, left = list_options(place.command), _Words(), [*place.words]
        while left:
            word = left.pop(0)
            if word == "--":
                words.program = left
                break
            if not word.startswith("-") or word == "-":
                if place.path == ["exec"] and self._begins_program(word, words):
                    words.program = [word, *left]
                    break
                words.others.append(word)
                continue
            name, equals, value = word.partition("=")
            if name not in known and name[:2] in known and not name.startswith("--"):  # as in -d1h
                words.options.append(word)
            elif name not in known and name in {"-p", "--profile"} and (value or left):
                words.others.append(value or left.pop(0))
            elif name not in known and self._catalog.profile_for(name.lstrip("-")):
                words.others.append(name.lstrip("-"))
            elif (option := name if name in known else _near_option(name, known)) is not None:
                words.options.append(option + equals + value)
                if known[option] and not equals:
                    words.options += left[:1]
                    left = left[1:]
            else:
                return None
        return words

    def _begins_program(self, word: str, words: _Words) -> bool:
        """Whether a word after `exec` is the program, and no profile or code."""
        if self._is_profile_or_code(word):
            return False
        return bool(words.others) or shutil.which(word) is not None

    def _move_codes(self, place: _Place, words: _Words) -> bool:
        """Write a code as the option that it is; False where the command takes none."""
        codes = [word for word in words.others if parse_code(word) and not self._catalog.profile_for(word)]
        if not codes:
            return True
        if len(codes) > 1 or {"--code", "-c"} & {*words.options} or "--code" not in list_options(place.command):
            return False
        words.others.remove(codes[0])
        if not words.others and place.path == ["refresh"]:
            words.others = [self._only_profile() or "PROFILE"]
        if place.path == ["env"] and "--refresh" not in words.options:
            words.options.append("--refresh")
        words.options += ["--code", codes[0]]
        return True

    def _is_profile_or_code(self, word: str) -> bool:
        return bool(self._catalog.profile_for(word) or parse_code(word))

    def _is_section(self, name: str) -> bool:
        """Whether a name can be served, or stands for one."""
        return name == "PROFILE" or bool(self._catalog.profile_for(name)) or name in self._catalog.credentials

    def _only_profile(self) -> str | None:
        """The profile that is meant where none is named: the environment's, else the only one."""
        for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # in botocore's order
            if name := self._environ.get(variable):
                return self._catalog.profile_for(name)
        profiles = [*self._catalog.session_profiles]
        return profiles[0] if len(profiles) == 1 else None


def _names_of(options: Sequence[str]) -> set[str]:
    """The options without their values."""
    return {option.partition("=")[0] for option in options}


def _names(command: Any) -> list[str]:  # noqa: ANN401 - typer's own is private
    """The commands of a group; none of a command."""
    return [*command.list_commands(None)] if hasattr(command, "list_commands") else []


def _near_option(word: str, known: Mapping[str, bool]) -> str | None:
    """Return the option of a command that a word means; None if that is not certain."""
    if word in _OTHER_OPTIONS:
        option = _OTHER_OPTIONS[word]
        return option if option in known else None
    name = _near(word.lstrip("-"), [option.removeprefix("--") for option in known if option.startswith("--")])
    return name and f"--{name}"


def _near(word: str, possible: Sequence[str]) -> str | None:
    """The one of several words that a word is a slip of the finger away from."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, possible, n=1, cutoff=_ALIKE)), None)
