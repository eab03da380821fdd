"""The programs that read the files: path, version, and the command for one signed call.

Every one finds profile, endpoint and home in the environment; the older ones take the endpoint as an option.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from scripts.homes import AWS, ROOT

PROGRAMS = Path(__file__).with_name("programs")
PYTHON = ROOT / ".venv-readers" / "bin" / "python"
GO_PATH = "/usr/share/gocode"
"""Where Debian has the sources of Go's packages."""

ENDPOINT, HOST, REGION = "{endpoint}", "{host}", "{region}"
"""Placeholders in a command for the stand-in's URL, its host and port, and the region."""

_TIMEOUT_SECONDS = 600


class MissingError(Exception):
    """A reader is not on this machine; the message says what it needs."""


class Reader(NamedTuple):
    """A reader that is installed.

    Args:
        version: Its version.
        command: What makes the call.
    """

    version: str
    command: Sequence[str]


class Candidate(NamedTuple):
    """A reader that may be installed.

    Args:
        name: What people call it.
        origin: Where its program comes from: `PyPI`, `npm`, `Debian`.
        prepare: Makes it ready in a folder of its own.
    """

    name: str
    origin: str
    prepare: Callable[[Path], Reader]


def _aws_1(_folder: Path) -> Reader:
    if not AWS.exists():
        raise MissingError(f"needs {AWS.relative_to(ROOT)}, which make dev makes")
    return Reader(_aws_version(AWS), [str(AWS), "sts", "get-caller-identity"])


def _aws_2(_folder: Path) -> Reader:
    for folder in os.get_exec_path():
        program = Path(folder, "aws")
        if os.access(program, os.X_OK) and (version := _aws_version(program)).startswith("2."):
            return Reader(version, [str(program), "--endpoint-url", ENDPOINT, "sts", "get-caller-identity"])
    raise MissingError("needs Debian's awscli")


def _aws_version(program: Path) -> str:
    return _printed([str(program), "--version"]).split()[0].partition("/")[2]


def _of_pypi(_folder: Path, package: str) -> Reader:
    if not PYTHON.exists():
        raise MissingError(f"needs {PYTHON.relative_to(ROOT)}, which make readers makes")
    version = _printed([str(PYTHON), "-c", f"from importlib.metadata import version; print(version({package!r}))"])
    return Reader(version, [str(PYTHON), str(PROGRAMS / f"with_{package}.py")])


def _javascript(folder: Path) -> Reader:
    for needed in ("node", "npm"):
        _need(needed, f"needs {needed}")
    _printed(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "@aws-sdk/client-sts@3"]
    )
    program = shutil.copy(PROGRAMS / "with_javascript.mjs", folder / "read.mjs")
    package = folder / "node_modules" / "@aws-sdk" / "client-sts" / "package.json"
    return Reader(json.loads(package.read_text())["version"], ["node", str(program)])


def _go(folder: Path) -> Reader:
    _need("go", "needs Debian's golang-go")
    if not Path(GO_PATH, "src", "github.com", "aws", "aws-sdk-go-v2").exists():
        raise MissingError("needs Debian's golang-github-aws-aws-sdk-go-v2-dev")
    program = str(folder / "with_go")
    settings = {"GO111MODULE": "off", "GOPATH": GO_PATH, "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    _printed(["go", "build", "-o", program, str(PROGRAMS / "with_go.go")], **settings)
    return Reader(_printed([program, "version"]), [program])


def _rclone(_folder: Path) -> Reader:
    _need("rclone", "needs Debian's rclone")
    version = _printed(["rclone", "version"]).splitlines()[0].removeprefix("rclone v")
    options = ["--s3-provider", "AWS", "--s3-env-auth", "--s3-region", REGION, "--s3-endpoint", ENDPOINT]
    return Reader(version, ["rclone", "--config", os.devnull, "lsd", ":s3:", *options])


def _s3cmd(_folder: Path) -> Reader:
    _need("s3cmd", "needs Debian's s3cmd")
    version = _printed(["s3cmd", "--version"]).split()[-1]
    options = ["--no-ssl", "--host", HOST, "--host-bucket", HOST, "--region", REGION]
    return Reader(version, ["s3cmd", *options, "ls"])


CANDIDATES = (
    Candidate("AWS CLI 1", "PyPI", _aws_1),
    Candidate("AWS CLI 2", "Debian", _aws_2),
    Candidate("boto3", "PyPI", partial(_of_pypi, package="boto3")),
    Candidate("SDK for JavaScript 3", "npm", _javascript),
    Candidate("SDK for Go 2", "Debian", _go),
    Candidate("SDK for C++, in pyarrow", "PyPI", partial(_of_pypi, package="pyarrow")),
    Candidate("Rust: opendal", "PyPI", partial(_of_pypi, package="opendal")),
    Candidate("Go 1: rclone", "Debian", _rclone),
    Candidate("s3cmd", "Debian", _s3cmd),
)


def _need(program: str, otherwise: str) -> None:
    if shutil.which(program) is None:
        raise MissingError(otherwise)


def _printed(command: Sequence[str], **environ: str) -> str:
    """Return the output of a command; raise MissingError if it cannot be run or fails."""
    try:
        done = subprocess.run(
            command, env=os.environ | environ, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(getattr(error, "stderr", ""), file=sys.stderr)
        raise MissingError(f"{Path(command[0]).name} {command[1]} failed") from error
    return done.stdout.strip()
