"""Find the public IP address of this machine, as AWS sees it."""

import ipaddress
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

from encee.aws.http_limits import run_with_timeout
from encee.errors import AwsError

CHECK_IP = "https://checkip.amazonaws.com"
"""A service of AWS that returns the caller's address."""

_TIMEOUT_SECONDS = 5


def find_public_address(url: str = CHECK_IP) -> str:
    """Ask a service, through the proxies, for this machine's public address."""

    def fetch() -> str:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the URL above, or a test's
            return str(ipaddress.ip_address(answer.read(64).decode().strip()))

    try:
        return run_with_timeout(_TIMEOUT_SECONDS, fetch)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # the error keeps the connection open
        raise AwsError(
            f"{url} did not return this machine's public address", hint="name the address: --my-ip ADDRESS"
        ) from error
