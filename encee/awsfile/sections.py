"""Where a profile's section is among a file's lines, and what its lines are.

Whatever tools disagree about in it is refused: an edit would be read as meant by one and otherwise by another.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from encee.awsfile.paths import Files
from encee.awsfile.syntax import BEGINS_SECTION, HEADER, IGNORED_CHARACTERS, profile_of_header
from encee.errors import FileRefusedError

_BLANKS = f"[{re.escape(IGNORED_CHARACTERS)}]"


class Headers(Protocol):
    """How one of the two files names its sections."""

    def text(self, profile: str) -> str:
        """The header, without brackets, that encee writes for a profile."""

    def names(self, header: str, profile: str) -> bool:
        """Whether botocore takes a header, without brackets, for this profile."""

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether every SDK takes a header, without brackets, for this profile."""

    def profile(self, header: str) -> str | None:
        """The profile that botocore takes a header, without brackets, for; None where it is not a profile's."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """What a line begins with when some SDK may take it for this profile's header."""


class CredentialsHeaders:
    """`[NAME]`, as the credentials file has it."""

    def text(self, profile: str) -> str:
        """The profile's own name."""
        return profile

    def names(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter."""
        return header == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter."""
        return header == profile

    def profile(self, header: str) -> str | None:
        """The name itself, but for `DEFAULT`."""
        return None if header == "DEFAULT" else header

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """The name between blanks; for Ruby's SDK, `profile` may stand before it here as well."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*(?:profile{_BLANKS}+)?{re.escape(profile)}{_BLANKS}*\]")


class ConfigHeaders:
    """`[profile NAME]` and `[default]`, as the config file has it."""

    def text(self, profile: str) -> str:
        """`profile NAME`; `default` for the default profile."""
        return "default" if profile == "default" else f"profile {profile}"

    def names(self, header: str, profile: str) -> bool:
        """Whether it means the profile to botocore, quoted or not."""
        return profile_of_header(header) == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether one blank follows `profile`, and the name has no blanks around it, quoted or not."""
        if profile == "default" and header == "default":
            return True
        return header in {f"profile {profile}", f'profile "{profile}"', f"profile '{profile}'"}

    def profile(self, header: str) -> str | None:
        """The name behind `profile`, or `default`."""
        return profile_of_header(header)

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """`profile` and the name, between blanks or quotes; for the default profile, `profile` may be missing."""
        word = f"(?:profile{_BLANKS}+)?" if profile == "default" else f"profile{_BLANKS}+"
        return re.compile(rf"""{_BLANKS}*\[{_BLANKS}*{word}(["']?){re.escape(profile)}\1{_BLANKS}*\]""")


class OneFileCredentialsHeaders(CredentialsHeaders):
    """`[NAME]`, in a file that is the config file as well: `[profile NAME]` is there the settings of a profile."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """The name between blanks."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*{re.escape(profile)}{_BLANKS}*\]")


class OneFileConfigHeaders(CredentialsHeaders):
    """`[NAME]` or `[profile NAME]`, in a file that is the credentials file as well.

    A new section is `[NAME]`: all tools read its settings there, and it does not end up beside one of that name.
    """

    def names(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter, or means the profile in a config file."""
        return header == profile or profile_of_header(header) == profile

    def profile(self, header: str) -> str | None:
        """The name behind `profile`, or `default`: what the AWS CLI takes for a profile of the config file."""
        return profile_of_header(header)

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name, alone or with one blank after `profile`."""
        return header in {profile, f"profile {profile}"}


def headers_of(files: Files) -> tuple[Headers, Headers]:
    """How the credentials file and the config file name their sections."""
    if files.are_one:
        return OneFileCredentialsHeaders(), OneFileConfigHeaders()
    return CredentialsHeaders(), ConfigHeaders()


_SIGN = re.compile("[=:]")

_LINES_AT_ONCE = 200
"""How many lines ConfigUpdater gets at once: its time is quadratic in the number of a section's options."""


class OptionLine(NamedTuple):
    """The parts of an option's first line, as `configparser.RawConfigParser` divides it; together they are the line."""

    indent: str
    key: str
    sign: str
    value: str
    end: str


def option_line(line: str) -> OptionLine | None:
    """Divide the first line of an option; None for a line that sets nothing."""
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
    """The lines of one section, from its header up to, not including, `end`."""

    start: int
    end: int
    header: str


class Block(NamedTuple):
    """Lines that belong together: an option with its continuation (`key` in lower case), or anything else."""

    key: str | None
    lines: list[str]


def find(lines: Sequence[str], profile: str, headers: Headers, file: Path) -> Section | None:
    """The one section of a profile; the later of `[default]` and `[profile default]`, as botocore has it.

    Args:
        lines: The file's.
        profile: Whose section.
        headers: How this file names its sections.
        file: Its path, for errors.

    Raises:
        FileRefusedError: Tools disagree about where it is, or there are two.
    """
    lookalike = headers.lookalike(profile)
    found: list[Section] = []
    for number, line in enumerate(lines):
        if "[" not in line:
            continue
        header = HEADER.match(line.lstrip())
        meant = header is not None and headers.names(header["name"], profile)
        alike = lookalike.match(line)
        if not (meant or alike):
            continue
        plain = header is not None and headers.is_portable(header["name"], profile)
        if header is None or not (meant and plain) or line.rstrip(" \t\r\n") != header[0]:
            canonical = f"[{headers.text(profile)}]"
            remedy = f"write it as {canonical}, at the start of its line and alone on it"
            if any(other.rstrip(" \t\r\n") == canonical for other in lines):  # a second one is the end of the file
                remedy = f"move what is under it to {canonical}, then delete line {number + 1}"
            raise FileRefusedError(
                f"{file}: line {number + 1} spells {canonical} in a way that AWS tools disagree about", hint=remedy
            )
        found.append(Section(number, _end(lines, number, file), header["name"]))
    if len(found) > 1 and profile != "default":
        raise FileRefusedError(
            f"{file}: lines {found[0].start + 1} and {found[1].start + 1} hold two sections of one profile",
            hint=f"join the two under [{headers.text(profile)}]",
        )
    return found[-1] if found else None


def _end(lines: Sequence[str], start: int, file: Path) -> int:
    """Where a section ends: behind its last line that is neither blank nor a comment at column 0.

    Raises:
        FileRefusedError: Some tool does not see that the next section begins, and takes its keys for this one's.
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
        lines: The section's, each with a line end.
        section: Where it is.
        file: The file's path, for errors.

    Raises:
        FileRefusedError: A line begins with a character that some tools ignore.
    """
    from configupdater import ConfigUpdater, Option

    blocks = []
    start = 1
    for piece in _pieces(lines[1:]):
        # It takes an indented comment for a part of a value, or even for a key.
        updater = ConfigUpdater().read_file(map(comment_at_column_0, [lines[0], *piece]))
        for block in updater[section.header].iter_blocks():
            end = start + len(block.lines)
            if end > start:  # blank lines inside a value leave an empty block behind it
                blocks.append(Block(block.key if isinstance(block, Option) else None, lines[start:end]))
            start = end
    for number, line in enumerate(lines, start=section.start + 1):
        _refuse_ignored_characters(line, number, file)
    return blocks


def _pieces(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut the lines after a header where an option surely begins, so that the time stays linear."""
    start = 0
    level: int | None = None
    for number, line in enumerate(lines):
        if not line.strip() or is_comment(line):
            continue
        indent = len(line) - len(line.lstrip())
        if level is None or indent <= level:  # else it belongs to the value above it
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
    """Refuse an edit of options that some tool reads in other lines, or that have lines which the edit would delete.

    Args:
        blocks: The section's, from `divide`.
        section: Where it is.
        file: The file's path, for errors.
        edited: The options that the edit sets, replaces or removes, in lower case.

    Raises:
        FileRefusedError: A line is indented under one of them: it would be deleted. Or a line within the value of
            another option seems to set one of them. For JavaScript's SDK, which knows no values of several lines, it
            does.
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
    """Whether the AWS tools pass over a line."""
    return line.lstrip().startswith(("#", ";"))


def comment_at_column_0(line: str) -> str:
    """A line, without its indentation where it is a comment: for some SDKs an indented one is a part of a value."""
    return line.lstrip() if is_comment(line) else line
