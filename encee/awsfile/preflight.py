"""Check whether a file can be replaced, and without losing anything."""

import errno
import os
import re
import stat
import sys
from pathlib import Path
from shlex import quote

from encee.errors import FileRefusedError

_GET_FLAGS = 0x80086601
"""FS_IOC_GETFLAGS of Linux, which returns the attributes that `chattr` sets."""

_UNCHANGEABLE = 0x10 | 0x20
"""FS_IMMUTABLE_FL and FS_APPEND_FL."""


def refuse_unreplaceable(path: Path, real: Path) -> None:
    """Refuse a file that is protected, has hard links, or is mounted by itself.

    Args:
        path: The path that the user named, for errors.
        real: The file that it leads to.

    Raises:
        FileRefusedError: The file is protected or has hard links.
        OSError: The file is a mount point (EBUSY).
    """
    status, folder = real.stat(), real.parent.stat()
    name, new = quote(str(path)), quote(f"{path}.new")
    if _is_mounted(real):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    for place in (real, real.parent):
        if _is_unchangeable(place):
            raise FileRefusedError(
                f"{place} is append-only or immutable; nothing was changed",
                hint=f"sudo chattr -ia {quote(str(place))}",
            )
    if not os.access(real, os.W_OK):
        raise FileRefusedError(f"{path} is write-protected; nothing was changed", hint=f"chmod u+w {name}")
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, status.st_uid, folder.st_uid}:
        raise FileRefusedError(
            f"{path} belongs to another user, and only that user may replace it in its folder; nothing was changed",
            hint="name a file of your own with --credentials-file or --config-file",
        )
    if status.st_nlink > 1:
        raise FileRefusedError(
            f"{path} has {status.st_nlink} hard links, and a safe write would split them; nothing was changed",
            hint=f"make it a file of its own: cp -p {name} {new} && mv {new} {name}",
        )


def _is_mounted(real: Path) -> bool:
    """Whether a file is a mount point; known on Linux only (proc(5))."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return False
    escaped = re.sub(rb"[\\ \t\n]", lambda match: b"\\%03o" % ord(match[0]), os.fsencode(real))
    return any(line.split(b" ")[4:5] == [escaped] for line in mounts.splitlines())


def _is_unchangeable(path: Path) -> bool:
    """Whether a path is immutable or append-only (chattr(1)); known on Linux only."""
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
