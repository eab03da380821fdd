"""`encee clear`: which lines it removes, keeps and refuses."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from botocore.configloader import raw_config_parse

from encee.model import Session
from encee.profiles.credentials import WRITTEN, session_options
from tests.conftest import Encee, Home, Person, Result
from tests.fake_aws import FakeAws

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
SETTINGS = "[profile dev-mfa]\nregion = eu-west-1\noutput = json\nencee_source = dev\n"


def session(name: str, source: str = "dev", ends: datetime = NOW + timedelta(hours=1)) -> str:
    return (
        f"\n[{name}]\naws_access_key_id = ASIAQNZGKIQY56JQ7WML\naws_secret_access_key = s\naws_session_token = t\n"
        f"expiration = {ends:%Y-%m-%dT%H:%M:%SZ}\nmanager = encee\nencee_source = {source}\n"
    )


def bytes_of(home: Home) -> tuple[bytes, bytes]:
    return home.credentials.read_bytes(), home.config.read_bytes()


def remove_session(result: Result) -> list[tuple[str, str | None, bool]]:
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert document.keys() == {"encee_format", "profiles"}
    return [(one["session_profile"], one["source"], one["part_stayed"]) for one in document["profiles"]]


def test_clear_removes_every_option_that_refresh_writes() -> None:
    assert session_options(Session("i", "s", "t", NOW), "dev").keys() == WRITTEN


# ---- refresh, then clear


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end"])
def test_a_refresh_and_a_clear_restore_the_bytes(
    encee: Encee, home: Home, dev: Person, line_end: str, end: str
) -> None:
    config = "[profile dev]\nregion = eu-west-1\noutput = json"
    home.write(
        ("# mine\n" + dev.section().rstrip("\n") + end).replace("\n", line_end), (config + end).replace("\n", line_end)
    )
    before = bytes_of(home)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert all(b"dev-mfa" in data for data in bytes_of(home))
    result = encee("clear", "dev")
    assert (result.code, result.out) == (0, "")
    assert result.err == "removed dev-mfa, the session of dev\n"
    assert bytes_of(home) == before


def test_two_refreshes_and_a_clear_restore_the_bytes(encee: Encee, home: Home, dev: Person) -> None:
    before = bytes_of(home)
    for _ in range(2):
        assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert encee("clear", "dev-mfa").code == 0
    assert bytes_of(home) == before


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", "\n"])
def test_clears_several_sessions_in_any_order(encee: Encee, home: Home, dev: Person, end: str) -> None:
    home.write(
        (dev.section() + dev.section("other")).rstrip("\n") + end,
        f"[profile dev]\nregion = eu-west-1\n[profile other]\nregion = eu-west-2\noutput = text{end}",
    )
    before = bytes_of(home)
    assert encee("refresh", "dev", "other", "-c", dev.device.next_code()).code == 0
    assert encee("refresh", "dev", "--to", "work", "-c", dev.device.next_code()).code == 0
    refreshed = bytes_of(home)
    for order in permutations(("dev", "other", "work")):
        home.write(*refreshed)
        for word in order:
            assert encee("clear", word).code == 0
        assert bytes_of(home) == before


def test_clears_several_sessions_in_one_write(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section() + dev.section("other"), "[profile dev]\nregion = a\n[profile other]\nregion = b\n")
    before = bytes_of(home)
    assert encee("refresh", "dev", "other", "-c", dev.device.next_code()).code == 0
    assert remove_session(encee("clear", "other-mfa", "dev", "--json")) == [
        ("other-mfa", "other", False),
        ("dev-mfa", "dev", False),
    ]
    assert bytes_of(home) == before


def test_clears_the_session_of_a_role(encee: Encee, home: Home, dev: Person, aws: FakeAws) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    arn = aws.create_role("admin", {"Version": "2012-10-17", "Statement": [trust]}, max_session_duration=3600)
    home.write(
        dev.section(),
        f"[profile dev]\nregion = a\n[profile admin]\nrole_arn = {arn}\nsource_profile = dev\nregion = b\n",
    )
    before = bytes_of(home)
    assert encee("refresh", "admin", "-c", dev.device.next_code()).code == 0
    assert remove_session(encee("clear", "admin", "--json")) == [("admin-mfa", "admin", False)]
    assert raw_config_parse(str(home.credentials)).keys() == {"dev", "dev-mfa"}
    assert encee("clear", "dev").code == 0
    assert bytes_of(home) == before


def test_clears_the_layout_of_aws_mfa(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section("dev-long-term"), "[default]\n")
    before = bytes_of(home)
    for word in ("dev", "dev-long-term"):
        assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
        assert remove_session(encee("clear", word, "--json")) == [("dev", "dev-long-term", False)]
        assert bytes_of(home) == before


def test_edits_the_files_of_the_options(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}{session('dev-mfa')}", SETTINGS)
    for file in (home.credentials, home.config):
        file.rename(file.with_suffix(".mine"))
    credentials, config = home.credentials.with_suffix(".mine"), home.config.with_suffix(".mine")
    assert encee("clear", "--all", "--credentials-file", str(credentials), "--config-file", str(config)).code == 0
    assert credentials.read_text() == f"[dev]\n{KEYS}"


# ---- lines of the user


def test_keeps_and_names_options_that_the_user_added(encee: Encee, home: Home) -> None:
    home.write(
        f"[dev]\n{KEYS}{session('dev-mfa')}s3 =\n  a = 1\n[z]\n",
        "[profile dev]\nregion = eu-west-1\n" + SETTINGS + "cli_pager =\n",
    )
    result = encee("clear", "dev", "--json")
    assert remove_session(result) == [("dev-mfa", "dev", True)]
    assert "what else is under [dev-mfa] and [profile dev-mfa] stays" in result.err
    assert home.credentials.read_text() == f"[dev]\n{KEYS}\n[dev-mfa]\ns3 =\n  a = 1\n[z]\n"
    config = "[profile dev]\nregion = eu-west-1\n[profile dev-mfa]\noutput = json\ncli_pager =\n"
    assert home.config.read_text() == config
    again = encee("clear", "dev", "--json")
    assert remove_session(again) == []
    assert again.err == "there was nothing to remove\n"


@pytest.mark.parametrize(
    ("source", "section", "left"),
    [
        ("region = eu-west-1\noutput = json\n", SETTINGS, ""),
        ("region = eu-west-1\n", SETTINGS.replace("output = json\n", ""), ""),
        ("region = eu-west-1\n", SETTINGS, "[profile dev-mfa]\noutput = json\n"),
        ("region = x\noutput = json\n", SETTINGS, "[profile dev-mfa]\nregion = eu-west-1\n"),
        ("region = x\n", "[profile dev-mfa]\n# mine\nencee_source = dev\n", "[profile dev-mfa]\n# mine\n"),
        (
            "region = eu-west-1\noutput = json\n",
            SETTINGS + "role_arn = r\n[z]\n",
            "[profile dev-mfa]\nrole_arn = r\n[z]\n",
        ),
        ("region = eu-west-1\n", "[profile dev-mfa]\nregion = eu-west-1\n", "[profile dev-mfa]\nregion = eu-west-1\n"),
        ("region = eu-west-1\noutput = json\n", SETTINGS.replace("= dev", "= gone"), SETTINGS[: SETTINGS.index("enc")]),
    ],
)
def test_removes_only_its_own_lines_from_the_config_file(
    encee: Encee, home: Home, source: str, section: str, left: str
) -> None:
    config = f"[profile dev]\n{source}"
    home.write(f"[dev]\n{KEYS}{session('dev-mfa')}", config + section)
    assert remove_session(encee("clear", "dev", "--json")) == [("dev-mfa", "dev", bool(left))]
    assert home.credentials.read_text() == f"[dev]\n{KEYS}"
    assert home.config.read_text() == config + left


def test_keeps_a_section_of_the_user_in_the_config_file_unchanged(encee: Encee, home: Home, dev: Person) -> None:
    config = "[profile dev]\nregion = eu-west-1\n[profile dev-mfa]\nregion = eu-west-1\n"
    home.write(dev.section(), config)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert encee("clear", "dev").code == 0
    assert bytes_of(home) == (dev.section().encode(), config.encode())


def test_removes_a_region_copied_from_the_credentials_file(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section() + "region = eu-west-1\n", "[profile dev]\nregion = x\n")
    before = bytes_of(home)
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert b"region = eu-west-1" in home.config.read_bytes()
    assert encee("clear", "dev").code == 0
    assert bytes_of(home) == before


def test_values_of_default_do_not_make_a_section_clearable(encee: Encee, home: Home) -> None:
    home.write(
        "[DEFAULT]\nmanager = encee\n[mine]\naws_access_key_id = ASIAX\naws_secret_access_key = s\n"
        "aws_session_token = t\n",
        "[DEFAULT]\nencee_source = dev\n[profile dev]\nregion = x\n[profile mine]\nregion = x\nencee_source = dev\n"
        "[profile more]\n",
    )
    before = bytes_of(home)
    for words in (["mine"], ["--all"]):
        assert remove_session(encee("clear", *words, "--json")) == []
        assert bytes_of(home) == before


# ---- a config file that cannot be written


def test_warns_of_a_read_only_config_file_and_the_next_clear_completes(encee: Encee, home: Home) -> None:
    config = "[profile dev]\nregion = eu-west-1\noutput = json\n"
    home.write(f"[dev]\n{KEYS}{session('dev-mfa')}", config + SETTINGS)
    other = home.path / "other"
    os.link(home.config, other)
    result = encee("clear", "dev", "--json")
    assert remove_session(result) == [("dev-mfa", "dev", True)]
    assert "encee: warning: " in result.err
    assert "hard links" in result.err
    assert home.credentials.read_text() == f"[dev]\n{KEYS}"
    assert remove_session(encee("clear", "dev", "--json")) == []
    other.unlink()
    assert remove_session(encee("clear", "dev", "--json")) == [("dev-mfa", "dev", False)]
    assert home.config.read_text() == config


def test_a_read_only_credentials_file_exits_with_5_and_keeps_both_files(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}{session('dev-mfa')}", SETTINGS)
    os.link(home.credentials, home.path / "other")
    before = bytes_of(home)
    result = encee("clear", "--all")
    assert (result.code, result.out) == (5, "")
    assert bytes_of(home) == before


# ---- arguments


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["dev"], ["dev-mfa"]),
        (["dev-mfa"], ["dev-mfa"]),
        (["dev", "dev-mfa"], ["dev-mfa"]),
        (["work"], ["work"]),
        (["only"], ["to-only"]),
        (["gone"], ["gone-mfa"]),
        (["gone-mfa"], ["gone-mfa"]),
        (["prod-a"], ["prod-a-mfa"]),
        (["prod-*"], ["prod-a-mfa", "prod-b-mfa"]),
        (["*-mfa"], ["dev-mfa", "gone-mfa", "prod-a-mfa", "prod-b-mfa"]),
        (["prod-?"], ["prod-a-mfa", "prod-b-mfa"]),
        (["prod-c"], []),
        (["prod-c", "dev"], ["dev-mfa"]),
        (["*-c"], []),
        (["taken*"], []),
        (["*"], ["dev-mfa", "work", "to-only", "gone-mfa", "prod-a-mfa", "prod-b-mfa"]),
        (["--all"], ["dev-mfa", "work", "to-only", "gone-mfa", "prod-a-mfa", "prod-b-mfa"]),
    ],
)
def test_accepts_a_session_profile_or_its_source_profile(
    encee: Encee, home: Home, words: Sequence[str], names: list[str]
) -> None:
    sources = ("dev", "only", "prod-a", "prod-b", "prod-c", "taken")
    sessions = {
        "dev-mfa": "dev",
        "work": "dev",
        "to-only": "only",
        "gone-mfa": "gone",
        "prod-a-mfa": "prod-a",
        "prod-b-mfa": "prod-b",
    }
    keys = "".join(f"[{name}]\n{KEYS}" for name in sources)
    theirs = "[taken-mfa]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"
    home.write(keys + theirs + "".join(session(name, source) for name, source in sessions.items()))
    assert [name for name, _, _ in remove_session(encee("clear", *words, "--json"))] == names
    left = {name: source for name, source in sessions.items() if name not in names}
    assert home.credentials.read_text() == keys + theirs + "".join(session(*one) for one in left.items())


def test_of_several_sessions_it_clears_the_default_name_or_the_first(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + "".join(session(name) for name in ("b", "dev-mfa", "a")))
    order = [remove_session(encee("clear", "dev", "--json"))[0][0] for _ in range(3)]
    assert order == ["dev-mfa", "b", "a"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("taken", "[taken-mfa] was not written by encee"),
        ("taken-mfa", "[taken-mfa] was not written by encee"),
        ("theirs", "[theirs] was not written by encee"),
        ("managed", "[managed-mfa] was not written by encee"),
        ("sso", "[profile sso] was not written by encee"),
        ("kept", "[kept-mfa] holds a long-term key and no session"),
        ("mixed", "[mixed-mfa] holds keys that may exist nowhere else"),
        ("mixed-mfa", "[mixed-mfa] holds keys that may exist nowhere else"),
    ],
)
def test_refuses_a_section_that_encee_did_not_write(encee: Encee, home: Home, word: str, message: str) -> None:
    token = "aws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"
    home.write(
        "".join(f"[{name}]\n{KEYS}" for name in ("dev", "taken", "managed", "mixed", "kept", "kept-mfa"))
        + f"[taken-mfa]\n{token}[theirs]\n{token}[managed-mfa]\nmanager = other\n"
        + f"[mixed-mfa]\n{KEYS}manager = encee\nencee_source = mixed\n"
        + session("dev-mfa"),
        "[profile sso]\nsso_session = x\n" + SETTINGS,
    )
    before = bytes_of(home)
    result = encee("clear", "dev", word)
    assert (result.code, result.out) == (5, "")
    error, hint = result.err.splitlines()
    assert error == f"encee: error: {message}; nothing was changed"
    assert hint.startswith("encee: hint: ")
    assert bytes_of(home) == before
    assert [name for name, _, _ in remove_session(encee("clear", "--all", "--json"))] == ["dev-mfa"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["dve"], "encee clear dev"),
        (["dev", "dve"], "encee clear dev"),
        (["x*"], "see the profiles with: encee status"),
        ([""], "see the profiles with: encee status"),
        ([], "encee clear PROFILE"),
        (["dev", "--all"], "encee clear PROFILE"),
        (["dev", "--expired"], "encee clear PROFILE"),
        (["--all", "--expired"], "encee clear PROFILE"),
    ],
)
def test_wrong_usage_exits_with_2_and_changes_nothing(encee: Encee, home: Home, words: list[str], hint: str) -> None:
    home.write(f"[dev]\n{KEYS}{session('dev-mfa')}", SETTINGS)
    before = bytes_of(home)
    result = encee("clear", *words)
    assert (result.code, result.out) == (2, "")
    assert f"encee: hint: {hint}" in result.err
    assert bytes_of(home) == before


# ---- --expired and --all


@pytest.mark.parametrize(("left", "goes"), [(timedelta(seconds=1), False), (timedelta(0), True), (-timedelta(9), True)])
def test_expired_removes_expired_sessions_only(encee: Encee, home: Home, left: timedelta, goes: bool) -> None:
    keys = f"[dev]\n{KEYS}[theirs]\naws_session_token = t\nexpiration = 2020-01-01T00:00:00Z\n"
    odd = session("odd").replace("expiration = ", "expiration = about ")
    home.write(keys + session("dev-mfa", "dev", NOW + left) + session("b-mfa") + odd, SETTINGS)
    result = encee("clear", "--expired", "--json", now=NOW)
    assert remove_session(result) == ([("dev-mfa", "dev", True)] if goes else [])
    assert ("[dev-mfa]" in home.credentials.read_text()) != goes
    assert home.credentials.read_text().endswith(session("b-mfa") + odd)


def test_expired_keeps_a_session_that_is_refreshed_meanwhile(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from encee.awsfile.file import AwsFile

    home.write(f"[dev]\n{KEYS}{session('dev-mfa', 'dev', NOW)}", SETTINGS)
    fresh = f"[dev]\n{KEYS}{session('dev-mfa')}"
    edit = AwsFile.edit

    def late(store: AwsFile, *edits: object) -> None:
        home.write(fresh)
        edit(store, *edits)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(AwsFile, "edit", late)
    assert remove_session(encee("clear", "--expired", "--json", now=NOW)) == []
    assert bytes_of(home) == (fresh.encode(), SETTINGS.encode())


def test_all_clears_sessions_that_only_the_config_file_has(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}region = eu-west-1\noutput = json\n", SETTINGS)
    assert remove_session(encee("clear", "--all", "--json")) == [("dev-mfa", "dev", False)]
    assert home.config.read_text() == ""


@pytest.mark.parametrize("words", [["--all"], ["--expired"], ["dev"]])
def test_without_a_session_it_succeeds_and_touches_nothing(encee: Encee, home: Home, words: list[str]) -> None:
    home.write(f"[dev]\n{KEYS}", "[default]\n")
    result = encee("clear", *words)
    assert (result.code, result.out, result.err) == (0, "", "there was nothing to remove\n")
    assert sorted(file.name for file in home.credentials.parent.iterdir()) == ["config", "credentials"]


def test_without_a_file_there_is_nothing_to_clear(encee: Encee, home: Home) -> None:
    assert encee("clear", "--all").code == 0
    assert list(home.path.iterdir()) == []
