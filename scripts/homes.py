"""A home folder for scripts, and programs that run in it without the caller's settings."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fake_aws import FakeAws

ROOT = Path(__file__).resolve().parent.parent
ENCEE = Path(sys.executable).with_name("encee")
AWS = ROOT / ".venv-aws" / "bin" / "aws"

LONG_AGO = (1_700_000_000, 1_700_000_000)
TIMEOUT_SECONDS = 120
"""How long a program may run."""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Home:
    """A home folder, and the stand-in for AWS that its programs use."""

    path: Path
    aws: "FakeAws"

    @property
    def credentials(self) -> Path:
        """The credentials file."""
        return self.path / ".aws" / "credentials"

    @property
    def config(self) -> Path:
        """The config file."""
        return self.path / ".aws" / "config"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its programs; only PATH is the caller's."""
        return {
            "HOME": str(self.path),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def write(self, credentials: bytes, config: bytes) -> None:
        """Write the two files, with an old modification time, so that encee does not wait for another writer."""
        (self.path / ".aws").mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, data in ((self.credentials, credentials), (self.config, config)):
            file.write_bytes(data)
            file.chmod(0o600)
            os.utime(file, LONG_AGO)

    def run(self, *command: str | Path, environ: Mapping[str, str | None] | None = None) -> Done:
        """Run a program here.

        Args:
            command: The program and its arguments.
            environ: Variables on top of the usual ones; None takes one away.
        """
        wanted = self.environ | dict(environ or {})
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in wanted.items() if value is not None},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
