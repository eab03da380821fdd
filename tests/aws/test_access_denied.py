"""AccessDenied messages: the denied action, the reason, and the statement that would allow it."""

import json

import pytest

from encee.aws.access_denied import Denial

JANE = "arn:aws:iam::123456789012:user/division/jane"
DENIED = f"User: {JANE} is not authorized to perform: iam:ListMFADevices"
NO_ALLOW = "because no identity-based policy allows the iam:ListMFADevices action"


def read(text: str) -> Denial:
    denial = Denial.read(text)
    assert denial is not None
    return denial


def test_reads_caller_action_resource_and_reason() -> None:
    assert read(f"{DENIED} on resource: {JANE} {NO_ALLOW}") == Denial(
        JANE, "iam:ListMFADevices", JANE, "no identity-based policy allows it"
    )


@pytest.mark.parametrize(
    ("reason", "explicit"),
    [
        ("with an explicit deny in an identity-based policy", True),
        ("with an explicit deny in a service control policy", True),
        ("because no permissions boundary allows the iam:ListMFADevices action", False),
        (NO_ALLOW, False),
        ("", False),
    ],
)
def test_distinguishes_a_deny_from_a_missing_allow(reason: str, explicit: bool) -> None:
    denial = read(f"{DENIED} on resource: {JANE} {reason}".strip())
    assert denial.is_explicit is explicit
    assert denial.reason


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (JANE, "jane"),
        ("arn:aws-cn:iam::123456789012:user/jane", "jane"),
        ("arn:aws:sts::123456789012:assumed-role/admin/encee", "assumed-role/admin/encee"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)
def test_names_the_caller_without_account_and_path(caller: str, name: str) -> None:
    assert read(f"User: {caller} is not authorized to perform: iam:GetUser").name == name


@pytest.mark.parametrize(
    ("resource", "arn"),
    [
        ("arn:aws:iam::123456789012:mfa/phone", "arn:aws:iam::123456789012:mfa/phone"),
        ("user jane", JANE),
        ("user bob", "arn:aws:iam::123456789012:user/bob"),
        ("group admins", "arn:aws:iam::123456789012:group/admins"),
        ("policy arn:aws:iam::123456789012:policy/x", "arn:aws:iam::123456789012:policy/x"),
        ("*", "*"),
    ],
)
def test_the_statement_allows_this_action_on_this_resource_only(resource: str, arn: str) -> None:
    statement = json.loads(read(f"{DENIED} on resource: {resource} {NO_ALLOW}").statement)
    assert statement == {"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": arn}


def test_without_a_resource_the_statement_allows_every_resource() -> None:
    assert json.loads(read(DENIED).statement)["Resource"] == "*"


@pytest.mark.parametrize("text", ["", "Roles may not be assumed by root accounts.", "Cannot call GetSessionToken"])
def test_ignores_a_text_that_names_no_action(text: str) -> None:
    assert Denial.read(text) is None
