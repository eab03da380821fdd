"""What a reader of the README and the pages of docs/ types works."""

import io
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pexpect
import pytest

from encee.cli.commands.init import STARTUP_LINES
from scripts.command_reference import commands, help_of
from tests.conftest import AWS, ENCEE, ROOT, Home, section
from tests.documented import PAGES, Block, blocks, command_lines, parse, pattern
from tests.fake_aws import FakeAws

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@every_page
def test_every_command_line_of_a_page_can_be_parsed(page: Path) -> None:
    wrong = []
    for arguments, is_complete in command_lines(page):
        if not arguments or arguments[0].startswith("--") or arguments[0].isupper():
            continue
        try:
            parse(arguments)
        except Exception as error:  # noqa: BLE001 - collected, to name every wrong line at once
            if is_complete or type(error).__name__ != "MissingParameter":
                wrong.append((shlex.join(arguments), repr(error)))
    assert wrong == []


# ---- the blocks, run in a home of their own against the stand-in

STUB = """\
#!/bin/sh
# Replaces a program that uses the session in its environment.
while [ $# -gt 0 ]; do
    case $1 in --env-file) while IFS= read -r line; do export "$line"; done <"$2" ;; esac
    shift
done
exec aws sts get-caller-identity
"""

PAGES_OF_SHELLS = ("shells", "environment", "recipes")
"""The pages with code that differs in zsh and fish; bash runs all."""

LONG_AGO = 1_700_000_000
CONFIG = "[default]\nregion = eu-west-1\n\n[profile dev]\nregion = eu-central-1\n[profile admin]\nregion = eu-west-1\n"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    ],
}
WORK = {"Version": "2012-10-17", "Statement": [{"Sid": "Work", "Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Premises:
    """The home folder and the account that a page assumes.

    Args:
        page: The name of the page.
        home: An empty home folder.
        aws: The stand-in, with an empty account.
    """

    def __init__(self, page: str, home: Home, aws: FakeAws) -> None:
        self.home, self.aws = home, aws
        self.jane, self.boss = aws.create_user("jane"), aws.create_user("boss")
        self.phone = self.jane.create_device("jane" if page == "require-mfa" else "phone")
        self.boss.create_device("boss")
        for user in (self.jane, self.boss):
            user.put_policy("work", WORK)
        aws.enforce_policies = page == "require-mfa"
        aws.create_role("admin", TRUST)
        self.answers: dict[str, str] = {}
        files = {"credentials": section(self.jane.access_key, "dev") + section(self.boss.access_key, "admin")}
        files |= {"config": CONFIG} | self._files().get(page, {})
        home.write(files.pop("credentials"), files.pop("config"))
        for name, text in files.items():
            file = home.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if page == "keyring":
            self.answers = {r"seed of [^\n]*: ": self.phone.seed}
        if page == "first-session":
            key = self.jane.access_key
            self.answers = {r"\[dev\]: ": "dev", r"us-east-1\]: ": "eu-central-1"}
            self.answers |= {r"access key ID[^:]*: ": key.id, r"secret access key[^:]*: ": key.secret}
        if page == "devices":
            self.jane.create_device("jane")
            self.jane.create_device("tablet")
        programs = {"op": f"#!/bin/sh\necho {self.phone.next_code()}\n"} if page in ("codes", "help") else {}
        self._install(programs | dict.fromkeys(("docker", "terraform"), STUB))

    def _files(self) -> dict[str, dict[str, str]]:
        """Return the files of the pages that need others: by name in ~/.aws, or by path in the home folder."""
        key, role = self.jane.access_key, "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\n"
        role += "region = eu-central-1\nsource_profile = "
        csv = f"Access key ID,Secret access key\n{key.id},{key.secret}\n"
        awsenv = f"export AWS_ACCESS_KEY_ID={key.id}\nexport AWS_SECRET_ACCESS_KEY={key.secret}\n"
        return {
            "README": {"credentials": section(key)},
            "help": {
                "credentials": "".join(section(key, name) for name in ("dev", "prod", "prod-eu"))
                + section(self.boss.access_key, "admin"),
                "Downloads/jane_accessKeys.csv": csv,
                "work.json": json.dumps(WORK, indent=2),
                ".aws/profiles/sandbox": awsenv,
            },
            "first-session": {"credentials": "", "config": ""},
            "default-profile": {"credentials": section(key, "default"), "config": "[default]\nregion = eu-west-1\n"},
            "switching": {"credentials": section(key, "dev-long-term") + f"aws_mfa_device = {self.phone.serial}\n"},
            "import": {
                "credentials": section(self.boss.access_key, "default"),
                "config": "",
                "Downloads/jane_accessKeys.csv": csv,
                ".aws/profiles/sandbox": awsenv,
                ".encee/config": "arn:aws:iam::123456789012:mfa/boss\n",
            },
            "keyring": {"credentials": section(key, "dev", self.phone.serial)},
            "require-mfa": {"credentials": section(key, "jane") + section(self.boss.access_key, "admin")},
            "roles": {"credentials": section(key), "config": f"{role}dev-mfa\n"},
            "policies": dict.fromkeys(("work.json", "policies/work.json"), json.dumps(WORK, indent=2)),
        }

    def _install(self, programs: Mapping[str, str]) -> None:
        """Put programs of these texts, and encee and aws, first on PATH."""
        folder = self.home.path / "programs"
        folder.mkdir()
        for name, text in programs.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        for program in (ENCEE, AWS):
            (folder / program.name).symlink_to(program)
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def _say(answer: str, _prompt: re.Match[str]) -> str:
    return answer


class Reader:
    """Someone who types what a page says into a shell, and answers the prompts.

    Args:
        premises: What the page assumes.
        shell: `bash`, `zsh` or `fish`.
    """

    def __init__(self, premises: Premises, shell: str) -> None:
        self._premises, self._shell, self._device = premises, shell, premises.phone
        self._typed: list[str] = []

    def type(self, block: Block) -> None:
        """Type a block; fail unless it exits with the status that the page names."""
        lines = re.sub(r"\b123456\b", lambda _: self._premises.phone.next_code(), block.code).splitlines()
        shells = [number for number, line in enumerate(lines, 1) if line.startswith("encee shell")]
        if shells:  # what comes after it is typed into the new shell
            self._typed = [line.split("  #")[0] for line in lines[shells[0] :]]
            lines = lines[: shells[0]]
        script = "\n".join([STARTUP_LINES[self._shell], *self._checked(lines)])
        options = {"bash": ["--norc", "-e", "-c"], "zsh": ["-f", "-e", "-c"], "fish": ["--no-config", "-c"]}
        environ = os.environ | {"SHELL": "/bin/sh", "TERM": "dumb"}
        child = pexpect.spawn(
            self._shell,
            [*options[self._shell], script],
            cwd=self._premises.home.path,
            env=environ,
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 200),
        )
        child.delaybeforesend = None
        printed = child.logfile_read = io.StringIO()
        self._answer(child)
        child.wait()
        child.close()
        text = printed.getvalue().replace("\r", "")
        assert child.exitstatus == block.status, f"{script}\n{text}"
        shown = re.compile(r"\n(?:.*\n)*?".join(f"[^\n]*?{pattern(line.strip())} *" for line in block.output))
        assert shown.search(f"{text}\n"), f"{script}\nprints\n{text}\nand not\n" + "\n".join(block.output)

    def _checked(self, lines: list[str]) -> list[str]:
        """Let fish end after a line that fails, as bash and zsh do with -e."""
        if self._shell != "fish":
            return lines
        return [f"{line.split('  #')[0]}; or exit $status" for line in lines if not line.startswith("#")]

    def _answer(self, child: "pexpect.spawn[str]") -> None:
        """Answer every prompt until the shell exits."""
        prompts: dict[str, Callable[[re.Match[str]], str]] = {
            r"(?:MFA code for [^\n]*\(|code that )(\S+?)(?:\)| shows now): ": self._code,
            r"the next one[^\n]*: ": lambda _: self._device.next_code(),
            r"(?:delete|remove|change|apply|do|continue)[^\n]*\[y/N\] ?": lambda _: "y",
            r"\n[#$] $": lambda _: self._typed.pop(0) if self._typed else "exit",
        }
        prompts |= {prompt: partial(_say, answer) for prompt, answer in self._premises.answers.items()}
        patterns = list(prompts)
        while (index := child.expect([*patterns, pexpect.EOF])) < len(patterns):
            assert isinstance(child.match, re.Match)
            child.sendline(prompts[patterns[index]](child.match))

    def _code(self, prompt: re.Match[str]) -> str:
        self._device = next(device for device in self._premises.aws.virtual_devices() if device.serial == prompt[1])
        return self._device.next_code()


def test_the_page_of_shells_has_the_line_of_each_startup_file() -> None:
    page = (ROOT / "docs" / "shells.md").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^```(\w+)\n(.*encee init.*)\n```$", page, re.MULTILINE))
    assert lines == STARTUP_LINES


def follow(page: Path, shell: str, home: Home, aws: FakeAws) -> None:
    """Type every block of a page."""
    reader = Reader(Premises(page.stem, home, aws), shell)
    for block in blocks(page):
        if block.runs and block.language in ("sh", shell):
            reader.type(block)


ELSEWHERE = ("commands", "keyring", "uninstall")
RUN = [page for page in PAGES if page.stem not in ELSEWHERE and any(block.runs for block in blocks(page))]
"""tests/cli/test_uninstall.py follows docs/uninstall.md."""

EXAMPLES = sorted(
    set(commands())
    - {"encee", "encee account", "encee device", "encee import", "encee keys", "encee policy"}  # these are groups
    - {"encee init", "encee shell"}  # the page of shells has them, each in its shell
    - {"encee keys lock", "encee keys unlock", "encee keys totp"}  # the page of the keyring has them
    - {"encee device enroll", "encee device remove"}  # the page of devices has them
    - {
        "encee account audit",
        "encee import legacy",
    }  # one exits with status 1, the other needs a file of the first encee
)
"""The commands whose examples run after a refresh of dev."""

DIFFERENT = [page for page in RUN if page.stem in PAGES_OF_SHELLS]


@pytest.mark.slow
@pytest.mark.needs("bash", "find")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_what_a_page_says_works_in_bash(page: Path, home: Home, aws: FakeAws) -> None:
    follow(page, "bash", home, aws)


@pytest.mark.slow
@pytest.mark.needs("bash", "dbus-daemon", "dbus-run-session", "gnome-keyring-daemon")
@pytest.mark.usefixtures("secret_service")
def test_what_the_page_of_the_keyring_says_works(home: Home, aws: FakeAws) -> None:
    follow(ROOT / "docs" / "keyring.md", "bash", home, aws)


@pytest.mark.slow
@pytest.mark.needs("zsh")
@pytest.mark.parametrize("page", DIFFERENT, ids=lambda page: page.stem)
def test_what_a_page_says_works_in_zsh(page: Path, home: Home, aws: FakeAws) -> None:
    follow(page, "zsh", home, aws)


@pytest.mark.slow
@pytest.mark.needs("fish", "mktemp", "rmdir")
@pytest.mark.parametrize("page", DIFFERENT, ids=lambda page: page.stem)
def test_what_a_page_says_works_in_fish(page: Path, home: Home, aws: FakeAws) -> None:
    follow(page, "fish", home, aws)


@pytest.mark.slow
@pytest.mark.needs("bash")
@pytest.mark.parametrize("command", EXAMPLES)
def test_the_examples_of_a_help_work_in_bash(command: str, home: Home, aws: FakeAws) -> None:
    examples = re.findall(r"^  \$ (.+)", help_of(command), re.MULTILINE)
    code = "\n".join(
        ["encee refresh dev", *(line for line in examples if not re.search("--watch|setup.*--allow", line))]
    )
    Reader(Premises("help", home, aws), "bash").type(Block("sh", code, 0, runs=True))


@pytest.mark.needs("bash")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_cannot_be_run_has_valid_syntax(page: Path) -> None:
    for block in blocks(page):
        if not block.runs and block.language in ("sh", "bash"):
            done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
