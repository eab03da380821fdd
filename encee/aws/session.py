"""The one door to boto3: clients that sign with exactly what encee means, and AWS's errors in encee's words.

A client is built from a profile's own settings (its endpoint, certificates and proxies) and from explicit keys, so
that neither credentials in the environment nor an `AWS_PROFILE` that is gone can decide.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from encee.errors import AwsError, CodeMayBeSpentError, EnceeError, WrongCodeError
from encee.model import AccessKey

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_sts import STSClient

_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 15
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_SKEW = re.compile(r"(\d{8}T\d{6}Z) is (?:now earlier|still later) than \d{8}T\d{6}Z \((\d{8}T\d{6}Z) [-+] 15 min")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs a request, and which settings apply to it.

    Args:
        profile: The profile whose settings (`endpoint_url`, `ca_bundle`, `services`) apply.
        key: The long-term credentials that sign.
        region: The region of the endpoint.
        credentials_file: Where the profile lies.
        config_file: Where its settings lie.
    """

    profile: str
    key: AccessKey
    region: str
    credentials_file: Path
    config_file: Path


class ThrottledError(AwsError):
    """AWS did not carry the request out because there were too many; it can be sent again."""


class ConnectionRefusedByAwsError(AwsError):
    """Nobody listens at the endpoint, so nothing was sent; it can be sent again."""


def sts_client(signer: Signer) -> "STSClient":
    """A client of the regional STS endpoint that never sends a request twice by itself.

    botocore would send a request again after a 500, a reset or a timeout, with a code that AWS may have used up.

    Raises:
        AwsError: The profile's settings make no client.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session()
    core.set_config_variable("credentials_file", str(signer.credentials_file))
    core.set_config_variable("config_file", str(signer.config_file))
    core.set_config_variable("profile", signer.profile)
    # A token of the global endpoint fails in opt-in regions.
    core.set_config_variable("sts_regional_endpoints", "regional")
    with explained(signer):
        session = boto3.Session(
            botocore_session=core, aws_access_key_id=signer.key.id, aws_secret_access_key=signer.key.secret
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT)
        return session.client("sts", region_name=signer.region, config=config)


@contextmanager
def explained(signer: Signer) -> Iterator[None]:
    """Turn what boto3 raises into encee's errors, each with the hint that solves it.

    Raises:
        WrongCodeError: AWS did not accept the code.
        CodeMayBeSpentError: The request went out and no answer that can be trusted came back.
        ThrottledError: Too many requests; nothing was done.
        ConnectionRefusedByAwsError: Nothing was sent.
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
    except exceptions.SSLError as error:
        raise AwsError(
            f"the certificate of the STS endpoint of {signer.region} is not trusted",
            hint="where a proxy inspects TLS, name its certificate: AWS_CA_BUNDLE=FILE, or ca_bundle in the profile",
        ) from error
    except exceptions.HTTPClientError as error:
        raise _may_be_spent("the connection to AWS was cut off before the answer was complete") from error
    except ResponseParserError as error:
        raise _may_be_spent("AWS's answer arrived in pieces, or a proxy or sign-in page answered") from error
    except exceptions.ConfigParseError:
        # Its text, and so that of any error raised from it, can quote a secret.
        raise AwsError(
            f"boto3 could not read the files of {signer.profile}", hint="check them with: encee status"
        ) from None
    except exceptions.BotoCoreError as error:
        raise AwsError(f"boto3 could not make the request for {signer.profile}: {error}") from error


def _refusal(error: "ClientError", signer: Signer) -> EnceeError:  # noqa: PLR0911 - a table: a cause, a return
    """What an error that AWS answered means, and what to do about it."""
    code = error.response.get("Error", {}).get("Code", "")
    text = error.response.get("Error", {}).get("Message", "").strip()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    profile, key_id = signer.profile, signer.key.id
    text = text.replace(signer.key.secret, "…")
    if code in _THROTTLED:
        return ThrottledError("AWS gets too many requests from this account", hint="wait a minute and try again")
    if status >= 500:  # noqa: PLR2004 - every server error
        return _may_be_spent(f"AWS had an internal error ({status})")
    match code:
        case "AccessDenied" if "invalid MFA one time pass code" in text:
            return WrongCodeError(
                "AWS did not accept the code: it was mistyped, or already used, or the device's clock is off",
                hint="wait until the device shows the next code, then try that one",
            )
        case "AccessDenied" if "validate MFA code" in text:
            return AwsError(
                f"the device does not belong to the user whose key {profile} holds",
                hint="name this user's own device with --mfa-serial ARN, or mend mfa_serial in the profile",
            )
        case "AccessDenied" if "session credentials" in text:
            return AwsError(
                f"{profile} holds session credentials; AWS trades a code only for long-term keys",
                hint="name a profile with long-term keys",
            )
        case "SignatureDoesNotMatch" if skew := _SKEW.search(text):
            here, there = (datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for moment in skew.groups())
            minutes = round((here - there).total_seconds() / 60)
            return AwsError(
                f"this machine's clock is {abs(minutes)} min {'ahead of' if minutes > 0 else 'behind'} AWS's",
                hint="set the clock: sudo timedatectl set-ntp true",
            )
        case "SignatureDoesNotMatch":
            return AwsError(
                f"the secret access key of {profile} does not belong to its key id {key_id}",
                hint=f"enter both again: aws configure --profile {profile}",
            )
        case "InvalidClientTokenId":
            return AwsError(
                f"AWS does not know the key {key_id} of {profile}: it was deleted, made inactive or mistyped",
                hint=f"make a new key in the console and enter it: aws configure --profile {profile}",
            )
        case "RegionDisabledException":
            return AwsError(
                f"STS is switched off in {signer.region} for this account",
                hint="use another region: --region us-east-1",
            )
        case _:
            return AwsError(f"AWS refused the request of {profile}: {code}: {text}")


def _unreachable(error: Exception, signer: Signer) -> AwsError:
    endpoint = getattr(error, "kwargs", {}).get("endpoint_url") or f"the STS endpoint of {signer.region}"
    kind = ConnectionRefusedByAwsError if _refused_connection(error) else AwsError
    return kind(
        f"{endpoint} could not be reached", hint="check the network, the proxy (HTTPS_PROXY) and the region (--region)"
    )


def _refused_connection(error: BaseException | None) -> bool:
    """Whether a connection failed because nobody listened, which is the one case in which nothing can have arrived."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _may_be_spent(what: str) -> CodeMayBeSpentError:
    return CodeMayBeSpentError(
        f"{what}: that code may have been used", hint="wait until the device shows the next code, then try again"
    )
