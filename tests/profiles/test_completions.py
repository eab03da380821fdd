"""Names of profiles for completion."""

import subprocess

import pytest

from encee.profiles.catalog import Catalog
from encee.profiles.completions import (
    Offer,
    complete_name,
    offer_refreshable,
    offer_removable,
    offer_sessions,
    offer_usable,
)

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"}
THEIRS = {"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s", "aws_session_token": "t"}
OURS = THEIRS | {"expiration": "2026-11-22T17:00:00Z", "manager": "encee"}
CATALOG = Catalog(
    {
        "dev": KEYS,
        "dev-mfa": OURS | {"encee_source": "dev"},
        "prod-long-term": KEYS,
        "custom": OURS | {"encee_source": "dev"},
        "theirs": THEIRS,
        "old": THEIRS | {"expiration": "2026-11-22T17:00:00Z"},
        "empty": {},
    },
    {"profile admin": {"role_arn": "arn:aws:iam::123456789012:role/admin", "source_profile": "dev-mfa"}},
)


@pytest.mark.parametrize(
    ("offer", "begin", "names"),
    [
        (offer_refreshable, "", ["dev", "prod-long-term", "admin"]),
        (offer_refreshable, "d", ["dev"]),
        (offer_refreshable, "dev-", ["dev-mfa"]),
        (offer_refreshable, "c", ["custom"]),
        (offer_refreshable, "t", []),
        (offer_usable, "", ["dev", "prod-long-term", "admin", "theirs", "old"]),
        (offer_usable, "dev-", ["dev-mfa"]),
        (offer_sessions, "", ["dev-mfa", "prod", "custom", "old"]),
        (offer_sessions, "prod-", ["prod-long-term"]),
        (offer_removable, "", ["dev-mfa", "custom"]),
        (offer_removable, "dev", ["dev-mfa"]),
        (offer_removable, "x", []),
    ],
)
def test_offers_the_names_that_each_command_accepts(offer: Offer, begin: str, names: list[str]) -> None:
    assert complete_name(offer, CATALOG, begin) == names


def test_offers_a_session_for_its_profile_unless_its_name_has_the_prefix() -> None:
    catalog = Catalog({"dev": KEYS, "work": OURS | {"encee_source": "dev"}}, {})
    assert complete_name(offer_removable, catalog, "d") == ["dev"]


def test_does_not_offer_a_name_that_the_line_has() -> None:
    assert complete_name(offer_refreshable, CATALOG, "", ["dev"]) == ["prod-long-term", "admin"]
    assert complete_name(offer_refreshable, CATALOG, "dev", ["dev"]) == []


NASTY = [
    *("$(touch F)", "\\$(touch F)", "`touch F`", "a;touch F", "a b", "a'b", 'a"b', "a\\b", "a&b", "a|b", "a#b"),
    *("~root", "-d", "+x", "=ls", "%1", "@x", "é", "a*", "{a,b}", "!!"),
]


@pytest.mark.parametrize("name", NASTY)
def test_does_not_offer_a_name_that_a_shell_would_change(name: str) -> None:
    catalog = Catalog({name: KEYS, "dev": KEYS}, {})
    assert name in catalog.long_term_profiles
    assert complete_name(offer_refreshable, catalog, "") == ["dev"]
    assert complete_name(offer_refreshable, catalog, name[0]) == []


@pytest.mark.parametrize(
    "shell", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("bash", "zsh", "fish")]
)
def test_offers_only_plain_words(shell: str) -> None:
    names = ["dev", "me@corp:dev", "a.b_c-d/e+f%g", "x%1", "_x", ".y", "A9"]
    catalog = Catalog(dict.fromkeys(names, KEYS), {})
    assert complete_name(offer_refreshable, catalog, "") == names
    script = f"printf '%s\\n' {' '.join(names)}"
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == names
