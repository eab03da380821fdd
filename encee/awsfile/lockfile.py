"""A lock between processes, for a file that no other tool locks."""

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
    """Hold a lock beside a file; the kernel drops it when the process dies.

    Another thread may release it.

    Args:
        lock_file: The file to lock, which is made.
        path: The file that the lock is for.
        timeout: How long to wait for another process that holds it, in seconds.
        keep: Whether the lock file stays. One that is deleted is deleted by the process that holds it, and a process
            that has waited for it notices that and makes a new one.

    Raises:
        FileBusyError: Another process held it for longer than that.
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
            hint=f"wait for it, or find it with: fuser {quote(str(lock_file))}",
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
    """The error for a lock file that cannot be locked; None where its folder is the reason."""
    name = quote(str(lock_file))
    if error.errno == errno.ELOOP:
        return FileRefusedError(
            f"{lock_file} is a link, and encee locks no file that somebody else has chosen; nothing was changed",
            hint=f"take it away: rm {name}",
        )
    if isinstance(error, PermissionError) and os.path.lexists(lock_file):
        return FileRefusedError(
            f"{lock_file}: permission denied: the lock file belongs to another user; nothing was changed",
            hint=f'sudo chown "$(id -u):$(id -g)" {name}',
        )
    return None
