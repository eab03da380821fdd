"""AssumeRole evaluates the trust policy, also its MFA condition, and limits the duration as AWS does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_aws import FakeAws, FakeUser

from tests.fake_aws_tests.clients import WRONG_CODE, Clients, Credentials, mfa, refusal


def trust(principal: str, **conditions: Mapping[str, object]) -> Mapping[str, object]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": conditions}]}


MFA = {"aws:MultiFactorAuthPresent": "true"}
ROOT = "arn:aws:iam::123456789012:root"
CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"


def test_trusted_users_can_assume_a_role(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    stranger = aws.create_user("stranger")
    role = aws.create_role("reader", trust(user.arn))
    answer = clients.sts(user.access_key).assume_role(RoleArn=role, RoleSessionName="test")
    expected = "arn:aws:sts::123456789012:assumed-role/reader/test"
    assert answer["AssumedRoleUser"]["Arn"] == expected
    assert clients.sts(Credentials.of(answer["Credentials"])).get_caller_identity()["Arn"] == expected
    assert refusal(clients.sts(stranger.access_key).assume_role, RoleArn=role, RoleSessionName="test") == (
        "AccessDenied",
        f"User: {stranger.arn} is not authorized to perform: sts:AssumeRole on resource: {role}",
    )
    missing = role.replace("reader", "missing")
    assert (
        refusal(clients.sts(user.access_key).assume_role, RoleArn=missing, RoleSessionName="test")[0] == "AccessDenied"
    )


def test_the_root_user_cannot_assume_a_role(aws: FakeAws, clients: Clients) -> None:
    role = aws.create_role("reader", trust(ROOT))
    code, _ = refusal(clients.sts(aws.root_key()).assume_role, RoleArn=role, RoleSessionName="test")
    assert code == "AccessDenied"


def test_a_role_can_require_mfa(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    wanted: dict[str, Any] = {"RoleArn": aws.create_role("admin", trust(ROOT, Bool=MFA)), "RoleSessionName": "test"}
    long_term = clients.sts(user.access_key)

    assert refusal(long_term.assume_role, **wanted)[0] == "AccessDenied"
    assert refusal(clients.sts(clients.login(user)).assume_role, **wanted)[0] == "AccessDenied"
    assert refusal(long_term.assume_role, **wanted, SerialNumber=device.serial, TokenCode="000000") == WRONG_CODE
    session = clients.login(user, **mfa(device))
    clients.sts(session).assume_role(**wanted)
    given = mfa(device)
    long_term.assume_role(**wanted, **given)
    assert refusal(long_term.assume_role, **wanted, **given) == WRONG_CODE


def test_a_role_session_has_no_mfa_of_its_source(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    first = aws.create_role("first", trust(user.arn, Bool=MFA))
    assumed = "arn:aws:sts::123456789012:assumed-role/first/test"
    second = aws.create_role("second", trust(assumed))
    third = aws.create_role("third", trust(assumed, Bool=MFA))
    session = clients.login(user, **mfa(device))
    chained = clients.sts(session).assume_role(RoleArn=first, RoleSessionName="test")
    sts = clients.sts(Credentials.of(chained["Credentials"]))
    sts.assume_role(RoleArn=second, RoleSessionName="test")
    assert refusal(sts.assume_role, RoleArn=third, RoleSessionName="test")[0] == "AccessDenied"


def test_a_role_can_require_an_external_id(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    role = aws.create_role("partner", trust(ROOT, StringEquals={"sts:ExternalId": "t-42"}))
    wanted: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "test"}
    sts = clients.sts(user.access_key)
    sts.assume_role(**wanted, ExternalId="t-42")
    assert refusal(sts.assume_role, **wanted, ExternalId="t-43")[0] == "AccessDenied"
    assert refusal(sts.assume_role, **wanted)[0] == "AccessDenied"


def test_a_deny_overrides_an_allow(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sts:*"],
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": False}},
    }
    allow = {"Effect": "Allow", "Principal": {"AWS": [ROOT]}, "Action": "sts:AssumeRole"}
    role = aws.create_role("guarded", {"Statement": [allow, deny]})
    device = user.create_device("phone")
    sts = clients.sts(user.access_key)
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="test")[0] == "AccessDenied"
    sts.assume_role(RoleArn=role, RoleSessionName="test", **mfa(device))


def test_a_request_of_a_long_term_key_has_no_mfa_context(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    """Not even "false": a Deny that asks for "false" without IfExists misses it."""
    missing = {"aws:MultiFactorAuthPresent": "false"}
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}
    deny = {**allow, "Effect": "Deny", "Condition": {"Bool": missing}}
    role = aws.create_role("leaky", {"Statement": [allow, deny]})
    clients.sts(user.access_key).assume_role(RoleArn=role, RoleSessionName="test")
    session = clients.sts(clients.login(user))
    assert refusal(session.assume_role, RoleArn=role, RoleSessionName="test")[0] == "AccessDenied"


def test_role_sessions_last_up_to_the_maximum_duration(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    device = user.create_device("phone")
    role = aws.create_role("long", trust(ROOT), max_session_duration=7200)
    wanted: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "test"}
    long_term = clients.sts(user.access_key)
    expiration = long_term.assume_role(**wanted, DurationSeconds=7200)["Credentials"]["Expiration"]
    assert abs(expiration - aws.now() - timedelta(hours=2)) < timedelta(seconds=5)
    code, message = refusal(long_term.assume_role, **wanted, DurationSeconds=7201)
    assert (code, "MaxSessionDuration" in message) == ("ValidationError", True)
    assert refusal(long_term.assume_role, **wanted, DurationSeconds=899)[0] == "ValidationError"

    session = clients.sts(clients.login(user, **mfa(device)))
    session.assume_role(**wanted, DurationSeconds=3600)
    assert refusal(session.assume_role, **wanted, DurationSeconds=3601) == ("ValidationError", CHAINED)


def test_a_role_session_can_use_iam(aws: FakeAws, user: FakeUser, clients: Clients) -> None:
    role = aws.create_role("auditor", trust(ROOT))
    answer = clients.sts(user.access_key).assume_role(RoleArn=role, RoleSessionName="test")
    iam = clients.iam(Credentials.of(answer["Credentials"]))
    assert [found["UserName"] for found in iam.list_users()["Users"]] == ["dev"]
    assert refusal(iam.list_access_keys)[0] == "ValidationError"
