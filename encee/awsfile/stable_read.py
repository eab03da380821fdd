"""Read a file at one moment at which no other program is writing it.

Other tools truncate these files and write them in place, without a lock, and can pause in the middle. A content is
complete when encee wrote it, or when the system says that no program has the file open for writing. Where the system
does not know that, it is complete when it has not changed for some seconds.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from encee.awsfile.system_calls import is_open_for_writing
from encee.errors import FileBusyError, FileRefusedError

QUIET_SECONDS = 5.0
"""How long a file must be unchanged if the system does not know whether a program has it open for writing."""

_EMPTY_SECONDS = 0.5
"""How long a file that is missing, or has been empty for long, must stay so before encee believes it."""

_YOUNG_SECONDS = 2.0
"""A content younger than this is read twice, even if no program has the file open."""

_READS_APART_SECONDS = 0.05
"""The time between two reads that must agree."""


class Snapshot(NamedTuple):
    """A file's content, its identity, and the metadata for a new file.

    All of it is of one file, since it comes from one descriptor: another program may rename files at any moment.
    `exists` is False when the file is missing. An attribute that cannot be read has no value.
    """

    data: bytes
    inode: int = 0
    mtime_ns: int = 0
    mode: int = 0
    user: int = 0
    group: int = 0
    attributes: tuple[tuple[str, bytes | None], ...] = ()
    exists: bool = False

    @property
    def age(self) -> float:
        """Seconds since the file was changed; negative for a time in the future."""
        return time.time() - self.mtime_ns / 1e9


def take_snapshot(real: Path) -> Snapshot:
    """Read a file's state.

    Raises:
        FileRefusedError: It has become a link since its path was resolved.
    """
    return observe_file(real, find_writer=False)[0]


def observe_file(real: Path, *, find_writer: bool = True) -> tuple[Snapshot, bool | None]:
    """Read a file's state, and find out whether a program has it open for writing.

    Returns:
        The state; whether a program has the file open, and None if the system does not know or was not asked.

    Raises:
        FileRefusedError: It has become a link since its path was resolved.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(real, flags)
    except FileNotFoundError:
        return Snapshot(b""), None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileRefusedError(f"{real} was replaced by a link", hint="try again: the link is followed then") from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read()
        status = os.fstat(descriptor)
        snapshot = Snapshot(
            data,
            status.st_ino,
            status.st_mtime_ns,
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            _read_attributes(descriptor),
            exists=True,
        )
        return snapshot, is_open_for_writing(descriptor) if find_writer else None


def _read_attributes(descriptor: int) -> tuple[tuple[str, bytes | None], ...]:
    """Read a file's extended attributes; none if the file system has none."""
    attributes: list[tuple[str, bytes | None]] = []
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(descriptor):
                try:
                    attributes.append((name, os.getxattr(descriptor, name)))
                except OSError:
                    attributes.append((name, None))
    return tuple(attributes)


def read_stable(
    real: Path, deadline: float, is_known: Callable[[Snapshot], bool], *, had_content: bool = False, to_edit: bool
) -> Snapshot:
    """Read a file's state once no other program is in the middle of writing it.

    Args:
        real: The file.
        deadline: The end of the wait, by the monotonic clock in seconds.
        is_known: Whether a state is known to be complete, because encee wrote it or has waited for it before.
        had_content: Whether this run has seen a content in the file. Then it waits longer for an empty or missing file.
        to_edit: Whether the content decides what is written. Otherwise, where the system does not know of open files,
            a content that is the same in two reads is complete.

    Raises:
        FileBusyError: It was not complete by the deadline.
    """
    state, writer = take_snapshot(real), None
    if is_known(state) or (state.data and not to_edit and state.age >= _YOUNG_SECONDS):
        return state
    state, writer = observe_file(real)
    since = time.monotonic()
    while not is_known(state):
        unchanged = time.monotonic() - since
        if _is_complete(state, unchanged, writer=writer, had_content=had_content, to_edit=to_edit):
            return state
        if time.monotonic() > deadline:
            raise build_busy_error(real)
        time.sleep(_READS_APART_SECONDS)
        latest, writer = observe_file(real)
        if latest != state:
            state, since = latest, time.monotonic()
    return state


def _is_complete(state: Snapshot, unchanged: float, *, writer: bool | None, had_content: bool, to_edit: bool) -> bool:
    """Whether a state that lasts for some seconds is not an unfinished write."""
    if writer:
        return False
    # A time in the future says nothing of the age: clocks jump. Then only what was observed counts.
    age = max(state.age, unchanged)
    if not state.data:
        is_doubtful = had_content or (state.exists and age < QUIET_SECONDS)
        return unchanged >= (QUIET_SECONDS if is_doubtful else _EMPTY_SECONDS)
    if writer is False or not to_edit:
        return age >= _YOUNG_SECONDS or unchanged >= _READS_APART_SECONDS
    return age >= QUIET_SECONDS


def build_busy_error(path: Path) -> FileBusyError:
    """Return the error for a file that another program is still writing."""
    return FileBusyError(
        f"{path}: another program keeps writing it",
        hint="try again when it has finished",
    )
