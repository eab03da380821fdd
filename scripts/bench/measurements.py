"""Run each command once, check its result, and return milliseconds or MiB."""

import re
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from scripts.bench.commands import TIMEOUT_SECONDS, Terminal, milliseconds_since, run, wait_until
from scripts.bench.stage import AWS, AWS_MFA, ENCEE, IN_USE, Home, Person, Stage, names
from scripts.claims import expect

if TYPE_CHECKING:
    from pathlib import Path

TYPING = 1.0
"""Seconds that the user needs for the code after encee has sent its first request."""


def status(home: Home, count: int) -> float:
    """`encee status` in a pipe."""
    took, out = run(home, ENCEE, "status")
    expect(len(out.splitlines()) == count + 1, f"encee status does not list {count} profiles")
    expect(out.count(" valid ") == min(count, IN_USE), "encee status does not call the sessions valid")
    return took


def status_on_terminal(home: Home, count: int) -> float:
    """`encee status` on a terminal, where it draws a table."""
    with Terminal(home, ENCEE, "status") as terminal:
        took, shown = terminal.end()
    expect(sum("█" in line for line in shown.splitlines()) == count, f"encee status does not draw {count} bars")
    return took


def env(home: Home) -> float:
    """`encee env` of a profile with a valid session."""
    took, out = run(home, ENCEE, "env", names("other", 1)[0], "--shell", "bash")
    expect("export AWS_SESSION_TOKEN=" in out, "encee env prints no session")
    return took


def process(home: Home) -> float:
    """`encee process` of a profile with a valid session."""
    took, out = run(home, ENCEE, "process", names("other", 1)[0])
    expect('"SessionToken"' in out, "encee process prints no session")
    return took


def completion(home: Home) -> float:
    """The completion of `encee refresh oth`, as a shell calls it after TAB."""
    completing = replace(home, environ={**home.environ, "_ENCEE_COMPLETE": "encee refresh oth"})
    took, out = run(completing, ENCEE)
    expect(names("other", 1)[0] in out, "the completion offers no profile")
    return took


def aws_version(home: Home) -> float:
    """`aws --version`."""
    took, out = run(home, AWS, "--version")
    expect(out.startswith("aws-cli/"), "aws --version prints something else")
    return took


def refresh(stage: Stage, home: Home, *people: Person, on_stdin: bool = False) -> float:
    """`encee refresh` of some profiles, with their codes on the command line or on standard input."""
    home.set_back()
    calls, codes = len(stage.aws.journal), [person.device.next_code() for person in people]
    given, stdin = ("-", "\n".join(codes)) if on_stdin else (codes[0], "")
    took, _ = run(home, ENCEE, "refresh", *(person.profile for person in people), "--code", given, stdin=stdin)
    stage.expect_sessions(calls, codes, "encee refresh", home.credentials.read_text())
    return took


def audit(home: Home, count: int) -> float:
    """`encee account audit`, of users most of whom have no device."""
    took, out = run(home, ENCEE, "account", "audit", "--profile", "dev", "--json", code=1)
    expect(out.count('"user": ') == count + 1, "encee account audit does not show every user")
    return took


def aws_session_token(stage: Stage, home: Home, person: Person) -> float:
    """`aws sts get-session-token`, which writes no file."""
    calls, code = len(stage.aws.journal), person.device.next_code()
    options = ("--serial-number", person.device.serial, "--token-code", code, "--profile", person.profile)
    took, out = run(home, AWS, "sts", "get-session-token", *options)
    stage.expect_sessions(calls, [code], "aws sts get-session-token", out)
    return took


def aws_mfa(stage: Stage, home: Home, person: Person) -> float:
    """`aws-mfa`, which asks for the code on standard input."""
    home.set_back()
    calls, code = len(stage.aws.journal), person.device.next_code()
    took, _ = run(home, AWS_MFA, "--profile", person.profile, stdin=f"{code}\n")
    stage.expect_sessions(calls, [code], "aws-mfa", home.credentials.read_text())
    return took


def enter_to_usable(stage: Stage, home: Home, person: Person) -> float:
    """`encee refresh` on a terminal, from Enter after the code until the new file is in place."""
    home.set_back()
    before, calls = home.credentials.stat().st_ino, len(stage.aws.journal)
    with Terminal(home, ENCEE, "refresh", person.profile) as terminal:
        terminal.wait_for("MFA code for")
        wait_until(lambda: len(stage.aws.journal) > calls, "encee did not open the connection before the code")
        time.sleep(TYPING)
        terminal.type(code := person.device.next_code())
        start = time.perf_counter()
        terminal.type("\r")
        wait_until(lambda: home.credentials.stat().st_ino != before, "encee refresh wrote nothing after Enter")
        took = milliseconds_since(start)
        stage.expect_sessions(calls, [code], "encee refresh on a terminal", home.credentials.read_text())
        terminal.end()
    return took


LAUNCHER = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print("most memory:", usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def memory_of_status(home: Home) -> float:
    """Measure the peak memory of `encee status`, in MiB.

    Linux also counts the memory that a process had before exec, which for a child of this process includes the
    stand-in. So a small process starts the command.
    """
    launch: list[str | Path] = [sys.executable, "-I", "-S", "-c", LAUNCHER, ENCEE, "status"]
    done = subprocess.run(
        launch, env=home.environ, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    peak = re.search(r"most memory: (\d+)", done.stderr)
    expect(done.returncode == 0 and peak, f"encee status ended with {done.returncode}")
    units = 1 if sys.platform == "darwin" else 1024
    return int(peak[1]) * units / 1024**2 if peak else 0
