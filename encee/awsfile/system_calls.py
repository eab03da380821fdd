"""System calls that `os` lacks, through the C library."""

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2

_LOCAL_FILE_SYSTEMS = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # XFS
        0x9123683E,  # btrfs
        0xF2F52010,  # F2FS
        0x2FC12FC1,  # ZFS
        0xCA451A4E,  # bcachefs
        0x3153464A,  # JFS
        0x01021994,  # tmpfs
        0x794C7630,  # overlayfs
    }
)
"""`f_type` of statfs(2) of file systems on which this kernel knows every open file."""


def exchange_names(first: Path, second: Path) -> bool:
    """Exchange the names of two files in one step.

    Uses renameat2(2) with RENAME_EXCHANGE on Linux, renamex_np(2) with RENAME_SWAP on macOS.

    Returns:
        False if the system or the file system does not support it.

    Raises:
        FileNotFoundError: One of the two does not exist.
    """
    call = _exchange_call()
    if call is None:
        return False
    import ctypes

    if call(os.fsencode(first), os.fsencode(second)) == 0:
        return True
    if ctypes.get_errno() == errno.ENOENT:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(second))
    return False


@cache
def _exchange_call() -> Callable[[bytes, bytes], int] | None:
    library = _library()
    if library is None:
        return None
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        return lambda first, second: int(library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE))
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return lambda first, second: int(library.renamex_np(first, second, _RENAME_SWAP))
    return None


def is_local(descriptor: int) -> bool:
    """Whether only this kernel writes to the file system; False if unknown."""
    library = _library()
    if library is None or sys.platform != "linux":
        return False
    import ctypes

    # struct statfs begins with f_type, a machine word, and the buffer is larger than the rest of it.
    buffer = (ctypes.c_long * 64)()
    return library.fstatfs(descriptor, buffer) == 0 and buffer[0] & 0xFFFFFFFF in _LOCAL_FILE_SYSTEMS


@cache
def _library() -> Any:  # noqa: ANN401 - its functions are found by name
    if os.name != "posix":
        return None
    import ctypes

    return ctypes.CDLL(None, use_errno=True)
