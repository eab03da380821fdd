"""Create boto3 clients that sign with exactly the given credentials.

A client is built from a profile's own settings (endpoint, certificates, proxies) and from explicit keys, so that
neither credentials in the environment nor an `AWS_PROFILE` that does not exist have an effect.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from encee.aws.errors import UnusableCredentialsError, translate_errors
from encee.aws.http_limits import limit_responses
from encee.aws.response_parser import CheckedParsers
from encee.aws.signer import ExternalCredentials, Signer
from encee.errors import AwsError
from encee.model import is_unencrypted

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

_CONNECT_TIMEOUT_SECONDS = 5
_READ_TIMEOUT_SECONDS = 15
_IAM_RESPONSE_MEBIBYTES = 64
"""Limit for a response of IAM: credential reports and pages of policies have several MiB."""


class Clients:
    """Creates clients, which are thread-safe.

    Each client has its own botocore session, since `endpoint_url`, `ca_bundle` and `services` differ between profiles.
    The sessions share the loader of the API models, so that further clients take 9 ms instead of 60.

    Args:
        warn: Called, in any thread, with a line about an endpoint without TLS.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._loader: Any = None

    def sts(self, signer: Signer) -> "STSClient":
        """Create a client for the regional STS endpoint that sends each request once.

        botocore's default is to repeat a request after status 500, a reset or a timeout, when AWS may have used the
        code.

        Raises:
            AwsError: The profile's settings are invalid.
        """
        client: STSClient = self._create("sts", signer, attempts=1, mebibytes=1)
        return client

    def iam(self, signer: Signer, *, attempts: int = 3) -> "IAMClient":
        """Create an IAM client.

        Args:
            signer: The caller.
            attempts: How often botocore sends a request at most; 1 for requests that must not be repeated.

        Raises:
            AwsError: The profile's settings are invalid.
        """
        client: IAMClient = self._create("iam", signer, attempts=attempts, mebibytes=_IAM_RESPONSE_MEBIBYTES)
        return client

    def _create(self, service: Literal["iam", "sts"], signer: Signer, *, attempts: int, mebibytes: int) -> Any:  # noqa: ANN401 - boto3 has a type for each service
        from botocore.config import Config

        config = Config(
            retries={"total_max_attempts": attempts},
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            read_timeout=_READ_TIMEOUT_SECONDS,
        )
        with self._lock, translate_errors(signer):
            try:
                client = self._session(signer).client(service, region_name=signer.region, config=config)
            except (AttributeError, LookupError, TypeError) as error:
                # botocore raises these over malformed settings, such as one that is nested and should not be.
                raise ValueError("invalid settings") from error
            limit_responses(client, mebibytes=mebibytes)
            endpoint = client.meta.endpoint_url
            if endpoint not in self._warned and is_unencrypted(endpoint):
                self._warned.add(endpoint)
                self._warn(
                    f"{endpoint} is not encrypted: anyone on the network can read MFA codes and session credentials"
                )
            return client

    def _session(self, signer: Signer) -> "boto3.Session":
        import boto3

        core = _core(signer.profile, signer.credentials_file, signer.config_file)
        _refuse_empty_bundle(core, signer.profile)
        # Opt-in regions reject tokens of the global endpoint.
        core.set_config_variable("sts_regional_endpoints", "regional")
        core.register("after-call", _reject_foreign_response)
        core.register_component("response_parser_factory", CheckedParsers())
        if self._loader is None:
            self._loader = core.get_component("data_loader")
            # This saves 20 ms: the loader lists some 900 folders of API models otherwise.
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
    """Refuse an empty `ca_bundle`: some versions of botocore then check nothing.

    Raises:
        UnusableCredentialsError: The message names the variable or the option.
    """
    bundles = (
        (os.environ.get("AWS_CA_BUNDLE"), "AWS_CA_BUNDLE", "unset AWS_CA_BUNDLE"),
        (core.get_config_variable("ca_bundle"), f"ca_bundle of {profile}", "delete it, or name a file"),
        (os.environ.get("REQUESTS_CA_BUNDLE"), "REQUESTS_CA_BUNDLE", "unset REQUESTS_CA_BUNDLE"),
    )
    bundle, name, remedy = next((entry for entry in bundles if entry[0] is not None), (None, "", ""))
    if bundle is not None and not bundle.strip():
        raise UnusableCredentialsError(
            f"{name} is empty, and should name a file with the certificates to trust", hint=remedy
        )


def find_credentials(profile: str, credentials_file: Path, config_file: Path, hint: str) -> ExternalCredentials:
    """Return the credentials that botocore finds for a profile without a prompt.

    Args:
        profile: The profile; credentials in the environment are ignored.
        hint: The hint of the error, such as the command that signs in.
    """
    try:
        credentials = _core(profile, credentials_file, config_file).get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    except Exception as error:  # malformed files and output of programs raise errors of any kind
        raise AwsError(f"{profile} has no credentials now: {type(error).__name__}", hint=hint) from error
    if frozen is None or not (frozen.access_key and frozen.secret_key):
        raise AwsError(f"{profile} has no credentials", hint=hint)
    if not all(isinstance(part, str) for part in (frozen.access_key, frozen.secret_key, frozen.token or "")):
        raise AwsError(f"{profile} has malformed credentials", hint=hint)
    return ExternalCredentials(frozen.access_key, frozen.secret_key, frozen.token)


def _core(profile: str, credentials_file: Path, config_file: Path) -> "botocore.session.Session":
    """Create a botocore session for a profile of these files, not for AWS_PROFILE."""
    import botocore.session

    core = botocore.session.Session()
    core.set_config_variable("credentials_file", str(credentials_file))
    core.set_config_variable("config_file", str(config_file))
    if profile in core.available_profiles:
        core.set_config_variable("profile", profile)
    else:  # encee is about to write the profile; botocore raises ProfileNotFound for it or for AWS_PROFILE otherwise
        core.session_var_map["profile"] = (None, None, None, None)
    return core


def _reject_foreign_response(**event: Any) -> None:  # noqa: ANN401 - the signature of botocore's event handlers
    """Reject a response without a request id, which AWS puts into every response.

    botocore takes an XHTML page of a proxy or for signing in as the success of a call with an empty response, such as
    UpdateAccessKey.
    """
    from botocore.parsers import ResponseParserError

    response = event["parsed"]
    if "Error" not in response and "RequestId" not in response["ResponseMetadata"]:
        raise ResponseParserError("a response without a request id")
