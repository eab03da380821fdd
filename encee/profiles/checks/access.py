"""The checks of what the operating system lets encee and other users do with the two files and their folders."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from encee.awsfile.paths import default_folder
from encee.awsfile.preflight import refuse_unreplaceable
from encee.awsfile.syntax import UnreadableError
from encee.errors import FileRefusedError
from encee.profiles.checks.base import Check, Examined, ExaminedFile, Finding, State
from encee.profiles.credentials import has_long_term_key, has_token

_WRITE_TIMEOUT_SECONDS = 60.0
"""Below this age, a temporary file can belong to a write that has not finished."""


_OTHER_PERMISSIONS = "this system has other permissions than owners and modes"


def _has_owners() -> bool:
    """Whether files have owners and modes; Windows has other permissions."""
    return hasattr(os, "geteuid")


def _cannot_be_opened(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if file.fault and not isinstance(file.fault, UnreadableError):
            denied = isinstance(file.fault.__cause__, PermissionError)
            commands = _repair(_first_closed(file.path)) if denied else ()
            yield Finding(State.ERROR, file.fault.message, None if commands else file.fault.hint, commands)


def _first_closed(path: Path) -> Path:
    """The first folder on the way to a file that the user may not enter, or else the file itself."""
    real = Path(os.path.realpath(path))
    return next((folder for folder in reversed(real.parents) if not os.access(folder, os.X_OK)), real)


def _repair(path: Path) -> tuple[str, ...]:
    """The command that lets the user read and write a file or folder; none where that is for others to decide."""
    if not _has_owners() or (status := _status(path)) is None:
        return ()
    user = os.geteuid()
    if status.st_uid == user:
        return (f"chmod u+rw{'x' * stat.S_ISDIR(status.st_mode)} {quote(str(path))}",)
    if (usual := default_folder()) and usual.parent in path.parents:
        return (f"sudo chown {_user_name(user)} {quote(str(path))}",)
    return ()


def _user_name(user: int) -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _not_writable(examined: Examined) -> Iterator[Finding]:
    closed: set[Path] = set()
    for file in examined.both:
        real = Path(os.path.realpath(file.path))
        if not _has_owners() or (file.fault and not isinstance(file.fault, UnreadableError)):
            continue
        if real.exists() and not real.is_file():
            continue  # a device such as /dev/null, which is fine while nothing is to be written
        state = _severity(examined, file)
        folder = real.parent if real.parent.exists() else real.parent.parent
        if not folder.exists() or _broken_link(file.path):
            yield _missing_folder(file.path, real.parent, state)
        elif os.access(folder, os.W_OK | os.X_OK):
            yield from _protected(file, real, state)
        elif folder not in closed:
            closed.add(folder)
            yield _closed_folder(folder, state)


def _broken_link(path: Path) -> Path | None:
    """The link on the way to a file that leads into a folder that does not exist, or None."""
    links = (part for part in (path, *path.parents) if part.is_symlink() and not part.exists())
    return next((link for link in links if not Path(os.path.realpath(link)).parent.exists()), None)


def _missing_folder(path: Path, folder: Path, state: State) -> Finding:
    if link := _broken_link(path):
        remedy = f"mount the drive that it leads to, or fix the link: ls -la {quote(str(link))}"
        return Finding(state, f"{link} is a link into a folder that does not exist", remedy)
    return Finding(state, f"the folder of {path} does not exist", commands=(f"mkdir -p -m 700 {quote(str(folder))}",))


def _severity(examined: Examined, file: ExaminedFile) -> State:
    """How bad it is that a file cannot be written: a refresh needs the credentials file only."""
    return State.ERROR if file is examined.credentials else State.WARNING


def _closed_folder(folder: Path, state: State) -> Finding:
    is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    reason = "the file system is read-only" if is_read_only else "permission denied"
    commands = () if is_read_only else _repair(folder)
    remedy = "name a file in a folder of your own with --credentials-file or --config-file"
    return Finding(state, f"encee cannot write to {folder}: {reason}", None if commands else remedy, commands)


def _protected(file: ExaminedFile, real: Path, state: State) -> Iterator[Finding]:
    try:
        if real.exists():
            refuse_unreplaceable(file.path, real)
    except FileRefusedError as error:
        yield Finding(state, error.message.removesuffix("; nothing was changed"), error.hint)
    except OSError as error:
        remedy = f"mount its folder {real.parent} instead of the file"
        yield Finding(state, f"encee cannot replace {file.path}: {(error.strerror or '').lower()}", remedy)


def _lock_files(examined: Examined) -> Iterator[Finding]:
    for path in dict.fromkeys(path for file in examined.both for path in _companions(file)):
        if path.is_symlink():
            message = f"{path} is a link, and encee follows none in the place of its lock"
            yield Finding(State.ERROR, message, commands=(f"rm {quote(str(path))}",))
        elif _status(path) is not None and not os.access(path, os.R_OK | os.W_OK):
            message = f"encee cannot open {path}, as after a run as another user: permission denied"
            remedy = "let its owner delete it"
            yield Finding(State.ERROR, message, None if (commands := _repair(path)) else remedy, commands)


def _companions(file: ExaminedFile) -> list[Path]:
    """The lock files and temporary files that encee has beside a file."""
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


def _permissions(examined: Examined) -> Iterator[Finding]:
    if not _has_owners():
        return
    for file in examined.both:
        status = _status(file.path)
        mode = status.st_mode if status and stat.S_ISREG(status.st_mode) else 0  # anybody may write to /dev/null
        command = f"chmod 600 {quote(str(file.path))}"
        secret = any(has_long_term_key(options) or has_token(options) for options in file.view.values())
        if mode & 0o022:
            risk = "and with it which keys and commands your AWS tools use"
            yield Finding(State.ERROR, f"other users can change {file.path}, {risk}", commands=(command,))
        elif mode & 0o044 and secret:
            yield Finding(State.WARNING, f"other users can read {file.path}, and the keys in it", commands=(command,))
    usual = default_folder()
    paths = [path for file in examined.both for path in (file.path, Path(os.path.realpath(file.path)))]
    for folder in dict.fromkeys(path.parent for path in paths):
        mode = status.st_mode if (status := _status(folder)) else 0
        command = f"chmod 700 {quote(str(folder))}"
        if mode & 0o022 and not mode & stat.S_ISVTX:
            yield Finding(State.ERROR, f"other users can put files into {folder}", commands=(command,))
        elif mode & 0o055 and folder == usual:
            yield Finding(State.WARNING, f"other users can look into {folder}", commands=(command,))


def _permission_obstacle(examined: Examined) -> str | None:
    """Why other users may be able to read or change the files although no finding says so, or None."""
    return examined.unread if _has_owners() else _OTHER_PERMISSIONS


def _write_obstacle(examined: Examined) -> str | None:
    """Why a file may not be writable although no finding says so, or None."""
    return examined.unopened if _has_owners() else _OTHER_PERMISSIONS


def _status(path: Path) -> os.stat_result | None:
    """What the file system says of a path; None where there is nothing, or nothing any more."""
    try:
        return path.stat()
    except OSError:
        return None


def _leftovers(examined: Examined) -> Iterator[Finding]:
    old = time.time() - _WRITE_TIMEOUT_SECONDS
    paths = dict.fromkeys(path for file in examined.both for path in file.store.temporaries())
    if left := [str(path) for path in paths if (status := _status(path)) and status.st_mtime < old]:
        them = f"{len(left)} temporary files" if len(left) > 1 else "a temporary file"
        command = f"rm -f {' '.join(map(quote, left))}"
        yield Finding(
            State.WARNING,
            f"a run of encee that was killed has left {them}, with keys in it: {', '.join(left)}",
            commands=(command,),
        )


ACCESS_CHECKS: tuple[Check[Examined], ...] = (
    Check("readable", "both files can be opened", _cannot_be_opened),
    Check("writable", "encee can write both files", _not_writable, _write_obstacle),
    Check("permissions", "only you can read and change the two files", _permissions, _permission_obstacle),
    Check("lock-files", "encee can open the files that it has beside the two", _lock_files),
    Check("leftover-files", "no temporary file of encee's was left behind", _leftovers),
)
"""In the order in which they are shown."""
