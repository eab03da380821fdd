"""The public address from which requests reach AWS."""

import ipaddress
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

from encee.aws.http_limits import within
from encee.errors import AwsError

CHECK_IP = "https://checkip.amazonaws.com"
"""AWS's own service that answers with the caller's address."""

_TIMEOUT_SECONDS = 5


def find_public_address(url: str = CHECK_IP) -> str:
    """The address that AWS sees, IPv4 or IPv6.

    Args:
        url: Which service to ask; the proxies of the environment are used as for any request.

    Raises:
        AwsError: It did not answer with an address.
    """

    def ask() -> str:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the address above, or a test's
            return str(ipaddress.ip_address(answer.read(64).decode().strip()))

    try:
        return within(_TIMEOUT_SECONDS, ask)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the answer, and so the connection
        raise AwsError(
            f"{url} did not tell this machine's public address", hint="give it yourself: --my-ip ADDRESS"
        ) from error
