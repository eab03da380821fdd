"""Change the lines of one section with ConfigUpdater.

ConfigUpdater parses, changes and renders the section. This list names what ConfigUpdater 4.1 cannot do, and what
happens instead. The tests in `tests/awsfile/test_section_editor.py` begin with its words.

* Comments: it reads an indented comment as a part of a value, or as an option. So it parses comments at column 0, and
  each block gets its own lines back.
* Blank lines: it leaves an empty block after a value with blank lines inside, and adds a blank line after an empty
  block. So empty blocks are removed.
* Spelling: an option that it sets keeps its case and its `:`, with which some SDKs do not find it, and the next option
  that is indented joins it. So a new option replaces the old one.
* Blanks: it renders a changed option with one blank on each side of the sign. So `replace` changes the line itself, and
  the reverse edit restores it.
* Line ends: it ends a line that it renders with LF. `render` ends it as the file does.
* Continuation lines: it deletes those of an option that it sets or removes. `_refuse_ambiguous` refuses that.
* Time: it takes quadratic time for the options of a section. So it parses some hundred lines at once.
* Values: it accepts a value that AWS tools do not read alike. `Document` refuses such a value.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from encee.awsfile.sections import Section
from encee.awsfile.syntax import IGNORED_CHARACTERS, is_comment, split_option
from encee.errors import FileRefusedError

if TYPE_CHECKING:
    from configupdater import Comment, Option, Space

_LINES_AT_ONCE = 200
"""The number of lines that ConfigUpdater parses at once."""


class SectionEditor:
    """The lines of one section, and the edits of it.

    Args:
        lines: The lines of the section, from its header to its last option, each with a line end.
        section: The position of the section.
        line_end: The line end of new lines.
        file: The file's path, for errors.

    Raises:
        FileRefusedError: A line begins with a character that some AWS tools ignore, or a line is in no block.
    """

    def __init__(self, lines: Sequence[str], section: Section, line_end: str, file: Path) -> None:
        from configupdater import ConfigUpdater

        self.section = section
        self._line_end = line_end
        self._file = file
        self._header = lines[0]
        self._line_ends: dict[str, str] = {}
        """Option → the line end of the line that it replaces."""
        self._parts = []
        for part in _split_at_options(lines[1:]):
            blocks = ConfigUpdater().read_file([lines[0], *map(_unindent_comment, part)])[section.header]
            start = 0
            for block in [*blocks.iter_blocks()]:
                end = start + len(block.lines)
                block.lines[:] = part[start:end]
                start = end
                if not block.lines:
                    block.detach()
            self._parts.append(blocks)
        self.options = {option.key: option for part in self._parts for option in part.iter_options()}
        """Name in lower case → option, before the edits."""
        if self.render() != lines:
            raise FileRefusedError(
                f"{file}: [{section.header}] cannot be divided into options without a loss; nothing was changed",
                hint="write one KEY = VALUE a line, without blanks before it",
            )
        for number, line in enumerate(lines, start=section.start + 1):
            text = line.lstrip(IGNORED_CHARACTERS)
            ignored = line[: len(line) - len(text)]
            if ignored.strip(" \t\r\n") and not is_comment(line) and split_option(text):
                raise FileRefusedError(
                    f"{file}: line {number} begins with an invisible character, which some AWS tools ignore and others "
                    "take for a part of the name; nothing was changed",
                    hint="delete the character, or type the line again",
                )

    def rewrite(self, options: Mapping[str, str], without: Collection[str]) -> None:
        """Set options in the place of the first, remove others, unindent the rest."""
        self._refuse_ambiguous({*options, *without})
        self._header = f"[{self.section.header}]{self._line_end}"
        for block in self._iterate_blocks():
            block.lines[:] = [block.lines[0].lstrip(" \t"), *map(_unindent_comment, block.lines[1:])]
        replaced = [option for name, option in self.options.items() if name in options or name in without]
        part = replaced[0].section if replaced else self._parts[-1]
        builder = part.insert_at(replaced[0].container_idx if replaced else len(part))
        for option in replaced:
            option.detach()
        for name, value in options.items():
            builder.option(name, value)

    def set_in_place(self, options: Mapping[str, str]) -> None:
        """Set options in their places, or indented and missing ones at the end."""
        self._refuse_ambiguous(options)
        for name, value in options.items():
            option = self.options.get(name)
            if option and not option.lines[0][0].isspace():
                part, place, line = option.section, option.container_idx, option.lines[0]
                self._detach(option)
                part.insert_at(place).option(name, value)
                self._line_ends[name] = line[len(line.rstrip("\r\n")) :]
            else:
                if option:
                    self._detach(option)
                self._parts[-1].set(name, value)

    def remove(self, names: Collection[str]) -> None:
        """Remove options."""
        self._refuse_ambiguous(names)
        for name, option in self.options.items():
            if name in names:
                self._detach(option)

    def _detach(self, option: "Option") -> None:
        """Remove an option, and unindent the comments after it."""
        block = option.next_block
        while block is not None and block.__class__ is not option.__class__:
            block.lines[:] = map(_unindent_comment, block.lines)
            block = block.next_block
        option.detach()

    def replace(self, options: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """Replace names and values of options, but no blanks and no case.

        Args:
            options: Option to replace → the new option and its value. An option that is missing is skipped.

        Returns:
            The new options.

        Raises:
            FileRefusedError: An option is written in mixed case.
        """
        self._refuse_ambiguous({*options, *(name for name, _ in options.values())})
        replaced: dict[str, str] = {}
        for name, (new_name, value) in options.items():
            if (option := self.options.get(name)) is None or (line := split_option(option.lines[0])) is None:
                continue
            if new_name != name and line.key not in {name, name.upper()}:
                raise FileRefusedError(
                    f"{self._file}: {line.key} is written in mixed case, in which many AWS tools do not find it; "
                    "nothing was changed",
                    hint=f"write it as {name}",
                )
            new_key = line.key if new_name == name else new_name if line.key == name else new_name.upper()
            option.lines[0] = f"{line.indent}{new_key}{line.sign}{value}{line.end}"
            replaced[new_name] = value
        return replaced

    def render(self) -> list[str]:
        """Return the lines of the section after the edits, each with a line end."""
        lines = [self._header]
        for block in self._iterate_blocks():
            if block.updated:
                line_end = self._line_ends.get(getattr(block, "key", ""), self._line_end)
                lines.append(str(block).removesuffix("\n") + line_end)
            else:
                lines += block.lines
        return lines

    def _refuse_ambiguous(self, names: Collection[str]) -> None:
        """Refuse an edit that AWS tools read differently, or that deletes other lines.

        Args:
            names: The options to set, replace or remove, in lower case.

        Raises:
            FileRefusedError: A line is indented under one of the options, so that the edit would delete it; or a line
                within the value of another option sets one of them for the SDK for JavaScript, which does not support
                values of several lines.
        """
        number = self.section.start + 1
        for block in self._iterate_blocks():
            key = getattr(block, "key", None)
            for place, line in enumerate(block.lines):
                number += 1
                option = None if is_comment(line) else split_option(line)
                name = option.key.strip(IGNORED_CHARACTERS).lower() if option else None
                if key in names and place and line.strip() and not is_comment(line):
                    fault = f"is indented under {key}, and the edit would delete it"
                elif name in names and key != name:
                    fault = f"sets {name} for some AWS tools and not for others"
                else:
                    continue
                raise FileRefusedError(
                    f"{self._file}: line {number} {fault}; nothing was changed",
                    hint=f"move line {number} to column 0, or delete it",
                )

    def _iterate_blocks(self) -> "Iterator[Option | Comment | Space]":
        return chain.from_iterable(part.iter_blocks() for part in self._parts)


def _split_at_options(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split the lines after a header at options, into parts of some hundred lines."""
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


def _unindent_comment(line: str) -> str:
    """Move a comment to column 0, and return other lines as they are."""
    return line.lstrip() if is_comment(line) else line
