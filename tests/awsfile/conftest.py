"""Fixtures of the tests of the write: a file, and an `AwsFile` for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from encee.awsfile import atomic_write, file as file_module, stable_read, system_calls
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders
from tests.awsfile.writing import BEFORE, write


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
def aws_file(file: Path, warnings: list[str]) -> AwsFile:
    return AwsFile(file, CredentialsHeaders(), warnings.append)


@pytest.fixture
def short_write_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "WRITE_TIMEOUT_SECONDS", 0.3)


@pytest.fixture
def short_quiet_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept a truncated file after half a second instead of five, in tests of something else."""
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 0.5)


@pytest.fixture
def short_empty_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept an empty file sooner, in tests of something else."""
    monkeypatch.setattr(stable_read, "_EMPTY_SECONDS", 0.06)


@pytest.fixture
def without_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a system that does not report open files; a second without changes is enough."""
    monkeypatch.setattr(stable_read, "is_open_for_writing", lambda _: None)
    monkeypatch.setattr(stable_read, "QUIET_SECONDS", 1.0)


@pytest.fixture
def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a file system that cannot exchange two names."""
    monkeypatch.setattr(atomic_write, "exchange_names", lambda *_: False)


@pytest.fixture(params=[True, False], ids=["leases-and-exchange", "neither"])
def system(request: pytest.FixtureRequest) -> bool:
    """Return whether the system reports open files and can exchange names; run the test with and without."""
    if not request.param:
        request.getfixturevalue("without_leases")
        request.getfixturevalue("without_exchange")
    return bool(request.param)


@pytest.fixture
def replacements(system: bool, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Return a list of what another tool does right after each replacement, first to last."""
    others: list[Callable[[], object]] = []

    def followed(call: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
        def replace(source: Path, target: Path) -> object:
            replaced = call(source, target)
            if replaced and others:
                others.pop(0)()
            return replaced

        return replace

    monkeypatch.setattr(Path, "replace", followed(Path.replace))
    if system:
        monkeypatch.setattr(atomic_write, "exchange_names", followed(system_calls.exchange_names))
    return others
