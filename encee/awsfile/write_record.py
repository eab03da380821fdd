"""Record encee's last write of a file in the lock file beside it.

A file that is still what encee wrote is complete, so the next run need not wait for other writers.
"""

import os
from contextlib import suppress
from pathlib import Path

from encee.awsfile.stable_read import Snapshot

_START = 1
"""The offset of the record. The first byte is the locked one, which other handles cannot write on Windows."""

_LONGEST = 256


def save(lock_file: Path, written: Snapshot) -> None:
    """Record a write under the lock; without a record, the next run waits longer."""
    with suppress(OSError), os.fdopen(os.open(lock_file, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)), "wb") as file:
        file.seek(_START)
        file.write(_record(written))
        file.truncate()


def matches(lock_file: Path, state: Snapshot) -> bool:
    """Whether a file's state is what encee wrote last, by time, size and SHA-256."""
    try:
        with os.fdopen(os.open(lock_file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            file.seek(_START)
            record = file.read(_LONGEST)
    except OSError:
        return False
    # Most files differ by time or size, so the hash and its import are rarely needed.
    return record.startswith(_time_and_size(state)) and record == _record(state)


def _record(state: Snapshot) -> bytes:
    import hashlib

    return _time_and_size(state) + hashlib.sha256(state.data).hexdigest().encode() + b"\n"


def _time_and_size(state: Snapshot) -> bytes:
    return b"%d %d " % (state.mtime_ns, len(state.data))
