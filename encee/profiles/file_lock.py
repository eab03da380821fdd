"""A lock between processes, for a file that no other tool locks."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from encee.errors import FileBusyError, FileRefusedError


@contextmanager
def locked(lock_file: Path, path: Path, patience: float) -> Iterator[None]:
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
