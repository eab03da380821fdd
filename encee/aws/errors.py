"""Translate the errors of AWS and boto3 into encee's, each with a hint.

They are in one file so that the author of a new message sees all kinds of errors and the wording of the others.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from encee.aws.access_denied import Denial
from encee.aws.signer import Signer
from encee.errors import AwsError, WrongCodeError
from encee.model import Session

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_TRY_AGAIN = "try again in a moment"
_DEFAULT_REGION = "us-east-1"
_ALWAYS_ENABLED = re.compile(
    r"us-(east|west)-[12]|ca-central-1|sa-east-1|eu-(central|north)-1|eu-west-[123]"
    r"|ap-northeast-[123]|ap-south-1|ap-southeast-[12]"
)
"""Regions that are enabled in every account: https://docs.aws.amazon.com/general/latest/gr/rande-manage.html"""
CHECK_ENDPOINT = "check the endpoint (AWS_ENDPOINT_URL, endpoint_url of the profile) and the proxy"
CLOCK_REMEDY = "set the clock over the network (on Linux: sudo timedatectl set-ntp true)"
_SKEW = re.compile(r"(\d{8}T\d{6}Z) is (?:now earlier|still later) than \d{8}T\d{6}Z \((\d{8}T\d{6}Z) [-+] 15 min")
_MAX_TEXT_LENGTH = 400
"""Characters of an AWS message in a message of encee."""
_MAX_DENIAL_LENGTH = 2000
"""Characters of an AccessDenied message, which contains three ARNs with paths at most."""


class RequestNotSentError(AwsError):
    """AWS did not process the request, so encee can send it again with the same code."""


class ThrottledError(RequestNotSentError):
    """AWS throttled the request."""


class UnusableCredentialsError(AwsError):
    """The key, the secret, the clock or the network fails, whatever the code is."""


class RejectedKeyError(UnusableCredentialsError):
    """AWS rejects the key: it is inactive or deleted, or a part of it is wrong."""


class ClockSkewError(UnusableCredentialsError):
    """AWS rejects every signature because this machine's clock is off."""


class EndpointRefusedError(UnusableCredentialsError, RequestNotSentError):
    """The endpoint refused the connection, so nothing was sent."""


class LostAnswerError(AwsError):
    """The request was sent, and no reliable answer came back."""


class DeniedError(AwsError):
    """The policies of the account do not allow the request."""


class NeedsMfaError(DeniedError):
    """A Deny applies to the long-term key, and perhaps not to a session with MFA."""


class UnexplainedError(DeniedError):
    """AWS refused the request without a reason."""


class AlreadyExistsError(AwsError):
    """The name is in use."""


class MissingError(AwsError):
    """What the request names does not exist."""


class InUseError(AwsError):
    """What the request deletes is in use."""


@contextmanager
def translate_errors(signer: Signer) -> Iterator[None]:
    """Translate what boto3 raises into encee's errors, each with a hint.

    Raises:
        WrongCodeError: AWS did not accept the code.
        LostAnswerError: The request was sent, and no reliable answer came back.
        RequestNotSentError: AWS did not process the request.
        DeniedError: A policy does not allow the request; the message names the action.
        AlreadyExistsError, MissingError, InUseError: The state of IAM does not permit the request.
        RejectedKeyError: AWS rejects the key or the secret.
        ClockSkewError: AWS rejects this machine's clock.
        UnusableCredentialsError: The endpoint is unreachable or not trusted.
        AwsError: Any other error.
    """
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        raise _translate_client_error(error, signer) from error
    except (
        exceptions.EndpointConnectionError,
        exceptions.ConnectTimeoutError,
        exceptions.ProxyConnectionError,
    ) as error:
        raise _explain_unreachable(error, signer) from error
    except (exceptions.SSLError, exceptions.HTTPClientError) as error:
        cut_off = LostAnswerError("the connection to AWS was cut off before the answer was complete", hint=_TRY_AGAIN)
        raise _explain_unsent(error, signer) or cut_off from error
    except (ResponseParserError, KeyError) as error:  # KeyError: a field of the response is missing
        raise _explain_malformed_response() from error
    except exceptions.ConfigParseError:
        # The text of the error, and the traceback of a chained one, can contain a secret.
        raise AwsError(f"boto3 could not read the files of {signer.profile}", hint="encee doctor") from None
    except (exceptions.BotoCoreError, ValueError) as error:
        raise AwsError(
            f"boto3 could not make a request with the settings of {signer.profile}: {type(error).__name__}",
            hint=f"check region ({signer.region}) and the other settings of the profile, and the AWS_ variables",
        ) from error


def _explain_malformed_response() -> LostAnswerError:
    return LostAnswerError("AWS's answer arrived in pieces, or a proxy or sign-in page answered", hint=_TRY_AGAIN)


_TRANSLATIONS: Mapping[tuple[str, str], tuple[type[AwsError], str, str]] = {
    ("AccessDenied", "invalid MFA one time pass code"): (
        WrongCodeError,
        "AWS did not accept the code: it was mistyped, or already used, or the device's clock is off",
        "wait until the device shows the next code, then try that one",
    ),
    ("AccessDenied", "validate MFA code"): (
        AwsError,
        "the device does not belong to the user whose key {profile} holds",
        "name this user's own device: --mfa-serial ARN",
    ),
    ("AccessDenied", "session credentials"): (
        AwsError,
        "{profile} holds session credentials; AWS exchanges a code only for long-term keys",
        "name a profile with long-term keys",
    ),
    ("ValidationError", "MaxSessionDuration"): (
        AwsError,
        "duration_seconds of {role} is more than the role allows",
        "set duration_seconds to 3600",
    ),
    ("SignatureDoesNotMatch", "scoped to a valid region"): (
        UnusableCredentialsError,
        "the region {region} of {role} is not one of the endpoint that was asked",
        "make region and endpoint_url of the profile, or AWS_ENDPOINT_URL, match each other",
    ),
    ("SignatureDoesNotMatch", ""): (
        RejectedKeyError,
        "the secret access key of {profile} does not belong to its key id {key_id}",
        "enter both again: aws configure --profile {profile}",
    ),
    ("RegionDisabledException", ""): (
        AwsError,
        "STS is switched off in {region} for this account",
        "encee refresh {role} --region us-east-1",
    ),
    ("InvalidAuthenticationCode", ""): (
        WrongCodeError,
        (
            "AWS did not accept the two codes: one was mistyped or already used, they do not follow one another, or the"
            " device's clock is off"
        ),
        "try the next two codes, and set the device's clock if it is off",
    ),
    ("EntityAlreadyExists", ""): (AlreadyExistsError, "it already exists: {text}", "choose another name"),
    ("NoSuchEntity", ""): (MissingError, "not found: {text}", "check the spelling"),
    ("DeleteConflict", ""): (InUseError, "still in use: {text}", "take it out of use first"),
    ("ConcurrentModification", ""): (RequestNotSentError, "AWS is still changing it: {text}", _TRY_AGAIN),
    ("EntityTemporarilyUnmodifiable", ""): (RequestNotSentError, "AWS is still changing it: {text}", _TRY_AGAIN),
    ("LimitExceeded", ""): (AwsError, "AWS quota reached: {text}", "remove one first"),
}
"""Code and part of the text of an error of AWS → class, message and hint of encee's error."""


def _translate_client_error(error: "ClientError", signer: Signer) -> AwsError:
    fields = error.response.get("Error", {})
    code = _remove_secrets(fields.get("Code", ""), signer).strip()
    text = _remove_secrets(fields.get("Message", ""), signer).strip()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if not code:
        return _explain_malformed_response()
    if code in _THROTTLED:
        return ThrottledError("AWS received too many requests from this account", hint="wait a minute and try again")
    if status >= 500:  # noqa: PLR2004 - the range of server errors
        return LostAnswerError(f"AWS had an internal error ({status})", hint=_TRY_AGAIN)
    if "Signature expired" in text or "Signature not yet current" in text:
        return _explain_clock(text)
    return _translate_code(code, text.rstrip("."), error.operation_name, signer)


def _remove_secrets(text: str, signer: Signer) -> str:
    for secret in filter(None, (signer.key.secret, signer.token)):
        text = text.replace(secret, "…")
    return text


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_TEXT_LENGTH else f"{text[:_MAX_TEXT_LENGTH]}…"


def _translate_code(code: str, text: str, operation: str, signer: Signer) -> AwsError:
    if signer.source_profile is not None and code in {"InvalidClientTokenId", "ExpiredToken"}:
        return _explain_rejected_session(code, signer)
    if code == "InvalidClientTokenId":
        return _explain_rejected_key(signer)
    role = signer.role or signer.profile
    values = {
        "profile": signer.profile,
        "role": role,
        "key_id": signer.key.id,
        "region": signer.region,
        "text": _truncate(text),
    }
    quoted = {name: shlex.quote(value) for name, value in values.items()}
    for (error_code, part), (error_type, message, hint) in _TRANSLATIONS.items():
        if code == error_code and part in text:
            return error_type(message.format(**values), hint=hint.format(**quoted))
    if not text:
        return UnexplainedError(
            f"AWS refused {operation} to {signer.profile} and did not say why ({_truncate(code)})",
            hint=_check_key_hint(signer),
        )
    if code == "AccessDenied":
        return (
            _explain_refused_role(text, role) if "sts:AssumeRole" in text else _explain_denial(text, operation, signer)
        )
    return AwsError(
        f"AWS refused the request of {signer.profile}: {_truncate(code)}: {_truncate(text)}",
        hint=_check_key_hint(signer),
    )


def _explain_rejected_session(code: str, signer: Signer) -> AwsError:
    names = dict.fromkeys(filter(None, (signer.source_profile, signer.profile)))
    command = ["encee", "refresh", *names]
    purpose = f", which assumes {signer.profile}" if len(names) > 1 else ""
    message = f"AWS no longer accepts the session of {signer.source_profile}{purpose}"
    if code == "InvalidClientTokenId" and not _ALWAYS_ENABLED.fullmatch(signer.region):
        message += f", or the region {signer.region} is not enabled for the account"
        command += ["--region", _DEFAULT_REGION]
    return AwsError(message, hint=shlex.join(command))


def _explain_rejected_key(signer: Signer) -> RejectedKeyError:
    """Return the error for a key that is unknown, or whose region is not enabled."""
    message = f"AWS does not know the key {signer.key.id} of {signer.profile} in {signer.region}"
    causes = ["it was deleted, made inactive or mistyped"]
    if _ALWAYS_ENABLED.fullmatch(signer.region):
        causes.append("it belongs to another partition, such as GovCloud or China")
        hint = f"make a new key in the console and enter it: aws configure --profile {shlex.quote(signer.profile)}"
    else:
        causes.append("the region is not enabled for the account or belongs to another partition")
        hint = shlex.join(["encee", "refresh", signer.role or signer.profile, "--region", _DEFAULT_REGION])
    return RejectedKeyError(f"{message}: {', or '.join(causes)}", hint=hint)


def _explain_refused_role(text: str, role: str) -> AwsError:
    """Return the error for a role that no policy allows the caller to assume."""
    denial = Denial.read(text) if len(text) <= _MAX_DENIAL_LENGTH else None
    hint = "check that the role exists, and that its trust policy allows this user, with MFA"
    if denial and denial.is_by_guardrail:
        hint = f"an administrator has to change the {denial.policy}"
    elif denial and denial.policy == "identity-based policy":
        hint = f"an administrator can allow it: {denial.statement}"
        if denial.is_explicit:
            hint = "an administrator has to change the policy that denies it"
    return AwsError(f"AWS refused to assume {role}: {_truncate(text)}", hint=hint)


def _explain_denial(text: str, operation: str, signer: Signer) -> DeniedError:
    """Return the error for a missing permission, with an administrator's remedy."""
    denial = Denial.read(text) if len(text) <= _MAX_DENIAL_LENGTH else None
    if denial is None:
        message = f"{signer.profile} is not allowed to perform {operation}: {_truncate(text)}"
        return DeniedError(message, hint=_check_key_hint(signer))
    message = f"{denial.name} is not allowed to perform {denial.action}: {denial.reason}"
    if not denial.is_explicit:
        change = f"an administrator has to change the {denial.policy}"
        allow = f"an administrator can allow it: {denial.statement}"
        return DeniedError(message, hint=change if denial.is_by_guardrail else allow)
    if isinstance(signer.key, Session) or operation == "GetSessionToken":
        return DeniedError(message, hint="an administrator has to change the policy that denies it")
    return NeedsMfaError(
        message,
        hint=f"where the account requires MFA, refresh first: encee refresh {shlex.quote(signer.profile)}",
    )


def _check_key_hint(signer: Signer) -> str:
    return f"check the key: aws sts get-caller-identity --profile {shlex.quote(signer.profile)}"


def _explain_clock(text: str) -> AwsError:
    """Return the error for a clock that differs from AWS's by more than 15 minutes."""
    skew = _SKEW.search(text)
    try:
        times = skew.groups() if skew else ()
        local, remote = (datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for time in times)
    except ValueError:
        message = f"AWS rejects the time of this machine's clock: {_truncate(text)}"
        return LostAnswerError(message, hint=CLOCK_REMEDY)
    minutes = round((local - remote).total_seconds() / 60)
    return ClockSkewError(
        f"this machine's clock is {abs(minutes)} min {'later' if minutes > 0 else 'earlier'} than AWS's",
        hint=CLOCK_REMEDY,
    )


def _explain_unreachable(error: Exception, signer: Signer) -> AwsError:
    error_type = EndpointRefusedError if _is_connection_refused(error) else UnusableCredentialsError
    if proxy := getattr(error, "kwargs", {}).get("proxy_url"):
        return error_type(
            _describe_proxy_fault(proxy, error),
            hint="check the proxy: HTTPS_PROXY, or HTTP_PROXY for http:// endpoints",
        )
    return error_type(
        f"{_find_endpoint(error, signer)} could not be reached",
        hint="check the network, the proxy (HTTPS_PROXY) and the region (--region)",
    )


def _describe_proxy_fault(proxy: str, error: Exception) -> str:
    """Describe the fault of a proxy, without the password that its URL may hold."""
    address = proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")
    reasons = (re.search(r"Tunnel connection failed: (.+?)'?\)*$", str(cause)) for cause in _causes(error))
    if reason := next(filter(None, reasons), None):
        return f"the proxy {address} does not connect to AWS: {_truncate(reason[1])}"
    return f"the proxy {address} could not be reached"


def _find_endpoint(error: Exception, signer: Signer) -> str:
    return getattr(error, "kwargs", {}).get("endpoint_url") or f"AWS's endpoint for {signer.region}"


def _explain_unsent(error: Exception, signer: Signer) -> AwsError | None:
    """Return the error for a request that failed before it was sent, or None."""
    import ssl

    from urllib3.exceptions import LocationValueError
    from urllib3.util.ssl_match_hostname import CertificateError

    causes = list(_causes(error))
    # OpenSSL verifies host names, urllib3 IP addresses.
    if any(isinstance(cause, (ssl.SSLCertVerificationError, CertificateError)) for cause in causes):
        return UnusableCredentialsError(
            f"the certificate of {_find_endpoint(error, signer)} is not trusted",
            hint="where a proxy inspects TLS, name its certificate: AWS_CA_BUNDLE=FILE, or ca_bundle in the profile",
        )
    if any(isinstance(cause, FileNotFoundError) or "invalid path" in str(cause) for cause in causes):
        return UnusableCredentialsError(
            "the file with the certificates to trust is missing",
            hint="check AWS_CA_BUNDLE and REQUESTS_CA_BUNDLE, and ca_bundle in the profile",
        )
    if any(isinstance(cause, LocationValueError) for cause in causes):
        return UnusableCredentialsError(
            "the URL of the endpoint or of the proxy is malformed",
            hint="check HTTPS_PROXY and HTTP_PROXY, and endpoint_url and AWS_ENDPOINT_URL",
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_connection_refused(error: BaseException | None) -> bool:
    """Whether the connection was refused, so that AWS certainly received nothing."""
    return any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))
