"""Show a refresh, the new session, and the credentials file before and after.

Runs the installed `encee` and the real `aws` in a temporary home, against a stand-in for AWS on this machine that
verifies signatures, tokens and codes. Nothing of the caller's own set-up is read or written. Whatever the text
claims is checked; where something is not so, one line says what, and the exit code is 1.
"""

import difflib
import os
import re
import shlex
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect

from scripts.claims import UntrueError, expect
from scripts.homes import AWS, ENCEE, Home

if TYPE_CHECKING:
    from tests.fake_aws import FakeDevice, FakeUser

PROGRAMS = {"encee": ENCEE, "aws": AWS}
COLUMNS = 80
BUCKET = "jane-holiday-pictures"
COLOURED = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
BOLD, RED, GREEN, CYAN = "1", "31", "32", "36"

CREDENTIALS = """\
# Keys of mine. Ask Sam before you add one.
#   sandbox: dev    old account: default

# closed in spring, kept for its number
[default]
aws_access_key_id = {dead_id}
aws_secret_access_key = {dead_secret}
; region moved to the config file

[dev]
# from the console
# due for rotation in March
aws_access_key_id     = {id}
aws_secret_access_key = {secret}

[backup]
aws_access_key_id={dead_id}
# the same key twice, I know
aws_secret_access_key={dead_secret}

# the end
"""

CONFIG = """\
[default]
region = us-east-1

[profile dev]
region     = eu-central-1
mfa_serial = {serial}
; the other phone is in the drawer
"""


def furnish(home: Home, user: "FakeUser", device: "FakeDevice", former: "FakeUser") -> None:
    """Write both files, with keys of two users and with comments."""
    dead, key = former.access_key, user.access_key
    home.write(
        CREDENTIALS.format(id=key.id, secret=key.secret, dead_id=dead.id, dead_secret=dead.secret).encode(),
        CONFIG.format(serial=device.serial).encode(),
    )


def contents(home: Home) -> tuple[bytes, bytes]:
    """Return the content of the two files."""
    return home.credentials.read_bytes(), home.config.read_bytes()


def surroundings(home: Home) -> dict[str, str]:
    """Return the caller's environment without settings for AWS or encee, with this home and the stand-in."""
    kept = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return kept | home.environ | ({} if COLOURED else {"NO_COLOR": "1"})


def _is_setting(name: str) -> bool:
    return name.startswith(("AWS_", "ENCEE_", "MFA_", "BOTO")) or name.lower().endswith("_proxy")


class Screen:
    """Writes the output of a pseudo-terminal to standard output, without its carriage returns."""

    def write(self, text: str) -> None:
        """Print a piece of output."""
        sys.stdout.write(text.replace("\r", ""))

    def flush(self) -> None:
        """Flush standard output."""
        sys.stdout.flush()


def run(command: str, environ: Mapping[str, str], device: "FakeDevice | None" = None) -> str:
    """Run a command on a terminal, show it as it goes, and return what it printed, without colours.

    Args:
        command: What a person would type.
        environ: Its environment.
        device: Whose code to type at the prompt; None where no prompt is due.
    """
    print(paint(f"$ {command}", BOLD), flush=True)
    program, *arguments = shlex.split(command)
    with pexpect.spawn(
        str(PROGRAMS[program]), arguments, env=dict(environ), encoding="utf-8", timeout=15, dimensions=(24, COLUMNS)
    ) as child:
        child.logfile_read = Screen()
        shown = ""
        try:
            if device:
                child.expect(r"MFA code for .*: ")
                shown = child.before + child.after
                type_slowly(child, device.code())
            child.expect(pexpect.EOF)
        except pexpect.ExceptionPexpect:
            raise UntrueError(f"{command} did not do what was expected") from None
        shown += child.before
    print(flush=True)
    expect(child.exitstatus == 0, f"{command} ended with {child.exitstatus}, not 0")
    return re.sub(r"\x1b\[[\d;]*m|\r", "", shown)


def type_slowly(child: "pexpect.spawn[str]", code: str) -> None:
    """Type a code as fast as a person does."""
    child.delaybeforesend = None
    time.sleep(0.6)
    for digit in code:
        time.sleep(0.12)
        child.send(digit)
    child.send("\r")


def narrate(text: str) -> None:
    """Print a sentence of the story, wrapped."""
    print(paint(textwrap.fill(text, COLUMNS), CYAN), flush=True)


def paint(text: str, *styles: str) -> str:
    """Return a text in colour, line by line, if colours are on."""
    if not (COLOURED and styles):
        return text
    return "\n".join(f"\x1b[{';'.join(styles)}m{line}\x1b[0m" for line in text.split("\n"))


def show_difference(name: str, before: bytes, after: bytes) -> None:
    """Print the whole file with added and removed lines, secrets masked."""
    old, new = (masked(data.decode()).splitlines() for data in (before, after))
    for line in difflib.unified_diff(old, new, f"{name} before", f"{name} after", n=len(new), lineterm=""):
        if line.startswith("@@"):
            continue
        if line.startswith(("---", "+++")):
            print(paint(line, BOLD))
        else:
            print(paint(line, *{"+": [GREEN], "-": [RED]}.get(line[0], [])))
    print(flush=True)


def masked(text: str) -> str:
    """Return a file's text with secrets and tokens masked."""
    return re.sub(r"(?m)^(aws_(?:secret_access_key|session_token)\s*=\s*).+", r"\1********", text)


def expect_added(header: str, before: bytes, after: bytes) -> None:
    """Check that a file has its old bytes, and after them one new section with this header."""
    expect(after.startswith(before), f"bytes outside [{header}] changed")
    added = re.findall(r"(?m)^\s*\[(.+)\]", after[len(before) :].decode())
    expect(added == [header], f"[{header}] is not the one new section")


def story(home: Home) -> Iterator[str]:
    """Show the demonstration, and yield each fact that it has checked.

    Raises:
        UntrueError: A check failed.
    """
    aws = home.aws
    jane, former = aws.create_user("jane"), aws.create_user("former")
    phone = jane.create_device("phone")
    former.access_key.deactivate()
    aws.create_bucket(BUCKET)
    furnish(home, jane, phone, former)
    environ = surroundings(home)
    credentials, config = contents(home)

    narrate(
        "Jane has a key in [dev], a phone that shows codes, and a credentials file full of comments. She starts work:"
    )
    run("encee refresh dev", environ, phone)

    new_credentials, new_config = contents(home)
    expect_added("dev-mfa", credentials, new_credentials)
    narrate("The session went to a section of its own. All other bytes stayed:")
    show_difference("~/.aws/credentials", credentials, new_credentials)
    expect_added("profile dev-mfa", config, new_config)
    narrate("The region of [dev] came along, so that no command needs --region:")
    show_difference("~/.aws/config", config, new_config)
    yield f"all {len(credentials) + len(config):,} bytes of before are where they were"

    narrate("Every AWS tool knows the new profile. AWS sees Jane:")
    who = run("aws --profile dev-mfa sts get-caller-identity", environ)
    expect(f'"{jane.arn}"' in who, f"AWS did not see {jane.arn}")
    signer = aws.calls("GetCallerIdentity")[-1].access_key_id
    expect(signer.startswith("ASIA"), f"aws signed with {signer[:4]}…, not with a session's key (ASIA…)")
    yield f"aws signs as Jane with her session's key {signer}"

    narrate("So does S3:")
    expect(BUCKET in run("aws --profile dev-mfa s3 ls", environ), f"the bucket {BUCKET} was not listed")
    yield "it lists her bucket"

    narrate("And this is what expires when:")
    row = re.search(r"^\s*dev-mfa\b.*", run("encee status", environ), re.MULTILINE)
    expect(row and re.search(r"\bvalid\b", row[0]), "encee status does not call dev-mfa valid")
    yield "encee calls the session valid"


def main() -> int:
    """Run the demonstration in a home that is removed afterwards."""
    for name, program in PROGRAMS.items():
        if not program.exists():
            print(f"demo: {name} is missing; make demo installs it", file=sys.stderr)
            return 1
    from tests.fake_aws import FakeAws

    try:
        with tempfile.TemporaryDirectory(prefix="encee-demo-") as folder, FakeAws() as aws:
            proven = list(story(Home(Path(folder), aws)))
    except UntrueError as untrue:
        print(f"demo: {untrue}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    narrate("Checked: " + "; ".join(proven) + ".")
    return 0


if __name__ == "__main__":
    sys.exit(main())
