"""`encee status --watch`: its table, its updates, and the state of the terminal after it."""

import re
import signal
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pexpect
import pytest

from tests.conftest import ENCEE, Encee, Home, Person, hang_up, on_terminal

KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
HINT = "Ctrl-C ends this"


def session(name: str = "dev-mfa", left: timedelta = timedelta(hours=6, seconds=30)) -> str:
    return (
        f"[{name}]\naws_access_key_id = ASIAQNZGKIQY56JQ7WML\naws_secret_access_key = s\naws_session_token = t\n"
        f"expiration = {datetime.now(UTC) + left:%Y-%m-%dT%H:%M:%SZ}\nmanager = encee\nencee_source = dev\n"
    )


def plain_text(drawn: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)


def start_watch(*arguments: str) -> "pexpect.spawn[str]":
    child = on_terminal("status", "--watch", *arguments)
    child.expect_exact(ENTER)
    child.expect_exact(HINT)
    return child


def exit_status(child: "pexpect.spawn[str]") -> int | None:
    """Return the exit status after Ctrl-C, or the negative number of the signal that killed it."""
    child.expect(pexpect.EOF)
    child.wait()
    return -child.signalstatus if child.signalstatus else child.exitstatus


# ---- the table


@pytest.mark.slow
def test_draws_the_table_until_ctrl_c(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session())
    before = home.state()
    child = on_terminal("status", "--watch")
    modes = termios.tcgetattr(child.child_fd)
    child.expect_exact(ENTER)
    assert child.before == ""
    child.expect_exact(HIDE)
    child.expect_exact(HINT)
    assert "████░░░░ 6h 00m" in plain_text(child.before or "")
    assert "\x1b[32m" in (child.before or "")
    assert all(len(line) <= 80 for line in plain_text(child.before or "").splitlines())
    child.send("\x03")
    child.expect_exact(SHOW)
    child.expect_exact(LEAVE)
    assert exit_status(child) == 0
    assert child.before == ""
    assert termios.tcgetattr(child.child_fd) == modes
    assert home.state() == before
    assert sorted(file.name for file in home.credentials.parent.iterdir()) == ["credentials"]


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_draws_once_a_second() -> None:
    child = start_watch()
    moments = []
    for _ in range(4):
        child.expect(r"\d\d:\d\d:\d\d(?=  " + HINT + ")")
        moments.append(datetime.strptime(str(child.after), "%H:%M:%S").replace(tzinfo=UTC))
    steps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(steps) >= timedelta(seconds=1)
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_shows_a_refresh_of_another_terminal(encee: Encee, dev: Person) -> None:
    child = start_watch()
    assert "none" in plain_text(child.before or "")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    child.expect(r"dev-mfa[^\n]*valid")
    assert encee("clear", "dev").code == 0
    child.expect(r"dev-mfa[^\n]*none")
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_shows_a_session_that_expires(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session(left=timedelta(seconds=5)))
    child = start_watch()
    assert "expiring" in (child.before or "")
    child.expect_exact("expired")
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_shows_the_error_of_a_file_below_the_table_while_it_lasts(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session())
    child = start_watch("dev")
    child.setwinsize(24, 200)
    home.write(f"[dev]\n{KEYS}" + session() + "no value here\n")
    child.expect_exact("holds neither a key, a section nor a comment")
    home.write("[prod]\n" + KEYS)
    child.expect_exact("there is no profile dev")
    home.credentials.unlink()
    home.credentials.mkdir()
    child.expect_exact("is not a regular file")
    home.credentials.rmdir()
    home.write(f"[dev]\n{KEYS}" + session())
    child.expect(r"dev-mfa[^\n]*valid")
    child.expect_exact(HINT)
    assert "there is no profile" not in (child.before or "")
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_without_a_profile_prints_what_to_do_and_waits_for_one(home: Home) -> None:
    child = on_terminal("status", "--watch")
    child.expect_exact("there are no profiles yet")
    home.write(f"[dev]\n{KEYS}")
    child.expect_exact("dev-mfa")
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_a_file_in_constant_change_does_not_delay_ctrl_c(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}")
    script = (
        "import sys, time\nwhile True: open(sys.argv[1], 'w').write(f'[dev]\\n# {time.time()}\\n'); time.sleep(.01)"
    )
    child = start_watch()
    writer = subprocess.Popen([sys.executable, "-c", script, home.credentials])
    try:
        child.expect_exact("another program keeps writing it")
        child.sendintr()
        assert exit_status(child) == 0
    finally:
        writer.kill()
        writer.wait()


@pytest.mark.slow
def test_adapts_to_the_size_of_the_window(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("".join(f"[p{number:02}]\n{KEYS}" for number in range(40)))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    child = start_watch()
    drawn = plain_text(child.before or "")
    assert "p19-mfa" not in drawn
    assert "… and more than fits the window" in drawn
    child.setwinsize(60, 100)
    child.expect_exact("p39-mfa")
    child.expect_exact(HINT)
    assert "fits the window" not in (child.before or "")
    child.setwinsize(3, 40)
    child.expect_exact("fits the window")
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_a_narrow_window_shows_all_columns(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session(left=timedelta(hours=6, seconds=30)))
    child = on_terminal("status", "--watch", size=(24, 40))
    child.expect_exact(HINT)
    shown = plain_text(child.before or "").split()
    for word in ("PROFILE", "SOURCE", "STATE", "LEFT", "dev-mfa", "dev", "valid", "6h", "00m"):
        assert word in shown
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_thousands_of_profiles_do_not_slow_it_down(home: Home) -> None:
    home.write("".join(f"[p{number}]\n{KEYS}" for number in range(3000)))
    child = start_watch()
    child.expect_exact(HINT)
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_loads_neither_boto3_nor_the_libraries_of_an_edit() -> None:
    script = "import sys; from encee.cli.app import main; main(['status', '--watch']); print(sorted(sys.modules))"
    child = on_terminal("-c", script, command=Path(sys.executable))
    child.expect_exact(HINT)
    child.sendintr()
    child.expect_exact("'encee.cli.live_table'")
    loaded = (child.before or "") + child.read()
    assert not re.search("'(boto3|botocore|configupdater|filelock)'", loaded)


# ---- the terminal after it


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
@pytest.mark.usefixtures("dev")
def test_a_signal_ends_the_watch_after_it_restores_the_terminal(number: signal.Signals) -> None:
    child = start_watch()
    child.kill(number)
    child.expect_exact(SHOW)
    child.expect_exact(LEAVE)
    assert exit_status(child) == -number


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
def test_a_second_ctrl_c_restores_the_screen_too() -> None:
    child = start_watch()
    for _ in range(20):
        child.send("\x03")
    child.expect_exact(LEAVE)
    exit_status(child)
    assert ENTER not in (child.before or "")


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.usefixtures("dev")
def test_a_closed_terminal_ends_the_watch(ignored: bool) -> None:
    ignore = "trap '' HUP; " if ignored else ""
    child = on_terminal("-c", f"{ignore}exec {ENCEE} status --watch", command="sh")
    child.expect_exact(HINT)
    hang_up(child)
    child.wait()
    assert child.signalstatus == (None if ignored else signal.SIGHUP)


@pytest.mark.needs("bash")
@pytest.mark.usefixtures("dev")
def test_ctrl_z_restores_the_terminal_and_fg_draws_again(bash: "pexpect.spawn[str]") -> None:
    bash.sendline(f"{ENCEE} status --watch")
    for _ in range(2):
        bash.expect_exact(ENTER)
        bash.expect_exact(HINT)
        bash.send("\x1a")
        bash.expect_exact(LEAVE)
        bash.expect("Stopped.*ready> ")
        assert ENTER not in str(bash.after)
        bash.sendline("fg")
    bash.expect_exact(HINT)
    bash.sendintr()
    bash.expect_exact(LEAVE)
    bash.expect_exact("ready> ")
    bash.sendline("echo code=$?")
    bash.expect_exact("code=0")


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.usefixtures("dev")
def test_in_the_background_it_draws_nothing_and_stops(bash: "pexpect.spawn[str]") -> None:
    bash.sendline(f"{ENCEE} status --watch &")
    bash.expect_exact("ready> ")
    time.sleep(1)
    for _ in range(20):
        bash.sendline("jobs")
        if bash.expect_exact(["Stopped", "ready> "]) == 0:
            break
        time.sleep(0.2)
    assert bash.after == "Stopped"
    bash.sendline("fg")
    bash.expect_exact(ENTER)
    bash.expect_exact(HINT)
    bash.send("\x1a")
    bash.expect("Stopped.*ready> ")
    bash.sendline("bg; sleep 1; jobs")
    bash.expect("Stopped.*ready> ")
    assert ENTER not in str(bash.after)


@pytest.mark.slow
@pytest.mark.needs("bash", "tmux")
@pytest.mark.usefixtures("dev")
def test_restores_the_screen_of_a_real_terminal(home: Home) -> None:
    tmux = ["tmux", "-S", str(home.path / "socket"), "-f", "/dev/null"]

    def run(*arguments: str) -> str:
        return subprocess.run([*tmux, *arguments], capture_output=True, text=True, check=True, timeout=20).stdout

    def screen(wanted: str, times: int = 1) -> str:
        end = time.monotonic() + 20
        while (shown := run("capture-pane", "-p")).count(wanted) < times:
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    run("new-session", "-d", "-x", "80", "-y", "24", "bash --norc")
    try:
        screen("bash")
        run("send-keys", r"PS1='ready>'; printf '\033[2J\033[Hhere '", "Enter")
        screen("here ready>")
        run("send-keys", f"{ENCEE} status --watch", "Enter")
        drawn = screen(HINT)
        assert "dev-mfa" in drawn
        assert "here ready>" not in drawn
        run("send-keys", "C-c")
        after = screen("ready>", times=2)
        assert after.startswith(f"here ready>{ENCEE}"[:80])
        assert HINT not in after
        assert run("display-message", "-p", "#{alternate_on} #{cursor_flag}").strip() == "0 1"
    finally:
        run("kill-server")


# ---- without a suitable terminal


def test_without_a_terminal_exits_with_2(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}")
    result = encee("status", "--watch")
    assert (result.code, result.out) == (2, "")
    assert result.err == ("encee: error: --watch needs a terminal as standard output\nencee: hint: encee status\n")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--json", "--check"])
def test_refuses_formats_for_programs(home: Home, option: str) -> None:
    home.write(f"[dev]\n{KEYS}")
    child = on_terminal("status", "--watch", option)
    child.expect_exact("encee: error: --watch draws a table, and --check and --json are for programs")
    child.expect_exact("encee: hint: encee status --watch")
    assert exit_status(child) == 2


@pytest.mark.slow
def test_reports_an_unknown_name_before_it_draws(home: Home) -> None:
    home.write(f"[dev]\n{KEYS}")
    child = on_terminal("status", "--watch", "dve")
    child.expect_exact("hint: encee status dev --watch")
    assert ENTER not in (child.before or "")
    assert exit_status(child) == 2


@pytest.mark.slow
def test_without_colour_draws_the_same_text_on_the_alternate_screen(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    home.write(f"[dev]\n{KEYS}" + session())
    child = start_watch()
    drawn = child.before or ""
    assert "dev-mfa  dev     029608264753  valid  6h 00m     " in plain_text(drawn)
    assert not re.search(r"\x1b\[3\dm|█|─", drawn)
    child.sendintr()
    assert exit_status(child) == 0


@pytest.mark.slow
def test_a_dumb_terminal_gets_a_new_table_after_each_change(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    home.write(f"[dev]\n{KEYS}")
    child = on_terminal("status", "--watch")
    child.expect_exact("dev-mfa  dev     –        none   –          –\r\n")
    with pytest.raises(pexpect.TIMEOUT):
        child.expect_exact("PROFILE", timeout=2.5)
    home.write(f"[dev]\n{KEYS}" + session())
    child.expect_exact("\r\nPROFILE  SOURCE")
    child.expect_exact("6h 00m")
    child.sendintr()
    assert exit_status(child) == 0
    assert "\x1b" not in (child.before or "")


@pytest.mark.slow
def test_a_name_cannot_move_the_cursor(home: Home) -> None:
    home.write(f"[a\x1b[31m\u202eb]\n{KEYS}[[bold]]\n{KEYS}")
    child = start_watch()
    assert "a\ufffd[31m\ufffdb-mfa" in plain_text(child.before or "")
    assert "[bold]-mfa" in plain_text(child.before or "")
    child.sendintr()
    assert exit_status(child) == 0
