"""Names and patterns of profiles, sources of sessions, and sections that encee must not overwrite."""

import shlex

import pytest

from encee.awsfile.paths import AwsPaths
from encee.errors import ExitCode, FileRefusedError, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.guards import refuse_key, refuse_session_profile
from encee.profiles.lookup_errors import explain_lookup_failure

KEYS = {"aws_access_key_id": "AKIAX", "aws_secret_access_key": "s"}
THEIRS = {"aws_access_key_id": "ASIAX", "aws_secret_access_key": "s", "aws_session_token": "t"}
SESSION = THEIRS | {"manager": "encee", "expiration": "2026-11-22T17:00:00Z"}
AWS_MFA = THEIRS | {"expiration": "2026-11-22 17:00:00", "assumed_role": "False"}
ROLE = {"role_arn": "arn:aws:iam::123456789012:role/admin", "source_profile": "dev"}
FILES = AwsPaths.locate({})

Sections = dict[str, dict[str, str]]


def of(source: str) -> dict[str, str]:
    return SESSION | {"encee_source": source}


# Names


@pytest.mark.parametrize(
    ("credentials", "word", "profile"),
    [
        ({"dev": KEYS}, "dev", "dev"),
        ({"dev": KEYS}, "dev-mfa", "dev"),
        ({"dev": KEYS, "dev-mfa": of("dev")}, "dev-mfa", "dev"),
        ({"dev": KEYS, "work": of("dev")}, "work", "dev"),
        ({"my dev": KEYS, "work": of("my%20dev")}, "work", "my dev"),
        ({"dev": KEYS, "bob": KEYS, "dev-mfa": of("bob")}, "dev-mfa", "bob"),
        ({"dev": KEYS, "dev-mfa": of("gone")}, "dev-mfa", None),
        ({"dev-long-term": KEYS}, "dev", "dev-long-term"),
        ({"dev-long-term": KEYS, "dev": AWS_MFA}, "dev", "dev-long-term"),
        ({"dev-long-term": KEYS, "dev": KEYS}, "dev", "dev"),
        ({"dev": KEYS, "dev-mfa": KEYS}, "dev-mfa", "dev-mfa"),
        ({"dev": KEYS, "dev-mfa": THEIRS | {"encee_source": "bob"}, "bob": KEYS}, "dev-mfa", "dev"),
        ({"dev": KEYS, "dev-mfa-long-term": KEYS}, "dev-mfa", None),
        ({"dev": KEYS}, "prod", None),
        ({"dev": KEYS}, "", None),
        ({"theirs": THEIRS}, "theirs", None),
    ],
)
def test_a_name_selects_at_most_one_profile(credentials: Sections, word: str, profile: str | None) -> None:
    assert Catalog(credentials, {}).profile_for(word) == profile


def test_a_role_or_its_session_selects_the_role() -> None:
    catalog = Catalog({"dev": KEYS, "work": of("admin")}, {"profile admin": ROLE})
    assert [catalog.profile_for(word) for word in ("admin", "admin-mfa", "work")] == ["admin"] * 3


@pytest.mark.parametrize(
    ("section", "owner"),
    [(of("bob"), "bob"), (SESSION, "dev"), (THEIRS, "dev"), (THEIRS | {"encee_source": "bob"}, "dev"), ({}, "dev")],
)
def test_a_session_belongs_to_its_source_or_the_only_candidate(section: dict[str, str], owner: str) -> None:
    catalog = Catalog({"dev": KEYS, "bob": KEYS, "dev-mfa": section}, {})
    assert catalog.source_profile("dev-mfa") == owner
    assert (catalog.session("dev-mfa", owner) is not None) == ("manager" in section)
    assert catalog.session("dev-mfa", "x") is None


def test_reads_the_last_of_two_default_sections() -> None:
    bare, prefixed = {"region": "a"}, {"region": "b"}
    assert Catalog({}, {"profile default": prefixed, "default": bare}).options("default") == bare
    assert Catalog({}, {"default": bare, "profile default": prefixed}).options("default") == prefixed


def test_the_credentials_file_wins_over_the_config_file() -> None:
    catalog = Catalog({"dev": {"region": "a"}}, {"profile dev": {"region": "b", "output": "json"}})
    assert catalog.options("dev") == {"region": "a", "output": "json"}


def test_ignores_sections_of_the_config_file_that_are_no_profiles() -> None:
    names = ("dev", "profile", "profile a b", "profile 'x", "sso-session s", "services t", "profilex y")
    config = dict.fromkeys(names, KEYS)
    assert list(Catalog({}, config).config) == ["y"]  # as in botocore


@pytest.mark.parametrize("option", ["aws_session_token", "aws_security_token"])
def test_an_empty_token_does_not_make_long_term_keys_a_session(option: str) -> None:
    assert Catalog({"dev": KEYS | {option: ""}}, {}).access_key("dev") == AccessKey("AKIAX", "s")
    assert Catalog({"dev": KEYS | {option: "t"}}, {}).access_key("dev") is None


# Patterns


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["prod-*"], ["prod-a", "prod-b"]),
        (["[a*]", "prod-?"], ["[a*]", "prod-a", "prod-b"]),
        (["[*]"], ["[*]"]),
        (["theirs?"], ["theirs?"]),
        (["x*", "prod-a"], ["x*", "prod-a"]),
        (["prod-b", "prod-*"], ["prod-b", "prod-a"]),
        (["missing", ""], ["missing", ""]),
        ([], []),
    ],
)
def test_expands_a_pattern_to_the_matching_names(words: list[str], found: list[str]) -> None:
    names = ["prod-a", "prod-b", "[a*]", "a"]
    catalog = Catalog({**dict.fromkeys(names, KEYS), "theirs?": THEIRS, "theirs1": THEIRS}, {})
    assert catalog.expand_patterns(words, catalog.session_profiles) == found


# Names of no profile


def test_reports_the_missing_source_of_a_session() -> None:
    error = explain_lookup_failure(Catalog({"dev-mfa": of("dev")}, {}), "dev-mfa", FILES)
    assert error.message == "dev-mfa is a session profile, and its source profile dev no longer exists"


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("DEV", "there is no profile DEV in", "name the profile Dev"),
        ("prod-MFA", "there is no profile prod-MFA in", "name the profile Prod-mfa"),
        ("x*", "no profile matches x*", "encee status"),
        ("", "the name of a profile is empty", "encee status"),
        ("123456", "an MFA code is not a profile", "encee refresh PROFILE --code CODE"),
        ("1234567", "there is no profile 1234567", "encee status"),
        ("१२३४५६", "there is no profile", "encee status"),
        ("Dev,Prod", "there is no profile Dev,Prod in", "put a space between two profiles: Dev Prod"),
        ("Dev, ", "there is no profile Dev,  in", "put a space between two profiles: Dev"),
        ("[dev]", "no profile matches [dev]", "name the profile Dev"),
        ("profile prod", "there is no profile profile prod in", "name the profile Prod"),
    ],
)
def test_reports_why_a_name_selects_no_profile(word: str, message: str, hint: str) -> None:
    error = explain_lookup_failure(Catalog({"Dev": KEYS, "Prod": KEYS}, {}), word, FILES)
    assert isinstance(error, UsageError)
    assert error.message.startswith(message)
    assert hint in (error.hint or "")
    assert word != "123456" or word not in f"{error.message}{error.hint}"


def test_names_the_profiles_that_share_a_session_profile() -> None:
    section = {"encee_session_profile": "both"}
    catalog = Catalog({"a b": KEYS, "dev": KEYS}, {"profile 'a b'": section, "profile dev": section})
    error = explain_lookup_failure(catalog, "both", FILES)
    assert (error.message, error.hint) == ("both is the session profile of a b and dev", "name one of them: 'a b'")


def test_a_profile_named_by_six_digits_is_no_code() -> None:
    assert Catalog({"123456": KEYS}, {}).profile_for("123456") == "123456"
    assert explain_lookup_failure(Catalog({"123456": {"region": "x"}}, {}), "123456", FILES).message.startswith(
        "123456 has no"
    )


@pytest.mark.parametrize("word", ["admin", "admin-mfa"])
def test_reports_that_a_role_has_no_session_yet(word: str) -> None:
    error = explain_lookup_failure(Catalog({"dev": KEYS}, {"profile admin": ROLE}), word, FILES)
    assert error.exit_code is ExitCode.NO_SESSION
    assert (error.message, error.hint) == ("admin has no session yet", "encee refresh admin")


ODD = "a b; touch 'x'"


def test_a_name_in_a_hint_can_be_pasted_into_a_shell() -> None:
    half = {"aws_access_key_id": "AKIAX"}
    lone = {"aws_access_key_id": "ASIAX"}
    hints = [explain_lookup_failure(Catalog({ODD: section}, {}), ODD, FILES).hint for section in ({}, half, lone)]
    hints.append(explain_lookup_failure(Catalog({"dev": KEYS}, {f"profile {shlex.quote(ODD)}": ROLE}), ODD, FILES).hint)
    catalog = Catalog({ODD: KEYS, "dev-mfa": KEYS}, {})
    with pytest.raises(UsageError) as swapped:
        refuse_key(catalog, ODD, AccessKey("x", "y"))
    with pytest.raises(UsageError) as unnamed:
        refuse_session_profile(catalog, "a b", ODD)
    with pytest.raises(FileRefusedError) as refused:
        refuse_session_profile(catalog, "dev-mfa", ODD)
    for hint in (*hints, swapped.value.hint, unnamed.value.hint, refused.value.hint):
        assert hint
        assert shlex.quote(ODD) in hint


# Sections that encee must not overwrite


def refusal(
    credentials: Sections, config: Sections | None = None, *, target: str = "dev-mfa", source: str = "dev"
) -> str:
    """Return why encee must not write a session to this section."""
    with pytest.raises(FileRefusedError) as caught:
        refuse_session_profile(Catalog(credentials, config or {}), target, source)
    assert caught.value.exit_code is ExitCode.FILE
    assert caught.value.hint == f"encee refresh {source} --to {source}-session"
    return caught.value.message


@pytest.mark.parametrize(
    "token", [{}, {"aws_session_token": ""}, {"aws_session_token": "t"}, {"aws_security_token": "t"}]
)
@pytest.mark.parametrize(
    "manager", [{}, {"manager": "encee", "encee_source": "dev"}, {"assumed_role": "", "expiration": ""}]
)
@pytest.mark.parametrize("keys", [KEYS, {"aws_access_key_id": "AKIAX"}, {"aws_secret_access_key": "s"}])
def test_never_overwrites_long_term_keys(keys: dict[str, str], manager: dict[str, str], token: dict[str, str]) -> None:
    section = keys | manager | token
    assert refusal({"dev-mfa": section}) == "[dev-mfa] holds keys that may exist nowhere else; nothing was changed"
    assert "holds keys" in refusal({"dev": section}, target="dev", source="dev-long-term")
    assert "holds keys" in refusal({}, {"profile dev-mfa": section})
    assert "holds keys" in refusal({"dev-mfa": of("dev")}, {"profile dev-mfa": section})


@pytest.mark.parametrize(
    "section",
    [{}, {"region": "x"}, of("dev"), of("bob"), THEIRS, {"aws_access_key_id": "", "aws_secret_access_key": ""}],
)
def test_overwrites_sessions_and_empty_sections(section: dict[str, str]) -> None:
    refuse_session_profile(Catalog({"dev-mfa": section}, {}), "dev-mfa", "dev")


def test_adopts_a_section_of_aws_mfa_only_with_its_long_term_key() -> None:
    refuse_session_profile(Catalog({"dev": AWS_MFA}, {}), "dev", "dev-long-term")
    assert "is managed by aws-mfa" in refusal({"dev": AWS_MFA}, target="dev", source="bob")


def test_never_makes_a_profile_its_own_session_profile() -> None:
    assert "dev cannot be its own session profile" in refusal({}, target="dev")
    assert "holds keys" in refusal({"dev": KEYS}, target="dev")
    assert "holds keys" in refusal({}, {"profile dev": KEYS}, target="dev")


@pytest.mark.parametrize(
    "key",
    [
        "role_arn",
        "web_identity_token_file",
        "credential_process",
        "credential_source",
        "login_session",
        "sso_session",
        "sso_start_url",
        "sso_account_id",
    ],
)
def test_refuses_a_session_profile_whose_keys_some_sdk_ignores(key: str) -> None:
    message = f"{key} in the profile dev-mfa would hide the session from the AWS tools; nothing was changed"
    assert refusal({}, {"profile dev-mfa": {"region": "x", key: "y"}}) == message
    assert refusal({"dev-mfa": of("dev") | {key: "y"}}) == message


@pytest.mark.parametrize(
    ("credentials", "config", "says"),
    [
        ({"role_arn": "x"}, {}, "role_arn in [DEFAULT] hides the keys of every profile from the AWS tools"),
        ({}, {"credential_process": "x"}, "credential_process in [DEFAULT] hides the keys"),
        ({}, {"sso_session": "x"}, "sso_session in [DEFAULT] hides the keys"),
        ({"encee_secret": "keyring"}, {}, "[DEFAULT] refers to a key in the keyring"),
        ({}, {"aws_access_key_id": "AKIAX"}, "[DEFAULT] of the config file holds keys"),
    ],
)
@pytest.mark.parametrize("section", [{}, {"dev-mfa": of("dev")}])
def test_refuses_a_session_profile_that_inherits_what_hides_the_session(
    section: Sections, credentials: dict[str, str], config: dict[str, str], says: str
) -> None:
    catalog = Catalog({"DEFAULT": credentials, "dev": KEYS | credentials, **section}, {"DEFAULT": config})
    with pytest.raises(FileRefusedError) as caught:
        refuse_session_profile(catalog, "dev-mfa", "dev")
    assert says in caught.value.message
    assert caught.value.hint == "move it from [DEFAULT] to the section of the profile that needs it"


@pytest.mark.parametrize("option", ["region", "aws_session_token", "aws_access_key_id", "manager"])
def test_allows_inherited_options_that_a_session_sets_or_does_not_need(option: str) -> None:
    refuse_session_profile(
        Catalog({"DEFAULT": {option: "x"}, "dev": KEYS}, {"DEFAULT": {"region": "x"}}), "dev-mfa", "dev"
    )


@pytest.mark.parametrize("key", ["role_arn_of_the_team", "login_session_name", "source_profile", "region", "x_sso_y"])
def test_accepts_a_default_key_that_hides_nothing(key: str) -> None:
    refuse_session_profile(Catalog({}, {"profile dev-mfa": {key: "y"}}), "dev-mfa", "dev")
