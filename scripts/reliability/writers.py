"""Other programs that write the file without a lock while encee edits it: in place with pauses, and by rename."""

import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

from scripts.claims import expect
from scripts.homes import ROOT, Home
from scripts.reliability.stage import Scenario, Stage, expect_tidy
from tests.conftest import Person

_PAUSES_SECONDS = (0.06, 0.3, 1.0)
_EMPTY_SECONDS = (0.6, 3.0)
_SECTIONS = 20
_SIDE_BY_SIDE = 4
_EDITORS = 2

_EDIT_UNTIL_STOPPED = """
import sys
from pathlib import Path
from encee.errors import FileBusyError
from encee.awsfile.sections import CredentialsHeaders
from encee.awsfile.file import AwsFile

file, profile = Path(sys.argv[1]), sys.argv[2]
number = busy = 0
while not file.with_name("stop").exists():
    number += 1
    try:
        AwsFile(file, CredentialsHeaders(), print).edit(
            lambda document: document.write_section(profile, {"aws_session_token": str(number)})
        )
    except FileBusyError:
        busy += 1
print(number - busy, busy)
"""


def pausing_writer(stage: Stage) -> str:
    """Run a program that truncates the file, writes a part, pauses and writes the rest, while a session is cleared."""
    rounds = list(product(range(stage.size.places), _PAUSES_SECONDS))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        codes = list(pool.map(partial(_clear_beside_a_pause, stage), rounds))
    return f"{len(codes)} rounds, {codes.count(5)} of them refused as busy; no key is lost"


def _clear_beside_a_pause(stage: Stage, which: tuple[int, float]) -> int:
    place, pause = which
    sections = "".join(
        f"[p{number}]\naws_access_key_id = AKIA{number:016}\naws_secret_access_key = {number:040}\n\n"
        for number in range(_SECTIONS)
    )
    session = (
        "[dev-mfa]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\naws_session_token = t\n"
        "expiration = 2020-01-01T00:00:00Z\nmanager = encee\nencee_source = dev\n\n"
    )
    data = (session + sections).encode()
    home = stage.home(data.decode(), profiles=())
    end = max(1, len(data) * (place + 1) // (stage.size.places + 1))
    begun = threading.Event()

    def write() -> None:
        with home.credentials.open("wb") as file:
            file.write(data[:end])
            file.flush()
            begun.set()
            time.sleep(pause)
            file.write(data[end:])

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    done = stage.encee(home, "clear", "dev", code=(0, 5))
    writer.join()
    text = home.credentials.read_text()
    missing = [number for number in range(_SECTIONS) if f"{number:040}" not in text]
    expect(not missing, f"a pause of {pause} s after {end} bytes: the keys of {missing} are lost")
    expect(("[dev-mfa]" not in text) == (done.returncode == 0), "the session is not what the exit code says")
    expect_tidy(home)
    return done.returncode


def emptied_file(stage: Stage) -> str:
    """Run `command > file` in a shell, which empties the file and writes it later, while encee writes."""
    rounds = list(product(_EMPTY_SECONDS, (_refresh, _import)))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        codes = list(pool.map(partial(_write_to_emptied, stage), rounds))
    return f"{len(codes)} rounds, {codes.count(5)} of them refused as busy; no key is lost"


def _write_to_emptied(stage: Stage, which: tuple[float, Callable[[Stage, Home, Person], int]]) -> int:
    pause, command = which
    dev = stage.person(f"dev{next(stage.numbers)}")
    home = stage.home(dev.section("dev"))
    content = home.path / "new"
    content.write_bytes(home.credentials.read_bytes())
    with subprocess.Popen(
        ["/bin/sh", "-c", f'(sleep {pause}; cat "$1") > "$2"', "sh", content, home.credentials]
    ) as writer:
        while home.credentials.stat().st_size:
            time.sleep(0.005)
        code = command(stage, home, dev)
        writer.wait()
    text = home.credentials.read_text()
    expect(dev.user.access_key.secret in text, f"emptied for {pause} s: the key is lost")
    expect_tidy(home)
    return code


def _refresh(stage: Stage, home: Home, dev: Person) -> int:
    done = stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), code=(0, 5))
    expect(("[dev-mfa]" in home.credentials.read_text()) == (done.returncode == 0), "the session is not there")
    return done.returncode


def _import(stage: Stage, home: Home, _: Person) -> int:
    keys = home.path / "keys.csv"
    keys.write_text(f"Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,{'s' * 40}\n")
    done = stage.encee(home, "import", "csv", str(keys), "--profile", "imported", code=(0, 5))
    expect(("[imported]" in home.credentials.read_text()) == (done.returncode == 0), "the imported key is not there")
    return done.returncode


def saves_by_rename(stage: Stage) -> str:
    """Run an editor that renames a new file over the old one, often at the moment of a replacement."""
    home = stage.home("# save 0\n" + stage.person().section(), profiles=())
    editors = [
        subprocess.Popen(
            [sys.executable, "-c", _EDIT_UNTIL_STOPPED, home.credentials, f"s{number}-mfa"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(_EDITORS)
    ]
    try:
        for number in range(1, stage.size.saves + 1):
            _wait_for_a_write(home.credentials.parent)
            text = home.credentials.read_text()
            expect(f"# save {number - 1}\n" in text, f"save {number - 1} is lost")
            new = home.path / "new"
            new.write_text(re.sub(r"# save \d+\n", f"# save {number}\n", text))
            new.replace(home.credentials)
    finally:
        home.credentials.with_name("stop").touch()
        ended = [editor.communicate()[0].split() for editor in editors]
    expect(f"# save {stage.size.saves}\n" in home.credentials.read_text(), "the last save is lost")
    expect_tidy(home)
    edits, busy = (sum(int(counts[index]) for counts in ended) for index in (0, 1))
    expect(edits, "no edit was written")
    return f"{stage.size.saves:,} saves beside {edits:,} edits, {busy} of them refused as busy; each save was there"


def _wait_for_a_write(folder: Path) -> None:
    """Wait for a temporary file, at most 0.2 s, and then for a random part of the time of a write."""
    end = time.monotonic() + 0.2
    while time.monotonic() < end and not any(folder.glob(".credentials.encee-*.tmp")):
        time.sleep(0.0005)
    time.sleep(random.uniform(0, 0.006))  # noqa: S311 - no secret


SCENARIOS = (
    Scenario("a program pauses in the middle of writing the file", "exit 0 or 5; no key lost", pausing_writer),
    Scenario("a file that a shell has emptied and fills later", "exit 0 or 5; no key lost", emptied_file),
    Scenario("saves by rename at the moment of the replacement", "exit 0 or 5; no save lost", saves_by_rename),
)
