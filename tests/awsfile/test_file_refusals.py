"""Refusals of the write on real links, mounts and full disks keep the file."""

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from encee.awsfile import atomic_write
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import ExitCode, FileRefusedError
from tests.awsfile.writing import AFTER, BEFORE, CHILD, names, put, refusal, run_child, write
from tests.conftest import NEW_MOUNTS, NO_PRIVILEGES, mounts


def test_refuses_to_split_a_hard_link(file: Path, aws_file: AwsFile) -> None:
    other_name = file.with_name("linked")
    other_name.hardlink_to(file)
    assert "2 hard links" in refusal(aws_file)
    assert file.samefile(other_name)
    assert file.read_bytes() == BEFORE


def test_refuses_a_file_of_another_user_in_a_sticky_folder(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.chmod(0o1777)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
        assert "belongs to another user" in refusal(aws_file)
        with pytest.raises(FileRefusedError, match="belongs to another user"):
            aws_file.rehearse(put)
    assert file.read_bytes() == BEFORE
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("flags", [0x10, 0x20, 0x80030])
@pytest.mark.parametrize("of_folder", [False, True])
def test_refuses_a_file_that_cannot_be_replaced(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch, flags: int, *, of_folder: bool
) -> None:
    def ioctl(descriptor: int, number: int, buffer: bytes) -> bytes:
        mine = stat.S_ISDIR(os.fstat(descriptor).st_mode) is of_folder
        assert number == 0x80086601
        return (flags if mine else 0x80000).to_bytes(4, sys.byteorder) + buffer[4:]

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "ioctl", ioctl)
        assert f"{file.parent if of_folder else file} is append-only or immutable" in refusal(aws_file)
        with pytest.raises(FileRefusedError, match="append-only or immutable"):
            aws_file.rehearse(put)
    assert file.read_bytes() == BEFORE


def may_chattr() -> bool:
    with tempfile.NamedTemporaryFile() as probe, suppress(FileNotFoundError):
        there, back = (
            subprocess.run(["chattr", change, probe.name], capture_output=True, check=False) for change in ("+a", "-a")
        )
        return not there.returncode and not back.returncode
    return False


@pytest.mark.needs("chattr", permission_to_protect_files=may_chattr())
@pytest.mark.parametrize("flag", ["a", "i"])
def test_a_rehearsal_refuses_an_immutable_file(file: Path, aws_file: AwsFile, flag: str) -> None:
    subprocess.run(["chattr", f"+{flag}", file], check=True)
    try:
        with pytest.raises(FileRefusedError, match="append-only or immutable") as caught:
            aws_file.rehearse(put)
    finally:
        subprocess.run(["chattr", f"-{flag}", file], check=True)
    assert caught.value.hint == f"sudo chattr -ia {file}"


def test_a_file_system_without_immutable_files_is_accepted(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ioctl(*_: object) -> bytes:
        raise OSError(errno.ENOTTY, "no")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


def test_a_path_in_a_hint_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    file = tmp_path / "my keys; x"
    write(file, BEFORE)
    (tmp_path / "linked").hardlink_to(file)
    with pytest.raises(FileRefusedError) as caught:
        AwsFile(file, CredentialsHeaders(), pytest.fail).edit(put)
    hint = caught.value.hint or ""
    subprocess.run(["sh", "-c", hint.partition(": ")[2]], check=True)
    assert file.stat().st_nlink == 1
    assert file.read_bytes() == BEFORE


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def listening_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(path.parent)  # the length of a socket's path is limited
        listening.bind(path.name)


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [fifo, folder, listening_socket, link_to_device])
@pytest.mark.enable_socket
def test_refuses_anything_but_a_regular_file(
    file: Path, aws_file: AwsFile, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.unlink()
    make(file)
    assert "is not a regular file" in refusal(aws_file)
    with pytest.raises(FileRefusedError, match="is not a regular file"):
        aws_file.read()
    assert not file.is_file()


def test_refuses_links_that_point_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "too many levels of symbolic links" in refusal(AwsFile(tmp_path / "a", CredentialsHeaders(), pytest.fail))


def test_refuses_a_path_through_a_file(file: Path) -> None:
    assert "a part of the path is not a folder" in refusal(AwsFile(file / "x", CredentialsHeaders(), pytest.fail))
    assert file.read_bytes() == BEFORE


REFUSALS = {
    errno.ENOSPC: "no space left",
    errno.EDQUOT: "disk quota exceeded",
    errno.EFBIG: "file too large",
    errno.EROFS: "read-only file system",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EBUSY: "it is a mount point",
    errno.EIO: os.strerror(errno.EIO),
}


@pytest.mark.parametrize("call", ["tempfile.mkstemp", "os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_translates_errors_of_the_operating_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "the system's words")

    file = tmp_path / "of {jane}" / "credentials"
    file.parent.mkdir()
    write(file, BEFORE)
    monkeypatch.setattr(call, refuse)
    monkeypatch.setattr(atomic_write, "exchange_names", lambda *_: False)
    with pytest.raises(FileRefusedError) as caught:
        AwsFile(file, CredentialsHeaders(), pytest.fail).edit(put)
    assert f"{file}: {REFUSALS[number]}" in caught.value.message
    assert caught.value.hint
    assert "{folder}" not in caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


def test_a_file_size_limit_keeps_the_old_file(file: Path) -> None:
    # Without coverage, whose own file would be truncated.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    wrapper = ("sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh")
    code, said = run_child(file, *wrapper, token="x" * 60_000, environ=environ)
    assert code == ExitCode.FILE
    assert "file too large" in said
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


def in_mounts(script: str, file: Path, token: str = "new") -> tuple[int, str, str]:
    """Mount with a script that gets the path as $FILE, edit the file in that process, and print it."""
    run = f'set -e; {script}; code=0; "$@" || code=$?; cat "$FILE" >"$SHOWN"; ls -A "$(dirname "$FILE")" >>"$SHOWN"'
    shown = file.parent.parent / "shown"
    environ = {**os.environ, "FILE": str(file), "FOLDER": str(file.parent), "SHOWN": str(shown)}
    wrapper = (*NEW_MOUNTS, "sh", "-c", f"{run}; exit $code", "sh")
    code, said = run_child(file, *wrapper, token=token, environ=environ)
    return code, said, shown.read_text()


SMALL_DISK = 'cp -p "$FILE" "$SHOWN"; mount -t tmpfs -o size=64k,mode=700 none "$FOLDER"; cp -p "$SHOWN" "$FILE"'


@mounts
def test_a_full_disk_keeps_the_old_file(file: Path) -> None:
    fill = 'head -c 100000 /dev/zero >"$FOLDER/filler" 2>/dev/null || :'
    code, said, shown = in_mounts(f"{SMALL_DISK}; {fill}", file)
    assert code == ExitCode.FILE
    assert "no space left on device" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\nfiller\n"


@mounts
def test_a_disk_that_fills_up_during_the_write_keeps_the_old_file(file: Path) -> None:
    code, said, shown = in_mounts(SMALL_DISK, file, token="x" * 100_000)
    assert code == ExitCode.FILE
    assert "no space left on device" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\n"


@mounts
@pytest.mark.parametrize("lock", [":", 'touch "$FOLDER/.credentials.encee-lock"'])
def test_reports_a_read_only_file_system(file: Path, lock: str) -> None:
    code, said, shown = in_mounts(f'{SMALL_DISK}; {lock}; mount -o remount,ro "$FOLDER"', file)
    assert code == ExitCode.FILE
    assert "read-only file system" in said
    assert shown.startswith(BEFORE.decode())


@mounts
def test_refuses_a_mounted_file_and_keeps_it(file: Path) -> None:
    code, said, shown = in_mounts('cp "$FILE" "$SHOWN.f"; mount --bind "$SHOWN.f" "$FILE"', file)
    assert code == ExitCode.FILE
    assert "it is a mount point" in said
    assert f"mount its folder {file.parent}" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\n"
    assert (file.parent.parent / "shown.f").read_bytes() == BEFORE


@mounts
def test_a_rehearsal_refuses_a_mounted_file(tmp_path: Path) -> None:
    file = tmp_path / "my keys" / "credentials"
    file.parent.mkdir()
    file.write_bytes(BEFORE)
    script = 'cp "$1" "$1.f"; mount --bind "$1.f" "$1"; shift; exec "$@"'
    rehearsal = [sys.executable, "-c", CHILD.replace(".edit(", ".rehearse("), str(file), "new"]
    done = subprocess.run(
        [*NEW_MOUNTS, "sh", "-c", script, "sh", str(file), *rehearsal], capture_output=True, text=True, check=False
    )
    assert "it is a mount point" in done.stderr


@pytest.mark.needs("setpriv")
@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "lock", "reason"),
    [
        (0o500, 0o600, False, "permission denied"),
        (0o500, 0o600, True, "permission denied"),
        (0o000, 0o600, False, "permission denied"),
        (0o700, 0o000, False, "permission denied"),
        (0o700, 0o400, False, "is write-protected"),
    ],
)
def test_reports_missing_permissions(file: Path, folder_mode: int, file_mode: int, reason: str, *, lock: bool) -> None:
    if lock:
        file.with_name(".credentials.encee-lock").touch()
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    code, said = run_child(file, *NO_PRIVILEGES)
    file.parent.chmod(0o700)
    file.chmod(0o600)
    assert code == ExitCode.FILE
    assert reason in said
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


@pytest.mark.parametrize("link", ["home/.aws", "home/.aws/credentials"])
def test_creates_no_folder_at_the_target_of_a_link(tmp_path: Path, link: str) -> None:
    drive = tmp_path / "drive"  # outside of the mounts
    drive.mkdir()
    path = tmp_path / link
    path.parent.mkdir(parents=True)
    path.symlink_to(drive / "aws" / path.name)
    aws_file = AwsFile(tmp_path / "home" / ".aws" / "credentials", CredentialsHeaders(), pytest.fail)
    assert f"{path} is a link into a folder that does not exist" in refusal(aws_file)
    with pytest.raises(FileRefusedError, match="is a link into"), aws_file.key_lock("AKIA"):
        pass
    assert aws_file.read() == b""
    assert list(drive.iterdir()) == []


def test_creates_the_folder_of_the_file_but_no_parent(tmp_path: Path) -> None:
    aws_file = AwsFile(tmp_path / "drive" / "aws" / "credentials", CredentialsHeaders(), pytest.fail)
    assert f"the folder {tmp_path / 'drive'} does not exist" in refusal(aws_file)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("short_empty_wait")
def test_creates_a_folder_below_a_link_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    AwsFile(tmp_path / "home" / ".aws" / "credentials", CredentialsHeaders(), pytest.fail).edit(put)
    assert (tmp_path / "real" / ".aws" / "credentials").is_file()


@pytest.mark.needs("setpriv")
def test_reports_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    code, said = run_child(home / ".aws" / "credentials", *NO_PRIVILEGES)
    assert code == ExitCode.FILE
    assert "permission denied" in said
    assert list(home.iterdir()) == []
