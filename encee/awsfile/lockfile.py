"""Hold a lock between processes, and record encee's last write in its file.

Other tools do not take the lock. A file that is still what encee wrote is complete, so the next run need not wait for
other writers.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote

from encee.awsfile.stable_read import Snapshot
from encee.awsfile.temporary_file import delete_file, give_to_owner_of_folder
from encee.errors import FileBusyError, FileRefusedError

_RECORD_START = 1
"""The offset of the record. The first byte is the locked one, which other handles cannot write on Windows."""

_RECORD_BYTES = 256


@contextmanager
def hold_lock(lock_file: Path, path: Path, timeout: float, *, keep: bool = True) -> Iterator[None]:
    """Hold a lock; the kernel releases it when the process ends.

    Another thread may release it.

    Args:
        lock_file: The file to lock; made if it is missing.
        path: The file that the lock protects, for errors.
        timeout: The time to wait for another process, in seconds.
        keep: Whether the lock file stays. Otherwise the process that holds the lock deletes the file, and a process
            that waits for the lock notices that and makes a new file.

    Raises:
        FileBusyError: Another process held the lock past the timeout.
        FileRefusedError: The lock file is a link, another user's, or on a file system without locks.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(
        lock_file,
        timeout=timeout,
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
            f"{path}: another encee has held {lock_file} for {timeout:.0f} s; nothing was changed",
            hint=f"wait for it, or show it: fuser {quote(str(lock_file))}",
        ) from None
    except OSError as error:
        if (refusal := _explain_error(lock_file, error)) is None:
            raise
        raise refusal from None
    try:
        give_to_owner_of_folder(lock_file)
        yield
    finally:
        if not keep:
            delete_file(lock_file)
        lock.release()


def _explain_error(lock_file: Path, error: OSError) -> FileRefusedError | None:
    """Return the error for an unusable lock file; None if its folder is the reason."""
    name = quote(str(lock_file))
    if error.errno == errno.ELOOP:
        return FileRefusedError(
            f"{lock_file} is a link, which encee does not follow for a lock file; nothing was changed",
            hint=f"rm {name}",
        )
    if isinstance(error, PermissionError) and os.path.lexists(lock_file):
        return FileRefusedError(
            f"{lock_file}: permission denied: the lock file belongs to another user; nothing was changed",
            hint=f'sudo chown "$(id -u):$(id -g)" {name}',
        )
    return None


def record_write(lock_file: Path, written: Snapshot) -> None:
    """Record a write under the lock; without a record, the next run waits longer."""
    with suppress(OSError), os.fdopen(os.open(lock_file, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)), "wb") as file:
        file.seek(_RECORD_START)
        file.write(_build_record(written))
        file.truncate()


def is_last_write(lock_file: Path, state: Snapshot) -> bool:
    """Whether a file's state is what encee wrote last, by time, size and SHA-256."""
    try:
        with os.fdopen(os.open(lock_file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            file.seek(_RECORD_START)
            record = file.read(_RECORD_BYTES)
    except OSError:
        return False
    # Most files differ by time or size, so the hash and its import are rarely needed.
    return record.startswith(b"%d %d " % (state.mtime_ns, len(state.data))) and record == _build_record(state)


def _build_record(state: Snapshot) -> bytes:
    import hashlib

    return b"%d %d %s\n" % (state.mtime_ns, len(state.data), hashlib.sha256(state.data).hexdigest().encode())
