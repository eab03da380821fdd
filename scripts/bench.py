"""How fast encee is, each thing beside its peer: the same table on the screen and in docs/benchmarks.md.

Runs the installed `encee`, the real `aws` and the real `aws-mfa` in temporary homes, against a stand-in for AWS on
this machine that injects the latency of a network. Encee and its peer take turns, so that a busy moment of the
machine hits both. Every run is checked for its exit code and for what it was to bring about; one that fails ends the
bench. A limit that is not held does not: the table says so, and these are no tests.
"""

import gc
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from scripts.claims import UntrueError, expect
from scripts.tables import markdown

if TYPE_CHECKING:
    from tests.fake_aws import FakeAws, FakeDevice, FakeUser

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "benchmarks.md"
ENCEE = Path(sys.executable).with_name("encee")
AWS = ROOT / ".venv-aws" / "bin" / "aws"
AWS_MFA = ROOT / ".venv-aws-mfa" / "bin" / "aws-mfa"
PROGRAMS = (ENCEE, AWS, AWS_MFA)

ROUNDS = 10
USUAL = 10
"""How many profiles a file holds where their number is not what is measured."""

IN_USE = 20
"""How many of a file's profiles have a session, and a region in the config file, at most."""

PATIENCE = 60
"""For how many seconds a command may run."""

TYPING = 1.0
"""For how many seconds the person goes on to look for the code, once encee has sent its first request."""

LONG_AGO = (1_700_000_000, 1_700_000_000)
REGION = "eu-central-1"

AWS_VERSION = 262
"""How many milliseconds `aws --version` took on the machine for which the limits in milliseconds were set."""


# ---- the files


def key(name: str, number: int) -> str:
    """A long-term profile of somebody whom the stand-in does not know."""
    return section(
        name,
        aws_access_key_id=f"AKIAEXAMPLE{number:09}",
        aws_secret_access_key="x" * 40,
        mfa_serial=f"arn:aws:iam::123456789012:mfa/{name}",
    )


def session(name: str, source: str, expiration: datetime) -> str:
    """A session as encee keeps it, of the usual size."""
    return section(
        name,
        aws_access_key_id="ASIAEXAMPLE000000000",
        aws_secret_access_key="x" * 40,
        aws_session_token="x" * 444,
        expiration=f"{expiration:%Y-%m-%dT%H:%M:%SZ}",
        manager="encee",
        encee_source=source,
    )


def aws_mfa_session(name: str, expiration: datetime) -> str:
    """A session as aws-mfa keeps it."""
    return section(
        name,
        assumed_role="False",
        aws_access_key_id="ASIAEXAMPLE000000000",
        aws_secret_access_key="x" * 40,
        aws_session_token="x" * 444,
        aws_security_token="x" * 444,
        expiration=f"{expiration:%Y-%m-%d %H:%M:%S}",
    )


def section(name: str, **options: str) -> str:
    """A section of the credentials file, and the blank line behind it."""
    return "\n".join([f"[{name}]", *(f"{option} = {value}" for option, value in options.items()), "", ""])


def others(count: int) -> list[str]:
    """Long-term profiles that nobody refreshes here; those in use have a valid session."""
    end = datetime.now(UTC) + timedelta(hours=12)
    return [
        key(name, number) + (session(f"{name}-mfa", name, end) if number < IN_USE else "")
        for number, name in enumerate(names("other", count))
    ]


def names(prefix: str, count: int) -> list[str]:
    """Names with a number."""
    return [f"{prefix}-{number}" for number in range(1, count + 1)]


# ---- the stage


@dataclass(frozen=True)
class Person:
    """A profile whose key and device the stand-in knows, and whose session has expired."""

    profile: str
    user: "FakeUser"
    device: "FakeDevice"

    def key(self, name: str, device_option: str = "mfa_serial") -> str:
        """The long-term profile."""
        pair = self.user.access_key
        own = {"aws_access_key_id": pair.id, "aws_secret_access_key": pair.secret, device_option: self.device.serial}
        return section(name, **own)

    def sections(self) -> str:
        """The long-term profile and its session, for encee and aws."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return self.key(self.profile) + session(f"{self.profile}-mfa", self.profile, yesterday)

    def aws_mfa_sections(self) -> str:
        """The same for aws-mfa."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return self.key(f"{self.profile}-long-term", "aws_mfa_device") + aws_mfa_session(self.profile, yesterday)


@dataclass(frozen=True)
class Home:
    """A home directory, the environment to use it in, and what its credentials file holds before each run."""

    path: Path
    environ: dict[str, str]
    content: str

    @property
    def credentials(self) -> Path:
        """The credentials file."""
        return self.path / ".aws" / "credentials"

    def furnish(self, profiles: Sequence[str]) -> None:
        """Write the two files; the config file holds the region of these profiles."""
        self.credentials.parent.mkdir(mode=0o700, parents=True)
        config = self.path / ".aws" / "config"
        config.write_text("".join(f"[profile {name}]\nregion = {REGION}\n\n" for name in profiles))
        os.utime(config, LONG_AGO)
        self.set_back()

    def set_back(self) -> None:
        """Let the credentials file be as it was, and not have been written for long."""
        self.credentials.write_text(self.content)
        self.credentials.chmod(0o600)
        os.utime(self.credentials, LONG_AGO)


@dataclass(frozen=True)
class Stage:
    """The stand-in, and a folder for homes."""

    aws: "FakeAws"
    folder: Path
    slowness: float = 1.0
    """How many times as slow this machine is as the one for which the limits in milliseconds were set."""

    def people(self, *profiles: str) -> list[Person]:
        """New users, each with a key and a device."""
        self.aws.reset()
        users = [(profile, self.aws.create_user(profile)) for profile in profiles]
        return [Person(profile, user, user.create_device(profile)) for profile, user in users]

    def home(self, count: int, *sections: str, profiles: Sequence[str] = ()) -> Home:
        """A home with so many long-term profiles; those of this run's people are in the middle of the file.

        Args:
            count: How many, those people's own among them.
            sections: What the file holds of theirs.
            profiles: Their names.
        """
        path = Path(tempfile.mkdtemp(dir=self.folder))
        rest = others(count - len(profiles))
        half = len(rest) // 2
        environ = {
            "HOME": str(path),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        home = Home(path, environ, "".join([*rest[:half], *sections, *rest[half:]]))
        in_use = [*names("other", len(rest))[:IN_USE], *profiles]
        home.furnish([*in_use, *(f"{name}-mfa" for name in in_use)])
        return home

    def home_of(self, *people: Person, count: int = USUAL) -> Home:
        """A home with the profiles of these people."""
        sections = [person.sections() for person in people]
        return self.home(count, *sections, profiles=[person.profile for person in people])

    def expect_sessions(self, calls: int, codes: Sequence[str], where: str, shown: str) -> None:
        """Hold what AWS was asked since `calls` calls, and what `where` shows, against the codes that were used."""
        made = [call for call in self.aws.journal[calls:] if call.action == "GetSessionToken"]
        expect(sorted(call.code or "" for call in made) == sorted(codes), f"{where}: not one call for each code")
        expect(all(call.status == 200 for call in made), f"{where}: AWS refused a code")  # noqa: PLR2004 - HTTP's OK
        tokens = self.aws.issued_secrets()[1::2][-len(codes) :]
        expect(all(token in shown for token in tokens), f"{where}: a session that AWS gave is missing")


# ---- running commands


def run(home: Home, program: Path, *arguments: str, stdin: str = "", code: int = 0) -> tuple[float, str]:
    """Run a command in pipes; the milliseconds from its start to its end, and its standard output."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home.environ,
        encoding="utf-8",
    )
    timer = limit(process)
    out, err = process.communicate(stdin)
    took = milliseconds_since(start)
    timer.cancel()
    ended = process.returncode
    expect(ended == code, f"{described(program, arguments)} ended with {ended}: {last_words(err or out)}")
    return took, out


class Terminal:
    """A command on a pseudo-terminal, which is ended when the context is left.

    Not pexpect, which copies this process with all its memory to start another: that takes too long.
    """

    def __init__(self, home: Home, program: Path, *arguments: str) -> None:
        self._command = (program, arguments)
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, 100))
        self._start = time.perf_counter()
        self._process = subprocess.Popen(
            [program, *arguments], stdin=slave, stdout=slave, stderr=slave, env=home.environ, start_new_session=True
        )
        os.close(slave)
        self._timer = limit(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def wait_for(self, text: str) -> None:
        """Read until a text is shown."""
        shown = b""
        while text.encode() not in shown:
            piece = self._read()
            expect(piece, f"{described(*self._command)} never showed {text!r}: {last_words(shown.decode())}")
            shown += piece

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._master, keys.encode())

    def end(self) -> tuple[float, str]:
        """Wait for the command's end; the milliseconds that it took, and what it showed since the last wait."""
        shown = b"".join(iter(self._read, b"")).decode()
        code = self._process.wait()
        took = milliseconds_since(self._start)
        expect(code == 0, f"{described(*self._command)} ended with {code}: {last_words(shown)}")
        return took, shown

    def _read(self) -> bytes:
        try:
            return os.read(self._master, 65536)
        except OSError:  # Linux has an error for a terminal that nobody uses any more
            return b""


def limit(process: "subprocess.Popen[Any]") -> threading.Timer:
    """Kill a process that hangs; the timeouts of `subprocess` look only from time to time, which costs time."""
    timer = threading.Timer(PATIENCE, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def described(program: Path, arguments: Sequence[str]) -> str:
    """A command line, short enough for a message."""
    return " ".join([program.name, *arguments[:3]])


def last_words(shown: str) -> str:
    """The end of what a command showed, on one line."""
    return " / ".join(shown.strip().splitlines()[-3:])


def wait_until(fact: Callable[[], bool], otherwise: str) -> None:
    """Look until something is so, with pauses that leave the processor to the stand-in."""
    start = time.perf_counter()
    while not fact():
        expect(milliseconds_since(start) < 1000 * PATIENCE, otherwise)
        time.sleep(0.0002)


def milliseconds_since(start: float) -> float:
    """Since a moment of `time.perf_counter`."""
    return (time.perf_counter() - start) * 1000


# ---- what is run


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
    """What the shells ask for after TAB behind `encee refresh oth`."""
    asking = replace(home, environ={**home.environ, "_ENCEE_COMPLETE": "encee refresh oth"})
    took, out = run(asking, ENCEE)
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
    """`encee refresh` on a terminal, from the newline behind the code to the new bytes being at the path."""
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
    """The most memory, in MiB, that `encee status` had at a time.

    Linux counts what a process had before it became another program, which for a child of this one would be all
    the memory of the stand-in. So a small process starts it.
    """
    launch: list[str | Path] = [sys.executable, "-I", "-S", "-c", LAUNCHER, ENCEE, "status"]
    done = subprocess.run(launch, env=home.environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
    found = re.search(r"most memory: (\d+)", done.stderr)
    expect(done.returncode == 0 and found, f"encee status ended with {done.returncode}")
    units = 1 if sys.platform == "darwin" else 1024
    return int(found[1]) * units / 1024**2 if found else 0


# ---- the table


class Row(NamedTuple):
    """A line of the table."""

    what: str
    encee: str
    peer: str
    measured: str
    limit: str
    held: str


TIMES = "\N{MULTIPLICATION SIGN}"
HEADINGS = Row("what", "encee", "peer", "measured", "at most", "held")


class Peer(NamedTuple):
    """What encee is held against, and how many milliseconds that took."""

    name: str
    took: float


def ratio(what: str, ours: float, peer: Peer, limit: float) -> Row:
    """A row whose limit is a multiple of the peer's time."""
    found = ours / peer.took
    times = f"{found:.2f} {TIMES}", f"{limit:g} {TIMES}"
    return Row(what, ms(ours), f"{ms(peer.took)} {peer.name}", *times, held(found, limit))


def difference(stage: Stage, what: str, ours: float, peer: Peer, limit: float) -> Row:
    """A row whose limit, in milliseconds, is on top of the peer's time."""
    found = ours - peer.took
    verdict = held(found, limit, stage.slowness)
    return Row(what, ms(ours), f"{ms(peer.took)} {peer.name}", f"{found:+.0f} ms", f"{limit:+g} ms", verdict)


def alone(stage: Stage, what: str, ours: float, limit: float) -> Row:
    """A row that is held against a number of milliseconds only."""
    return Row(what, ms(ours), "–", ms(ours), f"{limit:g} ms", held(ours, limit, stage.slowness))


def ms(time_taken: float) -> str:
    """Milliseconds."""
    return f"{time_taken:.0f} ms"


def held(found: float, limit: float, slowness: float = 1.0) -> str:
    """Whether a limit is held; where the machine is slower than the limit's, also whether that is the reason."""
    if found <= limit:
        return "yes"
    return f"no: this machine is {slowness:.1f} {TIMES} as slow as the limit's" if found <= limit * slowness else "no"


def medians(rounds: int, *measurements: Callable[[], float]) -> list[float]:
    """The median of each, taken in turns; a first round, in which files come into the machine's memory, is left out."""
    taken = [[measure() for measure in measurements] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def status_in_a_pipe(stage: Stage) -> Row:
    """20 profiles, plain."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: status(home, 20), lambda: aws_version(home))
    return ratio("`status`, 20 profiles, in a pipe", ours, Peer("`aws --version`", theirs), 0.25)


def status_drawn(stage: Stage) -> Row:
    """20 profiles, on a terminal."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: status_on_terminal(home, 20), lambda: aws_version(home))
    return ratio("`status`, 20 profiles, on a terminal", ours, Peer("`aws --version`", theirs), 0.32)


def env_of_a_session(stage: Stage) -> Row:
    """What a shell waits for in `eval`."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: env(home), lambda: aws_version(home))
    return ratio("`env`, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def process_of_a_session(stage: Stage) -> Row:
    """What an SDK waits for."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: process(home), lambda: aws_version(home))
    return ratio("`process`, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def completion_of_a_name(stage: Stage) -> Row:
    """What a person waits for after TAB."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: completion(home), lambda: aws_version(home))
    return ratio("completion of a name, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def after_enter(stage: Stage) -> Row:
    """The time that a person waits."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    stage.aws.latency = stage.aws.connect_latency = 0.1
    (ours,) = medians(ROUNDS, lambda: enter_to_usable(stage, home, dev))
    what = "from Enter after the code to a usable profile, 100 ms a round trip"
    return difference(stage, what, ours, Peer("one round trip", 100), 25)


def refresh_and_aws(stage: Stage) -> Row:
    """A code for a session, without waiting for a person or a network."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, home, dev), lambda: aws_session_token(stage, home, dev))
    return ratio("`refresh --code`", ours, Peer("`aws sts get-session-token`", theirs), 0.65)


def refresh_and_aws_mfa(stage: Stage) -> Row:
    """The same beside the tool that does the same."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    its_home = stage.home(USUAL, dev.aws_mfa_sections(), profiles=["dev"])
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, home, dev), lambda: aws_mfa(stage, its_home, dev))
    return ratio("`refresh --code`", ours, Peer("`aws-mfa`", theirs), 0.95)


def eight_at_once(stage: Stage) -> Row:
    """Eight users' codes, far from AWS."""
    team = stage.people(*names("member", 8))
    home = stage.home_of(*team)
    stage.aws.latency = stage.aws.connect_latency = 0.3
    ours, one = medians(
        ROUNDS,
        lambda: refresh(stage, home, *team, on_stdin=True),
        lambda: refresh(stage, home, team[0], on_stdin=True),
    )
    return ratio("`refresh` of 8 users' profiles, 300 ms a round trip", ours, Peer("one profile", one), 2)


def status_of_1_000(stage: Stage) -> Row:
    """A big file, read."""
    home = stage.home(1_000)
    (ours,) = medians(ROUNDS, lambda: status(home, 1_000))
    return alone(stage, "`status`, 1,000 profiles, in a pipe", ours, 120)


def refresh_among_1_000(stage: Stage) -> Row:
    """A big file, edited."""
    (dev,) = stage.people("dev")
    big, small = stage.home_of(dev, count=1_000), stage.home_of(dev, count=10)
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, big, dev), lambda: refresh(stage, small, dev))
    return difference(stage, "`refresh` of one of 1,000 profiles", ours, Peer("one of 10", theirs), 100)


def status_of_10_000(stage: Stage) -> Row:
    """A huge file, read."""
    home = stage.home(10_000)
    (ours,) = medians(ROUNDS, lambda: status(home, 10_000))
    return alone(stage, "`status`, 10,000 profiles, in a pipe", ours, 500)


def refresh_among_10_000(stage: Stage) -> Row:
    """A huge file, edited."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev, count=10_000)
    (ours,) = medians(ROUNDS, lambda: refresh(stage, home, dev))
    return alone(stage, "`refresh` of one of 10,000 profiles", ours, 2500)


def audit_of_5_000(stage: Stage) -> Row:
    """A big account, audited; users without a device are what an audit is for, so its exit code is 1."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    refresh(stage, home, dev)
    for name in names("user", 5_000):
        stage.aws.create_user(name)
    (ours,) = medians(3, lambda: audit(home, 5_001))
    return alone(stage, "`account audit`, 5,000 users", ours, 10_000)


def memory(stage: Stage) -> Row:
    """What a command takes that only looks."""
    home = stage.home(20)
    (ours,) = medians(ROUNDS, lambda: memory_of_status(home))
    return Row("memory of `status`, 20 profiles", f"{ours:.0f} MiB", "–", f"{ours:.0f} MiB", "25 MiB", held(ours, 25))


ROWS: tuple[Callable[[Stage], Row], ...] = (
    status_in_a_pipe,
    status_drawn,
    env_of_a_session,
    process_of_a_session,
    completion_of_a_name,
    after_enter,
    refresh_and_aws,
    refresh_and_aws_mfa,
    eight_at_once,
    status_of_1_000,
    refresh_among_1_000,
    status_of_10_000,
    refresh_among_10_000,
    audit_of_5_000,
    memory,
)


# ---- the paper

PAPER = """\
# Benchmarks

Measured by `make bench` on {day} (UTC).

{table}
Encee and its peer take turns, and each number is the median of {rounds} runs: from the start of a process to its end,
or from the newline behind the code to the moment when the new bytes are at the path. The limits in milliseconds are
for a machine on which `aws --version` takes {reference} ms; on this one it took {version}.
AWS is a stand-in on the same machine that checks signatures and codes and adds the time of the round trips that a row
names, also to the opening of a connection; the files were last written long ago, and up to {in_use} of their profiles
have a session.

{machine}
"""


def machine(home: Home, load: float) -> str:
    """What the numbers were taken on, and with."""
    _, aws = run(home, AWS, "--version")
    _, encee = run(home, ENCEE, "--version")
    _, its = run(
        home,
        AWS_MFA.with_name("python"),
        "-c",
        "from importlib.metadata import version; print(version('aws-mfa'), 'with boto3', version('boto3'))",
    )
    return (
        f"Machine: {os.cpu_count()} cores, {processor()}, {platform.system()}; load {load:.1f} at the start. "
        f"Python {platform.python_version()}, {encee.strip()}, awscli {aws.split()[0].partition('/')[2]}, "
        f"aws-mfa {its.strip()}."
    )


def processor() -> str:
    """The processor's model."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def measured(stage: Stage) -> Iterator[Row]:
    """The rows, one after the other."""
    for row in ROWS:
        stage.aws.reset()
        print(f"bench: {row.__name__.replace('_', ' ')} …", file=sys.stderr, flush=True)
        yield row(stage)


def main() -> int:
    """Measure everything, in homes that are removed afterwards."""
    for program in PROGRAMS:
        if not program.exists():
            print(f"bench: {program.name} is missing; make bench installs it", file=sys.stderr)
            return 1
    load = os.getloadavg()[0]
    from tests.fake_aws import FakeAws

    try:
        with tempfile.TemporaryDirectory(prefix="encee-bench-") as folder, FakeAws() as aws:
            gc.freeze()  # or the collector would halt the stand-in, which is large, in the middle of an answer
            stage = Stage(aws, Path(folder))
            home = stage.home(0)
            (version,) = medians(ROUNDS, lambda: aws_version(home))
            stage = replace(stage, slowness=version / AWS_VERSION)
            table = markdown([HEADINGS, *measured(stage)])
            about = machine(home, load)
    except (UntrueError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    paper = PAPER.format(
        day=datetime.now(UTC).date(),
        table=table,
        rounds=ROUNDS,
        in_use=IN_USE,
        machine=about,
        reference=AWS_VERSION,
        version=ms(version),
    )
    RESULT.write_text(paper)
    print(f"{table}\n{about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
