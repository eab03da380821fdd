"""GetSessionToken accepts each code of the caller's device once, and its errors have the wording of AWS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from botocore.exceptions import (
    ClientError,
)

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

    from tests.fake_aws import FakeAws, FakeDevice, FakeUser

from tests.fake_aws_tests.clients import WRONG_CODE, WRONG_SERIAL, Clients, Credentials, mfa, refusal


def test_sessions_are_new_and_have_the_requested_duration(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    sts = clients.sts(user.access_key)
    first, second = (sts.get_session_token(DurationSeconds=7200)["Credentials"] for _ in range(2))
    for attribute in ("id", "secret", "token"):
        assert getattr(Credentials.of(first), attribute) != getattr(Credentials.of(second), attribute)
    assert first["AccessKeyId"].startswith("ASIA")
    assert len(first["SecretAccessKey"]) == 40
    assert abs(first["Expiration"] - aws.now() - timedelta(hours=2)) < timedelta(seconds=5)
    default = sts.get_session_token()["Credentials"]["Expiration"]
    assert abs(default - aws.now() - timedelta(hours=12)) < timedelta(seconds=5)


def test_refuses_a_used_code(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    given = mfa(device)
    clients.login(user, **given)
    assert refusal(clients.sts(user.access_key).get_session_token, **given) == WRONG_CODE


def test_refuses_a_code_older_than_the_last_one_used(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    older, newer = device.next_code(), device.next_code()
    clients.login(user, SerialNumber=device.serial, TokenCode=newer)
    sts = clients.sts(user.access_key)
    assert refusal(sts.get_session_token, SerialNumber=device.serial, TokenCode=older) == WRONG_CODE


def test_refuses_a_wrong_code_and_uses_no_other(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    code = device.next_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    sts = clients.sts(user.access_key)
    assert refusal(sts.get_session_token, SerialNumber=device.serial, TokenCode=wrong) == WRONG_CODE
    sts.get_session_token(SerialNumber=device.serial, TokenCode=code)


def test_accepts_codes_one_step_early_or_late_only(user: FakeUser, clients: Clients) -> None:
    sts = clients.sts(user.access_key)
    for steps, taken in ((-3, False), (-1, True), (1, True), (3, False)):
        device = user.create_device(f"phone{steps}")
        given = mfa(device)
        device.drift -= timedelta(seconds=30 * steps)
        if taken:
            sts.get_session_token(**given)
        else:
            assert refusal(sts.get_session_token, **given) == WRONG_CODE


def test_devices_show_the_totp_of_their_seed_at_the_servers_time(aws: FakeAws, user: FakeUser) -> None:
    aws.clock_offset = timedelta(days=400)
    device = user.create_device("phone")
    totp = pyotp.TOTP(device.seed)
    before, shown, after = totp.at(aws.now()), device.code(), totp.at(aws.now())
    assert shown in {before, after}
    device.drift = timedelta(hours=1)
    before, shown, after = (totp.at(aws.now() + device.drift), device.code(), totp.at(aws.now() + device.drift))
    assert shown in {before, after}


def test_many_refreshes_in_a_row_do_not_wait(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    people = [user, *(aws.create_user(f"user{number}") for number in range(3))]
    pairs = [(clients.sts(person.access_key), person.create_device(person.name)) for person in people]

    def refresh(pair: tuple[STSClient, FakeDevice]) -> None:
        sts, device = pair
        for _ in range(20):
            sts.get_session_token(**mfa(device))

    with ThreadPoolExecutor(len(pairs)) as pool:
        [*pool.map(refresh, pairs)]
    codes = [(call.serial, call.code) for call in aws.calls("GetSessionToken") if call.status == 200]
    assert len(codes) == 80
    assert len({*codes}) == 80


def test_one_of_two_simultaneous_uses_of_a_code_wins(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    given = mfa(device)

    def attempt(sts: STSClient) -> None:
        with suppress(ClientError):
            sts.get_session_token(**given)

    with ThreadPoolExecutor(8) as pool:
        [*pool.map(attempt, [clients.sts(user.access_key) for _ in range(8)])]
    assert sorted(call.status for call in aws.journal) == [200, *[403] * 7]


def test_refuses_serial_numbers_of_other_users_and_of_fido_keys(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    other = aws.create_user("other").create_device("tablet")
    own = user.create_device("phone")
    fido = user.create_fido_device("key")
    assert fido.serial.startswith("arn:aws:iam::123456789012:u2f/user/dev/key-")
    sts = clients.sts(user.access_key)
    for serial, code in ((other.serial, other.next_code()), (fido.serial, own.next_code()), (user.arn, "123456")):
        assert refusal(sts.get_session_token, SerialNumber=serial, TokenCode=code) == WRONG_SERIAL
    sts.get_session_token(SerialNumber=own.serial, TokenCode=own.code())


def test_accepts_a_hardware_device(user: FakeUser, clients: Clients) -> None:
    device = user.create_hardware_device("GAHT12345678")
    assert device.serial == "GAHT12345678"
    clients.login(user, **mfa(device))


def test_accepts_a_device_that_a_request_enabled(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    iam = clients.iam(user.access_key)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, totp = made["SerialNumber"], pyotp.TOTP(made["Base32StringSeed"].decode())
    sts = clients.sts(user.access_key)
    assert refusal(sts.get_session_token, SerialNumber=serial, TokenCode=totp.now()) == WRONG_SERIAL
    [device] = aws.virtual_devices()
    iam.enable_mfa_device(
        UserName="dev",
        SerialNumber=serial,
        AuthenticationCode1=device.next_code(),
        AuthenticationCode2=device.next_code(),
    )
    clients.login(user, SerialNumber=serial, TokenCode=device.next_code())


@pytest.mark.parametrize(
    ("name", "value", "constraint"),
    [
        ("DurationSeconds", 899, "have value greater than or equal to 900"),
        ("DurationSeconds", 129601, "have value less than or equal to 129600"),
        ("TokenCode", "12345", "have length greater than or equal to 6"),
        ("TokenCode", "12345x", r"satisfy regular expression pattern: [\d]*"),
        ("SerialNumber", "12345678", "have length greater than or equal to 9"),
    ],
)
def test_refuses_malformed_parameters_and_does_not_use_the_code(
    user: FakeUser, clients: Clients, name: str, value: int | str, constraint: str
) -> None:
    given = mfa(user.create_device("phone"))
    sts = clients.sts(user.access_key)
    assert refusal(sts.get_session_token, **{**given, name: value}) == (
        "ValidationError",
        (
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' "
            f"failed to satisfy constraint: Member must {constraint}"
        ),
    )
    sts.get_session_token(**given, DurationSeconds=129600)


def test_refuses_a_code_without_a_serial_number_and_the_reverse(user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    sts = clients.sts(user.access_key)
    for half in ({"SerialNumber": device.serial}, {"TokenCode": device.next_code()}):
        code, message = refusal(sts.get_session_token, **half)
        assert (code, "must provide both" in message) == ("AccessDenied", True)


def test_the_root_user_gets_at_most_one_hour_and_no_mfa(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    sts = clients.sts(aws.root_key())
    expiration = sts.get_session_token(DurationSeconds=43200)["Credentials"]["Expiration"]
    assert abs(expiration - aws.now() - timedelta(hours=1)) < timedelta(seconds=5)
    assert refusal(sts.get_session_token, **mfa(device)) == WRONG_SERIAL


def test_a_session_cannot_create_a_session(user: FakeUser, clients: Clients) -> None:
    assert refusal(clients.sts(clients.login(user)).get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )
    assert refusal(clients.sts(clients.login(user)).get_federation_token, Name="dev")[0] == "AccessDenied"
