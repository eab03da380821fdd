"""Other tools that write the same file without a lock, at each step of the write."""

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from encee.awsfile import atomic_write, system_calls
from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.errors import FileBusyError, FileRefusedError
from tests.awsfile.writing import AFTER, BEFORE, LONG_AGO, OTHER, OURS, names, put, refusal, write


def after_seconds(seconds: float, file: Path, data: bytes) -> threading.Timer:
    """A write of another tool in progress."""
    timer = threading.Timer(seconds, file.write_bytes, [data])
    timer.start()
    return timer


@pytest.mark.parametrize("age", [0, 3600, -3600])
def test_does_not_accept_a_truncated_file_with_any_mtime(file: Path, aws_file: AwsFile, age: int) -> None:
    file.write_bytes(b"")
    mtime = time.time() - age
    os.utime(file, (mtime, mtime))
    after_seconds(0.15, file, BEFORE)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


def test_accepts_an_empty_file_after_half_a_second(file: Path, aws_file: AwsFile) -> None:
    write(file, b"")
    file.chmod(0o640)
    start = time.monotonic()
    aws_file.edit(put)
    assert time.monotonic() - start >= 0.5
    assert file.read_bytes() == OURS[1:]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> dict[int, Callable[[], object]]:
    """Return the actions before the n-th read of the file, from 1; `reads[0]` runs before each."""
    hooks: dict[int, Callable[[], object]] = {}
    real = os.open
    count = 0

    def counted(path: str | Path, flags: int, *arguments: int) -> int:
        nonlocal count
        if flags & os.O_NONBLOCK and Path(path).suffix != ".encee-lock":
            count += 1
            for number in (0, count):
                hooks.get(number, bool)()
        return real(path, flags, *arguments)

    monkeypatch.setattr(os, "open", counted)
    return hooks


@pytest.mark.parametrize(("age", "expected"), [(3600, 7), (2.1, 7), (1.9, 8), (0, 8), (-3600, 8)])
def test_reads_again_only_if_the_mtime_is_recent_or_in_the_future(
    file: Path,
    aws_file: AwsFile,
    reads: dict[int, Callable[[], object]],
    monkeypatch: pytest.MonkeyPatch,
    age: float,
    expected: int,
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    mtime = now - age
    os.utime(file, (mtime, mtime))
    seen: list[None] = []
    reads[0] = lambda: seen.append(None)
    aws_file.edit(put)
    assert len(seen) == expected  # reads until it is complete, of both files before the exchange, and three after it
    assert file.read_bytes() == AFTER


def test_waits_until_two_reads_agree(file: Path, aws_file: AwsFile, reads: dict[int, Callable[[], object]]) -> None:
    file.write_bytes(BEFORE[:20])
    reads[3] = lambda: file.write_bytes(BEFORE)
    start = time.monotonic()
    assert aws_file.read() == BEFORE
    assert time.monotonic() - start >= 0.1
    assert len(reads) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("short_write_timeout")
def test_refuses_a_file_that_keeps_changing(
    file: Path, aws_file: AwsFile, reads: dict[int, Callable[[], object]]
) -> None:
    written: list[bytes] = []

    def go_on() -> None:
        written.append(BEFORE + b"# %d\n" % len(written))
        file.write_bytes(written[-1])

    reads[0] = go_on
    assert "another program keeps writing it" in refusal(aws_file)
    with pytest.raises(FileBusyError):
        aws_file.read()
    assert file.read_bytes() == written[-1]


def in_place(file: Path) -> bytes:
    write(file, BEFORE + OTHER)
    return BEFORE + OTHER


def same_size(file: Path) -> bytes:
    """Write the same number of bytes in place, and restore the mtime."""
    before = file.stat()
    file.write_bytes(BEFORE.replace(b"mine", b"hers"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    return BEFORE.replace(b"mine", b"hers")


def another_file(file: Path) -> bytes:
    """Replace the file by a copy with the same mtime."""
    new = file.with_name("new")
    write(new, BEFORE)
    new.replace(file)
    return BEFORE


def copy_with_same_mtime(file: Path) -> bytes:
    os.utime(file, (LONG_AGO + 1, LONG_AGO + 1))
    return BEFORE


@pytest.mark.parametrize("other", [in_place, same_size, another_file, copy_with_same_mtime])
def test_starts_again_if_another_tool_wrote_before_the_replacement(
    file: Path, aws_file: AwsFile, other: Callable[[Path], bytes]
) -> None:
    wrote: list[bytes] = []

    def put_slowly(document: Document) -> None:
        put(document)
        wrote.append(b"" if wrote else other(file))

    aws_file.edit(put_slowly)
    assert len(wrote) == 2
    assert file.read_bytes() == wrote[0] + OURS
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("short_quiet_wait")
def test_starts_again_if_another_tool_deleted_or_created_the_file(file: Path, aws_file: AwsFile) -> None:
    deleted: list[None] = []

    def put_slowly(document: Document) -> None:
        put(document)
        if not deleted:
            file.unlink()
        elif len(deleted) == 1:
            write(file, OTHER)
        deleted.append(None)

    aws_file.edit(put_slowly)
    assert file.read_bytes() == OTHER + OURS
    assert len(deleted) == 3


def test_applies_the_edit_again_after_another_tool_overwrote_it(
    file: Path, aws_file: AwsFile, replacements: list[Callable[[], object]]
) -> None:
    replacements += [lambda: write(file, BEFORE + OTHER), lambda: file.write_bytes(OTHER + BEFORE)]
    aws_file.edit(put)
    assert replacements == []
    assert file.read_bytes() == OTHER + BEFORE + OURS


@pytest.mark.usefixtures("short_write_timeout")
def test_refuses_after_another_tool_overwrites_it_several_times(
    file: Path, aws_file: AwsFile, replacements: list[Callable[[], object]]
) -> None:
    replacements += [lambda: write(file, BEFORE + OTHER)] * 10_000
    message = refusal(aws_file)
    assert "another program keeps writing it" in message
    assert "nothing was changed" not in message
    assert file.read_bytes() == BEFORE + OTHER


def rewrite(opened: BinaryIO, data: bytes) -> None:
    """Truncate and write, like a tool that has the file open."""
    opened.truncate(0)
    opened.seek(0)
    opened.write(data)
    opened.flush()


@dataclass
class LateTool:
    """A tool that opens the file during the edit, and writes to it after the replacement."""

    file: Path
    opened: list[BinaryIO] = field(default_factory=list)

    def edit(self, document: Document) -> None:
        """Edit the file, which the tool opens meanwhile."""
        put(document)
        if not self.opened:
            self.opened.append(self.file.open("r+b"))

    def write(self, data: bytes) -> None:
        """Write and close the file."""
        self.begin(data)
        self.opened[0].close()

    def begin(self, data: bytes) -> None:
        """Write, and keep the file open."""
        rewrite(self.opened[0], data)


@pytest.fixture
def late(file: Path) -> Iterator[LateTool]:
    tool = LateTool(file)
    yield tool
    for opened in tool.opened:
        opened.close()


def test_keeps_data_that_another_tool_writes_to_the_replaced_file(
    file: Path, aws_file: AwsFile, late: LateTool, replacements: list[Callable[[], object]]
) -> None:
    replacements.append(lambda: late.write(BEFORE + OTHER))
    aws_file.edit(late.edit)
    assert file.read_bytes() == BEFORE + OTHER + OURS
    assert names(file.parent) == {"credentials"}


def test_waits_for_data_that_another_tool_writes_to_the_replaced_file(
    file: Path, aws_file: AwsFile, late: LateTool, replacements: list[Callable[[], object]]
) -> None:
    writing = threading.Timer(0.2, late.write, [OTHER + BEFORE])

    def begin() -> None:
        late.begin(b"")
        writing.start()

    replacements.append(begin)
    aws_file.edit(late.edit)
    writing.join()
    assert file.read_bytes() == OTHER + BEFORE + OURS
    assert names(file.parent) == {"credentials"}


def test_waits_for_a_tool_that_has_the_old_file_open_before_its_write(
    file: Path, aws_file: AwsFile, late: LateTool
) -> None:
    writing = threading.Timer(0.4, late.write, [BEFORE + OTHER])

    def put_slowly(document: Document) -> None:
        late.edit(document)
        if writing.ident is None:
            writing.start()

    aws_file.edit(put_slowly)
    writing.join()
    assert file.read_bytes() == BEFORE + OTHER + OURS


@pytest.mark.usefixtures("short_write_timeout")
def test_restores_the_old_file_while_another_tool_keeps_it_open(file: Path, aws_file: AwsFile, late: LateTool) -> None:
    with pytest.raises(FileBusyError, match="another program keeps writing it"):
        aws_file.edit(late.edit)
    assert file.read_bytes() == BEFORE
    late.write(BEFORE + OTHER)
    assert file.read_bytes() == BEFORE + OTHER
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("short_quiet_wait")
def test_a_tool_that_only_truncates_the_replaced_file_loses_nothing(
    file: Path, aws_file: AwsFile, late: LateTool, replacements: list[Callable[[], object]]
) -> None:
    replacements.append(lambda: late.write(b""))
    aws_file.edit(late.edit)
    assert file.read_bytes() == AFTER
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("short_write_timeout")
def test_keeps_the_data_of_a_tool_that_never_stops_writing_the_old_file(
    file: Path,
    aws_file: AwsFile,
    late: LateTool,
    replacements: list[Callable[[], object]],
    reads: dict[int, Callable[[], object]],
) -> None:
    written: list[bytes] = []

    def go_on() -> None:
        written.append(b"# %d\n" % time.monotonic_ns())
        late.begin(written[-1])

    replacements.append(lambda: reads.update({0: go_on}))
    with pytest.raises(FileBusyError, match="another program keeps writing it"):
        aws_file.edit(late.edit)
    assert file.read_bytes() == written[-1]
    assert names(file.parent) == {"credentials"}


def test_keeps_the_newer_file_if_other_tools_write_to_both(
    file: Path,
    aws_file: AwsFile,
    late: LateTool,
    replacements: list[Callable[[], object]],
    reads: dict[int, Callable[[], object]],
) -> None:
    def begin() -> None:
        late.write(BEFORE)
        reads[0] = lambda: late_save.pop()() if late_save and len(looks) > 2 else looks.append(None)

    looks: list[None] = []
    late_save = [lambda: write(file, AFTER + OTHER)]  # while the old one is observed
    replacements.append(begin)
    aws_file.edit(late.edit)
    assert late_save == []
    assert file.read_bytes() == AFTER + OTHER


def save_by_rename(file: Path, data: bytes) -> None:
    """Write like an editor: a new file, then a rename."""
    new = file.with_name("saved")
    write(new, data)
    new.rename(file)


@pytest.fixture
def before_exchange(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Return the actions of another tool between the last check and each exchange, first to last."""
    others: list[Callable[[], object]] = []
    real = system_calls.exchange_names

    def exchange(first: Path, second: Path) -> bool:
        if others:
            others.pop(0)()
        return real(first, second)

    monkeypatch.setattr(atomic_write, "exchange_names", exchange)
    return others


def test_keeps_a_rename_between_the_last_check_and_the_exchange(
    file: Path, aws_file: AwsFile, before_exchange: list[Callable[[], object]]
) -> None:
    before_exchange.append(lambda: save_by_rename(file, BEFORE + OTHER))
    aws_file.edit(put)
    assert file.read_bytes() == BEFORE + OTHER + OURS
    assert names(file.parent) == {"credentials"}


def test_keeps_a_link_created_between_the_last_check_and_the_exchange(
    file: Path, aws_file: AwsFile, before_exchange: list[Callable[[], object]]
) -> None:
    aside = file.with_name("aside")

    def link() -> None:
        file.rename(aside)
        file.symlink_to(aside)

    before_exchange.append(link)
    with pytest.raises(FileRefusedError, match="was replaced by a link"):
        aws_file.edit(put)
    assert file.is_symlink()
    assert aside.read_bytes() == BEFORE
    aws_file.edit(put)
    assert file.is_symlink()
    assert aside.read_bytes() == AFTER


def test_recreates_a_file_deleted_just_before_the_exchange(
    file: Path, aws_file: AwsFile, before_exchange: list[Callable[[], object]]
) -> None:
    before_exchange.append(file.unlink)
    before_exchange.append(lambda: save_by_rename(file, OTHER))
    timer = after_seconds(0.2, file, OTHER)
    aws_file.edit(put)
    timer.join()
    assert file.read_bytes().endswith(OURS)
    assert names(file.parent) == {"credentials"}


def test_keeps_both_versions_if_two_tools_save_during_the_exchange(
    file: Path, aws_file: AwsFile, before_exchange: list[Callable[[], object]]
) -> None:
    before_exchange.append(lambda: save_by_rename(file, BEFORE + OTHER))
    before_exchange.append(lambda: write(file, file.read_bytes() + b"[third]\n"))
    with pytest.raises(FileRefusedError, match="two other programs saved it") as caught:
        aws_file.edit(put)
    assert file.read_bytes() == AFTER + b"[third]\n"
    kept = names(file.parent) - {"credentials"}
    assert len(kept) == 1
    assert str(file.with_name(*kept)) in caught.value.message
    assert file.with_name(*kept).read_bytes() == BEFORE + OTHER
    aws_file.edit(lambda document: document.write_section("dev-mfa", {"aws_session_token": "newer"}))
    assert names(file.parent) == {"credentials", *kept}


def test_does_not_overwrite_a_file_that_another_tool_has_just_created(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.unlink()
    real = Path.hardlink_to

    def hardlink_to(path: Path, target: Path) -> None:
        if path == file and not file.exists():
            write(file, BEFORE + OTHER)
        real(path, target)

    monkeypatch.setattr(Path, "hardlink_to", hardlink_to)
    aws_file.edit(put)
    assert file.read_bytes() == BEFORE + OTHER + OURS


@pytest.mark.usefixtures("without_exchange")
def test_writes_without_hard_links(file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", link)
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


WITHOUT = ("fchmod", "fchown", "geteuid", "getxattr", "listxattr", "setxattr")
"""Remove the functions of `os` that Windows does not have."""


def test_writes_without_owners_modes_and_attributes(
    file: Path, aws_file: AwsFile, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:

        def put_without(document: Document) -> None:
            put(document)
            for name in WITHOUT:  # patched after the lock is held, which needs them
                patched.delattr(os, name)

        aws_file.edit(put_without)
    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert warnings == []


@pytest.fixture
def opened(without_exchange: None, monkeypatch: pytest.MonkeyPatch) -> list[None]:  # noqa: ARG001 - Windows has none
    """For each element, a replacement fails as on Windows if another program has the file open."""
    left: list[None] = []
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if left:
            left.pop()
            raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    return left


def test_waits_for_a_file_that_is_open_on_windows(
    file: Path, aws_file: AwsFile, opened: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_write, "_WINDOWS", True)
    opened += [None] * 3
    aws_file.edit(put)
    assert opened == []
    assert file.read_bytes() == AFTER
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("short_write_timeout")
def test_refuses_a_file_that_stays_open_on_windows(
    file: Path, aws_file: AwsFile, opened: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_write, "_WINDOWS", True)
    opened += [None] * 10_000
    assert "another program has it open; nothing was changed" in refusal(aws_file)
    assert file.read_bytes() == BEFORE


def test_repeats_a_denied_replacement_on_windows_only(file: Path, aws_file: AwsFile, opened: list[None]) -> None:
    opened += [None] * 2
    assert "permission denied" in refusal(aws_file)
    assert len(opened) == 1
    assert file.read_bytes() == BEFORE


@pytest.mark.usefixtures("without_exchange")
def test_leaves_a_backup_that_windows_keeps_to_the_next_write(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path.name.endswith(".old.tmp"):
            raise PermissionError(errno.EACCES, "in use", str(path), 32)
        real(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        aws_file.edit(put)
    assert file.read_bytes() == AFTER
    assert any(name.endswith(".old.tmp") for name in names(file.parent))
    aws_file.edit(lambda document: document.write_section("dev-mfa", {"aws_session_token": "newer"}))
    assert names(file.parent) == {"credentials"}
