"""What AWS's errors, and boto3's, mean in encee's words, each with the hint that solves it.

One file on purpose: whoever words a new error sees beside it the kinds of errors that there are, and how all others
are worded.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from encee.aws.access_denied import Denial
from encee.aws.signer import Signer
from encee.errors import AwsError, WrongCodeError
from encee.model import Session

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_AGAIN = "try again in a moment"
_FIRST_REGION = "us-east-1"
_ALWAYS_ENABLED = re.compile(
    r"us-(east|west)-[12]|ca-central-1|sa-east-1|eu-(central|north)-1|eu-west-[123]"
    r"|ap-northeast-[123]|ap-south-1|ap-southeast-[12]"
)
"""The regions that no account has to enable: https://docs.aws.amazon.com/general/latest/gr/rande-manage.html"""
SEE_ENDPOINT = "see what answers: the endpoint (AWS_ENDPOINT_URL, endpoint_url of the profile) and the proxy"
CLOCK_REMEDY = "let the clock be set over the network (on Linux: sudo timedatectl set-ntp true)"
_SKEW = re.compile(r"(\d{8}T\d{6}Z) is (?:now earlier|still later) than \d{8}T\d{6}Z \((\d{8}T\d{6}Z) [-+] 15 min")
_LONGEST_TEXT = 400
"""Characters of AWS's own words that are shown at most."""
_LONGEST_DENIAL = 2000
"""Characters of a denial at most: three ARNs with paths of the longest kind."""


class RequestNotSentError(AwsError):
    """AWS did not carry the request out, so it can be sent again, with the same code."""


class ThrottledError(RequestNotSentError):
    """There were too many requests."""


class UnusableCredentialsError(AwsError):
    """The key, the secret, the clock or the network is wrong: no code would help."""


class RejectedKeyError(UnusableCredentialsError):
    """AWS does not accept the access key: its id or its secret is wrong, or it is no more."""


class ClockSkewError(UnusableCredentialsError):
    """This machine's clock is so far from AWS's that no signature is accepted."""


class EndpointRefusedError(UnusableCredentialsError, RequestNotSentError):
    """The connection was refused, so nothing was sent."""


class LostAnswerError(AwsError):
    """The request went out, and no answer that can be trusted came back."""


class DeniedError(AwsError):
    """The policies of the account do not let this user do it."""


class NeedsMfaError(DeniedError):
    """A policy denies it to a key alone, as one does that requires MFA; a session may be allowed to."""


class UnexplainedError(DeniedError):
    """AWS refused, and its answer does not say why."""


class AlreadyExistsError(AwsError):
    """There is something of that name already."""


class MissingError(AwsError):
    """There is nothing of that name."""


class InUseError(AwsError):
    """It cannot be deleted while it is in use."""


@contextmanager
def translate_errors(signer: Signer) -> Iterator[None]:
    """Turn what boto3 raises into encee's errors, each with the hint that solves it.

    Raises:
        WrongCodeError: AWS did not accept the code.
        LostAnswerError: The request went out and no answer that can be trusted came back.
        ThrottledError: Too many requests; nothing was done.
        EndpointRefusedError: Nothing was sent.
        DeniedError: A policy does not allow it; the message names the action.
        TakenError, MissingError, InUseError: IAM has, or lacks, what the request is about.
        RejectedKeyError: The key or the secret is wrong.
        ClockSkewError: The clock is.
        UnusableCredentialsError: The network is.
        AwsError: Everything else.
    """
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(error, signer) from error
    except (
        exceptions.EndpointConnectionError,
        exceptions.ConnectTimeoutError,
        exceptions.ProxyConnectionError,
    ) as error:
        raise _unreachable(error, signer) from error
    except (exceptions.SSLError, exceptions.HTTPClientError) as error:
        cut_off = LostAnswerError("the connection to AWS was cut off before the answer was complete", hint=_AGAIN)
        raise _never_sent(error, signer) or cut_off from error
    except (ResponseParserError, KeyError) as error:  # KeyError: it lacks what was asked for
        raise _not_aws() from error
    except exceptions.ConfigParseError:
        # Its text, and so that of any error raised from it, can quote a secret.
        raise AwsError(
            f"boto3 could not read the files of {signer.profile}", hint="see what is wrong with them: encee doctor"
        ) from None
    except (exceptions.BotoCoreError, ValueError) as error:
        raise AwsError(
            f"boto3 could not make a request with the settings of {signer.profile}: {type(error).__name__}",
            hint=f"look at region ({signer.region}) and the other settings of the profile, and at the AWS_ variables",
        ) from error


def _not_aws() -> LostAnswerError:
    return LostAnswerError("AWS's answer arrived in pieces, or a proxy or sign-in page answered", hint=_AGAIN)


class _Meaning(NamedTuple):
    """What an answer means: its code and a part of its text; encee's error, message and hint."""

    code: str
    part: str
    kind: type[AwsError]
    message: str
    hint: str


_MEANINGS = (
    _Meaning(
        "AccessDenied",
        "invalid MFA one time pass code",
        WrongCodeError,
        "AWS did not accept the code: it was mistyped, or already used, or the device's clock is off",
        "wait until the device shows the next code, then try that one",
    ),
    _Meaning(
        "AccessDenied",
        "validate MFA code",
        AwsError,
        "the device does not belong to the user whose key {profile} holds",
        "name this user's own device with --mfa-serial ARN, or mend mfa_serial in the profile",
    ),
    _Meaning(
        "AccessDenied",
        "session credentials",
        AwsError,
        "{profile} holds session credentials; AWS trades a code only for long-term keys",
        "name a profile with long-term keys",
    ),
    _Meaning(
        "ValidationError",
        "MaxSessionDuration",
        AwsError,
        "duration_seconds of {role} is more than the role allows",
        "make it 3600, or raise the role's limit",
    ),
    _Meaning(
        "SignatureDoesNotMatch",
        "scoped to a valid region",
        UnusableCredentialsError,
        "the region {region} of {role} is not one of the endpoint that was asked",
        "set region to the endpoint's, or correct the endpoint: endpoint_url of the profile, AWS_ENDPOINT_URL",
    ),
    _Meaning(
        "SignatureDoesNotMatch",
        "",
        RejectedKeyError,
        "the secret access key of {profile} does not belong to its key id {key_id}",
        "enter both again: aws configure --profile {profile}",
    ),
    _Meaning(
        "RegionDisabledException",
        "",
        AwsError,
        "STS is switched off in {region} for this account",
        "encee refresh {role} --region us-east-1",
    ),
    _Meaning(
        "InvalidAuthenticationCode",
        "",
        WrongCodeError,
        "AWS did not accept the two codes: one was mistyped or is used, they do not follow one another, or the"
        " device's clock is off",
        "try the next two codes, and set the device's clock if it is off",
    ),
    _Meaning("EntityAlreadyExists", "", AlreadyExistsError, "AWS has it already: {text}", "choose another name"),
    _Meaning("NoSuchEntity", "", MissingError, "AWS does not know it: {text}", "see whether it is spelled right"),
    _Meaning("DeleteConflict", "", InUseError, "AWS does not delete it: {text}", "take it out of use first"),
    _Meaning("ConcurrentModification", "", RequestNotSentError, "AWS is at work on it: {text}", _AGAIN),
    _Meaning("EntityTemporarilyUnmodifiable", "", RequestNotSentError, "AWS is at work on it: {text}", _AGAIN),
    _Meaning("LimitExceeded", "", AwsError, "AWS allows no more of them: {text}", "remove one first"),
)


def _refusal(error: "ClientError", signer: Signer) -> AwsError:
    """What an error that AWS answered means, and what to do about it."""
    answer = error.response.get("Error", {})
    code = _without_secrets(answer.get("Code", ""), signer).strip()
    text = _without_secrets(answer.get("Message", ""), signer).strip()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if not code:
        return _not_aws()
    if code in _THROTTLED:
        return ThrottledError("AWS gets too many requests from this account", hint="wait a minute and try again")
    if status >= 500:  # noqa: PLR2004 - every server error
        return LostAnswerError(f"AWS had an internal error ({status})", hint=_AGAIN)
    if "Signature expired" in text or "Signature not yet current" in text:
        return _clock_off(text)
    return _meant(code, text.rstrip("."), error.operation_name, signer)


def _without_secrets(text: str, signer: Signer) -> str:
    for secret in filter(None, (signer.key.secret, signer.token)):
        text = text.replace(secret, "…")
    return text


def _cut(text: str) -> str:
    """A text of AWS's, no longer than a person reads."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _meant(code: str, text: str, operation: str, signer: Signer) -> AwsError:
    """What AWS means by refusing what this signer wanted."""
    if signer.source_profile is not None and code in {"InvalidClientTokenId", "ExpiredToken"}:
        return _dead_session(code, signer)
    if code == "InvalidClientTokenId":
        return _unknown_key(signer)
    role = signer.role or signer.profile
    facts = {
        "profile": signer.profile,
        "role": role,
        "key_id": signer.key.id,
        "region": signer.region,
        "text": _cut(text),
    }
    quoted = {name: shlex.quote(fact) for name, fact in facts.items()}
    for meaning in _MEANINGS:
        if code == meaning.code and meaning.part in text:
            return meaning.kind(meaning.message.format(**facts), hint=meaning.hint.format(**quoted))
    if not text:
        return UnexplainedError(
            f"AWS refused {operation} to {signer.profile} and did not say why ({_cut(code)})",
            hint=_whether_it_works(signer),
        )
    if code == "AccessDenied":
        return _denied(text, operation, signer) if "sts:AssumeRole" not in text else _not_assumed(text, facts["role"])
    return AwsError(
        f"AWS refused the request of {signer.profile}: {_cut(code)}: {_cut(text)}", hint=_whether_it_works(signer)
    )


def _dead_session(code: str, signer: Signer) -> AwsError:
    """The error for a session that AWS does not accept."""
    names = dict.fromkeys(filter(None, (signer.source_profile, signer.profile)))
    command = ["encee", "refresh", *names]
    use = f", with which {signer.profile} is assumed" if len(names) > 1 else ""
    message = f"AWS does not accept the session of {signer.source_profile} any more{use}"
    if code == "InvalidClientTokenId" and not _ALWAYS_ENABLED.fullmatch(signer.region):
        message += f", or the region {signer.region} is not enabled for the account"
        command += ["--region", _FIRST_REGION]
    return AwsError(message, hint=shlex.join(command))


def _unknown_key(signer: Signer) -> RejectedKeyError:
    """The error for a key that AWS does not know; it answers the same in a region that is not enabled."""
    message = f"AWS does not know the key {signer.key.id} of {signer.profile} in {signer.region}"
    causes = ["it was deleted, made inactive or mistyped"]
    if _ALWAYS_ENABLED.fullmatch(signer.region):
        causes.append("it belongs to another partition, such as GovCloud or China")
        hint = f"make a new key in the console and enter it: aws configure --profile {shlex.quote(signer.profile)}"
        there = shlex.join(["encee", "refresh", signer.role or signer.profile, "--region", "us-gov-west-1"])
        hint += f"; a key of GovCloud or China needs a region there: {there}"
    else:
        causes.append("the region is not enabled for the account or belongs to another partition")
        hint = shlex.join(["encee", "refresh", signer.role or signer.profile, "--region", _FIRST_REGION])
    return RejectedKeyError(f"{message}: {', or '.join(causes)}", hint=hint)


def _not_assumed(text: str, role: str) -> AwsError:
    """The error for a role that a policy does not let be assumed: its own trust policy, or another one."""
    denial = Denial.read(text) if len(text) <= _LONGEST_DENIAL else None
    hint = "its trust policy has to allow this user, with MFA; a role that does not exist looks the same"
    if denial and denial.is_by_guardrail:
        hint = f"an administrator has to change the {denial.policy}"
    elif denial and denial.policy == "identity-based policy":
        hint = f"an administrator can allow it: {denial.statement}"
        if denial.is_explicit:
            hint = "an administrator has to change the policy that denies it"
    return AwsError(f"AWS does not let {role} be assumed: {_cut(text)}", hint=hint)


def _denied(text: str, operation: str, signer: Signer) -> DeniedError:
    """What a missing permission means: which action it is, and who can do what about it."""
    denial = Denial.read(text) if len(text) <= _LONGEST_DENIAL else None
    if denial is None:
        message = f"AWS does not let {signer.profile} do {operation}: {_cut(text)}"
        return DeniedError(message, hint=_whether_it_works(signer))
    message = f"AWS does not let {denial.name} do {denial.action}: {denial.reason}"
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


def _whether_it_works(signer: Signer) -> str:
    return f"see whether the key works at all: aws sts get-caller-identity --profile {shlex.quote(signer.profile)}"


def _clock_off(text: str) -> AwsError:
    """The error for a clock that AWS finds too far from its own."""
    skew = _SKEW.search(text)
    try:
        moments = skew.groups() if skew else ()
        here, there = (datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for moment in moments)
    except ValueError:
        message = f"AWS finds this machine's clock wrong, in words that encee cannot read: {_cut(text)}"
        return LostAnswerError(message, hint=CLOCK_REMEDY)
    minutes = round((here - there).total_seconds() / 60)
    return ClockSkewError(
        f"this machine's clock is {abs(minutes)} min {'ahead of' if minutes > 0 else 'behind'} AWS's",
        hint=CLOCK_REMEDY,
    )


def _unreachable(error: Exception, signer: Signer) -> AwsError:
    kind = EndpointRefusedError if _refused_connection(error) else UnusableCredentialsError
    if proxy := getattr(error, "kwargs", {}).get("proxy_url"):
        return kind(
            _proxy_fault(proxy, error), hint="check the proxy: HTTPS_PROXY, or HTTP_PROXY for http:// endpoints"
        )
    return kind(
        f"{_endpoint(error, signer)} could not be reached",
        hint="check the network, the proxy (HTTPS_PROXY) and the region (--region)",
    )


def _proxy_fault(proxy: str, error: Exception) -> str:
    """What is wrong with a proxy; without the user and the password that its URL may hold."""
    place = proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")
    answers = (re.search(r"Tunnel connection failed: (.+?)'?\)*$", str(cause)) for cause in _chain(error))
    if answer := next(filter(None, answers), None):
        return f"the proxy {place} does not connect to AWS: {_cut(answer[1])}"
    return f"the proxy {place} could not be reached"


def _endpoint(error: Exception, signer: Signer) -> str:
    """Who was asked."""
    return getattr(error, "kwargs", {}).get("endpoint_url") or f"AWS's endpoint for {signer.region}"


def _never_sent(error: Exception, signer: Signer) -> AwsError | None:
    """The error for a request that failed before it went out: at a certificate, its file, or an address."""
    import ssl

    from urllib3.exceptions import LocationValueError
    from urllib3.util.ssl_match_hostname import CertificateError

    causes = list(_chain(error))
    # OpenSSL compares names, urllib3 addresses.
    if any(isinstance(cause, (ssl.SSLCertVerificationError, CertificateError)) for cause in causes):
        return UnusableCredentialsError(
            f"the certificate of {_endpoint(error, signer)} is not trusted",
            hint="where a proxy inspects TLS, name its certificate: AWS_CA_BUNDLE=FILE, or ca_bundle in the profile",
        )
    if any(isinstance(cause, FileNotFoundError) or "invalid path" in str(cause) for cause in causes):
        return UnusableCredentialsError(
            "the file with the certificates to trust is missing",
            hint="check AWS_CA_BUNDLE and REQUESTS_CA_BUNDLE, and ca_bundle in the profile",
        )
    if any(isinstance(cause, LocationValueError) for cause in causes):
        return UnusableCredentialsError(
            "the address of the endpoint, or of the proxy, is not one",
            hint="check HTTPS_PROXY and HTTP_PROXY, and endpoint_url and AWS_ENDPOINT_URL",
        )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refused_connection(error: BaseException | None) -> bool:
    """Whether a connection failed because nobody listened, which is the one case in which nothing can have arrived."""
    return any(isinstance(cause, ConnectionRefusedError) for cause in _chain(error))
