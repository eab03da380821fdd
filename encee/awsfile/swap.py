"""Replace a file in one step, only while no other program writes it.

Where the system can exchange two names in one step, encee exchanges the names of the new and the old file, compares
the old file with what it has read, and reverts the exchange if they differ. Elsewhere it gives the old file a second
name before it replaces the file. Either way the old file stays until no program has it open for writing; if a program
has written to it, it gets its name back, and the edit is repeated. Where the system has neither an exchange nor leases,
encee does not notice a rename between the last comparison and the replacement, nor a write by a program that has
opened the old file before.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from encee.awsfile import stable_read
from encee.awsfile.stable_read import Snapshot
from encee.awsfile.system_calls import exchange_names
from encee.awsfile.temporary_file import discard, flush_folder
from encee.errors import FileBusyError, FileRefusedError

_WINDOWS = os.name == "nt"
"""On Windows, a file that a program has open can neither be replaced nor deleted."""

_TRIES_APART_SECONDS = 0.05
"""The time between two attempts to replace a file that another program has open."""


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
        self._new = stable_read.take(temporary)
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
        if stable_read.take(self._real) != self._before:
            return None
        if not self._before.exists:
            return self._put()
        exchanged = self._exchange()
        if exchanged is None:
            return self._replace_with_second_name()
        return self._finish(self._temporary, self._exchange_back) if exchanged else None

    def _put(self) -> Snapshot | None:
        """Give the new file its name; return None if another program has made that file."""
        try:
            self._real.hardlink_to(self._temporary)
        except FileExistsError:
            return None
        except OSError:  # the file system has no hard links
            self._replace(self._temporary)
        return self._placed_state()

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
            old = _state(self._temporary)
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
            if _state(self._temporary) == self._new:
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
        with _second_name(self._real, self._temporary.with_suffix(".old.tmp")) as old:
            if stable_read.take(self._real) != self._before:
                return None
            self._replace(self._temporary)
            if old is None:
                return self._placed_state()
            return self._finish(old, lambda: self._replace(old))

    def _finish(self, old: Path, put_back: Callable[[], None]) -> Snapshot | None:
        """Keep the new file if no program writes to the old one; else put that back."""
        if (placed := self._placed_state()) is None:
            return None
        try:
            state, writer = stable_read.observe(old)
            if writer or state != self._before:
                state = stable_read.read_stable(old, self._deadline, lambda _: False, to_edit=True)
        except FileBusyError:
            if self._placed_state():
                put_back()
            raise stable_read.busy(self._real) from None
        # A program that has only truncated the old file has written nothing that the new file lacks.
        if state == self._before or not state.data:
            return placed
        if self._placed_state():
            put_back()
        return None

    def _placed_state(self) -> Snapshot | None:
        """Flush the folder; return the new file's state, or None if it was overwritten."""
        self.is_flushed &= flush_folder(self._real.parent)
        placed = stable_read.take(self._real)
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


def _state(path: Path) -> Snapshot | None:
    """Return a file's state; None for a link, a folder and an unreadable file."""
    try:
        return stable_read.take(path)
    except (OSError, FileRefusedError):
        return None


@contextmanager
def _second_name(real: Path, name: Path) -> Iterator[Path | None]:
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
        discard(name)
