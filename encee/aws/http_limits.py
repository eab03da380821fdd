"""Limits of a request: how long it takes in all, and how much of an answer is read."""

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from encee.aws.errors import SEE_ENDPOINT, LostAnswerError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.httpsession import URLLib3Session

DEADLINE_SECONDS = 30.0
"""How long a request takes at most: name look-up, connection, TLS, head and body together."""

_PIECE = 2**16
_MIB = 2**20

Result = TypeVar("Result")


def limit(client: "BaseClient", *, mebibytes: int) -> None:
    """Let a client's requests end at the deadline, and its answers at a size.

    Args:
        client: The client.
        mebibytes: How long an answer may be.
    """
    endpoint: Any = client._endpoint  # type: ignore[attr-defined]  # noqa: SLF001 - botocore has no other way to it
    endpoint.http_session = _LimitedSession(endpoint.http_session, mebibytes)


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Do work in a thread, and leave it there when it takes too long: nothing else ends a name look-up.

    Raises:
        TimeoutError: It took longer.
    """
    results: SimpleQueue[tuple[Result | None, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            results.put((work(), None))
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = results.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # without an error, it is what the work returned


class _LimitedSession:
    """Sends the requests of an endpoint, in the place of its HTTP session, which has a timeout per read only."""

    def __init__(self, session: "URLLib3Session", mebibytes: int) -> None:
        self._session = session
        self._mebibytes = mebibytes

    def send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request and read its answer.

        Raises:
            LostAnswerError: That took too long, or the answer is too long.
        """
        request.stream_output = True  # the answer's body is read here
        try:
            return within(DEADLINE_SECONDS, lambda: self._answer(request))
        except TimeoutError:
            raise LostAnswerError(f"AWS did not answer within {DEADLINE_SECONDS:g} s", hint=SEE_ENDPOINT) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _answer(self, request: "AWSPreparedRequest") -> "AWSResponse":
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
        from urllib3 import exceptions

        answer: Any = self._session.send(request)
        try:
            body = self._read(answer.raw)
        except exceptions.ReadTimeoutError as error:  # from here on as in botocore's own session
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except exceptions.HTTPError as error:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error=error) from error
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Body(body))

    def _read(self, raw: Any) -> bytes:  # noqa: ANN401 - urllib3's response, of which botocore's stubs know nothing
        """The body. `raw.stream()` would read the size of a chunk as a line without end."""
        body = bytearray()
        while piece := raw.read(_PIECE):
            body += piece
            if len(body) > self._mebibytes * _MIB:
                raw.close()
                raise LostAnswerError(f"AWS's answer is longer than {self._mebibytes} MiB", hint=SEE_ENDPOINT)
        return bytes(body)


class _Body:
    """A body as `AWSResponse` reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self._body
