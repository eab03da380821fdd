"""Locate a profile's section in a file, and divide its lines.

What AWS tools read differently is refused, since an edit would change the meaning for some of them.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from encee.awsfile.paths import AwsPaths
from encee.awsfile.syntax import BEGINS_SECTION, HEADER, IGNORED_CHARACTERS, parse_config_header
from encee.errors import FileRefusedError

_BLANKS = f"[{re.escape(IGNORED_CHARACTERS)}]"


class Headers(Protocol):
    """How one of the two files names its sections."""

    def build_header(self, profile: str) -> str:
        """Return the header, without brackets, that encee writes for a profile."""

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether botocore reads a header, without brackets, as this profile's."""

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether every SDK reads a header, without brackets, as this profile's."""

    def parse_profile(self, header: str) -> str | None:
        """Return the profile that botocore reads in a header, without brackets, or None."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """Return a pattern of lines that some SDK may read as this profile's header."""


class CredentialsHeaders:
    """`[NAME]`, the headers of the credentials file."""

    def build_header(self, profile: str) -> str:
        """Return the profile's name."""
        return profile

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether it is exactly the profile's name."""
        return header == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is exactly the profile's name."""
        return header == profile

    def parse_profile(self, header: str) -> str | None:
        """Return the name, except for `DEFAULT`."""
        return None if header == "DEFAULT" else header

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """Match the name between blanks, also after `profile`, as the SDK for Ruby does."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*(?:profile{_BLANKS}+)?{re.escape(profile)}{_BLANKS}*\]")


class ConfigHeaders:
    """`[profile NAME]` and `[default]`, the headers of the config file."""

    def build_header(self, profile: str) -> str:
        """Return `profile NAME`; `default` for the default profile."""
        return "default" if profile == "default" else f"profile {profile}"

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether botocore reads it as the profile's, quoted or not."""
        return parse_config_header(header) == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is `profile`, one blank and the name, quoted or not."""
        if profile == "default" and header == "default":
            return True
        return header in {f"profile {profile}", f'profile "{profile}"', f"profile '{profile}'"}

    def parse_profile(self, header: str) -> str | None:
        """Return the name after `profile`, or `default`."""
        return parse_config_header(header)

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """Match `profile` and the name, between blanks or quotes; or only `default`."""
        prefix = f"(?:profile{_BLANKS}+)?" if profile == "default" else f"profile{_BLANKS}+"
        return re.compile(rf"""{_BLANKS}*\[{_BLANKS}*{prefix}(["']?){re.escape(profile)}\1{_BLANKS}*\]""")


class OneFileCredentialsHeaders(CredentialsHeaders):
    """`[NAME]`, in a single file for both, where `[profile NAME]` holds settings."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """Match the name between blanks."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*{re.escape(profile)}{_BLANKS}*\]")


class OneFileConfigHeaders(CredentialsHeaders):
    """`[NAME]` or `[profile NAME]`, in a file that is also the credentials file.

    A new section is `[NAME]`, whose settings all tools read, and which cannot duplicate the section with the keys.
    """

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name, or its header in a config file."""
        return header == profile or parse_config_header(header) == profile

    def parse_profile(self, header: str) -> str | None:
        """Return the name after `profile`, or `default`, as in a config file."""
        return parse_config_header(header)

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name, alone or after `profile` and one blank."""
        return header in {profile, f"profile {profile}"}


def choose_headers(files: AwsPaths) -> tuple[Headers, Headers]:
    """Return how the credentials file and the config file name their sections."""
    if files.are_same:
        return OneFileCredentialsHeaders(), OneFileConfigHeaders()
    return CredentialsHeaders(), ConfigHeaders()


_SIGN = re.compile("[=:]")

_LINES_AT_ONCE = 200
"""The number of lines that ConfigUpdater parses at once; its time is quadratic in a section's options."""


class OptionLine(NamedTuple):
    """The parts of an option's first line, divided as by `configparser`."""

    indent: str
    key: str
    sign: str
    value: str
    end: str


def option_line(line: str) -> OptionLine | None:
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


class Section(NamedTuple):
    """The position of a section, from `start` (its header) to before `end`."""

    start: int
    end: int
    header: str


class Block(NamedTuple):
    """An option (`key`, lower case) with its continuation lines, or other lines."""

    key: str | None
    lines: list[str]


def find(lines: Sequence[str], profile: str, headers: Headers, file: Path) -> Section | None:
    """Find the section of a profile; of two default sections the later, as botocore.

    Args:
        lines: The lines of the file.
        profile: The profile.
        headers: How this file names its sections.
        file: The file's path, for errors.

    Raises:
        FileRefusedError: AWS tools disagree about where the section is, or the profile has two.
    """
    lookalike = headers.lookalike(profile)
    sections: list[Section] = []
    for number, line in enumerate(lines):
        if "[" not in line:
            continue
        header = HEADER.match(line.lstrip())
        names_profile = header is not None and headers.is_header_of(header["name"], profile)
        if not (names_profile or lookalike.match(line)):
            continue
        is_portable = header is not None and headers.is_portable(header["name"], profile)
        if header is None or not (names_profile and is_portable) or line.rstrip(" \t\r\n") != header[0]:
            canonical = f"[{headers.build_header(profile)}]"
            remedy = f"write it as {canonical}, at the start of its line and alone on it"
            if any(
                other.rstrip(" \t\r\n") == canonical for other in lines
            ):  # two equal headers make the file unreadable
                remedy = f"move what is under it to {canonical}, then delete line {number + 1}"
            raise FileRefusedError(
                f"{file}: line {number + 1} spells {canonical} in a way that AWS tools disagree about", hint=remedy
            )
        sections.append(Section(number, _end(lines, number, file), header["name"]))
    if len(sections) > 1 and profile != "default":
        raise FileRefusedError(
            f"{file}: lines {sections[0].start + 1} and {sections[1].start + 1} hold two sections of one profile",
            hint=f"join the two under [{headers.build_header(profile)}]",
        )
    return sections[-1] if sections else None


def _end(lines: Sequence[str], start: int, file: Path) -> int:
    """Find the end of a section: blank lines and comments after it do not belong to it.

    Raises:
        FileRefusedError: Some AWS tool does not recognize the next header and reads its keys as this section's.
    """
    end = start + 1
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.lstrip(IGNORED_CHARACTERS).startswith("["):
            if BEGINS_SECTION.fullmatch(line.rstrip("\r\n")):
                break
            raise FileRefusedError(
                f"{file}: line {number + 1} holds a '[' that some AWS tools take for a section and others "
                f"for a part of {lines[start].strip()}; nothing was changed",
                hint="write a section as [NAME], at the start of its line and alone on it, without '#' and ';' in it",
            )
        if line.strip() and not line.startswith(("#", ";")):
            end = number + 1
    return end


def divide(lines: list[str], section: Section, file: Path) -> list[Block]:
    """Divide the lines after a section's header as ConfigUpdater does.

    Args:
        lines: The lines of the section, each with a line end.
        section: The position of the section.
        file: The file's path, for errors.

    Raises:
        FileRefusedError: A line begins with a character that some AWS tools ignore.
    """
    from configupdater import ConfigUpdater, Option

    blocks = []
    start = 1
    for piece in _pieces(lines[1:]):
        # ConfigUpdater reads an indented comment as a part of a value, or as a key.
        updater = ConfigUpdater().read_file(map(comment_at_column_0, [lines[0], *piece]))
        for block in updater[section.header].iter_blocks():
            end = start + len(block.lines)
            if end > start:  # ConfigUpdater returns an empty block after a value with blank lines inside
                blocks.append(Block(block.key if isinstance(block, Option) else None, lines[start:end]))
            start = end
    for number, line in enumerate(lines, start=section.start + 1):
        _refuse_ignored_characters(line, number, file)
    return blocks


def _pieces(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split the lines after a header at options, so that the time stays linear."""
    start = 0
    level: int | None = None
    for number, line in enumerate(lines):
        if not line.strip() or is_comment(line):
            continue
        indent = len(line) - len(line.lstrip())
        if level is None or indent <= level:  # deeper lines belong to the value above
            level = indent
            if number - start >= _LINES_AT_ONCE:
                yield lines[start:number]
                start = number
    yield lines[start:]


def _refuse_ignored_characters(line: str, number: int, file: Path) -> None:
    text = line.lstrip(IGNORED_CHARACTERS)
    ignored = line[: len(line) - len(text)]
    if ignored.strip(" \t\r\n") and not is_comment(line) and _SIGN.search(text):
        raise FileRefusedError(
            f"{file}: line {number} begins with an invisible character, which some AWS tools ignore and others take "
            "for a part of the name; nothing was changed",
            hint="delete the character, or type the line again",
        )


def refuse_ambiguous(blocks: Sequence[Block], section: Section, file: Path, edited: Collection[str]) -> None:
    """Refuse an edit that tools read differently or that deletes continuation lines.

    Args:
        blocks: The section's blocks, from `divide`.
        section: The position of the section.
        file: The file's path, for errors.
        edited: The options that the edit sets, replaces or removes, in lower case.

    Raises:
        FileRefusedError: A line is indented under an edited option, so that the edit would delete it; or a line within
            the value of another option sets an edited option for the SDK for JavaScript, which does not support values
            of several lines.
    """
    number = section.start + 1
    for key, lines in blocks:
        for place, line in enumerate(lines):
            number += 1
            if key in edited and place and line.strip() and not is_comment(line):
                raise FileRefusedError(
                    f"{file}: line {number} is indented under {key}, and the edit would delete it; nothing was changed",
                    hint=f"move line {number} to column 0, or delete it",
                )
            option = option_line(line)
            name = option.key.strip(IGNORED_CHARACTERS).lower() if option else None
            if name in edited and key != name and not is_comment(line):
                raise FileRefusedError(
                    f"{file}: line {number} sets {name} for some AWS tools and not for others; nothing was changed",
                    hint=f"move line {number} to column 0, or delete it",
                )


def is_comment(line: str) -> bool:
    """Whether a line is a comment."""
    return line.lstrip().startswith(("#", ";"))


def comment_at_column_0(line: str) -> str:
    """Unindent a comment, which some SDKs otherwise read as a part of a value."""
    return line.lstrip() if is_comment(line) else line
