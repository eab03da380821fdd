"""What lint finds: a trap, where it is, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from encee.aws.policies.document import Citation


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The policy does not do what it is there for, or opens a door."""
    WARNING = "warning"
    """It may break something, or lack something."""
    INFO = "info"
    """It says something that has no effect, or that one should know."""


class Issue(NamedTuple):
    """A trap.

    Args:
        name: A stable name.
        severity: How bad it is.
        message: What is wrong, in one line.
        remedy: What to write instead.
    """

    name: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A trap in a statement of a file.

    Args:
        issue: What is wrong there.
        file: The file's name.
        line: The line on which the statement begins, from 1.
        statement: Which statement; None where the file holds none.
    """

    issue: Issue
    file: str
    line: int
    statement: Citation | None
