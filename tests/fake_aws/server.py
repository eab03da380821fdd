"""The HTTP server, with keep-alive, latency, and faults of the connection.

werkzeug's own server closes the connection after each response, so that no test could show that a client
keeps it open.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Protocol

from moto.core.request import Request

from tests.fake_aws.faults import Ending

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug import Response

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")


@dataclass(frozen=True)
class Reply:
    """A response and how the client receives it."""

    response: Response
    ending: Ending = Ending.WHOLE
    seconds: float = 0


class Service(Protocol):
    """The service that answers the requests."""

    connect_latency: float

    def now(self) -> datetime: ...

    def reply(self, request: Request, connection: int) -> Reply: ...


class Handler(BaseHTTPRequestHandler):
    """A connection with all its requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # send head and body together

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)
        self.number = next(self.server.numbers)
        if self.server.interrupted.wait(self.server.service.connect_latency):
            self.server.open.discard(self.connection)
            raise ConnectionAbortedError  # a request before a reset must not reach the next account

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def exchange(self) -> None:
        """Answer one request."""
        host = self.headers.get("Host", "")
        request = Request.from_primitives(self.command, f"http://{host}{self.path}", self.headers, self.body())
        interrupted = (
            self.server.interrupted
        )  # read before the journal has the request, since a test may then end the connection
        reply = self.server.service.reply(request, self.number)
        interrupted.wait(reply.seconds)
        match reply.ending:
            case Ending.RESET:
                self.reset()
            case Ending.DRIP_HEAD | Ending.DRIP_BODY:
                self.drip(reply, interrupted)
            case Ending.FLOOD | Ending.FLOOD_CHUNK:
                self.flood(reply)
            case _:
                self.send(reply)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(chunks)

    def send(self, reply: Reply) -> None:
        body = reply.response.get_data()
        self.send_response(reply.response.status_code)
        for name, value in reply.response.headers:
            if name.lower() not in {"connection", "content-length", "date", "server"}:
                self.send_header(name, value)
        of_head = reply.response.headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", of_head or str(len(body)))
        if reply.ending is Ending.HALF:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drip(self, reply: Reply, interrupted: threading.Event) -> None:
        """Send a response byte by byte, with pauses."""
        quick, self.wfile = self.wfile, io.BytesIO()
        self.send(reply)
        answer, self.wfile = self.wfile.getvalue(), quick
        at_once = answer.index(b"\r\n\r\n") if reply.ending is Ending.DRIP_BODY else 0
        for part in (answer[:at_once], *(bytes([byte]) for byte in answer[at_once:])):
            if interrupted.wait(reply.seconds):
                break
            self.wfile.write(part)
            self.wfile.flush()
        self.close_connection = True

    def flood(self, reply: Reply) -> None:
        """Send 64 MiB."""
        self.close_connection = True
        self.send_response(200)
        if reply.ending is Ending.FLOOD_CHUNK:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(1024):
            self.wfile.write(b"0" * 65536)

    def reset(self) -> None:
        """End the connection with RST: close it with a linger time of zero."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header by the clock of the service."""
        del timestamp
        return format_datetime(self.server.service.now(), usegmt=True)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


for _method in METHODS:
    setattr(Handler, f"do_{_method}", Handler.exchange)


class Server(ThreadingHTTPServer):
    """A server on loopback in another thread; port 0 selects a free one."""

    request_queue_size = 128

    def __init__(self, service: Service, port: int = 0) -> None:
        self.service = service
        self.numbers = count(1)
        self.interrupted = threading.Event()
        self.open: set[socket.socket] = set()
        self._thread: threading.Thread | None = None
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.server_bind()

    @property
    def accepting(self) -> bool:
        """Return whether the server accepts connections."""
        return self._thread is not None

    def start(self) -> None:
        """Accept connections; before, the port is reserved but refuses them."""
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Release the port and end every connection."""
        if self._thread:
            self.shutdown()
            self._thread.join()
        self.server_close()
        self.cut()

    def cut(self) -> None:
        """End every connection, and then every pause, so that no answer is sent after a pause."""
        for connection in [*self.open]:
            with suppress(OSError):  # the client has closed it
                connection.shutdown(socket.SHUT_RDWR)
        self.interrupted.set()
        self.interrupted = threading.Event()

    def handle_error(self, *_connection: object) -> None:
        """Print an error, unless the client has closed the connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc()
