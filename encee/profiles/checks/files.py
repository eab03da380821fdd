"""Check whether all AWS tools read the sections of the two files alike."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from encee.awsfile.lines import Kind, Line
from encee.awsfile.sections import ConfigHeaders
from encee.awsfile.syntax import IGNORED_CHARACTERS, UnreadableError
from encee.profiles.checks.base import Check, Examined, ExaminedFile, Finding, State
from encee.profiles.checks.section_remedies import config_header, is_setting, join_sections, unindent_options
from encee.profiles.remedies import comment_out, copy, delete, join_steps, write

WAIT = "fix the other headers of the file first, and run encee doctor again"

MISPLACED_PREFIX = re.compile(r"profile\s+(\S.*)")
"""The name of a section of the credentials file that is meant for the profile after `profile`."""


def _report_unreadable(kind: str, examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if isinstance(file.fault, UnreadableError) and file.fault.kind == kind:
            yield Finding(State.ERROR, file.fault.message, file.fault.hint)


def _check_byte_order_mark(examined: Examined) -> Iterator[Finding]:
    return _report_unreadable("byte-order-mark", examined)


def _check_syntax(examined: Examined) -> Iterator[Finding]:
    return _report_unreadable("syntax", examined)


def _check_duplicates(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if _has_duplicates(file):
            headers: dict[str, list[Line]] = {}
            for line in file.lines:
                if line.kind is Kind.HEADER:
                    headers.setdefault(line.name, []).append(line)
            steps = [step for same in headers.values() if len(same) > 1 for step in _join_duplicates(file, same)]
            yield Finding(State.ERROR, str(file.fault), join_steps(*steps))
    if _has_duplicates(examined.config):
        return
    for profile, same in examined.config.headers_by_profile.items():
        if len(same) > 1 and profile != "default":
            yield Finding(
                State.WARNING,
                f"{examined.config.path} has {len(same)} sections for the profile {profile}: AWS tools take the last "
                "one, or join them",
                join_steps(*_join_duplicates(examined.config, same)),
            )


def _has_duplicates(file: ExaminedFile) -> bool:
    """Whether a file has two equal headers, so that the AWS CLI cannot read it."""
    return isinstance(file.fault, UnreadableError) and file.fault.kind == "duplicate-section"


def _join_duplicates(file: ExaminedFile, same: Sequence[Line]) -> Iterator[str]:
    """Return the steps that join sections to the last one, which the AWS CLI reads."""
    return join_sections(file, same[:-1], same[-1])


def _check_two_defaults(examined: Examined) -> Iterator[Finding]:
    file = examined.config
    if not _has_duplicates(file) and len(same := file.headers_by_profile.get("default", [])) > 1:
        steps = [*_join_duplicates(file, same)]
        if same[-1].name != "default":
            steps.append(write(file.path, same[-1].number, "[default]"))
        yield Finding(
            State.WARNING,
            f"{file.path} has both {' and '.join(f'[{line.name}]' for line in same)}: some AWS tools take the later "
            "one, others [profile default]",
            join_steps(*steps),
        )


def _check_default_section(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if file.view.get("DEFAULT"):
            yield Finding(
                State.WARNING,
                f"{file.path} has a section [DEFAULT], which Python's tools add to every profile and others to none",
                join_steps(*_distribute_defaults(file)),
            )


def _distribute_defaults(file: ExaminedFile) -> Iterator[str]:
    """Return the steps that replace `[DEFAULT]` by its options in every profile."""
    defaults = [line for line in file.lines if line.kind is Kind.HEADER and line.name == "DEFAULT"]
    shared = [line for header in defaults for line in file.sections[header.number] if is_setting(line)]
    yield from unindent_options(file, [line for line in file.lines if line.name])
    for headers in file.headers_by_profile.values():
        own = {line.option for line in file.sections[headers[-1].number]}
        if missing := [line.number for line in shared if line.option not in own]:
            yield copy(file.path, missing, headers[-1].number)
    yield delete(file.path, [line.number for line in [*defaults, *shared]])


def _check_header_spelling(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        sections = {f"[{line.name}]": line for line in file.lines if line.kind is Kind.HEADER}
        for line in file.lines:
            if line.text.lstrip(IGNORED_CHARACTERS).startswith("[") and not _is_plain(line, file):
                yield Finding(
                    State.WARNING,
                    f"{file.path}: line {line.number} holds a '[' that some AWS tools take for a section and others "
                    "do not",
                    join_steps(*_correct_header(line, file, sections)),
                )


def _is_plain(line: Line, file: ExaminedFile) -> bool:
    """Whether every AWS tool reads a line as the same section."""
    name = line.name
    if line.kind is not Kind.HEADER or line.text.rstrip() != f"[{name}]" or re.search("[]#;]", name):
        return False
    profile = file.headers.parse_profile(name)
    if profile is None or profile == name:
        return name == name.strip()
    return file.headers.is_portable(name, profile)


def _correct_header(line: Line, file: ExaminedFile, sections: dict[str, Line]) -> Iterator[str]:
    """Return the steps that correct a header, or join its section to another.

    Args:
        line: The header's line.
        file: The file.
        sections: Header, in brackets → the line that has it, or gets it by the steps for another line.
    """
    match = re.match(r"\s*\[([^\[\]]+)\]", line.text) if line.kind is Kind.HEADER else None
    name = re.sub(r"\A(profile)\s+", r"\1 ", re.sub("[#;]", "-", match[1].strip())) if match else ""
    if not name:
        yield comment_out(file.path, line.number)
        return
    header = f"[{name}]"
    if (
        isinstance(file.headers, ConfigHeaders)
        and not file.headers.is_shared
        and (profile := file.headers.parse_profile(name)) is not None
    ):
        header = config_header(profile) or header
    existing = sections.setdefault(header, line)
    if existing is line:
        yield write(file.path, line.number, header)
    else:
        yield from join_sections(file, [line], existing)


def _check_profile_prefix(examined: Examined) -> Iterator[Finding]:
    file = examined.credentials
    for name, headers in () if examined.is_one_file else file.headers_by_profile.items():
        if match := MISPLACED_PREFIX.fullmatch(name):
            existing = file.headers_by_profile.get(match[1])
            steps = (
                join_sections(file, headers, existing[-1])
                if existing
                else _rename_section(file, headers, f"[{match[1]}]")
            )
            yield Finding(
                State.WARNING,
                f"{file.path} has a section [{name}]: only headers of the config file begin with profile",
                join_steps(*steps),
            )


def _rename_section(file: ExaminedFile, headers: Sequence[Line], header: str) -> Iterator[str]:
    """Return the steps that give a section another header, and join others to it."""
    yield write(file.path, headers[0].number, header)
    if len(headers) > 1:
        yield from join_sections(file, headers[1:], headers[0])


def _check_missing_prefix(examined: Examined) -> Iterator[Finding]:
    file = examined.config
    for profile, headers in examined.misnamed_headers.items():
        existing, header = file.headers_by_profile.get(profile), config_header(profile)
        if existing:
            steps = join_sections(file, headers, existing[-1])
        elif header:
            steps = _rename_section(file, headers, header)
        else:
            steps = iter(["choose a name without quotes and brackets for the profile, in both files"])
        names = " and ".join(f"[{line.name}]" for line in headers)
        yield Finding(
            State.WARNING,
            f"{file.path} has a section {names}, which the AWS tools do not read as a profile",
            join_steps(*steps),
        )


_OF_HEADERS: Mapping[str, Callable[[Examined], Iterator[Finding]]] = {
    "duplicate-section": _check_duplicates,
    "header-spelling": _check_header_spelling,
    "profile-prefix": _check_profile_prefix,
    "missing-prefix": _check_missing_prefix,
    "two-defaults": _check_two_defaults,
    "default-section": _check_default_section,
}
"""The checks whose remedies change headers or move settings between sections."""


def _avoid_conflicts(check: str) -> Callable[[Examined], Iterator[Finding]]:
    """Return a check of headers without steps that conflict with another check.

    Two remedies could give two sections the same header, or move an option twice to the same section.
    """

    def look(examined: Examined) -> Iterator[Finding]:
        first: dict[str, str] = {}
        moved: set[str] = set()
        for id_, find in _OF_HEADERS.items():
            for finding in find(examined):
                remedy = finding.remedy or ""
                paths = [str(file.path) for file in examined.both if f" of {file.path}" in remedy]
                moves = " below line " in remedy
                waits = any(first.setdefault(path, id_) != id_ or (moves and path in moved) for path in paths)
                if moves and not waits:
                    moved.update(paths)
                if id_ == check:
                    yield finding._replace(remedy=WAIT) if waits else finding
            if id_ == check:
                return

    return look


FILE_CHECKS: tuple[Check[Examined], ...] = (
    Check("byte-order-mark", "neither file begins with a byte-order mark", _check_byte_order_mark),
    Check("duplicate-section", "no profile has two sections in one file", _avoid_conflicts("duplicate-section")),
    Check("syntax", "the AWS tools can read both files", _check_syntax),
    Check("header-spelling", "all AWS tools read the headers alike", _avoid_conflicts("header-spelling")),
    Check("profile-prefix", "the credentials file has no [profile …]", _avoid_conflicts("profile-prefix")),
    Check(
        "missing-prefix", "the config file's headers of profiles begin with profile", _avoid_conflicts("missing-prefix")
    ),
    Check("two-defaults", "there is at most one default profile", _avoid_conflicts("two-defaults")),
    Check("default-section", "neither file has a section [DEFAULT]", _avoid_conflicts("default-section")),
)
"""In the order of the output."""
