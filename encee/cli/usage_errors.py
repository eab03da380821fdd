"""Turn the parser's errors into one line, with the probable command line."""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from typer._click.exceptions import NoSuchOption
from typer.exceptions import TyperException

from encee.awsfile.paths import AwsPaths
from encee.cli.detect_shell import find_running_shell, format_evaluation
from encee.cli.help import list_options
from encee.cli.options import Environment
from encee.errors import EnceeError, MistypedError, UsageError
from encee.mfa.code_sources import parse_code
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)", re.ASCII)
_SIMILARITY = 0.7  # At most 1; with less, `dev` would be taken for `env`.

_COMMANDS = {
    "refresh": "auth get login mfa renew token update",
    "status": "list ls profiles sessions show",
    "status --watch": "watch",
    "setup": "add configure new",
    "clear": "delete logout remove rm",
    "use": "activate switch",
    "env": "export",
    "exec": "run",
    "exec -- aws sts get-caller-identity": "whoami",
    "doctor": "check",
    "device enroll": "enrol",
    "keys rotate": "rotate",
}
_OTHER_COMMANDS = {name: command for command, names in _COMMANDS.items() for name in names.split()}
"""What other tools call a command → the command here."""

_OTHER_OPTIONS = {
    **dict.fromkeys(("--mfa", "--mfa-code", "--mfa-token", "--otp", "--token", "--token-code"), "--code"),
    "--online": "",  # Similar to --offline, which is the opposite.
}
"""What other tools call an option → the option here, if there is one."""


def usage_error(error: TyperException, arguments: Sequence[str], root: Any, environment: Environment) -> UsageError:  # noqa: ANN401 - typer's own class is private
    """Convert an error of the parser; its message never contains a code."""
    text = " ".join(error.format_message().split()).rstrip(".").replace(". Choose from: ", ": choose from ")
    if isinstance(error, NoSuchOption):  # Its name is `-j` for `-json`.
        name = error.option_name
        whole = [word for word in arguments if word.startswith(name)]
        # `-help` of a group is read as `-h`, and then as `-e`.
        joined = [word for word in arguments if re.match("-[^-]", word) and name.removeprefix("-") in word]
        typed = next(iter([*whole, *joined]), name)
        text = f"no such option: {typed.partition('=')[0]}"
    correction = _Correction(root, environment, {})
    hint = correction.hint(arguments) or shlex.join(["encee", *correction.find_path(arguments), "--help"])
    return UsageError(_CODE.sub("…", text[:1].lower() + text[1:]), hint=hint)


def correct_line(error: MistypedError, arguments: Sequence[str], root: Any, environment: Environment) -> str | None:  # noqa: ANN401 - typer's own class is private
    """Return the command line with the probable profile; None if uncertain."""
    hint = _Correction(root, environment, {error.typed: error.intended} if error.intended else {}).hint(arguments)
    is_same = hint is not None and sorted(shlex.split(hint)) == sorted(["encee", *arguments])
    return None if is_same else hint


class _Line(NamedTuple):
    path: Sequence[str]
    command: Any
    arguments: list[str]
    options: list[str]
    program: list[str]  # What `exec` runs.


class _Correction:
    """Find the probable command line; `profiles` replaces mistyped profiles."""

    def __init__(self, root: Any, environment: Environment, profiles: Mapping[str, Sequence[str]]) -> None:  # noqa: ANN401 - typer's own class is private
        self._root = root
        self._environment = environment
        self._profiles = profiles
        try:
            self._catalog = AwsFiles.at(AwsPaths.locate(environment.environ), lambda _warning: None).catalog()
        except EnceeError:
            self._catalog = Catalog({}, {})

    def hint(self, typed: Sequence[str]) -> str | None:
        """Return the line, or an imperative if a part is missing; None if uncertain."""
        if [*typed] == ["unset"]:
            return format_evaluation(find_running_shell(self._environment), "encee env --unset")
        if typed and (option := typed[0].lstrip("-")) in {"help", "version"}:
            return shlex.join(["encee", *self.find_path(typed[1:]), f"--{option}"])
        line = self._find_command([*typed])
        if line is None or not self._sort(line) or not self._move_code(line) or not self._complete(line):
            return None
        words = [*line.path, *line.arguments, *line.options, *(["--", *line.program] if line.program else [])]
        if line.path == ["exec"] and not line.program:
            return f"name a command: {shlex.join(['encee', *words])} -- COMMAND"
        if words == [*typed]:
            return None
        return ("name the profile: " if "PROFILE" in line.arguments else "") + shlex.join(["encee", *words])

    def find_path(self, words: Sequence[str]) -> list[str]:
        """Return the words that name a command, from the first one on."""
        command, path = self._root, []
        for word in words:
            if word not in _names(command):
                break
            command = command.get_command(None, word)
            path.append(word)
        return path

    def _find_command(self, words: list[str]) -> _Line | None:
        """Find the command, at any position and by any name; the rest are arguments."""
        before_program = words[: words.index("--")] if "--" in words else words
        first = next((word for word in before_program if not word.startswith("-")), "")
        command = next((word for word in before_program if word in _names(self._root)), None)
        is_profile = self._is_profile_or_code(first)
        if command and (command == first or words[0].startswith("-") or is_profile):
            words.remove(command)
            return self._descend([command], words)
        if is_profile:
            next_word = [*words, ""][words.index(first) + 1]
            runs_program = next_word == "--" or shutil.which(next_word)  # As in `encee dev aws s3 ls`.
            return self._descend(["exec" if runs_program else "refresh"], words)
        name = _OTHER_COMMANDS.get(first) or self._find_in_group(first) or _most_similar(first, _names(self._root))
        if name is None:
            return None
        words.remove(first)
        path, dash, extra = name.partition(" -")
        return self._descend(path.split(), [*words, *(dash + extra).split()])

    def _descend(self, path: list[str], words: list[str]) -> _Line | None:
        """Find the command in its group."""
        command = self._root
        for name in path:
            command = command.get_command(None, name)
        names = _names(command)
        if not names:
            return _Line(path, command, words, [], [])
        first = next((word for word in words if not word.startswith("-")), "")
        meant = first if first in names else _most_similar(first, names)
        if meant is not None:
            words.remove(first)
        elif self._is_profile_or_code(first) and "list" in names:
            meant = "list"
        return self._descend([*path, meant], words) if meant else None

    def _find_in_group(self, name: str) -> str | None:
        """Find the only group that has a command of this name."""
        groups = [group for group in _names(self._root) if name in _names(self._root.get_command(None, group))]
        return f"{groups[0]} {name}" if len(groups) == 1 else None

    def _sort(self, line: _Line) -> bool:
        """Sort options and program out of the arguments; False for an unknown option."""
        words = [*line.arguments]
        line.arguments.clear()
        while words:
            word = words.pop(0)
            if word == "--" or (line.path == ["exec"] and self._begins_program(word, line.arguments)):
                line.program.extend(words if word == "--" else [word, *words])
                break
            if not word.startswith("-") or word == "-":
                line.arguments.extend(self._profiles.get(word, [word]))
            elif not self._sort_option(line, word, words):
                return False
        if self._profiles:
            line.arguments[:] = dict.fromkeys(line.arguments)
        return True

    def _sort_option(self, line: _Line, word: str, following: list[str]) -> bool:
        options = list_options(line.command)
        name, equals, value = word.partition("=")
        if f"-{name}" in {*options, *_OTHER_OPTIONS, "--profile"}:
            name = f"-{name}"
        if name not in options and name[:2] in options:  # The value is attached, as in -d1h.
            line.options.append(word)
        elif name not in options and name in {"-p", "--profile"} and (value or following):
            line.arguments.append(value or following.pop(0))
        elif name not in options and self._catalog.profile_for(name.lstrip("-")):
            line.arguments.append(name.lstrip("-"))
        else:
            option = name if name in options else _find_option(name, options)
            takes_next = bool(option and options[option] and not equals)
            if not option or (takes_next and not following):
                return False
            value = following.pop(0) if takes_next else value
            if option == "--profile":
                value = self._profiles.get(value, [value])[0]
            line.options.extend([option, value] if takes_next else [option + equals + value])
        return True

    def _begins_program(self, word: str, arguments: list[str]) -> bool:
        """Check whether a word after `exec` is the program."""
        is_other = word.startswith("-") or word in self._profiles or self._is_profile_or_code(word)
        return not is_other and (bool(arguments) or shutil.which(word) is not None)

    def _move_code(self, line: _Line) -> bool:
        """Write a code as `--code`; False if the command has no such option."""
        codes = [word for word in line.arguments if parse_code(word) and not self._catalog.profile_for(word)]
        if not codes:
            return True
        if len(codes) > 1 or {"--code", "-c"} & {*line.options} or "--code" not in list_options(line.command):
            return False
        line.arguments.remove(codes[0])
        if line.path == ["env"] and "--refresh" not in line.options:
            line.options.append("--refresh")
        line.options.extend(("--code", codes[0]))
        if not line.arguments and line.path == ["refresh"]:
            line.arguments.append(self._find_only_profile() or "PROFILE")
        return True

    def _complete(self, line: _Line) -> bool:
        """Add a profile and required options; False if there are too many arguments."""
        possible = [param for param in line.command.params if param.param_type_name == "argument"]
        if not line.arguments and (needed := _find_required(possible)):
            name = needed.make_metavar(None).rstrip(".")
            line.arguments.append(self._find_only_profile() or name if name == "PROFILE" else name)
        given = {option.partition("=")[0] for option in line.options}
        for param in line.command.params:
            if param.param_type_name == "option" and param.required and not given & {*param.opts}:
                line.options.extend((param.opts[0], param.make_metavar(None)))
        if line.path == ["exec"]:
            name = line.arguments[0]
            return name == "PROFILE" or bool(self._catalog.profile_for(name)) or name in self._catalog.credentials
        return len(line.arguments) <= len(possible) or any(param.nargs < 0 for param in possible)

    def _is_profile_or_code(self, word: str) -> bool:
        return bool(self._catalog.profile_for(word) or parse_code(word))

    def _find_only_profile(self) -> str | None:
        """Find the profile of the environment, else the only one."""
        for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # The order is botocore's.
            if name := self._environment.environ.get(variable):
                return self._catalog.profile_for(name)
        profiles = [*self._catalog.session_profiles]
        return profiles[0] if len(profiles) == 1 else None


def _find_required(arguments: Sequence[Any]) -> Any:  # noqa: ANN401 - typer's own class is private
    """Return the required argument that the hint can name, PROFILE or FILE, or None."""
    return next(
        (each for each in arguments if each.required and each.make_metavar(None) in {"PROFILE", "FILE..."}), None
    )


def _names(command: Any) -> list[str]:  # noqa: ANN401 - typer's own class is private
    """Return the commands of a group; none for a command."""
    return [*command.list_commands(None)] if hasattr(command, "list_commands") else []


def _find_option(typed: str, options: Iterable[str]) -> str | None:
    """Find the option that a typed name means; None if that is uncertain."""
    names = [option.removeprefix("--") for option in options if option.startswith("--")]
    option = _OTHER_OPTIONS.get(typed, f"--{_most_similar(typed.lstrip('-'), names)}")
    return option if option in options else None


def _most_similar(typed: str, names: Sequence[str]) -> str | None:
    """Find the name that a typed one is a slip of."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(typed, names, n=1, cutoff=_SIMILARITY)), None)
