"""The texts for PowerShell, checked against its grammar and its documented rules; it is not run."""

import pytest
import tree_sitter
import tree_sitter_pwsh

from encee.profiles.export import CLEARED, format_for_shell
from tests.conftest import Encee, Home, Person

NASTY = """a$b `c` 'd' "e" \\f %g% !h $(i) \u2018j\u2019 \u201ak\u201b é *"""
QUOTES = "'\u2018\u2019\u201a\u201b"
"""The quotes of a string without substitutions, by about_Quoting_Rules and the tokenizer."""


def nodes(text: str) -> list[tree_sitter.Node]:
    """Return the nodes of the syntax tree of a text."""
    found = [tree_sitter.Parser(tree_sitter.Language(tree_sitter_pwsh.language())).parse(text.encode()).root_node]
    for node in found:
        found.extend(node.children)
    return found


def syntax_errors(text: str) -> list[str]:
    """Return the errors of a text as PowerShell."""
    return [str(node) for node in nodes(text) if node.type == "ERROR" or node.is_missing]


def test_the_parser_reports_an_error() -> None:
    assert syntax_errors("function x { if ( { }")
    assert syntax_errors("$Env:A = 'it's'")


def test_init_prints_valid_powershell(encee: Encee) -> None:
    text = encee("init", "powershell").out
    assert not syntax_errors(text)
    kinds = [node.type for node in nodes(text)]
    assert kinds.count("function_statement") == 1
    assert kinds.count("try_statement") == 2


def test_use_prints_valid_powershell(encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    monkeypatch.setenv("ENCEE_EVAL", "powershell")
    used = encee("use", "dev").out
    assert not syntax_errors(used)
    assert used.splitlines()[-1] == "$Env:AWS_PROFILE = 'dev-mfa'"
    unset = [line.rpartition("Env:")[2] for line in encee("use", "--none").out.splitlines()]
    assert unset == list(CLEARED)


@pytest.mark.parametrize("value", [NASTY, "", "'", "''", "$(touch F)", "`", "\u2019", "a'; rm b; '"])
def test_a_value_is_one_string_without_substitutions(value: str, home: Home) -> None:
    text = format_for_shell("powershell", {"A": value}, cleared=())
    assert not syntax_errors(text.translate(dict.fromkeys(map(ord, QUOTES[1:]), "'")))
    assert text.startswith("$Env:A = '")
    # By the rules of the tokenizer, two quotes of any kind are one, and a single quote ends the string.
    read, rest = "", text.removeprefix("$Env:A = '")
    while rest[0] not in QUOTES or (rest[1:2] and rest[1] in QUOTES):
        read, rest = read + rest[0], rest[2 if rest[0] in QUOTES else 1 :]
    assert (read, rest) == (value, "'")
    assert home.state() == {}
