"""Check the permissions of the two files, their folders and encee's own files."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from encee.awsfile.atomic_write import refuse_unreplaceable
from encee.awsfile.paths import find_default_folder
from encee.awsfile.syntax import UnreadableError
from encee.errors import FileRefusedError
from encee.profiles.checks.base import Check, Examined, ExaminedFile, Finding, State
from encee.profiles.credentials import has_long_term_key, has_token

_WRITE_TIMEOUT_SECONDS = 60.0
"""A younger temporary file can belong to a write that has not finished."""


_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH

_OTHER_PERMISSIONS = "this system does not have owners and modes of files"


def _has_owners() -> bool:
    """Whether files have owners and modes; Windows has other permissions."""
    return hasattr(os, "geteuid")


def _check_readable(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if file.fault and not isinstance(file.fault, UnreadableError):
            denied = isinstance(file.fault.__cause__, PermissionError)
            commands = _repair(_find_closed_path(file.path)) if denied else ()
            yield Finding(State.ERROR, file.fault.message, None if commands else file.fault.hint, commands)


def _find_closed_path(path: Path) -> Path:
    """Return the first folder on the path that the user may not enter, else the file."""
    real = Path(os.path.realpath(path))
    return next((folder for folder in reversed(real.parents) if not os.access(folder, os.X_OK)), real)


def _repair(path: Path) -> tuple[str, ...]:
    """Return the command that gives the user access to a path, if they may use it."""
    if not _has_owners() or (status := _read_status(path)) is None:
        return ()
    user = os.geteuid()
    if status.st_uid == user:
        return (f"chmod u+rw{'x' * stat.S_ISDIR(status.st_mode)} {quote(str(path))}",)
    if (usual := find_default_folder()) and usual.parent in path.parents:
        return (f"sudo chown {_find_user_name(user)} {quote(str(path))}",)
    return ()


def _find_user_name(user: int) -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _check_writable(examined: Examined) -> Iterator[Finding]:
    closed: set[Path] = set()
    for file in examined.both:
        real = Path(os.path.realpath(file.path))
        if not _has_owners() or (file.fault and not isinstance(file.fault, UnreadableError)):
            continue
        if real.exists() and not real.is_file():
            continue  # a device such as /dev/null, which is valid as long as encee writes nothing
        state = _choose_state(examined, file)
        folder = real.parent if real.parent.exists() else real.parent.parent
        if not folder.exists() or _find_broken_link(file.path):
            yield _report_missing_folder(file.path, real.parent, state)
        elif os.access(folder, os.W_OK | os.X_OK):
            yield from _check_replaceable(file, real, state)
        elif folder not in closed:
            closed.add(folder)
            yield _report_closed_folder(folder, state)


def _find_broken_link(path: Path) -> Path | None:
    """Return the link on the path that leads into a missing folder, or None."""
    links = (part for part in (path, *path.parents) if part.is_symlink() and not part.exists())
    return next((link for link in links if not Path(os.path.realpath(link)).parent.exists()), None)


def _report_missing_folder(path: Path, folder: Path, state: State) -> Finding:
    if link := _find_broken_link(path):
        remedy = f"mount the drive that it leads to, or fix the link: ls -la {quote(str(link))}"
        return Finding(state, f"{link} is a link into a folder that does not exist", remedy)
    return Finding(state, f"the folder of {path} does not exist", commands=(f"mkdir -p -m 700 {quote(str(folder))}",))


def _choose_state(examined: Examined, file: ExaminedFile) -> State:
    """Return the severity of a read-only file; a refresh needs the credentials file."""
    return State.ERROR if file is examined.credentials else State.WARNING


def _report_closed_folder(folder: Path, state: State) -> Finding:
    is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    reason = "read-only file system" if is_read_only else "permission denied"
    commands = () if is_read_only else _repair(folder)
    remedy = "name a file in a folder of your own with --credentials-file or --config-file"
    return Finding(state, f"encee cannot write to {folder}: {reason}", None if commands else remedy, commands)


def _check_replaceable(file: ExaminedFile, real: Path, state: State) -> Iterator[Finding]:
    try:
        if real.exists():
            refuse_unreplaceable(file.path, real)
    except FileRefusedError as error:
        yield Finding(state, error.message.removesuffix("; nothing was changed"), error.hint)
    except OSError as error:
        remedy = f"mount its folder {real.parent} instead of the file"
        yield Finding(state, f"encee cannot replace {file.path}: {(error.strerror or '').lower()}", remedy)


def _check_lock_files(examined: Examined) -> Iterator[Finding]:
    for path in dict.fromkeys(path for file in examined.both for path in _list_companions(file)):
        if path.is_symlink():
            message = f"{path} is a link, which encee does not follow for a lock file"
            yield Finding(State.ERROR, message, commands=(f"rm {quote(str(path))}",))
        elif _read_status(path) is not None and not os.access(path, os.R_OK | os.W_OK):
            message = f"encee cannot open {path}, which another user may have made: permission denied"
            remedy = "ask its owner to delete it"
            yield Finding(State.ERROR, message, None if (commands := _repair(path)) else remedy, commands)


def _list_companions(file: ExaminedFile) -> list[Path]:
    real = Path(os.path.realpath(file.path))
    begins = f".{real.name}.encee-"
    try:
        names = sorted(os.listdir(real.parent))  # noqa: PTH208 - a folder's names are enough
    except OSError:
        return []
    ours = [
        name for name in names if name.startswith(begins) or (name.startswith(".encee-") and name.endswith(".lock"))
    ]
    return [real.parent / name for name in ours]


def _check_permissions(examined: Examined) -> Iterator[Finding]:
    if not _has_owners():
        return
    for file in examined.both:
        yield from _check_file_mode(file)
    paths = [path for file in examined.both for path in (file.path, Path(os.path.realpath(file.path)))]
    for folder in dict.fromkeys(path.parent for path in paths):
        yield from _check_folder_mode(folder)


def _check_file_mode(file: ExaminedFile) -> Iterator[Finding]:
    """Check whether other users can change a file, or read the secrets in it."""
    status = _read_status(file.path)
    if status is None or not stat.S_ISREG(status.st_mode):
        return  # every user may write to a device such as /dev/null
    command = f"chmod 600 {quote(str(file.path))}"
    has_secret = any(has_long_term_key(options) or has_token(options) for options in file.view.values())
    if status.st_mode & _OTHERS_WRITE:
        risk = "and with it which keys and commands your AWS tools use"
        yield Finding(State.ERROR, f"other users can change {file.path}, {risk}", commands=(command,))
    elif status.st_mode & _OTHERS_READ and has_secret:
        yield Finding(State.WARNING, f"other users can read {file.path}, and the keys in it", commands=(command,))


def _check_folder_mode(folder: Path) -> Iterator[Finding]:
    """Check whether other users can add files to a folder, or list `~/.aws`."""
    status = _read_status(folder)
    if status is None:
        return
    command = f"chmod 700 {quote(str(folder))}"
    if status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        yield Finding(State.ERROR, f"other users can put files into {folder}", commands=(command,))
    elif status.st_mode & (_OTHERS_READ | _OTHERS_ENTER) and folder == find_default_folder():
        yield Finding(State.WARNING, f"other users can look into {folder}", commands=(command,))


def _find_permission_obstacle(examined: Examined) -> str | None:
    return examined.unread if _has_owners() else _OTHER_PERMISSIONS


def _find_write_obstacle(examined: Examined) -> str | None:
    return examined.unopened if _has_owners() else _OTHER_PERMISSIONS


def _read_status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _check_leftovers(examined: Examined) -> Iterator[Finding]:
    old = time.time() - _WRITE_TIMEOUT_SECONDS
    paths = dict.fromkeys(path for file in examined.both for path in file.store.list_temporary_files())
    if left := [str(path) for path in paths if (status := _read_status(path)) and status.st_mtime < old]:
        them = f"{len(left)} temporary files" if len(left) > 1 else "a temporary file"
        command = f"rm -f {' '.join(map(quote, left))}"
        yield Finding(
            State.WARNING,
            f"a run of encee that was killed has left {them}, with keys in it: {', '.join(left)}",
            commands=(command,),
        )


ACCESS_CHECKS: tuple[Check[Examined], ...] = (
    Check("readable", "both files can be opened", _check_readable),
    Check("writable", "encee can write both files", _check_writable, _find_write_obstacle),
    Check("permissions", "only you can read and change the two files", _check_permissions, _find_permission_obstacle),
    Check("lock-files", "encee can open its own files beside the two", _check_lock_files),
    Check("leftover-files", "encee has left no temporary file", _check_leftovers),
)
"""In the order of the output."""
