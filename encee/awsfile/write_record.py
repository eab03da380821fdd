"""What encee wrote last to a file, recorded in the lock file beside it.

A file that still is what encee wrote is complete, however young it is: the next run does not wait for it.
"""

import os
from contextlib import suppress
from pathlib import Path

from encee.awsfile.stable_read import Snapshot

_START = 1
"""Where the record begins. Windows lets no other handle write the first byte, which is the locked one."""

_LONGEST = 256


def save(lock_file: Path, written: Snapshot) -> None:
    """Record a write; the caller holds the lock. A record that cannot be written costs the next run a wait."""
    with suppress(OSError), os.fdopen(os.open(lock_file, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)), "wb") as file:
        file.seek(_START)
        file.write(_record(written))
        file.truncate()


def matches(lock_file: Path, state: Snapshot) -> bool:
    """Whether a file's state is what encee wrote last, by its time, size and SHA-256."""
    try:
        with os.fdopen(os.open(lock_file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            file.seek(_START)
            record = file.read(_LONGEST)
    except OSError:
        return False
    # The hash takes a library and a pass over the content, which most files do not need.
    return record.startswith(_time_and_size(state)) and record == _record(state)


def _record(state: Snapshot) -> bytes:
    import hashlib

    return _time_and_size(state) + hashlib.sha256(state.data).hexdigest().encode() + b"\n"


def _time_and_size(state: Snapshot) -> bytes:
    return b"%d %d " % (state.mtime_ns, len(state.data))
