"""Files that another program is writing or has just written."""

import os
import threading
import time
from pathlib import Path

import pytest

from encee.awsfile import stable_read
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import FileBusyError
from tests.awsfile.writing import AFTER, BEFORE, OTHER, OURS, put, write


def write_in_two_parts(file: Path, data: bytes, end: int, pause: float) -> threading.Thread:
    """A program that truncates the file, writes the first part, and writes the rest after a pause."""
    opened = file.open("wb")
    opened.write(data[:end])
    opened.flush()

    def finish() -> None:
        time.sleep(pause)
        opened.write(data[end:])
        opened.close()

    writer = threading.Thread(target=finish)
    writer.start()
    return writer


@pytest.mark.parametrize("system", [True, False], ids=["leases-and-exchange", "neither"], indirect=True)
@pytest.mark.parametrize("end", [0, 20, len(BEFORE)])
@pytest.mark.usefixtures("system")
def test_waits_for_the_rest_of_a_file_after_a_pause(file: Path, aws_file: AwsFile, end: int) -> None:
    aws_file.read()
    writer = write_in_two_parts(file, BEFORE + OTHER, end, 0.15)
    aws_file.edit(put)
    writer.join()
    assert file.read_bytes() == BEFORE + OTHER + OURS


@pytest.mark.usefixtures("short_write_timeout")
def test_refuses_a_file_of_any_age_that_is_open_for_writing(file: Path, aws_file: AwsFile) -> None:
    with file.open("r+b"):
        with pytest.raises(FileBusyError, match="another program keeps writing it"):
            aws_file.edit(put)
        assert file.read_bytes() == BEFORE
    aws_file.edit(put)
    assert file.read_bytes() == AFTER


@pytest.mark.usefixtures("without_leases")
@pytest.mark.parametrize("content", [BEFORE, b""])
@pytest.mark.parametrize("seconds_ago", [0, -3600])
def test_without_leases_waits_until_the_file_is_quiet(
    file: Path, aws_file: AwsFile, content: bytes, seconds_ago: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 0.7)
    file.write_bytes(content)
    moment = time.time() - seconds_ago
    os.utime(file, (moment, moment))
    start = time.monotonic()
    aws_file.edit(put)
    assert time.monotonic() - start >= 0.6
    assert file.read_bytes() == (AFTER if content else OURS[1:])


@pytest.mark.usefixtures("without_leases", "short_write_timeout")
def test_without_leases_refuses_a_file_that_keeps_changing(file: Path, aws_file: AwsFile) -> None:
    file.write_bytes(BEFORE)
    with pytest.raises(FileBusyError, match="another program keeps writing it"):
        aws_file.edit(put)
    assert file.read_bytes() == BEFORE


def edit(file: Path, token: str) -> None:
    """Edit like another run of encee."""
    AwsFile(file, CredentialsHeaders(), pytest.fail).edit(
        lambda document: document.write_section("dev-mfa", {"aws_session_token": token})
    )


@pytest.mark.usefixtures("without_leases", "short_write_timeout")
def test_does_not_wait_for_a_file_that_encee_wrote_last(file: Path) -> None:
    for number in range(3):
        edit(file, f"token-{number}")
    assert b"token-2" in file.read_bytes()


def same_time(file: Path) -> None:
    """Append to the file and restore the mtime: the old content can be the start of another file."""
    status = file.stat()
    file.write_bytes(file.read_bytes() + OTHER)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def same_content(file: Path) -> None:
    """Write the same bytes now, which can be the start of another file."""
    file.write_bytes(file.read_bytes())


def same_time_and_size(file: Path) -> None:
    status = file.stat()
    file.write_bytes(file.read_bytes().replace(b"token-1", b"token-x"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.usefixtures("without_leases", "short_write_timeout")
@pytest.mark.parametrize("other", [same_time, same_content, same_time_and_size])
def test_waits_for_a_file_that_another_program_wrote_last(file: Path, other: object) -> None:
    edit(file, "token-1")
    assert callable(other)
    other(file)
    with pytest.raises(FileBusyError):
        edit(file, "token-2")


@pytest.mark.usefixtures("without_leases", "short_write_timeout")
@pytest.mark.parametrize("record", [b"", b"\0rubbish", b"\0" + b"9" * 10_000])
def test_waits_if_the_lock_file_has_no_record(file: Path, record: bytes) -> None:
    edit(file, "token-1")
    file.with_name(".credentials.encee-lock").write_bytes(record)
    with pytest.raises(FileBusyError):
        edit(file, "token-2")


@pytest.mark.parametrize("gone", [False, True])
def test_does_not_soon_accept_an_empty_file_that_had_keys_in_this_run(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch, *, gone: bool
) -> None:
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 1.5)
    assert aws_file.read() == BEFORE
    file.unlink() if gone else file.write_bytes(b"")
    writer = threading.Timer(1, write, [file, BEFORE + OTHER])
    writer.start()
    aws_file.edit(put)
    writer.join()
    assert file.read_bytes() == BEFORE + OTHER + OURS


def test_does_not_soon_accept_a_file_that_was_just_truncated(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 1.5)
    file.write_bytes(b"")
    writer = threading.Timer(1, write, [file, BEFORE])
    writer.start()
    aws_file.edit(put)
    writer.join()
    assert file.read_bytes() == AFTER


@pytest.mark.usefixtures("without_leases")
def test_does_not_wait_for_a_recent_file_that_it_only_reads(
    file: Path, aws_file: AwsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 3600.0)
    file.write_bytes(BEFORE)
    assert aws_file.read_document().view["dev"] == {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}
