"""The lock of the write: real processes that hold it, die with it and wait for it."""

import errno
import fcntl
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from encee.errors import FileBusyError, UsageError
from encee.profiles import store as store_module
from encee.profiles.store import Store
from tests.profiles.writing import AFTER, BEFORE, OTHER, OURS, names, put, refusal, write


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
