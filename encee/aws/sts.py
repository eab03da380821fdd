"""The Security Token Service: session credentials for an MFA code, a role for a session."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from encee.aws.errors import SEE_ENDPOINT, LostAnswerError, UnexplainedError, translate_errors
from encee.aws.retries import retry_unsent
from encee.aws.signer import Signer
from encee.errors import AwsError, CodeMayBeSpentError
from encee.model import Role, Session

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

_CALLER = re.compile(r"arn:[^:]+:(iam|sts)::\d{12}:[^:]+")
_PRINTABLE = re.compile(r"[!-~]+")


def get_session_token(client: "STSClient", signer: Signer, *, serial: str, code: str, duration: timedelta) -> Session:
    """Trade an MFA code for session credentials.

    The request goes out once. It is repeated, twice at most, only when the connection was refused or AWS says
    that it throttled the request: then the code is certainly unused.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html

    Args:
        client: From `encee.aws.clients.Clients.sts`.
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
        return retry_unsent(
            signer,
            lambda: _session(
                client.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=seconds)["Credentials"]
            ),
        )


def assume_role(
    client: "STSClient", signer: Signer, role: Role, *, serial: str | None = None, code: str | None = None
) -> Session:
    """Assume a role: with a session that has MFA, or with long-term credentials and a code of its own.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    Args:
        client: From `encee.aws.clients.Clients.sts`.
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
        return retry_unsent(signer, lambda: _session(client.assume_role(**request)["Credentials"]))
    with _spending_a_code():
        request |= {"SerialNumber": serial, "TokenCode": code}
        return retry_unsent(signer, lambda: _session(client.assume_role(**request)["Credentials"]))


class Identity(NamedTuple):
    """Who signs, and AWS's time.

    Args:
        arn: The ARN of whoever signs.
        date: When AWS answered by its own clock, cut to the second, UTC; None where the answer does not say.
    """

    arn: str
    date: datetime | None

    @property
    def partition(self) -> str:
        """The partition that the account is in."""
        return self.arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account's number."""
        return self.arn.split(":")[4]

    @property
    def is_root(self) -> bool:
        """Whether it is the account's root user."""
        return self.arn.endswith(":root")

    @property
    def name(self) -> str:
        """The name of the IAM user or of the role's session, before which a path may stand in the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def user(self) -> str | None:
        """The name of the IAM user; None for a role and for the root user."""
        return self.name if self.arn.split(":")[5].startswith("user/") else None

    def device_serial(self, name: str) -> str:
        """The serial number of a virtual device of this name, in the same account and partition."""
        return f"arn:{self.partition}:iam::{self.account}:mfa/{name}"


def get_caller_identity(client: "STSClient", signer: Signer) -> Identity:
    """Who signs; needs no permission, and nothing can deny it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        UnusableCredentialsError: The key, the secret, the clock or the network is wrong.
        AwsError: AWS refused for another reason.
    """
    with translate_errors(signer):
        answer = client.get_caller_identity()
        if not _CALLER.fullmatch(answer["Arn"]):
            raise LostAnswerError("AWS's answer does not name who signs", hint=SEE_ENDPOINT)
        return Identity(answer["Arn"], _moment(answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")))


def _moment(date: str) -> datetime | None:
    """The moment of a Date header (RFC 9110, section 5.6.7), or None."""
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def _session(credentials: "CredentialsTypeDef") -> Session:
    """The session that an answer holds.

    Raises:
        AwsError: Its key is not one of a session, as all are that AWS hands out: in a file, nothing would tell it from
            a key that exists nowhere else.
        LostAnswerError: Its secret or its token is empty, or holds what no AWS tool could read from a file.
    """
    key_id, secret, token = (credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    if not key_id.startswith("ASIA"):
        raise AwsError(
            "what answered in the place of STS handed out a key that is no session's (ASIA…); nothing was written",
            hint="name an endpoint of AWS: endpoint_url of the profile, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS",
        )
    if not all(_PRINTABLE.fullmatch(part) for part in (key_id, secret, token)):
        raise LostAnswerError("AWS's answer holds a session with a part that is empty or malformed", hint=SEE_ENDPOINT)
    return Session(key_id, secret, token, credentials["Expiration"])


@contextmanager
def _spending_a_code() -> Iterator[None]:
    """Add to an answer that is lost, or that gives no reason, that the code may have been used."""
    try:
        yield
    except (LostAnswerError, UnexplainedError) as error:
        raise CodeMayBeSpentError(
            f"{error.message}: that code may have been used",
            hint="wait until the device shows the next code, then try again",
        ) from error
