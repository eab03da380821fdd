"""Get sessions, assume roles and identify the caller at STS."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from encee.aws.errors import CHECK_ENDPOINT, LostAnswerError, UnexplainedError, translate_errors
from encee.aws.retries import retry_unsent
from encee.aws.signer import Signer
from encee.errors import AwsError, CodeMayBeSpentError
from encee.model import Role, Session

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

_CALLER_ARN = re.compile(r"arn:[^:]+:(iam|sts)::\d{12}:[^:]+")
_PRINTABLE = re.compile(r"[!-~]+")


def get_session_token(client: "STSClient", signer: Signer, *, serial: str, code: str, duration: timedelta) -> Session:
    """Exchange an MFA code for session credentials.

    encee repeats the request, twice at most, only when the connection was refused or AWS throttled it: the code is
    certainly unused then.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html

    Args:
        duration: How long the session is valid; 15 min to 36 h.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: No reliable answer came back.
        AwsError: AWS refused the request for another reason or could not be reached.
    """
    seconds = int(duration.total_seconds())
    with _report_spent_code():
        return retry_unsent(
            signer,
            lambda: _parse_session(
                client.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=seconds)["Credentials"]
            ),
        )


def assume_role(
    client: "STSClient", signer: Signer, role: Role, *, serial: str | None = None, code: str | None = None
) -> Session:
    """Assume a role, with a session, or with long-term credentials and a code.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    Args:
        serial: The serial number of the user's MFA device; None without a code.
        code: Six digits; None for a session.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: The request had a code, and no reliable answer came back.
        AwsError: AWS refused the request for another reason or could not be reached.
    """
    request: dict[str, Any] = {
        "RoleArn": role.arn,
        "RoleSessionName": role.session_name,
        "DurationSeconds": int(role.duration.total_seconds()),
    }
    if role.external_id is not None:
        request["ExternalId"] = role.external_id
    if serial is None or code is None:
        return retry_unsent(signer, lambda: _parse_session(client.assume_role(**request)["Credentials"]))
    with _report_spent_code():
        request |= {"SerialNumber": serial, "TokenCode": code}
        return retry_unsent(signer, lambda: _parse_session(client.assume_role(**request)["Credentials"]))


class Identity(NamedTuple):
    """The identity of the caller, and AWS's time.

    Args:
        arn: The ARN of the caller.
        date: The time of the response by AWS's clock, in whole seconds, UTC; None where the response has none.
    """

    arn: str
    date: datetime | None

    @property
    def partition(self) -> str:
        """The partition of the account, such as `aws` or `aws-cn`."""
        return self.arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account's number."""
        return self.arn.split(":")[4]

    @property
    def is_root(self) -> bool:
        """Whether the caller is the root user of the account."""
        return self.arn.endswith(":root")

    @property
    def name(self) -> str:
        """The name of the IAM user, without its path, or of the role session."""
        return self.arn.rpartition("/")[2]

    @property
    def user(self) -> str | None:
        """The name of the IAM user; None for a role and for the root user."""
        return self.name if self.arn.split(":")[5].startswith("user/") else None

    def device_serial(self, name: str) -> str:
        """Return the serial number of the caller's virtual device of this name."""
        return f"arn:{self.partition}:iam::{self.account}:mfa/{name}"


def get_caller_identity(client: "STSClient", signer: Signer) -> Identity:
    """Return the identity of the caller, which no policy can deny.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        AwsError: AWS refused the request for another reason.
    """
    with translate_errors(signer):
        response = client.get_caller_identity()
        if not _CALLER_ARN.fullmatch(response["Arn"]):
            raise LostAnswerError("AWS's answer does not contain the ARN of the caller", hint=CHECK_ENDPOINT)
        return Identity(response["Arn"], _parse_date(response["ResponseMetadata"]["HTTPHeaders"].get("date", "")))


def root_key_error(profile: str) -> AwsError:
    """Make the error for a profile with a key of the root user."""
    return AwsError(
        f"{profile} holds a key of the root user, for which AWS offers no sessions with MFA",
        hint="delete that key, and make an IAM user with a key and an MFA device instead",
    )


def _parse_date(date: str) -> datetime | None:
    """Parse a Date header (RFC 9110, section 5.6.7); None where it is malformed."""
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def _parse_session(credentials: "CredentialsTypeDef") -> Session:
    """Check the credentials of a response, and return them as a session.

    Raises:
        AwsError: The key id does not begin with ASIA, as those of all sessions do: in a file, it would look like a
            long-term key.
        LostAnswerError: The secret or the token is empty, or contains characters that AWS tools cannot read from a
            file.
    """
    key_id, secret, token = (credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    if not key_id.startswith("ASIA"):
        raise AwsError(
            "the STS endpoint returned a key that does not belong to a session (ASIA…); nothing was written",
            hint="name an endpoint of AWS: endpoint_url of the profile, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS",
        )
    if not all(_PRINTABLE.fullmatch(part) for part in (key_id, secret, token)):
        raise LostAnswerError("AWS's answer has a session with a part that is empty or malformed", hint=CHECK_ENDPOINT)
    return Session(key_id, secret, token, credentials["Expiration"])


@contextmanager
def _report_spent_code() -> Iterator[None]:
    """Add to errors without a reliable answer that the code may have been used."""
    try:
        yield
    except (LostAnswerError, UnexplainedError) as error:
        raise CodeMayBeSpentError(
            f"{error.message}: that code may have been used",
            hint="wait until the device shows the next code, then try again",
        ) from error
