"""Fixtures for the tests of the stand-in: a user, boto3, and the real `aws` command."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import AWS
from tests.fake_aws_tests.clients import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fake_aws import FakeAws, FakeKey, FakeUser
    from tests.fake_aws_tests.clients import Command, Credentials


@pytest.fixture
def clients(aws: FakeAws) -> Iterator[Clients]:
    clients = Clients(aws.url)
    with clients.stack:
        yield clients


@pytest.fixture
def user(aws: FakeAws) -> FakeUser:
    return aws.create_user("dev")


@pytest.fixture
def command(aws: FakeAws, tmp_path: Path) -> Command:
    """Return a function that runs the real `aws` with only these credentials."""

    def run(credentials: FakeKey | Credentials, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": credentials.id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret,
        }
        if token := getattr(credentials, "token", None):
            environment["AWS_SESSION_TOKEN"] = token
        return subprocess.run([AWS, *arguments], env=environment, capture_output=True, text=True, check=False)

    return run
