"""Limit the total time of a request and the size of its response."""

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from encee.aws.errors import CHECK_ENDPOINT, LostAnswerError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.httpsession import URLLib3Session

DEADLINE_SECONDS = 30.0
"""Limit for a request: name lookup, connection, TLS, headers and body together."""

_CHUNK_BYTES = 2**16
_MIB = 2**20

Result = TypeVar("Result")


def limit_responses(client: "BaseClient", *, mebibytes: int) -> None:
    """Limit a client's requests to `DEADLINE_SECONDS`, and its responses in size."""
    endpoint: Any = client._endpoint  # type: ignore[attr-defined]  # noqa: SLF001 - botocore has no public access to it
    endpoint.http_session = _LimitedSession(endpoint.http_session, mebibytes)


def run_with_timeout(seconds: float, work: Callable[[], Result]) -> Result:
    """Run a function in a thread, and abandon the thread after a timeout.

    Raises:
        TimeoutError: The function took longer.
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
    return result  # type: ignore[return-value]  # without an error, this is the result of `work`


class _LimitedSession:
    """An HTTP session that limits a whole request, not only each read."""

    def __init__(self, session: "URLLib3Session", mebibytes: int) -> None:
        self._session = session
        self._mebibytes = mebibytes

    def send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request and read the response.

        Raises:
            LostAnswerError: The time or the size limit was exceeded.
        """
        request.stream_output = True  # botocore would read the body before the size is checked
        try:
            return run_with_timeout(DEADLINE_SECONDS, lambda: self._send(request))
        except TimeoutError:
            raise LostAnswerError(f"AWS did not answer within {DEADLINE_SECONDS:g} s", hint=CHECK_ENDPOINT) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(self, request: "AWSPreparedRequest") -> "AWSResponse":
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
        from urllib3 import exceptions

        response: Any = self._session.send(request)
        try:
            body = self._read_body(response.raw)
        except exceptions.ReadTimeoutError as error:  # botocore's own session raises the same errors
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except exceptions.HTTPError as error:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error=error) from error
        return AWSResponse(response.url, response.status_code, response.headers, _Body(body))

    def _read_body(self, raw: Any) -> bytes:  # noqa: ANN401 - urllib3's response; botocore's stubs do not name it
        """Read the body in chunks; `raw.stream()` reads lines of any length."""
        body = bytearray()
        while chunk := raw.read(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._mebibytes * _MIB:
                raw.close()
                raise LostAnswerError(f"AWS's answer is longer than {self._mebibytes} MiB", hint=CHECK_ENDPOINT)
        return bytes(body)


class _Body:
    """A complete body with the interface that `AWSResponse` reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self._body
