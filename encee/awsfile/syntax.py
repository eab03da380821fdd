"""Read the two files as the AWS tools do; define what every AWS tool reads alike.

botocore reads with `configparser.RawConfigParser` (`botocore.configloader.raw_config_parse`): strict UTF-8, universal
newlines, indented lines continue a value, and a value that begins with a line end holds one level of nested settings.
"""

import configparser
import io
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from encee.errors import FileRefusedError

View = dict[str, dict[str, str]]
"""Section → option → value as the AWS tools read them; every section has the options of `[DEFAULT]`."""

_PORTABLE_NAME = re.compile(r"[A-Za-z0-9_\-/.%@:+]+")
"""The section names that all SDKs read alike."""

_NO_NAMES = ("DEFAULT", "__proto__")
"""configparser reserves the first; the SDK for JavaScript refuses a file with the second."""

PORTABLE_VALUE = re.compile(r"""(?:(?![#;"'\\])[!-~])+""")
"""The values that all SDKs read alike: printable ASCII without blanks, quotes, `#`, `;` and backslashes."""

PLAIN_WORD = re.compile(r"[A-Za-z0-9_\-/.%@:+=,]+")
"""A word that needs no quotes, neither for botocore's `shlex.split` nor for the shell that other SDKs start."""

_WORD = rf"""(?:{PLAIN_WORD.pattern}|"(?:(?![#;"'\\$`])[ -~])+")"""
PORTABLE_COMMAND = re.compile(rf"{_WORD}(?: {_WORD})*")
"""The values of `credential_process` that all SDKs split alike: plain words, and words in double quotes."""

HEADER = re.compile(r"\[(?P<name>.+)\]")
"""A section header, as `configparser.RawConfigParser` matches it in a line without its indentation."""

BEGINS_SECTION = re.compile(r"\[[^\[\]#;]+\](?:[ \t]+[#;].*|[ \t]*)")
"""A line that begins a section for every AWS tool, though not always of the same name.

The SDK for JavaScript does not recognize `[x]#c` and `[ #x]`, that for Go `[a#b]` and `[a;b]`, that for Ruby `[x]y]`.
They read the options after such a line as the previous section's.
"""

IGNORED_CHARACTERS = (
    "".join(map(chr, range(0x21)))
    + "\x7f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
    + ("".join(map(chr, range(0x2000, 0x200B))))
)
"""The characters that some SDK strips from a line or a name: Java control characters, JavaScript U+FEFF."""
_SIGN = re.compile("[=:]")

_FIX_THAT_LINE = "fix that line, or put a # before it"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableError(FileRefusedError):
    """A file that the AWS tools cannot read either.

    Args:
        kind: `byte-order-mark`, `duplicate-section`, or `syntax` for everything else.
    """

    def __init__(self, message: str, *, hint: str | None = None, kind: str = "syntax") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind

    @classmethod
    def in_line(cls, file: Path, line: int | None, fault: str, remedy: str, *, kind: str = "syntax") -> Self:
        """Return the error for a fault in a line, without the line's text."""
        return cls(f"{file}: line {line} holds {fault}", hint=remedy, kind=kind)


def read_view(data: bytes, file: Path) -> View:
    """Read a whole file as the AWS tools do.

    Args:
        data: The file's content.
        file: The file's path, for the error.

    Raises:
        UnreadableError: The AWS tools cannot read the file. The message names the line and the kind of fault, never
            the line's text, which can be a secret.
    """
    if data.startswith(_BYTE_ORDER_MARK):
        remedy = "save the file as UTF-8 without a byte-order mark"
        raise UnreadableError.in_line(file, 1, "a byte-order mark", remedy, kind="byte-order-mark")
    if data.startswith(_UTF_16_MARKS):
        raise UnreadableError.in_line(file, 1, "UTF-16, as PowerShell and Notepad write it", "save the file as UTF-8")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError.in_line(file, line, "bytes that are not UTF-8", "save the file as UTF-8") from None
    try:
        view = _parse(text)
    except configparser.MissingSectionHeaderError as error:
        raise UnreadableError.in_line(
            file, error.lineno, "a key before any section", "put it under a [section]"
        ) from None
    except configparser.DuplicateSectionError as error:
        fault, remedy = "a section for the second time", "join the two by hand"
        raise UnreadableError.in_line(file, error.lineno, fault, remedy, kind="duplicate-section") from None
    except configparser.DuplicateOptionError as error:
        raise UnreadableError.in_line(
            file, error.lineno, "a key for the second time", "delete one of the two"
        ) from None
    except configparser.ParsingError as error:
        line = error.errors[0][0]
        raise UnreadableError.in_line(file, line, "neither a key, a section nor a comment", _FIX_THAT_LINE) from None
    if _has_broken_nesting(options for name, options in view.items() if name != configparser.DEFAULTSECT):
        raise UnreadableError.in_line(file, _find_broken_nesting(text), "a nested line without '='", _FIX_THAT_LINE)
    return dict(view)


class _Parser(configparser.RawConfigParser):
    """The parser of botocore, in linear time.

    The expression of Python 3.11 to 3.13 takes quadratic time for blanks in the name of an option.
    """

    OPTCRE = re.compile(r"(?P<option>[^=:]*+)(?P<vi>[=:])\s*(?P<value>.*)$")


@lru_cache(maxsize=4)
def _parse(text: str) -> View:
    """Parse a text; the cache saves up to six of seven passes in a run."""
    parser = _Parser()
    parser.read_file(io.StringIO(text, newline=None))
    view = {name: dict(parser.items(name, raw=True)) for name in parser.sections()}
    view[parser.default_section] = dict(parser.defaults())
    return view


def _has_broken_nesting(sections: Iterable[dict[str, str]]) -> bool:
    """Whether a nested value has a line without `=`, which botocore cannot read."""
    nested = (value for options in sections for value in options.values() if value.startswith("\n"))
    return any(line.strip() and "=" not in line for value in nested for line in value.splitlines())


def _find_broken_nesting(text: str) -> int:
    """Find the first line that breaks a nested value, by a binary search."""
    lines = io.StringIO(text, newline=None).readlines()
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        if _has_broken_nesting(_parse("".join(lines[:middle])).values()):
            high = middle
        else:
            low = middle + 1
    return low


def salvage_view(data: bytes, file: Path) -> tuple[View, UnreadableError | None]:
    """Read as much of a file as possible, only to show it.

    Returns:
        The sections, and the error that the AWS tools have with the file, if any.
    """
    try:
        return read_view(data, file), None
    except UnreadableError as error:
        fault = error
    text = data.removeprefix(_BYTE_ORDER_MARK).decode(errors="replace")
    first_section = re.search(r"^\[", text, re.MULTILINE)
    parser = _Parser(strict=False)
    # The parser raises a malformed line after it has read all other lines.
    with suppress(configparser.Error):
        parser.read_file(io.StringIO(text[first_section.start() :] if first_section else "", newline=None))
    return {name: dict(parser.items(name)) for name in parser.sections()}, fault


def is_portable_name(profile: str) -> bool:
    """Whether every AWS tool accepts a profile of this name."""
    return profile not in _NO_NAMES and _PORTABLE_NAME.fullmatch(profile) is not None


def keep_first_line(value: str) -> str:
    """Return the first line, which a message may quote."""
    return value.partition("\n")[0]


class MultilineValue(str):
    """A placeholder for a value of several lines, without the value's text.

    A line that is indented by mistake becomes a part of the value above it, and it can hold a key.
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        """Make a placeholder; all of them are equal."""
        return super().__new__(cls, "…")


class NestedSettings(MultilineValue):
    """A placeholder for a value whose first line is empty, as with nested settings."""

    __slots__ = ()


def is_multiline(*values: str) -> bool:
    """Whether any of these values has several lines."""
    return any(isinstance(value, MultilineValue) for value in values)


def mask_multiline_values(options: Mapping[str, str]) -> dict[str, str]:
    """Replace each value of several lines by a `MultilineValue`."""
    if not any("\n" in value for value in options.values()):
        return dict(options)
    return {
        name: value if "\n" not in value else (NestedSettings if value.startswith("\n") else MultilineValue)()
        for name, value in options.items()
    }


def require_single_line(value: str | None, name: str) -> str | None:
    """Return a value of one line, or None if it is missing or empty.

    All code that uses a setting reads it through this function.

    Args:
        value: The value in a `Catalog`.
        name: The option's name in a message, such as `mfa_serial of dev`.

    Raises:
        FileRefusedError: The value has several lines. The message quotes none.
    """
    if isinstance(value, MultilineValue):
        raise FileRefusedError(
            f"{name} has an indented line below it, which the AWS tools read as a part of its value",
            hint="move the indented line to column 0, or delete it",
        )
    return value or None


def parse_config_header(name: str) -> str | None:
    """Return the profile that a header of the config file names, or None.

    As in `botocore.configloader.build_profile_map`: `default`, or a header that begins with `profile` and that
    `shlex.split` splits into two words.
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


class OptionLine(NamedTuple):
    """The parts of an option's first line, divided as by `configparser`."""

    indent: str
    key: str
    sign: str
    value: str
    end: str


def split_option(line: str) -> OptionLine | None:
    """Divide the first line of an option; return None for a line without `=` and `:`."""
    sign = _SIGN.search(line)
    if sign is None:
        return None
    before, after = line[: sign.start()], line[sign.end() :]
    key = before.strip()
    indent = before[: len(before) - len(before.lstrip())]
    value = after.strip()
    end = after[len(after.rstrip()) :] if value else after[len(after.rstrip("\r\n")) :]
    blanks = after[: len(after) - len(after.lstrip())] if value else after.rstrip("\r\n")
    return OptionLine(indent, key, before[len(indent) + len(key) :] + sign[0] + blanks, value, end)


def is_comment(line: str) -> bool:
    """Whether a line is a comment."""
    return line.lstrip().startswith(("#", ";"))
