"""`encee keys lock` and `unlock` with a real keyring, a locked one, and without one."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked

from encee.awsfile.paths import AwsPaths
from encee.errors import FileRefusedError
from encee.profiles.files import AwsFiles
from encee.profiles.keyring_lock import move_to_keyring
from tests.conftest import Encee, Home, Person, keyring_session, run_aws, run_encee
from tests.fake_aws import FakeAws

pytestmark = pytest.mark.needs("dbus-daemon", "dbus-run-session", "gnome-keyring-daemon")

with_keyring = pytest.mark.usefixtures("secret_service")

CREDENTIALS = """\
# my keys
[dev]
  # due in March
aws_access_key_id     = {id}
aws_secret_access_key = {secret}
mfa_serial = {serial}

[other]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
; the same key as in [dev]
[my copy]
  aws_access_key_id:{id}
region=eu-west-1
aws_secret_access_key={secret}  """

LOCKED = (
    CREDENTIALS.replace("aws_access_key_id     =", "encee_access_key_id     =")
    .replace("aws_secret_access_key = {secret}", "encee_secret = keyring")
    .replace("  aws_access_key_id:", "  encee_access_key_id:")
    .replace("aws_secret_access_key={secret}", "encee_secret=keyring")
)


def filled_home(text: str, person: Person) -> str:
    key = person.user.access_key
    return text.format(id=key.id, secret=key.secret, serial=person.device.serial)


def keyring_content(key_id: str) -> str | None:
    """Return the content of the keyring."""
    return keyring.get_password("encee", key_id)


@pytest.fixture
def encee(leak_checked_encee: Encee) -> Encee:
    return leak_checked_encee


@pytest.fixture
def user_with_two_sections(home: Home, person: Person) -> Person:
    """A user whose key is in two sections."""
    home.write(filled_home(CREDENTIALS, person), "[profile dev]\nregion = eu-central-1\n")
    return person


@with_keyring
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_moves_the_secret_to_the_keyring_and_back_to_the_same_bytes(
    encee: Encee, home: Home, user_with_two_sections: Person, line_end: str
) -> None:
    key = user_with_two_sections.user.access_key
    before = filled_home(CREDENTIALS, user_with_two_sections).replace("\n", line_end).encode()
    home.write(before)
    locked = encee("keys", "lock", "dev")
    assert (locked.code, locked.out) == (0, "")
    assert f"the keyring has the secret of {key.id} now, instead of [dev] and [my copy]\n" in locked.err
    assert home.credentials.read_bytes() == filled_home(LOCKED, user_with_two_sections).replace("\n", line_end).encode()
    assert keyring_content(key.id) == key.secret

    unlocked = encee("keys", "unlock", "dev")
    assert f"the secret of {key.id} is in [dev] and [my copy] again, and not in the keyring\n" in unlocked.err
    assert home.credentials.read_bytes() == before
    assert keyring_content(key.id) is None


@pytest.mark.slow
@with_keyring
def test_no_aws_tool_finds_a_locked_key_and_encee_continues_to_work(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    assert encee("keys", "lock", "dev").code == 0
    assert "Unable to locate credentials" in run_aws("--profile", "dev", "sts", "get-caller-identity").err
    assert aws.journal == []

    refreshed = encee("refresh", "dev", "--code", user_with_two_sections.device.next_code())
    assert refreshed.code == 0, refreshed.err
    assert run_aws("--profile", "dev-mfa", "sts", "get-caller-identity").code == 0
    assert run_encee("env", "dev").code == 0
    assert encee("keys", "list", "dev").out.endswith("sts  [dev] [my copy] (keyring)\n")
    assert '"in_keyring": true' in encee("keys", "list", "dev", "--json").out

    home.config.write_text("")  # IAM lists the device again, with the key
    home.credentials.write_text(home.credentials.read_text().replace("mfa_serial", "# "))
    refreshed = encee("refresh", "dev", "--code", user_with_two_sections.device.next_code())
    assert f"found the device {user_with_two_sections.device.serial}" in refreshed.err


@with_keyring
def test_a_second_lock_or_unlock_changes_nothing(encee: Encee, home: Home, user_with_two_sections: Person) -> None:
    key = user_with_two_sections.user.access_key
    assert f"the secret of {key.id} is in ~/.aws/credentials already\n" in encee("keys", "unlock", "dev").err
    assert encee("keys", "lock", "dev").code == 0
    again = encee("keys", "lock", "dev", "--json")
    assert f"the secret of {key.id} is in the keyring already\n" in again.err
    assert f'"key": "{key.id}",\n  "sections": []' in again.out
    assert home.credentials.read_text() == filled_home(LOCKED, user_with_two_sections)
    assert encee("keys", "unlock", "dev", "--json").out.endswith('"sections": [\n    "dev",\n    "my copy"\n  ]\n}\n')


@with_keyring
def test_a_key_unlocked_during_the_lock_is_an_error_to_retry(
    encee: Encee, home: Home, user_with_two_sections: Person
) -> None:
    key = user_with_two_sections.user.access_key
    assert encee("keys", "lock", "dev").code == 0
    files = AwsFiles.at(AwsPaths(home.credentials, home.config), pytest.fail)
    read = files.catalog().access_key("dev")
    assert read is not None
    assert encee("keys", "unlock", "dev").code == 0
    with pytest.raises(FileRefusedError) as refused:
        move_to_keyring(read, files)
    assert (refused.value.message, refused.value.hint) == (f"the key {key.id} was unlocked meanwhile", "try again")
    assert home.credentials.read_text() == filled_home(CREDENTIALS, user_with_two_sections)


@with_keyring
def test_locks_a_copy_that_was_added_later(encee: Encee, home: Home, user_with_two_sections: Person) -> None:
    assert encee("keys", "lock", "dev").code == 0
    home.credentials.write_text(
        home.credentials.read_text() + "\n" + user_with_two_sections.section("later", serial=False)
    )
    assert "instead of [later]\n" in encee("keys", "lock", "dev").err
    assert user_with_two_sections.user.access_key.secret not in home.credentials.read_text()


@with_keyring
def test_reports_a_copy_that_the_keyring_does_not_delete(
    encee: Encee, home: Home, user_with_two_sections: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: str) -> None:
        raise KeyringLocked

    assert encee("keys", "lock", "dev").code == 0
    monkeypatch.setattr(keyring, "delete_password", refuse)
    result = encee("keys", "unlock", "dev")
    assert result.code == 0
    assert "warning: the keyring still has a copy of the secret: the keyring stays locked\n" in result.err
    assert home.credentials.read_text() == filled_home(CREDENTIALS, user_with_two_sections)


# ---- other commands and a locked key


@with_keyring
def test_writes_and_clears_no_session_over_a_locked_key(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    zoe = Person(aws.create_user("zoe"), user_with_two_sections.device)
    home.write(filled_home(CREDENTIALS, user_with_two_sections) + "\n" + zoe.section("z"))
    assert encee("keys", "lock", "z").code == 0
    before = home.credentials.read_bytes()
    refreshed = encee("refresh", "dev", "--to", "z", "--code", user_with_two_sections.device.next_code())
    assert refreshed.code == 5
    assert "[z] holds keys that may exist nowhere else" in refreshed.err
    assert encee("clear", "--all").code == 0
    home.credentials.write_bytes(before + b"manager = encee\n")
    cleared = encee("clear", "z")
    assert cleared.code == 5
    assert encee("clear", "--all").code == 0
    assert home.credentials.read_bytes() == before + b"manager = encee\n"


@pytest.mark.slow
@with_keyring
def test_adopts_a_session_of_aws_mfa_only_without_a_locked_key(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section("dev-long-term") + "[dev]\nencee_access_key_id = AKIAX\nencee_secret = keyring\n")
    assert encee("refresh", "dev-long-term", "--code", person.device.next_code()).code == 5
    home.write(person.section("dev-long-term"))
    assert encee("keys", "lock", "dev").code == 0
    assert encee("refresh", "dev", "--code", person.device.next_code()).code == 0
    assert run_aws("--profile", "dev", "--region", "eu-west-1", "sts", "get-caller-identity").code == 0


# ---- refusals


@with_keyring
@pytest.mark.parametrize(
    ("more", "config", "says"),
    [
        ("", "[profile z]\naws_secret_access_key = {secret}\n", "[profile z] of the config file holds the key"),
        ("[z]\naws_secret_access_key = {secret}\n", "", "[z] of the credentials file holds only a part of the key"),
        (
            "[z]\naws_access_key_id = {id}\naws_secret_access_key = x\n",
            "",
            "[z] of the credentials file holds only a part",
        ),
        ("[z]\nencee_access_key_id = {id}\n", "", "[z] of the credentials file holds only a part of the key"),
        ("[DEFAULT]\naws_secret_access_key = {secret}\n", "", "[DEFAULT] of the credentials file holds the key"),
        ("# aws_secret_access_key = {secret}\n", "", "credentials: line 5 holds the secret of"),
        ("[z]\nregion = x\n  aws_secret_access_key = {secret}\n", "", "credentials: line 7 holds the secret of"),
        ("", "[profile z]\n# {secret}\n", "config: line 2 holds the secret of"),
    ],
)
def test_refuses_if_another_copy_of_the_secret_would_remain(
    encee: Encee, home: Home, person: Person, more: str, config: str, says: str
) -> None:
    home.write(filled_home(person.section() + more, person), filled_home(config, person))
    before = home.state()
    result = encee("keys", "lock", "dev")
    assert result.code == 5
    assert says in result.err
    assert home.state() == before
    assert keyring_content(person.user.access_key.id) is None


@with_keyring
def test_refuses_a_secret_that_could_not_be_restored(encee: Encee, home: Home) -> None:
    home.write("[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = two words\n")
    before = home.state()
    result = encee("keys", "lock", "dev")
    assert (result.code, home.state()) == (5, before)
    assert "aws_secret_access_key has a value that AWS tools would not read alike" in result.err
    assert keyring_content("AKIAIOSFODNN7EXAMPLE") is None


@with_keyring
def test_refuses_to_overwrite_another_secret_in_the_keyring(
    encee: Encee, home: Home, user_with_two_sections: Person
) -> None:
    key_id = user_with_two_sections.user.access_key.id
    keyring.set_password("encee", key_id, "another")
    before = home.state()
    result = encee("keys", "lock", "dev")
    assert (result.code, home.state(), keyring_content(key_id)) == (1, before, "another")
    assert f"hint: delete it if nothing needs it: keyring del encee {key_id}\n" in result.err


@with_keyring
def test_refuses_a_read_only_file_before_it_uses_the_keyring(
    encee: Encee, home: Home, user_with_two_sections: Person
) -> None:
    (home.path / "second name").hardlink_to(home.credentials)
    assert encee("keys", "lock", "dev").code == 5
    assert keyring_content(user_with_two_sections.user.access_key.id) is None


@with_keyring
def test_a_plain_key_wins_over_a_locked_one_and_half_a_pair_is_refused(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    assert encee("keys", "lock", "dev").code == 0
    other = aws.create_user("bob")
    pair = f"aws_access_key_id = {other.access_key.id}\naws_secret_access_key = {other.access_key.secret}\n"
    text = home.credentials.read_text().replace("\n[dev]\n", f"\n[dev]\n{pair}")
    home.write(text)
    assert f"the secret of {other.access_key.id} is in ~/.aws/credentials already" in encee("keys", "unlock", "dev").err
    home.write(text.replace(pair, pair.partition("\n")[0] + "\n"))
    result = encee("refresh", "dev", "--code", user_with_two_sections.device.next_code())
    assert result.code == 2
    assert "dev has a key in the keyring and a part of one in" in result.err
    home.write("[dev]\nencee_access_key_id = AKIAX\n")
    assert "or only a part of either\n" in encee("refresh", "dev", "--code", "123456").err


# ---- without a keyring


def assert_fails(says: str, hint: str, *arguments: str, script: str = "") -> None:
    """Run a line of Python and then a command in another process; return its exit status."""
    run = f"{script}\nimport sys\nfrom encee.cli.app import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", run, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert (says in done.stderr, hint in done.stderr) == (True, True), done.stderr


@pytest.mark.slow
def test_reports_a_missing_keyring(home: Home, user_with_two_sections: Person, aws: FakeAws) -> None:
    before = home.state()
    missing = ("this system has no usable keyring", "hint: start a keyring (on Linux: gnome-keyring or KWallet")
    assert_fails(*missing, "keys", "lock", "dev")
    assert home.state() == before
    home.write(filled_home(LOCKED, user_with_two_sections))
    assert_fails(*missing, "refresh", "dev", "--code", user_with_two_sections.device.next_code())
    assert_fails(*missing, "keys", "unlock", "dev")
    assert home.credentials.read_text() == filled_home(LOCKED, user_with_two_sections)
    assert aws.journal == []


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ("", f"{sys.executable} -m pip install keyring"),
        ("(p / 'pipx_metadata.json').touch(); sys.prefix = str(p)", "pipx inject home keyring"),
        ("u.find_spec = lambda _: None", "uv pip install --python {} keyring"),
    ],
    ids=["pip", "pipx", "uv"],
)
@pytest.mark.usefixtures("user_with_two_sections")
def test_names_the_command_to_install_the_missing_library(home: Home, environment: str, hint: str) -> None:
    before = home.state()
    imports = "import importlib.util as u, pathlib, sys; p = pathlib.Path.home()"
    script = f"{imports}; sys.modules['keyring'] = None; {environment}"
    missing = "the keyring needs a library that is not installed"
    assert_fails(missing, f"hint: {hint.format(sys.executable)}", "keys", "lock", "dev", script=script)
    assert {name: state for name, state in home.state().items() if not name.startswith("pipx")} == before


@pytest.mark.slow
def test_reports_a_keyring_that_stays_locked(
    home: Home, user_with_two_sections: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unlocked in (True, False):
        with keyring_session(tmp_path / "keyring", unlocked=unlocked) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            if unlocked:
                assert run_encee("keys", "lock", "dev").code == 0
                assert home.credentials.read_text() == filled_home(LOCKED, user_with_two_sections)
            else:
                assert_fails("the keyring stays locked", "unlock it, then try again", "keys", "unlock", "dev")
                assert home.credentials.read_text() == filled_home(LOCKED, user_with_two_sections)


@pytest.mark.usefixtures("user_with_two_sections")
def test_reports_a_keyring_that_fails_or_loses_a_secret(home: Home) -> None:
    before = home.state()
    null = "import os; os.environ['PYTHON_KEYRING_BACKEND'] = 'keyring.backends.null.Keyring'"
    assert_fails("the keyring did not keep the entry", "keyring diagnose", "keys", "lock", "dev", script=null)
    broken = f"{null}; import keyring.backends.null as n; n.Keyring.set_password = lambda *a: 1 / 0"
    assert_fails("the keyring failed: ZeroDivisionError", "diagnose", "keys", "lock", "dev", script=broken)
    assert home.state() == before


def test_status_needs_no_keyring_and_shows_the_account(home: Home, person: Person, aws: FakeAws) -> None:
    home.write(f"[dev]\nencee_access_key_id = {person.user.access_key.id}\nencee_secret = keyring\n")
    result = run_encee("status")
    assert result.code == 0
    assert result.out.splitlines()[1].split()[:4] == ["dev-mfa", "dev", aws.account_id, "none"]


@with_keyring
def test_reports_a_lost_secret_before_a_code_is_used(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    home.write(filled_home(LOCKED, user_with_two_sections))
    for command in ("refresh", "--code", user_with_two_sections.device.next_code()), ("keys", "unlock"):
        result = encee(*command, "dev")
        assert result.code == 1
        assert f"the keyring holds no secret for the key {user_with_two_sections.user.access_key.id}\n" in result.err
    assert aws.journal == []


# ---- rotation


@pytest.mark.slow
@with_keyring
def test_a_rotation_keeps_a_locked_key_locked(encee: Encee, home: Home, user_with_two_sections: Person) -> None:
    old = user_with_two_sections.user.access_key
    assert encee("keys", "lock", "dev").code == 0
    home.credentials.write_text(
        home.credentials.read_text() + "\n" + user_with_two_sections.section("plain", serial=False)
    )
    assert encee("refresh", "dev", "--code", user_with_two_sections.device.next_code()).code == 0
    assert encee("keys", "rotate", "dev", "--yes").code == 0
    (new,) = user_with_two_sections.user.access_keys()
    text = home.credentials.read_text()
    assert text.startswith(filled_home(LOCKED, user_with_two_sections).replace(old.id, new.id) + "\n")
    assert f"[plain]\naws_access_key_id = {new.id}\naws_secret_access_key = {new.secret}\n" in text
    assert (keyring_content(new.id), keyring_content(old.id)) == (new.secret, None)
    assert "encee_old_key" not in text


@pytest.mark.slow
@with_keyring
def test_a_rotation_replaces_a_key_whose_secret_the_keyring_lost(encee: Encee, user_with_two_sections: Person) -> None:
    assert encee("keys", "lock", "dev").code == 0
    assert encee("refresh", "dev", "--code", user_with_two_sections.device.next_code()).code == 0
    keyring.delete_password("encee", user_with_two_sections.user.access_key.id)
    result = encee("keys", "rotate", "dev", "--yes")
    assert result.code == 0, result.err
    (new,) = user_with_two_sections.user.access_keys()
    assert keyring_content(new.id) == new.secret


def test_a_rotation_without_the_keyring_creates_no_key(
    home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    home.write(filled_home(LOCKED, user_with_two_sections))
    assert_fails("this system has no usable keyring", "start a keyring", "keys", "rotate", "dev", "--yes")
    assert aws.journal == []


# ---- kills


KILLED = """
import os, signal, sys
import keyring
from encee.cli.app import main
from encee.aws import access_keys
from encee.awsfile import atomic_write
from encee.workflows import rotate_key

access_keys._POLL_SECONDS, rotate_key._IN_A_ROW = 0.01, 2
moment, number = sys.argv[1], int(sys.argv[2])
steps = 0

def counted(name, act):
    def step(*arguments):
        global steps
        if (moment, number) == ("before", steps):
            os.kill(os.getpid(), signal.SIGKILL)
        result = act(*arguments)
        if (moment, number) == ("after", steps):
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        print(name)
        return result
    return step

atomic_write.exchange_names = counted("write", atomic_write.exchange_names)
keyring.set_password = counted("keep", keyring.set_password)
keyring.delete_password = counted("forget", keyring.delete_password)
sys.exit(main(["keys", sys.argv[3], "dev", *sys.argv[4:]]))
"""


def run_and_kill(
    command: str, moment: str = "never", number: int = -1, *options: str
) -> "subprocess.CompletedProcess[str]":
    """A command that prints each of its steps and can kill itself before or after one of them."""
    script = [sys.executable, "-c", KILLED, moment, str(number), command, *options]
    return subprocess.run(script, capture_output=True, text=True, check=False)


@with_keyring
@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("command", "steps"), [("lock", ["keep", "write"]), ("unlock", ["write", "forget"])], ids=["lock", "unlock"]
)
def test_a_kill_at_any_step_loses_no_secret_and_a_second_run_completes(
    encee: Encee, home: Home, user_with_two_sections: Person, command: str, steps: list[str], moment: str
) -> None:
    key = user_with_two_sections.user.access_key
    before, after = filled_home(CREDENTIALS, user_with_two_sections), filled_home(LOCKED, user_with_two_sections)
    if command == "unlock":
        before, after = after, before
        keyring.set_password("encee", key.id, key.secret)
    home.write(before)
    clean = run_and_kill(command)
    assert (clean.returncode, clean.stdout.split()) == (0, steps)
    for number in range(len(steps)):
        assert encee("keys", "unlock" if command == "lock" else "lock", "dev").code == 0
        assert home.credentials.read_text() == before
        assert run_and_kill(command, moment, number).returncode == -signal.SIGKILL
        text = home.credentials.read_text()
        assert text in {before, after}
        assert key.secret in text or keyring_content(key.id) == key.secret
        assert encee("keys", command, "dev").code == 0
        assert home.credentials.read_text() == after
        assert (keyring_content(key.id) == key.secret) is (command == "lock")


@with_keyring
@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_rotation_of_a_locked_key_leaves_a_working_key(
    encee: Encee, home: Home, user_with_two_sections: Person, moment: str
) -> None:
    assert encee("keys", "lock", "dev").code == 0
    assert encee("refresh", "dev", "--code", user_with_two_sections.device.next_code()).code == 0
    clean = run_and_kill("rotate", "never", -1, "--yes")
    assert clean.returncode == 0, clean.stderr
    steps = clean.stdout.split()
    assert steps == ["write", "keep", "write", "forget", "write"]
    for number in range(len(steps)):
        assert run_and_kill("rotate", moment, number, "--yes").returncode == -signal.SIGKILL
        (on_disk,) = set(re.findall(r"encee_access_key_id *[=:] *(\w+)", home.credentials.read_text()))
        (key,) = (key for key in user_with_two_sections.user.access_keys() if key.id == on_disk)
        assert key.active
        assert keyring_content(key.id) == key.secret
        again = encee("keys", "rotate", "dev", "--yes")
        assert again.code == 0 or encee(*again.err.split("hint: encee ")[1].split()).code == 0
        (key,) = user_with_two_sections.user.access_keys()
        assert (key.active, keyring_content(key.id)) == (True, key.secret)
        text = home.credentials.read_text()
        assert text.startswith(
            filled_home(LOCKED, user_with_two_sections).replace(user_with_two_sections.user.access_key.id, key.id)
            + "\n"
        )
