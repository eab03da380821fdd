"""Replace a file in one step, only while no other program writes it.

Where the system can exchange two names in one step, encee exchanges the names of the new and the old file, compares
the old file with what it has read, and reverts the exchange if they differ. Elsewhere it gives the old file a second
name before it replaces the file. Either way the old file stays until no program has it open for writing; if a program
has written to it, it gets its name back, and the edit is repeated. Where the system has neither an exchange nor leases,
encee does not notice a rename between the last comparison and the replacement, nor a write by a program that has
opened the old file before.
"""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote

from encee.awsfile.stable_read import Snapshot, build_busy_error, observe_file, read_stable, take_snapshot
from encee.awsfile.system_calls import exchange_names
from encee.awsfile.temporary_file import delete_file, flush_folder
from encee.errors import FileBusyError, FileRefusedError

_WINDOWS = os.name == "nt"
"""On Windows, a file that a program has open can neither be replaced nor deleted."""

_TRIES_APART_SECONDS = 0.05
"""The time between two attempts to replace a file that another program has open."""

_GET_FLAGS = 0x80086601
"""FS_IOC_GETFLAGS of Linux, which returns the attributes that `chattr` sets."""

_UNCHANGEABLE = 0x10 | 0x20
"""FS_IMMUTABLE_FL and FS_APPEND_FL."""


def refuse_unreplaceable(path: Path, real: Path) -> None:
    """Refuse a file that is protected, has hard links, or is mounted by itself.

    Args:
        path: The path that the user named, for errors.
        real: The file that it leads to.

    Raises:
        FileRefusedError: The file is protected or has hard links.
        OSError: The file is a mount point (EBUSY).
    """
    status, folder = real.stat(), real.parent.stat()
    name, new = quote(str(path)), quote(f"{path}.new")
    if _is_mounted(real):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    for place in (real, real.parent):
        if _is_unchangeable(place):
            raise FileRefusedError(
                f"{place} is append-only or immutable; nothing was changed",
                hint=f"sudo chattr -ia {quote(str(place))}",
            )
    if not os.access(real, os.W_OK):
        raise FileRefusedError(f"{path} is write-protected; nothing was changed", hint=f"chmod u+w {name}")
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, status.st_uid, folder.st_uid}:
        raise FileRefusedError(
            f"{path} belongs to another user, and only that user may replace it in its folder; nothing was changed",
            hint="name a file of your own with --credentials-file or --config-file",
        )
    if status.st_nlink > 1:
        raise FileRefusedError(
            f"{path} has {status.st_nlink} hard links, and a safe write would split them; nothing was changed",
            hint=f"make it a file of its own: cp -p {name} {new} && mv {new} {name}",
        )


def _is_mounted(real: Path) -> bool:
    """Whether a file is a mount point; known on Linux only (proc(5))."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return False
    escaped = re.sub(rb"[\\ \t\n]", lambda match: b"\\%03o" % ord(match[0]), os.fsencode(real))
    return any(line.split(b" ")[4:5] == [escaped] for line in mounts.splitlines())


def _is_unchangeable(path: Path) -> bool:
    """Whether a path is immutable or append-only (chattr(1)); known on Linux only."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none

        descriptor = os.open(path, os.O_RDONLY)
        try:
            flags = fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8))
        finally:
            os.close(descriptor)
    except (ImportError, OSError):
        return False
    return bool(int.from_bytes(flags[:4], sys.byteorder) & _UNCHANGEABLE)


class Swap:
    """One attempt to replace a file by a new one.

    Args:
        real: The path of the file.
        temporary: The path of the new file; afterwards, possibly of the old one.
        before: The state that the new content was made from.
        deadline: The end of the wait for programs that have the old file open, by the monotonic clock in seconds.
    """

    def __init__(self, real: Path, temporary: Path, before: Snapshot, deadline: float) -> None:
        self._real = real
        self._temporary = temporary
        self._before = before
        self._deadline = deadline
        self._new = take_snapshot(temporary)
        self.is_flushed = True
        """Whether the file system could flush the folder."""

    def run(self) -> Snapshot | None:
        """Replace the file.

        Returns:
            The state of the new file; None when another program has written the file, which stays in place, so that
            the edit must be repeated.

        Raises:
            FileBusyError: Another program kept the old file open for writing; the old file is in place again.
            FileRefusedError: Two other programs saved the file at the same time; the message names both versions.
        """
        if take_snapshot(self._real) != self._before:
            return None
        if not self._before.exists:
            return self._place()
        exchanged = self._exchange()
        if exchanged is None:
            return self._replace_with_second_name()
        return self._wait_for_writers(self._temporary, self._exchange_back) if exchanged else None

    def _place(self) -> Snapshot | None:
        """Give the new file its name; return None if another program has made that file."""
        try:
            self._real.hardlink_to(self._temporary)
        except FileExistsError:
            return None
        except OSError:  # the file system has no hard links
            self._replace(self._temporary)
        return self._flush_and_check()

    def _exchange(self) -> bool | None:
        """Exchange the names of both files if the old one is the file that was read.

        Returns:
            Whether they are exchanged; None if the system cannot do that.
        """
        try:
            if not exchange_names(self._temporary, self._real):
                return None
        except FileNotFoundError:
            return False
        is_unchanged = False
        try:
            old = _try_snapshot(self._temporary)
            is_unchanged = old is not None and old.inode == self._before.inode
        finally:
            if not is_unchanged:
                self._exchange_back()
        return is_unchanged

    def _exchange_back(self) -> None:
        """Revert the exchange.

        Raises:
            FileRefusedError: Another program has written to the new file, which stays in place; the old file is kept
                under another name.
        """
        with suppress(FileNotFoundError):
            exchange_names(self._temporary, self._real)
            if _try_snapshot(self._temporary) == self._new:
                return
            exchange_names(self._temporary, self._real)
        kept = self._real.with_name(f"{self._real.name}.saved{self._temporary.suffixes[-2]}")
        self._temporary.rename(kept)
        raise FileRefusedError(
            f"{self._real}: two other programs saved it at the same time; one version is there, the other is {kept}",
            hint="compare the two files, then try again",
        )

    def _replace_with_second_name(self) -> Snapshot | None:
        """Replace the file where names cannot be exchanged."""
        with _give_second_name(self._real, self._temporary.with_suffix(".old.tmp")) as old:
            if take_snapshot(self._real) != self._before:
                return None
            self._replace(self._temporary)
            if old is None:
                return self._flush_and_check()
            return self._wait_for_writers(old, lambda: self._replace(old))

    def _wait_for_writers(self, old: Path, put_back: Callable[[], None]) -> Snapshot | None:
        """Keep the new file if no program writes to the old one; else put that back."""
        if (placed := self._flush_and_check()) is None:
            return None
        try:
            state, writer = observe_file(old)
            if writer or state != self._before:
                state = read_stable(old, self._deadline, lambda _: False, to_edit=True)
        except FileBusyError:
            if self._flush_and_check():
                put_back()
            raise build_busy_error(self._real) from None
        # A program that has only truncated the old file has written nothing that the new file lacks.
        if state == self._before or not state.data:
            return placed
        if self._flush_and_check():
            put_back()
        return None

    def _flush_and_check(self) -> Snapshot | None:
        """Flush the folder; return the new file's state, or None if it was overwritten."""
        self.is_flushed &= flush_folder(self._real.parent)
        placed = take_snapshot(self._real)
        return placed if placed.data == self._new.data else None

    def _replace(self, new: Path) -> None:
        """Rename a file to the real one.

        Raises:
            FileBusyError: On Windows, another program had the real file open until the deadline.
        """
        while True:
            try:
                new.replace(self._real)
            except PermissionError:
                if not _WINDOWS:
                    raise
            else:
                return
            if time.monotonic() > self._deadline:
                raise FileBusyError(
                    f"{self._real}: another program has it open; nothing was changed",
                    hint="close it there, then try again",
                )
            time.sleep(_TRIES_APART_SECONDS)


def _try_snapshot(path: Path) -> Snapshot | None:
    """Return a file's state; None for a link, a folder and an unreadable file."""
    try:
        return take_snapshot(path)
    except (OSError, FileRefusedError):
        return None


@contextmanager
def _give_second_name(real: Path, name: Path) -> Iterator[Path | None]:
    """Give a file a second name within the block.

    Yields:
        The name; None if the file is missing, the file system has no hard links, or the name exists, since another
        user with access to the folder can have made it.
    """
    try:
        name.hardlink_to(real)
    except OSError:
        yield None
        return
    try:
        yield name
    finally:
        delete_file(name)
