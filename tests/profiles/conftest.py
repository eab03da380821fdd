"""What the tests of the write stand on: a file, and a store of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from encee.profiles import snapshot, store as store_module
from encee.profiles.headers import CredentialsHeaders
from encee.profiles.store import Store
from tests.profiles.writing import BEFORE, write


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
