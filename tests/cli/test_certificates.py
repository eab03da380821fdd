"""encee sends no request to an endpoint with an invalid certificate, and uses no code."""

from pathlib import Path

import pytest

from tests.conftest import Encee, Home, Person
from tests.fake_aws import tls


@pytest.mark.parametrize(
    ("host", "expired", "trusted"),
    [("127.0.0.1", False, False), ("127.0.0.2", False, True), ("127.0.0.1", True, True)],
    ids=["not trusted", "of another host", "expired"],
)
def test_sends_nothing_to_a_server_with_an_invalid_certificate(
    encee: Encee,
    home: Home,
    dev: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    expired: bool,
    trusted: bool,
) -> None:
    before = home.state()
    with tls.served(tmp_path, host=host, expired=expired) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        if trusted:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert (result.code, "encee: error: the certificate of " in result.err) == (4, True), result.err
    assert "may have been used" not in result.err
    assert server.spoken_to == 0
    assert home.state() == before


def test_uses_a_server_with_a_valid_certificate(
    encee: Encee, dev: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls.served(tmp_path) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 4
    assert server.spoken_to > 0
