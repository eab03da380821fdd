"""Edits for the tests of the write, in this process and in another one."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.errors import ExitCode, FileRefusedError

BEFORE = b"# mine\n[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
OURS = b"\n[dev-mfa]\naws_session_token = new\n"
AFTER = BEFORE + OURS
OTHER = b"[other]\nx = 1\n"
LONG_AGO = 1_700_000_000
ROOT = os.geteuid() == 0
CHILD = """
import sys
from pathlib import Path
from encee.errors import EnceeError
from encee.awsfile.sections import CredentialsHeaders
from encee.awsfile.file import AwsFile
try:
    AwsFile(Path(sys.argv[1]), CredentialsHeaders(), print).edit(
        lambda document: document.write_section("dev-mfa", {"aws_session_token": sys.argv[2]})
    )
except EnceeError as error:
    sys.exit(f"{error.exit_code:d} {error.message} | {error.hint}")
"""


def put(document: Document) -> None:
    document.write_section("dev-mfa", {"aws_session_token": "new"})


def write(file: Path, data: bytes) -> None:
    """Truncate and write, like a tool without a lock, with an old mtime."""
    file.write_bytes(data)
    os.utime(file, (LONG_AGO, LONG_AGO))


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} - {".credentials.encee-lock"}


def refusal(aws_file: AwsFile) -> str:
    """Return the message of a refused edit, which has a hint and leaves no file."""
    there = names(aws_file.path.parent) if aws_file.path.parent.is_dir() else set()
    with pytest.raises(FileRefusedError) as caught:
        aws_file.edit(put)
    assert caught.value.exit_code is ExitCode.FILE
    assert caught.value.hint
    assert "{" not in caught.value.hint
    assert not aws_file.path.parent.is_dir() or names(aws_file.path.parent) == there
    return caught.value.message


def run_child(
    file: Path,
    *wrapper: str,
    token: str = "new",
    environ: Mapping[str, str] | None = None,
    script: str = CHILD,
) -> tuple[int, str]:
    """Edit in another process, and return its exit status and output."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", script, str(file), token],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=60,
    )
    if not done.returncode:
        return 0, done.stdout
    code, _, said = done.stderr.partition(" ")
    assert code.isdigit(), done.stderr
    assert not said.rstrip().endswith("| None")
    return int(code), said
