"""Draw the pictures in docs/ from real runs of encee against the stand-in for AWS.

The installed `encee` runs on a terminal in a temporary home, and rich makes pictures of what it printed. They are
the same to the byte every time: the device has a seed of its own and believes that it is always the same moment, and
encee runs in a time zone where it is nine o'clock. No picture needs anything from elsewhere, fonts included.
"""

import argparse
import io
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
from rich.console import Console
from rich.text import Text

from scripts.homes import ENCEE, ROOT

if TYPE_CHECKING:
    from tests.fake_aws import FakeAws, FakeDevice

COLUMNS = 96
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MORNING = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)

# rich's own form loads a font from a server; this one takes what there is.
FORM = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font: {char_height}px/{line_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""

CREDENTIALS = """\
[dev]
aws_access_key_id = {id}
aws_secret_access_key = {secret}
mfa_serial = {serial}
"""

LONG_TERM = """\
[{name}]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
mfa_serial = arn:aws:iam::{account}:mfa/phone
"""

SESSION = """\
[{name}-mfa]
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY
aws_session_token = IQoJb3JpZ2luX2VjEXAMPLETOKEN==
expiration = {ends:%Y-%m-%dT%H:%M:%SZ}
manager = encee
encee_source = {name}
"""

OTHER = """\
[saml]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY
aws_session_token = IQoJb3JpZ2luX2VjEXAMPLETOKEN==
x_security_token_expires = {ends:%Y-%m-%dT%H:%M:%SZ}
"""


def about(hours: float) -> timedelta:
    """A time left whose minutes are shown alike for half a minute from now on."""
    return timedelta(hours=hours, seconds=25)


class Person:
    """A user with a key and a device, a home folder, and a clock at nine.

    Args:
        aws: The stand-in.
        home: An empty folder.
    """

    def __init__(self, aws: "FakeAws", home: Path) -> None:
        user = aws.create_user("jane")
        self.device: FakeDevice = user.create_device("phone")
        self.device.seed = SEED
        self._home, self._url = home, aws.url
        key = user.access_key
        self.key = CREDENTIALS.format(id=key.id, secret=key.secret, serial=self.device.serial)
        (home / ".aws").mkdir(mode=0o700)

    def write(self, credentials: str) -> None:
        """Put the credentials file there, with a config file beside it."""
        for name, text in (("credentials", credentials), ("config", "[profile dev]\nregion = eu-central-1\n")):
            file = self._home / ".aws" / name
            file.write_text(text)
            file.chmod(0o600)

    def environ(self, now: datetime) -> dict[str, str]:
        """Return an environment without the caller's settings, in a time zone where it is ten seconds past nine."""
        away = now.hour * 3600 + now.minute * 60 + now.second - (9 * 3600 + 10)
        west = f"{'-' if away < 0 else '+'}{timedelta(seconds=abs(away))}"
        return {
            "HOME": str(self._home),
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "TZ": f"NINE{west}",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def code(self, now: datetime) -> str:
        """Return the MFA code, which is always the same."""
        self.device.drift = MORNING - now
        return self.device.code()


def run(command: str, environ: Mapping[str, str], code: str | None = None) -> str:
    """Return the output of a command on a terminal, with its colours.

    Args:
        command: What a person would type.
        environ: Its environment.
        code: What to type at the prompt; None where no answer is due.
    """
    _, *arguments = shlex.split(command)
    child = pexpect.spawn(
        str(ENCEE), arguments, env=dict(environ), encoding="utf-8", timeout=30, dimensions=(24, COLUMNS)
    )
    child.delaybeforesend = None
    shown = io.StringIO()
    child.logfile_read = shown
    if code:
        child.expect(r"MFA code for .*: ")
        child.sendline(code)
    child.expect(pexpect.EOF)
    child.close()
    return shown.getvalue().replace("\r\n", "\n")


def drawn(name: str, command: str, output: str) -> str:
    """Return the picture of a command and its output.

    Raises:
        ValueError: The output does more than print lines in colour.
    """
    if re.search(r"\x1b(?!\[[\d;]*m)|[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f]", output):
        raise ValueError(f"{command} moves the cursor, which a picture cannot show")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "dim"), (command, "bold"), "\n", Text.from_ansi(output)))
    svg = console.export_svg(title="", code_format=FORM, unique_id=name, font_aspect_ratio=0.6)
    return re.sub(r"<text [^>]*>\n</text>", "", svg)  # rich's line ends, which show nothing


def refresh(aws: "FakeAws", person: Person) -> tuple[str, str]:  # noqa: ARG001 - as the others
    """Show a refresh."""
    person.write(person.key)
    now = datetime.now(UTC)
    command = "encee refresh dev"
    return command, run(command, person.environ(now), person.code(now))


def status(aws: "FakeAws", person: Person) -> tuple[str, str]:  # noqa: ARG001 - as the others
    """Show sessions in every state, also one of another tool."""
    now = datetime.now(UTC)
    sessions = {"dev": ("123456789012", 12), "prod": ("210987654321", 0.5), "sandbox": ("345678901234", -1)}
    person.write(
        "".join(LONG_TERM.format(name=name, account=account) for name, (account, _) in sessions.items())
        + LONG_TERM.format(name="billing", account="456789012345")
        + "".join(SESSION.format(name=name, ends=now + about(hours)) for name, (_, hours) in sessions.items())
        + OTHER.format(ends=now + about(5.25))
    )
    command = "encee status"
    return command, run(command, person.environ(now))


def error(aws: "FakeAws", person: Person) -> tuple[str, str]:
    """Show a clock that is off, which encee reports while the prompt is open."""
    person.write(person.key)
    aws.clock_offset = timedelta(minutes=20)
    command = "encee refresh dev"
    return command, run(command, person.environ(datetime.now(UTC)))


SCENES: Mapping[str, Callable[["FakeAws", Person], tuple[str, str]]] = {
    "refresh": refresh,
    "status": status,
    "error": error,
}
"""The name of each picture, and the function that runs its command."""


def pictures() -> Iterator[tuple[str, str]]:
    """Yield the name and SVG of each picture."""
    from tests.fake_aws import FakeAws

    with FakeAws() as aws:
        for name, scene in SCENES.items():
            aws.reset()
            with tempfile.TemporaryDirectory(prefix="encee-screenshots-") as home:
                yield name, drawn(name, *scene(aws, Person(aws, Path(home))))


def main() -> None:
    """Write the pictures to `docs/`, or to the given folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs")
    folder = parser.parse_args().folder
    for name, svg in pictures():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
