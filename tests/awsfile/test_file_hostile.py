"""Attacks by another user who may write to the folder, with an umask of 0."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import FileRefusedError
from tests.awsfile.writing import put

BEFORE = b"[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
AFTER = BEFORE + b"\n[dev-mfa]\naws_session_token = new\n"
THEIRS = b"[dev]\naws_access_key_id = AKIAEVILEVILEVILEVIL\n"
LONG_AGO = (1_700_000_000, 1_700_000_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create a folder that every user may write to."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def file(folder: Path) -> Path:
    file = folder / "credentials"
    file.write_bytes(BEFORE)
    file.chmod(0o600)
    os.utime(file, LONG_AGO)
    return file


@pytest.fixture
def outside_file(tmp_path: Path) -> Path:
    """Create a file outside the folder, which an attacker wants to damage or replace."""
    outside_file = tmp_path / "precious"
    outside_file.write_bytes(THEIRS)
    outside_file.chmod(0o666)
    os.utime(outside_file, LONG_AGO)
    return outside_file


@pytest.fixture
def aws_file(file: Path) -> AwsFile:
    return AwsFile(file, CredentialsHeaders(), print)


@pytest.fixture(params=[0, 0o777], ids=["takes-nothing", "takes-all"])
def odd_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def when_created(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Path], object]]:
    """Run an action of an attacker when a temporary file appears."""
    acts: list[Callable[[Path], object]] = []
    real = tempfile.mkstemp

    def mkstemp(**names: str) -> tuple[int, str]:
        descriptor, name = real(suffix=names["suffix"], prefix=names["prefix"], dir=names["dir"])
        for act in acts:
            act(Path(name))
        return descriptor, name

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    return acts


def modes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):o}" for path in folder.rglob("*")}


@pytest.mark.usefixtures("odd_umask")
def test_new_files_are_for_the_owner_only_with_any_umask(tmp_path: Path) -> None:
    aws_file = AwsFile(tmp_path / ".aws" / "credentials", CredentialsHeaders(), print)
    with aws_file.key_lock("AKIAIOSFODNN7EXAMPLE"):
        aws_file.edit(put)
        made = modes(tmp_path)
    assert made == {
        ".aws": "700",
        ".aws/.credentials.encee-lock": "600",
        ".aws/.encee-AKIAIOSFODNN7EXAMPLE.lock": "600",
        ".aws/credentials": "600",
    }


def test_the_name_of_the_temporary_file_is_random(
    aws_file: AwsFile, when_created: list[Callable[[Path], object]]
) -> None:
    made: list[str] = []
    when_created.append(lambda temporary: made.append(temporary.name))
    for _ in range(2):
        aws_file.rehearse(put)
    assert len(set(made)) == 2
    assert all(len(name) >= len(".credentials.encee-12345678.tmp") for name in made)


@pytest.mark.parametrize("name", [".credentials.encee-lock", ".encee-KEY.lock"])
def test_refuses_a_link_in_place_of_a_lock_file(folder: Path, aws_file: AwsFile, outside_file: Path, name: str) -> None:
    (folder / name).symlink_to(outside_file)
    with pytest.raises(FileRefusedError) as caught, aws_file.key_lock("KEY"):
        aws_file.edit(put)
    assert f"{name} is a link" in caught.value.message
    assert f"rm {folder / name}" in (caught.value.hint or "")
    assert (outside_file.read_bytes(), aws_file.path.read_bytes()) == (THEIRS, BEFORE)
    assert stat.S_IMODE(outside_file.stat().st_mode) == 0o666


def test_removes_a_link_with_the_name_of_a_leftover_not_its_target(
    folder: Path, aws_file: AwsFile, outside_file: Path
) -> None:
    link = folder / ".credentials.encee-abcdefgh.tmp"
    link.symlink_to(outside_file)
    aws_file.edit(put)
    assert not link.is_symlink()
    assert (outside_file.read_bytes(), aws_file.path.read_bytes()) == (THEIRS, AFTER)


@pytest.mark.parametrize("is_link", [False, True])
def test_never_reads_a_file_with_the_temporary_name_as_the_original(
    file: Path, aws_file: AwsFile, outside_file: Path, when_created: list[Callable[[Path], object]], is_link: bool
) -> None:
    def plant(temporary: Path) -> None:
        name = temporary.with_suffix(".old.tmp")
        name.symlink_to(outside_file) if is_link else name.write_bytes(THEIRS)

    when_created.append(plant)
    aws_file.edit(put)
    assert not file.is_symlink()
    assert (file.read_bytes(), outside_file.read_bytes()) == (AFTER, THEIRS)


def test_refuses_a_file_that_becomes_a_link_before_the_read(
    file: Path, aws_file: AwsFile, outside_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath

    def realpath(path: Path) -> str:
        found = real(path)
        if not file.is_symlink():
            file.unlink()
            file.symlink_to(outside_file)
        return found

    monkeypatch.setattr(os.path, "realpath", realpath)
    with pytest.raises(FileRefusedError) as caught:
        aws_file.edit(put)
    assert "was replaced by a link" in caught.value.message
    assert outside_file.read_bytes() == THEIRS
    assert file.is_symlink()


def test_refuses_a_file_that_becomes_a_link_before_the_replacement(
    file: Path, aws_file: AwsFile, outside_file: Path
) -> None:
    def put_slowly(document: Document) -> None:
        put(document)
        file.unlink()
        file.symlink_to(outside_file)

    with pytest.raises(FileRefusedError) as caught:
        aws_file.edit(put_slowly)
    assert "was replaced by a link" in caught.value.message
    assert outside_file.read_bytes() == THEIRS
    assert file.is_symlink()


def test_a_link_that_appears_for_a_moment_does_not_decide_the_mode(
    file: Path,
    aws_file: AwsFile,
    outside_file: Path,
    when_created: list[Callable[[Path], object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise users whom the old file excludes could read the new one."""
    aside = file.with_name("aside")
    real = os.fsync

    def put_a_link(_: Path) -> None:
        file.rename(aside)
        file.symlink_to(outside_file)

    def fsync(descriptor: int) -> None:
        if aside.exists():
            aside.replace(file)
        real(descriptor)

    when_created.append(put_a_link)
    monkeypatch.setattr(os, "fsync", fsync)
    aws_file.edit(put)
    assert not aside.exists()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (AFTER, 0o600)
    assert outside_file.read_bytes() == THEIRS
