"""Describe the steps of remedies, with a file and its present line numbers.

`then` joins the steps of a remedy. All numbers are those before its first step.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path


def join_steps(*steps: str) -> str | None:
    """Join steps to a remedy; None without a step."""
    return "; ".join(steps) or None


def delete(file: Path, numbers: Iterable[int]) -> str:
    """Delete lines."""
    return f"delete {_lines(numbers)} of {file}"


def move(file: Path, numbers: Iterable[int], below: int) -> str:
    """Move lines below another line."""
    return f"move {_lines(numbers)} of {file} below line {below}"


def copy(file: Path, numbers: Iterable[int], below: int) -> str:
    """Copy lines below another line."""
    return f"copy {_lines(numbers)} of {file} below line {below}"


def keep_one(file: Path, read: int, other: int) -> str:
    """Choose between two lines that set the same option; the AWS tools read `read`."""
    return f"keep line {read} or line {other} of {file}, and delete the other"


def write(file: Path, number: int, text: str) -> str:
    """Replace a line."""
    return f"write line {number} of {file} as {text}"


def add(file: Path, below: int, text: str) -> str:
    """Add a line."""
    return f"below line {below} of {file}, add {text}"


def rename(file: Path, number: int, name: str) -> str:
    """Change the name of an option but not its value."""
    return f"write the name in line {number} of {file} as {name}"


def unindent(file: Path, numbers: Iterable[int]) -> str:
    """Move lines to column 0."""
    return f"remove the blanks at the start of {_lines(numbers)} of {file}"


def unquote(file: Path, number: int) -> str:
    """Remove the quotes around a value."""
    return f"remove the quotes in line {number} of {file}"


def cut_comment(file: Path, number: int) -> str:
    """Remove the comment after a value."""
    return f"remove the comment in line {number} of {file}"


def comment_out(file: Path, number: int) -> str:
    """Fix a line that encee does not understand, or comment it out."""
    return f"fix line {number} of {file}, or put a # before it"


def retype(file: Path, numbers: Iterable[int]) -> str:
    """Type lines again to remove characters that editors do not show."""
    return f"type {_lines(numbers)} of {file} again"


def _lines(numbers: Iterable[int]) -> str:
    """Format numbers as `line 3`, `lines 3 to 5` or `lines 3, 5 and 8`."""
    ordered = sorted(numbers)
    if len(ordered) == 1:
        return f"line {ordered[0]}"
    if len(ordered) > 2 and _are_consecutive(ordered):  # noqa: PLR2004 - two are named one by one
        return f"lines {ordered[0]} to {ordered[-1]}"
    return f"lines {', '.join(map(str, ordered[:-1]))} and {ordered[-1]}"


def _are_consecutive(ordered: Sequence[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(ordered))
