"""Users of the stand-in, and home folders with any number of profiles."""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.claims import expect

if TYPE_CHECKING:
    from tests.fake_aws import FakeAws, FakeDevice, FakeUser

ROOT = Path(__file__).resolve().parent.parent.parent
ENCEE = Path(sys.executable).with_name("encee")
AWS = ROOT / ".venv-aws" / "bin" / "aws"
AWS_MFA = ROOT / ".venv-aws-mfa" / "bin" / "aws-mfa"
PROGRAMS = (ENCEE, AWS, AWS_MFA)
USUAL = 10
"""How many profiles a file holds where their number is not what is measured."""

IN_USE = 20
"""How many of a file's profiles have a session, and a region in the config file, at most."""

LONG_AGO = (1_700_000_000, 1_700_000_000)
REGION = "eu-central-1"


def key(name: str, number: int) -> str:
    """Return a long-term profile whose key the stand-in does not know."""
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
    """A section of the credentials file, and a blank line after it."""
    return "\n".join([f"[{name}]", *(f"{option} = {value}" for option, value in options.items()), "", ""])


def others(count: int) -> list[str]:
    """Return long-term profiles that are not refreshed; the first IN_USE have a valid session."""
    end = datetime.now(UTC) + timedelta(hours=12)
    return [
        key(name, number) + (session(f"{name}-mfa", name, end) if number < IN_USE else "")
        for number, name in enumerate(names("other", count))
    ]


def names(prefix: str, count: int) -> list[str]:
    """Names with a number."""
    return [f"{prefix}-{number}" for number in range(1, count + 1)]


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
        """Restore the credentials file, with an old modification time."""
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
        given = self.aws.issued_sessions()[-len(codes) :]
        expect(all(one.token in shown for one in given), f"{where}: a session that AWS gave is missing")
