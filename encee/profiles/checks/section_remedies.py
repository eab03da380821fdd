"""Remedies that join sections, and set or delete options in them.

After each remedy the AWS CLI can read the file, whichever sections and options it had before.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from shlex import join, quote
from typing import NamedTuple

from encee.awsfile.lines import Kind, Line
from encee.awsfile.syntax import parse_config_header
from encee.profiles.checks.base import Examined, ExaminedFile
from encee.profiles.remedies import add, delete, join_steps, keep_one, move, unindent, write

_KEY_OPTIONS = frozenset({"aws_access_key_id", "aws_secret_access_key"})


class Remedy(NamedTuple):
    """Steps in words, and commands to type after them."""

    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def config_header(profile: str) -> str | None:
    """Return a header, in brackets, that the AWS CLI reads as the profile's, or None."""
    if profile == "default":
        return "[default]"
    names = (f"profile {profile}", f"profile '{profile}'", f'profile "{profile}"')
    return next((f"[{name}]" for name in names if "]" not in name and parse_config_header(name) == profile), None)


def join_sections(file: ExaminedFile, others: Sequence[Line], into: Line) -> Iterator[str]:
    """Move the settings of other sections to a section, and delete the others.

    Args:
        others: The headers of the sections to delete.
        into: The header of the section that stays, and whose settings count.
    """
    present = {line.option: line for line in file.sections[into.number] if line.kind is Kind.OPTION}
    below = max((line.number for line in file.sections[into.number] if is_setting(line)), default=into.number)
    deleted: list[int] = []
    moved: list[int] = []
    for header in others:
        deleted.append(header.number)
        new: dict[str, Line] = {}
        for line in filter(is_setting, file.sections[header.number]):
            read = present.get(line.option)
            if read is None:
                moved.append(line.number)
                new.setdefault(line.option, line)
            elif line.option in _KEY_OPTIONS and line.value != read.value:
                yield keep_one(file.path, read.number, line.number)
            else:
                deleted.append(line.number)
        present |= new
    if moved:
        stay = [line for line in file.sections[into.number] if line.number not in deleted]
        yield from unindent_options(file, [*stay, *(line for line in file.lines if line.number in moved)])
        yield move(file.path, moved, below)
    yield delete(file.path, deleted)


def unindent_options(file: ExaminedFile, lines: Sequence[Line]) -> Iterator[str]:
    """Return the step that moves indented options to column 0."""
    if indented := {line.number for line in lines if line.kind is Kind.OPTION and line.is_indented}:
        yield unindent(file.path, indented)


def is_setting(line: Line) -> bool:
    """Whether a line belongs to an option."""
    return line.kind in {Kind.OPTION, Kind.CONTINUATION}


def set_option(examined: Examined, profile: str, option: str, value: str, *, config_only: bool = False) -> Remedy:
    """Set an option of a profile in the file that has it, else in the config file.

    `aws configure set` writes to the config file, which the credentials file overrides. It adds a second section or
    option if a header or a name is spelled differently.

    Args:
        option: The option; `s3.NAME` for an option nested in `s3`.
        config_only: Whether the option counts in the config file only.
    """
    if not config_only and (lines := examined.credentials.find_option(profile, option)):
        return Remedy((*_overwrite(examined.credentials.path, lines, value),))
    if examined.is_one_file and (headers := examined.credentials.headers_by_profile.get(profile)):
        return Remedy((add(examined.credentials.path, headers[-1].number, f"{option} = {value}"),))
    file = examined.config
    lines = file.find_option(profile, option)
    if not all(map(_is_plain, lines)):
        return Remedy((*_overwrite(file.path, lines, value),))
    commands = (join(["aws", "configure", "set", option, value, "--profile", profile]),)
    headers = file.headers_by_profile.get(profile) or examined.misnamed_headers.get(profile)
    if headers is None or _is_as_aws_writes(headers[-1], profile):
        return Remedy((), commands)
    if header := config_header(profile):
        return Remedy((write(file.path, headers[-1].number, header),), commands)
    return Remedy((add(file.path, headers[-1].number, f"{option} = {value}"),))


def _overwrite(file: Path, lines: Sequence[Line], value: str) -> Iterator[str]:
    first, *rest = lines
    indentation = first.text[: len(first.text) - len(first.text.lstrip())]
    yield write(file, first.number, f"{indentation}{first.option} = {value}")
    if rest:
        yield delete(file, [line.number for line in rest])


def _is_plain(line: Line) -> bool:
    return line.kind is Kind.OPTION and not line.is_indented and line.name == line.option


def _is_as_aws_writes(header: Line, profile: str) -> bool:
    """Whether `aws configure` finds a header; otherwise it adds another.

    As in `awscli.customizations.configure.writer` and `profile_to_section`.
    """
    name = quote(profile) if re.search(r"\s", profile) else profile
    headers = ("[default]",) if profile == "default" else (f"[profile {name}]", f'[profile "{name}"]')
    return header.text.startswith(headers)


def delete_options(file: ExaminedFile, profile: str, names: Collection[str]) -> str | None:
    """Return the step that deletes options of a profile, if the file sets them."""
    numbers = [line.number for name in names for line in file.find_option(profile, name)]
    return join_steps(delete(file.path, numbers)) if numbers else None
