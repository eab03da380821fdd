"""The sessions that `encee status` lists, and their sources."""

from collections.abc import Iterator

import pytest

from encee.profiles.catalog import Catalog
from encee.profiles.session_list import list_sessions

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"}
THEIRS = {"aws_access_key_id": "ASIAQNZGKIQY56JQ7WML", "aws_secret_access_key": "s", "aws_session_token": "t"}
ENDS = "2026-11-22T17:00:00Z"
ROLE = {"role_arn": "arn:aws:iam::999999999999:role/admin", "source_profile": "dev", "mfa_serial": "x"}

Sections = dict[str, dict[str, str]]


def of(source: str) -> dict[str, str]:
    return THEIRS | {"expiration": ENDS, "manager": "encee", "encee_source": source}


def list_rows(credentials: Sections, config: Sections | None = None) -> list[tuple[str, str | None, bool]]:
    """Return profile, source, and whether the session has an expiry."""
    rows = list(list_sessions(Catalog(credentials, config or {})))
    assert len({row.profile for row in rows}) == len(rows)
    return [(row.profile, row.source, row.expiration is not None) for row in rows]


@pytest.mark.parametrize(
    ("credentials", "rows"),
    [
        ({"dev": KEYS, "dev-mfa": of("dev")}, [("dev-mfa", "dev", True)]),
        ({"dev": KEYS}, [("dev-mfa", "dev", False)]),
        ({"dev": KEYS, "work": of("dev")}, [("work", "dev", True)]),
        ({"dev": KEYS, "work": of("dev"), "dev-mfa": of("dev")}, [("dev-mfa", "dev", True), ("work", "dev", True)]),
        # refresh bob --to dev-mfa
        ({"dev": KEYS, "bob": KEYS, "dev-mfa": of("bob")}, [("dev", "dev", False), ("dev-mfa", "bob", True)]),
        ({"bob": KEYS, "dev": KEYS, "dev-mfa": of("bob")}, [("dev-mfa", "bob", True), ("dev", "dev", False)]),
        ({"dev": KEYS, "dev-mfa": of("gone")}, [("dev", "dev", False), ("dev-mfa", "gone", True)]),
        ({"dev-mfa": of("dev")}, [("dev-mfa", "dev", True)]),
        # a session of another tool with the name of a session profile
        (
            {"dev-long-term": KEYS, "dev": THEIRS | {"assumed_role": "False", "expiration": "2026-11-22 17:00:00"}},
            [("dev", "dev-long-term", True)],
        ),
        ({"prod": KEYS, "prod-mfa": THEIRS | {"x_security_token_expires": ENDS}}, [("prod-mfa", "prod", True)]),
        ({"theirs": THEIRS | {"x_security_token_expires": ENDS}}, [("theirs", None, True)]),
        # a section without a session
        ({"dev": KEYS, "dev-mfa": of("dev") | KEYS}, [("dev-mfa", "dev", False)]),
        ({"dev": KEYS, "dev-mfa": of("dev") | {"aws_session_token": ""}}, [("dev-mfa", "dev", False)]),
        ({"dev": KEYS | {"expiration": ENDS}}, [("dev-mfa", "dev", False)]),
        # two profiles with one session profile
        (
            {"dev": KEYS, "dev-long-term": KEYS},
            [("dev-mfa", "dev", False), ("dev-long-term", "dev-long-term", False)],
        ),
        ({"a": KEYS, "a-mfa-long-term": KEYS}, [("a-mfa", "a", False), ("a-mfa-long-term", "a-mfa-long-term", False)]),
    ],
)
def test_lists_each_session_once_with_its_source(credentials: Sections, rows: list[tuple[str, str, bool]]) -> None:
    assert list_rows(credentials) == rows


def test_lists_only_roles_that_have_a_session() -> None:
    config = {"profile admin": ROLE, "profile audit": ROLE}
    assert list_rows({"dev": KEYS, "admin-mfa": of("admin")}, config) == [
        ("dev-mfa", "dev", False),
        ("admin-mfa", "admin", True),
    ]


def test_the_account_of_a_role_is_not_that_of_its_device() -> None:
    role = ROLE | {"mfa_serial": "arn:aws:iam::123456789012:mfa/jane"}
    (row,) = list_sessions(Catalog({"admin-mfa": of("admin")}, {"profile admin": role}))
    assert row.account == "029608264753"


def test_only_a_session_of_encee_counts_as_existing() -> None:
    theirs = {"prod": KEYS, "prod-mfa": THEIRS | {"x_security_token_expires": ENDS}, "dev": KEYS, "dev-mfa": of("dev")}
    assert [(row.profile, row.exists) for row in list_sessions(Catalog(theirs, {}))] == [
        ("prod-mfa", False),
        ("dev-mfa", True),
    ]


class CountedProfiles(dict[str, str]):
    """Profiles that count how often all of them are looked through."""

    passes = 0

    def __iter__(self) -> Iterator[str]:
        self.passes += 1
        return super().__iter__()


def test_the_work_for_each_profile_does_not_grow_with_their_number() -> None:
    catalog = Catalog({f"user-{number}": KEYS for number in range(100)}, {})
    profiles = CountedProfiles(catalog.long_term_profiles)
    catalog.long_term_profiles = profiles
    assert len(list(list_sessions(catalog))) == 100
    assert profiles.passes <= 2
