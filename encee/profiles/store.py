"""The write: one way to change a file that holds keys which exist nowhere else.

Other tools write the same files without a lock, and truncate them in place. So the edit is made on content that
was read under the lock and has settled, goes to a temporary file beside the original, and replaces it in one
step only while the original is still what was read; a read afterwards tells whether it stayed.

A tool that opened the original just before that step writes to a file without a name. So the original keeps a
second name until then, and comes back under its own with what the tool wrote, for the edit to be made on. What
remains: a tool that writes even later, having opened the original without truncating it; and file systems
without hard links.
"""

import errno
import glob
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from encee.errors import FileBusyError, FileRefusedError
from encee.profiles.document import Document, Headers

Edit = Callable[[Document], None]
"""A change of a document; called again whenever the file has changed meanwhile."""

_PATIENCE = 10.0
"""For how many seconds other writers are waited for."""

_FLIGHT_PATIENCE = 60.0
"""For how many seconds another process that gets a session for the same key, or rotates it, is waited for."""

_EMPTY_SETTLES = 0.5
"""For how many seconds an empty file has to stay empty: a truncated one has size 0 and its old mtime."""

_READS_APART = 0.05
"""Seconds between two reads that have to agree."""

_SURELY_WRITTEN = 2.0
"""Age in seconds of an mtime at which one read is enough."""

_WINDOWS = os.name == "nt"
"""There, a file that somebody has open can neither be replaced nor deleted."""

_GET_FLAGS = 0x80086601
"""Linux's FS_IOC_GETFLAGS, which asks for the attributes that `chattr` sets."""

_UNCHANGEABLE = 0x10 | 0x20
"""FS_IMMUTABLE_FL and FS_APPEND_FL."""


class _Snapshot(NamedTuple):
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


class Store:
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
        self._known = b""

    def read(self, patience: float = _PATIENCE) -> bytes:
        """The content, once it has settled; empty when there is no file.

        Args:
            patience: For how many seconds to wait for that.

        Raises:
            FileRefusedError: It is no regular file, cannot be read, or does not settle for so long.
        """
        with self._explained(self.path):
            real = self._real_path()
            # Only to be looked at: an empty file that nobody has touched of late is believed without a wait.
            status = real.stat() if real.exists() else None
            if status is None or (status.st_size == 0 and time.time() - status.st_mtime > _SURELY_WRITTEN):
                return b""
            self._known = _settled(real, time.monotonic() + patience, self._known).data
            return self._known

    def document(self) -> Document:
        """The content, ready to be edited in memory only.

        Raises:
            FileRefusedError: As `read`, and when the AWS tools could not read the content.
        """
        return Document(self.read(), self.path, self._headers)

    def readable_by_others(self) -> bool:
        """Whether the file's mode lets its group or everybody read it."""
        try:
            return bool(stat.S_IMODE(self.path.stat().st_mode) & 0o044)
        except OSError:
            return False

    def temporaries(self) -> list[Path]:
        """The temporary files beside the file: those of writes under way, and what runs that were killed left."""
        return sorted(_temporaries(Path(os.path.realpath(self.path))))

    def version(self) -> object:
        """Something that compares unequal once the file was written, without reading it."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    @contextmanager
    def flight(self, key_id: str) -> Iterator[None]:
        """Be the only process that gets a session for a key without asking a person, or that rotates the key.

        Raises:
            FileBusyError: Another one took longer than a minute.
        """
        with self._explained(self.path):
            folder = self._real_path().parent
            _make_folder(folder)
        lock_file = folder / f".encee-{key_id}.lock"
        with ExitStack() as stack:
            with self._explained(lock_file):
                stack.enter_context(_locked(lock_file, self.path, _FLIGHT_PATIENCE))
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
        with self._explained(self.path):
            real = self._real_path()
            _make_folder(real.parent)
            with _locked(real.parent / f"{_prefix(real)}lock", self.path, _PATIENCE):
                _remove_leftovers(real)
                deadline = time.monotonic() + _PATIENCE
                lost: set[str] = set()
                while not self._attempt(real, edits, deadline, lost, rehearsal=rehearsal):
                    if time.monotonic() > deadline:
                        raise _busy(self.path)
        if lost and not rehearsal:
            self._warn(f"{self.path}: the file system did not take {' and '.join(sorted(lost))}")

    def _attempt(
        self, real: Path, edits: tuple[Edit, ...], deadline: float, lost: set[str], *, rehearsal: bool
    ) -> bool:
        """One round of read, edit and replace; False when another tool wrote meanwhile."""
        before = _settled(real, deadline, self._known)
        document = Document(before.data, self.path, self._headers)
        for edit in edits:
            edit(document)
        data = document.data()
        if data == before.data:
            return True
        try:
            if before.exists:
                self._refuse_unwritable(real)
            temporary = _temporary(real, data, before, lost)
        except FileNotFoundError:
            if real.parent.exists():
                return False  # another tool has just taken the file away
            raise
        try:
            if rehearsal or not _exchange(real, temporary, before, deadline, lost):
                return rehearsal
            self._known = data
            return True
        finally:
            _discard(temporary)

    def _real_path(self) -> Path:
        """The regular file that the path leads to, or where it will be."""
        real = Path(os.path.realpath(self.path))
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(real.stat().st_mode):
                raise FileRefusedError(
                    f"{self.path} is not a regular file",
                    hint="name another one with --credentials-file or --config-file",
                )
        return real

    def _refuse_unwritable(self, real: Path) -> None:
        """Refuse what a replacement would get around or fail at: a protection, other names, a mount of its own."""
        status, folder = real.stat(), real.parent.stat()
        name, new = quote(str(self.path)), quote(f"{self.path}.new")
        if _is_mounted(real):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        for path in (real, real.parent):
            if _is_unchangeable(path):
                raise FileRefusedError(
                    f"{path} is append-only or immutable; nothing was changed",
                    hint=f"sudo chattr -ia {quote(str(path))}",
                )
        if not os.access(real, os.W_OK):
            raise FileRefusedError(f"{self.path} is write-protected; nothing was changed", hint=f"chmod u+w {name}")
        if folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, status.st_uid, folder.st_uid}:
            raise FileRefusedError(
                f"{self.path} is another user's, in a folder where only they may replace it; nothing was changed",
                hint="name a file of your own with --credentials-file or --config-file",
            )
        if status.st_nlink > 1:
            raise FileRefusedError(
                f"{self.path} has {status.st_nlink} hard links, and a safe write would split them; nothing was changed",
                hint=f"make it a file of its own: cp -p {name} {new} && mv {new} {name}",
            )

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        """Turn the operating system's refusals into encee's, with the next thing to do."""
        try:
            yield
        except OSError as error:
            reason, hint = _REASONS.get(
                error.errno or 0, (os.strerror(error.errno or 0), "look at it: ls -la {folder}")
            )
            names = {"path": quote(str(path)), "folder": quote(str(path.parent))}
            raise FileRefusedError(f"{path}: {reason}", hint=hint.format_map(names)) from error


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
    errno.ENOLCK: ("the file system has no locks", "name a file on another one with --credentials-file"),
    errno.ENOSYS: ("the file system has no locks", "name a file on another one with --credentials-file"),
    errno.ELOOP: ("a circle of links", "mend the link: ls -la {path}"),
    errno.ENOTDIR: ("a part of the path is not a folder", "check the path"),
}


def _is_mounted(real: Path) -> bool:
    """Whether a file is a mount point, which nothing can be renamed over; known on Linux only (proc(5))."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return False
    escaped = re.sub(rb"[\\ \t\n]", lambda found: b"\\%03o" % ord(found[0]), os.fsencode(real))
    return any(line.split(b" ")[4:5] == [escaped] for line in mounts.splitlines())


def _is_unchangeable(path: Path) -> bool:
    """Whether a file or folder is immutable or append-only, as `chattr` makes it; known on Linux only."""
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


def _busy(path: Path) -> FileBusyError:
    return FileBusyError(
        f"{path}: another program keeps writing it; gave up waiting",
        hint="try again when it has finished",
    )


def _prefix(real: Path) -> str:
    return f".{real.name}.encee-"


def _make_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, for nobody else; `parents` of mkdir leaves those to the umask."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)


@contextmanager
def _locked(lock_file: Path, path: Path, patience: float) -> Iterator[None]:
    """Hold a lock beside a file; the kernel drops it when the process dies, and the lock's own file stays.

    Another thread may let it go.

    Raises:
        FileBusyError: Somebody else held it for longer than `patience`, in seconds.
        FileRefusedError: A link stands in its place.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(
        lock_file,
        timeout=patience,
        mode=0o600,
        thread_local=False,
        poll_interval=0.02,
        fallback_to_soft=False,
        preserve_lock_file=True,
    )
    try:
        lock.acquire()
    except Timeout:
        raise FileBusyError(
            f"{path}: another encee has held {lock_file} for {patience:.0f} s; nothing was changed",
            hint=f"wait for it, or find it with: fuser {quote(str(lock_file))}",
        ) from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileRefusedError(
            f"{lock_file} is a link, and encee locks no file that somebody else has chosen; nothing was changed",
            hint=f"take it away: rm {quote(str(lock_file))}",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _remove_leftovers(real: Path) -> None:
    """Delete temporary files of runs that were killed; under the lock, nobody else needs them."""
    for leftover in _temporaries(real):
        _discard(leftover)


def _temporaries(real: Path) -> Iterator[Path]:
    return real.parent.glob(f"{glob.escape(_prefix(real))}*.tmp")


def _snapshot(real: Path) -> _Snapshot:
    """The file's state.

    Raises:
        FileRefusedError: It has become a link since its path was resolved.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(real, flags)
    except FileNotFoundError:
        return _Snapshot(b"")
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileRefusedError(
            f"{real} has become a link meanwhile", hint="try again: the link is followed then"
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read()
        status = os.fstat(descriptor)
        return _Snapshot(
            data,
            status.st_ino,
            status.st_mtime_ns,
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            _attributes(descriptor),
            exists=True,
        )


def _settled(real: Path, deadline: float, known: bytes = b"") -> _Snapshot:
    """The file's state once nobody is in the middle of writing it.

    Args:
        real: The file.
        deadline: Until when to wait, by the monotonic clock.
        known: Content that has settled before, or was written by this process: the same again is no half of another.

    Raises:
        FileBusyError: It kept changing until the deadline.
    """
    while True:
        first = _snapshot(real)
        if not first.data:
            if _stays_empty(real):
                return first
        else:
            age = time.time() - first.mtime_ns / 1e9
            if age > _SURELY_WRITTEN or first.data == known:
                return first
            time.sleep(_READS_APART)
            if _snapshot(real).data == first.data:
                return first
        if time.monotonic() > deadline:
            raise _busy(real)


def _stays_empty(real: Path) -> bool:
    """Whether an empty or missing file stays so: one that is just being written would not."""
    end = time.monotonic() + _EMPTY_SETTLES
    while time.monotonic() < end:
        time.sleep(_READS_APART)
        if _snapshot(real).data:
            return False
    return True


def _exchange(real: Path, temporary: Path, before: _Snapshot, deadline: float, lost: set[str]) -> bool:
    """Put the new file in the place of the real one; False when another tool wrote to one of them meanwhile.

    What it wrote to the old one is then in the real one's place, unless it has written to the new one as well, or
    has only emptied the old one.
    """
    data = temporary.read_bytes()
    with _second_name(real, temporary.with_suffix(".old.tmp")) as old:
        if _snapshot(real) != before:
            return False
        _replace(temporary, real, deadline)
        _flush_directory(real.parent, lost)
        if _snapshot(real).data != data:
            return False
        if old is None or _snapshot(old) in {before, _Snapshot(b"")}:
            return True
        if _settled(old, deadline).data and _snapshot(real).data == data:
            _replace(old, real, deadline)
        return False


def _replace(new: Path, real: Path, deadline: float) -> None:
    """Put a file in the place of the real one.

    Raises:
        FileBusyError: On Windows, another program had the real one open until the deadline.
    """
    while True:
        try:
            new.replace(real)
        except PermissionError:
            if not _WINDOWS:
                raise
        else:
            return
        if time.monotonic() > deadline:
            raise FileBusyError(
                f"{real}: another program has it open; nothing was changed", hint="close it there, then try again"
            )
        time.sleep(_READS_APART)


def _discard(temporary: Path) -> None:
    """Delete a temporary file; one that Windows does not let go of is deleted by the next write."""
    with suppress(PermissionError):
        temporary.unlink(missing_ok=True)


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
        _discard(name)


def _temporary(real: Path, data: bytes, before: _Snapshot, lost: set[str]) -> Path:
    """A file beside the real one with its mode, owner, attributes and the new content, safely on disk."""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=_prefix(real), suffix=".tmp", dir=real.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if before.exists:
                _dress(descriptor, before, lost)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        _discard(temporary)
        raise
    return temporary


def _dress(descriptor: int, before: _Snapshot, lost: set[str]) -> None:
    """Give a new file the owner, attributes and mode of the old one; `lost` gets what the file system did not take.

    Without its group, it keeps no permissions for a group: they would be another group's.
    """
    mode = before.mode
    if hasattr(os, "fchown") and not _own(descriptor, before.user, before.group):
        lost.add("the owner")
        if not _own(descriptor, -1, before.group):
            lost.add("the group (it may not read the file now)")
            mode &= ~stat.S_IRWXG
    for name, value in before.attributes:
        if value is None or not _set_attribute(descriptor, name, value):
            lost.add("the extended attributes")
    if hasattr(os, "fchmod"):
        try:
            os.fchmod(descriptor, mode)
        except OSError:
            lost.add("the mode")


def _own(descriptor: int, user: int, group: int) -> bool:
    """Give a file to a user (-1: whose it is) and a group; whether it belongs to them now."""
    owner = _owner(descriptor)
    if user in {-1, owner[0]} and group == owner[1]:
        return True
    try:
        os.fchown(descriptor, user, group)
    except OSError:
        return False
    return True


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


def _set_attribute(descriptor: int, name: str, value: bytes) -> bool:
    try:
        os.setxattr(descriptor, name, value)
    except OSError:
        return False
    return True


def _flush_directory(directory: Path, lost: set[str]) -> None:
    """Make the new name survive a power cut, where the file system can."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        return  # Windows opens no directories
    try:
        os.fsync(descriptor)
    except OSError:
        lost.add("the order to flush its folder")
    finally:
        os.close(descriptor)


def _owner(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_uid, status.st_gid
