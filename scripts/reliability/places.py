"""Unusual environments: no home folder, no files, no reader, no locale, a basic terminal."""

import re
import shutil

import pexpect

from scripts.claims import expect
from scripts.homes import ENCEE, Home
from scripts.reliability.stage import NotRunError, Scenario, Stage, expect_added, expect_unchanged

UNKNOWN_USER = ("unshare", "--user", "--map-user=54321")
"""Runs a command as a user id without an account, and so without a home folder."""


def no_home(stage: Stage) -> str:
    """The variables of the AWS tools name the two files."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    places = {
        "HOME": None,
        "AWS_SHARED_CREDENTIALS_FILE": str(home.credentials),
        "AWS_CONFIG_FILE": str(home.config),
    }
    stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), environ=places)
    stage.encee(home, "status", "--check", "dev", environ=places)
    expect_added(home, before)
    return "refreshed by the variables of the AWS tools"


def no_user(stage: Stage) -> str:
    """The user has no home folder."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    if not shutil.which("unshare") or home.run(*UNKNOWN_USER, "true").returncode:
        raise NotRunError("needs unshare, and the right to be another user")
    empty = home.path / "empty"
    empty.mkdir()
    script = f"cd {empty} && exec {ENCEE} "
    for words in (("status",), ("refresh", "dev", "--code", dev.device.next_code())):
        done = home.run(*UNKNOWN_USER, "sh", "-c", script + " ".join(words), environ={"HOME": None})
        stage.look(done, 5, words)
    expect(not list(empty.iterdir()), "something was made in the working folder")
    expect_unchanged(home, before)
    return "says that HOME is not set; nothing is made"


def no_folder(stage: Stage) -> str:
    """The home folder is empty."""
    home = Home(stage.folder / "bare", stage.aws)
    home.path.mkdir()
    stage.encee(home, "status")
    stage.encee(home, "refresh", "dev", "--code", "123456", code=2)
    stage.encee(home, "refresh", code=2)
    stage.encee(home, "env", "dev", code=2)
    stage.encee(home, "clear", "--all")
    expect(not list(home.path.iterdir()), "something was made")
    return "nothing is made"


def no_reader(stage: Stage) -> str:
    """The reader of standard output has exited."""
    _, home = stage.usual()
    sections = "".join(
        f"[p{number}]\naws_access_key_id = AKIA{number:016}\naws_secret_access_key = s\n" for number in range(9999)
    )
    home.write(sections.encode(), b"")
    done = home.run("bash", "-c", f"{ENCEE} status | head -1; echo ${{PIPESTATUS[0]}}")
    stage.look(done, 0, ["status"])
    expect(done.stdout.splitlines()[1:] == ["141"], f"it ended with {done.stdout.splitlines()[1:]}")
    expect(not done.stderr, f"it complains: {done.stderr}")
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        stage.look(home.run("bash", "-c", f"{ENCEE} status {closed}"), 0, ["status"])
    return "no message"


def no_locale(stage: Stage) -> str:
    """The C locale: once with UTF-8, which Python chooses, and once with ASCII only."""
    dev = stage.person()
    home = stage.home(f"# Schlüssel\n{dev.section('dév')}", ["dév"])
    before = home.credentials.read_bytes()
    usual: dict[str, str | None] = {"LC_ALL": "C", "LANG": None}
    strict = usual | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    stage.encee(home, "refresh", "dév", "--to", "dev-mfa", "--code", dev.device.next_code(), environ=usual)
    expect_added(home, before)
    for environ, name in ((usual, "dév"), (strict, "d?v")):
        done = stage.encee(home, "status", environ=environ)
        expect("dev-mfa" in done.stdout and name in done.stdout, f"status does not show {name}")
        stage.encee(home, "status", "nobödy", code=2, environ=environ)
    stage.encee(home, "clear", "dev-mfa", "--json", environ=strict)
    expect_unchanged(home, before)
    return "a ? for each character that the output cannot take"


def narrow(stage: Stage) -> str:
    """A prompt and a table on 40 columns."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    typed_at_a_prompt(stage, dev.device.next_code(), home, 40, "xterm-256color")
    expect_added(home, before)
    table = without_colours(shown(home, 40, "xterm-256color", "status"))
    whole = without_colours(shown(home, 120, "xterm-256color", "status"))
    cells = {word for word in whole.split() if word.isalpha() or word == "dev-mfa"}
    expect({"dev-mfa", "valid", "STATE"} <= cells <= {*table.split()}, f"the table lacks {cells - {*table.split()}}")
    return "plain columns, which the terminal folds"


def dumb(stage: Stage) -> str:
    """A terminal without escape sequences."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    said = typed_at_a_prompt(stage, dev.device.next_code(), home, 80, "dumb")
    said += shown(home, 80, "dumb", "status")
    expect("\x1b" not in said, "there is an escape sequence")
    expect_added(home, before)
    return "no escape sequence"


def typed_at_a_prompt(stage: Stage, code: str, home: Home, columns: int, term: str) -> str:
    """Refresh at a prompt, and return the output."""
    with _terminal(home, columns, term, "refresh", "dev") as child:
        child.expect_exact("MFA code for dev")
        before = str(child.before) + str(child.after)
        child.sendline(code)
        said = before + str(child.read())
    expect(child.exitstatus == 0, f"encee refresh ended with {child.exitstatus}: {said}")
    expect("Traceback" not in said, "there is a traceback")
    expect(not any(secret in said for secret in stage.secrets()), "there is a secret")
    return said


def shown(home: Home, columns: int, term: str, *words: str) -> str:
    """Return the output of a command on a terminal."""
    with _terminal(home, columns, term, *words) as child:
        said = str(child.read())
    expect(child.exitstatus == 0, f"encee {words[0]} ended with {child.exitstatus}: {said}")
    return said


def _terminal(home: Home, columns: int, term: str, *words: str) -> "pexpect.spawn[str]":
    child = pexpect.spawn(
        str(ENCEE), [*words], env=home.environ | {"TERM": term}, encoding="utf-8", timeout=60, dimensions=(24, columns)
    )
    child.delaybeforesend = None
    return child


def without_colours(text: str) -> str:
    """Return a text without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "")


SCENARIOS = (
    Scenario("HOME is not set", "exit 0", no_home),
    Scenario("HOME is not set, and the system does not know the user", "exit 5", no_user),
    Scenario("~/.aws is missing", "exit 0 and 2", no_folder),
    Scenario("standard output is closed (| head -1)", "exit 141, without a message", no_reader),
    Scenario("LC_ALL=C", "exit 0 and 2", no_locale),
    Scenario("a terminal of 40 columns", "exit 0; nothing is cut off", narrow),
    Scenario("TERM=dumb", "exit 0; plain text", dumb),
)
