"""The steps of remedies, in words; a step names a file and lines of it, by the numbers that they have now.

Several steps of one remedy are joined by `then`, and every number is the one before the first of them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path


def then(*steps: str) -> str | None:
    """Several steps as one remedy; None where there is no step."""
    return "; ".join(steps) or None


def delete(file: Path, numbers: Iterable[int]) -> str:
    """Delete lines."""
    return f"delete {_lines(numbers)} of {file}"


def move(file: Path, numbers: Iterable[int], below: int) -> str:
    """Move lines to behind another one."""
    return f"move {_lines(numbers)} of {file} below line {below}"


def copy(file: Path, numbers: Iterable[int], below: int) -> str:
    """Copy lines to behind another one."""
    return f"copy {_lines(numbers)} of {file} below line {below}"


def keep_one(file: Path, read: int, other: int) -> str:
    """Choose between two lines that set one option; the AWS tools read the first."""
    return f"keep line {read} or line {other} of {file}, and delete the other"


def write(file: Path, number: int, text: str) -> str:
    """Replace a line."""
    return f"write line {number} of {file} as {text}"


def add(file: Path, below: int, text: str) -> str:
    """Add a line."""
    return f"below line {below} of {file}, add {text}"


def rename(file: Path, number: int, name: str) -> str:
    """Change the name of an option, and not its value."""
    return f"write the name in line {number} of {file} as {name}"


def unindent(file: Path, numbers: Iterable[int]) -> str:
    """Let lines begin at the margin."""
    return f"remove the blanks at the start of {_lines(numbers)} of {file}"


def unquote(file: Path, number: int) -> str:
    """Take the quotes off a value."""
    return f"remove the quotes in line {number} of {file}"


def cut_comment(file: Path, number: int) -> str:
    """Take off what follows a value."""
    return f"remove the comment in line {number} of {file}"


def comment_out(file: Path, number: int) -> str:
    """Fix a line whose meaning encee cannot tell, or make a comment of it."""
    return f"fix line {number} of {file}, or put a # before it"


def retype(file: Path, numbers: Iterable[int]) -> str:
    """Get rid of characters that an editor does not show."""
    return f"type {_lines(numbers)} of {file} again"


def _lines(numbers: Iterable[int]) -> str:
    """`line 3`, `lines 3 to 5`, `lines 3, 5 and 8`."""
    ordered = sorted(numbers)
    if len(ordered) == 1:
        return f"line {ordered[0]}"
    if len(ordered) > 2 and _are_consecutive(ordered):  # noqa: PLR2004 - two are named one by one
        return f"lines {ordered[0]} to {ordered[-1]}"
    return f"lines {', '.join(map(str, ordered[:-1]))} and {ordered[-1]}"


def _are_consecutive(ordered: Sequence[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(ordered))
