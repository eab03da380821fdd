"""Edit the bytes of one of the two files; reads no file and no clock.

An edit changes the lines of one section only, from its header to its last option. Comments and blank lines after the
last option belong to what follows. `Document.render` verifies the result: the AWS tools must read every other section
as before, and the edited section as meant.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from encee.awsfile.section_editor import SectionEditor
from encee.awsfile.sections import Headers, Section, find_section
from encee.awsfile.syntax import (
    PORTABLE_COMMAND,
    PORTABLE_VALUE,
    UnreadableError,
    View,
    is_portable_name,
    read_view,
)
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
            raise UnreadableError.in_line(file, line, "a carriage return without a line feed", remedy)
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
        self._refuse_values(options.items())
        editor = self._open_section(profile) or self._add_section(profile)
        editor.rewrite(options, without)
        self._replace(editor, options, without)

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
        self._refuse_values(options.items())
        editor = None if profile == "DEFAULT" else self._open_section(profile)
        if editor is None:
            _refuse_name(profile)
            editor = self._add_section(profile)
        editor.set_in_place(options)
        self._replace(editor, options)

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
        self._refuse_values(options.values())
        editor = self._open_section(profile)
        if editor is None:
            raise FileRefusedError(f"{self._file}: [{profile}] no longer exists; nothing was changed", hint="try again")
        replaced = editor.replace(options)
        self._replace(editor, replaced, options.keys() - replaced.keys())

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
        editor = self._open_section(profile)
        if editor is None or mark not in editor.options:
            return False
        editor.remove(options)
        if any(line.strip() for line in editor.render()[1:]):
            self._replace(editor, self._list_inherited(options), options)
        else:
            self._cut(editor.section)
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
        editor = self._open_section(profile)
        if editor and not editor.options.keys().isdisjoint(options):
            editor.remove(options)
            self._replace(editor, self._list_inherited(options), options)

    def render(self) -> bytes:
        """Verify the edited content and return it.

        Raises:
            FileRefusedError: The AWS tools would not read it as meant, or bytes outside the edits have changed.
        """
        data = "".join(self._lines).encode()
        if data == self._original:
            return data
        # The bytes between two edits are compared by the view only.
        head = "".join(self._lines[: self._head]).encode()
        tail = "".join(self._lines[len(self._lines) - self._tail :]).encode()
        try:
            is_as_meant = read_view(data, self._file) == self.view
        except UnreadableError:  # its message would name a line of the new content, which is not in the file
            is_as_meant = False
        if not (is_as_meant and self._original.startswith(head) and self._original.endswith(tail)):
            raise FileRefusedError(
                f"{self._file}: the edit would change how the AWS tools read the file; nothing was changed",
                hint=f"look for keys in [DEFAULT], odd indentation and odd names of keys in {self._file}",
            )
        return data

    def _open_section(self, profile: str) -> SectionEditor | None:
        section = find_section(self._lines, profile, self._headers, self._file)
        if section is None:
            return None
        lines = self._lines[section.start : section.end]
        if not lines[-1].endswith("\n"):
            lines[-1] += self._line_end
        return SectionEditor(lines, section, self._line_end, self._file)

    def _refuse_values(self, options: Iterable[tuple[str, str]]) -> None:
        for name, value in options:
            portable = PORTABLE_COMMAND if name == "credential_process" else PORTABLE_VALUE
            if not portable.fullmatch(value):
                raise FileRefusedError(
                    f"{self._file}: {name} has a value that AWS tools would not read alike; nothing was changed",
                    hint="a value must be printable ASCII without blanks, quotes, '#', ';' and backslashes",
                )

    def _list_inherited(self, options: Collection[str]) -> dict[str, str]:
        """Return the values that a section inherits for options without its own."""
        return {name: value for name, value in self.view["DEFAULT"].items() if name in options}

    def _add_section(self, profile: str) -> SectionEditor:
        """Add an empty section to the end of the file, after a line end of its own.

        A file whose last line has no line end gets two and again ends without one, so that `clear_section` can restore
        the bytes from before.
        """
        header = self._headers.build_header(profile)
        start = len(self._lines)
        line = f"[{header}]{self._line_end}"
        added = [line]
        if self._lines and self._lines[-1].endswith("\n"):
            added = [self._line_end, line]
        elif self._lines:
            start -= 1
            added = [self._lines[start] + self._line_end, self._line_end, f"[{header}]"]
        self._splice(start, len(self._lines), added)
        self.view[header] = dict(self.view["DEFAULT"])
        section = Section(len(self._lines) - 1, len(self._lines), header)
        return SectionEditor([line], section, self._line_end, self._file)

    def _replace(self, editor: SectionEditor, options: Mapping[str, str], without: Collection[str] = ()) -> None:
        """Replace a section by its edited lines, and update the expected view."""
        section, lines = editor.section, editor.render()
        if not self._lines[section.end - 1].endswith("\n"):
            lines = _remove_last_line_end(lines)
        self._splice(section.start, section.end, lines)
        others = {name: value for name, value in self.view[section.header].items() if name not in without}
        self.view[section.header] = {**others, **options}

    def _cut(self, section: Section) -> None:
        """Delete a section, and the line ends that `_add_section` added before it."""
        start = section.start
        before: list[str] = []
        if start and not self._lines[start - 1].strip("\r\n"):
            start -= 1
            if start and not self._lines[section.end - 1].endswith("\n"):
                start -= 1
                before = _remove_last_line_end(self._lines[start : start + 1])
        self._splice(start, section.end, before)
        del self.view[section.header]

    def _splice(self, start: int, end: int, lines: Sequence[str]) -> None:
        """Replace lines, and note which lines before and after them never changed."""
        self._head = min(self._head, start)
        self._tail = min(self._tail, len(self._lines) - end)
        self._lines[start:end] = lines


def _refuse_name(profile: str) -> None:
    if not is_portable_name(profile):
        raise UsageError(
            f"{profile!r} cannot be the name of a profile that every AWS tool can read",
            hint="choose a name of letters, digits and _-/.%@:+",
        )


def _remove_last_line_end(lines: Sequence[str]) -> list[str]:
    """Return lines without the last line end, or without a blank last line."""
    last = lines[-1].rstrip("\r\n")
    return [*lines[:-1], last] if last else [*lines[:-1]]
