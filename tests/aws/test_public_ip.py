"""The client of AWS's check-ip service, against a server on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import pytest

from encee.aws.public_ip import find_public_address
from encee.errors import AwsError


@contextmanager
def serve(body: bytes, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
def test_returns_the_address(address: str) -> None:
    with serve(f"{address}\n".encode()) as url:
        assert find_public_address(url) == address


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>sign in</html>", 200), (b"\xff\xfe", 200), (b"", 200), (b"no", 500)]
)
def test_a_response_without_an_address_is_an_error(body: bytes, status: int) -> None:
    with serve(body, status) as url, pytest.raises(AwsError) as failed:
        find_public_address(url)
    assert failed.value.hint == "name the address: --my-ip ADDRESS"


def test_a_server_that_does_not_speak_http_is_an_error() -> None:
    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        with pytest.raises(AwsError):
            find_public_address(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_a_refused_connection_is_an_error() -> None:
    with serve(b"") as url:
        pass
    with pytest.raises(AwsError):
        find_public_address(url)


def test_a_slow_response_does_not_exceed_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("encee.aws.public_ip._TIMEOUT_SECONDS", 0.3)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not ended.wait(0.05):
                self.wfile.write(b" ")

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(AwsError):
            find_public_address(f"http://127.0.0.1:{server.server_port}")
        assert time.monotonic() - began < 2
        ended.set()
        server.shutdown()
