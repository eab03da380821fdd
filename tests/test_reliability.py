"""The reliability run reports what it has to report."""

import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scripts.claims import UntrueError
from scripts.homes import Home
from scripts.reliability import writers
from scripts.reliability.load import Crowd, unused_profiles
from scripts.reliability.stage import Scenario, Size, Stage, expect_added, expect_unchanged
from tests.fake_aws import FakeAws


@pytest.fixture
def stage(aws: FakeAws, tmp_path: Path) -> Stage:
    return Stage(aws, tmp_path, Size(10, 1, 1))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (1, ""),
        (0, "Traceback (most recent call last):"),
        (0, "encee: error: unexpected OSError in store.py, line 1"),
        (0, "SECRET"),
        (0, "SEED"),
    ],
)
def test_reports_another_exit_status_and_a_printed_secret(stage: Stage, code: int, shown: str) -> None:
    dev = stage.person()
    said = shown.replace("SECRET", dev.user.access_key.secret).replace("SEED", dev.device.seed)
    with pytest.raises(UntrueError):
        stage.look(CompletedProcess([], code, "", said), 0, ["refresh"])
    stage.look(CompletedProcess([], 0, "", "dev-mfa is valid"), 0, ["refresh"])


@pytest.mark.parametrize("look", [expect_unchanged, expect_added])
def test_reports_a_changed_file(stage: Stage, look: Callable[[Home, bytes], None]) -> None:
    _, home = stage.usual()
    before = home.credentials.read_bytes()
    home.credentials.write_bytes(before[1:] + b"[dev-mfa]\n")
    with pytest.raises(UntrueError):
        look(home, before)


def test_reports_a_leftover_temporary_file(stage: Stage) -> None:
    _, home = stage.usual()
    home.credentials.with_name(".credentials.encee-x.tmp").touch()
    with pytest.raises(UntrueError, match="temporary files are left"):
        expect_unchanged(home, home.credentials.read_bytes())


@pytest.mark.parametrize("damage", ["aws_secret_access_key = ", "[p7]\n", "AKIA0000000000000007"])
def test_reports_a_lost_key(stage: Stage, damage: str) -> None:
    home = Home(stage.folder, stage.aws)
    crowd = Crowd(stage, home, [], time.monotonic())
    text = unused_profiles(100)
    assert crowd.lost(text) == []
    assert crowd.lost(text.replace(damage, "")) != []
    assert len(crowd.lost("")) == 100


@pytest.mark.slow
@pytest.mark.parametrize("scenario", writers.SCENARIOS, ids=lambda scenario: scenario.play.__name__)
def test_loses_nothing_beside_writers_without_a_lock(aws: FakeAws, tmp_path: Path, scenario: Scenario) -> None:
    scenario.play(Stage(aws, tmp_path, Size(10, 1, 1, places=3, saves=100)))
