"""Codes from a command: how it runs, which output counts, and one request for each key."""

import json
import os
import shlex
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from encee.awsfile.file import _KEY_LOCK_TIMEOUT_SECONDS
from encee.errors import UsageError
from encee.mfa.code_sources import CommandCodes
from encee.mfa.shell_job import COMMAND_TIMEOUT_SECONDS
from tests.conftest import ENCEE, Encee, Home, Person, run_encee, shown, wait_for
from tests.fake_aws import FakeAws, faults

if TYPE_CHECKING:
    import pexpect


def long_role(dev: Person, aws: FakeAws) -> str:
    """Return the config section `long` of a role that needs another code."""
    statement = {"Effect": "Allow", "Principal": {"AWS": dev.user.arn}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    arn = aws.create_role("long", trust, max_session_duration=14400)
    return f"[profile long]\nrole_arn = {arn}\nsource_profile = dev\nduration_seconds = 4h\n"


@pytest.mark.parametrize("where", ["option", "environment", "mfa_process"])
def test_the_command_can_be_a_setting(
    encee: Encee, home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    command = f"echo ' {dev.device.next_code()} '"
    option = ["--code-command", command] if where == "option" else []
    if where == "environment":
        monkeypatch.setenv("ENCEE_CODE_COMMAND", command)
    if where == "mfa_process":
        home.write(dev.section(), f"[profile dev]\nmfa_process = {command}\n")
    assert encee("refresh", "dev", *option).code == 0


def test_a_code_on_the_command_line_wins_over_the_command(encee: Encee, dev: Person) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code(), "--code-command", "exit 1").code == 0


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("exit 7", 1, "the code command of dev failed with exit code 7"),
        ("true", 2, "the code command of dev printed nothing"),
        ("echo no code", 2, "the code command of dev printed something else"),
        ("echo 1234567", 2, "the code command of dev printed something else"),
        ("no-such-command-at-all", 1, "failed with exit code 127"),
        ("printf '\\377'", 2, "printed something else"),
        ("echo \0 123456", 1, "could not be started: ValueError"),
        ("yes 123456", 2, "the code command of dev printed something else"),
        ("trap '' PIPE; while :; do echo 123456; done", 2, "the code command of dev printed something else"),
        ("printf '\033[2J12345'", 2, "printed something else"),
        ("head -c 100000 /dev/zero", 2, "printed something else"),
        ("head -c 100000 /dev/urandom; exit 3", 2, "printed something else"),
    ],
)
@pytest.mark.usefixtures("dev")
def test_a_command_that_prints_no_code_is_an_error(
    encee: Encee, home: Home, aws: FakeAws, command: str, code: int, says: str
) -> None:
    before = home.state()
    result = encee("refresh", "dev", "--code-command", command)
    assert (result.code, says in result.err) == (code, True), result.err
    assert "encee: hint: run the command of --code-command, ENCEE_CODE_COMMAND or mfa_process by itself" in result.err
    assert command == "true" or command not in result.err  # it can contain a seed
    assert aws.journal == []
    assert home.state() == before


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_a_hanging_command_is_terminated(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("encee.mfa.shell_job.COMMAND_TIMEOUT_SECONDS", 0.2)
    for command in ("exec sleep 60", "exec >&-; sleep 60", "sleep 60; echo 123456"):
        result = encee("refresh", "dev", "--code-command", command)
        assert (result.code, "took longer than" in result.err) == (1, True)


class ProcessWatch:
    """A FIFO that the processes of the command keep open while they run.

    A command line appends its path to its first redirection.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alive"
        os.mkfifo(self.path)
        self._end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def has_processes(self) -> bool:
        try:
            return os.read(self._end, 1) != b""
        except BlockingIOError:
            return True

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def process_watch(home: Home) -> Iterator[ProcessWatch]:
    """Return whether a process of the command still runs."""
    process_watch = ProcessWatch(home.path)
    yield process_watch
    process_watch.close()


CHILDREN = [
    "sleep 300 | cat",
    "sleep 300 & sleep 300",
    "trap '' INT TERM; sleep 300 & sleep 300",
    "(trap '' INT; sleep 300) | cat; echo 123456",
]


@pytest.mark.slow
@pytest.mark.parametrize("command", CHILDREN)
@pytest.mark.usefixtures("dev")
def test_the_children_of_a_hanging_command_are_terminated_too(
    encee: Encee, process_watch: ProcessWatch, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("encee.mfa.shell_job.COMMAND_TIMEOUT_SECONDS", 0.5)
    result = encee("refresh", "dev", "--code-command", f"exec 9>{process_watch.path}; {command}")
    assert (result.code, "took longer than 0.5 s" in result.err) == (1, True)
    wait_for(lambda: not process_watch.has_processes())


@pytest.mark.slow
@pytest.mark.parametrize("command", CHILDREN)
@pytest.mark.usefixtures("dev")
@pytest.mark.needs("bash")
def test_ctrl_c_ends_the_command_and_its_children(
    bash: "pexpect.spawn[str]", process_watch: ProcessWatch, command: str
) -> None:
    line = shlex.quote(f"exec 9>{process_watch.path}; {command}")
    bash.sendline(f"{ENCEE} refresh dev --code-command {line}; echo ended=$?")
    wait_for(process_watch.has_processes)
    bash.send("\x03")
    bash.expect_exact("encee: error: interrupted")
    bash.expect_exact("ended=130")
    wait_for(lambda: not process_watch.has_processes())


PASSWORD = f"{shlex.quote(sys.executable)} -c 'import getpass; print(getpass.getpass())'"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["printf 'Password: ' >&2; read typed; echo $typed", PASSWORD, f"{PASSWORD} | cat"])
@pytest.mark.needs("bash")
def test_the_command_can_prompt_on_the_terminal(dev: Person, bash: "pexpect.spawn[str]", command: str) -> None:
    bash.sendline(f"{ENCEE} refresh dev --code-command {shlex.quote(command)}")
    bash.expect("Password: $")
    bash.sendline(dev.device.next_code())
    bash.expect_exact("dev-mfa is valid until")
    bash.expect_exact("ready> ")
    bash.sendline("echo st''ill here")  # the shell controls the terminal again
    bash.expect_exact("still here")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["\x03", "\x1a\x03"], ids=["Ctrl-C", "Ctrl-Z and Ctrl-C"])
@pytest.mark.usefixtures("dev")
@pytest.mark.needs("bash")
def test_ctrl_c_ends_a_command_that_prompts_on_the_terminal(
    aws: FakeAws, bash: "pexpect.spawn[str]", process_watch: ProcessWatch, key: str
) -> None:
    line = f"exec 9>{process_watch.path}; {PASSWORD} | cat"
    bash.sendline(f"{ENCEE} refresh dev --code-command {shlex.quote(line)}; echo ended=$?")
    bash.expect("Password: $")
    for one in key:
        bash.send(one)
        time.sleep(0.2)
    bash.expect_exact("encee: error: interrupted")
    bash.expect_exact("ended=130")
    bash.sendline("echo e''cho")  # the terminal echoes again
    bash.expect_exact("echo e''cho")
    bash.expect_exact("echo\r\n")
    assert aws.journal == []
    wait_for(lambda: not process_watch.has_processes())


@pytest.mark.slow
@pytest.mark.needs("bash")
def test_a_hanging_command_returns_the_terminal(dev: Person, bash: "pexpect.spawn[str]") -> None:
    script = "import encee.mfa.shell_job as s, encee.__main__ as m; s.COMMAND_TIMEOUT_SECONDS = 1; m.run()"
    bash.sendline(f"{sys.executable} -c {shlex.quote(script)} refresh dev --code-command {shlex.quote(PASSWORD)}")
    bash.expect("Password: $")
    bash.expect_exact("took longer than 1 s")
    bash.expect_exact("ready> ")
    bash.sendline(f"echo {dev.device.serial}")
    bash.expect_exact(f"echo {dev.device.serial}")


@pytest.mark.slow
def test_a_busy_machine_reads_the_code_after_the_command_has_ended(
    encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read

    def read_late(descriptor: int, size: int) -> bytes:
        time.sleep(0.3)
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", read_late)
    result = encee("refresh", "dev", "--code-command", f"echo {dev.device.next_code()}")
    assert result.code == 0, result.err


def test_other_processes_wait_for_longer_than_a_command_may_take() -> None:
    assert COMMAND_TIMEOUT_SECONDS == 120
    assert _KEY_LOCK_TIMEOUT_SECONDS >= COMMAND_TIMEOUT_SECONDS + 20  # the request that follows


@pytest.mark.slow
def test_the_command_gets_profile_and_device_in_its_environment(encee: Encee, dev: Person) -> None:
    shown = 'echo "$ENCEE_PROFILE $ENCEE_MFA_SERIAL" >&2'
    result = run_encee("refresh", "dev", "--code-command", f"{shown}; echo {dev.device.next_code()}")
    assert f"dev {dev.device.serial}\n" in result.err
    assert encee("status", "--check", "dev").code == 0


@pytest.mark.slow
def test_the_command_of_a_key_in_two_profiles_gets_one_of_them(home: Home, dev: Person) -> None:
    home.write(dev.section() + dev.section("twin"))
    command = f'echo "<$ENCEE_PROFILE>" >&2; echo {dev.device.next_code()}'
    result = run_encee("refresh", "twin", "dev", "--code-command", command)
    assert (result.code, "<dev>\n" in result.err or "<twin>\n" in result.err) == (0, True), result.err


ZENITY = """\
#!/bin/sh
# Opens no window, but needs what zenity needs, and shows that there is no terminal.
[ "$1" = --entry ] && [ "$DISPLAY" = :0 ] || exit 1
(: </dev/tty) 2>/dev/null && exit 2
read typed && exit 3  # standard input is empty
echo "$2" >"$HOME/shown"
echo CODE
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["refresh", "process", "exec"])
def test_a_graphical_prompt_works_without_a_terminal(home: Home, dev: Person, aws: FakeAws, command: str) -> None:
    prompt = 'zenity --entry "--text=MFA code for $ENCEE_PROFILE, from $ENCEE_MFA_SERIAL"'
    home.write(dev.section(), f"[profile dev]\nregion = eu-central-1\nmfa_process = {prompt}\n")
    zenity = home.path / "bin" / "zenity"
    zenity.parent.mkdir()
    zenity.write_text(ZENITY.replace("CODE", dev.device.next_code()))
    zenity.chmod(0o700)
    environ = {"HOME": str(home.path), "DISPLAY": ":0", "PATH": f"{zenity.parent}:{os.environ['PATH']}"}
    environ |= {"AWS_ENDPOINT_URL": aws.url, "TZ": "UTC"}
    done = subprocess.run(
        [ENCEE, command, "dev", *(["true"] if command == "exec" else [])],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (home.path / "shown").read_text() == f"--text=MFA code for dev, from {dev.device.serial}\n"
    assert len(aws.calls("GetSessionToken")) == 1


def test_does_not_wait_for_background_processes_of_the_command(
    encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.mfa.shell_job.COMMAND_TIMEOUT_SECONDS", 10)
    result = encee("refresh", "dev", "--code-command", f"sleep 15 & echo {dev.device.next_code()}")
    assert result.code == 0, result.err


def test_endless_output_of_the_command_is_not_kept_in_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UsageError):
            CommandCodes("cat /dev/zero", "dev").code_for("dev", "GAHT12345678")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_the_command_does_not_read_standard_input(dev: Person) -> None:
    command = f"cat >&2; echo {dev.device.next_code()}"
    result = run_encee("exec", "--code-command", command, "dev", "cat", stdin="data\n")
    assert (result.code, result.out, "data" in result.err) == (0, "data\n", False)


def test_the_user_sees_the_messages_of_the_command(home: Home, dev: Person) -> None:
    assert home.credentials.exists()
    code = dev.device.next_code()
    result = run_encee("refresh", "dev", "--code-command", f"echo touch the key >&2; echo {code}")
    assert result.code == 0
    assert "touch the key\n" in result.err


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_a_wrong_code_of_the_command_is_not_repeated(encee: Encee, aws: FakeAws) -> None:
    result = encee("refresh", "dev", "--code-command", "echo 000000")
    assert (result.code, len(aws.calls("GetSessionToken"))) == (4, 1)


@pytest.mark.slow
def test_eight_processes_make_one_request(home: Home, dev: Person, aws: FakeAws) -> None:
    aws.latency = 0.2
    command = f"echo {dev.device.next_code()}"
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: run_encee("refresh", "dev", "--code-command", command), range(8)))
    assert [result.code for result in results] == [0] * 8, [result.err for result in results]
    assert len(aws.calls("GetSessionToken")) == 1
    assert sum("is still valid until" in result.err for result in results) == 7
    assert home.credentials.read_text().count("[dev-mfa]") == 1


def test_requests_a_session_that_ends_later_than_that_of_another_process(
    encee: Encee, dev: Person, aws: FakeAws
) -> None:
    assert encee("refresh", "dev", "-d", "1h", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "dev", "-d", "1h", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "dev", "-d", "3630", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "dev", "-d", "3661", "-c", dev.device.next_code()).code == 0
    assert [call.duration for call in aws.calls("GetSessionToken")] == [3600, 3661]


@pytest.mark.slow
def test_a_failed_request_does_not_block_the_next_one(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.status(500))
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 4
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0


@pytest.mark.needs("oathtool")
def test_the_recipe_with_oathtool_works(encee: Encee, home: Home, dev: Person) -> None:
    seed = home.path / "seed"
    seed.write_text(dev.device.seed)
    result = encee("refresh", "dev", "--code-command", f"oathtool --totp --base32 @{shlex.quote(str(seed))}")
    assert result.code == 0, result.err


@pytest.mark.usefixtures("dev")
def test_the_command_gets_no_secret_as_argument_or_variable(encee: Encee, home: Home, dev: Person) -> None:
    shown = home.path / "shown"
    script = f"import os, sys; open({str(shown)!r}, 'w').write(repr((sys.argv, dict(os.environ))))"
    encee("refresh", "dev", "--code-command", f"{sys.executable} -c {shlex.quote(script)}")
    assert shown.exists()
    assert dev.user.access_key.secret not in shown.read_text()


@pytest.mark.slow
def test_four_processes_assume_a_long_role_once(home: Home, dev: Person, aws: FakeAws) -> None:
    home.write(dev.section(), long_role(dev, aws))
    aws.latency = 0.2
    command = f"echo {dev.device.next_code()}"
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: run_encee("refresh", "long", "--code-command", command), range(4)))
    assert [result.code for result in results] == [0] * 4, [result.err for result in results]
    assert len(aws.calls("AssumeRole")) == 1


@pytest.mark.slow
def test_two_requests_of_a_run_with_one_key_do_not_wait_for_its_lock(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.awsfile.file._KEY_LOCK_TIMEOUT_SECONDS", 0.1)
    home.write(dev.section(), long_role(dev, aws))
    aws.latency = 0.5
    codes = f"{dev.device.next_code()}\n{dev.device.next_code()}\n"
    result = encee("refresh", "dev", "long", "--code", "-", stdin=codes)
    assert result.code == 0, result.err


def test_the_option_wins_over_the_code_of_the_environment(
    encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCEE_CODE", "000000")
    assert encee("refresh", "dev", "--code-command", f"echo {dev.device.next_code()}").code == 0


def test_names_a_lock_that_cannot_be_taken(encee: Encee, home: Home, dev: Person) -> None:
    lock = home.credentials.with_name(f".encee-{dev.user.access_key.id}.lock")
    lock.mkdir()
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, shown(lock) in result.err) == (5, True)


@pytest.mark.slow
def test_waits_for_another_process_with_the_key_and_then_names_it(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encee.awsfile.file._KEY_LOCK_TIMEOUT_SECONDS", 1)
    lock = home.credentials.with_name(f".encee-{dev.user.access_key.id}.lock")
    with FileLock(lock):
        result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, f"another encee has held {shown(lock)} for 1 s" in result.err) == (5, True)
    assert aws.journal == []


def test_a_command_that_fails_to_start_affects_one_profile_only(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    home.write(
        dev.section() + bobs.section("bob"),
        f"[profile dev]\nmfa_process = echo {dev.device.next_code()}\n[profile bob]\nmfa_process = echo \0\n",
    )
    result = encee("refresh", "dev", "bob", "--json")
    assert result.code == 1
    assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == ["refreshed", "failed"]
