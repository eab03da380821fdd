"""Locate a profile's section in a file.

What AWS tools read differently is refused, since an edit would change the meaning for some of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.paths import AwsPaths
from encee.awsfile.syntax import BEGINS_SECTION, HEADER, IGNORED_CHARACTERS, parse_config_header
from encee.errors import FileRefusedError

_BLANKS = f"[{re.escape(IGNORED_CHARACTERS)}]"


@dataclass(frozen=True)
class CredentialsHeaders:
    """`[NAME]`, the headers of the credentials file.

    Args:
        is_shared: Whether the file is the config file, too, where `[profile NAME]` holds settings.
    """

    is_shared: bool = False

    def build_header(self, profile: str) -> str:
        """Return the header, without brackets, that encee writes for a profile."""
        return profile

    def parse_profile(self, header: str) -> str | None:
        """Return the profile that botocore reads in a header, without brackets, or None."""
        return None if header == "DEFAULT" else header

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether botocore reads a header, without brackets, as this profile's."""
        return header == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether every SDK reads a header, without brackets, as this profile's."""
        return header == profile

    def compile_lookalike(self, profile: str) -> re.Pattern[str]:
        """Return a pattern of lines that some SDK may read as this profile's header.

        The SDK for Ruby reads `[profile NAME]` as the profile's, also in the credentials file.
        """
        prefix = "" if self.is_shared else f"(?:profile{_BLANKS}+)?"
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*{prefix}{re.escape(profile)}{_BLANKS}*\]")


@dataclass(frozen=True)
class ConfigHeaders:
    """`[profile NAME]` and `[default]`, the headers of the config file.

    Args:
        is_shared: Whether the file is the credentials file, too. Then a new section is `[NAME]`, whose settings all
            tools read, and which cannot duplicate the section with the keys.
    """

    is_shared: bool = False

    def build_header(self, profile: str) -> str:
        """Return the header, without brackets, that encee writes for a profile."""
        return profile if self.is_shared or profile == "default" else f"profile {profile}"

    def parse_profile(self, header: str) -> str | None:
        """Return the profile that botocore reads in a header, without brackets, or None."""
        return parse_config_header(header)

    def is_header_of(self, header: str, profile: str) -> bool:
        """Whether botocore reads a header, without brackets, as this profile's."""
        return parse_config_header(header) == profile or (self.is_shared and header == profile)

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether every SDK reads a header, without brackets, as this profile's."""
        quoted = set() if self.is_shared else {f'profile "{profile}"', f"profile '{profile}'"}
        return header in {self.build_header(profile), f"profile {profile}", *quoted}

    def compile_lookalike(self, profile: str) -> re.Pattern[str]:
        """Return a pattern of lines that some SDK may read as this profile's header."""
        prefix = f"profile{_BLANKS}+" if profile != "default" and not self.is_shared else f"(?:profile{_BLANKS}+)?"
        quote = "(?P<quote>)" if self.is_shared else "(?P<quote>[\"']?)"
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*{prefix}{quote}{re.escape(profile)}(?P=quote){_BLANKS}*\]")


Headers = CredentialsHeaders | ConfigHeaders
"""How one of the two files names its sections."""


def choose_headers(files: AwsPaths) -> tuple[Headers, Headers]:
    """Return how the credentials file and the config file name their sections."""
    return CredentialsHeaders(files.are_same), ConfigHeaders(files.are_same)


class Section(NamedTuple):
    """The position of a section, from `start` (its header) to before `end`."""

    start: int
    end: int
    header: str


def find_section(lines: Sequence[str], profile: str, headers: Headers, file: Path) -> Section | None:
    """Find the section of a profile; of two default sections the later, as botocore.

    Args:
        lines: The lines of the file.
        profile: The profile.
        headers: How this file names its sections.
        file: The file's path, for errors.

    Raises:
        FileRefusedError: AWS tools disagree about where the section is, or the profile has two.
    """
    lookalike = headers.compile_lookalike(profile)
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
        sections.append(Section(number, _find_end(lines, number, file), header["name"]))
    if len(sections) > 1 and profile != "default":
        raise FileRefusedError(
            f"{file}: lines {sections[0].start + 1} and {sections[1].start + 1} hold two sections of one profile",
            hint=f"join the two under [{headers.build_header(profile)}]",
        )
    return sections[-1] if sections else None


def _find_end(lines: Sequence[str], start: int, file: Path) -> int:
    """Find the end of a section, before the blank lines and comments after it.

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
