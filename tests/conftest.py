"""What every test stands on: a home of its own, the verifying stand-in for AWS, and the command line."""

import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pexpect
import pytest

from encee.cli.app import main
from tests.fake_aws import FakeAws, FakeDevice, FakeKey, FakeUser
from tests.programs import BASIC, evades_marks, find_program, link_programs

ROOT = Path(__file__).parent.parent
ENCEE = Path(sys.executable).parent / "encee"
AWS = ROOT / ".venv-aws" / "bin" / "aws"

NO_PRIVILEGES = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.geteuid() == 0 else []
)
"""Before a command: permissions hold for it, also for root. A test that uses it needs setpriv."""

NEW_MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
"""Before a command: what it mounts is mounted for it alone. A test that uses it has the mark `mounts`."""


def leave_terminal() -> None:
    """Leave the terminal of whoever runs the tests, so that no program that they start can wait for its prompt there.

    Ctrl-C still arrives: it goes to the process group.
    """
    with suppress(OSError):  # there is none, as in CI
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            hang_up_handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which the leader of a session gets
            fcntl.ioctl(terminal, termios.TIOCNOTTY)
            signal.signal(signal.SIGHUP, hang_up_handler)
        finally:
            os.close(terminal)


def hear_ctrl_c() -> None:
    """Restore Ctrl-C where it is ignored, as in a background job of a shell: the programs of the tests inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def may_mount() -> bool:
    """Whether this machine lets a test mount file systems."""
    try:
        return not subprocess.run([*NEW_MOUNTS, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


mounts = pytest.mark.needs("unshare", "mount", permission_to_mount=may_mount())


NotRun = dict[str, int]
"""How many tests were not run, by what the machine lacks."""

_NOT_RUN = pytest.StashKey[NotRun]()
_FOLDERS = pytest.StashKey[Path]()


def needed_programs(item: pytest.Item) -> list[str]:
    """The programs that a test's marks name."""
    return [name for mark in item.iter_markers("needs") for name in mark.args]


def missing_needs(item: pytest.Item) -> list[str]:
    """What a test needs and this machine lacks: programs or, where it has them, permissions; under CI only these."""
    if programs := [name for name in needed_programs(item) if not find_program(name)]:
        return [] if os.environ.get("CI") else programs
    permissions = [each for mark in item.iter_markers("needs") for each in mark.kwargs.items()]
    return [name.replace("_", " ") for name, is_given in permissions if not is_given]


def pytest_configure(config: pytest.Config) -> None:
    """Leave the terminal, hear Ctrl-C, and make the folder that will hold the folders of programs."""
    leave_terminal()
    hear_ctrl_c()
    folder = Path(tempfile.mkdtemp(prefix="encee-programs-"))
    config.add_cleanup(lambda: shutil.rmtree(folder))
    config.stash[_FOLDERS] = folder


@pytest.hookimpl(trylast=True)  # after the tests that `-m` and `-k` leave out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need what this machine lacks."""
    not_run: NotRun = {}
    for item in items:
        for what in missing_needs(item):
            not_run[what] = not_run.get(what, 0) + 1
    left_out = [item for item in items if missing_needs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    config.stash[_NOT_RUN] = not_run
    if hasattr(config, "workeroutput"):
        config.workeroutput["not_run"] = not_run


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - xdist does not name its type
    """Take over from a worker of xdist what was not run; each worker knows of all tests."""
    node.config.stash[_NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List what was not run, for a terminal of 80 columns."""
    for what, count in sorted(config.stash.get(_NOT_RUN, {}).items()):
        terminalreporter.write_line(f"not run: {count} {'test needs' if count == 1 else 'tests need'} {what}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let PATH lead to the basic programs and to those that the test needs, before its first fixture is made."""
    programs = needed_programs(item)
    for name in programs:
        assert find_program(name), f"{name} is missing; make system installs it"
    folder = item.config.stash[_FOLDERS] / "+".join(["basic", *sorted(set(programs))])
    if not folder.exists():
        folder.mkdir()
        link_programs(folder, [*BASIC, *programs])
    os.environ["PATH"] = str(folder)


@pytest.fixture(autouse=True)
def started_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a program of the machine is started by its path: its mark would not be looked at."""

    def check(starter: type[Any], program_in: Callable[..., str | Path]) -> None:
        start = starter.__init__

        def checked(self: object, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - handed on as they are
            program = Path(os.fsdecode(program_in(*arguments)))
            assert not evades_marks(program), f"start {program} by its name, and mark the test needs({program.name!r})"
            start(self, *arguments, **options)

        monkeypatch.setattr(starter, "__init__", checked)

    check(subprocess.Popen, lambda command: command if isinstance(command, str) else command[0])
    check(pexpect.spawn, lambda command, *_: command)


@dataclass(frozen=True)
class Home:
    """A home directory with nothing in it but what the test puts there."""

    path: Path

    @property
    def credentials(self) -> Path:
        return self.path / ".aws" / "credentials"

    @property
    def config(self) -> Path:
        return self.path / ".aws" / "config"

    def write(self, credentials: str | bytes, config: str | bytes | None = None) -> None:
        """Write the two files, long enough ago that one read is enough."""
        self.credentials.parent.mkdir(mode=0o700, exist_ok=True)
        for file, content in ((self.credentials, credentials), (self.config, config)):
            if content is not None:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
                file.chmod(0o600)
                os.utime(file, (1_700_000_000, 1_700_000_000))

    def state(self) -> dict[str, tuple[bytes, int]]:
        """Content and mode of every file, the lock files aside."""
        locks = ("encee-lock", ".lock")
        files = [file for file in self.path.rglob("*") if file.is_file() and not file.name.endswith(locks)]
        return {str(file.relative_to(self.path)): (file.read_bytes(), file.stat().st_mode) for file in files}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, none of the caller's AWS and encee variables, and not the caller's keyring."""
    for name in os.environ:
        if name.startswith(("AWS_", "DBUS_", "ENCEE_", "MFA_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_PAGER", "")
    monkeypatch.setenv("TZ", "UTC")
    return Home(path)


@pytest.fixture(scope="session")
def served_aws() -> Iterator[FakeAws]:
    """One stand-in for the whole test process."""
    with FakeAws() as aws:
        yield aws


@pytest.fixture
def aws(served_aws: FakeAws, home: Home, monkeypatch: pytest.MonkeyPatch) -> FakeAws:  # noqa: ARG001 - in it
    """The stand-in with an empty account, reached by `AWS_ENDPOINT_URL`."""
    served_aws.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", served_aws.url)
    return served_aws


@dataclass(frozen=True)
class Person:
    """An IAM user with a key in `[dev]` and a device in a pocket."""

    user: FakeUser
    device: FakeDevice

    def section(self, name: str = "dev", *, serial: bool = True) -> str:
        """The long-term profile as the credentials file holds it."""
        return section(self.user.access_key, name, self.device.serial if serial else None)


@pytest.fixture
def person(aws: FakeAws) -> Person:
    """Someone with a key and a phone."""
    user = aws.create_user("jane")
    return Person(user, user.create_device("phone"))


@pytest.fixture
def dev(home: Home, person: Person) -> Person:
    """The person, with the key in the credentials file already."""
    home.write("# my keys\n" + person.section(), "[profile dev]\nregion = eu-central-1\n")
    return person


@contextmanager
def keyring_session(folder: Path, *, unlocked: bool = True) -> Iterator[str]:
    """A Secret Service with its files in a folder of its own: gnome-keyring in a D-Bus session, whose address it is.

    Locked, it stays so: its question for the password has nowhere to appear.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    environ = {"PATH": os.environ["PATH"], **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), str(folder))}
    how = "--unlock" if unlocked else "--start"
    script = f"printf pass | gnome-keyring-daemon {how} --components=secrets; echo $DBUS_SESSION_BUS_ADDRESS; read _"
    with subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        assert session.stdout
        printed = iter(session.stdout.readline, "")
        yield next(line for line in printed if line.startswith("unix:")).strip()
        # The end of its standard input ends the shell, with it the session, and with that the keyring.


@pytest.fixture
def secret_service(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty keyring of the test's own."""
    del home  # first, since it clears the environment
    with keyring_session(tmp_path / "keyring") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setattr("keyring.core._keyring_backend", None)  # a test before this one may have found no keyring
        yield


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


class Encee:
    """The command line, called through `main()`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "", now: datetime | None = None) -> Result:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        self._capsys.readouterr()
        code = main(arguments, clock=(lambda: now) if now else None)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


@pytest.fixture
def encee(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Encee:  # noqa: ARG001 - in it
    """Call the command line in this process."""
    return Encee(monkeypatch, capsys)


class DiscreetEncee(Encee):
    """The command line, which shows no secret of the stand-in's, whatever it does."""

    def __init__(self, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(monkeypatch, capsys)
        self._aws = aws

    def __call__(self, *arguments: str, stdin: str = "", now: datetime | None = None) -> Result:
        result = super().__call__(*arguments, stdin=stdin, now=now)
        assert [secret for secret in self._aws.issued_secrets() if secret in result.out + result.err] == []
        return result


@pytest.fixture
def discreet(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Encee:
    """Call the command line in this process, and look for secrets in all that it prints."""
    return DiscreetEncee(aws, monkeypatch, capsys)


def run_encee(*arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None) -> Result:
    """Run the installed command in a process of its own."""
    done = subprocess.run(
        [ENCEE, *arguments],
        input=stdin,
        env=environ or os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run_aws(*arguments: str) -> Result:
    """Run the real `aws` against whatever the environment names."""
    done = subprocess.run(
        [AWS, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def on_terminal(
    *arguments: str, command: str | Path = ENCEE, size: tuple[int, int] = (24, 80), term: str | None = None
) -> "pexpect.spawn[str]":
    """Start a command, the installed one, on a pseudo-terminal of so many lines and columns."""
    environ = os.environ | ({"TERM": term} if term else {})
    child = pexpect.spawn(str(command), list(arguments), encoding="utf-8", timeout=20, dimensions=size, env=environ)
    child.delaybeforesend = None
    return child


def before_the_next_code(
    *arguments: str, size: tuple[int, int] = (40, 100), term: str = "xterm-256color"
) -> "pexpect.spawn[str]":
    """Start the command line on a pseudo-terminal, a tenth of a second before an app's next code; the clock stands."""
    moment = datetime.fromtimestamp(time.time() // 30 * 30 + 29.9, UTC).isoformat()
    script = str(ROOT / "tests" / "run_encee.py")
    return on_terminal(script, moment, *arguments, command=Path(sys.executable), size=size, term=term)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so, at most twenty seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def section(key: FakeKey, name: str = "dev", serial: str | None = None) -> str:
    """A long-term profile as the credentials file holds it."""
    lines = [f"[{name}]", f"aws_access_key_id = {key.id}", f"aws_secret_access_key = {key.secret}"]
    if serial:
        lines.append(f"mfa_serial = {serial}")
    return "\n".join(lines) + "\n"


def hang_up(child: "pexpect.spawn[str]") -> None:
    """Close the terminal of a command.

    By its own file object: a descriptor that is closed behind its back would be closed once more at the end, and be
    somebody else's by then.
    """
    child.ptyproc.fileobj.close()  # type: ignore[attr-defined]  # the stubs lack it
