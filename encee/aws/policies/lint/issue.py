"""An issue of a policy, its severity and its remedy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from encee.aws.policies.document import Citation


class Severity(StrEnum):
    """How severe an issue is."""

    ERROR = "error"
    """The policy fails its purpose, or gives an attacker access."""
    WARNING = "warning"
    """The policy may deny or allow more than intended."""
    INFO = "info"
    """A part of the policy has no effect, or has an effect that its author should know."""


class Issue(NamedTuple):
    """An issue."""

    name: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue in a statement of a file.

    Args:
        line: The line on which the statement begins, from 1.
        statement: The statement; None where the file is malformed.
    """

    issue: Issue
    file: str
    line: int
    statement: Citation | None
