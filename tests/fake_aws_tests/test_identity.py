"""Authentication by signatures, tokens, clocks and keys, and requests of IAM and S3."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import (
    ClientError,
)
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

    from tests.fake_aws import FakeAws, FakeUser
    from tests.fake_aws_tests.clients import Command

from tests.fake_aws_tests.clients import INVALID, Clients, Credentials, mfa, refusal

# ---- the real aws command


@pytest.mark.slow
def test_the_aws_command_exchanges_a_code_for_a_working_session(aws: FakeAws, user: FakeUser, command: Command) -> None:
    device = user.create_device("phone")
    aws.create_bucket("reports")
    answer = command(
        user.access_key,
        *("sts", "get-session-token", "--duration-seconds", "900", "--output", "json"),
        *("--serial-number", device.serial, "--token-code", device.next_code()),
    )
    session = Credentials.of(json.loads(answer.stdout)["Credentials"])

    identity = json.loads(command(session, "sts", "get-caller-identity").stdout)
    assert identity == {"UserId": identity["UserId"], "Account": "123456789012", "Arn": user.arn}
    assert command(session, "s3", "ls").stdout.split()[-1] == "reports"
    devices = json.loads(command(session, "iam", "list-mfa-devices").stdout)["MFADevices"]
    assert [(found["UserName"], found["SerialNumber"]) for found in devices] == [("dev", device.serial)]


@pytest.mark.slow
def test_the_aws_command_fails_with_a_wrong_token_or_secret(
    aws: FakeAws, user: FakeUser, clients: Clients, command: Command
) -> None:
    aws.create_bucket("reports")
    session = clients.login(user)
    assert "(InvalidAccessKeyId)" in command(replace(session, token="x" * 400), "s3", "ls").stderr
    assert "(SignatureDoesNotMatch)" in command(replace(session, secret="x" * 40), "s3api", "list-buckets").stderr
    assert "(SignatureDoesNotMatch)" in command(replace(session, secret="x" * 40), "iam", "get-user").stderr
    assert [call.status for call in aws.journal if call.service != "sts"] == [403, 403, 403]


@pytest.mark.slow
def test_the_aws_command_moves_objects_whose_names_need_quoting(
    aws: FakeAws, user: FakeUser, tmp_path: Path, command: Command
) -> None:
    aws.create_bucket("reports")
    (tmp_path / "file").write_text("ten tables\n")
    assert command(user.access_key, "s3", "cp", str(tmp_path / "file"), "s3://reports/a b/ü+(1)=c").returncode == 0
    assert command(user.access_key, "s3", "cp", "s3://reports/a b/ü+(1)=c", "-").stdout == "ten tables\n"


# ---- authentication


def test_identifies_a_user_with_a_path(aws: FakeAws, clients: Clients) -> None:
    jane = aws.create_user("jane", path="/division/")
    identity = clients.sts(jane.access_key).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::123456789012:user/division/jane"
    assert identity["UserId"].startswith("AIDA")


def test_identifies_the_root_user(aws: FakeAws, clients: Clients) -> None:
    identity = clients.sts(aws.root_key()).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == ("arn:aws:iam::123456789012:root", "123456789012")


def test_refuses_a_wrong_secret(user: FakeUser, clients: Clients) -> None:
    thief = Credentials(user.access_key.id, "x" * 40)
    code, message = refusal(clients.sts(thief).get_caller_identity)
    assert code == "SignatureDoesNotMatch"
    assert message == (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )


def test_refuses_a_body_that_was_changed_after_signing(user: FakeUser, clients: Clients) -> None:
    def lengthen(request: AWSPreparedRequest, **_: object) -> None:
        assert isinstance(request.body, str)
        request.body = request.body.replace("=900", "=999")

    sts = clients.sts(user.access_key)

    sts.meta.events.register_last("before-send.sts.GetSessionToken", lengthen)
    assert refusal(sts.get_session_token, DurationSeconds=900)[0] == "SignatureDoesNotMatch"


def test_refuses_an_object_with_another_hash_than_the_signed_one(aws: FakeAws, user: FakeUser) -> None:
    aws.create_bucket("reports")
    request = AWSRequest("PUT", f"{aws.url}/reports/file", data=b"ten tables")
    S3SigV4Auth(BotoCredentials(user.access_key.id, user.access_key.secret), "s3", "us-east-1").add_auth(request)
    for body, status in ((b"six tables", 403), (b"ten tables", 200)):
        sent = URLLib3Session().send(AWSRequest("PUT", request.url, dict(request.headers.items()), body).prepare())
        assert sent.status_code == status


def test_accepts_a_query_that_is_escaped_less_than_it_is_signed(aws: FakeAws, user: FakeUser) -> None:
    aws.create_bucket("reports")
    request = AWSRequest("GET", f"{aws.url}/reports?delimiter=%2F&list-type=2")
    S3SigV4Auth(BotoCredentials(user.access_key.id, user.access_key.secret), "s3", "us-east-1").add_auth(request)
    for query, status in (("list-type=2&delimiter=/", 200), ("list-type=2&delimiter=/&prefix=a", 403)):
        sent = AWSRequest("GET", f"{aws.url}/reports?{query}", dict(request.headers.items())).prepare()
        assert URLLib3Session().send(sent).status_code == status


def test_refuses_a_token_that_is_not_signed(user: FakeUser, clients: Clients) -> None:
    session = clients.login(user)

    def slip_in(request: AWSPreparedRequest, **_: object) -> None:
        request.headers["X-Amz-Security-Token"] = str(session.token)

    sts = clients.sts(replace(session, token=None))
    sts.meta.events.register_last("before-send.sts.GetCallerIdentity", slip_in)
    assert refusal(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_refuses_a_request_without_a_signature(aws: FakeAws) -> None:
    with pytest.raises(HTTPError) as caught, urlopen(f"{aws.url}/?Action=GetCallerIdentity"):
        pass
    with caught.value as answer:
        assert answer.code == 403
        assert b"<Code>MissingAuthenticationToken</Code>" in answer.read()


def test_refuses_unknown_inactive_and_deleted_keys(user: FakeUser, clients: Clients) -> None:
    key = user.create_access_key()
    sts = clients.sts(key)
    sts.get_caller_identity()
    key.deactivate()
    assert refusal(sts.get_caller_identity) == INVALID
    key.activate()
    sts.get_caller_identity()
    key.delete()
    assert refusal(sts.get_caller_identity) == INVALID
    assert refusal(clients.sts(Credentials("AKIAIOSFODNN7EXAMPLE", key.secret)).get_caller_identity) == INVALID


def test_a_key_that_iam_creates_works_until_iam_deletes_it(user: FakeUser, clients: Clients) -> None:
    made = clients.iam(user.access_key).create_access_key()["AccessKey"]
    fresh = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    assert clients.sts(fresh).get_caller_identity()["Arn"] == user.arn
    clients.iam(user.access_key).delete_access_key(AccessKeyId=fresh.id)
    assert refusal(clients.sts(fresh).get_caller_identity) == INVALID


def test_refuses_a_session_with_a_missing_or_wrong_token(user: FakeUser, clients: Clients) -> None:
    session = clients.login(user)
    for token in (None, clients.login(user).token):
        assert refusal(clients.sts(replace(session, token=token)).get_caller_identity) == INVALID
    assert (
        refusal(clients.sts(Credentials(user.access_key.id, user.access_key.secret, "x" * 400)).get_caller_identity)
        == INVALID
    )


def test_a_session_expires(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    session = clients.login(user, DurationSeconds=900)
    aws.clock_offset = timedelta(minutes=14, seconds=50)
    clients.sts(session).get_caller_identity()
    aws.clock_offset = timedelta(minutes=-1)
    late = clients.login(user, DurationSeconds=900)
    aws.clock_offset = timedelta(minutes=14, seconds=30)
    assert refusal(clients.sts(late).get_caller_identity) == (
        "ExpiredToken",
        "The security token included in the request is expired",
    )


def test_a_session_outlives_the_key_that_created_it(user: FakeUser, clients: Clients) -> None:
    session = clients.login(user)
    user.access_key.delete()
    assert clients.sts(session).get_caller_identity()["Arn"] == user.arn


def test_a_session_ends_with_its_user(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    session = clients.login(user)
    user.access_key.delete()
    clients.iam(aws.root_key()).delete_user(UserName=user.name)
    assert refusal(clients.sts(session).get_caller_identity) == INVALID


@pytest.mark.parametrize(
    ("minutes", "beginning", "tolerance"),
    [(16, "Signature expired: ", "- 15 min."), (-16, "Signature not yet current: ", "+ 15 min.")],
)
def test_refuses_a_wrong_clock_and_reports_the_servers_time(
    aws: FakeAws, clients: Clients, minutes: int, beginning: str, tolerance: str
) -> None:
    key = aws.create_user("dev").access_key
    aws.clock_offset = timedelta(minutes=minutes)
    code, message = refusal(clients.sts(key).get_caller_identity)
    assert code == "SignatureDoesNotMatch"
    assert message.startswith(beginning)
    servers, _, shown = message.rpartition("(")[2].removesuffix(")").partition(" ")
    assert shown == tolerance
    told = datetime.strptime(servers, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC) - timedelta(minutes=minutes)) < timedelta(seconds=10)


def test_a_response_has_the_date_of_the_servers_clock(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    aws.clock_offset = timedelta(days=-14 * 365)
    with pytest.raises(ClientError) as caught:
        clients.sts(user.access_key).get_caller_identity()
    assert str(aws.now().year) in caught.value.response["ResponseMetadata"]["HTTPHeaders"]["date"]


def test_secrets_contain_characters_that_need_escaping(aws: FakeAws) -> None:
    for _ in range(10):
        secret = aws.root_key().secret
        assert len(secret) == 40
        assert {"/", "+"} <= {*secret}


def test_key_ids_contain_the_account(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    made = clients.iam(user.access_key).create_access_key()["AccessKey"]
    for key_id in (user.access_key.id, aws.root_key().id, clients.login(user).id, made["AccessKeyId"]):
        decoded = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
        assert (decoded & 0x7FFFFFFFFF80) >> 7 == int(aws.account_id)


def test_other_partitions_have_their_own_arns_and_regions(aws: FakeAws, clients: Clients) -> None:
    aws.partition = "aws-cn"
    user = aws.create_user("dev")
    device = user.create_device("phone")
    assert device.serial == "arn:aws-cn:iam::123456789012:mfa/phone"
    assert refusal(clients.sts(user.access_key).get_caller_identity) == INVALID
    clients.region = "cn-north-1"
    session = clients.login(user, **mfa(device))
    assert clients.sts(session).get_caller_identity()["Arn"] == "arn:aws-cn:iam::123456789012:user/dev"
    assert clients.iam(session).get_user()["User"]["Arn"] == "arn:aws-cn:iam::123456789012:user/dev"


# ---- IAM and S3


def test_iam_requires_mfa_of_a_session(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    assert refusal(clients.iam(clients.login(user)).list_mfa_devices) == INVALID
    session = clients.login(user, **mfa(device))
    assert clients.iam(session).list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"] == user.access_key.id


def test_lists_the_devices_of_the_caller_of_all_kinds(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    devices = [user.create_device("phone"), user.create_hardware_device("GAHT12345678"), user.create_fido_device("key")]
    aws.create_user("other").create_device("tablet")
    listed = clients.iam(user.access_key).list_mfa_devices()["MFADevices"]
    assert [found["SerialNumber"] for found in listed] == [device.serial for device in devices]


def test_a_test_can_deny_the_list_of_devices(user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    user.allow_listing_devices = False
    assert refusal(iam.list_mfa_devices) == (
        "AccessDenied",
        (
            "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: iam:ListMFADevices on resource: "
            "user dev because no identity-based policy allows the iam:ListMFADevices action"
        ),
    )
    user.allow_listing_devices = True
    iam.list_mfa_devices()
