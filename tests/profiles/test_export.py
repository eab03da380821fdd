"""Each shell reads each value unchanged, and a value that it cannot hold is refused."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from encee.errors import EnceeError
from encee.model import AccessKey, Session
from encee.profiles.catalog import Catalog
from encee.profiles.export import ExportedSession, export_session, format_for_shell
from encee.profiles.importers.awsenv import AwsEnv
from encee.profiles.keyring import locked_key
from tests.cli.conftest import NASTY

ODD = "$`'\"\\%!#&|;<>(){}[]*?~^= \t\n\r\x1b\u2018\u2019\u201a\u201b\u201cé-=:@/"
values = st.text(st.sampled_from(ODD + "abnrtx01") | st.characters(exclude_characters="\0", codec="utf-8"))

EVALUATIONS = [
    pytest.param("bash", ["bash", "-c"], 'eval "$(cat {0})"', marks=pytest.mark.needs("bash")),
    pytest.param("bash", ["bash", "--posix", "-euc"], 'eval "$(cat {0})"', marks=pytest.mark.needs("bash")),
    pytest.param("bash", ["sh", "-euc"], 'eval "$(cat {0})"'),
    pytest.param("zsh", ["zsh", "-fc"], 'eval "$(cat {0})"', marks=pytest.mark.needs("zsh")),
    pytest.param(
        "zsh",
        ["zsh", "-f", "-o", "rcquotes", "-o", "extendedglob", "-euc"],
        "source {0}",
        marks=pytest.mark.needs("zsh"),
    ),
    pytest.param("fish", ["fish", "--no-config", "-c"], "cat {0} | source", marks=pytest.mark.needs("fish")),
    pytest.param("fish", ["fish", "--no-config", "-c"], "eval (cat {0})", marks=pytest.mark.needs("fish")),
]


@pytest.mark.parametrize(("shell", "program", "evaluate"), EVALUATIONS)
@given(texts=st.lists(values, min_size=1, max_size=40))
@example(texts=["=ls", "=0", "a:=ls", "a=b"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_shell_reads_each_value_unchanged(
    tmp_path: Path, shell: str, program: list[str], evaluate: str, texts: list[str]
) -> None:
    wanted = {f"V{number}": text for number, text in enumerate([NASTY, *texts])}
    file = tmp_path / "lines"
    file.write_bytes((format_for_shell(shell, wanted, cleared=["GONE", "NEVER_THERE"]) + "\n").encode())
    done = subprocess.run(
        [*program, f"{evaluate.format(file)}\nenv -0"],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GONE": "left over", "LC_ALL": "C.UTF-8"},
        check=True,
    )
    assert done.stderr == b""
    environ = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)
    assert {name: value for name, value in environ.items() if name in wanted} == wanted
    assert "GONE" not in environ


def of_powershell(literal: str) -> str:
    """Return the value of a single-quoted string: it has no substitutions, and two quotation marks are one.

    about_Quoting_Rules; the language's specification, 2.3.5.2, counts the typographic marks among the quotation marks.
    """
    marks = "'\u2018\u2019\u201a\u201b"
    assert re.fullmatch(f"[{marks}](?:[^{marks}]|[{marks}]{{2}})*[{marks}]", literal, re.DOTALL)
    return re.sub(f"([{marks}])[{marks}]", r"\1", literal[1:-1])


@given(value=values)
def test_quotes_values_for_powershell(value: str) -> None:
    try:
        text = format_for_shell("powershell", {"A": value}, cleared=["B"])
    except EnceeError:
        assert re.search(r"[\x00-\x1f\x7f]", value)  # a line at a time may be evaluated
        return
    unset, setting = text.split("\n")
    assert unset == "Remove-Item -ErrorAction SilentlyContinue Env:B"
    assert of_powershell(setting.removeprefix("$Env:A = ")) == value


def of_docker(text: str) -> dict[str, str]:
    """Read lines as docker's --env-file: no leading blanks, no comments, the value after the first `=`."""
    read = {}
    for line in text.split("\n"):
        stripped = line.removesuffix("\r").lstrip()
        if stripped and not stripped.startswith("#"):
            name, _, value = stripped.partition("=")
            read[name] = value
    return read


@given(value=values)
def test_dotenv_is_read_by_docker_unchanged_or_refused(value: str) -> None:
    try:
        text = format_for_shell("dotenv", {"A": value, "B": "c"}, cleared=["D"])
    except EnceeError:
        assert re.search(r"""^\s|\s$|[\x00-\x1f"'`\\$#]""", value)
        return
    assert of_docker(text + "\n") == {"A": value, "B": "c"}
    # A value that docker reads unchanged but other readers do not is refused, too.
    assert not set("\"'`\\$#") & set(value)


def test_dotenv_holds_what_sts_returns() -> None:
    assert format_for_shell("dotenv", {"A": "b/c+d=="}) == "A=b/c+d=="


@given(value=values)
def test_cmd_gets_only_values_that_need_no_quoting(value: str) -> None:
    try:
        text = format_for_shell("cmd", {"A": value})
    except EnceeError:
        assert re.search(r'[\x00-\x1f"%!]', value)
        return
    # Between quotation marks, only %, ! and the mark itself are special (cmd /?, set /?).
    *_, setting = text.split("\n")
    assert setting == f'set "A={value}"'
    assert not set('"%!\r\n') & set(value)


def test_cmd_sets_and_unsets() -> None:
    assert format_for_shell("cmd", {"A": "b/c+d=="}, cleared=["X"]) == 'set "X="\nset "A=b/c+d=="'


@pytest.mark.parametrize("shell", ["cmd", "dotenv", "powershell"])
def test_an_error_does_not_show_the_value(shell: str) -> None:
    with pytest.raises(EnceeError) as refused:
        format_for_shell(shell, {"AWS_SECRET_ACCESS_KEY": "se\ncret"})
    assert "AWS_SECRET_ACCESS_KEY" in refused.value.message
    assert "cret" not in refused.value.message + (refused.value.hint or "").replace("SECRET", "")


@given(value=values)
def test_json_holds_every_value(value: str) -> None:
    assert json.loads(format_for_shell("json", {"A": value}, cleared=["B"])) == {
        "encee_format": 1,
        "set": {"A": value},
        "unset": ["B"],
    }


@pytest.mark.parametrize(("secret", "token"), [("a\0b", "t"), ("s", "a\0b")])
def test_refuses_a_value_that_no_environment_can_hold(secret: str, token: str) -> None:
    session = ExportedSession("dev-mfa", "dev", "ASIAX", secret, token, datetime(2026, 11, 22, tzinfo=UTC), None)
    with pytest.raises(EnceeError, match="no environment variable can hold") as refused:
        session.variables()
    assert "a\0b" not in refused.value.message


# ---- fish's local and universal variables


@pytest.mark.needs("fish")
@pytest.mark.parametrize("name", ["SET", "CLEARED"])
@pytest.mark.parametrize("evaluate", ["cat {0} | source", "eval (cat {0})", "called"])
def test_reports_a_local_variable_of_fish_that_would_win(tmp_path: Path, name: str, evaluate: str) -> None:
    file = tmp_path / "lines"
    file.write_text(format_for_shell("fish", {"SET": "new"}, cleared=["CLEARED"]) + "\n")
    here = evaluate.format(file)
    script = f"function called; cat {file} | source; end; function f; set -lx {name} here; if true; {here}; end; end"
    script += "; set -gx CLEARED kept; f; or echo failed; set -q SET; or env | grep '^CLEARED='"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(["fish", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "failed\nCLEARED=kept\n"
    assert done.stderr.splitlines() == [
        f"encee: error: fish has local variables that would win: {name}",
        f"encee: hint: set -e {name}",
    ]


@pytest.fixture
def fish_home(tmp_path: Path) -> dict[str, str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(["fish", "-c", "set -Ux LEFT 'over from another'; set -Ux FINE x"], env=environ, check=True)
    return environ


@pytest.mark.needs("fish")
@pytest.mark.parametrize("evaluate", ["cat {0} | source", "eval (cat {0})"])
def test_reports_and_keeps_a_universal_variable_of_fish_that_would_win(
    tmp_path: Path, fish_home: dict[str, str], evaluate: str
) -> None:
    file = tmp_path / "lines"
    file.write_text(format_for_shell("fish", {"SECRET": "new"}, cleared=["LEFT", "OTHER"]) + "\n")
    show = 'echo "<$LEFT> <$SECRET> <$OTHER>"; set -q -U LEFT'
    script = f"set -gx OTHER kept; {evaluate.format(file)}; or echo failed; {show}"
    done = subprocess.run(["fish", "-c", script], env=fish_home, capture_output=True, text=True, check=True)
    assert done.stdout == "failed\n<over from another> <> <kept>\n"
    assert done.stderr.splitlines() == [
        "encee: error: fish has universal variables that would win: LEFT",
        "encee: hint: set -eU LEFT",
    ]


@pytest.mark.needs("fish")
def test_sets_a_universal_variable_of_fish_so_that_it_does_not_win(tmp_path: Path, fish_home: dict[str, str]) -> None:
    file = tmp_path / "lines"
    file.write_text(format_for_shell("fish", {"LEFT": "new"}, cleared=["OTHER"]) + "\n")
    script = f"cat {file} | source; env | grep LEFT; set -q name left; or echo tidy"
    done = subprocess.run(["fish", "-c", script], env=fish_home, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("LEFT=new\ntidy\n", "")


def test_no_repr_shows_a_secret() -> None:
    key = AccessKey("AKIAX", "top/secret+1")
    session = Session("ASIAX", "top/secret+2", "top/secret+3", datetime(2026, 11, 22, tzinfo=UTC))
    catalog = Catalog({"dev": {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret}}, {})
    nouns = [
        key,
        session,
        export_session(session, catalog, "dev", "dev-mfa"),
        AwsEnv(key, None, None, ()),
        locked_key("A"),
    ]
    assert "dev-mfa" in repr(nouns)
    assert "top/secret" not in repr(nouns)
