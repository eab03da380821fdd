"""System calls that `os` lacks: exchange two names, find a file's writers."""

import errno
import os
import signal
import sys
from pathlib import Path

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
    if sys.platform not in {"linux", "darwin"}:
        return False
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        status = library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        status = library.renamex_np(*names, _RENAME_SWAP)
    else:
        return False
    if status and ctypes.get_errno() == errno.ENOENT:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(second))
    return not status


def is_open_for_writing(descriptor: int) -> bool | None:
    """Whether any process has the file of a read-only descriptor open for writing.

    Linux grants a read lease (fcntl(2), "Leases") only on a file that no process has open for writing. encee returns
    the lease at once.

    Returns:
        None if the system does not know: not Linux, a network file system, or a file of another user.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    # struct statfs begins with f_type, a machine word, and the buffer is larger than the rest of it.
    buffer = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).fstatfs(descriptor, buffer) or buffer[0] & 0xFFFFFFFF not in _LOCAL_FILE_SYSTEMS:
        return None
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        # A program that opens the file meanwhile makes the kernel send a signal: by default SIGIO, which would end
        # this process. SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
