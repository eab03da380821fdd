"""Killed writers and other writers of the same file lose nothing."""

import configparser
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.sections import CredentialsHeaders

pytestmark = pytest.mark.slow

AWS = Path(__file__).parents[2] / ".venv-aws" / "bin" / "aws"
PROFILES = "".join(
    f"# key {n}\n[p{n}]\naws_access_key_id = AKIA{n:016}\naws_secret_access_key = {n:040}\n\n" for n in range(100)
)
OLD = "[dev-mfa]\naws_session_token = old\n"
ROUNDS_AT_A_POINT = 5
ROUNDS_AT_RANDOM = 75

EDIT = """
import os, signal, sys, tempfile, time
from pathlib import Path
from encee.awsfile import atomic_write
from encee.awsfile.sections import CredentialsHeaders
from encee.awsfile.file import AwsFile

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def edit(profile, token):
    AwsFile(Path(sys.argv[1]), CredentialsHeaders(), print).edit(
        lambda document: document.write_section(profile, {"aws_session_token": token})
    )
"""
DIE_AT_A_POINT = """
fsync, exchange, mkstemp = os.fsync, atomic_write.exchange_names, tempfile.mkstemp
if len(sys.argv) > 3:
    exchange = lambda *names: False
    atomic_write.exchange_names = exchange
match sys.argv[2]:
    case "created":
        tempfile.mkstemp = lambda **options: (mkstemp(**options), die())
    case "written":
        os.fsync = die
    case "flushed":
        os.fsync = lambda descriptor: (fsync(descriptor), die())
    case "about to exchange":
        atomic_write.exchange_names = die
    case "exchanged":
        atomic_write.exchange_names = lambda *names: (exchange(*names), die())
    case "about to replace":
        Path.replace = die
    case "replaced":
        replace = Path.replace
        Path.replace = lambda source, target: (replace(source, target), die())
edit("dev-mfa", "new")
"""
EDIT_FOREVER = """
number = 0
while True:
    number += 1
    edit("dev-mfa", f"{number:04}" * 500)
    if number == 1:
        print(flush=True)
"""
EDIT_TWENTY_TIMES = """
for number in range(20):
    edit(sys.argv[2], f"{sys.argv[2]}-{number}")
    time.sleep(0.03)  # else this one takes the lock again before the others look
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Create the file with an old mtime and an unusual mode."""
    file = tmp_path / "credentials"
    file.write_text(PROFILES + OLD)
    file.chmod(0o640)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    return file


def leftovers(file: Path) -> list[Path]:
    return [left for left in file.parent.iterdir() if left.suffix == ".tmp"]


def start(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", EDIT + script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def assert_next_run_cleans_up(file: Path, number: int) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    AwsFile(file, CredentialsHeaders(), pytest.fail).edit(
        lambda document: document.write_section("dev-mfa", {"aws_session_token": f"next-{number}"})
    )
    assert file.read_text(encoding="utf-8") == f"{PROFILES}[dev-mfa]\naws_session_token = next-{number}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert {left.name for left in file.parent.iterdir()} == {"credentials", ".credentials.encee-lock"}


@pytest.mark.parametrize(
    ("point", "leaves", "content"),
    [
        ("created", 1, PROFILES + OLD),
        ("written", 1, PROFILES + OLD),
        ("flushed", 1, PROFILES + OLD),
        ("about to exchange", 1, PROFILES + OLD),
        ("exchanged", 1, PROFILES + OLD.replace("old", "new")),
        ("about to replace", 2, PROFILES + OLD),
        ("replaced", 1, PROFILES + OLD.replace("old", "new")),
    ],
)
def test_a_kill_at_any_point_leaves_the_old_or_the_new_file(file: Path, point: str, leaves: int, content: str) -> None:
    for number in range(ROUNDS_AT_A_POINT):
        file.write_text(PROFILES + OLD, encoding="utf-8")
        way = ["without exchange"] if "replace" in point else []
        with start(DIE_AT_A_POINT, str(file), point, *way) as child:
            child.communicate()
        assert child.returncode == -signal.SIGKILL
        assert file.read_text(encoding="utf-8") == content
        assert len(leftovers(file)) == leaves
        assert_next_run_cleans_up(file, number)


def test_a_kill_at_a_random_moment_leaves_the_old_or_the_new_file(file: Path) -> None:
    whole = re.compile(re.escape(PROFILES + OLD).replace("old", r"(?:(\d{4})\1{499})"))
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    left = 0
    for number in range(ROUNDS_AT_RANDOM):
        with start(EDIT_FOREVER, str(file)) as child:
            assert child.stdout
            child.stdout.readline()
            time.sleep(moments.uniform(0, 0.05))
            child.kill()
        assert child.returncode == -signal.SIGKILL
        assert whole.fullmatch(file.read_text(encoding="utf-8")), f"{seed=} {number=}"
        left += len(leftovers(file))
        assert_next_run_cleans_up(file, number)
    assert left, "no round was killed in the middle of a write"


def test_eight_processes_lose_no_edit_of_each_other(file: Path) -> None:
    profiles = [f"mfa-{n}" for n in range(8)]
    children = [start(EDIT_TWENTY_TIMES, str(file), profile) for profile in profiles]
    for child in children:
        with child:
            out, err = child.communicate()
        assert (child.returncode, out, err) == (0, "", "")
    content = file.read_text(encoding="utf-8")
    assert content.startswith(PROFILES + OLD)
    sections = [section.strip() for section in content.removeprefix(PROFILES + OLD).split("\n\n")]
    assert sorted(sections) == [f"[{profile}]\naws_session_token = {profile}-19" for profile in profiles]


def test_a_loop_of_aws_configure_set_costs_no_profile(file: Path) -> None:
    environ = {
        "HOME": str(file.parent),
        "PATH": os.environ["PATH"],
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_CONFIG_FILE": str(file.with_name("config")),
    }
    end = time.monotonic() + 20
    codes: list[int] = []

    def configure() -> None:
        while time.monotonic() < end:
            key = ["aws_access_key_id", f"OTHER{len(codes)}"]
            done = subprocess.run([AWS, "configure", "set", *key, "--profile", "other"], env=environ, check=False)
            codes.append(done.returncode)

    other = threading.Thread(target=configure)
    other.start()
    aws_file = AwsFile(file, CredentialsHeaders(), pytest.fail)
    edits = 0
    expected = {f"p{n}" for n in range(100)} | {"dev-mfa"}
    while other.is_alive():
        edits += 1
        aws_file.edit(
            partial(Document.write_section, profile="dev-mfa", options={"aws_session_token": f"token-{edits}"})
        )
        assert aws_file.read_document().view.keys() - {"DEFAULT", "other"} == expected
    other.join()
    assert set(codes) == {0}
    assert len(codes) > 5
    assert edits > 20
    read = configparser.RawConfigParser()
    read.read_string(file.read_text(encoding="utf-8"))
    assert set(read.sections()) == expected | {"other"}
    assert [read[f"p{n}"]["aws_secret_access_key"] for n in range(100)] == [f"{n:040}" for n in range(100)]
    assert leftovers(file) == []
