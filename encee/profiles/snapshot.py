"""A file's state, all of it at one moment, and once nobody is in the middle of writing it.

Other tools truncate these files and write them in place, without a lock. So a content counts only when it is of
some age, or when two reads agree; an empty file, when it stays empty.
"""

import errno
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from encee.errors import FileBusyError, FileRefusedError

_EMPTY_SETTLES = 0.5
"""For how many seconds an empty file has to stay empty: a truncated one has size 0 and its old mtime."""

_READS_APART = 0.05
"""Seconds between two reads that have to agree."""

SURELY_WRITTEN = 2.0
"""Age in seconds of an mtime at which one read is enough."""


class Snapshot(NamedTuple):
    """A file's content, what tells one state of it from another, and what a new file in its place has to have.

    All of it is of one file, since it comes from one descriptor: the name may stand for another file at any moment.
    `exists` is False when there is none; an attribute that cannot be read has no value.
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
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(real, flags)
    except FileNotFoundError:
        return Snapshot(b"")
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileRefusedError(
            f"{real} has become a link meanwhile", hint="try again: the link is followed then"
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read()
        status = os.fstat(descriptor)
        return Snapshot(
            data,
            status.st_ino,
            status.st_mtime_ns,
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            _attributes(descriptor),
            exists=True,
        )


def settled(real: Path, deadline: float, known: bytes = b"") -> Snapshot:
    """The file's state once nobody is in the middle of writing it.

    Args:
        real: The file.
        deadline: Until when to wait, by the monotonic clock.
        known: Content that has settled before, or was written by this process: the same again is no half of another.

    Raises:
        FileBusyError: It kept changing until the deadline.
    """
    while True:
        first = take(real)
        if not first.data:
            if _stays_empty(real):
                return first
        else:
            age = time.time() - first.mtime_ns / 1e9
            if age > SURELY_WRITTEN or first.data == known:
                return first
            time.sleep(_READS_APART)
            if take(real).data == first.data:
                return first
        if time.monotonic() > deadline:
            raise busy(real)


def _stays_empty(real: Path) -> bool:
    """Whether an empty or missing file stays so: one that is just being written would not."""
    end = time.monotonic() + _EMPTY_SETTLES
    while time.monotonic() < end:
        time.sleep(_READS_APART)
        if take(real).data:
            return False
    return True


def busy(path: Path) -> FileBusyError:
    """What there is to say of a file that does not settle."""
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
