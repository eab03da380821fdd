"""A file's state, all of it at one moment, and once no other program is in the middle of writing it.

Other tools truncate these files and write them in place, without a lock, and can pause in the middle. A content is
complete when encee wrote it, or when the system says that no program has the file open for writing. Where the system
does not know that, it is complete when it has not changed for some seconds.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from encee.awsfile.open_writers import is_open_for_writing
from encee.errors import FileBusyError, FileRefusedError

QUIET_SECONDS = 5.0
"""How long a file must be unchanged where the system does not know whether a program has it open for writing."""

_EMPTY_SECONDS = 0.5
"""How long a missing file, or one that has been empty for long, must stay so before it is believed."""

_YOUNG_SECONDS = 2.0
"""A content younger than this is read twice, even where no program has the file open."""

_READS_APART_SECONDS = 0.05
"""Time between two reads that have to agree."""


class Snapshot(NamedTuple):
    """A file's content, what distinguishes its states, and what a new file in its place has to have.

    All of it is of one file, since it comes from one descriptor: the name may stand for another file at any moment.
    `exists` is False when the file is missing; an attribute that cannot be read has no value.
    """

    data: bytes
    inode: int = 0
    mtime_ns: int = 0
    mode: int = 0
    user: int = 0
    group: int = 0
    attributes: tuple[tuple[str, bytes | None], ...] = ()
    exists: bool = False


def take(real: Path) -> Snapshot:
    """The file's state.

    Raises:
        FileRefusedError: It has become a link since its path was resolved.
    """
    descriptor = _open(real)
    if descriptor is None:
        return Snapshot(b"")
    with os.fdopen(descriptor, "rb") as file:
        return _state(file)


def observe(real: Path) -> tuple[Snapshot, bool | None]:
    """The file's state, and whether a program has it open for writing; None where the system does not know.

    Raises:
        FileRefusedError: It has become a link since its path was resolved.
    """
    descriptor = _open(real)
    if descriptor is None:
        return Snapshot(b""), None
    with os.fdopen(descriptor, "rb") as file:
        return _state(file), is_open_for_writing(descriptor)


def _open(real: Path) -> int | None:
    """A descriptor of the file; None where it is missing."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(real, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileRefusedError(
            f"{real} has become a link meanwhile", hint="try again: the link is followed then"
        ) from None


def _state(file: BinaryIO) -> Snapshot:
    data = file.read()
    status = os.fstat(file.fileno())
    return Snapshot(
        data,
        status.st_ino,
        status.st_mtime_ns,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        _attributes(file.fileno()),
        exists=True,
    )


def read_stable(
    real: Path, deadline: float, is_known: Callable[[Snapshot], bool], *, had_content: bool = False, to_edit: bool
) -> Snapshot:
    """The file's state once no other program is in the middle of writing it.

    Args:
        real: The file.
        deadline: Until when to wait, by the monotonic clock.
        is_known: Whether a state is known to be complete, because encee wrote it or has waited for it before.
        had_content: Whether this run has seen a content in the file: then an empty or missing file has to stay so for
            longer.
        to_edit: Whether the content decides what is written. Where the system knows of no open files, a content that
            is only looked at has to be the same in two reads.

    Raises:
        FileBusyError: It was not complete by the deadline.
    """
    state, writer = take(real), None
    if is_known(state) or (state.data and not to_edit and _age(state) >= _YOUNG_SECONDS):
        return state
    state, writer = observe(real)
    since = time.monotonic()
    while not is_known(state):
        unchanged = time.monotonic() - since
        if _is_complete(state, unchanged, writer=writer, had_content=had_content, to_edit=to_edit):
            return state
        if time.monotonic() > deadline:
            raise busy(real)
        time.sleep(_READS_APART_SECONDS)
        latest, writer = observe(real)
        if latest != state:
            state, since = latest, time.monotonic()
    return state


def _is_complete(state: Snapshot, unchanged: float, *, writer: bool | None, had_content: bool, to_edit: bool) -> bool:
    """Whether a state that has been observed for some seconds is not part of an unfinished write."""
    if writer:
        return False
    # A time in the future says nothing of the age: clocks jump. Then only what was observed counts.
    age = max(_age(state), unchanged)
    if not state.data:
        is_doubtful = had_content or (state.exists and age < QUIET_SECONDS)
        return unchanged >= (QUIET_SECONDS if is_doubtful else _EMPTY_SECONDS)
    if writer is False or not to_edit:
        return age >= _YOUNG_SECONDS or unchanged >= _READS_APART_SECONDS
    return age >= QUIET_SECONDS


def _age(state: Snapshot) -> float:
    """Seconds since the file was changed, by its own time."""
    return time.time() - state.mtime_ns / 1e9


def busy(path: Path) -> FileBusyError:
    """The error for a file that another program is still writing."""
    return FileBusyError(
        f"{path}: another program keeps writing it; gave up waiting",
        hint="try again when it has finished",
    )


def _attributes(descriptor: int) -> tuple[tuple[str, bytes | None], ...]:
    """A file's extended attributes; none where the file system has no such thing."""
    if not hasattr(os, "listxattr"):
        return ()
    try:
        return tuple((name, _attribute(descriptor, name)) for name in os.listxattr(descriptor))
    except OSError:
        return ()


def _attribute(descriptor: int, name: str) -> bytes | None:
    try:
        return os.getxattr(descriptor, name)
    except OSError:
        return None
