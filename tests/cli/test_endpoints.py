"""Endpoints, certificates, proxies and regions of requests are those of boto3."""

import re
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pexpect
import pytest

from tests.conftest import Encee, Home, Person, on_terminal
from tests.fake_aws import FakeAws, faults

pytestmark = pytest.mark.slow


class Relay(socketserver.ThreadingTCPServer):
    """Forward connections to the stand-in, and record the first line of each request.

    It serves as an HTTP proxy, which refuses to open tunnels, and with a certificate as an endpoint with TLS.
    """

    daemon_threads = True

    def __init__(self, target: str, certificate: Path | None = None) -> None:
        self.target = target.removeprefix("http://").partition(":")
        self.asked: list[str] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.tls and certificate:
            self.tls.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), _Connection)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Ignore clients that do not trust the certificate."""


class _Connection(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        client = self.server.tls.wrap_socket(self.request, server_side=True) if self.server.tls else self.request
        with client:
            request = client.recv(65536)
            first, _, rest = request.partition(b"\r\n")
            self.server.asked.append(first.decode())
            if first.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = self.server.target
            with socket.create_connection((host, int(port))) as upstream:
                upstream.sendall(re.sub(rb" http://[^/]+", b" ", first) + b"\r\n" + rest)
                threading.Thread(target=_copy, args=(upstream, client), daemon=True).start()
                _copy(client, upstream)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


@contextmanager
def start_relay(aws: FakeAws, certificate: Path | None = None) -> Iterator[Relay]:
    with Relay(aws.url, certificate) as relay:
        threading.Thread(target=relay.serve_forever, args=(0.02,), daemon=True).start()
        yield relay
        relay.shutdown()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Create an untrusted certificate of 127.0.0.1 and its key."""
    file = tmp_path / "certificate.pem"
    its = tmp_path / "its.pem"
    request = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout {file} -out {its}"
    words = [*request.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(words, capture_output=True, check=True)
    file.write_bytes(file.read_bytes() + its.read_bytes())
    return file


def by_the_variable(_: Home, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)


def by_the_variables(_: Home, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", url)


def by_the_profile(home: Home, _: pytest.MonkeyPatch, url: str) -> None:
    home.config.write_text(f"[profile dev]\nendpoint_url = {url}\n")


def by_its_services(home: Home, _: pytest.MonkeyPatch, url: str) -> None:
    endpoints = "".join(f"{service} =\n  endpoint_url = {url}\n" for service in ("sts", "iam"))
    home.config.write_text(f"[profile dev]\nservices = local\n\n[services local]\n{endpoints}")


@pytest.mark.parametrize("named", [by_the_variable, by_the_profile, by_its_services])
def test_finds_the_endpoint_where_boto3_finds_it(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    named: Callable[[Home, pytest.MonkeyPatch, str], None],
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    named(home, monkeypatch, aws.url)
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert len(aws.calls("GetSessionToken")) == 1


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("where", ["profile", "variable", "nowhere"])
def test_trusts_an_endpoint_with_a_ca_bundle(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    certificate: Path,
    where: str,
) -> None:
    if where == "profile":
        home.config.write_text(f"[profile dev]\nca_bundle = {certificate}\n")
    elif where == "variable":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with start_relay(aws, certificate) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{relay.place}")
        result = encee("refresh", "dev", "-c", dev.device.next_code())
    if where == "nowhere":
        assert (result.code, aws.journal) == (4, [])
        assert f"the certificate of https://{relay.place}/ is not trusted" in result.err
        assert "AWS_CA_BUNDLE=FILE, or ca_bundle in the profile" in result.err
    else:
        assert result.code == 0, result.err
        assert relay.asked == ["POST / HTTP/1.1"]


@pytest.mark.needs("openssl")
def test_reports_a_missing_ca_bundle_before_it_sends_anything(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    home.config.write_text("[profile dev]\nca_bundle = /nowhere.pem\n")
    with start_relay(aws, certificate) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{relay.place}")
        result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, relay.asked) == (4, [])
    assert "the file with the certificates to trust is missing" in result.err


def test_uses_a_proxy(encee: Encee, dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.invalid")
    with start_relay(aws) as relay:
        monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
        result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert relay.asked == ["POST http://sts.invalid/ HTTP/1.1"]
    assert aws.calls("GetSessionToken")[0].host == "sts.invalid"


@pytest.mark.parametrize("command", [("refresh", "dev"), ("device", "list", "dev")])
@pytest.mark.parametrize("named", [by_the_variables, by_the_profile, by_its_services])
def test_warns_of_an_endpoint_without_tls_from_any_setting(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    named: Callable[[Home, pytest.MonkeyPatch, str], None],
    command: tuple[str, ...],
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    named(home, monkeypatch, "http://sts.invalid")
    with start_relay(aws) as relay:
        monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
        result = encee(*command, *(["-c", dev.device.next_code()] if command[0] != "device" else []))
    assert result.code == 0, result.err
    warning = (
        "warning: http://sts.invalid is not encrypted: anyone on the network can read MFA codes and session credentials"
    )
    assert f"encee: {warning}\n" in result.err
    for line in {*result.err.splitlines()}:
        assert "not encrypted" not in line or line == f"encee: {warning}"


@pytest.mark.usefixtures("dev")
def test_warns_of_an_endpoint_without_tls_before_it_prompts(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.invalid")
    with start_relay(aws) as relay:
        monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
        child = on_terminal("refresh", "dev", size=(24, 200))
        child.expect_exact("MFA code for dev")
        child.expect_exact("encee: warning: http://sts.invalid is not encrypted")
        child.expect_exact("MFA code for dev")
        child.send("\x03")
        child.expect(pexpect.EOF)
        assert "not encrypted" not in (child.before or "")
        assert aws.calls("GetSessionToken") == []


def test_warns_of_an_endpoint_without_tls_before_it_sends_a_code(
    dev: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.invalid")
    aws.fault("GetSessionToken", faults.hang(20))
    with start_relay(aws) as relay:
        monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
        child = on_terminal("refresh", "dev", "-c", dev.device.next_code(), size=(24, 200))
        child.expect_exact("encee: warning: http://sts.invalid is not encrypted")
        child.send("\x03")
        child.expect(pexpect.EOF)
        assert child.wait() == 130


@pytest.mark.parametrize("legacy", ["the environment", "the profile"])
@pytest.mark.parametrize(
    ("region", "partition", "host"),
    [
        ("us-east-1", "aws", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "aws-cn", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_always_uses_the_regional_endpoint(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    partition: str,
    host: str,
    legacy: str,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    if legacy == "the environment":
        monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    else:
        home.config.write_text("[profile dev]\nsts_regional_endpoints = legacy\n")
    with start_relay(aws) as relay:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{relay.place}")
        device = ("--mfa-serial", dev.device.serial.replace("aws", partition))
        result = encee("refresh", "dev", "--region", region, "-c", dev.device.next_code(), *device)
    assert [line.split()[:2] for line in relay.asked] == [["CONNECT", f"{host}:443"]]
    assert (result.code, f"the proxy {relay.place} does not connect to AWS: " in result.err) == (4, True)
