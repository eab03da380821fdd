"""The new file that is to replace an old one: beside it, with its metadata, and safely on the disk."""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from encee.awsfile.stable_read import Snapshot
from encee.errors import FileRefusedError

_ACCESS_CONTROL_LIST = "system.posix_acl_access"
"""The extended attribute in which Linux shows one (acl(5))."""


def prefix(real: Path) -> str:
    """How the names of the files begin that encee makes beside a file."""
    return f".{real.name}.encee-"


def make_folder(path: Path, real: Path) -> None:
    """Make the folder of a file, for its owner only; but none that a link or a missing folder leads to.

    Behind those can be a drive that is not mounted: what is written below its mount point is hidden once it is, and
    is not encrypted as the drive may be.

    Args:
        path: The file as it was named.
        real: The file that it leads to.

    Raises:
        FileRefusedError: The folder is missing, and not to be made.
    """
    folder = real.parent
    if folder.exists():
        return
    if link := next((part for part in (path, *path.parents) if part.is_symlink() and not part.exists()), None):
        raise FileRefusedError(
            f"{path}: {link} is a link into a folder that does not exist; nothing was changed",
            hint=f"mount the drive that it leads to, or fix the link: ls -la {quote(str(link))}",
        )
    if not folder.parent.exists():
        raise FileRefusedError(
            f"{path}: the folder {folder.parent} does not exist; nothing was changed",
            hint=f"mkdir -p {quote(str(folder))}",
        )
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXU != stat.S_IRWXU:  # the umask takes from the owner, too
            folder.chmod(0o700)
        give_to_owner_of_folder(folder)
        flush_folder(folder.parent)


def give_to_owner_of_folder(path: Path) -> None:
    """Give what root made to the owner of its folder: `sudo encee` can run with the HOME of another user."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    folder = path.parent.stat()
    if path.lstat().st_uid != folder.st_uid:
        with suppress(OSError):  # a file system without owners
            os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


def remove_leftovers(real: Path) -> None:
    """Delete temporary files of runs that were killed; under the lock, nobody else needs them."""
    for leftover in temporaries(real):
        discard(leftover)


def temporaries(real: Path) -> Iterator[Path]:
    """The temporary files beside a file, those that killed runs have left included."""
    return real.parent.glob(f"{glob.escape(prefix(real))}*.tmp")


def prepare(real: Path, data: bytes, before: Snapshot, lost: set[str]) -> Path:
    """A file beside the real one with its mode, owner, attributes and the new content, safely on disk."""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=prefix(real), suffix=".tmp", dir=real.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if before.exists:
                _copy_metadata(descriptor, before, lost)
            else:
                give_to_owner_of_folder(temporary)
                if hasattr(os, "fchmod"):
                    with suppress(OSError):
                        os.fchmod(descriptor, 0o600)  # whatever the umask takes from the owner
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        discard(temporary)
        raise
    return temporary


def _copy_metadata(descriptor: int, before: Snapshot, lost: set[str]) -> None:
    """Give a new file the owner, attributes and mode of the old one; `lost` gets what the file system did not take.

    Without its group, it keeps no permissions for a group: they would be another group's. Nor does it without its
    access control list, beside which they are the most that anybody on the list has, and not the group's own.
    """
    mode = before.mode
    if hasattr(os, "fchown") and not _own(descriptor, before.user, before.group):
        lost.add("the owner")
        if not _own(descriptor, -1, before.group):
            lost.add("the group (it may not read the file now)")
            mode &= ~stat.S_IRWXG
    # The folder may have one for new files, which can let in whom the old file did not.
    if hasattr(os, "removexattr") and _ACCESS_CONTROL_LIST not in dict(before.attributes):
        with suppress(OSError):
            os.removexattr(descriptor, _ACCESS_CONTROL_LIST)
    for name, value in before.attributes:
        if value is None or not _set_attribute(descriptor, name, value):
            lost.add("the extended attributes")
            if name == _ACCESS_CONTROL_LIST:
                mode &= ~stat.S_IRWXG
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


def _owner(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_uid, status.st_gid


def _set_attribute(descriptor: int, name: str, value: bytes) -> bool:
    try:
        os.setxattr(descriptor, name, value)
    except OSError:
        return False
    return True


def discard(temporary: Path) -> OSError | None:
    """Delete a temporary file, or say why it stays; the next write tries again."""
    try:
        temporary.unlink(missing_ok=True)
    except OSError as error:
        return error
    return None


def flush_folder(folder: Path) -> bool:
    """Make a new name in a folder survive a power cut; False where the file system did not take the order."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return True  # Windows opens no folders
    try:
        os.fsync(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
