"""Check for lines that AWS tools read differently than they look."""

import re
import unicodedata
from collections.abc import Iterator

from encee.awsfile.lines import Kind, Line
from encee.profiles.checks.base import OF_A_PROFILE, Check, Examined, ExaminedFile, Finding, State
from encee.profiles.remedies import cut_comment, delete, rename, retype, unindent, unquote

_EXPORT = re.compile(r"(?:export|set|setx|declare\s+-x)\s+(?P<name>aws_\w+)", re.IGNORECASE)
"""The name of an option that was copied from a shell script."""

_BARE = {
    "region": re.compile(r"[a-z0-9-]+"),
    "output": re.compile(r"[a-z-]+"),
    "source_profile": re.compile(r"[^\s#;\"']+"),
    "role_arn": re.compile(r"arn:[^\s\"']+"),
}
"""Option whose value has no quotes and no comment after it → the form of its value."""

_MOST_NAMED = 3
"""The number of characters that a message names at most."""


def _list_options(examined: Examined) -> Iterator[tuple[ExaminedFile, Line]]:
    for file in examined.both:
        yield from ((file, line) for line in file.lines if line.kind is Kind.OPTION)


def _check_option_case(examined: Examined) -> Iterator[Finding]:
    for file, line in _list_options(examined):
        if line.name != line.option and OF_A_PROFILE.fullmatch(line.option):
            yield Finding(
                State.WARNING,
                f"{file.path}: line {line.number} spells {line.option} with capitals, and some AWS tools do not find "
                "it",
                rename(file.path, line.number, line.option),
            )


def _check_shell_syntax(examined: Examined) -> Iterator[Finding]:
    for file, line in _list_options(examined):
        if match := _EXPORT.fullmatch(line.name):
            name = match["name"].lower()
            is_set = any(other.option == name for other in file.sections[line.header])
            yield Finding(
                State.WARNING,
                f"{file.path}: line {line.number} is written as for a shell, and no AWS tool finds {name} in it",
                delete(file.path, [line.number]) if is_set else rename(file.path, line.number, name),
            )


def _check_indentation(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        for header, lines in file.sections.items():
            if numbers := [line.number for line in lines if line.kind is Kind.OPTION and line.is_indented]:
                yield Finding(
                    State.WARNING,
                    f"{file.path}: the options below line {header} are indented, and some AWS tools refuse the file",
                    unindent(file.path, numbers),
                )


def _check_quotes(examined: Examined) -> Iterator[Finding]:
    for file, line in _list_options(examined):
        bare, value = _BARE.get(line.option), line.value.strip()
        if bare is None or bare.fullmatch(value) or not value:
            continue
        place = f"{file.path}: line {line.number}"
        if bare.fullmatch(value.strip("\"'")):
            message = f"{place} has quotes around {line.option}, which AWS tools read as a part of it"
            yield Finding(State.WARNING, message, unquote(file.path, line.number))
        elif bare.fullmatch(re.split(r"\s+[#;]", value)[0]):
            message = f"{place} has a comment after {line.option}, which AWS tools read as a part of it"
            yield Finding(State.WARNING, message, cut_comment(file.path, line.number))


def _check_invisible_characters(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        for line in file.lines:
            if line.kind is not Kind.COMMENT and (points := [*dict.fromkeys(filter(_is_invisible, line.text))]):
                names = " and ".join(f"U+{ord(point):04X}" for point in points[:_MOST_NAMED])
                is_empty = not "".join(character for character in line.text if not _is_invisible(character)).strip()
                yield Finding(
                    State.WARNING,
                    f"{file.path}: line {line.number} holds characters that editors do not show: {names}",
                    (delete if is_empty else retype)(file.path, [line.number]),
                )


def _is_invisible(character: str) -> bool:
    """Whether an editor does not show a character that AWS tools read.

    These are control and format characters, and separators other than the blank.
    """
    return character not in " \t" and unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


LINE_CHECKS: tuple[Check[Examined], ...] = (
    Check("option-case", "every option's name is in lower case", _check_option_case),
    Check("shell-syntax", "no option is written as for a shell", _check_shell_syntax),
    Check("indented-option", "every option begins at column 0", _check_indentation),
    Check("quoted-value", "no setting has quotes around it or a comment after it", _check_quotes),
    Check("invisible-characters", "no line holds characters that editors do not show", _check_invisible_characters),
)
"""In the order of the output."""
