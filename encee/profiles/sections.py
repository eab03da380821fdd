"""Where a profile's section is among a file's lines, and what its lines are.

Whatever tools disagree about in it is refused: an edit would be read as meant by one and otherwise by another.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from encee.errors import FileRefusedError
from encee.profiles.headers import Headers
from encee.profiles.syntax import BEGINS_SECTION, HEADER

OPTION = re.compile(r"(?P<indent>\s*)(?P<key>[^=:]*?)(?P<sign>\s*[=:][^\S\r\n]*).*?(?P<end>\s*)", re.DOTALL)
"""The first line of an option, as `configparser.RawConfigParser` divides it."""


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
        if header is None or not (meant and alike) or line.rstrip(" \t\r\n") != header[0]:
            canonical = f"[{headers.text(profile)}]"
            raise FileRefusedError(
                f"{file}: line {number + 1} spells {canonical} in a way that AWS tools disagree about",
                hint=f"write it as {canonical}, at the start of its line and alone on it",
            )
        found.append(Section(number, _end(lines, number, file), header["name"]))
    if len(found) > 1 and profile != "default":
        raise FileRefusedError(
            f"{file}: lines {found[0].start + 1} and {found[1].start + 1} hold two sections of one profile",
            hint="join the two by hand; the AWS tools take only the later one",
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
        if line.lstrip().startswith("["):
            if BEGINS_SECTION.fullmatch(line.rstrip("\r\n")):
                break
            raise FileRefusedError(
                f"{file}: line {number + 1} holds a '[' that some AWS tools take for a section and others "
                f"for a part of {lines[start].strip()}; nothing was changed",
                hint="write a section as [NAME], at the start of its line and alone on it",
            )
        if line.strip() and not line.startswith(("#", ";")):
            end = number + 1
    return end


def divide(lines: list[str], section: Section, file: Path, named: Collection[str] = ()) -> list[Block]:
    """The lines behind a section's header, as ConfigUpdater divides them.

    Args:
        lines: The section's, each with a line end.
        section: Where it is.
        file: The file's path, for errors.
        named: Options that no line may seem to set but the one that does.

    Raises:
        FileRefusedError: A line within the value of another option seems to set one of them. For JavaScript's
            SDK, which knows no values of several lines, it does.
    """
    from configupdater import ConfigUpdater, Option

    # It takes an indented comment for a part of a value, or even for a key.
    updater = ConfigUpdater().read_file(map(comment_at_column_0, lines))
    blocks = []
    start = 1
    for block in updater[section.header].iter_blocks():
        end = start + len(block.lines)
        if end > start:  # blank lines inside a value leave an empty block behind it
            blocks.append(Block(block.key if isinstance(block, Option) else None, lines[start:end]))
            _refuse_hidden(blocks[-1], section.start + start, named, file)
        start = end
    return blocks


def _refuse_hidden(block: Block, start: int, named: Collection[str], file: Path) -> None:
    if block.key in named:
        return  # it is replaced with all of its lines
    for number, line in enumerate(block.lines[1:], start=start + 2):
        option = OPTION.fullmatch(line)
        if option and option["key"].strip().lower() in named:
            raise FileRefusedError(
                f"{file}: line {number} sets {option['key'].strip().lower()} for some AWS tools, and belongs "
                "to the value above it for others; nothing was changed",
                hint="move it to where its section's other lines begin, or delete it",
            )


def is_comment(line: str) -> bool:
    """Whether the AWS tools pass over a line."""
    return line.lstrip().startswith(("#", ";"))


def comment_at_column_0(line: str) -> str:
    """A line, without its indentation where it is a comment: for some SDKs an indented one is a part of a value."""
    return line.lstrip() if is_comment(line) else line
