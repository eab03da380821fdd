"""Disks that are full, fill up, or are read-only."""

import os
import shutil
import subprocess
from shlex import quote

from scripts.claims import expect
from scripts.homes import ENCEE, Home
from scripts.reliability.stage import NotRunError, Scenario, Stage, expect_unchanged

MOUNTED = """
set -e
cp -Rp "$HOME/.aws" "$HOME/saved"
mount -t tmpfs -o size=256k tmpfs "$HOME/.aws"
cp -p "$HOME"/saved/* "$HOME/.aws/"
{prepare}
set +e
{encee}
code=$?
cmp -s "$HOME/saved/credentials" "$HOME/.aws/credentials" || code="$code, and the file is not what it was"
ls "$HOME/.aws" -A | grep -q tmp && code="$code, and a temporary file is left"
echo "ended with $code"
"""
"""Puts the two files on a disk of 256 KiB, in a mount namespace."""

FILL = 'dd if=/dev/zero of="$HOME/.aws/filling" bs=4096 2>/dev/null'


def on_a_small_disk(stage: Stage, home: Home, prepare: str, *words: str) -> str:
    """Run encee with the two files on a small disk, and return standard error.

    Raises:
        NotRunError: This machine does not allow mounts.
    """
    if not shutil.which("unshare"):
        raise NotRunError("needs unshare, of util-linux")
    new = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*new, "true"], capture_output=True, check=False).returncode:
        raise NotRunError("needs the right to mount")
    script = MOUNTED.format(prepare=prepare, encee=" ".join(map(quote, [str(ENCEE), *words])))
    done = home.run(*new, "sh", "-c", script)
    stage.look(done, 0, words)
    ended = done.stdout.splitlines()[-1]
    expect(ended == "ended with 5", f"it {ended}: {done.stderr.strip()}")
    return done.stderr


def full_from_the_start(stage: Stage) -> str:
    """The disk is full before the run."""
    dev, home = stage.usual()
    on_a_small_disk(stage, home, f"{FILL} || true", "refresh", "dev", "--code", dev.device.next_code())
    return expect_no_request(stage)


def filling_up(stage: Stage) -> str:
    """The disk fills up after the test write."""
    dev, home = stage.usual()
    command = f"{FILL}; echo {dev.device.next_code()}"
    said = on_a_small_disk(stage, home, "", "refresh", "dev", "--code-command", command)
    expect("no space left" in said, "it does not say so")
    expect(stage.sent() == 1, "encee did not try to write")
    return "the write failed"


def read_only(stage: Stage) -> str:
    """The file system is read-only."""
    dev, home = stage.usual()
    prepare = 'mount -o remount,ro "$HOME/.aws"'
    on_a_small_disk(stage, home, prepare, "refresh", "dev", "--code", dev.device.next_code())
    return expect_no_request(stage)


def expect_no_request(stage: Stage) -> str:
    """Check that no request was sent."""
    expect(stage.sent() == 0, "a code was spent")
    return "reported before the code was spent"


def full_output(stage: Stage) -> str:
    """Standard output goes to a full disk."""
    _, home = stage.usual()
    before = home.credentials.read_bytes()
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, asked for by its name
        raise NotRunError("needs /dev/full")
    stage.look(home.run("sh", "-c", f"{ENCEE} status > /dev/full"), 1, ["status"])
    expect_unchanged(home, before)
    return "the error is reported"


KEEPS = "exit 5; the file as it was"

SCENARIOS = (
    Scenario("a disk that is full", KEEPS, full_from_the_start),
    Scenario("a disk that fills up in the middle", KEEPS, filling_up),
    Scenario("a read-only home", KEEPS, read_only),
    Scenario("standard output on a full disk", "exit 1", full_output),
)
