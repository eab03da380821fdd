"""The write: one way to change a file that holds keys which exist nowhere else.

Other tools write the same files without a lock, and truncate them in place. So the edit is made on content that
was read under the lock while no other program wrote it (`snapshot`), goes to a temporary file beside the original
(`replacement`), and changes places with it while the original is still what was read (`swap`).
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from shlex import quote

from encee.awsfile import stable_read, temporary_file, write_record
from encee.awsfile.document import Document
from encee.awsfile.lockfile import locked
from encee.awsfile.preflight import refuse_unreplaceable
from encee.awsfile.sections import Headers
from encee.awsfile.stable_read import Snapshot
from encee.awsfile.swap import Swap
from encee.errors import EnceeError, FileRefusedError

Edit = Callable[[Document], None]
"""A change of a document; called again whenever the file has changed meanwhile."""

_NULL = Path(os.devnull)
"""By this name, people say that they have no such file."""

_PATIENCE = 10.0
"""For how many seconds other writers are waited for."""

_KEY_LOCK_TIMEOUT_SECONDS = 60.0
"""For how many seconds another process that gets a session for the same key, or rotates it, is waited for."""

_REASONS = {
    errno.ENOSPC: ("no space left on the disk", "make room, then try again: df -h {folder}"),
    errno.EDQUOT: ("the disk quota is used up", "make room, then try again"),
    errno.EFBIG: ("the file would be larger than this process may write", "raise the limit: ulimit -f unlimited"),
    errno.EROFS: ("the file system is read-only", "mount it writable, or name another file with --credentials-file"),
    errno.EACCES: ("permission denied", "make folder and file your own: ls -la {folder}"),
    errno.EPERM: ("permission denied", "make folder and file your own: ls -la {folder}"),
    errno.EBUSY: (
        "it is mounted by itself and cannot be replaced safely",
        "mount its folder {folder} into the container instead of the file",
    ),
    **dict.fromkeys(
        (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP),
        ("the file system has no locks", "name a file on another one with --credentials-file"),
    ),
    errno.ELOOP: ("too many levels of symbolic links", "fix the link: ls -la {path}"),
    errno.ENOTDIR: ("a part of the path is not a folder", "check the path"),
}
"""What an error of the operating system means here, and the next thing to do."""


class _Attempt(Enum):
    """How one round of read, edit and replace ended."""

    DONE = auto()
    OVERTAKEN = auto()
    """Another program wrote meanwhile: the edit has to be made again, on what it wrote."""


class AwsFile:
    """One of the two files on disk.

    Args:
        path: Where it is, or will be; a link is followed and kept.
        headers: How this file names its sections.
        warn: Called with one line for what could not be kept but harms nothing.
    """

    def __init__(self, path: Path, headers: Headers, warn: Callable[[str], None]) -> None:
        self.path = path
        self._headers = headers
        self._warn = warn
        self._known: Snapshot | None = None
        """The state that this process has waited for or written last."""

    def read(self, timeout: float = _PATIENCE) -> bytes:
        """The content, once no other program is writing it; empty when there is no file, and for `/dev/null`.

        Args:
            timeout: For how many seconds to wait for that.

        Raises:
            FileRefusedError: It is no regular file, cannot be read, or another program keeps writing it for so long.
        """
        with self._translate_errors(self.path):
            real = self._real_path(to_write=False)
            if real == _NULL:
                return b""
            try:
                status = real.stat()
            except FileNotFoundError:
                return b""
            # Only to be looked at: an empty file that no program has touched of late is believed without a wait.
            if status.st_size == 0 and time.time() - status.st_mtime > stable_read.QUIET_SECONDS:
                return b""
            return self._complete(real, time.monotonic() + timeout, to_edit=False).data

    def _complete(self, real: Path, deadline: float, *, to_edit: bool) -> Snapshot:
        """The file's state, once no other program is in the middle of writing it."""
        before, lock_file = self._known, _lock_file(real)
        self._known = stable_read.read_stable(
            real,
            deadline,
            lambda state: state == before or write_record.matches(lock_file, state),
            had_content=bool(before and before.data),
            to_edit=to_edit,
        )
        return self._known

    def document(self) -> Document:
        """The content, ready to be edited in memory only.

        Raises:
            FileRefusedError: As `read`, and when the AWS tools could not read the content.
        """
        return Document(self.read(), self.path, self._headers)

    def edited(self, *edits: Edit) -> bytes:
        """What the file would hold after edits, which are made and verified in memory only.

        Raises:
            FileRefusedError: As `document`, and when an edit is refused.
        """
        return self._edited(self.read(), edits)

    def readable_by_others(self) -> bool:
        """Whether the file's mode lets its group or everybody read it; on Windows, it tells nothing of that."""
        try:
            return hasattr(os, "geteuid") and bool(self.path.stat().st_mode & 0o044)
        except OSError:
            return False

    def temporaries(self) -> list[Path]:
        """The temporary files beside the file: those of writes under way, and what runs that were killed left."""
        return sorted(temporary_file.temporaries(Path(os.path.realpath(self.path))))

    def version(self) -> object:
        """Something that compares unequal once the file was written, without reading it."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    @contextmanager
    def key_lock(self, key_id: str, timeout: float | None = None) -> Iterator[None]:
        """Be the only process that gets a session for a key in turn with others, or that rotates the key.

        Args:
            key_id: The access key id.
            timeout: For how many seconds to wait for another process; None means a minute.

        Raises:
            FileBusyError: Another one took longer than that.
        """
        with self._translate_errors(self.path):
            real = self._real_path()
            temporary_file.make_folder(self.path, real)
            folder = real.parent
        lock_file = folder / f".encee-{key_id}.lock"
        with ExitStack() as stack:
            with self._translate_errors(lock_file):
                stack.enter_context(locked(lock_file, self.path, timeout or _KEY_LOCK_TIMEOUT_SECONDS, keep=False))
                _remove_unused_locks(folder, lock_file)
            yield

    def edit(self, *edits: Edit) -> None:
        """Apply edits in one write; without a change, nothing is written.

        Raises:
            FileRefusedError: Nothing was changed, for the reason that it gives.
            FileBusyError: Another program kept writing the file, or another encee kept its lock.
        """
        self._write(edits, rehearsal=False)

    def rehearse(self, *edits: Edit) -> None:
        """Do all of `edit` short of replacing the file, so that what would refuse it does so now.

        Raises:
            FileRefusedError: `edit` would be refused.
        """
        self._write(edits, rehearsal=True)

    def _write(self, edits: tuple[Edit, ...], *, rehearsal: bool) -> None:
        with self._translate_errors(self.path):
            real = self._real_path()
            temporary_file.make_folder(self.path, real)
        with ExitStack() as stack:
            with self._translate_errors(_lock_file(real)):
                stack.enter_context(locked(_lock_file(real), self.path, _PATIENCE))
            with self._translate_errors(self.path):
                temporary_file.remove_leftovers(real)
                deadline = time.monotonic() + _PATIENCE
                lost: set[str] = set()
                while self._attempt(real, edits, deadline, lost, rehearsal=rehearsal) is _Attempt.OVERTAKEN:
                    if time.monotonic() > deadline:
                        raise stable_read.busy(self.path)
        if lost and not rehearsal:
            self._warn(f"{self.path}: the file system did not take {' and '.join(sorted(lost))}")

    def _attempt(
        self, real: Path, edits: tuple[Edit, ...], deadline: float, lost: set[str], *, rehearsal: bool
    ) -> "_Attempt":
        """One round of read, edit and replace."""
        before = self._complete(real, deadline, to_edit=True)
        data = self._edited(before.data, edits)
        if data == before.data:
            return _Attempt.DONE
        try:
            if before.exists:
                refuse_unreplaceable(self.path, real)
            temporary = temporary_file.prepare(real, data, before, lost)
        except FileNotFoundError:
            if real.parent.exists():
                return _Attempt.OVERTAKEN  # another program has just deleted the file
            raise
        written = None
        try:
            if rehearsal:
                return _Attempt.DONE
            swap = Swap(real, temporary, before, deadline)
            written = swap.run()
            if not swap.is_flushed:
                lost.add("the order to flush its folder")
            if written is None:
                return _Attempt.OVERTAKEN
            self._known = written
            write_record.save(_lock_file(real), written)
            return _Attempt.DONE
        finally:
            error = temporary_file.discard(temporary)
            if error and written:
                self._warn(f"{temporary}: the old content could not be deleted: {error.strerror}")

    def _edited(self, data: bytes, edits: Iterable[Edit]) -> bytes:
        document = Document(data, self.path, self._headers)
        for edit in edits:
            edit(document)
        return document.data()

    def _real_path(self, *, to_write: bool = True) -> Path:
        """The regular file that the path leads to, or where it will be; the null device is one only to be read."""
        real = Path(os.path.realpath(self.path))
        if real == _NULL:
            if not to_write:
                return real
            raise FileRefusedError(
                f"{self.path} keeps nothing that is written to it; nothing was changed",
                hint="name a file with --credentials-file or --config-file, or unset the AWS_ variable that names it",
            )
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(real.stat().st_mode):
                raise FileRefusedError(
                    f"{self.path} is not a regular file",
                    hint="name another one with --credentials-file or --config-file",
                )
        return real

    @contextmanager
    def _translate_errors(self, path: Path) -> Iterator[None]:
        """Turn the operating system's refusals into encee's, with the next thing to do."""
        try:
            yield
        except OSError as error:
            reason, hint = _REASONS.get(
                error.errno or 0, (os.strerror(error.errno or 0), "look at it: ls -la {folder}")
            )
            names = {"path": quote(str(path)), "folder": quote(str(path.parent))}
            raise FileRefusedError(f"{path}: {reason}", hint=hint.format_map(names)) from error


def _lock_file(real: Path) -> Path:
    """The file that is locked during a write, and holds the record of the last one."""
    return real.parent / f"{temporary_file.prefix(real)}lock"


def _remove_unused_locks(folder: Path, but: Path) -> None:
    """Delete the lock files of keys that no process holds: those of processes that were killed."""
    for lock_file in folder.glob(".encee-*.lock"):
        if lock_file != but:
            with suppress(EnceeError, OSError), locked(lock_file, folder, 0, keep=False):
                pass
