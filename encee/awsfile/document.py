"""The edit: bytes in, bytes out; no file and no clock.

Only the lines of the section that is edited are touched, from its header to its last option; the comments and
blank lines behind that belong to whatever follows. They are spliced into the text by line, and the result is
verified before anybody may write it: the AWS tools have to read every other section as before, and the edited
one as meant.
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

# Not str.splitlines(), which also splits at U+2028, U+0085, \x0b and more. A lone CR is refused beforehand.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LONE_CR = re.compile(rb"\r(?!\n)")


class Document:
    """One of the two files while it is edited.

    Args:
        data: The file's content.
        file: Its path, for errors.
        headers: How this file names its sections.

    Raises:
        FileRefusedError: The AWS tools could not read the content, or it holds a lone CR, which they and the
            SDKs take for different things.
    """

    def __init__(self, data: bytes, file: Path, headers: Headers) -> None:
        self.view: View = read_view(data, file)
        """What the AWS tools read, kept in step with the edits."""
        if lone := _LONE_CR.search(data):
            line = data.count(b"\n", 0, lone.start()) + 1
            remedy = "save the file with one kind of line end"
            raise unreadable(file, line, "a carriage return without a line feed", remedy)
        self._original = data
        self._file = file
        self._headers = headers
        self._lines: list[str] = _LINE.findall(data.decode())
        self._head = self._tail = len(self._lines)
        """How many lines at the beginning and at the end no edit has touched."""
        self._line_end = "\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else "\n"

    def own(self, profile: str, options: Mapping[str, str], *, without: frozenset[str] = frozenset()) -> None:
        """Make a section that belongs to encee hold these options, in a form that every SDK reads alike.

        They stand together in the place of the first of them, at column 0 and in lower case. What a person
        put into the section stays, its keys and comments at column 0. A missing section comes to the end of
        the file.

        Args:
            profile: Whose section.
            options: What it has to hold, in this order.
            without: Options to remove, such as a stale `aws_security_token`.

        Raises:
            FileRefusedError: The section is spelled, or a value or an indented line is, in a way that SDKs disagree
                about; or lines are indented under an option that is replaced or removed.
            UsageError: The profile's name is.
        """
        _refuse_name(profile)
        found = self._find(profile)
        if found is None:
            self._append(profile, options, without)
            return
        ours = [self._line(key, value) for key, value in options.items()]
        kept: list[str] = []
        place = None
        blocks = self._blocks(found)
        self._refuse_ambiguous(found, blocks, {*options, *without})
        for key, lines in blocks:
            if not (key in options or key in without):
                kept += [lines[0].lstrip(" \t"), *map(comment_at_column_0, lines[1:])]
                continue
            place = len(kept) if place is None else place
            kept += map(comment_at_column_0, filter(is_comment, lines[1:]))
        place = len(kept) if place is None else place
        header = f"[{found.header}]{self._line_end}"
        self._replace(found, [header, *kept[:place], *ours, *kept[place:]], options, without)

    def set(self, profile: str, options: Mapping[str, str]) -> None:
        """Set options in a section that belongs to a person, moving nothing else in it but their comments.

        An option at column 0 keeps its place and its line end. An indented one, which some SDKs take for a part of the
        value above it, moves to the end of the section, where a missing one is added; a comment after one that is set
        moves to column 0. A missing section is added to the end of the file.

        Args:
            profile: Whose section.
            options: What to set.

        Raises:
            FileRefusedError: The section is spelled, or a value or a line is, in a way that SDKs disagree about; or
                lines are indented under an option that is set.
            UsageError: The profile's name is, and it has no section yet; or it is `DEFAULT`.
        """
        found = None if profile == "DEFAULT" else self._find(profile)
        if found is None:
            _refuse_name(profile)
            self._append(profile, options, frozenset())
            return
        blocks = self._blocks(found)
        self._refuse_ambiguous(found, blocks, options)
        in_place = {
            key: self._line(key, options[key], lines[0])
            for key, lines in blocks
            if key is not None and key in options and not lines[0][0].isspace()
        }
        added = [self._line(key, value) for key, value in options.items() if key not in in_place]
        header = self._ended(self._lines[found.start])
        self._replace(found, [header, *_without(blocks, options, in_place), *added], options, frozenset())

    def replace_options(self, profile: str, options: Mapping[str, tuple[str, str]]) -> None:
        """Put other options in the place of some of a section, each with the blanks that its line has.

        Args:
            profile: Whose section; one that it must have.
            options: What is there → the option and the value that come in its place. What is not there is passed over.
                A name in upper case is replaced by one in upper case.

        Raises:
            FileRefusedError: The section is missing or spelled, or a value or a line is, in a way that SDKs disagree
                about; an option is spelled in mixed case; or lines are indented under one that is replaced.
        """
        found = self._find(profile)
        if found is None:
            raise FileRefusedError(f"{self._file}: [{profile}] is gone; nothing was changed", hint="try again")
        blocks = self._blocks(found)
        self._refuse_ambiguous(found, blocks, {*options, *(name for name, _ in options.values())})
        new = [self._ended(self._lines[found.start])]
        done: dict[str, str] = {}
        for key, lines in blocks:
            line = option_line(lines[0]) if key in options else None
            if key is None or line is None:
                new += lines
                continue
            name, value = options[key]
            done[name] = self._checked(name, value)
            new += [f"{line.indent}{self._spelled(line.key, name)}{line.sign}{value}{line.end}", *lines[1:]]
        self._replace(found, new, done, frozenset(options) - done.keys())

    def remove(self, profile: str, options: Collection[str], *, mark: str) -> bool:
        """Take options out of a section that belongs to encee, and the section itself when nothing else is in it.

        A section that `own` or `set` added goes without a trace: with the line end before its header and, where
        the file ends without one, with the one that the line before them was given. What a person put into the
        section stays, and then so does its header; a comment that stood behind an option that goes comes to
        column 0. Comments behind the last option belong to whatever follows and stay as well.

        Args:
            profile: Whose section; that there is none is no error.
            options: What to take out.
            mark: The option that makes the section encee's. It has to stand in the section itself: one that is
                inherited from `[DEFAULT]` does not count.

        Returns:
            Whether there was such a section.

        Raises:
            FileRefusedError: The section or a line in it is spelled in a way that SDKs disagree about, or lines are
                indented under an option that is removed.
        """
        found = self._find(profile)
        blocks = self._blocks(found) if found else []
        if found is None or all(block.key != mark for block in blocks):
            return False
        self._refuse_ambiguous(found, blocks, options)
        kept = _without(blocks, options)
        if any(line.strip() for line in kept):
            self._leave(found, kept, options)
        else:
            self._cut(found)
        return True

    def unset(self, profile: str, options: Collection[str]) -> None:
        """Take options out of a section that belongs to a person, moving nothing else in it but their comments.

        The section stays, even with nothing in it: a person may have made it. A comment that stood behind an option
        that goes comes to column 0.

        Args:
            profile: Whose section; that there is none is no error.
            options: What to take out.

        Raises:
            FileRefusedError: The section or a line in it is spelled in a way that SDKs disagree about, or lines are
                indented under an option that is removed.
        """
        found = self._find(profile)
        blocks = self._blocks(found) if found else []
        if found is None or all(block.key not in options for block in blocks):
            return
        self._refuse_ambiguous(found, blocks, options)
        self._leave(found, _without(blocks, options), options)

    def data(self) -> bytes:
        """The edited content, verified.

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
        """Whether the bytes before the first edit and behind the last one are the original's.

        Between two edits nothing but the view is compared: there, all that ever changes are the lines of a section.
        """
        head = "".join(self._lines[: self._head]).encode()
        tail = "".join(self._lines[len(self._lines) - self._tail :]).encode()
        return self._original.startswith(head) and self._original.endswith(tail)

    def _reads_as_meant(self, data: bytes) -> bool:
        try:
            return read_view(data, self._file) == self.view
        except UnreadableError:  # whose line is none of the file that is there
            return False

    def _find(self, profile: str) -> Section | None:
        return find(self._lines, profile, self._headers, self._file)

    def _blocks(self, found: Section) -> list[Block]:
        return divide([self._ended(line) for line in self._lines[found.start : found.end]], found, self._file)

    def _refuse_ambiguous(self, found: Section, blocks: Sequence[Block], options: Collection[str]) -> None:
        refuse_ambiguous(blocks, found, self._file, options)

    def _replace(self, found: Section, new: Sequence[str], options: Mapping[str, str], without: frozenset[str]) -> None:
        """Put new lines in the place of a section's, and say how the AWS tools have to read it."""
        replaced = list(new)
        if not self._lines[found.end - 1].endswith("\n"):
            _drop_last_line_end(replaced)
        self._touch(found.start, found.end)
        self._lines[found.start : found.end] = replaced
        others = {key: value for key, value in self.view[found.header].items() if key not in without}
        self.view[found.header] = {**others, **options}

    def _leave(self, found: Section, kept: Sequence[str], options: Collection[str]) -> None:
        """Leave the header and these lines of a section, which are without some options."""
        inherited = {key: value for key, value in self.view["DEFAULT"].items() if key in options}
        self._replace(found, [self._ended(self._lines[found.start]), *kept], inherited, frozenset(options))

    def _cut(self, found: Section) -> None:
        """Take a section out, and what `_append` added in front of it."""
        start = found.start
        if start and not self._lines[start - 1].strip("\r\n"):
            start -= 1
        was_given_an_end = 0 < start < found.start and not self._lines[found.end - 1].endswith("\n")
        self._touch(start - was_given_an_end, found.end)
        self._lines[start : found.end] = []
        if was_given_an_end:
            _drop_last_line_end(self._lines)
        del self.view[found.header]

    def _touch(self, start: int, end: int) -> None:
        """Note that the lines from `start` up to, not including, `end` are about to change."""
        self._head = min(self._head, start)
        self._tail = min(self._tail, len(self._lines) - end)

    def _append(self, profile: str, options: Mapping[str, str], without: frozenset[str]) -> None:
        """Add a section to the end of the file, behind one line end of its own.

        A file whose last line has no end gets two and ends without one again, so that the section can be
        taken out later without leaving a trace.
        """
        header = self._headers.text(profile)
        section = [f"[{header}]{self._line_end}", *(self._line(key, value) for key, value in options.items())]
        self._touch(len(self._lines), len(self._lines))
        if self._lines:
            if not self._lines[-1].endswith("\n"):
                self._touch(len(self._lines) - 1, len(self._lines))
                self._lines[-1] = self._ended(self._lines[-1])
                section[-1] = section[-1].rstrip("\r\n")
            self._lines.append(self._line_end)
        self._lines += section
        inherited = {key: value for key, value in self.view["DEFAULT"].items() if key not in without}
        self.view[header] = {**inherited, **options}

    def _ended(self, line: str) -> str:
        return line if line.endswith("\n") else line + self._line_end

    def _line(self, key: str, value: str, before: str = "") -> str:
        """The line that sets an option, with the line end of the one before it, else with the file's."""
        line_end = before[len(before.rstrip("\r\n")) :] or self._line_end
        return f"{key} = {self._checked(key, value)}{line_end}"

    def _spelled(self, before: str, name: str) -> str:
        """An option's name in the case of the one that it replaces, so that the way back gives the same line."""
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
    """The lines of blocks without those of some options; the comments that stood behind these come to column 0.

    Args:
        blocks: The section's.
        options: The options whose lines go.
        instead: Option → the line that comes in its place.
    """
    kept: list[str] = []
    is_behind = False
    for key, lines in blocks:
        if key is not None and key in options:
            # Behind another value, an indented comment would be a part of it for some SDKs.
            kept += [instead[key]] if instead and key in instead else []
            kept += map(comment_at_column_0, filter(is_comment, lines[1:]))
            is_behind = True
        elif key is None and is_behind:
            kept += map(comment_at_column_0, lines)
        else:
            kept += lines
            is_behind = False
    return kept


def _refuse_name(profile: str) -> None:
    if not is_portable_name(profile):
        raise UsageError(
            f"{profile!r} cannot be the name of a profile that every AWS tool can read",
            hint="choose a name of letters, digits and _-/.%@:+ with --to NAME",
        )


def _drop_last_line_end(lines: list[str]) -> None:
    """Let lines end without a line end; a last one that is nothing else goes."""
    last = lines.pop().rstrip("\r\n")
    lines += [last] if last else []
