"""Which profile a word means."""

import pytest

from encee.profiles.catalog import Catalog, quoted, unquoted
from encee.profiles.files import Files

KEYS = {"aws_access_key_id": "AKIAX", "aws_secret_access_key": "s"}
SESSION = {"aws_access_key_id": "ASIAX", "aws_session_token": "t", "manager": "encee"}


@pytest.mark.parametrize(
    ("credentials", "word", "source"),
    [
        ({"dev": KEYS}, "dev", "dev"),
        ({"dev": KEYS}, "dev-mfa", "dev"),
        ({"dev": KEYS, "dev-mfa": SESSION | {"encee_source": "dev"}}, "dev-mfa", "dev"),
        ({"dev": KEYS, "work": SESSION | {"encee_source": "dev"}}, "work", "dev"),
        ({"my dev": KEYS, "work": SESSION | {"encee_source": "my%20dev"}}, "work", "my dev"),
        ({"dev-long-term": KEYS}, "dev", "dev-long-term"),
        ({"dev-long-term": KEYS, "dev": {"aws_session_token": "aws-mfa's"}}, "dev", "dev-long-term"),
        ({"dev-long-term": KEYS, "dev": KEYS}, "dev", "dev"),
        ({"dev": KEYS, "dev-mfa": KEYS}, "dev-mfa", "dev-mfa"),
        ({"dev": KEYS, "dev-mfa-long-term": KEYS}, "dev-mfa", None),
        ({"dev": KEYS}, "prod", None),
        ({"theirs": {"aws_session_token": "t"}}, "theirs", None),
    ],
)
def test_a_word_means_at_most_one_source(credentials: dict[str, dict[str, str]], word: str, source: str | None) -> None:
    assert Catalog(credentials, {}).source_for(word) == source


def test_of_two_sections_for_the_default_profile_the_later_one_counts() -> None:
    bare, prefixed = {"region": "a"}, {"region": "b"}
    assert Catalog({}, {"profile default": prefixed, "default": bare}).options("default") == bare
    assert Catalog({}, {"default": bare, "profile default": prefixed}).options("default") == prefixed


def test_the_credentials_file_wins_over_the_config_file() -> None:
    catalog = Catalog({"dev": {"region": "a"}}, {"profile dev": {"region": "b", "output": "json"}})
    assert catalog.options("dev") == {"region": "a", "output": "json"}


def test_sections_of_the_config_file_that_are_no_profiles_are_none() -> None:
    names = ("dev", "profile", "profile a b", "profile 'x", "sso-session s", "services t", "profilex y")
    config = dict.fromkeys(names, KEYS)
    assert list(Catalog({}, config).config) == ["y"]  # as botocore has it


@pytest.mark.parametrize("name", ["dev", "my dev", "50%", "a;b#c", "é", "a/b@c:d+e"])
def test_a_source_name_survives_being_written(name: str) -> None:
    assert unquoted(quoted(name)) == name
    assert quoted("dev") == "dev"


def test_a_session_without_a_source_says_that_it_is_gone() -> None:
    error = Catalog({"dev-mfa": SESSION | {"encee_source": "dev"}}, {}).not_a_source("dev-mfa", Files.located({}))
    assert error.message == "dev-mfa is a session profile, and dev, which it was made from, is gone"
