"""What each line of one of the two files is to the AWS tools, for remedies that name lines.

The rules are those of `configparser.RawConfigParser`, by which `syntax` reads the whole: an indented line continues
the value above it, and blank lines and comments do not end that value.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from encee.awsfile.sections import Headers, option_line
from encee.awsfile.syntax import HEADER


class Kind(Enum):
    """What a line is."""

    BLANK = "blank"
    COMMENT = "comment"
    HEADER = "header"
    OPTION = "option"
    CONTINUATION = "continuation"
    INVALID = "invalid"


class Line(NamedTuple):
    """One line.

    Args:
        number: Its number, from 1.
        text: The line without its line end.
        kind: What it is.
        header: The number of the header's line of its section; its own for a header, 0 before the first header.
        name: The section's name for a header, without brackets; the option's for an option and what continues it, as
            it is spelled.
        value: The part of an option's value that is in this line.
    """

    number: int
    text: str
    kind: Kind
    header: int
    name: str = ""
    value: str = ""

    @property
    def option(self) -> str:
        """The option's name as the AWS CLI has it: in lower case."""
        return self.name.lower()

    @property
    def is_indented(self) -> bool:
        """Whether it begins with a blank."""
        return self.text[:1].isspace()


def read_lines(data: bytes) -> list[Line]:
    """The lines of a file; bytes that are not UTF-8 are replaced."""
    return [*_lines(data.decode(errors="replace").removeprefix("\ufeff"))]


def _lines(text: str) -> Iterator[Line]:
    header, option, indentation = 0, "", 0
    for number, raw in enumerate(io.StringIO(text, newline=None), start=1):
        line = raw.rstrip("\n")
        stripped = line.strip()
        depth = len(line) - len(line.lstrip())
        if not stripped or stripped.startswith(("#", ";")):
            yield Line(number, line, Kind.COMMENT if stripped else Kind.BLANK, header)
        elif option and depth > indentation:
            yield Line(number, line, Kind.CONTINUATION, header, option, stripped)
        elif match := HEADER.match(stripped):
            header, option, indentation = number, "", depth
            yield Line(number, line, Kind.HEADER, header, match["name"])
        elif header and (parts := option_line(stripped)) and parts.key:
            option, indentation = parts.key, depth
            yield Line(number, line, Kind.OPTION, header, option, parts.value)
        else:
            indentation = depth
            yield Line(number, line, Kind.INVALID, header)


@dataclass(frozen=True)
class FileLines:
    """The lines of a file by section.

    Args:
        data: The file's content.
        headers: How it names its sections.
    """

    data: bytes
    headers: Headers

    @cached_property
    def lines(self) -> list[Line]:
        """What each line of it is to the AWS tools."""
        return read_lines(self.data)

    @cached_property
    def sections(self) -> dict[int, list[Line]]:
        """The number of each header's line → the lines of its section behind it."""
        sections: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.kind is Kind.HEADER:
                sections[line.number] = []
            elif line.header:
                sections[line.header].append(line)
        return sections

    @cached_property
    def headers_of(self) -> dict[str, list[Line]]:
        """Profile → the headers that botocore takes for it, in their order; the last of several counts."""
        headers: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.kind is Kind.HEADER and (profile := self.headers.profile(line.name)) is not None:
                headers.setdefault(profile, []).append(line)
        return headers

    def option(self, profile: str, name: str) -> list[Line]:
        """The lines that set an option of a profile: its own and those that continue it; none where it is not set."""
        if not (headers := self.headers_of.get(profile)):
            return []
        kinds = {Kind.OPTION, Kind.CONTINUATION}
        return [line for line in self.sections[headers[-1].number] if line.option == name and line.kind in kinds]
