"""Read, lock, edit and write one of the two files without losing a key.

Other tools write the same files without a lock, and truncate them in place. So encee reads the content under its own
lock while no other program writes it (`stable_read`), writes the edited content to a temporary file beside the
original (`temporary_file`), and swaps the two only while the original is still what it read (`atomic_write`).
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

from encee.awsfile import stable_read, temporary_file
from encee.awsfile.atomic_write import Swap, refuse_unreplaceable
from encee.awsfile.document import Document
from encee.awsfile.lockfile import hold_lock, is_last_write, record_write
from encee.awsfile.sections import Headers
from encee.awsfile.stable_read import Snapshot
from encee.errors import EnceeError, FileRefusedError

Edit = Callable[[Document], None]
"""A change of a document; called again when the file has changed in the meantime."""

_NULL = Path(os.devnull)
"""A path that some users set to say that the file does not exist."""

WRITE_TIMEOUT_SECONDS = 10.0
"""The time to wait for other writers."""

_KEY_LOCK_TIMEOUT_SECONDS = 150.0
"""The time to wait for another process that uses the same key: longer than a code command may take."""

_REASONS = {
    errno.ENOSPC: ("no space left on device", "make room, then try again: df -h {folder}"),
    errno.EDQUOT: ("disk quota exceeded", "make room, then try again"),
    errno.EFBIG: ("file too large", "raise the limit: ulimit -f unlimited"),
    errno.EROFS: ("read-only file system", "mount it writable, or name another file with --credentials-file"),
    errno.EACCES: ("permission denied", "make folder and file your own: ls -la {folder}"),
    errno.EPERM: ("permission denied", "make folder and file your own: ls -la {folder}"),
    errno.EBUSY: (
        "it is a mount point and cannot be replaced safely",
        "mount its folder {folder} into the container instead of the file",
    ),
    **dict.fromkeys(
        (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP),
        ("the file system has no locks", "name a file on another one with --credentials-file"),
    ),
    errno.ELOOP: ("too many levels of symbolic links", "fix the link: ls -la {path}"),
    errno.ENOTDIR: ("a part of the path is not a folder", "check the path"),
}
"""Error number of the operating system → its message and hint."""


class _Attempt(Enum):
    """How one attempt to read, edit and replace the file ended."""

    DONE = auto()
    OVERTAKEN = auto()
    """Another program wrote the file; repeat the edit on what it wrote."""


class AwsFile:
    """One of the two files on disk.

    Args:
        path: The path, which need not exist; a link is followed and kept.
        headers: How this file names its sections.
        warn: Called with one line about each kind of metadata that could not be kept.
    """

    def __init__(self, path: Path, headers: Headers, warn: Callable[[str], None]) -> None:
        self.path = path
        self._headers = headers
        self._warn = warn
        self._known: Snapshot | None = None
        """The last state that this process has waited for or written."""

    def read(self, timeout: float = WRITE_TIMEOUT_SECONDS) -> bytes:
        """Read the content; empty for a missing file and `/dev/null`.

        Wait while another program is writing it.

        Args:
            timeout: The time to wait for other programs, in seconds.

        Raises:
            FileRefusedError: The path is not a regular file or cannot be read.
            FileBusyError: Another program was still writing it at the timeout.
        """
        with self._translate_errors(self.path):
            real = self._resolve_path(to_write=False)
            if real == _NULL:
                return b""
            try:
                status = real.stat()
            except FileNotFoundError:
                return b""
            # Nothing is written from this content, so an empty file that is not new needs no wait.
            if status.st_size == 0 and time.time() - status.st_mtime > stable_read.QUIET_SECONDS:
                return b""
            return self._read_complete(real, time.monotonic() + timeout, to_edit=False).data

    def _read_complete(self, real: Path, deadline: float, *, to_edit: bool) -> Snapshot:
        """Wait until no other program is writing; return the file's state."""
        before, lock_file = self._known, _build_lock_path(real)
        self._known = stable_read.read_stable(
            real,
            deadline,
            lambda state: state == before or is_last_write(lock_file, state),
            had_content=bool(before and before.data),
            to_edit=to_edit,
        )
        return self._known

    def read_document(self) -> Document:
        """Read the content for edits in memory.

        Raises:
            FileRefusedError: As `read`, and when the AWS tools cannot read the content.
        """
        return Document(self.read(), self.path, self._headers)

    def preview_edit(self, *edits: Edit) -> bytes:
        """Apply edits in memory only; return the verified content.

        Raises:
            FileRefusedError: As `read_document`, and when an edit is refused.
        """
        return self._apply_edits(self.read(), edits)

    def is_readable_by_others(self) -> bool:
        """Whether the mode lets the group or all users read it; False on Windows."""
        try:
            return hasattr(os, "geteuid") and bool(self.path.stat().st_mode & 0o044)
        except OSError:
            return False

    def list_temporary_files(self) -> list[Path]:
        """List the temporary files of writes that are running or were killed."""
        return sorted(temporary_file.list_temporary_files(Path(os.path.realpath(self.path))))

    def read_version(self) -> object:
        """Return a value that changes with each write, without reading the file."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    @contextmanager
    def key_lock(self, key_id: str, timeout: float | None = None) -> Iterator[None]:
        """Hold the lock of an access key, for unattended refreshes and rotations.

        Args:
            key_id: The access key id.
            timeout: The time to wait for another process, in seconds; None means 150.

        Raises:
            FileBusyError: Another process held the lock past the timeout.
        """
        with self._translate_errors(self.path):
            real = self._resolve_path()
            temporary_file.make_folder(self.path, real)
            folder = real.parent
        lock_file = folder / f".encee-{key_id}.lock"
        with ExitStack() as stack:
            with self._translate_errors(lock_file):
                stack.enter_context(hold_lock(lock_file, self.path, timeout or _KEY_LOCK_TIMEOUT_SECONDS, keep=False))
                for unused in set(folder.glob(".encee-*.lock")) - {lock_file}:  # of processes that were killed
                    with suppress(EnceeError, OSError), hold_lock(unused, folder, 0, keep=False):
                        pass
            yield

    def rehearse(self, *edits: Edit) -> None:
        """Do everything that `edit` does except replacing the file.

        Raises:
            FileRefusedError: `edit` would be refused.
        """
        self.edit(*edits, is_rehearsal=True)

    def edit(self, *edits: Edit, is_rehearsal: bool = False) -> None:
        """Apply edits in one write; write nothing if they change nothing.

        Raises:
            FileRefusedError: The file cannot be edited safely; it is unchanged.
            FileBusyError: Another program kept writing the file, or another encee held its lock past the timeout.
        """
        with self._translate_errors(self.path):
            real = self._resolve_path()
            temporary_file.make_folder(self.path, real)
        with ExitStack() as stack:
            lock_file = _build_lock_path(real)
            with self._translate_errors(lock_file):
                stack.enter_context(hold_lock(lock_file, self.path, WRITE_TIMEOUT_SECONDS))
            with self._translate_errors(self.path):
                for leftover in temporary_file.list_temporary_files(real):
                    temporary_file.delete_file(leftover)
                deadline = time.monotonic() + WRITE_TIMEOUT_SECONDS
                lost: set[str] = set()
                while self._attempt(real, edits, deadline, lost, is_rehearsal=is_rehearsal) is _Attempt.OVERTAKEN:
                    if time.monotonic() > deadline:
                        raise stable_read.build_busy_error(self.path)
        if lost and not is_rehearsal:
            self._warn(f"{self.path}: the file system did not take {' and '.join(sorted(lost))}")

    def _attempt(
        self, real: Path, edits: tuple[Edit, ...], deadline: float, lost: set[str], *, is_rehearsal: bool
    ) -> "_Attempt":
        """Read, edit and replace the file once."""
        before = self._read_complete(real, deadline, to_edit=True)
        data = self._apply_edits(before.data, edits)
        if data == before.data:
            return _Attempt.DONE
        try:
            if before.exists:
                refuse_unreplaceable(self.path, real)
            temporary = temporary_file.write_temporary_file(real, data, before, lost)
        except FileNotFoundError:
            if real.parent.exists():
                return _Attempt.OVERTAKEN  # another program has deleted the file
            raise
        written = None
        try:
            if is_rehearsal:
                return _Attempt.DONE
            swap = Swap(real, temporary, before, deadline)
            written = swap.run()
            if not swap.is_flushed:
                lost.add("the order to flush its folder")
            if written is None:
                return _Attempt.OVERTAKEN
            self._known = written
            record_write(_build_lock_path(real), written)
            return _Attempt.DONE
        finally:
            error = temporary_file.delete_file(temporary)
            if error and written:
                self._warn(f"{temporary}: the old content could not be deleted: {error.strerror}")

    def _apply_edits(self, data: bytes, edits: Iterable[Edit]) -> bytes:
        document = Document(data, self.path, self._headers)
        for edit in edits:
            edit(document)
        return document.render()

    def _resolve_path(self, *, to_write: bool = True) -> Path:
        """Resolve links; refuse what is not a regular file, or the null device to read."""
        real = Path(os.path.realpath(self.path))
        if real == _NULL:
            if not to_write:
                return real
            raise FileRefusedError(
                f"{self.path} does not store what is written to it; nothing was changed",
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
        """Translate errors of the operating system, with a hint for each."""
        try:
            yield
        except OSError as error:
            reason, hint = _REASONS.get(
                error.errno or 0, (os.strerror(error.errno or 0), "look at it: ls -la {folder}")
            )
            names = {"path": quote(str(path)), "folder": quote(str(path.parent))}
            raise FileRefusedError(f"{path}: {reason}", hint=hint.format_map(names)) from error


def _build_lock_path(real: Path) -> Path:
    """Return the path of the lock file, which also records the last write."""
    return real.parent / f"{temporary_file.build_prefix(real)}lock"
