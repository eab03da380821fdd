"""Classify the lines of a file as the AWS tools read them, for remedies.

The rules are those of `configparser.RawConfigParser`, which `syntax` uses: an indented line continues the value above
it, and blank lines and comments do not end that value.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from encee.awsfile.sections import Headers
from encee.awsfile.syntax import HEADER, split_option


class Kind(Enum):
    """The kind of a line."""

    BLANK = "blank"
    COMMENT = "comment"
    HEADER = "header"
    OPTION = "option"
    CONTINUATION = "continuation"
    INVALID = "invalid"


class Line(NamedTuple):
    """A line of a file.

    Args:
        number: The line's number, from 1.
        text: The line without its line end.
        header: The number of the line with the section's header; 0 before the first header.
        name: The name in a header, without brackets; the name of the option in the spelling of the file, also in the
            lines that continue the option.
        value: The part of an option's value in this line.
    """

    number: int
    text: str
    kind: Kind
    header: int
    name: str = ""
    value: str = ""

    @property
    def option(self) -> str:
        """The option's name in lower case, as the AWS CLI reads it."""
        return self.name.lower()

    @property
    def is_indented(self) -> bool:
        """Whether the line begins with a blank."""
        return self.text[:1].isspace()


def read_lines(data: bytes) -> list[Line]:
    """Classify the lines of a file; replace bytes that are not UTF-8."""
    return [*_classify_lines(data.decode(errors="replace").removeprefix("\ufeff"))]


def _classify_lines(text: str) -> Iterator[Line]:
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
        elif header and (parts := split_option(stripped)) and parts.key:
            option, indentation = parts.key, depth
            yield Line(number, line, Kind.OPTION, header, option, parts.value)
        else:
            indentation = depth
            yield Line(number, line, Kind.INVALID, header)


@dataclass(frozen=True)
class FileLines:
    """The lines of a file, by section.

    Args:
        data: The file's content.
        headers: How the file names its sections.
    """

    data: bytes
    headers: Headers

    @cached_property
    def lines(self) -> list[Line]:
        """The lines, classified."""
        return read_lines(self.data)

    @cached_property
    def sections(self) -> dict[int, list[Line]]:
        """Number of a header's line → the lines after it, up to the next header."""
        sections: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.kind is Kind.HEADER:
                sections[line.number] = []
            elif line.header:
                sections[line.header].append(line)
        return sections

    @cached_property
    def headers_by_profile(self) -> dict[str, list[Line]]:
        """Profile → its headers as botocore reads them, in order; the last one counts."""
        headers: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.kind is Kind.HEADER and (profile := self.headers.parse_profile(line.name)) is not None:
                headers.setdefault(profile, []).append(line)
        return headers

    def find_option(self, profile: str, name: str) -> list[Line]:
        """List the lines that set an option of a profile, with those that continue it."""
        if not (headers := self.headers_by_profile.get(profile)):
            return []
        kinds = {Kind.OPTION, Kind.CONTINUATION}
        return [line for line in self.sections[headers[-1].number] if line.option == name and line.kind in kinds]
