"""Edit the bytes of one of the two files; reads no file and no clock.

An edit changes the lines of one section only, from its header to its last option. Comments and blank lines after the
last option belong to what follows. `Document.render` verifies the result: the AWS tools must read every other section
as before, and the edited section as meant.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from encee.awsfile.sections import (
    Block,
    Headers,
    Section,
    comment_at_column_0,
    divide,
    find,
    is_comment,
    option_line,
    refuse_ambiguous,
)
from encee.awsfile.syntax import PORTABLE_VALUE, UnreadableError, View, is_portable_name, read_view, unreadable
from encee.errors import FileRefusedError, UsageError

# str.splitlines() also splits at U+2028, U+0085, \x0b and more. `__init__` refuses a lone CR first.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LONE_CR = re.compile(rb"\r(?!\n)")


class Document:
    """The content of one of the two files, and the edits of it.

    Args:
        data: The file's content.
        file: The file's path, for errors.
        headers: How this file names its sections.

    Raises:
        FileRefusedError: The AWS tools cannot read the content, or it holds a lone CR, which AWS tools read
            differently.
    """

    def __init__(self, data: bytes, file: Path, headers: Headers) -> None:
        self.view: View = read_view(data, file)
        """What the AWS tools must read after the edits so far."""
        if lone := _LONE_CR.search(data):
            line = data.count(b"\n", 0, lone.start()) + 1
            remedy = "save the file with one kind of line end"
            raise unreadable(file, line, "a carriage return without a line feed", remedy)
        self._original = data
        self._file = file
        self._headers = headers
        self._lines: list[str] = _LINE.findall(data.decode())
        self._head = self._tail = len(self._lines)
        """The number of lines at the beginning and at the end that no edit has changed."""
        self._line_end = "\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else "\n"

    def write_section(self, profile: str, options: Mapping[str, str], *, without: frozenset[str] = frozenset()) -> None:
        """Write options to a section of encee in a form that every SDK reads alike.

        The options replace the first of those that are there, together, at column 0 and in lower case. Other options
        and comments stay, and move to column 0. A missing section is added to the end of the file.

        Args:
            profile: The profile whose section is edited.
            options: The options, in this order.
            without: Options to remove, such as a stale `aws_security_token`.

        Raises:
            FileRefusedError: The section's header, a value or an indented line is one that SDKs read differently, or
                lines are indented under an option that is replaced or removed.
            UsageError: SDKs read the profile's name differently.
        """
        _refuse_name(profile)
        section = self._find(profile)
        if section is None:
            self._append(profile, options, without)
            return
        ours = [self._line(key, value) for key, value in options.items()]
        kept: list[str] = []
        place = None
        blocks = self._blocks(section)
        self._refuse_ambiguous(section, blocks, {*options, *without})
        for key, lines in blocks:
            if not (key in options or key in without):
                kept += [lines[0].lstrip(" \t"), *map(comment_at_column_0, lines[1:])]
                continue
            place = len(kept) if place is None else place
            kept += map(comment_at_column_0, filter(is_comment, lines[1:]))
        place = len(kept) if place is None else place
        header = f"[{section.header}]{self._line_end}"
        self._replace(section, [header, *kept[:place], *ours, *kept[place:]], options, without)

    def set_options(self, profile: str, options: Mapping[str, str]) -> None:
        """Set options in a section of the user, and keep its other options in place.

        An option at column 0 keeps its place and line end. An indented option, which some SDKs take for a part of the
        value above it, moves to the end of the section; a missing option is added there. A comment after an option
        that is set moves to column 0. A missing section is added to the end of the file.

        Args:
            profile: The profile whose section is edited.
            options: Option → value.

        Raises:
            FileRefusedError: The section's header, a value or a line is one that SDKs read differently, or lines are
                indented under an option that is set.
            UsageError: The profile is `DEFAULT`, or has no section yet and a name that SDKs read differently.
        """
        section = None if profile == "DEFAULT" else self._find(profile)
        if section is None:
            _refuse_name(profile)
            self._append(profile, options, frozenset())
            return
        blocks = self._blocks(section)
        self._refuse_ambiguous(section, blocks, options)
        in_place = {
            key: self._line(key, options[key], lines[0])
            for key, lines in blocks
            if key is not None and key in options and not lines[0][0].isspace()
        }
        added = [self._line(key, value) for key, value in options.items() if key not in in_place]
        header = self._ended(self._lines[section.start])
        self._replace(section, [header, *_without(blocks, options, in_place), *added], options, frozenset())

    def replace_options(self, profile: str, options: Mapping[str, tuple[str, str]]) -> None:
        """Replace options of a section by other options, and keep the blanks of each line.

        Args:
            profile: The profile whose section is edited.
            options: Option to replace → the new option and its value. An option that the section does not hold is
                skipped. A name in upper case is replaced by a name in upper case.

        Raises:
            FileRefusedError: The section is missing; its header, a value or a line is one that SDKs read differently;
                an option is written in mixed case; or lines are indented under an option that is replaced.
        """
        section = self._find(profile)
        if section is None:
            raise FileRefusedError(
                f"{self._file}: [{profile}] does not exist any more; nothing was changed", hint="try again"
            )
        blocks = self._blocks(section)
        self._refuse_ambiguous(section, blocks, {*options, *(name for name, _ in options.values())})
        new = [self._ended(self._lines[section.start])]
        done: dict[str, str] = {}
        for key, lines in blocks:
            line = option_line(lines[0]) if key in options else None
            if key is None or line is None:
                new += lines
                continue
            name, value = options[key]
            done[name] = self._checked(name, value)
            new += [f"{line.indent}{self._spelled(line.key, name)}{line.sign}{value}{line.end}", *lines[1:]]
        self._replace(section, new, done, frozenset(options) - done.keys())

    def clear_section(self, profile: str, options: Collection[str], *, mark: str) -> bool:
        """Remove options from a section of encee, and then the section if it is empty.

        Removing a section that `write_section` or `set_options` added restores the bytes from before: the line end
        before its header goes, and where the file ends without a line end, so does the one that was added to the line
        before. Other options and comments stay, and then the header stays, too. A comment after a removed option moves
        to column 0. Comments after the last option belong to what follows and stay.

        Args:
            profile: The profile whose section is edited; it may have none.
            options: The options to remove.
            mark: The option that says that encee manages the section. It counts only in the section itself, not when
                inherited from `[DEFAULT]`.

        Returns:
            Whether the profile has a section with the mark.

        Raises:
            FileRefusedError: The section's header or a line is one that SDKs read differently, or lines are indented
                under an option that is removed.
        """
        section = self._find(profile)
        blocks = self._blocks(section) if section else []
        if section is None or all(block.key != mark for block in blocks):
            return False
        self._refuse_ambiguous(section, blocks, options)
        kept = _without(blocks, options)
        if any(line.strip() for line in kept):
            self._leave(section, kept, options)
        else:
            self._cut(section)
        return True

    def remove_options(self, profile: str, options: Collection[str]) -> None:
        """Remove options from a section of the user, and keep its other options in place.

        The section stays even when it is empty, since the user may have made it. A comment after a removed option
        moves to column 0.

        Args:
            profile: The profile whose section is edited; it may have none.
            options: The options to remove.

        Raises:
            FileRefusedError: The section's header or a line is one that SDKs read differently, or lines are indented
                under an option that is removed.
        """
        section = self._find(profile)
        blocks = self._blocks(section) if section else []
        if section is None or all(block.key not in options for block in blocks):
            return
        self._refuse_ambiguous(section, blocks, options)
        self._leave(section, _without(blocks, options), options)

    def render(self) -> bytes:
        """Verify the edited content and return it.

        Raises:
            FileRefusedError: The AWS tools would not read it as meant, or bytes outside the edits have changed.
        """
        data = "".join(self._lines).encode()
        if data != self._original and not (self._keeps_the_rest() and self._reads_as_meant(data)):
            raise FileRefusedError(
                f"{self._file}: the edit would change how the AWS tools read the file; nothing was changed",
                hint=f"look for keys in [DEFAULT], odd indentation and odd names of keys in {self._file}",
            )
        return data

    def _keeps_the_rest(self) -> bool:
        """Whether the bytes before the first edit and after the last are the original's.

        The bytes between two edits are compared by the view only.
        """
        head = "".join(self._lines[: self._head]).encode()
        tail = "".join(self._lines[len(self._lines) - self._tail :]).encode()
        return self._original.startswith(head) and self._original.endswith(tail)

    def _reads_as_meant(self, data: bytes) -> bool:
        try:
            return read_view(data, self._file) == self.view
        except UnreadableError:  # its message would name a line of the new content, which is not in the file
            return False

    def _find(self, profile: str) -> Section | None:
        return find(self._lines, profile, self._headers, self._file)

    def _blocks(self, section: Section) -> list[Block]:
        return divide([self._ended(line) for line in self._lines[section.start : section.end]], section, self._file)

    def _refuse_ambiguous(self, section: Section, blocks: Sequence[Block], options: Collection[str]) -> None:
        refuse_ambiguous(blocks, section, self._file, options)

    def _replace(
        self, section: Section, new: Sequence[str], options: Mapping[str, str], without: frozenset[str]
    ) -> None:
        """Replace the lines of a section, and update the expected view."""
        replaced = list(new)
        if not self._lines[section.end - 1].endswith("\n"):
            _drop_last_line_end(replaced)
        self._touch(section.start, section.end)
        self._lines[section.start : section.end] = replaced
        others = {key: value for key, value in self.view[section.header].items() if key not in without}
        self.view[section.header] = {**others, **options}

    def _leave(self, section: Section, kept: Sequence[str], options: Collection[str]) -> None:
        """Reduce a section to its header and the lines that are left without some options."""
        inherited = {key: value for key, value in self.view["DEFAULT"].items() if key in options}
        self._replace(section, [self._ended(self._lines[section.start]), *kept], inherited, frozenset(options))

    def _cut(self, section: Section) -> None:
        """Delete a section and the line end that `_append` added before it."""
        start = section.start
        if start and not self._lines[start - 1].strip("\r\n"):
            start -= 1
        was_given_an_end = 0 < start < section.start and not self._lines[section.end - 1].endswith("\n")
        self._touch(start - was_given_an_end, section.end)
        self._lines[start : section.end] = []
        if was_given_an_end:
            _drop_last_line_end(self._lines)
        del self.view[section.header]

    def _touch(self, start: int, end: int) -> None:
        """Note that the lines from `start` to before `end` are about to change."""
        self._head = min(self._head, start)
        self._tail = min(self._tail, len(self._lines) - end)

    def _append(self, profile: str, options: Mapping[str, str], without: frozenset[str]) -> None:
        """Add a section to the end of the file, after a line end of its own.

        A file whose last line has no line end gets two and again ends without one, so that `clear_section` can restore
        the bytes from before.
        """
        header = self._headers.build_header(profile)
        added = [f"[{header}]{self._line_end}", *(self._line(key, value) for key, value in options.items())]
        self._touch(len(self._lines), len(self._lines))
        if self._lines:
            if not self._lines[-1].endswith("\n"):
                self._touch(len(self._lines) - 1, len(self._lines))
                self._lines[-1] = self._ended(self._lines[-1])
                added[-1] = added[-1].rstrip("\r\n")
            self._lines.append(self._line_end)
        self._lines += added
        inherited = {key: value for key, value in self.view["DEFAULT"].items() if key not in without}
        self.view[header] = {**inherited, **options}

    def _ended(self, line: str) -> str:
        return line if line.endswith("\n") else line + self._line_end

    def _line(self, key: str, value: str, before: str = "") -> str:
        """Return the line that sets an option, with the line end of the replaced line."""
        line_end = before[len(before.rstrip("\r\n")) :] or self._line_end
        return f"{key} = {self._checked(key, value)}{line_end}"

    def _spelled(self, before: str, name: str) -> str:
        """Return a name in the case of the replaced name, so that the edit is reversible."""
        if before.lower() == name:
            return before
        if before not in {before.lower(), before.upper()}:
            raise FileRefusedError(
                f"{self._file}: {before} is written in mixed case, in which many AWS tools do not find it; "
                "nothing was changed",
                hint=f"write it as {before.lower()}",
            )
        return name.upper() if before == before.upper() else name

    def _checked(self, key: str, value: str) -> str:
        if not PORTABLE_VALUE.fullmatch(value):
            raise FileRefusedError(
                f"{self._file}: {key} has a value that AWS tools would not read alike; nothing was changed",
                hint="a value must be printable ASCII without blanks, quotes, '#', ';' and backslashes",
            )
        return value


def _without(blocks: Sequence[Block], options: Collection[str], instead: Mapping[str, str] | None = None) -> list[str]:
    """Return the lines of blocks without some options; unindent the comments after them.

    Args:
        blocks: The blocks of a section.
        options: The options whose lines go.
        instead: Option → the line that replaces it.
    """
    kept: list[str] = []
    follows_removed = False
    for key, lines in blocks:
        if key is not None and key in options:
            # Some SDKs take an indented comment for a part of the value above it.
            kept += [instead[key]] if instead and key in instead else []
            kept += map(comment_at_column_0, filter(is_comment, lines[1:]))
            follows_removed = True
        elif key is None and follows_removed:
            kept += map(comment_at_column_0, lines)
        else:
            kept += lines
            follows_removed = False
    return kept


def _refuse_name(profile: str) -> None:
    if not is_portable_name(profile):
        raise UsageError(
            f"{profile!r} cannot be the name of a profile that every AWS tool can read",
            hint="choose a name of letters, digits and _-/.%@:+ with --to NAME",
        )


def _drop_last_line_end(lines: list[str]) -> None:
    """Remove the line end of the last line, or that line when it is blank."""
    last = lines.pop().rstrip("\r\n")
    lines += [last] if last else []
