"""Clients of boto3 for the tests of the stand-in, and the errors that many of them expect."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from subprocess import CompletedProcess

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

    from tests.fake_aws import FakeDevice, FakeKey, FakeUser

INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid.")
WRONG_CODE = ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
WRONG_SERIAL = (
    "AccessDenied",
    (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    ),
)

# Runs the real `aws` with credentials and arguments.
Command: TypeAlias = "Callable[..., CompletedProcess[str]]"


@dataclass(frozen=True)
class Credentials:
    """Credentials for signing."""

    id: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, answer: CredentialsTypeDef) -> Credentials:
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


@cache
def boto() -> boto3.Session:
    return boto3.Session()


@dataclass
class Clients:
    """boto3 without retries and without validation."""

    url: str
    region: str = "us-east-1"
    stack: ExitStack = field(default_factory=ExitStack)

    def sts(self, credentials: FakeKey | Credentials) -> STSClient:
        client = boto().client("sts", **self._connection(credentials))
        self.stack.enter_context(closing(client))
        return client

    def iam(self, credentials: FakeKey | Credentials) -> IAMClient:
        client = boto().client("iam", **self._connection(credentials))
        self.stack.enter_context(closing(client))
        return client

    def s3(self, credentials: FakeKey | Credentials) -> Any:  # noqa: ANN401 - there are no types of it here
        client = boto().client("s3", **self._connection(credentials))
        self.stack.enter_context(closing(client))
        return client

    def login(self, user: FakeUser, **parameters: Any) -> Credentials:  # noqa: ANN401 - GetSessionToken's own
        return Credentials.of(self.sts(user.access_key).get_session_token(**parameters)["Credentials"])

    def _connection(self, credentials: FakeKey | Credentials) -> Mapping[str, Any]:
        return {
            "endpoint_url": self.url,
            "region_name": self.region,
            "aws_access_key_id": credentials.id,
            "aws_secret_access_key": credentials.secret,
            "aws_session_token": getattr(credentials, "token", None),
            "config": Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=1),
        }


def refusal(call: Callable[..., object], **parameters: object) -> tuple[str, str]:
    """Return code and message of the error of a request."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def mfa(device: FakeDevice) -> dict[str, Any]:
    """Return serial number and next code of a device as parameters."""
    return {"SerialNumber": device.serial, "TokenCode": device.next_code()}
