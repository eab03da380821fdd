"""Clocks that are wrong or jump: the machine's, AWS's, and the dates of files."""

import os
import sys
import threading
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

from scripts.claims import expect
from scripts.homes import Home
from scripts.reliability.stage import Scenario, Stage, expect_added, expect_unchanged
from tests.conftest import Person

AT = """
import sys
from datetime import UTC, datetime, timedelta
from encee.cli.app import main
sys.exit(main(sys.argv[2:], clock=lambda: datetime.now(UTC) + timedelta(seconds=float(sys.argv[1]))))
"""
"""Runs encee with a clock that is so many seconds ahead."""

_DAY = 86_400


def at(stage: Stage, home: Home, seconds: float, *words: str, code: int) -> None:
    """Run encee with a clock that is so many seconds ahead."""
    stage.look(home.run(sys.executable, "-c", AT, str(seconds), *words), code, words)


def off(stage: Stage, minutes: int) -> str:
    """This machine's clock differs from AWS's."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    stage.aws.clock_offset = timedelta(minutes=minutes)
    done = stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), code=4)
    expect(f"{abs(minutes)} min " in done.stderr, "it does not say by how much")
    expect_unchanged(home, before)
    return "the difference is named"


def jumps_before_the_code(stage: Stage) -> str:
    """The clock is right at the start, and half an hour off when the code arrives."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    begun = home.path / "begun"
    jump = threading.Thread(target=_jump, args=(stage, begun))
    jump.start()
    command = f"touch {begun}; sleep 2; echo {dev.device.next_code()}"
    done = stage.encee(home, "refresh", "dev", "--code-command", command, code=4)
    jump.join()
    expect("30 min " in done.stderr, "it does not say by how much")
    expect_unchanged(home, before)
    return "the difference is named"


def _jump(stage: Stage, begun: Path) -> None:
    for _ in range(600):
        if begun.exists():
            break
        time.sleep(0.05)
    stage.aws.clock_offset = timedelta(minutes=30)


def there_and_back(stage: Stage) -> str:
    """A session, seen from tomorrow and from today."""
    dev, home = stage.usual()
    refreshed(stage, dev, home)
    after = home.credentials.read_bytes()
    for seconds, code in ((0, 0), (_DAY, 3), (0, 0), (-_DAY, 0)):
        at(stage, home, seconds, "status", "--check", "dev", code=code)
        at(stage, home, seconds, "env", "dev", code=code)
    expect_unchanged(home, after)
    return "expired tomorrow, valid today"


def dated(stage: Stage, seconds: float) -> str:
    """A file that was written at another time than the clock says."""
    dev, home = stage.usual()
    moment = time.time() + seconds
    os.utime(home.credentials, (moment, moment))
    before = home.credentials.read_bytes()
    refreshed(stage, dev, home)
    expect_added(home, before)
    return "written"


def refreshed(stage: Stage, dev: Person, home: Home) -> None:
    """Get a session."""
    stage.encee(home, "refresh", "dev", "--code", dev.device.next_code())


SCENARIOS = (
    Scenario("this machine's clock 20 min fast", "exit 4; the file as it was", partial(off, minutes=-20)),
    Scenario("this machine's clock 20 min slow", "exit 4; the file as it was", partial(off, minutes=20)),
    Scenario(
        "a jump of 30 min while the code command runs",
        "exit 4; the file as it was",
        jumps_before_the_code,
    ),
    Scenario("a jump of a day, and back", "exit 3 while the clock is wrong, and nothing written", there_and_back),
    Scenario("a file dated tomorrow", "exit 0", partial(dated, seconds=_DAY)),
    Scenario("a file dated in 1980", "exit 0", partial(dated, seconds=-45 * 365.25 * _DAY)),
)
