"""Completion in the shells."""

import subprocess
import sys

import pytest

from encee.cli import completion
from encee.cli.app import COMMANDS
from tests.cli.interactive import INIT, SHELLS, interactive
from tests.conftest import Encee, Home, Person

KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"


@pytest.fixture
def completions_of(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> "Completion":
    """Return the completions of a line."""
    home.write(f"[dev]\n{KEYS}[prod]\n{KEYS}[me@corp:x]\n{KEYS}[\\$(touch F)]\n{KEYS}")
    return Completion(encee, monkeypatch)


class Completion:
    """Return the completions of a line with their help."""

    def __init__(self, encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
        self._encee = encee
        self._monkeypatch = monkeypatch
        self.code = -1

    def __call__(self, line: str) -> dict[str, str]:
        self._monkeypatch.setenv("_ENCEE_COMPLETE", line)
        result = self._encee()
        assert result.err == ""
        self.code = result.code
        rows = [row.split("\t") for row in result.out.splitlines()]
        return {value: text for value, text in rows}  # noqa: C416 - each row has two columns, and no more


def test_offers_commands_with_their_sentences(completions_of: Completion) -> None:
    assert completions_of("encee ") == {name: sentence for name, (_, sentence) in COMMANDS.items()}
    assert list(completions_of("encee re")) == ["refresh"]
    assert completions_of("encee zz") == {}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("encee refresh ", ["dev", "prod", "me@corp:x"]),
        ("encee refresh d", ["dev"]),
        ("encee refresh dev ", ["prod", "me@corp:x"]),
        ("encee refresh --to x d", ["dev"]),
        ("encee refresh -dry-run d", ["dev"]),
        ("encee exec d", ["dev"]),
        ("encee shell d", ["dev"]),
        ("encee use d", ["dev"]),
        ("encee env --shell fish d", ["dev"]),
        ("encee process d", ["dev"]),
        ("encee status d", ["dev-mfa"]),
        ("encee status p", ["prod-mfa"]),
        ("encee clear ", []),
        ("encee use me@corp:", ["me@corp:x"]),
        ("encee use dev ", []),
        ("encee use 'd", ["dev"]),
        ("e use d", ["dev"]),
        ("env X=1 /usr/bin/encee use d", ["dev"]),
        ("encee use $(", []),
    ],
)
def test_offers_names_of_profiles(completions_of: Completion, line: str, names: list[str]) -> None:
    assert (list(completions_of(line)), completions_of.code) == (names, 0)


def test_offers_options_with_one_line_of_help(completions_of: Completion) -> None:
    assert completions_of("encee use --no") == {
        "--none": "Select no session.",
        "--no-refresh": "Exit with status 3 instead of refreshing.",
    }
    assert list(completions_of("encee use --none --no")) == ["--no-refresh"]
    assert "--version" in completions_of("encee --")
    assert list(completions_of("encee exec dev --no")) == ["--no-refresh"]


def test_offers_values_of_options(completions_of: Completion) -> None:
    assert list(completions_of("encee env --shell ")) == [
        "bash",
        "zsh",
        "fish",
        "tcsh",
        "nu",
        "powershell",
        "cmd",
        "dotenv",
        "json",
    ]
    assert list(completions_of("encee env --shell=ba")) == ["--shell=bash"]
    assert list(completions_of("encee init ")) == ["bash", "zsh", "fish", "powershell"]


@pytest.mark.parametrize(
    "line",
    [
        "encee use --credentials-file ",
        "encee use --config-file x",
        "encee exec dev ",
        "encee exec dev -- ls --",
        "encee exec dev ls --",
    ],
)
def test_leaves_files_and_arguments_of_a_command_to_the_shell(completions_of: Completion, line: str) -> None:
    assert (completions_of(line), completions_of.code) == ({}, 1)


def test_offers_profiles_of_the_files_in_the_line(completions_of: Completion, home: Home) -> None:
    (home.path / "other").write_text(f"[elsewhere]\n{KEYS}")
    assert list(completions_of("encee use --credentials-file ~/other ")) == ["elsewhere"]


@pytest.mark.parametrize("line", ["", "encee", " ", "encee absent x", "encee --version ", "encee -h "])
def test_an_odd_line_is_no_error(completions_of: Completion, line: str) -> None:
    completions_of(line)
    assert completions_of.code == 0


def test_unreadable_files_are_no_error(completions_of: Completion, home: Home) -> None:
    home.credentials.write_bytes(b"broken\n[dev]\n" + KEYS.encode() + b"[x\n\xff")
    assert list(completions_of("encee use ")) == ["dev"]
    home.credentials.unlink()
    home.credentials.mkdir()
    assert completions_of("encee use ") == {}


def test_a_bug_prints_nothing_into_the_typed_line(completions_of: Completion, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(completion, "_find_values", broken)
    assert (completions_of("encee use "), completions_of.code) == ({}, 0)


@pytest.mark.parametrize("line", ["encee ", "encee use d", "encee refresh --", "encee absent "])
@pytest.mark.usefixtures("completions_of")
def test_completion_loads_no_large_library(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("_ENCEE_COMPLETE", line)
    script = "import sys; from encee.cli.app import main; main([]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = {name.partition(".")[0] for name in done.stderr.split()}
    assert not {"boto3", "botocore", "rich", "configupdater", "filelock", "pydantic"} & modules


# ---- in a shell on a terminal

COMPINIT = "autoload -Uz compinit; compinit -u -D"


@pytest.fixture
def dev_with_session(encee: Encee, home: Home, dev: Person) -> Person:
    """Refresh the session, and add a section whose name is a command."""
    sections = "".join(f"[{name}]\n{KEYS}" for name in ("$(touch F)", "\\$(touch F)", "`touch F`"))
    home.write(dev.section() + dev.section("me@corp:x") + sections)
    assert encee("refresh", "dev", "me@corp:x", "--code", dev.device.next_code()).code == 0
    return dev


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev_with_session")
def test_tab_completes_in_the_shell(shell: str, home: Home) -> None:
    terminal = interactive(shell, home.path, *([COMPINIT] if shell == "zsh" else []))
    shown = terminal.run("encee exe\t--no-r\tde\tprintf '<%s>' \"o''k\"")
    assert "<o''k>" in shown, shown
    assert "<fine>" in terminal.run("encee exec me\tprintf '<%s>' fine")
    assert "<fine>" in terminal.run("encee exec me@corp:\tprintf '<%s>' fine")
    assert "set -gx" in terminal.run("encee env dev --shell=fi\t")
    (home.path / "credentials").write_text(f"[elsewhere]\n{KEYS}")
    assert "elsewhere-mfa" in terminal.run("encee status --credentials-file cre\t")
    terminal.end()


@pytest.mark.slow
@pytest.mark.needs("zsh")
def test_zsh_shows_what_each_command_does(home: Home) -> None:
    terminal = interactive("zsh", home.path, COMPINIT)
    terminal.child.send("encee s\t\t")
    terminal.child.expect_exact("Show when each session expires.")
    terminal.child.send("\x15")
    terminal.finish()
    terminal.end()


@pytest.mark.slow
@pytest.mark.needs("fish")
def test_fish_shows_what_each_command_does(home: Home) -> None:
    terminal = interactive("fish", home.path)
    assert "Show when each session expires." in terminal.run("complete -C 'encee s'")
    terminal.end()


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.usefixtures("dev_with_session")
def test_does_not_offer_a_name_that_a_shell_would_execute(shell: str, home: Home) -> None:
    terminal = interactive(shell, home.path, *([COMPINIT] if shell == "zsh" else []))
    for begin in ("", "\\$", "'$", "\\`", "$"):
        terminal.child.send(f"encee use {begin}\t\t\x15")  # delete the line
        terminal.finish()
    assert not (home.path / "F").exists()
    terminal.end()


@pytest.mark.slow
@pytest.mark.needs("zsh")
@pytest.mark.usefixtures("dev_with_session")
def test_works_if_zsh_sets_up_its_completion_later(home: Home) -> None:
    terminal = interactive("zsh", home.path)
    terminal.run(f"{INIT['zsh']}; {COMPINIT}")
    assert "<fine>" in terminal.run("encee exec de\tprintf '<%s>' fine")
    assert "<>" in terminal.run('print -r -- "<$precmd_functions>"')
    terminal.end()
