"""How the AWS tools read the two files, and what every one of them reads alike.

botocore's rules are those of `configparser.RawConfigParser` (`botocore.configloader.raw_config_parse`): strict
UTF-8, universal newlines, indented lines continue a value, and a value that begins with a line end holds one
level of nested settings.
"""

import configparser
import io
import re
import shlex
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Self

from encee.errors import FileRefusedError

View = dict[str, dict[str, str]]
"""Section → option → value as the AWS tools see them; the options of `[DEFAULT]` are in every section."""

_PORTABLE_NAME = re.compile(r"[A-Za-z0-9_\-/.%@:+]+")
"""The section names on whose spelling all SDKs agree."""

_NO_NAMES = ("DEFAULT", "__proto__")
"""The first is configparser's own; for the second, JavaScript's SDK refuses the whole file."""

PORTABLE_VALUE = re.compile(r"""(?:(?![#;"'\\])[!-~])+""")
"""The values on which all SDKs agree: printable ASCII without blanks, quotes, `#`, `;` and backslashes."""

HEADER = re.compile(r"\[(?P<name>.+)\]")
"""A section header, as `configparser.RawConfigParser` matches it against a line without its indentation."""

BEGINS_SECTION = re.compile(r"\[[^\[\]#;]+\](?:[ \t]+[#;].*|[ \t]*)")
"""A line that begins a section for every tool, if not one of the same name.

JavaScript's SDK does not see `[x]#c` and `[ #x]`, Go's not `[a#b]` and `[a;b]`, Ruby's not `[x]y]`; to them, the keys
that follow are the previous section's.
"""

IGNORED_CHARACTERS = (
    "".join(map(chr, range(0x21)))
    + "\x7f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
    + ("".join(map(chr, range(0x2000, 0x200B))))
)
"""What some tool strips from the ends of a line or a name, as Java does control characters and JavaScript U+FEFF."""
_FIX_THAT_LINE = "fix that line, or put a # before it"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableError(FileRefusedError):
    """A file that the AWS tools cannot read either.

    Args:
        message: What is wrong, with the line.
        hint: How to fix it.
        kind: `byte-order-mark`, `duplicate-section`, or `syntax` for everything else.
    """

    def __init__(self, message: str, *, hint: str | None = None, kind: str = "syntax") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


def read_view(data: bytes, file: Path) -> View:
    """Read a file as the AWS tools do, all or nothing.

    Args:
        data: The file's content.
        file: Its path, for the error.

    Raises:
        UnreadableError: The AWS tools could not read it either. Names the line and the kind of fault, never
            the line's text, which can be a secret.
    """
    if data.startswith(_BYTE_ORDER_MARK):
        remedy = "save the file as UTF-8 without a byte-order mark"
        raise unreadable(file, 1, "a byte-order mark", remedy, kind="byte-order-mark")
    if data.startswith(_UTF_16_MARKS):
        raise unreadable(file, 1, "UTF-16, as PowerShell and Notepad write it", "save the file as UTF-8")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise unreadable(file, line, "bytes that are not UTF-8", "save the file as UTF-8") from None
    try:
        view = _parse(text)
    except configparser.MissingSectionHeaderError as error:
        raise unreadable(file, error.lineno, "a key before any section", "put it under a [section]") from None
    except configparser.DuplicateSectionError as error:
        fault, remedy = "a section for the second time", "join the two by hand"
        raise unreadable(file, error.lineno, fault, remedy, kind="duplicate-section") from None
    except configparser.DuplicateOptionError as error:
        raise unreadable(file, error.lineno, "a key for the second time", "delete one of the two") from None
    except configparser.ParsingError as error:
        line = error.errors[0][0]
        raise unreadable(file, line, "neither a key, a section nor a comment", _FIX_THAT_LINE) from None
    if _has_broken_nesting(options for name, options in view.items() if name != configparser.DEFAULTSECT):
        raise unreadable(file, _line_of_broken_nesting(text), "a nested line without '='", _FIX_THAT_LINE)
    return dict(view)


class _Parser(configparser.RawConfigParser):
    """The parser of botocore, whose time for a line is linear in the line's length.

    The expression of Python 3.11 to 3.13 takes quadratic time for blanks in the name of an option.
    """

    OPTCRE = re.compile(r"(?P<option>[^=:]*+)(?P<vi>[=:])\s*(?P<value>.*)$")


@lru_cache(maxsize=4)
def _parse(text: str) -> View:
    """What `configparser` makes of a text; remembered, since one run reads the same text up to seven times."""
    parser = _Parser()
    parser.read_file(io.StringIO(text, newline=None))
    view = {name: dict(parser.items(name, raw=True)) for name in parser.sections()}
    view[parser.default_section] = dict(parser.defaults())
    return view


def _has_broken_nesting(sections: Iterable[dict[str, str]]) -> bool:
    """Whether a value that begins with a line end has a line that is no setting, which botocore cannot read."""
    nested = (value for options in sections for value in options.values() if value.startswith("\n"))
    return any(line.strip() and "=" not in line for value in nested for line in value.splitlines())


def _line_of_broken_nesting(text: str) -> int:
    """The first line with which the text has a broken nested value; no line behind it can fix that."""
    lines = io.StringIO(text, newline=None).readlines()
    ends = range(1, len(lines) + 1)
    return 1 + bisect_left(ends, True, key=lambda end: _has_broken_nesting(_parse("".join(lines[:end])).values()))  # noqa: FBT003 - the key's value that is looked for


def salvage_view(data: bytes, file: Path) -> tuple[View, UnreadableError | None]:
    """Read what can be read of a file, for looking only.

    Returns:
        The sections, and what is wrong with the file, or None where nothing is.
    """
    try:
        return read_view(data, file), None
    except UnreadableError as error:
        fault = error
    text = data.removeprefix(_BYTE_ORDER_MARK).decode(errors="replace")
    first_section = re.search(r"^\[", text, re.MULTILINE)
    parser = _Parser(strict=False)
    # A malformed line is raised at the end of the read, when everything else is there already.
    with suppress(configparser.Error):
        parser.read_file(io.StringIO(text[first_section.start() :] if first_section else "", newline=None))
    return {name: dict(parser.items(name)) for name in parser.sections()}, fault


def unreadable(file: Path, line: int | None, fault: str, remedy: str, *, kind: str = "syntax") -> UnreadableError:
    """The error for a fault in a line of a file, without the line's text."""
    return UnreadableError(f"{file}: line {line} holds {fault}", hint=remedy, kind=kind)


def is_portable_name(profile: str) -> bool:
    """Whether every AWS tool can have a profile of this name."""
    return profile not in _NO_NAMES and _PORTABLE_NAME.fullmatch(profile) is not None


def first_line(value: str) -> str:
    """What a message may quote of a text that somebody typed, and what a comparison may look at of a value."""
    return value.partition("\n")[0]


class MultilineValue(str):
    """Stands for a value of several lines; it has none of the value's text.

    A line that is indented by mistake belongs to the option above it, and it can hold a key.
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        """Make one; all of them are equal."""
        return super().__new__(cls, "…")


class NestedSettings(MultilineValue):
    """Stands for a value whose first line is empty, as that of an option with settings nested in it."""

    __slots__ = ()


def is_multiline(*values: str) -> bool:
    """Whether one of these values has further lines."""
    return any(isinstance(value, MultilineValue) for value in values)


def without_further_lines(options: Mapping[str, str]) -> dict[str, str]:
    """The options of a section, with a `MultilineValue` in the place of each value of several lines."""
    if not any("\n" in value for value in options.values()):
        return dict(options)
    return {
        name: value if "\n" not in value else (NestedSettings if value.startswith("\n") else MultilineValue)()
        for name, value in options.items()
    }


def one_line(value: str | None, name: str) -> str | None:
    """The value of an option that must be one line; None where it is missing or empty.

    Everything that a setting is used for gets it from here.

    Args:
        value: The value, as a `Catalog` has it.
        name: What a message calls the option, such as `mfa_serial of dev`.

    Raises:
        FileRefusedError: It has further lines, which are not quoted.
    """
    if isinstance(value, MultilineValue):
        raise FileRefusedError(
            f"{name} has an indented line below it, which the AWS tools read as a part of its value",
            hint="move the indented line to column 0, or delete it",
        )
    return value or None


def profile_of_header(name: str) -> str | None:
    """The profile that a config-file section describes, or None where it describes something else.

    As `botocore.configloader.build_profile_map` has it: `default`, or a name that begins with `profile` and
    splits into two words as a shell would split them.
    """
    if name == "default":
        return name
    if not name.startswith("profile"):
        return None
    try:
        words = shlex.split(name)
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None  # noqa: PLR2004 - `profile` and the name
