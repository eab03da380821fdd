"""Faults between a client and AWS, for `FakeAws.fault`.

With `half`, `reset`, `drip_…`, `flood…`, `hang` and `meanwhile`, AWS processes the request, so that its code is
used even if the client receives no response. With all others, AWS does not process it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from werkzeug import Response

from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable


class Ending(Enum):
    """How the client receives a response."""

    WHOLE = auto()
    HALF = auto()  # all of it is announced, half is sent, the connection ends
    RESET = auto()  # nothing is sent, the connection is reset
    DRIP_HEAD = auto()  # all of it is sent byte by byte, with pauses
    DRIP_BODY = auto()  # the same for the body
    FLOOD = auto()  # a body of 64 MiB
    FLOOD_CHUNK = auto()  # the size of a chunk, 64 MiB of zeros


@dataclass(frozen=True)
class Fault:
    """A fault. Without a `substitute`, AWS processes the request."""

    name: str
    substitute: AwsError | Response | None = None
    ending: Ending = Ending.WHOLE
    seconds: float = 0  # of silence before the answer
    meanwhile: Callable[[], object] = lambda: None  # done before the answer leaves

    def substituted(self) -> Response | None:
        """Return the response that replaces the processing, if any."""
        if isinstance(self.substitute, AwsError):
            raise self.substitute
        return self.substitute


def error(code: str, message: str, status: int) -> Fault:
    """An error of AWS in the XML of the service."""
    return Fault(code, AwsError(code, message, status))


def status(number: int = 500) -> Fault:
    """An internal error of AWS."""
    message = "The request processing has failed because of an unknown error, exception or failure."
    return error("InternalFailure", message, number)


def throttled() -> Fault:
    """Too many requests."""
    return error("Throttling", "Rate exceeded", 400)


def denied(caller: str, action: str, resource: str, reason: str | None = None) -> Fault:
    """A denial by a policy, with a reason in the wording of AWS."""
    reason = reason or f"because no identity-based policy allows the {action} action"
    message = f"User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"
    return error("AccessDenied", message, 403)


def region_disabled(account_id: str = "123456789012") -> Fault:
    """STS is not enabled in the region."""
    message = (
        f"STS is not activated in this region for account:{account_id}. "
        "Your account administrator can activate STS in this region using the IAM Console."
    )
    return error("RegionDisabledException", message, 403)


def html(status: int = 200) -> Fault:
    """An HTML page from a proxy or a captive portal."""
    page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome<br></h1></body></html>\n"
    return Fault("html", Response(page, status, content_type="text/html; charset=utf-8"))


def session(key_id: str, expiration: str, action: str = "GetSessionToken", *, secret: str = "s" * 40) -> Fault:
    """A session from a server that is not AWS."""
    credentials = (
        f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{'t' * 300}</SessionToken><Expiration>{expiration}</Expiration>"
    )
    return document(
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
        f"<Credentials>{credentials}</Credentials></{action}Result>"
        f"<ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )


def document(text: str, status: int = 200) -> Fault:
    """A response with this XML."""
    return Fault("document", Response(text, status, content_type="text/xml"))


def half() -> Fault:
    """Carried out; the connection ends in the middle of the answer."""
    return Fault("half", ending=Ending.HALF)


def reset() -> Fault:
    """Carried out; the connection is reset instead of an answer."""
    return Fault("reset", ending=Ending.RESET)


def reset_before() -> Fault:
    """Not carried out: the connection is reset as soon as the request was read."""
    return Fault("reset_before", Response(), Ending.RESET)


def drip_head(seconds: float) -> Fault:
    """Carried out; the answer comes byte by byte, each after some silence."""
    return Fault("drip_head", ending=Ending.DRIP_HEAD, seconds=seconds)


def drip_body(seconds: float) -> Fault:
    """Carried out; the body of the answer comes byte by byte, each after some silence."""
    return Fault("drip_body", ending=Ending.DRIP_BODY, seconds=seconds)


def flood() -> Fault:
    """Carried out; 64 MiB come in the place of the answer."""
    return Fault("flood", ending=Ending.FLOOD)


def flood_chunk() -> Fault:
    """Carried out; 64 MiB of a line come in the place of the answer."""
    return Fault("flood_chunk", ending=Ending.FLOOD_CHUNK)


def hang(seconds: float) -> Fault:
    """Carried out; the answer comes after some silence."""
    return Fault("hang", seconds=seconds)


def hang_before(seconds: float) -> Fault:
    """Not carried out: nothing but silence, and then an empty answer."""
    return Fault("hang_before", Response(), seconds=seconds)


def meanwhile(action: Callable[[], object]) -> Fault:
    """Carried out; something else happens before the answer leaves."""
    return Fault("meanwhile", meanwhile=action)


def fine() -> Fault:
    """Carried out: no fault at all, for the calls that come before the one that is to fail."""
    return Fault("fine")
