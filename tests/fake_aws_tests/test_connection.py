"""The connection: journal, keep-alive, latency, faults, reset."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from tests.fake_aws import FakeAws, faults

if TYPE_CHECKING:
    from tests.fake_aws import FakeUser, Fault

from tests.fake_aws_tests.clients import INVALID, WRONG_CODE, Clients, mfa, refusal

HELLO = b"GET /?Action=Hello HTTP/1.1\r\nHost: x\r\n\r\n"


def address(aws: FakeAws) -> tuple[str, int]:
    return "127.0.0.1", int(aws.url.rpartition(":")[2])


def test_the_journal_lists_the_requests(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    clients.region = "eu-central-1"
    code = device.next_code()
    clients.login(user, SerialNumber=device.serial, TokenCode=code, DurationSeconds=900)
    refusal(clients.sts(user.access_key).get_session_token, SerialNumber=device.serial, TokenCode=code)
    good, bad = aws.calls("GetSessionToken")
    assert aws.journal == [good, bad]
    assert (good.action, good.service, good.region) == ("GetSessionToken", "sts", "eu-central-1")
    assert (good.access_key_id, f"http://{good.host}") == (user.access_key.id, aws.url)
    assert (good.serial, good.code, good.duration) == (device.serial, code, 900)
    assert (good.status, good.error) == (200, None)
    assert good.params["SerialNumber"] == device.serial
    assert (bad.status, bad.error, bad.duration) == (403, "AccessDenied", None)
    assert abs(good.at - aws.now()) < timedelta(seconds=10)


def test_keeps_a_connection_for_the_next_request(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    sts = clients.sts(user.access_key)
    sts.get_caller_identity()
    sts.get_session_token()
    clients.sts(user.access_key).get_caller_identity()
    first, second, third = (call.connection for call in aws.journal)
    assert first == second
    assert first != third


def test_reads_a_chunked_body(aws: FakeAws) -> None:
    head = (
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(address(aws)) as connection:
        connection.sendall(f"{head}7\r\nAction=\r\n5\r\nHello\r\n0\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
    assert [call.action for call in aws.journal] == ["Hello"]


def test_latency_is_one_round_trip_per_response_and_connection(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    def seconds() -> float:
        started = time.perf_counter()
        sts.get_caller_identity()
        return time.perf_counter() - started

    sts = clients.sts(user.access_key)
    aws.latency, aws.connect_latency = 0.1, 0.6
    assert seconds() >= 0.7
    assert 0.1 <= seconds() < 0.6
    aws.fault("GetCallerIdentity", faults.hang(0.3))
    assert seconds() >= 0.4


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.status(500), "InternalFailure"),
        (faults.throttled(), "Throttling"),
        (faults.region_disabled(), "RegionDisabledException"),
        (faults.error("PackedPolicyTooLarge", "Too large", 400), "PackedPolicyTooLarge"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_an_error_replaces_the_response_and_does_not_use_the_code(
    aws: FakeAws, user: FakeUser, clients: Clients, fault: Fault, code: str
) -> None:
    device = user.create_device("phone")
    given = mfa(device)
    sts = clients.sts(user.access_key)
    aws.fault("GetSessionToken", fault)
    assert refusal(sts.get_session_token, **given)[0] == code
    sts.get_session_token(**given)
    assert [call.error for call in aws.journal] == [code, None]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (faults.html(200), ResponseParserError),
        (faults.html(502), ResponseParserError),
        (faults.reset_before(), ConnectionClosedError),
    ],
    ids=["html 200", "html 502", "reset_before"],
)
def test_a_fault_before_the_request_does_not_use_the_code(
    aws: FakeAws, user: FakeUser, clients: Clients, fault: Fault, failure: type[Exception]
) -> None:
    given = mfa(user.create_device("phone"))
    sts = clients.sts(user.access_key)
    aws.fault("GetSessionToken", fault)
    with pytest.raises(failure):
        sts.get_session_token(**given)
    sts.get_session_token(**given)
    assert [call.error for call in aws.journal] == [fault.name, None]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (faults.reset(), ConnectionClosedError),
        (faults.half(), ResponseParserError),
        (faults.hang(30), ReadTimeoutError),
    ],
    ids=["reset", "half", "hang"],
)
def test_a_fault_after_the_request_uses_the_code(
    aws: FakeAws, user: FakeUser, clients: Clients, fault: Fault, failure: type[Exception]
) -> None:
    given = mfa(user.create_device("phone"))
    sts = clients.sts(user.access_key)
    aws.fault("GetSessionToken", fault)
    with pytest.raises(failure):
        sts.get_session_token(**given)
    assert refusal(sts.get_session_token, **given) == WRONG_CODE
    assert [call.error for call in aws.journal] == [fault.name, "AccessDenied"]


def test_a_reset_is_a_tcp_reset(aws: FakeAws) -> None:
    aws.fault("Hello", faults.reset())
    with socket.create_connection(address(aws)) as connection:
        connection.sendall(HELLO)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert [call.status for call in aws.journal] == [0]


def test_half_a_response_has_the_full_content_length(aws: FakeAws) -> None:
    aws.fault("Hello", faults.half())
    with socket.create_connection(address(aws)) as connection, connection.makefile("rb") as answer:
        connection.sendall(HELLO)
        head, _, body = answer.read().partition(b"\r\n\r\n")
    announced = int(head.lower().split(b"content-length: ")[1].split()[0])
    assert len(body) == announced // 2 > 0


def test_a_fault_affects_only_its_action_and_only_so_often(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    sts = clients.sts(user.access_key)
    aws.fault("GetSessionToken", faults.throttled(), times=2)
    sts.get_caller_identity()
    for _ in range(2):
        assert refusal(sts.get_session_token)[0] == "Throttling"
    sts.get_session_token()
    aws.fault("*", faults.status(500))
    assert refusal(sts.get_caller_identity)[0] == "InternalFailure"
    sts.get_caller_identity()


def test_refuses_connections_for_a_while(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    sts = clients.sts(user.access_key)
    sts.get_caller_identity()
    aws.refuse_connections()
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()
    aws.accept_connections()
    sts.get_caller_identity()


def test_reset_empties_the_account(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.create_bucket("reports")
    session = clients.login(user)
    aws.latency, aws.clock_offset, aws.partition = 5, timedelta(days=1), "aws-cn"
    aws.fault("*", faults.status(500))
    aws.refuse_connections()
    aws.reset()
    assert (aws.journal, aws.latency, aws.clock_offset, aws.partition) == ([], 0, timedelta(), "aws")
    for credentials in (user.access_key, session):
        assert refusal(clients.sts(credentials).get_caller_identity) == INVALID
    aws.create_bucket("reports")
    again = aws.create_user("dev")
    assert again.create_device("phone").serial.endswith("mfa/phone")
    clients.sts(again.access_key).get_caller_identity()


def test_reset_ends_hanging_requests(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.fault("GetCallerIdentity", faults.hang(60))
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(clients.sts(user.access_key).get_caller_identity)
        while not aws.journal:
            time.sleep(0.01)
        aws.reset()
        with pytest.raises((ConnectionClosedError, ClientError)):
            call.result(timeout=0.5)
    for _ in range(100):
        if not any("process_request" in thread.name for thread in threading.enumerate()):
            break
        time.sleep(0.01)
    else:
        pytest.fail("the server still waits")
