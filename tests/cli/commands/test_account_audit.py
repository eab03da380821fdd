"""`encee account audit`: which users need MFA, and whose long-term key alone has access."""

import csv
import io
import json
from datetime import timedelta

import pytest

from encee.aws.clients import Clients
from encee.aws.credential_report import read_user_credentials
from encee.aws.signer import Signer
from encee.model import AccessKey
from tests.conftest import Encee, Home, Person, Result
from tests.fake_aws import FakeAws, FakeUser

pytestmark = pytest.mark.slow

ALLOW = {"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}
DENY = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
NAIVE = {**DENY, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def admin(home: Home, aws: FakeAws, encee: Encee) -> Person:
    """An administrator with a session that has MFA."""
    user = aws.create_user("admin")
    person = Person(user, user.create_device("admins-phone"))
    home.write(person.section("admin"))
    assert encee("refresh", "admin", "-c", person.device.next_code()).code == 0
    assert encee("account", "setup", "--profile", "admin", "--yes", "--add-user", "admin").code == 0
    return person


def audit(encee: Encee, *words: str) -> Result:
    return encee("account", "audit", "--profile", "admin", *words)


def states(result: Result) -> dict[str, str]:
    return {user["user"]: user["state"] for user in json.loads(result.out)["users"]}


def test_an_account_in_order_exits_with_0(encee: Encee, admin: Person) -> None:
    del admin
    done = audit(encee)
    assert done.code == 0, done.err
    assert "admin" in done.out
    assert "1 no active key, 1 ok" in done.err
    assert "credential report, made today" in done.err


def test_each_kind_of_user_has_a_state(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    aws.create_user("open")
    aws.create_user("unbound").create_device("unbounds-phone")
    aws.create_user("naive").create_device("naives-phone")
    aws.iam.put_user_policy("naive", "inline", policy(NAIVE, ALLOW))
    aws.create_user("inline").create_device("inlines-phone")
    aws.iam.put_user_policy("inline", "good-deny", policy(DENY, ALLOW))
    aws.create_user("retired").access_key.deactivate()
    done = audit(encee, "--json")
    assert done.code == 1
    assert states(done) == {
        "<root_account>": "no active key",
        "admin": "ok",
        "open": "open to takeover",
        "unbound": "MFA not required",
        "naive": "MFA not required",
        "inline": "ok",
        "retired": "no active key",
    }
    required = {user["user"]: user["mfa_required_by"] for user in json.loads(done.out)["users"]}
    assert required["admin"] == "encee-MFARequired"
    assert required["inline"] == "good-deny"
    assert required["naive"] is None


def test_a_key_of_the_root_user_is_a_risk(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    aws.root_key()
    done = audit(encee, "--json")
    assert done.code == 1
    assert states(done)["<root_account>"] == "MFA not required"


def test_an_old_key_is_reported_but_is_no_risk(encee: Encee, admin: Person, aws: FakeAws) -> None:
    key = aws.iam.access_keys[admin.user.access_key.id]
    key.create_date -= timedelta(days=91)
    assert states(audit(encee, "--json"))["admin"] == "old key"
    assert audit(encee).code == 0
    assert states(audit(encee, "--json", "--max-key-age", "92d"))["admin"] == "ok"


def test_audits_only_the_members_of_a_group(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    aws.create_user("open")
    done = audit(encee, "--group", "encee", "--json")
    assert (done.code, states(done)) == (0, {"admin": "ok"})
    refused = audit(encee, "--group", "absent")
    assert refused.code == 2
    assert "the account has no group absent" in refused.err


def _give_devices(user: FakeUser, kind: int) -> None:
    if kind in {1, 4}:
        user.create_device(f"phone-of-{user.name}")
    if kind == 2:
        user.create_hardware_device(f"GAHT-{user.name}")
    if kind in {3, 4}:
        user.create_fido_device("yubikey")


def test_the_report_and_single_requests_agree(encee: Encee, admin: Person, home: Home, aws: FakeAws) -> None:
    for number in range(20):
        user = aws.create_user(f"user{number:02}", "/staff/" if number % 2 else "/")
        if number % 3 == 1:
            aws.iam.create_login_profile(user.name, "Secret-123-Secret")
        if number % 4 == 1:
            user.access_key.use(timedelta(days=number))
        if number % 5 == 1:
            user.create_access_key().deactivate()
        if number % 7 == 1:
            user.access_key.delete()
        _give_devices(user, number % 6)
    found = {user["user"]: user for user in json.loads(audit(encee, "--json").out)["users"]}
    assert len(found) == 22
    key = admin.user.access_key
    signer = Signer("admin", AccessKey(key.id, key.secret), "us-east-1", home.credentials, home.config)
    client = Clients(pytest.fail).iam(signer)
    for number in range(20):
        told, single = found[f"user{number:02}"], read_user_credentials(client, signer, f"user{number:02}")
        assert (told["password"], told["mfa"]) == (single.password, single.mfa)
        assert [key["active"] for key in told["keys"]] == [key.active for key in single.keys]
        for from_report, from_call in zip(told["keys"], single.keys, strict=True):
            assert (from_report["last_used"] is None) == (from_call.last_used is None)


def test_audits_a_user_who_is_newer_than_the_report(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    assert audit(encee).code == 0
    aws.create_user("newcomer")
    done = audit(encee, "--json")
    assert states(done)["newcomer"] == "open to takeover"
    assert "newcomer" not in {row["user"] for row in csv.DictReader(io.StringIO(aws.credential_report))}


def test_a_user_who_enrolled_after_the_report_is_protected(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    jane, joe = aws.create_user("jane"), aws.create_user("joe")
    phone = joe.create_device("joes-phone")
    assert states(audit(encee, "--json"))["jane"] == "open to takeover"
    jane.create_device("janes-phone")
    aws.iam.deactivate_mfa_device("joe", phone.serial)
    found = states(audit(encee, "--json"))
    assert (found["jane"], found["joe"]) == ("MFA not required", "open to takeover")


def test_finds_the_columns_of_the_report_by_name(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    aws.create_user("open")
    before = json.loads(audit(encee, "--json").out)["users"]
    rows = [row[::-1] for row in csv.reader(io.StringIO(aws.credential_report))]
    rows = [["new_column" if number == 0 else "N/A", *row] for number, row in enumerate(rows)]
    aws.credential_report = "\n".join(map(",".join, rows))
    assert json.loads(audit(encee, "--json").out)["users"] == before


def test_a_report_that_lacks_a_column_is_an_error(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    assert audit(encee).code == 0
    aws.credential_report = aws.credential_report.replace("mfa_active", "mfa")
    refused = audit(encee)
    assert refused.code == 4
    assert "has no column 'mfa_active'" in refused.err


def test_accepts_a_report_without_the_root_user(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    assert audit(encee).code == 0
    aws.credential_report = "\n".join(
        line for line in aws.credential_report.splitlines() if not line.startswith("<root_account>")
    )
    done = audit(encee, "--json")
    assert (done.code, states(done)) == (0, {"admin": "ok"})


@pytest.mark.slow
def test_audits_thousands_of_users(encee: Encee, admin: Person, aws: FakeAws) -> None:
    del admin
    for number in range(5000):
        aws.create_user(f"user{number:04}")
    aws.journal.clear()
    done = audit(encee, "--json")
    assert done.code == 1
    assert len(states(done)) == 5002
    assert len(aws.calls("GetAccountAuthorizationDetails")) == 6
    assert aws.calls("ListMFADevices") == []
