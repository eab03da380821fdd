"""The rules of the write on real files."""

import errno
import os
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from encee.awsfile import temporary_file
from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import FileRefusedError
from tests.awsfile.writing import AFTER, BEFORE, OTHER, OURS, ROOT, names, put, write


def test_writes_through_a_link_and_keeps_it(file: Path, tmp_path: Path, warnings: list[str]) -> None:
    link, chain = tmp_path / "link", tmp_path / "chain"
    link.symlink_to(Path(".aws/credentials"))
    chain.symlink_to(link)
    AwsFile(chain, CredentialsHeaders(), warnings.append).edit(put)
    assert file.read_bytes() == AFTER
    assert not file.is_symlink()
    assert link.readlink() == Path(".aws/credentials")
    assert chain.readlink() == link
    assert names(file.parent) == {"credentials"}
    assert names(tmp_path) == {".aws", "link", "chain"}


@pytest.mark.usefixtures("short_empty_wait")
def test_creates_the_missing_target_of_a_link(tmp_path: Path) -> None:
    link = tmp_path / "credentials"
    (tmp_path / "dotfiles").mkdir()
    link.symlink_to(tmp_path / "dotfiles" / "real")
    AwsFile(link, CredentialsHeaders(), pytest.fail).edit(put)
    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "real").read_bytes() == OURS[1:]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("short_empty_wait", "open_umask")
def test_creates_folder_file_and_lock_readable_by_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "credentials"
    AwsFile(file, CredentialsHeaders(), pytest.fail).edit(put)
    assert file.read_bytes() == OURS[1:]
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_name(".credentials.encee-lock").stat().st_mode) == 0o600


@pytest.mark.usefixtures("short_empty_wait")
def test_flushes_a_folder_that_it_creates_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    file = tmp_path / ".aws" / "credentials"
    AwsFile(file, CredentialsHeaders(), pytest.fail).edit(put)
    assert flushed == [tmp_path.stat().st_ino, file.stat().st_ino, *flushed[-1:]]
    assert flushed[-1] == file.parent.stat().st_ino


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o755])
def test_keeps_the_mode(file: Path, aws_file: AwsFile, mode: int) -> None:
    file.chmod(mode)
    file.parent.chmod(0o755)
    aws_file.edit(put)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    assert aws_file.is_readable_by_others() is bool(mode & 0o044)


def test_a_missing_file_is_not_readable_by_others(tmp_path: Path) -> None:
    assert not AwsFile(tmp_path / "x", CredentialsHeaders(), pytest.fail).is_readable_by_others()


def test_reports_no_file_as_readable_where_modes_do_not_exist(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o644)
    assert aws_file.is_readable_by_others()
    monkeypatch.delattr(os, "geteuid")  # like Windows, where each file has this mode
    assert not aws_file.is_readable_by_others()


def test_keeps_the_owner(file: Path, aws_file: AwsFile, warnings: list[str]) -> None:
    owner = (12345, 54321) if ROOT else (os.getuid(), os.getgroups()[-1])
    os.chown(file, *owner)
    file.chmod(0o4640)
    aws_file.edit(put)
    status = file.stat()
    assert (status.st_uid, status.st_gid) == owner
    assert stat.S_IMODE(status.st_mode) == 0o4640
    assert warnings == []


def _refused(*_: object) -> None:
    raise OSError(errno.ENOTSUP, "no")


def test_warns_of_an_extended_attribute_that_cannot_be_read(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", lambda _: ["trusted.x"])
    monkeypatch.setattr(os, "getxattr", _refused)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER
    assert warnings == [f"{file}: the file system did not take the extended attributes"]


def test_writes_on_a_file_system_without_extended_attributes(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", _refused)
    aws_file.edit(put)
    assert (file.read_bytes(), warnings) == (AFTER, [])


def test_keeps_extended_attributes(file: Path, aws_file: AwsFile, warnings: list[str]) -> None:
    with suppress(OSError):  # a file system without attributes
        os.setxattr(file, "user.note", b"mine")
        os.setxattr(file, "user.other", b"\0\xff")
    attributes = {name: os.getxattr(file, name) for name in os.listxattr(file)}
    aws_file.edit(put)
    assert {name: os.getxattr(file, name) for name in os.listxattr(file)} == attributes
    assert warnings == []


def test_a_default_acl_of_the_folder_gives_no_further_access(file: Path, aws_file: AwsFile) -> None:
    # acl(5), as Linux keeps it: a version, then tag, permissions and id of each entry; the second one is a user's.
    entries = [(1, 7, -1), (2, 7, 12345), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    default = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    with suppress(OSError):  # a file system without access control lists
        os.setxattr(file.parent, "system.posix_acl_default", default)
    file.chmod(0o640)
    aws_file.edit(put)
    assert "system.posix_acl_access" not in os.listxattr(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.fixture
def taking_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate WSL, NFS or FAT: no owner, mode or attributes, and no flush of folders."""
    real_fsync = os.fsync

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no")
        real_fsync(descriptor)

    monkeypatch.setattr(temporary_file, "_read_owner", lambda _: (-1, -1))
    monkeypatch.setattr(os, "listxattr", lambda _: ["security.x", "user.y"])
    monkeypatch.setattr(os, "getxattr", lambda *_: b"")
    for name in ("fchown", "fchmod", "setxattr"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.usefixtures("taking_nothing")
def test_warns_once_of_metadata_that_the_file_system_refuses(
    file: Path, aws_file: AwsFile, warnings: list[str]
) -> None:
    calls: list[None] = []

    def put_while_another_writes_once(document: Document) -> None:
        put(document)
        if not calls:
            write(file, BEFORE + OTHER)
        calls.append(None)

    aws_file.edit(put_while_another_writes_once)
    assert file.read_bytes() == BEFORE + OTHER + OURS
    assert len(calls) == 2
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in (str(file), "owner", "mode", "attributes", "folder"))


@pytest.mark.usefixtures("taking_nothing")
def test_a_rehearsal_does_not_warn(aws_file: AwsFile, warnings: list[str]) -> None:
    aws_file.rehearse(put)
    assert warnings == []


@pytest.mark.parametrize(("group_taken", "mode"), [(True, 0o664), (False, 0o604)])
def test_gives_no_access_to_another_group(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch, mode: int, *, group_taken: bool
) -> None:
    taken: list[tuple[int, int]] = []

    def fchown(_: int, user: int, group: int) -> None:
        if user != -1 or not group_taken:
            raise PermissionError(errno.EPERM, "no")
        taken.append((user, group))

    file.chmod(0o664)
    monkeypatch.setattr(temporary_file, "_read_owner", lambda _: (-2, -2))
    monkeypatch.setattr(os, "fchown", fchown)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert taken == [(-1, file.stat().st_gid)] * group_taken
    assert ["the owner" in warning for warning in warnings] == [True]
    assert ["the group" in warning for warning in warnings] == [not group_taken]


def test_an_extended_attribute_that_is_refused_costs_no_other(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, bytes] = {}

    def setxattr(_: object, name: str, value: bytes) -> None:
        if name.startswith("security."):
            raise OSError(errno.ENOTSUP, "no")
        taken[name] = value

    monkeypatch.setattr(os, "listxattr", lambda _: ["security.x", "user.y"])
    monkeypatch.setattr(os, "getxattr", lambda _, name: name.encode())
    monkeypatch.setattr(os, "setxattr", setxattr)
    aws_file.edit(put)
    assert taken == {"user.y": b"user.y"}
    assert file.read_bytes() == AFTER
    assert ["attributes" in warning for warning in warnings] == [True]


def test_without_the_acl_the_group_gets_no_access(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o664)
    monkeypatch.setattr(os, "listxattr", lambda _: ["system.posix_acl_access"])
    monkeypatch.setattr(os, "getxattr", _refused)
    monkeypatch.setattr(aws_file, "_warn", lambda _: None)
    aws_file.edit(put)
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


def test_flushes_the_file_before_and_the_folder_after_the_replacement(
    file: Path, aws_file: AwsFile, replacements: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        whole = status.st_size == len(AFTER) and stat.S_IMODE(status.st_mode) == 0o600
        events.append("folder" if stat.S_ISDIR(status.st_mode) else f"{whole=}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    replacements.append(lambda: events.append("replaced"))
    aws_file.edit(put)
    assert events == ["whole=True", "replaced", "folder"]
    assert file.read_bytes() == AFTER


def test_the_temporary_file_is_created_for_the_owner_only(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o644)
    modes: list[int] = []
    real = tempfile.mkstemp

    def mkstemp(**names: str) -> tuple[int, str]:
        descriptor, name = real(suffix=names["suffix"], prefix=names["prefix"], dir=names["dir"])
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor, name

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    aws_file.edit(put)
    assert modes == [0o600]


@pytest.mark.needs(permission_to_be_root=ROOT)
def test_files_that_root_creates_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 12345, 54321)
    aws_file = AwsFile(home / ".aws" / "credentials", CredentialsHeaders(), pytest.fail)
    with aws_file.key_lock("AKIAIOSFODNN7EXAMPLE"):
        aws_file.edit(put)
        owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in home.rglob("*")}
    names = {".aws", "credentials", ".credentials.encee-lock", ".encee-AKIAIOSFODNN7EXAMPLE.lock"}
    assert owners == dict.fromkeys(names, (12345, 54321))


def test_warns_if_the_old_content_cannot_be_deleted(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path.suffix == ".tmp":
            raise OSError(errno.EIO, "Input/output error", str(path))
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER
    (left,) = names(file.parent) - {"credentials"}
    assert warnings == [f"{file.with_name(left)}: the old content could not be deleted: Input/output error"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_during_the_write_keeps_the_old_file(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch, interrupt: type[BaseException]
) -> None:
    def fsync(_: int) -> None:
        raise interrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(interrupt):
            aws_file.edit(put)
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("name", ["credentials", "cred[a]*", "my keys"])
@pytest.mark.parametrize("edit", [put, lambda _: None])
def test_removes_only_the_temporary_files_of_killed_runs(
    file: Path, name: str, edit: Callable[[Document], None]
) -> None:
    file = file.rename(file.with_name(name))
    kept = {
        f".{name}.encee-AKIA.lock",
        f".x{name}.encee-a.tmp",
        ".config.encee-a.tmp",
        f"{name}.tmp",
        ".creda.encee-1.tmp",
    }
    leftovers = {f".{name}.encee-a1b2c3.tmp", f".{name}.encee-_.tmp"}
    for leftover in kept | leftovers:
        (file.parent / leftover).touch()
    AwsFile(file, CredentialsHeaders(), pytest.fail).edit(edit)
    assert names(file.parent) == {name, f".{name}.encee-lock", *kept} - {".credentials.encee-lock"}


def test_several_edits_cause_one_write(file: Path, aws_file: AwsFile, replacements: list[Callable[[], object]]) -> None:
    replacements += [int, lambda: pytest.fail("a second write")]
    aws_file.edit(put, lambda document: document.write_section("b-mfa", {"k": "1"}))
    assert file.read_bytes() == AFTER + b"\n[b-mfa]\nk = 1\n"
    assert len(replacements) == 1


@pytest.mark.parametrize("data", [AFTER, AFTER.replace(b"\n", b"\r\n"), AFTER.removesuffix(b"\n")])
def test_an_edit_without_a_change_does_not_write(
    file: Path, aws_file: AwsFile, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, data)
    before = file.stat()
    monkeypatch.setattr("tempfile.mkstemp", pytest.fail)
    aws_file.edit(put)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert file.read_bytes() == data


@pytest.mark.usefixtures("short_empty_wait")
def test_an_edit_without_a_change_creates_no_file(tmp_path: Path) -> None:
    AwsFile(tmp_path / "credentials", CredentialsHeaders(), pytest.fail).edit(lambda _: None)
    assert names(tmp_path) == set()


def test_a_rehearsal_leaves_no_file(file: Path, aws_file: AwsFile) -> None:
    before = file.stat()
    aws_file.rehearse(put)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("short_empty_wait")
def test_a_rehearsal_creates_no_missing_file(tmp_path: Path) -> None:
    AwsFile(tmp_path / "credentials", CredentialsHeaders(), pytest.fail).rehearse(put)
    assert names(tmp_path) == set()


def test_a_rehearsal_is_refused_for_the_same_reasons_as_the_edit(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: os.strerror(1 // 0))
        with pytest.raises(ZeroDivisionError):
            aws_file.rehearse(put)
    assert names(file.parent) == {"credentials"}
    file.with_name("linked").hardlink_to(file)
    with pytest.raises(FileRefusedError, match="2 hard links"):
        aws_file.rehearse(put)
    write(file, b"[a]\n[a]\n")
    with pytest.raises(FileRefusedError, match="line 2 holds a section for the second time"):
        aws_file.rehearse(put)


@pytest.mark.usefixtures("short_empty_wait")
def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    aws_file = AwsFile(tmp_path / "x" / "credentials", CredentialsHeaders(), pytest.fail)
    assert aws_file.read() == b""
    assert aws_file.read_document().view == {"DEFAULT": {}}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("looks", [1, 2])
def test_a_file_deleted_while_encee_reads_it_is_empty(
    aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    looked: list[Path] = []
    real = Path.stat

    def stat_and_go(path: Path) -> os.stat_result:
        status = real(path)
        looked.append(path)
        if len(looked) == looks:
            path.unlink()
        return status

    monkeypatch.setattr(Path, "stat", stat_and_go)
    assert aws_file.read() == b""
