"""The write, rule by rule, on real files: with real locks, real links, real mounts and real refusals."""

import errno
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pytest

from encee.errors import ExitCode, FileBusyError, FileRefusedError, UsageError
from encee.profiles import replacement, snapshot, store as store_module
from encee.profiles.document import CredentialsHeaders, Document
from encee.profiles.store import Store
from tests.conftest import NO_PRIVILEGES

BEFORE = b"# mine\n[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
OURS = b"\n[dev-mfa]\naws_session_token = new\n"
AFTER = BEFORE + OURS
OTHER = b"[other]\nx = 1\n"
LONG_AGO = 1_700_000_000

ROOT = os.geteuid() == 0
NEW_MOUNTS = ["unshare", "--mount"] if ROOT else ["unshare", "--mount", "--map-root-user"]

CHILD = """
import sys
from pathlib import Path
from encee.errors import EnceeError
from encee.profiles.document import CredentialsHeaders
from encee.profiles.store import Store
try:
    Store(Path(sys.argv[1]), CredentialsHeaders(), print).edit(
        lambda document: document.own("dev-mfa", {"aws_session_token": sys.argv[2]})
    )
except EnceeError as error:
    sys.exit(f"{error.exit_code:d} {error.message} | {error.hint}")
"""


def may_mount() -> bool:
    try:
        return not subprocess.run([*NEW_MOUNTS, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


mounts = pytest.mark.needs("unshare", "mount") if may_mount() else pytest.mark.needs("unshare-that-may-mount")


def put(document: Document) -> None:
    document.own("dev-mfa", {"aws_session_token": "new"})


def write(file: Path, data: bytes) -> None:
    """As a tool without a lock: truncate, then write; it happened long ago."""
    file.write_bytes(data)
    os.utime(file, (LONG_AGO, LONG_AGO))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / ".aws"
    folder.mkdir(mode=0o700)
    file = folder / "credentials"
    write(file, BEFORE)
    file.chmod(0o600)
    return file


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(file: Path, warnings: list[str]) -> Store:
    return Store(file, CredentialsHeaders(), warnings.append)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", 0.3)


@pytest.fixture
def soon_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe an empty file sooner, where that is not what is tested."""
    monkeypatch.setattr(snapshot, "_EMPTY_SETTLES", 0.06)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} - {".credentials.encee-lock"}


def refusal(store: Store) -> str:
    """The message of a refused edit, which left nothing behind and has a hint."""
    there = names(store.path.parent) if store.path.parent.is_dir() else set()
    with pytest.raises(FileRefusedError) as caught:
        store.edit(put)
    assert caught.value.exit_code is ExitCode.FILE
    assert caught.value.hint
    assert "{" not in caught.value.hint
    assert not store.path.parent.is_dir() or names(store.path.parent) == there
    return caught.value.message


def run_child(
    file: Path, *wrapper: str, token: str = "new", environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Edit in another process; its exit code and what it said. 0 where it succeeded."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", CHILD, str(file), token],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=60,
    )
    if not done.returncode:
        return 0, done.stdout
    code, _, said = done.stderr.partition(" ")
    assert code.isdigit(), done.stderr
    assert not said.rstrip().endswith("| None")
    return int(code), said


# 1: links, modes, owner, attributes


def test_follows_a_link_and_keeps_it(file: Path, tmp_path: Path, warnings: list[str]) -> None:
    link, chain = tmp_path / "link", tmp_path / "chain"
    link.symlink_to(Path(".aws/credentials"))
    chain.symlink_to(link)
    Store(chain, CredentialsHeaders(), warnings.append).edit(put)
    assert file.read_bytes() == AFTER
    assert not file.is_symlink()
    assert link.readlink() == Path(".aws/credentials")
    assert chain.readlink() == link
    assert names(file.parent) == {"credentials"}
    assert names(tmp_path) == {".aws", "link", "chain"}


@pytest.mark.usefixtures("soon_empty")
def test_makes_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "credentials"
    link.symlink_to(tmp_path / "dotfiles" / "real")
    Store(link, CredentialsHeaders(), pytest.fail).edit(put)
    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "real").read_bytes() == OURS[1:]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("soon_empty", "open_umask")
def test_makes_folder_file_and_lock_for_nobody_else_to_read(tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "credentials"
    Store(file, CredentialsHeaders(), pytest.fail).edit(put)
    assert file.read_bytes() == OURS[1:]
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_name(".credentials.encee-lock").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o755])
def test_keeps_the_mode(file: Path, store: Store, mode: int) -> None:
    file.chmod(mode)
    file.parent.chmod(0o755)
    store.edit(put)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    assert store.readable_by_others() is bool(mode & 0o044)


def test_says_of_a_missing_file_that_nobody_else_reads_it(tmp_path: Path) -> None:
    assert not Store(tmp_path / "x", CredentialsHeaders(), pytest.fail).readable_by_others()


def test_keeps_the_owner(file: Path, store: Store, warnings: list[str]) -> None:
    owner = (12345, 54321) if ROOT else (os.getuid(), os.getgroups()[-1])
    os.chown(file, *owner)
    file.chmod(0o4640)
    store.edit(put)
    status = file.stat()
    assert (status.st_uid, status.st_gid) == owner
    assert stat.S_IMODE(status.st_mode) == 0o4640
    assert warnings == []


def _refused(*_: object) -> None:
    raise OSError(errno.ENOTSUP, "no")


def test_an_attribute_that_cannot_be_read_is_a_warning(
    file: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", lambda _: ["trusted.x"])
    monkeypatch.setattr(os, "getxattr", _refused)
    store.edit(put)
    assert file.read_bytes() == AFTER
    assert warnings == [f"{file}: the file system did not take the extended attributes"]


def test_a_file_system_without_extended_attributes_is_fine(
    file: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", _refused)
    store.edit(put)
    assert (file.read_bytes(), warnings) == (AFTER, [])


def test_keeps_extended_attributes(file: Path, store: Store, warnings: list[str]) -> None:
    with suppress(OSError):  # a file system without them has none to keep
        os.setxattr(file, "user.note", b"mine")
        os.setxattr(file, "user.other", b"\0\xff")
    attributes = {name: os.getxattr(file, name) for name in os.listxattr(file)}
    store.edit(put)
    assert {name: os.getxattr(file, name) for name in os.listxattr(file)} == attributes
    assert warnings == []


@pytest.fixture
def taking_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as WSL, NFS or FAT have it: no owner, mode or attributes, and folders that are not flushed."""
    real_fsync = os.fsync

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no")
        real_fsync(descriptor)

    monkeypatch.setattr(replacement, "_owner", lambda _: (-1, -1))
    monkeypatch.setattr(os, "listxattr", lambda _: ["security.x", "user.y"])
    monkeypatch.setattr(os, "getxattr", lambda *_: b"")
    for name in ("fchown", "fchmod", "setxattr"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.usefixtures("taking_nothing")
def test_warns_once_of_what_the_file_system_does_not_take(file: Path, store: Store, warnings: list[str]) -> None:
    calls: list[None] = []

    def put_while_another_writes_once(document: Document) -> None:
        put(document)
        if not calls:
            write(file, BEFORE + OTHER)
        calls.append(None)

    store.edit(put_while_another_writes_once)
    assert file.read_bytes() == BEFORE + OTHER + OURS
    assert len(calls) == 2
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in (str(file), "owner", "mode", "attributes", "folder"))


@pytest.mark.usefixtures("taking_nothing")
def test_a_rehearsal_does_not_warn(store: Store, warnings: list[str]) -> None:
    store.rehearse(put)
    assert warnings == []


@pytest.mark.parametrize(("group_taken", "mode"), [(True, 0o664), (False, 0o604)])
def test_gives_no_other_group_access(
    file: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch, mode: int, *, group_taken: bool
) -> None:
    taken: list[tuple[int, int]] = []

    def fchown(_: int, user: int, group: int) -> None:
        if user != -1 or not group_taken:
            raise PermissionError(errno.EPERM, "no")
        taken.append((user, group))

    file.chmod(0o664)
    monkeypatch.setattr(replacement, "_owner", lambda _: (-2, -2))
    monkeypatch.setattr(os, "fchown", fchown)
    store.edit(put)
    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert taken == [(-1, file.stat().st_gid)] * group_taken
    assert ["the owner" in warning for warning in warnings] == [True]
    assert ["the group" in warning for warning in warnings] == [not group_taken]


def test_an_attribute_that_is_not_taken_costs_no_other(
    file: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, bytes] = {}

    def setxattr(_: object, name: str, value: bytes) -> None:
        if name.startswith("security."):
            raise OSError(errno.ENOTSUP, "no")
        taken[name] = value

    monkeypatch.setattr(os, "listxattr", lambda _: ["security.x", "user.y"])
    monkeypatch.setattr(os, "getxattr", lambda _, name: name.encode())
    monkeypatch.setattr(os, "setxattr", setxattr)
    store.edit(put)
    assert taken == {"user.y": b"user.y"}
    assert file.read_bytes() == AFTER
    assert ["attributes" in warning for warning in warnings] == [True]


# 2: the lock


@contextmanager
def held(lock_file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds a lock until it is told to end."""
    script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield holder
        holder.kill()


@pytest.mark.usefixtures("impatient")
def test_refuses_while_another_process_holds_the_lock_and_names_it(file: Path, store: Store) -> None:
    lock_file = file.with_name(".credentials.encee-lock")
    with held(lock_file):
        assert str(lock_file) in refusal(store)
        with pytest.raises(FileBusyError):
            store.rehearse(put)
    assert file.read_bytes() == BEFORE


@pytest.mark.usefixtures("impatient")
def test_a_killed_process_holds_no_lock(file: Path, store: Store) -> None:
    with held(file.with_name(".credentials.encee-lock")) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        store.edit(put)
    assert file.read_bytes() == AFTER


def test_waits_for_the_lock_and_reads_only_then(file: Path, store: Store) -> None:
    with file.with_name(".credentials.encee-lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        editing = threading.Thread(target=store.edit, args=(put,))
        editing.start()
        time.sleep(0.1)
        write(file, BEFORE + OTHER)
    editing.join()
    assert file.read_bytes() == BEFORE + OTHER + OURS


def test_other_writers_are_waited_for_as_long_as_the_messages_say() -> None:
    assert (store_module._PATIENCE, store_module._FLIGHT_PATIENCE) == (10, 60)


def test_never_deletes_the_lock_file(file: Path, store: Store) -> None:
    lock_file = file.with_name(".credentials.encee-lock")
    store.edit(put)
    inode = lock_file.stat().st_ino
    store.edit(lambda document: document.own("dev-mfa", {"aws_session_token": "newer"}))
    assert lock_file.stat().st_ino == inode
    assert lock_file.read_bytes() == b""


def test_reading_takes_no_lock(file: Path, store: Store) -> None:
    with file.with_name(".credentials.encee-lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        assert store.read() == BEFORE
        assert store.document().view["dev"] == {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}


def test_the_lock_is_free_after_an_edit_that_failed(file: Path, store: Store) -> None:
    with pytest.raises(UsageError):
        store.edit(lambda document: document.own("DEFAULT", {}))
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}
    store.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_says_so_where_the_file_system_has_no_locks(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert "the file system has no locks" in refusal(store)
    assert file.read_bytes() == BEFORE


# 3: a stable read


def after_seconds(seconds: float, file: Path, data: bytes) -> threading.Timer:
    """Another tool's write that is under way."""
    timer = threading.Timer(seconds, file.write_bytes, [data])
    timer.start()
    return timer


@pytest.mark.parametrize("age", [0, 3600, -3600])
def test_does_not_believe_a_truncated_file_whatever_its_mtime(file: Path, store: Store, age: int) -> None:
    file.write_bytes(b"")
    mtime = time.time() - age
    os.utime(file, (mtime, mtime))
    after_seconds(0.15, file, BEFORE)
    store.edit(put)
    assert file.read_bytes() == AFTER


def test_believes_an_empty_file_that_stays_empty_for_half_a_second(file: Path, store: Store) -> None:
    file.write_bytes(b"")
    file.chmod(0o640)
    start = time.monotonic()
    store.edit(put)
    assert 0.5 <= time.monotonic() - start < 2
    assert file.read_bytes() == OURS[1:]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> dict[int, Callable[[], object]]:
    """What happens before the n-th read of the file, from 1; `reads[0]` happens before each."""
    hooks: dict[int, Callable[[], object]] = {}
    real = snapshot.take
    count = 0

    def take(path: Path) -> object:
        nonlocal count
        count += 1
        for number in (0, count):
            hooks.get(number, bool)()
        return real(path)

    monkeypatch.setattr(snapshot, "take", take)
    return hooks


@pytest.mark.parametrize(("age", "expected"), [(3600, 4), (2.1, 4), (1.9, 5), (0, 5), (-3600, 5)])
def test_reads_a_second_time_only_when_the_mtime_is_young_or_in_the_future(
    file: Path,
    store: Store,
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
    store.edit(put)
    assert len(seen) == expected  # until it has settled, before the replacement, and both files behind it
    assert file.read_bytes() == AFTER


def test_waits_until_two_reads_agree(file: Path, store: Store, reads: dict[int, Callable[[], object]]) -> None:
    file.write_bytes(BEFORE[:20])
    reads[2] = lambda: file.write_bytes(BEFORE)
    start = time.monotonic()
    assert store.read() == BEFORE
    assert time.monotonic() - start >= 0.1
    assert len(reads) == 1


@pytest.mark.usefixtures("impatient")
def test_refuses_a_file_that_keeps_changing(file: Path, store: Store, reads: dict[int, Callable[[], object]]) -> None:
    written: list[bytes] = []

    def go_on() -> None:
        written.append(BEFORE + b"# %d\n" % len(written))
        file.write_bytes(written[-1])

    reads[0] = go_on
    assert "another program keeps writing it" in refusal(store)
    with pytest.raises(FileBusyError):
        store.read()
    assert file.read_bytes() == written[-1]


# 4: the replacement


def in_place(file: Path) -> bytes:
    write(file, BEFORE + OTHER)
    return BEFORE + OTHER


def same_size(file: Path) -> bytes:
    """In place, as many bytes as before and the old mtime: only the bytes differ."""
    before = file.stat()
    file.write_bytes(BEFORE.replace(b"mine", b"hers"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    return BEFORE.replace(b"mine", b"hers")


def another_file(file: Path) -> bytes:
    """The same bytes and mtime in a new file."""
    new = file.with_name("new")
    write(new, BEFORE)
    new.replace(file)
    return BEFORE


def touched(file: Path) -> bytes:
    os.utime(file, (LONG_AGO + 1, LONG_AGO + 1))
    return BEFORE


@pytest.mark.parametrize("other", [in_place, same_size, another_file, touched])
def test_starts_over_when_another_tool_wrote_between_read_and_replacement(
    file: Path, store: Store, other: Callable[[Path], bytes]
) -> None:
    wrote: list[bytes] = []

    def put_slowly(document: Document) -> None:
        put(document)
        wrote.append(b"" if wrote else other(file))

    store.edit(put_slowly)
    assert len(wrote) == 2
    assert file.read_bytes() == wrote[0] + OURS
    assert names(file.parent) == {"credentials"}


def test_starts_over_when_another_tool_deleted_or_made_the_file(file: Path, store: Store) -> None:
    deleted: list[None] = []

    def put_slowly(document: Document) -> None:
        put(document)
        if not deleted:
            file.unlink()
        elif len(deleted) == 1:
            write(file, OTHER)
        deleted.append(None)

    store.edit(put_slowly)
    assert file.read_bytes() == OTHER + OURS
    assert len(deleted) == 3


@pytest.fixture
def replacements(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What another tool does right after each replacement, from the first."""
    others: list[Callable[[], object]] = []
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        replaced = real(source, target)
        if others:
            others.pop(0)()
        return replaced

    monkeypatch.setattr(Path, "replace", replace)
    return others


def test_applies_the_edit_again_when_another_tool_overwrote_it(
    file: Path, store: Store, replacements: list[Callable[[], object]]
) -> None:
    replacements += [lambda: write(file, BEFORE + OTHER), lambda: file.write_bytes(OTHER + BEFORE)]
    store.edit(put)
    assert replacements == []
    assert file.read_bytes() == OTHER + BEFORE + OURS


@pytest.mark.usefixtures("impatient")
def test_refuses_when_another_tool_overwrites_it_again_and_again(
    file: Path, store: Store, replacements: list[Callable[[], object]]
) -> None:
    replacements += [lambda: write(file, BEFORE + OTHER)] * 10_000
    message = refusal(store)
    assert "another program keeps writing it" in message
    assert "nothing was changed" not in message
    assert file.read_bytes() == BEFORE + OTHER


def rewrite(opened: BinaryIO, data: bytes) -> None:
    """As a tool that has opened the file already: truncate, then write."""
    opened.truncate(0)
    opened.seek(0)
    opened.write(data)
    opened.flush()


def test_keeps_what_another_tool_writes_to_the_file_that_was_replaced(
    file: Path, store: Store, replacements: list[Callable[[], object]]
) -> None:
    with file.open("r+b") as opened:
        replacements.append(lambda: rewrite(opened, BEFORE + OTHER))
        store.edit(put)
    assert file.read_bytes() == BEFORE + OTHER + OURS
    assert names(file.parent) == {"credentials"}


def test_waits_for_what_another_tool_writes_to_the_file_that_was_replaced(
    file: Path, store: Store, replacements: list[Callable[[], object]]
) -> None:
    with file.open("r+b") as opened:
        writing = threading.Timer(0.2, rewrite, [opened, OTHER + BEFORE])

        def begin() -> None:
            rewrite(opened, b"")
            writing.start()

        replacements.append(begin)
        store.edit(put)
        writing.join()
    assert file.read_bytes() == OTHER + BEFORE + OURS


def test_a_tool_that_only_empties_the_file_that_was_replaced_loses_nothing(
    file: Path, store: Store, replacements: list[Callable[[], object]]
) -> None:
    with file.open("r+b") as opened:
        replacements.append(lambda: rewrite(opened, b""))
        store.edit(put)
    assert file.read_bytes() == AFTER
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("impatient")
def test_a_tool_that_never_stops_writing_to_the_file_that_was_replaced_leaves_the_new_one(
    file: Path, store: Store, replacements: list[Callable[[], object]], reads: dict[int, Callable[[], object]]
) -> None:
    with file.open("r+b") as opened:
        replacements.append(lambda: reads.update({0: lambda: rewrite(opened, b"# %d\n" % time.monotonic_ns())}))
        assert "another program keeps writing it" in refusal(store)
    assert file.read_bytes() == AFTER


def test_the_later_file_counts_when_other_tools_write_to_both(
    file: Path, store: Store, replacements: list[Callable[[], object]], reads: dict[int, Callable[[], object]]
) -> None:
    with file.open("r+b") as opened:
        replacements.append(lambda: rewrite(opened, BEFORE))
        reads[5] = lambda: write(file, AFTER + OTHER)  # while the old one settles
        store.edit(put)
    assert file.read_bytes() == AFTER + OTHER


def test_writes_where_there_are_no_hard_links(file: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", link)
    store.edit(put)
    assert file.read_bytes() == AFTER


WITHOUT = ("fchmod", "fchown", "geteuid", "getxattr", "listxattr", "setxattr")
"""What Windows's `os` lacks of what the write uses here."""


def test_writes_where_the_system_has_no_owners_modes_and_attributes(
    file: Path, store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:

        def put_without(document: Document) -> None:
            put(document)
            for name in WITHOUT:  # here, where the lock, which takes what it needs, is held already
                patched.delattr(os, name)

        store.edit(put_without)
    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert warnings == []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """For each element, a replacement fails as on Windows while another program has the file open."""
    left: list[None] = []
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if left:
            left.pop()
            raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    return left


def test_a_file_that_is_open_on_windows_is_waited_for(
    file: Path, store: Store, opened: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "_WINDOWS", True)
    opened += [None] * 3
    store.edit(put)
    assert opened == []
    assert file.read_bytes() == AFTER
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("impatient")
def test_a_file_that_stays_open_on_windows_is_a_clear_refusal(
    file: Path, store: Store, opened: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "_WINDOWS", True)
    opened += [None] * 10_000
    assert "another program has it open; nothing was changed" in refusal(store)
    assert file.read_bytes() == BEFORE


def test_a_denied_replacement_is_not_repeated_where_open_files_do_not_deny_it(
    file: Path, store: Store, opened: list[None]
) -> None:
    opened += [None] * 2
    assert "permission denied" in refusal(store)
    assert len(opened) == 1
    assert file.read_bytes() == BEFORE


def test_a_second_name_that_windows_does_not_let_go_is_left_to_the_next_write(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path.name.endswith(".old.tmp"):
            raise PermissionError(errno.EACCES, "in use", str(path), 32)
        real(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        store.edit(put)
    assert file.read_bytes() == AFTER
    assert any(name.endswith(".old.tmp") for name in names(file.parent))
    store.edit(lambda document: document.own("dev-mfa", {"aws_session_token": "newer"}))
    assert names(file.parent) == {"credentials"}


def test_is_on_the_disk_before_it_replaces_and_the_folder_is_flushed_behind_it(
    file: Path, store: Store, replacements: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
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
    store.edit(put)
    assert events == ["whole=True", "replaced", "folder"]
    assert file.read_bytes() == AFTER


def test_the_temporary_file_is_for_nobody_else_from_its_birth(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o644)
    modes: list[int] = []
    real = os.fdopen

    def fdopen(descriptor: int, mode: str) -> object:
        if mode == "wb":
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return real(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", fdopen)
    store.edit(put)
    assert modes == [0o600]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_the_middle_leaves_the_file_as_it_was(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch, interrupt: type[BaseException]
) -> None:
    def fsync(_: int) -> None:
        raise interrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(interrupt):
            store.edit(put)
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}
    store.edit(put)
    assert file.read_bytes() == AFTER


# 5: leftovers


@pytest.mark.parametrize("name", ["credentials", "cred[a]*", "my keys"])
@pytest.mark.parametrize("edit", [put, lambda _: None])
def test_removes_the_leftovers_of_killed_runs_and_nothing_else(
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
    Store(file, CredentialsHeaders(), pytest.fail).edit(edit)
    assert names(file.parent) == {name, f".{name}.encee-lock", *kept} - {".credentials.encee-lock"}


# 6: refusals


def test_refuses_to_split_a_hard_link(file: Path, store: Store) -> None:
    other_name = file.with_name("linked")
    other_name.hardlink_to(file)
    assert "2 hard links" in refusal(store)
    assert file.samefile(other_name)
    assert file.read_bytes() == BEFORE


def test_refuses_a_file_of_another_user_in_a_sticky_folder(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.chmod(0o1777)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
        assert "is another user's" in refusal(store)
        with pytest.raises(FileRefusedError, match="is another user's"):
            store.rehearse(put)
    assert file.read_bytes() == BEFORE
    store.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("flags", [0x10, 0x20, 0x80030])
@pytest.mark.parametrize("of_folder", [False, True])
def test_refuses_what_cannot_be_replaced(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch, flags: int, *, of_folder: bool
) -> None:
    def ioctl(descriptor: int, number: int, buffer: bytes) -> bytes:
        mine = stat.S_ISDIR(os.fstat(descriptor).st_mode) is of_folder
        assert number == 0x80086601
        return (flags if mine else 0x80000).to_bytes(4, sys.byteorder) + buffer[4:]

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "ioctl", ioctl)
        assert f"{file.parent if of_folder else file} is append-only or immutable" in refusal(store)
        with pytest.raises(FileRefusedError, match="append-only or immutable"):
            store.rehearse(put)
    assert file.read_bytes() == BEFORE


def may_chattr() -> bool:
    with tempfile.NamedTemporaryFile() as probe, suppress(FileNotFoundError):
        there, back = (
            subprocess.run(["chattr", change, probe.name], capture_output=True, check=False) for change in ("+a", "-a")
        )
        return not there.returncode and not back.returncode
    return False


@pytest.mark.needs("chattr" if may_chattr() else "chattr-that-may-change")
@pytest.mark.parametrize("flag", ["a", "i"])
def test_a_file_that_chattr_protects_is_refused_by_the_rehearsal(file: Path, store: Store, flag: str) -> None:
    subprocess.run(["chattr", f"+{flag}", file], check=True)
    try:
        with pytest.raises(FileRefusedError, match="append-only or immutable") as caught:
            store.rehearse(put)
    finally:
        subprocess.run(["chattr", f"-{flag}", file], check=True)
    assert caught.value.hint == f"sudo chattr -ia {file}"


def test_a_file_system_without_such_attributes_is_fine(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ioctl(*_: object) -> bytes:
        raise OSError(errno.ENOTTY, "no")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    store.edit(put)
    assert file.read_bytes() == AFTER


def test_a_path_in_a_hint_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    file = tmp_path / "my keys; x"
    write(file, BEFORE)
    (tmp_path / "linked").hardlink_to(file)
    with pytest.raises(FileRefusedError) as caught:
        Store(file, CredentialsHeaders(), pytest.fail).edit(put)
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
    path.symlink_to(os.devnull)


@pytest.mark.parametrize("make", [fifo, folder, listening_socket, link_to_device])
@pytest.mark.enable_socket
def test_refuses_what_is_no_regular_file(
    file: Path, store: Store, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.unlink()
    make(file)
    assert "is not a regular file" in refusal(store)
    with pytest.raises(FileRefusedError, match="is not a regular file"):
        store.read()
    assert not file.is_file()


def test_refuses_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "a circle of links" in refusal(Store(tmp_path / "a", CredentialsHeaders(), pytest.fail))


def test_refuses_a_path_through_a_file(file: Path) -> None:
    assert "a part of the path is not a folder" in refusal(Store(file / "x", CredentialsHeaders(), pytest.fail))
    assert file.read_bytes() == BEFORE


REFUSALS = {
    errno.ENOSPC: "no space left",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EBUSY: "it is mounted by itself",
    errno.EIO: os.strerror(errno.EIO),
}


@pytest.mark.parametrize("call", ["tempfile.mkstemp", "os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_turns_a_refusal_of_the_system_into_a_clear_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "the system's words")

    file = tmp_path / "of {jane}" / "credentials"
    file.parent.mkdir()
    write(file, BEFORE)
    monkeypatch.setattr(call, refuse)
    with pytest.raises(FileRefusedError) as caught:
        Store(file, CredentialsHeaders(), pytest.fail).edit(put)
    assert f"{file}: {REFUSALS[number]}" in caught.value.message
    assert caught.value.hint
    assert "{folder}" not in caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


def test_a_file_size_limit_leaves_the_file_as_it_was(file: Path) -> None:
    # Without coverage, whose own file would be cut.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    wrapper = ("sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh")
    code, said = run_child(file, *wrapper, token="x" * 60_000, environ=environ)
    assert code == ExitCode.FILE
    assert "larger than this process may write" in said
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


def in_mounts(script: str, file: Path, token: str = "new") -> tuple[int, str, str]:
    """Edit in a process with mounts of its own, made by a script that knows the file as $FILE; then show the file."""
    run = f'set -e; {script}; code=0; "$@" || code=$?; cat "$FILE" >"$SHOWN"; ls -A "$(dirname "$FILE")" >>"$SHOWN"'
    shown = file.parent.parent / "shown"
    environ = {**os.environ, "FILE": str(file), "FOLDER": str(file.parent), "SHOWN": str(shown)}
    wrapper = (*NEW_MOUNTS, "sh", "-c", f"{run}; exit $code", "sh")
    code, said = run_child(file, *wrapper, token=token, environ=environ)
    return code, said, shown.read_text()


SMALL_DISK = 'cp -p "$FILE" "$SHOWN"; mount -t tmpfs -o size=64k,mode=700 none "$FOLDER"; cp -p "$SHOWN" "$FILE"'


@mounts
def test_a_full_disk_leaves_the_file_as_it_was(file: Path) -> None:
    fill = 'head -c 100000 /dev/zero >"$FOLDER/filler" 2>/dev/null || :'
    code, said, shown = in_mounts(f"{SMALL_DISK}; {fill}", file)
    assert code == ExitCode.FILE
    assert "no space left on the disk" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\nfiller\n"


@mounts
def test_a_disk_that_fills_up_in_the_middle_leaves_the_file_as_it_was(file: Path) -> None:
    code, said, shown = in_mounts(SMALL_DISK, file, token="x" * 100_000)
    assert code == ExitCode.FILE
    assert "no space left on the disk" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\n"


@mounts
@pytest.mark.parametrize("lock", [":", 'touch "$FOLDER/.credentials.encee-lock"'])
def test_a_read_only_file_system_is_a_clear_refusal(file: Path, lock: str) -> None:
    code, said, shown = in_mounts(f'{SMALL_DISK}; {lock}; mount -o remount,ro "$FOLDER"', file)
    assert code == ExitCode.FILE
    assert "the file system is read-only" in said
    assert shown.startswith(BEFORE.decode())


@mounts
def test_a_single_mounted_file_is_refused_and_stays_as_it_was(file: Path) -> None:
    code, said, shown = in_mounts('cp "$FILE" "$SHOWN.f"; mount --bind "$SHOWN.f" "$FILE"', file)
    assert code == ExitCode.FILE
    assert "it is mounted by itself" in said
    assert f"mount its folder {file.parent}" in said
    assert shown == BEFORE.decode() + ".credentials.encee-lock\ncredentials\n"
    assert (file.parent.parent / "shown.f").read_bytes() == BEFORE


@mounts
def test_a_single_mounted_file_is_refused_by_the_rehearsal_already(tmp_path: Path) -> None:
    file = tmp_path / "my keys" / "credentials"
    file.parent.mkdir()
    file.write_bytes(BEFORE)
    script = 'cp "$1" "$1.f"; mount --bind "$1.f" "$1"; shift; exec "$@"'
    rehearsal = [sys.executable, "-c", CHILD.replace(".edit(", ".rehearse("), str(file), "new"]
    done = subprocess.run(
        [*NEW_MOUNTS, "sh", "-c", script, "sh", str(file), *rehearsal], capture_output=True, text=True, check=False
    )
    assert "it is mounted by itself" in done.stderr


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
def test_missing_permissions_are_a_clear_refusal(
    file: Path, folder_mode: int, file_mode: int, reason: str, *, lock: bool
) -> None:
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


@pytest.mark.needs("setpriv")
def test_a_folder_that_cannot_be_made_is_a_clear_refusal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    code, said = run_child(home / ".aws" / "credentials", *NO_PRIVILEGES)
    assert code == ExitCode.FILE
    assert "permission denied" in said
    assert list(home.iterdir()) == []


# 7: one edit, one write


def test_several_edits_are_one_write(file: Path, store: Store, replacements: list[Callable[[], object]]) -> None:
    replacements += [int, lambda: pytest.fail("a second write")]
    store.edit(put, lambda document: document.own("b-mfa", {"k": "1"}))
    assert file.read_bytes() == AFTER + b"\n[b-mfa]\nk = 1\n"
    assert len(replacements) == 1


@pytest.mark.parametrize("data", [AFTER, AFTER.replace(b"\n", b"\r\n"), AFTER.removesuffix(b"\n")])
def test_an_edit_that_changes_nothing_does_not_write(
    file: Path, store: Store, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, data)
    before = file.stat()
    monkeypatch.setattr("tempfile.mkstemp", pytest.fail)
    store.edit(put)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert file.read_bytes() == data


@pytest.mark.usefixtures("soon_empty")
def test_an_edit_that_changes_nothing_makes_no_file(tmp_path: Path) -> None:
    Store(tmp_path / "credentials", CredentialsHeaders(), pytest.fail).edit(lambda _: None)
    assert names(tmp_path) == set()


# The rehearsal


def test_a_rehearsal_leaves_nothing_behind(file: Path, store: Store) -> None:
    before = file.stat()
    store.rehearse(put)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}


@pytest.mark.usefixtures("soon_empty")
def test_a_rehearsal_makes_no_file(tmp_path: Path) -> None:
    Store(tmp_path / "credentials", CredentialsHeaders(), pytest.fail).rehearse(put)
    assert names(tmp_path) == set()


def test_a_rehearsal_is_refused_as_the_edit_would_be(file: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: os.strerror(1 // 0))
        with pytest.raises(ZeroDivisionError):
            store.rehearse(put)
    assert names(file.parent) == {"credentials"}
    file.with_name("linked").hardlink_to(file)
    with pytest.raises(FileRefusedError, match="2 hard links"):
        store.rehearse(put)
    write(file, b"[a]\n[a]\n")
    with pytest.raises(FileRefusedError, match="line 2 holds a section for the second time"):
        store.rehearse(put)


# Reading


@pytest.mark.usefixtures("soon_empty")
def test_a_missing_file_reads_as_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "x" / "credentials", CredentialsHeaders(), pytest.fail)
    assert store.read() == b""
    assert store.document().view == {"DEFAULT": {}}
    assert list(tmp_path.iterdir()) == []
