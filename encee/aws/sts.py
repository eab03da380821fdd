"""The Security Token Service: an MFA code for session credentials."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from encee.aws.session import ConnectionRefusedByAwsError, Signer, ThrottledError, explained
from encee.errors import CodeMayBeSpentError
from encee.model import Session

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_PAUSES = (1, 2)
"""Seconds before the second and the third attempt, where AWS cannot have used the code."""


def get_session_token(client: "STSClient", signer: Signer, *, serial: str, code: str, duration: timedelta) -> Session:
    """Trade an MFA code for session credentials.

    The request goes out once. It is repeated, twice at most, only when the connection was refused or AWS says
    that it throttled the request: then the code is certainly unused.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html

    Args:
        client: From `encee.aws.session.sts_client`.
        signer: Whose request it is.
        serial: The serial number of the user's device.
        code: Six digits.
        duration: For how long; 15 min to 36 h.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: No answer that can be trusted came back.
        AwsError: AWS refused for another reason, or could not be reached.
    """
    for pause in (*_PAUSES, None):
        try:
            return _get_session_token(client, signer, serial, code, duration)
        except (ThrottledError, ConnectionRefusedByAwsError):
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError  # the last round returns or raises


def _get_session_token(client: "STSClient", signer: Signer, serial: str, code: str, duration: timedelta) -> Session:
    with explained(signer):
        answer = client.get_session_token(
            SerialNumber=serial, TokenCode=code, DurationSeconds=int(duration.total_seconds())
        )
    try:
        credentials = answer["Credentials"]
        return Session(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            credentials["Expiration"],
        )
    except KeyError:
        raise CodeMayBeSpentError(
            "AWS's answer held no credentials: that code may have been used",
            hint="wait until the device shows the next code, then try again",
        ) from None
