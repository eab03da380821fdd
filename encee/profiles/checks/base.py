"""The checks of `encee doctor`, their findings, and what they look at."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.lines import FileLines, Kind, Line
from encee.awsfile.paths import AwsPaths
from encee.awsfile.sections import Headers, choose_headers
from encee.awsfile.syntax import UnreadableError, View, salvage_view
from encee.errors import FileRefusedError
from encee.profiles.catalog import Catalog

Subject = TypeVar("Subject")
"""The type that a check looks at."""


class State(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    """The check could not be done, which is not an error by itself."""


class Finding(NamedTuple):
    """The result of a check.

    Args:
        message: One line, without a secret.
        remedy: What to do, in words; None if nothing, or if `commands` are enough.
        commands: The commands to type, in order.
    """

    state: State
    message: str
    remedy: str | None = None
    commands: tuple[str, ...] = ()


class Check(NamedTuple, Generic[Subject]):
    """A check; `docs/doctor.md` describes each.

    Args:
        fine: The message when there is no finding.
        obstacle: Returns why the check is not complete, or None; without a finding its state is then unknown.
    """

    id: str
    fine: str
    look: Callable[[Subject], Iterable[Finding]]
    obstacle: Callable[[Subject], str | None] = lambda _subject: None


class CheckResult(NamedTuple):
    """The id of a check, and a finding."""

    check: str
    finding: Finding


def run_checks(checks: Sequence[Check[Subject]], subject: Subject) -> Iterator[CheckResult]:
    """Run checks in order; return at least one finding for each."""
    for check in checks:
        for finding in [*check.look(subject)] or [_default_finding(check, subject)]:
            yield CheckResult(check.id, finding)


def _default_finding(check: Check[Subject], subject: Subject) -> Finding:
    obstacle = check.obstacle(subject)
    return Finding(State.UNKNOWN, obstacle) if obstacle else Finding(State.OK, check.fine)


_NOT_OF_PROFILES = re.compile(r"DEFAULT|plugins|preview|(?:sso-session|services)\s.*")

OF_A_PROFILE = re.compile(r"region|output|role_arn|source_profile|credential_\w+|mfa_\w+|aws_\w+|sso_\w+")
"""The options that only a profile's section has."""


@dataclass(frozen=True)
class ExaminedFile(FileLines):
    """One of the two files; its content is empty if it cannot be read.

    Args:
        view: The sections that can be read.
        fault: Why encee refuses the file, if it does: an `UnreadableError`, or an error of the operating system.
    """

    store: AwsFile
    view: View
    fault: FileRefusedError | None

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.store.path

    def section(self, profile: str) -> str:
        """Return the header of a profile in this file, in brackets."""
        return f"[{self.headers.build_header(profile)}]"


@dataclass(frozen=True)
class Examined:
    """The two files, as far as they can be read, and the environment."""

    credentials: ExaminedFile
    config: ExaminedFile
    catalog: Catalog
    environ: Mapping[str, str]
    legacy_serial: str | None

    @property
    def is_one_file(self) -> bool:
        """Whether both paths lead to one file."""
        return AwsPaths(self.credentials.path, self.config.path).are_same

    @property
    def both(self) -> Sequence[ExaminedFile]:
        """The two files, or the single file for both."""
        return (self.credentials,) if self.is_one_file else (self.credentials, self.config)

    @property
    def unread(self) -> str | None:
        """Why a check of the files' contents is not complete, or None."""
        return None if self.is_readable else "fix the files first"

    @property
    def unopened(self) -> str | None:
        """Why a check of the files' first bytes is not complete, or None."""
        closed = any(file.fault and not isinstance(file.fault, UnreadableError) for file in self.both)
        return self.unread if closed else None

    @cached_property
    def misnamed_headers(self) -> dict[str, list[Line]]:
        """Profile → the headers of the config file for it without a `profile` prefix."""
        headers: dict[str, list[Line]] = {}
        for line in () if self.is_one_file else self.config.lines:
            if line.kind is not Kind.HEADER or _NOT_OF_PROFILES.fullmatch(line.name):
                continue
            if self.config.headers.parse_profile(line.name) is not None:
                continue
            profile = _guess_profile(line.name, self.catalog.credentials)
            own = [setting.option for setting in self.config.sections[line.number] if setting.kind is Kind.OPTION]
            if profile in self.catalog.credentials or any(map(OF_A_PROFILE.fullmatch, own)):
                headers.setdefault(profile, []).append(line)
        return headers

    @property
    def is_readable(self) -> bool:
        """Whether encee and the AWS tools can read both files."""
        return not any(file.fault for file in self.both)


def _guess_profile(name: str, profiles: Collection[str]) -> str:
    if name in profiles:
        return name
    prefix = r"\A\s*profile(?:\s+|(?=[\"']))"
    return re.sub(prefix, "", name.partition("]")[0], flags=re.IGNORECASE).strip(" \t\"'")


def examine(
    files: AwsPaths, environ: Mapping[str, str], legacy_serial: str | None, warn: Callable[[str], None]
) -> Examined:
    """Read as much of the two files as possible."""
    headers = choose_headers(files)
    credentials, config = (_examine_file(*file, warn) for file in zip(files, headers, strict=True))
    return Examined(credentials, config, Catalog(credentials.view, config.view), environ, legacy_serial)


def _examine_file(path: Path, headers: Headers, warn: Callable[[str], None]) -> ExaminedFile:
    store = AwsFile(path, headers, warn)
    try:
        data = store.read()
    except FileRefusedError as error:
        return ExaminedFile(b"", headers, store, {}, error)
    view, _ = salvage_view(data, path)
    fault: FileRefusedError | None = None
    try:
        Document(data, path, headers)
    except UnreadableError as error:
        fault = error
    return ExaminedFile(data, headers, store, view, fault)
