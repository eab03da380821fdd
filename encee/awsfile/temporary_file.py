"""Write the new file beside the old one, with its metadata, and flush it to disk."""

import glob
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from encee.awsfile.stable_read import Snapshot
from encee.errors import FileRefusedError

_ACCESS_CONTROL_LIST = "system.posix_acl_access"
"""The extended attribute with a file's access control list on Linux (acl(5))."""


def build_prefix(real: Path) -> str:
    """Return the beginning of the names of the files that encee makes beside a file."""
    return f".{real.name}.encee-"


def make_folder(path: Path, real: Path) -> None:
    """Make the folder of a file (0700), unless a link or folder above is missing.

    Those can belong to a drive that is not mounted: mounting it would hide what was written below the mount point, and
    the drive may be encrypted.

    Args:
        path: The path that the user named.
        real: The file that it leads to.

    Raises:
        FileRefusedError: The folder is missing, and a link or a missing folder leads to it.
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
        if stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXU != stat.S_IRWXU:  # the umask can restrict the owner
            folder.chmod(0o700)
        give_to_owner_of_folder(folder)
        flush_folder(folder.parent)


def give_to_owner_of_folder(path: Path) -> None:
    """Give a file of root to its folder's owner, for `sudo encee` with a user's HOME."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    folder = path.parent.stat()
    if path.lstat().st_uid != folder.st_uid:
        with suppress(OSError):  # a file system without owners
            os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


def list_temporary_files(real: Path) -> Iterator[Path]:
    """List the temporary files beside a file, also those of killed runs."""
    return real.parent.glob(f"{glob.escape(build_prefix(real))}*.tmp")


def write_temporary_file(real: Path, data: bytes, before: Snapshot, lost: set[str]) -> Path:
    """Write content beside a file, with the file's metadata, and flush it.

    Args:
        real: The file to replace.
        data: The new content.
        before: The state of the real file.
        lost: Receives the kinds of metadata that the file system did not accept.
    """
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=build_prefix(real), suffix=".tmp", dir=real.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if before.exists:
                _copy_metadata(descriptor, before, lost)
            else:
                give_to_owner_of_folder(temporary)
                if hasattr(os, "fchmod"):
                    _is_accepted(os.fchmod, descriptor, 0o600)  # the umask can restrict the owner
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        delete_file(temporary)
        raise
    return temporary


def _copy_metadata(descriptor: int, before: Snapshot, lost: set[str]) -> None:
    """Copy owner, attributes and mode; add to `lost` what the file system refused.

    If the group is refused, the new file gets no permissions for its group, which is another one. The same holds if
    the access control list is refused, since the mode's permissions for the group are then the list's mask.
    """
    mode = before.mode
    user, group = _read_owner(descriptor)
    is_owned = not hasattr(os, "fchown") or (user, group) == (before.user, before.group)
    if not (is_owned or _is_accepted(os.fchown, descriptor, before.user, before.group)):
        lost.add("the owner")
        if group != before.group and not _is_accepted(os.fchown, descriptor, -1, before.group):
            lost.add("the group (it may not read the file now)")
            mode &= ~stat.S_IRWXG
    # The folder may have a default list, which can give access to users who had none.
    if hasattr(os, "removexattr") and _ACCESS_CONTROL_LIST not in dict(before.attributes):
        _is_accepted(os.removexattr, descriptor, _ACCESS_CONTROL_LIST)
    for name, value in before.attributes:
        if value is None or not _is_accepted(os.setxattr, descriptor, name, value):
            lost.add("the extended attributes")
            if name == _ACCESS_CONTROL_LIST:
                mode &= ~stat.S_IRWXG
    if hasattr(os, "fchmod") and not _is_accepted(os.fchmod, descriptor, mode):
        lost.add("the mode")


def _read_owner(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_uid, status.st_gid


def _is_accepted(call: Callable[..., None], *arguments: object) -> bool:
    """Make a system call; return whether the file system accepts it."""
    try:
        call(*arguments)
    except OSError:
        return False
    return True


def delete_file(path: Path) -> OSError | None:
    """Delete a file, which may be missing; return the error if that fails."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return error
    return None


def flush_folder(folder: Path) -> bool:
    """Flush a folder, so that a new name survives a power cut; False if it cannot."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return True  # Windows cannot open folders
    try:
        os.fsync(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
