"""The lock of the write, with real processes that hold it, wait for it and are killed."""

import errno
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from encee.awsfile import file as file_module
from encee.awsfile.file import AwsFile
from encee.errors import ExitCode, FileBusyError, UsageError
from tests.awsfile.writing import AFTER, BEFORE, CHILD, OTHER, OURS, ROOT, names, put, refusal, run_child, write
from tests.conftest import NO_PRIVILEGES


@contextmanager
def hold_lock_in_process(lock_file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Hold a lock in another process until the block ends."""
    script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield holder
        holder.kill()


@pytest.mark.usefixtures("short_write_timeout")
def test_refuses_while_another_process_holds_the_lock_and_names_it(file: Path, aws_file: AwsFile) -> None:
    lock_file = file.with_name(".credentials.encee-lock")
    with hold_lock_in_process(lock_file):
        assert str(lock_file) in refusal(aws_file)
        with pytest.raises(FileBusyError):
            aws_file.rehearse(put)
    assert file.read_bytes() == BEFORE


@pytest.mark.usefixtures("short_write_timeout")
def test_a_killed_process_releases_its_lock(file: Path, aws_file: AwsFile) -> None:
    with hold_lock_in_process(file.with_name(".credentials.encee-lock")) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        aws_file.edit(put)
    assert file.read_bytes() == AFTER


def test_reads_only_after_it_has_the_lock(file: Path, aws_file: AwsFile) -> None:
    with file.with_name(".credentials.encee-lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        editing = threading.Thread(target=aws_file.edit, args=(put,))
        editing.start()
        time.sleep(0.1)
        write(file, BEFORE + OTHER)
    editing.join()
    assert file.read_bytes() == BEFORE + OTHER + OURS


def test_waits_for_other_writers_as_long_as_the_messages_say() -> None:
    assert (file_module.WRITE_TIMEOUT_SECONDS, file_module._KEY_LOCK_TIMEOUT_SECONDS) == (10, 150)


def test_keeps_the_lock_file_of_the_write_without_a_secret(file: Path, aws_file: AwsFile) -> None:
    lock_file = file.with_name(".credentials.encee-lock")
    aws_file.edit(put)
    inode = lock_file.stat().st_ino
    aws_file.edit(lambda document: document.write_section("dev-mfa", {"aws_session_token": "newer"}))
    assert lock_file.stat().st_ino == inode
    record = lock_file.read_bytes().lstrip(b"\0").split()
    assert record == [
        str(file.stat().st_mtime_ns).encode(),
        str(file.stat().st_size).encode(),
        hashlib.sha256(file.read_bytes()).hexdigest().encode(),
    ]


KEY = "AKIAIOSFODNN7EXAMPLE"
KEY_LOCK = f".encee-{KEY}.lock"


def test_deletes_the_lock_file_of_a_key_with_the_lock(file: Path, aws_file: AwsFile) -> None:
    with aws_file.key_lock(KEY):
        assert file.with_name(KEY_LOCK).exists()
    assert names(file.parent) == {"credentials"}


def test_removes_lock_files_of_killed_processes_but_no_held_ones(file: Path, aws_file: AwsFile) -> None:
    left, in_use = file.with_name(".encee-AKIALEFT.lock"), file.with_name(".encee-AKIAINUSE.lock")
    left.touch()
    with hold_lock_in_process(in_use), aws_file.key_lock(KEY):
        assert not left.exists()
        assert in_use.exists()


HOLD_A_KEY = """
import sys
from pathlib import Path
from encee.awsfile.sections import CredentialsHeaders
from encee.awsfile.file import AwsFile
file = Path(sys.argv[1])
for _ in range(50):
    with AwsFile(file, CredentialsHeaders(), print).key_lock("KEY"):
        inside = file.with_name("inside")
        inside.open("x").close()
        inside.unlink()
"""


@pytest.mark.slow
def test_one_process_holds_the_lock_of_a_key_even_if_its_file_is_deleted(file: Path) -> None:
    runs = [
        subprocess.Popen([sys.executable, "-c", HOLD_A_KEY, str(file)], stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert [(run.communicate()[1], run.returncode) for run in runs] == [("", 0)] * 6
    assert names(file.parent) == {"credentials"}


@pytest.mark.needs("setpriv", permission_to_be_root=ROOT)
@pytest.mark.parametrize("name", [".credentials.encee-lock", KEY_LOCK])
def test_names_a_lock_file_of_another_user_and_the_command_to_fix_it(file: Path, name: str) -> None:
    lock_file = file.with_name(name)
    lock_file.touch(mode=0o600)
    os.chown(lock_file, 12345, 54321)
    script = CHILD.replace(
        "try:\n", f"try:\n  with AwsFile(Path(sys.argv[1]), CredentialsHeaders(), print).key_lock({KEY!r}):\n"
    )
    code, said = run_child(file, *NO_PRIVILEGES, script=script)
    assert code == ExitCode.FILE
    message, hint = said.split(" | ")
    assert message == f"{lock_file}: permission denied: the lock file belongs to another user; nothing was changed"
    assert file.read_bytes() == BEFORE
    subprocess.run(["sh", "-c", hint.replace("sudo", "")], check=True)
    assert run_child(file, *NO_PRIVILEGES, script=script) == (0, "")


def test_reading_takes_no_lock(file: Path, aws_file: AwsFile) -> None:
    with file.with_name(".credentials.encee-lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        assert aws_file.read() == BEFORE
        assert aws_file.read_document().view["dev"] == {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}


def test_releases_the_lock_after_a_failed_edit(file: Path, aws_file: AwsFile) -> None:
    with pytest.raises(UsageError):
        aws_file.edit(lambda document: document.write_section("DEFAULT", {}))
    assert file.read_bytes() == BEFORE
    assert names(file.parent) == {"credentials"}
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_reports_a_file_system_without_locks(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert "the file system has no locks" in refusal(aws_file)
    assert file.read_bytes() == BEFORE
