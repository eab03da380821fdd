"""Roles: assumed with the session of their source, from the same code."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from botocore.configloader import raw_config_parse

from tests.conftest import Encee, Home, Person, run_aws
from tests.fake_aws import FakeAws, faults

ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:role/admin"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def trusting(*arns: str, condition: Mapping[str, object] | None = MFA) -> dict[str, object]:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"AWS": list(arns) or [f"arn:aws:iam::{ACCOUNT}:root"]},
        "Action": "sts:AssumeRole",
    }
    if condition is not None:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def profile(name: str, arn: str, source: str = "dev", **options: str) -> str:
    lines = [f"[profile {name}]", f"role_arn = {arn}", f"source_profile = {source}"]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in options.items()), ""])


@pytest.fixture
def admin(aws: FakeAws) -> str:
    return aws.create_role("admin", trusting(), max_session_duration=14400)


def test_one_code_creates_the_session_and_the_role(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), "[profile dev]\nregion = eu-west-1\n" + profile("admin", admin, region="eu-west-2"))
    result = encee("refresh", "admin", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    view = raw_config_parse(str(home.credentials))
    assert view["admin-mfa"]["encee_source"] == "admin"
    assert view["dev-mfa"]["encee_source"] == "dev"
    who = run_aws("--profile", "admin-mfa", "sts", "get-caller-identity", "--output", "text", "--query", "Arn")
    assert who.out.strip() == f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/encee"
    (call,) = aws.calls("AssumeRole")
    assert (call.access_key_id, call.duration, call.code) == (view["dev-mfa"]["aws_access_key_id"], 3600, None)
    assert call.region == "eu-west-2"
    assert raw_config_parse(str(home.config))["profile admin-mfa"]["region"] == "eu-west-2"


def test_a_valid_session_needs_no_code(encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.journal.clear()
    result = encee("refresh", "admin")
    assert result.code == 0, result.err
    assert [call.action for call in aws.journal] == ["AssumeRole"]
    assert "dev-mfa" not in result.err


def test_several_roles_of_one_source_need_one_code_and_run_at_once(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    arns = {name: aws.create_role(name, trusting()) for name in ("one", "two", "three")}
    home.write(dev.section(), "".join(profile(name, arn) for name, arn in arns.items()))
    all_of_them = threading.Barrier(3)  # no request is answered before the last one arrives
    aws.fault("AssumeRole", faults.meanwhile(lambda: all_of_them.wait(timeout=10)), times=3)
    result = encee("refresh", "one", "two", "three", "-c", dev.device.next_code())
    assert result.code == 0
    assert not all_of_them.broken
    assert len(aws.calls("GetSessionToken")) == 1
    assert {call.params["RoleArn"] for call in aws.calls("AssumeRole")} == set(arns.values())


@pytest.mark.parametrize("source", ["dev", "dev-mfa"])
def test_accepts_the_session_of_the_source(encee: Encee, home: Home, dev: Person, admin: str, source: str) -> None:
    home.write(dev.section(), profile("admin", admin, source))
    assert encee("refresh", "admin", "-c", dev.device.next_code()).code == 0


def test_follows_a_chain_of_roles(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    inner = aws.create_role("inner", trusting())
    outer = aws.create_role("outer", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/inner/encee", condition=None))
    home.write(dev.section(), profile("outer", outer, "inner") + profile("inner", inner, duration_seconds="7200"))
    result = encee("refresh", "outer", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert [call.params["RoleArn"] for call in aws.calls("AssumeRole")] == [inner, outer]
    assert [call.duration for call in aws.calls("AssumeRole")] == [3600, 3600]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            profile("admin", ARN, "other") + profile("other", ARN, "admin"),
            "circular source_profile chain: admin → other → admin",
        ),
        (profile("admin", ARN, "admin"), "source_profile of admin names admin itself"),
        (profile("admin", "foo"), "role_arn of admin is not the ARN of a role"),
        (profile("admin", ARN, role_session_name="bad name"), "role_session_name of admin is not valid"),
        (profile("admin", ARN, ""), "is a role without source_profile, and so is not assumed with MFA"),
        (profile("admin", ARN, "absent"), "source_profile of admin names absent"),
        (f"[profile admin]\nrole_arn = {ARN}\ncredential_source = Ec2InstanceMetadata\n", "of the machine"),
        (profile("admin", ARN, duration_seconds="60"), "a role cannot be assumed for 60"),
        (profile("admin", ARN, duration_seconds="13h"), "a role cannot be assumed for 13h"),
        (
            profile("admin", ARN, "other", duration_seconds="7200") + profile("other", ARN),
            "is assumed with another role, and so for one hour at most",
        ),
    ],
)
def test_reports_why_a_role_cannot_be_assumed(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, config: str, says: str
) -> None:
    home.write(dev.section(), config)
    result = encee("refresh", "admin", "-c", dev.device.next_code())
    assert (result.code, says in result.err, result.err.count("encee: hint:")) == (2, True, 1), result.err
    assert aws.journal == []


def test_sends_the_settings_of_the_role_profile(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    arn = aws.create_role("admin", trusting(condition={**MFA, "StringEquals": {"sts:ExternalId": "secret-word"}}))
    options = {"external_id": "secret-word", "role_session_name": "jane@work", "duration_seconds": "1800"}
    home.write(dev.section(), profile("admin", arn, **options))
    assert encee("refresh", "admin", "-c", dev.device.next_code()).code == 0
    sent = aws.calls("AssumeRole")[0]
    assert sent.params["RoleSessionName"] == "jane@work"
    assert (sent.params["ExternalId"], sent.duration) == ("secret-word", 1800)


def test_above_an_hour_uses_the_long_term_key_and_another_code(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin, duration_seconds="14400"))
    result = encee("refresh", "admin", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert "needs the long-term key of dev and a code of its own" in result.err
    (call,) = aws.calls("AssumeRole")
    assert (call.access_key_id, call.duration, call.serial) == (dev.user.access_key.id, 14400, dev.device.serial)
    assert aws.calls("GetSessionToken") == []
    assert "[dev-mfa]" not in home.credentials.read_text()


@pytest.mark.parametrize(
    ("own", "given", "lasts", "note"),
    [
        ("", "30m", 1800, None),
        ("", "4h", 3600, "admin lasts 1h, not 4h: a role that is assumed with a session lasts 1h at most; with "),
        ("1800", "4h", 1800, "admin lasts 30m, not 4h: a role that is assumed with a session lasts 1h at most; with "),
        ("2h", "3h30m", 12600, None),
        ("2h", "30m", 1800, None),
        ("2h", "20h", 43200, "admin lasts 12h, not 20h: AWS grants no more for a role"),
    ],
)
def test_the_duration_option_applies_to_a_role_up_to_its_maximum(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, own: str, given: str, lasts: int, note: str | None
) -> None:
    arn = aws.create_role("admin", trusting(), max_session_duration=43200)
    home.write(dev.section(), profile("admin", arn, **({"duration_seconds": own} if own else {})))
    result = encee("refresh", "admin", "-d", given, "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert aws.calls("AssumeRole")[0].duration == lasts
    assert (f"encee: {note}" in result.err) if note else ("admin lasts" not in result.err.replace("lasts longer", ""))
    preview = encee("refresh", "admin", "-d", given, "--dry-run")
    assert (note is None) or (f"encee: {note}" in preview.err)


def test_reports_that_a_chained_role_lasts_at_most_an_hour(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    inner = aws.create_role("inner", trusting())
    outer = aws.create_role("outer", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/inner/encee", condition=None))
    home.write(dev.section(), profile("outer", outer, "inner") + profile("inner", inner))
    result = encee("refresh", "outer", "-d", "4h", "-c", dev.device.next_code())
    assert result.code == 0, result.err
    assert "outer lasts 1h, not 4h: a role that is assumed with a session lasts 1h at most\n" in result.err


def test_a_role_session_is_not_expiring_in_its_first_second(encee: Encee, home: Home, dev: Person, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "admin", "-c", dev.device.next_code()).code == 0
    states = []
    for minutes in (0, 40, 50, 61):
        result = encee("status", "admin", "--json", now=datetime.now(UTC) + timedelta(minutes=minutes))
        states += [row["state"] for row in json.loads(result.out)["sessions"]]
    assert states == ["valid", "valid", "expiring", "expired"]
    literally = encee("status", "admin", "--json", "--expiring", "1h", now=datetime.now(UTC) + timedelta(minutes=1))
    assert json.loads(literally.out)["sessions"][0]["state"] == "expiring"


def test_reports_a_role_with_a_longer_duration_than_allowed(encee: Encee, home: Home, dev: Person, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin, duration_seconds="8h"))
    result = encee("refresh", "admin", "-c", dev.device.next_code())
    assert (result.code, "duration_seconds of admin is more than the role allows" in result.err) == (4, True)


@pytest.mark.parametrize("duration", ["1h", "2h"])
@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("with an explicit deny in a service control policy", "has to change the service control policy"),
        ("because no service control policy allows the sts:AssumeRole action", "has to change the service control"),
        ("because no permissions boundary allows the sts:AssumeRole action", "to change the permissions boundary"),
        ("with an explicit deny in an identity-based policy", "has to change the policy that denies it"),
        ("because no identity-based policy allows the sts:AssumeRole action", "an administrator can allow it: {"),
        ("because no role trust policy allows the sts:AssumeRole action", "its trust policy allows this user"),
        ("", "its trust policy allows this user"),
    ],
)
def test_a_denied_role_names_the_role_and_the_policy(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str, reason: str, hint: str, duration: str
) -> None:
    home.write(dev.section(), profile("admin", admin, duration_seconds=duration))
    aws.fault("AssumeRole", faults.denied(dev.user.arn, "sts:AssumeRole", admin, reason or " "))
    result = encee("refresh", "admin", "-c", dev.device.next_code())
    error, shown = [line for line in result.err.splitlines() if line.startswith(("encee: error", "encee: hint"))]
    assert result.code == 4
    assert error.startswith("encee: error: AWS refused to assume admin: User: arn:aws:iam::")
    assert shown.startswith("encee: hint: ")
    assert hint in shown


def test_a_role_that_does_not_trust_the_user_fails_and_keeps_the_session(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    arn = aws.create_role("admin", trusting(f"arn:aws:iam::{ACCOUNT}:user/bob"))
    home.write(dev.section(), profile("admin", arn))
    result = encee("refresh", "admin", "dev", "--json", "-c", dev.device.next_code())
    assert result.code == 4
    assert [one["outcome"] for one in json.loads(result.out)["profiles"]] == ["failed", "refreshed"]
    assert "AWS refused to assume admin" in result.err


def test_a_role_fails_if_its_source_fails(encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin))
    aws.fault("GetSessionToken", faults.error("Odd", "odd", 400))
    result = encee("refresh", "admin", "--json", "-c", dev.device.next_code())
    assert result.code == 4
    outcomes = {one["profile"]: one["outcome"] for one in json.loads(result.out)["profiles"]}
    assert outcomes == {"admin": "failed", "dev": "failed"}
    assert aws.calls("AssumeRole") == []


def test_a_role_fails_with_a_file_that_another_program_breaks(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    aws.fault("GetSessionToken", faults.meanwhile(lambda: home.credentials.write_text("[broken]\nnonsense\n")))
    result = encee("refresh", "dev", "admin", "-c", dev.device.next_code())
    assert (result.code, result.err.count("line 2 holds"), "bug" in result.err) == (5, 1, False), result.err
    assert "admin needs the session of dev" in result.err


def test_to_names_the_session_of_the_role_not_of_its_source(encee: Encee, home: Home, dev: Person, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "admin", "--to", "work", "-c", dev.device.next_code()).code == 0
    text = home.credentials.read_text()
    assert ("[work]" in text, "[dev-mfa]" in text, "[admin-mfa]" in text) == (True, True, False)


def test_if_expiring_keeps_a_valid_role(encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "admin", "-c", dev.device.next_code()).code == 0
    aws.journal.clear()
    result = encee("refresh", "admin", "--if-expiring", "30m")
    assert (result.code, aws.journal) == (0, [])
    assert "admin-mfa is still valid until" in result.err


def test_the_aws_cli_assumes_a_role_whose_source_is_the_session(
    encee: Encee, home: Home, dev: Person, admin: str
) -> None:
    home.write(
        dev.section(), "[profile dev]\nregion = eu-west-1\n" + profile("admin", admin, "dev-mfa", region="eu-west-1")
    )
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    who = run_aws("--profile", "admin", "sts", "get-caller-identity", "--output", "text", "--query", "Arn")
    assert who.out.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/")


def test_a_dry_run_lists_the_requests_and_the_sections(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    before = home.state()
    result = encee("refresh", "admin", "--dry-run")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        f"dev would be refreshed in [dev-mfa]: a code of {dev.device.serial}, for 12h 00m, at STS in us-east-1",
        f"admin would be refreshed in [admin-mfa]: role {admin} for 1h 00m, with the session of dev",
    ]
    report = json.loads(encee("refresh", "admin", "--dry-run", "--json").out)
    assert [(one["profile"], one["needs_code"]) for one in report["profiles"]] == [("dev", True), ("admin", False)]
    assert (home.state(), aws.journal) == (before, [])


def test_does_not_assume_a_role_whose_session_cannot_be_written(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section() + "[ admin-mfa ]\n", profile("admin", admin))
    result = encee("refresh", "dev", "admin", "-c", dev.device.next_code())
    assert result.code == 5
    assert result.err.count("encee: error:") == 1
    assert aws.calls("AssumeRole") == []
    assert "dev-mfa is valid until" in result.err
    preview = encee("refresh", "dev", "admin", "--dry-run", "-d", "20h")
    assert (preview.code, preview.err.count("encee: error:")) == (5, 1)
    assert preview.out.startswith("dev would be refreshed in [dev-mfa]")


def test_a_session_that_aws_rejects_is_named_with_the_remedy(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    home.credentials.write_text(home.credentials.read_text().replace("aws_session_token = ", "aws_session_token = x"))
    result = encee("refresh", "admin")
    assert result.code == 4
    assert "AWS no longer accepts the session of dev" in result.err
    assert "encee: hint: encee refresh dev admin" in result.err
    assert encee("refresh", "dev", "admin", "-d", "20h", "-c", dev.device.next_code()).code == 0
    assert len(aws.calls("AssumeRole")) == 2


def test_uses_a_source_that_is_a_session_of_another_name(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin, "work"))
    assert encee("refresh", "dev", "--to", "work", "-c", dev.device.next_code()).code == 0
    result = encee("refresh", "admin")
    assert result.code == 0, result.err
    assert len(aws.calls("GetSessionToken")) == 1


def test_ignores_a_session_of_another_account_after_a_change_of_keys(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    key = dev.user.access_key.id
    home.credentials.write_text(home.credentials.read_text().replace(key, "AKIAQNZGKIQY56JQ7WML"))
    aws.journal.clear()
    assert encee("refresh", "admin").code == 2
    assert aws.journal == []


def test_a_long_role_can_have_its_own_device_and_command(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    options = {
        "duration_seconds": "2h",
        "mfa_serial": dev.device.serial,
        "mfa_process": f"echo {dev.device.next_code()}",
    }
    other = profile("other", admin, mfa_serial="GAHT12345678")
    home.write(dev.section(serial=False), profile("admin", admin, **options) + other)
    assert encee("refresh", "admin").code == 0
    assert aws.calls("AssumeRole")[0].serial == dev.device.serial


def test_codes_of_standard_input_follow_the_command_line(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    bob = aws.create_user("bob")
    bobs = Person(bob, bob.create_device("bobs"))
    arn = aws.create_role("long", trusting(), max_session_duration=14400)
    home.write(dev.section() + bobs.section("bob"), profile("long", arn, "bob", duration_seconds="2h"))
    codes = f"{bobs.device.next_code()}\n{dev.device.next_code()}\n"
    result = encee("refresh", "long", "dev", "--code", "-", stdin=codes)
    assert result.code == 0, result.err


def test_a_valid_role_needs_no_session_of_its_source(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    assert encee("refresh", "dev", "-d", "15m", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "admin").code == 0
    aws.journal.clear()
    result = encee("refresh", "admin", "--if-expiring", "30m", now=datetime.now(UTC) + timedelta(minutes=20))
    assert (result.code, aws.journal) == (0, []), result.err


@pytest.mark.parametrize("where", ["--mfa-serial", "ENCEE_MFA_SERIAL", "MFA_DEVICE"])
def test_the_device_of_a_long_role_follows_the_order_of_settings(
    encee: Encee,
    home: Home,
    dev: Person,
    aws: FakeAws,
    admin: str,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    home.write(dev.section(serial=False), profile("admin", admin, duration_seconds="2h", mfa_serial="GAHT12345678"))
    option = [where, dev.device.serial] if where.startswith("-") else []
    if not option:
        monkeypatch.setenv(where, dev.device.serial)
    assert encee("refresh", "admin", "-c", dev.device.next_code(), *option).code == 0
    assert aws.calls("AssumeRole")[0].serial == dev.device.serial


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faults.error("AccessDenied", "", 403), "AWS refused AssumeRole to admin and did not say why (AccessDenied)"),
        (faults.session("ASIAQ", "tomorrow", "AssumeRole"), "'tomorrow' in the place of a time"),
        (faults.session("ASIAQ", "2026-01-01T00:00:00Z", "AssumeRole"), "expired at 2026-01-01T00:00:00Z; it was not"),
    ],
)
def test_an_invalid_response_for_a_role_keeps_its_source(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, admin: str, fault: faults.Fault, says: str
) -> None:
    home.write(dev.section(), profile("admin", admin))
    aws.fault("AssumeRole", fault)
    result = encee("refresh", "dev", "admin", "-c", dev.device.next_code())
    assert (result.code, says in result.err, "code has been used" in result.err) == (4, True, False), result.err
    assert "[dev-mfa]" in home.credentials.read_text()
    assert "[admin-mfa]" not in home.credentials.read_text()
