"""Access keys: their limit, propagation, last use, and permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fake_aws_tests.clients import INVALID, Credentials, mfa, refusal

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from tests.fake_aws import FakeAws, FakeUser
    from tests.fake_aws_tests.clients import Clients, Command


def create_key(iam: IAMClient) -> Credentials:
    key = iam.create_access_key()["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def test_a_key_is_created_for_the_caller_and_works(clients: Clients, user: FakeUser, command: Command) -> None:
    create_key = json.loads(command(user.access_key, "iam", "create-access-key").stdout)["AccessKey"]
    assert (create_key["UserName"], create_key["Status"]) == ("dev", "Active")
    key = Credentials(create_key["AccessKeyId"], create_key["SecretAccessKey"])
    assert clients.sts(key).get_caller_identity()["Arn"] == user.arn


def test_a_user_has_two_keys_at_most(clients: Clients, user: FakeUser) -> None:
    iam = clients.iam(user.access_key)
    create_key(iam)
    assert refusal(iam.create_access_key) == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")


def test_some_requests_do_not_know_a_new_key_until_it_has_propagated(
    aws: FakeAws, clients: Clients, user: FakeUser
) -> None:
    aws.propagation = 2
    sts = clients.sts(create_key(clients.iam(user.access_key)))
    for _ in range(2):
        assert refusal(sts.get_caller_identity) == INVALID
        assert sts.get_caller_identity()["Arn"] == user.arn
    for _ in range(3):
        assert sts.get_caller_identity()["Arn"] == user.arn


def test_records_the_last_use_of_a_key(clients: Clients, user: FakeUser) -> None:
    iam = clients.iam(user.access_key)
    other = create_key(iam)

    def used(key_id: str) -> tuple[str, str]:
        last = iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
        return last["ServiceName"], last["Region"]

    assert used(other.id) == ("N/A", "N/A")
    clients.sts(other).get_caller_identity()
    assert used(other.id) == ("sts", "us-east-1")
    assert used(user.access_key.id) == ("iam", "us-east-1")


@pytest.mark.parametrize("with_mfa", [True, False])
def test_a_session_manages_keys_only_with_mfa(clients: Clients, user: FakeUser, *, with_mfa: bool) -> None:
    device = user.create_device("phone")
    iam = clients.iam(clients.login(user, **mfa(device)) if with_mfa else clients.login(user))
    if not with_mfa:
        assert refusal(iam.create_access_key) == INVALID
        return
    key = create_key(iam)
    iam.update_access_key(AccessKeyId=key.id, Status="Inactive")
    assert refusal(clients.sts(key).get_caller_identity) == INVALID
    iam.delete_access_key(AccessKeyId=key.id)
    assert [one["AccessKeyId"] for one in iam.list_access_keys()["AccessKeyMetadata"]] == [user.access_key.id]
    assert refusal(iam.delete_access_key, AccessKeyId=key.id)[0] == "NoSuchEntity"
