"""A server that does a TLS handshake with an invalid certificate, and answers no request."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), BaseRequestHandler)
        self._context = context
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        self.spoken_to = 0
        """The number of connections with a request."""

    def finish_request(self, request: object, client_address: object) -> None:
        """Do the handshake, which the client may end."""
        del client_address
        assert isinstance(request, socket)
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as wrapped:
            self.spoken_to += bool(wrapped.recv(1))


@contextmanager
def served(folder: Path, *, host: str = "127.0.0.1", expired: bool = False) -> Iterator[_Server]:
    """Serve a certificate, which is also written to `folder/certificate.pem`, until the context is left."""
    pem = folder / "certificate.pem"
    pem.write_bytes(_certificate(host, expired=expired))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with _Server(context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _certificate(host: str, *, expired: bool) -> bytes:
    """Create a self-signed certificate for an address, with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    begins = datetime.now(UTC) - timedelta(days=2)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1 if expired else 10))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private
