"""A new file in the place of an old one, in one step and only while no other program writes.

Where the system can exchange two names in one step, the new file and the old one change places, and what came out is
compared with what was read: anything else goes back. Elsewhere the original gets a second name before it is replaced.
Either way the old file is there until no program has it open for writing, and what was written to it late goes back
under its own name, for the edit to be made on. What remains where the system has neither an exchange nor leases: a
save by rename between the last look and the replacement, and a program that has opened the original and writes later.
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
"""There, a file that a program has open can neither be replaced nor deleted."""

_TRIES_APART_SECONDS = 0.05
"""Time between two tries to replace a file that another program has open."""


class Swap:
    """One try to put a new file in the place of the real one.

    Args:
        real: The file's name.
        temporary: The new file's; afterwards, the old file may have it.
        before: The state that the new content was made from.
        deadline: Until when to wait for a program that has the old file open, by the monotonic clock.
    """

    def __init__(self, real: Path, temporary: Path, before: Snapshot, deadline: float) -> None:
        self._real = real
        self._temporary = temporary
        self._before = before
        self._deadline = deadline
        self._new = stable_read.take(temporary)
        self.is_flushed = True
        """Whether the file system took the order to flush the folder."""

    def run(self) -> Snapshot | None:
        """Put the new file in its place.

        Returns:
            The new file's state; None when another program wrote meanwhile, so that the edit has to be made again.
            What it wrote is in the real one's place.

        Raises:
            FileBusyError: Another program kept the old file open for writing; it is in its place again.
            FileRefusedError: Two programs saved the file in the same moment; the message names where each version is.
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
        """Give the new file a name that no file has; None when another program has made one."""
        try:
            self._real.hardlink_to(self._temporary)
        except FileExistsError:
            return None
        except OSError:  # no hard links
            self._replace(self._temporary)
        return self._look_again()

    def _exchange(self) -> bool | None:
        """Let the two files change places if the real one is the one that was read.

        Returns:
            Whether they did; None where the system cannot do that.
        """
        try:
            if not exchange_names(self._temporary, self._real):
                return None
        except FileNotFoundError:
            return False
        is_the_same = False
        try:
            came_out = _state(self._temporary)
            is_the_same = came_out is not None and came_out.inode == self._before.inode
        finally:
            if not is_the_same:
                self._exchange_back()
        return is_the_same

    def _exchange_back(self) -> None:
        """Put what came out back under its own name.

        Raises:
            FileRefusedError: Another program has written to the new file: that stays, and what came out is kept.
        """
        with suppress(FileNotFoundError):
            exchange_names(self._temporary, self._real)
            if _state(self._temporary) == self._new:
                return
            exchange_names(self._temporary, self._real)
        kept = self._real.with_name(f"{self._real.name}.saved{self._temporary.suffixes[-2]}")
        self._temporary.rename(kept)
        raise FileRefusedError(
            f"{self._real}: two other programs saved it in the same moment; one version is there, the other is {kept}",
            hint="compare the two files, then try again",
        )

    def _replace_with_second_name(self) -> Snapshot | None:
        """Replace the real file where names cannot be exchanged."""
        with _second_name(self._real, self._temporary.with_suffix(".old.tmp")) as old:
            if stable_read.take(self._real) != self._before:
                return None
            self._replace(self._temporary)
            if old is None:
                return self._look_again()
            return self._finish(old, lambda: self._replace(old))

    def _finish(self, old: Path, put_back: Callable[[], None]) -> Snapshot | None:
        """Make sure that the new file stayed and that no program writes to the old one, which goes back otherwise."""
        if (placed := self._look_again()) is None:
            return None
        try:
            state, writer = stable_read.observe(old)
            if writer or state != self._before:
                state = stable_read.read_stable(old, self._deadline, lambda _: False, to_edit=True)
        except FileBusyError:
            if self._look_again():
                put_back()
            raise stable_read.busy(self._real) from None
        # A program that has only emptied the old file has written nothing that the new one lacks.
        if state == self._before or not state.data:
            return placed
        if self._look_again():
            put_back()
        return None

    def _look_again(self) -> Snapshot | None:
        """The new file's state, once its name is on the disk; None when another program has overwritten it."""
        self.is_flushed &= flush_folder(self._real.parent)
        placed = stable_read.take(self._real)
        return placed if placed.data == self._new.data else None

    def _replace(self, new: Path) -> None:
        """Put a file in the place of the real one.

        Raises:
            FileBusyError: On Windows, another program had the real one open until the deadline.
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
    """A file's state; None for a link, a folder and what cannot be read."""
    try:
        return stable_read.take(path)
    except (OSError, FileRefusedError):
        return None


@contextmanager
def _second_name(real: Path, name: Path) -> Iterator[Path | None]:
    """Give a file a second name for a while.

    None where there is no file, where the system has no hard links, and where the name is taken: whoever may write to
    the folder can have put a file of theirs there.
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
