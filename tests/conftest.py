"""Fixtures of all tests: an empty home folder, the stand-in for AWS, a user of it, and the command line.

The stand-in (with moto and boto3) and the command line are imported by the fixtures that need them, so that a test of a
small function starts quickly.
"""

from __future__ import annotations

import fcntl
import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from tests.programs import BASIC, evades_marks, find_program, link_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fake_aws import FakeAws, FakeDevice, FakeKey, FakeUser

ROOT = Path(__file__).parent.parent
ENCEE = Path(sys.executable).parent / "encee"
AWS = ROOT / ".venv-aws" / "bin" / "aws"

NO_PRIVILEGES = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.geteuid() == 0 else []
)
"""A prefix for a command: file permissions apply to it even if it runs as root. The test needs setpriv."""

NEW_MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
"""A prefix for a command: only the command sees what it mounts. The test has the mark `mounts`."""


def leave_terminal() -> None:
    """Give up the controlling terminal, so that no program that a test starts can prompt there and wait.

    Ctrl-C still works, since the terminal sends it to the process group.
    """
    with suppress(OSError):  # raised where there is no terminal, as in CI
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            hang_up_handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # sent to the leader of the session
            fcntl.ioctl(terminal, termios.TIOCNOTTY)
            signal.signal(signal.SIGHUP, hang_up_handler)
        finally:
            os.close(terminal)


def restore_ctrl_c() -> None:
    """Stop ignoring Ctrl-C, as a background job of a shell does: programs that the tests start would inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def may_mount() -> bool:
    """Return whether this machine allows a test to mount file systems."""
    try:
        return not subprocess.run([*NEW_MOUNTS, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


mounts = pytest.mark.needs("unshare", "mount", permission_to_mount=may_mount())


NotRun = dict[str, int]
"""The number of tests that were not run, by the program or permission that the machine lacks."""

_NOT_RUN = pytest.StashKey[NotRun]()
_FOLDERS = pytest.StashKey[Path]()


def needed_programs(item: pytest.Item) -> list[str]:
    """Return the programs that the marks of a test name."""
    return [name for mark in item.iter_markers("needs") for name in mark.args]


def missing_needs(item: pytest.Item) -> list[str]:
    """Return the programs that a test needs and this machine lacks, or, if it has all, the permissions.

    In CI, a missing program is an error of the test instead.
    """
    if programs := [name for name in needed_programs(item) if not find_program(name)]:
        return [] if os.environ.get("CI") else programs
    permissions = [each for mark in item.iter_markers("needs") for each in mark.kwargs.items()]
    return [name.replace("_", " ") for name, is_given in permissions if not is_given]


def pytest_configure(config: pytest.Config) -> None:
    """Leave the terminal, restore Ctrl-C, and create the folder for the values of PATH."""
    leave_terminal()
    restore_ctrl_c()
    folder = Path(tempfile.mkdtemp(prefix="encee-programs-"))
    config.add_cleanup(lambda: shutil.rmtree(folder))
    config.stash[_FOLDERS] = folder


@pytest.hookimpl(trylast=True)  # count only the tests that `-m` and `-k` select
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need what this machine lacks."""
    not_run: NotRun = {}
    for item in items:
        for need in missing_needs(item):
            not_run[need] = not_run.get(need, 0) + 1
    left_out = [item for item in items if missing_needs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    config.stash[_NOT_RUN] = not_run
    if hasattr(config, "workeroutput"):
        config.workeroutput["not_run"] = not_run


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - xdist does not name its type
    """Copy the numbers from a worker of xdist; each worker collects all tests."""
    node.config.stash[_NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List what the tests that were not run need."""
    for need, count in sorted(config.stash.get(_NOT_RUN, {}).items()):
        terminalreporter.write_line(f"not run: {count} {'test needs' if count == 1 else 'tests need'} {need}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set PATH to the basic programs and those that the test needs, before its first fixture is set up."""
    programs = needed_programs(item)
    for name in programs:
        assert find_program(name), f"{name} is missing; make system installs it"
    folder = item.config.stash[_FOLDERS] / "+".join(["basic", *sorted(set(programs))])
    if not folder.exists():
        folder.mkdir()
        link_programs(folder, [*BASIC, *programs])
    os.environ["PATH"] = str(folder)


@pytest.fixture(autouse=True)
def programs_started_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if a program of the machine is started by its path, which no mark would have to name."""

    def check(starter: type[Any], program_in: Callable[..., str | Path]) -> None:
        start = starter.__init__

        def checked(self: object, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on unchanged
            program = Path(os.fsdecode(program_in(*arguments)))
            assert not evades_marks(program), f"start {program} by its name, and mark the test needs({program.name!r})"
            start(self, *arguments, **options)

        monkeypatch.setattr(starter, "__init__", checked)

    check(subprocess.Popen, lambda command: command if isinstance(command, str) else command[0])
    check(pexpect.spawn, lambda command, *_: command)


@dataclass(frozen=True)
class Home:
    """A home folder that holds only what the test writes."""

    path: Path

    @property
    def credentials(self) -> Path:
        return self.path / ".aws" / "credentials"

    @property
    def config(self) -> Path:
        return self.path / ".aws" / "config"

    def write(self, credentials: str | bytes, config: str | bytes | None = None) -> None:
        """Write the two files with an old mtime, so that encee reads them without waiting for another writer."""
        self.credentials.parent.mkdir(mode=0o700, exist_ok=True)
        for file, content in ((self.credentials, credentials), (self.config, config)):
            if content is not None:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
                file.chmod(0o600)
                os.utime(file, (1_700_000_000, 1_700_000_000))

    def state(self) -> dict[str, tuple[bytes, int]]:
        """Return content and mode of each file by its path, except for lock files."""
        locks = ("encee-lock", ".lock")
        files = [file for file in self.path.rglob("*") if file.is_file() and not file.name.endswith(locks)]
        return {str(file.relative_to(self.path)): (file.read_bytes(), file.stat().st_mode) for file in files}


def shown(path: Path | str) -> str:
    """Return a path below HOME as encee prints it, quoted for a shell."""
    return f"~/{shlex.quote(str(Path(path).relative_to(os.environ['HOME'])))}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Set HOME to an empty folder, and unset the variables of AWS, encee, proxies and the keyring."""
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
    """Serve one stand-in for all tests of the process."""
    from tests.fake_aws import FakeAws

    with FakeAws() as aws:
        yield aws


@pytest.fixture
def aws(served_aws: FakeAws, home: Home, monkeypatch: pytest.MonkeyPatch) -> FakeAws:  # noqa: ARG001 - sets up the environment
    """Return the stand-in with an empty account, and set `AWS_ENDPOINT_URL` to it."""
    served_aws.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", served_aws.url)
    return served_aws


@dataclass(frozen=True)
class Person:
    """An IAM user with an access key and an MFA device."""

    user: FakeUser
    device: FakeDevice

    def section(self, name: str = "dev", *, serial: bool = True) -> str:
        """Return the section of the credentials file with the long-term key and the serial number."""
        return section(self.user.access_key, name, self.device.serial if serial else None)


@pytest.fixture
def person(aws: FakeAws) -> Person:
    """Create a user with a key and a virtual device; the files do not exist yet."""
    user = aws.create_user("jane")
    return Person(user, user.create_device("phone"))


@pytest.fixture
def dev(home: Home, person: Person) -> Person:
    """Write the key and the serial number of the person to the profile dev."""
    home.write("# my keys\n" + person.section(), "[profile dev]\nregion = eu-central-1\n")
    return person


@contextmanager
def keyring_session(folder: Path, *, unlocked: bool = True) -> Iterator[str]:
    """Run gnome-keyring with its files in this folder, and yield the address of its D-Bus session.

    A locked keyring cannot be unlocked, since there is no display on which it could prompt for the password.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    environ = {"PATH": os.environ["PATH"], **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), str(folder))}
    option = "--unlock" if unlocked else "--start"
    script = f"printf pass | gnome-keyring-daemon {option} --components=secrets; echo $DBUS_SESSION_BUS_ADDRESS; read _"
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
        # Leaving the block closes standard input, which ends the shell, the D-Bus session and the keyring.


@pytest.fixture
def secret_service(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an empty keyring for this test."""
    del home  # set up before, since it unsets the variable that is set here
    with keyring_session(tmp_path / "keyring") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setattr("keyring.core._keyring_backend", None)  # keyring remembers what it found in an earlier test
        yield


@dataclass(frozen=True)
class Result:
    """Exit status and output of a command."""

    code: int
    out: str
    err: str


class Encee:
    """The command line, called through `main()`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "", now: datetime | None = None) -> Result:
        from encee.cli.app import main

        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        self._capsys.readouterr()
        code = main(arguments, clock=(lambda: now) if now else None)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


@pytest.fixture
def encee(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Encee:  # noqa: ARG001 - sets up the environment
    """Return a function that runs the command line in this process."""
    return Encee(monkeypatch, capsys)


class LeakCheckedEncee(Encee):
    """Run the command line, and fail if it prints a secret that the stand-in has issued."""

    def __init__(self, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(monkeypatch, capsys)
        self._aws = aws

    def __call__(self, *arguments: str, stdin: str = "", now: datetime | None = None) -> Result:
        result = super().__call__(*arguments, stdin=stdin, now=now)
        assert [secret for secret in self._aws.issued_secrets() if secret in result.out + result.err] == []
        return result


@pytest.fixture
def leak_checked_encee(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Encee:
    """Return a function that runs the command line in this process and fails if it prints a secret."""
    return LeakCheckedEncee(aws, monkeypatch, capsys)


def run_encee(*arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None) -> Result:
    """Run the installed command in another process."""
    completed = subprocess.run(
        [ENCEE, *arguments],
        input=stdin,
        env=environ or os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(completed.returncode, completed.stdout, completed.stderr)


def run_aws(*arguments: str) -> Result:
    """Run the real `aws` command."""
    completed = subprocess.run(
        [AWS, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return Result(completed.returncode, completed.stdout, completed.stderr)


def on_terminal(
    *arguments: str, command: str | Path = ENCEE, size: tuple[int, int] = (24, 80), term: str | None = None
) -> pexpect.spawn[str]:
    """Start a command, by default the installed encee, on a pseudo-terminal; `size` is in lines and columns."""
    environ = os.environ | ({"TERM": term} if term else {})
    child = pexpect.spawn(str(command), list(arguments), encoding="utf-8", timeout=20, dimensions=size, env=environ)
    child.delaybeforesend = None
    return child


def start_before_next_code(
    *arguments: str, size: tuple[int, int] = (40, 100), term: str = "xterm-256color"
) -> pexpect.spawn[str]:
    """Start encee on a pseudo-terminal, with a clock that stays a tenth of a second before the next 30-second step."""
    moment = datetime.fromtimestamp(time.time() // 30 * 30 + 29.9, UTC).isoformat()
    script = str(ROOT / "tests" / "run_encee.py")
    return on_terminal(script, moment, *arguments, command=Path(sys.executable), size=size, term=term)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until the condition is true; fail after 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def section(key: FakeKey, name: str = "dev", serial: str | None = None) -> str:
    """Return a section of the credentials file with this long-term key."""
    lines = [f"[{name}]", f"aws_access_key_id = {key.id}", f"aws_secret_access_key = {key.secret}"]
    if serial:
        lines.append(f"mfa_serial = {serial}")
    return "\n".join(lines) + "\n"


def hang_up(child: pexpect.spawn[str]) -> None:
    """Close the terminal of a command.

    Its file object does it: a descriptor closed without it would be closed again later, when its number may belong to
    another file.
    """
    child.ptyproc.fileobj.close()  # type: ignore[attr-defined]  # the stubs lack it
