"""What a check-up is made of: checks, and what they find."""

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
from encee.awsfile.paths import Files
from encee.awsfile.sections import Headers, headers_of
from encee.awsfile.syntax import UnreadableError, View, salvage_view
from encee.errors import FileRefusedError
from encee.profiles.catalog import Catalog

Subject = TypeVar("Subject")
"""What a check looks at."""


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    """The check could not be done, which is no fault by itself."""


class Finding(NamedTuple):
    """What a check has to say.

    Args:
        state: How it is.
        message: A sentence for people, without a secret.
        remedy: What to do, in words; None where there is nothing to do, or `commands` do it all.
        commands: What to type, one after the other.
    """

    state: State
    message: str
    remedy: str | None = None
    commands: tuple[str, ...] = ()


class Check(NamedTuple, Generic[Subject]):
    """One thing that is looked at; `docs/doctor.md` describes each.

    Args:
        id: Its name, which stays the same for ever.
        fine: What is said where it finds nothing.
        look: Finds what there is to say.
        obstacle: Says what keeps it from looking at everything, or None; what it does not find is unknown then.
    """

    id: str
    fine: str
    look: Callable[[Subject], Iterable[Finding]]
    obstacle: Callable[[Subject], str | None] = lambda _subject: None


class Checked(NamedTuple):
    """A check's name and one thing that it found."""

    check: str
    finding: Finding


def checked(checks: Sequence[Check[Subject]], subject: Subject) -> Iterator[Checked]:
    """What checks find: at least one thing for each, in their order."""
    for check in checks:
        for finding in [*check.look(subject)] or [_nothing_found(check, subject)]:
            yield Checked(check.id, finding)


def _nothing_found(check: Check[Subject], subject: Subject) -> Finding:
    obstacle = check.obstacle(subject)
    return Finding(State.UNKNOWN, obstacle) if obstacle else Finding(State.OK, check.fine)


_NOT_OF_PROFILES = re.compile(r"DEFAULT|plugins|preview|(?:sso-session|services)\s.*")

OF_A_PROFILE = re.compile(r"region|output|role_arn|source_profile|credential_\w+|mfa_\w+|aws_\w+|sso_\w+")
"""Options that only the section of a profile has."""


@dataclass(frozen=True)
class ExaminedFile(FileLines):
    """One of the two files; its content is empty where it cannot be read.

    Args:
        store: Where it is.
        view: What can be read of it.
        fault: What makes encee refuse it, or None: an `UnreadableError`, or what the operating system says.
    """

    store: AwsFile
    view: View
    fault: FileRefusedError | None

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.store.path

    def section(self, profile: str) -> str:
        """The header of a profile in this file."""
        return f"[{self.headers.text(profile)}]"


@dataclass(frozen=True)
class Examined:
    """All of it.

    Args:
        credentials: The credentials file.
        config: The config file.
        catalog: The profiles that the two hold.
        environ: The environment's variables.
        legacy_serial: The device that `~/.encee/config` names, or None.
    """

    credentials: ExaminedFile
    config: ExaminedFile
    catalog: Catalog
    environ: Mapping[str, str]
    legacy_serial: str | None

    @property
    def is_one_file(self) -> bool:
        """Whether the two are one file."""
        return Files(self.credentials.path, self.config.path).are_one

    @property
    def both(self) -> Sequence[ExaminedFile]:
        """The two files, or the one that is both."""
        return (self.credentials,) if self.is_one_file else (self.credentials, self.config)

    @property
    def unread(self) -> str | None:
        """Why a check that looks at what the files hold may have missed something, or None."""
        return None if self.is_readable else "the files have to be fixed first"

    @property
    def unopened(self) -> str | None:
        """Why a check that looks at the files' first bytes may have missed something, or None."""
        closed = any(file.fault and not isinstance(file.fault, UnreadableError) for file in self.both)
        return self.unread if closed else None

    @cached_property
    def misnamed_headers(self) -> dict[str, list[Line]]:
        """Profile → the headers of the config file that are meant for it, and that AWS tools take for no profile's."""
        headers: dict[str, list[Line]] = {}
        for line in () if self.is_one_file else self.config.lines:
            if line.kind is not Kind.HEADER or _NOT_OF_PROFILES.fullmatch(line.name):
                continue
            if self.config.headers.profile(line.name) is not None:
                continue
            meant = _meant(line.name, self.catalog.credentials)
            own = [setting.option for setting in self.config.sections[line.number] if setting.kind is Kind.OPTION]
            if meant in self.catalog.credentials or any(map(OF_A_PROFILE.fullmatch, own)):
                headers.setdefault(meant, []).append(line)
        return headers

    @property
    def is_readable(self) -> bool:
        """Whether encee, and the AWS tools, can read both files."""
        return not any(file.fault for file in self.both)


def _meant(name: str, known: Collection[str]) -> str:
    """The profile that a header of the config file is meant for."""
    if name in known:
        return name
    word = r"\A\s*profile(?:\s+|(?=[\"']))"
    return re.sub(word, "", name.partition("]")[0], flags=re.IGNORECASE).strip(" \t\"'")


def examine(
    files: Files, environ: Mapping[str, str], legacy_serial: str | None, warn: Callable[[str], None]
) -> Examined:
    """Read the two files as far as they can be read.

    Args:
        files: Where they are.
        environ: The environment's variables.
        legacy_serial: The device that `~/.encee/config` names, or None.
        warn: Called with one line for what could not be kept but harms nothing.
    """
    headers = headers_of(files)
    credentials, config = (_examined(*file, warn) for file in zip(files, headers, strict=True))
    return Examined(credentials, config, Catalog(credentials.view, config.view), environ, legacy_serial)


def _examined(path: Path, headers: Headers, warn: Callable[[str], None]) -> ExaminedFile:
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
