"""Edits of a text for the tests, and the check of a refusal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.errors import ExitCode, FileRefusedError

FILE = Path("aws-file")
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
SESSION = {
    "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "new/secret+",
    "aws_session_token": "new==",
}
STALE = frozenset({"aws_security_token", "aws_account_id", "aws_credential_scope"})
OURS = """\
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
aws_secret_access_key = new/secret+
aws_session_token = new==
"""
KEYS = f"[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n"


def own(text: str, profile: str = "dev-mfa") -> str:
    document = Document(text.encode(), FILE, CredentialsHeaders())
    document.write_section(profile, SESSION, without=STALE)
    return document.render().decode()


def remove(text: str, profile: str = "dev-mfa", mark: str = "aws_session_token") -> str:
    document = Document(text.encode(), FILE, CredentialsHeaders())
    assert document.clear_section(profile, SESSION, mark=mark)
    return document.render().decode()


def set_region(text: str, profile: str = "dev") -> str:
    document = Document(text.encode(), FILE, ConfigHeaders())
    document.set_options(profile, {"region": "eu-west-1"})
    return document.render().decode()


def unset_region(text: str, profile: str = "dev") -> str:
    document = Document(text.encode(), FILE, ConfigHeaders())
    document.remove_options(profile, {"region"})
    return document.render().decode()


def refusal(edit: Callable[[str], str], text: str) -> str:
    """Return the message of a refusal; check its hint, its exit status, and that it has no secret."""
    with pytest.raises(FileRefusedError) as caught:
        edit(text)
    assert caught.value.exit_code is ExitCode.FILE
    assert caught.value.hint
    assert FILE.name in caught.value.message
    assert SECRET.lower() not in f"{caught.value.message} {caught.value.hint}".lower()
    assert caught.value.__cause__ is None
    return caught.value.message


def exchange(text: str) -> str:
    document = Document(text.encode(), FILE, CredentialsHeaders())
    new = {"aws_access_key_id": ("aws_access_key_id", "NEW"), "aws_secret_access_key": ("encee_secret", "keyring")}
    document.replace_options("dev", new)
    return document.render().decode()
