"""A lock between processes of encee; other tools do not take it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from encee.awsfile.temporary_file import discard, give_to_owner_of_folder
from encee.errors import FileBusyError, FileRefusedError


@contextmanager
def locked(lock_file: Path, path: Path, timeout: float, *, keep: bool = True) -> Iterator[None]:
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
        if (refusal := _refusal(lock_file, error)) is None:
            raise
        raise refusal from None
    try:
        give_to_owner_of_folder(lock_file)
        yield
    finally:
        if not keep:
            discard(lock_file)
        lock.release()


def _refusal(lock_file: Path, error: OSError) -> FileRefusedError | None:
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
