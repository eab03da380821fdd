"""`encee status`: its rows, states, formats and exit status."""

import json
import os
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pexpect
import pytest
from rich.color import Color

from tests.conftest import ENCEE, Encee, Home, Person, on_terminal

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"


def session(name: str, ends: datetime, source: str = "dev") -> str:
    return (
        f"[{name}]\naws_access_key_id = ASIAQNZGKIQY56JQ7WML\naws_secret_access_key = s\naws_session_token = t\n"
        f"expiration = {ends:%Y-%m-%dT%H:%M:%SZ}\nmanager = encee\nencee_source = {source}\n"
    )


def test_lists_each_state_as_plain_columns(encee: Encee, home: Home) -> None:
    home.write(
        "".join(f"[{name}]\n{KEYS}" for name in ("a", "b", "c", "d"))
        + session("a-mfa", NOW + timedelta(hours=11, minutes=59), "a")
        + session("b-mfa", NOW + timedelta(minutes=59), "b")
        + session("c-mfa", NOW - timedelta(seconds=1), "c")
    )
    result = encee("status", now=NOW)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "PROFILE  SOURCE  ACCOUNT       STATE     TIME LEFT  EXPIRES AT",
        "a-mfa    a       029608264753  valid     11h 59m    today 23:59",
        "b-mfa    b       029608264753  expiring  59m        today 12:59",
        "c-mfa    c       029608264753  expired   0m         today 11:59",
        "d-mfa    d       –             none      –          –",
    ]


def test_json_has_the_same_rows_and_no_secret(encee: Encee, home: Home) -> None:
    home.write(
        f"[dev]\n{KEYS}mfa_serial = arn:aws:iam::210987654321:mfa/x\n" + session("dev-mfa", NOW + timedelta(hours=2))
    )
    result = encee("status", "--json", now=NOW)
    assert json.loads(result.out) == {
        "encee_format": 1,
        "sessions": [
            {
                "profile": "dev-mfa",
                "source": "dev",
                "account": "210987654321",
                "state": "valid",
                "seconds_left": 7200,
                "expiration": "2026-11-22T14:00:00Z",
            }
        ],
        "other_profiles": [],
        "faults": [],
    }


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("x_security_token_expires = 2026-11-22T15:00:00+01:00", "2026-11-22T14:00:00Z"),
        ("aws_session_expiration = 2026-11-22T14:00:00Z", "2026-11-22T14:00:00Z"),
        ("aws_credential_expiration = 2026-11-22T14:00:00+00:00", "2026-11-22T14:00:00Z"),
        ("awsmfa_expiration = 2026-11-22T14:00:00", "2026-11-22T14:00:00Z"),
        ("expiration = 2026-11-22 14:00:00", "2026-11-22T14:00:00Z"),
        ("manager = awsume\nexpiration = 2026-11-22 15:00:00", "2026-11-22T14:00:00Z"),
        ("expiration = soon\nx_security_token_expires = 2026-11-22T14:00:00Z", "2026-11-22T14:00:00Z"),
    ],
)
def test_lists_the_sessions_of_other_tools(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch, line: str, ends: str
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    home.write(f"[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n{line}\n")
    (listed,) = json.loads(encee("status", "--json", now=NOW).out)["sessions"]
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert (listed["profile"], listed["source"], listed["expiration"]) == ("theirs", None, ends)


def test_does_not_guess_the_account_of_an_old_key_id(encee: Encee, home: Home) -> None:
    home.write(
        "[old]\naws_access_key_id = ASIAJCOAUNBB4H4BZRIQ\naws_session_token = t\nexpiration = 2026-01-01T00:00:00Z\n"
    )
    (listed,) = json.loads(encee("status", "--json", now=NOW).out)["sessions"]
    assert listed["account"] is None


def test_lists_the_readable_part_of_an_invalid_file(encee: Encee, home: Home) -> None:
    home.write(f"stray = 1\n[dev]\n{KEYS}[dev]\nno value here\n" + session("dev-mfa", NOW + timedelta(hours=2)))
    result = encee("status", now=NOW)
    assert result.code == 0
    assert "dev-mfa" in result.out
    assert "encee: warning: " in result.err
    assert "line 1 holds a key before any section" in result.err


def test_a_file_without_a_section_is_an_error(encee: Encee, home: Home) -> None:
    home.write("hello\n")
    result = encee("status")
    assert (result.code, result.out) == (5, "")
    assert "line 1 holds a key before any section" in result.err


def test_a_session_with_an_unreadable_expiry_has_no_state(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session("dev-mfa", NOW).replace("expiration = ", "expiration = about "))
    assert json.loads(encee("status", "--json", now=NOW).out)["sessions"][0]["state"] == "none"
    result = encee("status", "--check", now=NOW)
    assert (result.code, result.err.splitlines()[0]) == (3, "encee: error: dev-mfa has no expiration time")


@pytest.mark.parametrize("word", ["dev", "dev-mfa", "de*"])
def test_lists_only_the_given_profile(encee: Encee, home: Home, word: str) -> None:
    home.write(f"[dev]\n{KEYS}[prod]\n{KEYS}" + session("dev-mfa", NOW + timedelta(hours=2)))
    listed = json.loads(encee("status", word, "--json", now=NOW).out)["sessions"]
    assert [one["profile"] for one in listed] == ["dev-mfa"]


def test_an_unknown_name_exits_with_2(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}")
    result = encee("status", "dve")
    assert result.code == 2
    assert "encee: hint: encee status dev" in result.err


@pytest.mark.parametrize(
    ("left", "options", "code"),
    [
        (timedelta(hours=2), [], 0),
        (timedelta(minutes=5), [], 0),
        (timedelta(minutes=5), ["--expiring", "10m"], 3),
        (timedelta(minutes=10), ["--expiring", "10m"], 0),
        (timedelta(0), [], 3),
    ],
)
def test_check_exits_with_3_for_a_session_that_needs_a_refresh(
    encee: Encee, home: Home, left: timedelta, options: list[str], code: int
) -> None:
    home.write(f"[dev]\n{KEYS}" + session("dev-mfa", NOW + left))
    for words in (["dev"], []):
        result = encee("status", "--check", *words, *options, now=NOW)
        assert (result.code, result.out) == (code, "")
        assert ("encee: hint: encee refresh dev" in result.err) == (code == 3)


def test_check_reports_the_remaining_and_the_requested_time(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session("dev-mfa", NOW + timedelta(minutes=5)))
    result = encee("status", "dev", "--check", "--expiring", "10m", now=NOW)
    assert result.err.startswith("encee: error: dev-mfa has 5m left, less than 10m\n")


def test_check_counts_a_missing_session_only_if_it_is_named(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}[prod]\n{KEYS}" + session("dev-mfa", NOW + timedelta(hours=2)))
    assert encee("status", "--check", now=NOW).code == 0
    result = encee("status", "--check", "prod", now=NOW)
    assert (result.code, result.err) == (
        3,
        "encee: error: prod-mfa has no session yet\nencee: hint: encee refresh prod\n",
    )


def _sessions_of(name: str, **changes: str | None) -> str:
    """Return the session of dev with these options."""
    options = {
        "aws_access_key_id": "ASIARZPUZDIKJ7QJZGVA",
        "aws_secret_access_key": "s",
        "aws_session_token": "t",
        "expiration": "2026-11-22T20:00:00Z",
        "manager": "encee",
        "encee_source": "dev",
    } | changes
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in options.items() if value is not None), ""])


_AWS_MFA = {"manager": None, "encee_source": None, "assumed_role": "False", "expiration": "2026-11-22 20:00:00"}


@pytest.mark.parametrize(
    ("source", "session", "state"),
    [
        ("dev", _sessions_of("dev-mfa"), "valid"),
        ("dev", _sessions_of("dev-mfa", aws_access_key_id="ASIAQNZGKIQY56JQ7WML"), "other-account"),
        ("dev", _sessions_of("dev-mfa", expiration="2026-11-22T11:00:00Z"), "expired"),
        ("dev", _sessions_of("dev-mfa", expiration="soon"), "none"),
        ("dev", _sessions_of("dev-mfa", aws_session_token=None, aws_security_token="t"), "none"),
        ("dev", _sessions_of("dev-mfa", aws_secret_access_key=None), "none"),
        ("dev-long-term", _sessions_of("dev", **_AWS_MFA), "valid"),
        ("dev-long-term", _sessions_of("dev", **_AWS_MFA, aws_secret_access_key=None), "none"),
    ],
)
def test_all_commands_agree_which_session_is_valid(
    encee: Encee, home: Home, source: str, session: str, state: str
) -> None:
    key = "aws_access_key_id = AKIARZPUZDIKB5ZSYQXA\naws_secret_access_key = s\n"
    home.write(f"[{source}]\n{key}mfa_serial = arn:aws:iam::123456789012:mfa/x\n{session}")
    (row,) = json.loads(encee("status", source, "--json", now=NOW).out)["sessions"]
    assert row["state"] == state
    for command in (
        ["status", source, "--check"],
        ["refresh", source, "--if-expiring", "1h"],
        ["env", source],
        ["process", source],
        ["exec", "--no-refresh", source, "--", "no-such-command"],
    ):
        result = encee(*command, now=NOW)
        expected = {"exec": 127}.get(command[0], 0) if state == "valid" else 3
        assert result.code == expected, (command, result.err)


def test_reports_a_session_of_another_account(encee: Encee, home: Home) -> None:
    key = "aws_access_key_id = AKIARZPUZDIKB5ZSYQXA\naws_secret_access_key = s\n"
    home.write(f"[dev]\n{key}" + _sessions_of("dev-mfa", aws_access_key_id="ASIAQNZGKIQY56JQ7WML"))
    assert encee("status", now=NOW).out.splitlines()[1].split()[:4] == [
        "dev-mfa",
        "dev",
        "029608264753",
        "other-account",
    ]
    hint = "encee: hint: encee refresh dev\n"
    checked = encee("status", "--check", now=NOW)
    assert checked.err == f"encee: error: dev-mfa holds a session of another account than the key of dev\n{hint}"
    served = encee("env", "dev", now=NOW)
    assert served.err == f"encee: error: the session of dev is of another account than the key of dev\n{hint}"


def test_lists_a_session_whose_source_is_missing(encee: Encee, home: Home) -> None:
    home.write(session("dev-mfa", NOW + timedelta(hours=2)))
    assert "dev-mfa  dev" in encee("status", now=NOW).out


def test_lists_a_session_with_another_name(encee: Encee, home: Home) -> None:
    home.write(f"[dev]\n{KEYS}" + session("work", NOW + timedelta(hours=2)))
    listed = json.loads(encee("status", "--json", now=NOW).out)["sessions"]
    assert [(one["profile"], one["source"]) for one in listed] == [("work", "dev")]


def contrast(colour: int, ground: float) -> float:
    """Return the contrast of a terminal colour on a background of this luminance (WCAG 2.2: 1 to 21)."""
    rgb = Color.from_ansi(colour).get_truecolor()
    red, green, blue = ((part / 255 / 12.92) if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb)
    here = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (max(here, ground) + 0.05) / (min(here, ground) + 0.05)


def test_the_colours_are_legible_on_dark_and_light_backgrounds(home: Home) -> None:
    ends = (timedelta(hours=2), timedelta(minutes=5), timedelta(hours=-1))
    home.write("".join(session(f"s{number}", datetime.now(UTC) + left) for number, left in enumerate(ends)))
    shown = on_terminal("status", term="xterm-256color").read()
    colours = {int(number) for number in re.findall(r"\x1b\[38;5;(\d+)m", shown)}
    assert len(colours) == len(ends)
    assert "\x1b[3" not in re.sub(r"\x1b\[38;5;\d+m", "", shown)
    assert min(contrast(colour, ground) for colour in colours for ground in (0.0, 1.0)) > 3.8


def test_without_a_file_prints_what_to_do(encee: Encee) -> None:
    result = encee("status")
    assert (result.code, result.out) == (0, "")
    assert result.err == "there are no profiles yet\n  encee setup\n"


def test_a_name_cannot_move_the_cursor(encee: Encee, home: Home) -> None:
    home.write(f"[a\x1b[31m\u202e\u2028b]\n{KEYS}[[bold]]\n{KEYS}")
    result = encee("status")
    assert "a\ufffd[31m\ufffd\ufffdb-mfa" in result.out
    assert "[bold]-mfa" in result.out
    assert "\x1b" not in result.out


def test_draws_a_table_with_bars_on_a_terminal(home: Home, dev: Person) -> None:
    home.write(dev.section() + session("dev-mfa", datetime.now(UTC) + timedelta(hours=6, seconds=30)))
    child = on_terminal("status")
    drawn = child.read()
    assert child.wait() == 0
    assert "████░░░░ 6h 00m" in drawn
    assert "\x1b[" in drawn
    assert "─" in drawn
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in drawn.splitlines()) <= 80


def test_a_narrow_terminal_gets_plain_columns(home: Home) -> None:
    home.write(f"[production]\n{KEYS}")
    # COLUMNS, which readline and the workers of pytest set, would override the width of the terminal.
    environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    child = pexpect.spawn(str(ENCEE), ["status"], encoding="utf-8", dimensions=(24, 40), env=environ)
    assert child.read() == (
        "PROFILE         SOURCE      ACCOUNT  STATE  TIME LEFT  EXPIRES AT\r\n"
        "production-mfa  production  –        none   –          –\r\n"
    )


@pytest.mark.parametrize(
    ("name", "with_bars", "in_one_piece"),
    [("dev", True, True), ("production-1", False, True), ("p" * 20, False, False)],
)
def test_hides_the_bars_before_it_folds_names(home: Home, name: str, with_bars: bool, in_one_piece: bool) -> None:
    home.write(f"[{name}]\n{KEYS}" + session(f"{name}-mfa", datetime.now(UTC) + timedelta(hours=6), name))
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal("status").read())
    assert ("█" in drawn, f"{name}-mfa" in drawn) == (with_bars, in_one_piece)
    assert max(map(len, drawn.splitlines())) <= 80


def test_a_folded_row_of_wide_names_stays_one_row(home: Home) -> None:
    valid, expired = ("東京" * 6, "大阪" * 6)
    home.write(
        f"[{valid}]\n{KEYS}"
        + session(f"{valid}-mfa", datetime.now(UTC) + timedelta(hours=6), valid)
        + f"[{expired}]\n{KEYS}"
        + session(f"{expired}-mfa", datetime.now(UTC) - timedelta(hours=6), expired)
    )
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal("status").read()).splitlines()
    states = {line[0]: re.findall("valid|expired", line) for line in drawn if re.search("valid|expired", line)}
    assert states == {"東": ["valid"], "大": ["expired"]}


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
def test_prints_plain_columns_for_a_dumb_terminal_or_on_request(
    home: Home, dev: Person, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "dumb")
    home.write(dev.section())
    child = on_terminal("status")
    assert "\x1b" not in child.read()
    assert child.wait() == 0


def test_prints_very_many_rows_as_plain_columns(home: Home, dev: Person) -> None:
    home.write("".join(f"[p{number}]\n{KEYS}" for number in range(201)) + dev.section())
    child = on_terminal("status")
    assert "\x1b" not in child.read()


def test_a_closed_pipe_is_no_error(home: Home) -> None:
    home.write("".join(f"[profile-{number}]\n{KEYS}" for number in range(2500)))
    done = subprocess.run(
        ["sh", "-c", f"{{ {ENCEE} status; echo $? >&2; }} | head -n 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == "141\n"


def test_without_any_profile_names_the_first_command(encee: Encee, home: Home) -> None:
    assert encee("refresh", "dev", "-c", "123456").err.endswith("encee: hint: make the first one: encee setup\n")
    assert not home.credentials.exists()
