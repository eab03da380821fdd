"""The one door to boto3: clients that sign with exactly what encee means.

A client is built from a profile's own settings (its endpoint, certificates and proxies) and from explicit keys, so
that neither credentials in the environment nor an `AWS_PROFILE` that is gone can decide.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encee.aws.errors import UnusableCredentialsError, translate_errors
from encee.aws.http_limits import limit
from encee.aws.response_parser import CheckedParsers
from encee.aws.signer import ExternalCredentials, Signer
from encee.errors import AwsError
from encee.model import is_unencrypted

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from botocore.config import Config
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

_CONNECT_TIMEOUT_SECONDS = 5
_READ_TIMEOUT_SECONDS = 15
_REPORT_MEBIBYTES = 64
"""How long an answer of IAM may be: a credential report and a page of policies hold megabytes."""


class Clients:
    """Makes clients, of which each can be used in any thread.

    A session of its own for each, since `endpoint_url`, `ca_bundle` and `services` differ from profile to profile;
    they share the loader of the API models, which makes all but the first one cheap (9 ms instead of 60).

    Args:
        warn: Called, in any thread, with a line for an endpoint to which requests go without TLS.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._loader: Any = None

    def sts(self, signer: Signer) -> "STSClient":
        """A client of the regional STS endpoint that never sends a request twice by itself.

        botocore would send a request again after a 500, a reset or a timeout, with a code that AWS may have used up.

        Raises:
            AwsError: The profile's settings make no client.
        """
        with self._lock, translate_errors(signer), _settings_only():
            client = self._session(signer).client("sts", region_name=signer.region, config=_config(attempts=1))
            limit(client, mebibytes=1)
            self._look_at(client.meta.endpoint_url)
            return client

    def iam(self, signer: Signer, *, attempts: int = 3) -> "IAMClient":
        """A client of IAM.

        Args:
            signer: Who signs.
            attempts: How often a request goes out at most, where an answer is lost; 1 for what must not happen twice.

        Raises:
            AwsError: The profile's settings make no client.
        """
        with self._lock, translate_errors(signer), _settings_only():
            client = self._session(signer).client("iam", region_name=signer.region, config=_config(attempts=attempts))
            limit(client, mebibytes=_REPORT_MEBIBYTES)
            self._look_at(client.meta.endpoint_url)
            return client

    def _look_at(self, endpoint: str) -> None:
        """Warn of an endpoint without TLS, once."""
        if endpoint not in self._warned and is_unencrypted(endpoint):
            self._warned.add(endpoint)
            self._warn(f"{endpoint} is not encrypted: whoever is on the way reads MFA codes and session credentials")

    def _session(self, signer: Signer) -> "boto3.Session":
        import boto3

        core = _core(signer.profile, signer.credentials_file, signer.config_file)
        _refuse_empty_bundle(core, signer.profile)
        # A token of the global endpoint fails in opt-in regions.
        core.set_config_variable("sts_regional_endpoints", "regional")
        core.register("after-call", _refuse_strangers)
        core.register_component("response_parser_factory", CheckedParsers())
        if self._loader is None:
            self._loader = core.get_component("data_loader")
            # Else it looks through some 900 folders of API models for their names, for 20 ms.
            self._loader.list_available_services = lambda _type: ["iam", "sts"]
        else:
            core.register_component("data_loader", self._loader)
        return boto3.Session(
            botocore_session=core,
            aws_access_key_id=signer.key.id,
            aws_secret_access_key=signer.key.secret,
            aws_session_token=signer.token,
        )


def _refuse_empty_bundle(core: "botocore.session.Session", profile: str) -> None:
    """Refuse an empty name of the file with the certificates to trust: some versions of botocore check none then.

    Raises:
        UnusableCredentialsError: Names the variable or the option.
    """
    bundles = (
        (os.environ.get("AWS_CA_BUNDLE"), "AWS_CA_BUNDLE", "unset AWS_CA_BUNDLE"),
        (core.get_config_variable("ca_bundle"), f"ca_bundle of {profile}", "delete it, or let it name a file"),
        (os.environ.get("REQUESTS_CA_BUNDLE"), "REQUESTS_CA_BUNDLE", "unset REQUESTS_CA_BUNDLE"),
    )
    bundle, name, remedy = next((one for one in bundles if one[0] is not None), (None, "", ""))
    if bundle is not None and not bundle.strip():
        raise UnusableCredentialsError(
            f"{name} is empty, and should name a file with the certificates to trust", hint=remedy
        )


@contextmanager
def _settings_only() -> Iterator[None]:
    """Let whatever botocore raises over a setting be an error of the settings; nothing has been sent yet.

    It takes the settings' shape for granted: one that is nested where it should not be, or the other way round, ends
    in an AttributeError.

    Raises:
        ValueError: The settings make no client.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError("no client") from error


def find_credentials(profile: str, credentials_file: Path, config_file: Path, hint: str) -> ExternalCredentials:
    """What botocore takes for a profile without asking anybody: SSO, a web identity, a process, a section's keys.

    Args:
        profile: Whose credentials; none of the environment's count.
        credentials_file: Where it may lie.
        config_file: Where it may lie.
        hint: The command that signs in, or that shows what is wrong.

    Raises:
        AwsError: It finds none, or those that it finds are over.
    """
    try:
        credentials = _core(profile, credentials_file, config_file).get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    except Exception as error:  # what a program prints, or a file holds, can end in any of Python's own errors
        raise AwsError(f"{profile} has no credentials now: {type(error).__name__}", hint=hint) from error
    if frozen is None or not (frozen.access_key and frozen.secret_key):
        raise AwsError(f"{profile} has no credentials", hint=hint)
    if not all(isinstance(part, str) for part in (frozen.access_key, frozen.secret_key, frozen.token or "")):
        raise AwsError(f"{profile} has credentials that are no text", hint=hint)
    return ExternalCredentials(frozen.access_key, frozen.secret_key, frozen.token)


def _core(profile: str, credentials_file: Path, config_file: Path) -> "botocore.session.Session":
    """A session of botocore's for a profile of these files, which neither the environment's keys nor profile decide."""
    import botocore.session

    core = botocore.session.Session()
    core.set_config_variable("credentials_file", str(credentials_file))
    core.set_config_variable("config_file", str(config_file))
    if profile in core.available_profiles:
        core.set_config_variable("profile", profile)
    else:  # it is about to be written; else it would not be found, and AWS_PROFILE is nobody's business
        core.session_var_map["profile"] = (None, None, None, None)
    return core


def _refuse_strangers(**event: Any) -> None:  # noqa: ANN401 - as botocore calls whoever registers
    """Take an answer for lost that is without the id that AWS gives each request.

    To botocore, a page that happens to be XML, of a proxy or for signing in, is the success of every call whose answer
    holds nothing, such as UpdateAccessKey.
    """
    from botocore.parsers import ResponseParserError

    answer = event["parsed"]
    if "Error" not in answer and "RequestId" not in answer["ResponseMetadata"]:
        raise ResponseParserError("an answer without a request id")


def _config(*, attempts: int) -> "Config":
    from botocore.config import Config

    return Config(
        retries={"total_max_attempts": attempts},
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
    )
