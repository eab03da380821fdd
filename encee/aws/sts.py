"""The Security Token Service: session credentials for an MFA code, a role for a session."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from encee.aws.refusals import LostAnswerError, NobodyListensError, ThrottledError, explained
from encee.aws.signer import Signer
from encee.errors import CodeMayBeSpentError
from encee.model import Role, Session

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

_PAUSES = (1, 2)
"""Seconds before the second and the third attempt, where AWS cannot have carried the first out."""


def get_session_token(client: "STSClient", signer: Signer, *, serial: str, code: str, duration: timedelta) -> Session:
    """Trade an MFA code for session credentials.

    The request goes out once. It is repeated, twice at most, only when the connection was refused or AWS says
    that it throttled the request: then the code is certainly unused.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html

    Args:
        client: From `encee.aws.session.Clients.sts`.
        signer: Whose request it is; holds long-term credentials.
        serial: The serial number of the user's device.
        code: Six digits.
        duration: For how long; 15 min to 36 h.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: No answer that can be trusted came back.
        AwsError: AWS refused for another reason, or could not be reached.
    """
    seconds = int(duration.total_seconds())
    with _spending_a_code():
        return _patiently(
            signer,
            lambda: client.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=seconds)[
                "Credentials"
            ],
        )


def assume_role(
    client: "STSClient", signer: Signer, role: Role, *, serial: str | None = None, code: str | None = None
) -> Session:
    """Assume a role: with a session that has MFA, or with long-term credentials and a code of its own.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    Args:
        client: From `encee.aws.session.Clients.sts`.
        signer: Whose request it is.
        role: Which role.
        serial: The serial number of the user's device, with a code only.
        code: Six digits, with long-term credentials only.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: A code went out, and no answer that can be trusted came back.
        AwsError: AWS refused for another reason, or could not be reached.
    """
    request: dict[str, Any] = {
        "RoleArn": role.arn,
        "RoleSessionName": role.session_name,
        "DurationSeconds": int(role.duration.total_seconds()),
    }
    if role.external_id is not None:
        request["ExternalId"] = role.external_id
    if serial is None or code is None:
        return _patiently(signer, lambda: client.assume_role(**request)["Credentials"])
    with _spending_a_code():
        request |= {"SerialNumber": serial, "TokenCode": code}
        return _patiently(signer, lambda: client.assume_role(**request)["Credentials"])


def caller_arn(client: "STSClient", signer: Signer) -> str:
    """The ARN of whoever signs; needs no permission, and nothing can deny it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        HopelessError: The key, the secret, the clock or the network is wrong.
        AwsError: AWS refused for another reason.
    """
    with explained(signer):
        return client.get_caller_identity()["Arn"]


def _patiently(signer: Signer, send: "Callable[[], CredentialsTypeDef]") -> Session:
    """Send a request, again only where AWS certainly did not carry it out."""
    for pause in (*_PAUSES, None):
        try:
            with explained(signer):
                answer = send()
            return Session(
                answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], answer["Expiration"]
            )
        except KeyError:
            raise LostAnswerError("AWS's answer held no credentials", hint="try again in a moment") from None
        except (ThrottledError, NobodyListensError):
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError  # the last round returns or raises


@contextmanager
def _spending_a_code() -> Iterator[None]:
    """Say of a lost answer that the code may be used up."""
    try:
        yield
    except LostAnswerError as error:
        raise CodeMayBeSpentError(
            f"{error.message}: that code may have been used",
            hint="wait until the device shows the next code, then try again",
        ) from error
