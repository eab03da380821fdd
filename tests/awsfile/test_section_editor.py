"""What ConfigUpdater writes to a section, and what encee writes instead: the list in `section_editor.py`."""

from collections.abc import Callable, Iterable

import pytest
from configupdater import ConfigUpdater, Option

from encee.awsfile.document import Document
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import FileRefusedError
from tests.awsfile.editing import FILE, KEYS, OURS, exchange, own, refusal, remove, set_region


def set_with_configupdater(text: str, option: str, value: str) -> str:
    """Set an option with ConfigUpdater alone."""
    updater = ConfigUpdater().read_string(text)
    updater[updater.sections()[0]].set(option, value)
    return str(updater)


def test_comments_an_indented_comment_is_lost_with_the_value_above_it() -> None:
    before = "[profile dev]\nregion = us-east-1\n  # mine\noutput = json\n"
    assert "# mine" not in set_with_configupdater(before, "region", "eu-west-1")
    assert set_region(before) == "[profile dev]\nregion = eu-west-1\n# mine\noutput = json\n"


def test_comments_an_indented_comment_is_read_as_an_option() -> None:
    before = "[profile dev]\n  # region = us-east-1\noutput = json\n"
    assert "# region" in ConfigUpdater().read_string(before)["profile dev"]
    assert set_region(before) == f"{before}region = eu-west-1\n"


def test_blank_lines_an_empty_block_makes_a_blank_line() -> None:
    before = "[profile dev]\nnote = one\n\n  two\n"
    assert set_with_configupdater(before, "region", "eu-west-1") == f"{before}\nregion = eu-west-1\n"
    assert set_region(before) == f"{before}region = eu-west-1\n"


@pytest.mark.parametrize("spelled", ["REGION : eu-west-1", "Region : eu-west-1"])
def test_spelling_an_option_keeps_its_case_and_its_colon(spelled: str) -> None:
    before = f"[profile dev]\n{spelled.replace(' : eu-west-1', ': x')}\n"
    assert set_with_configupdater(before, "region", "eu-west-1") == f"[profile dev]\n{spelled}\n"
    assert set_region(before) == "[profile dev]\nregion = eu-west-1\n"


def test_spelling_an_option_moves_to_column_0_and_the_next_joins_it() -> None:
    before = "[dev-mfa]\n  aws_access_key_id = old\n  region = x\n"
    moved = set_with_configupdater(before, "aws_access_key_id", "new")
    assert ConfigUpdater().read_string(moved)["dev-mfa"].to_dict() == {"aws_access_key_id": "new\nregion = x"}
    assert own(before) == f"[dev-mfa]\n{OURS}region = x\n"


def test_blanks_around_the_sign_of_a_renamed_option_change() -> None:
    before = "[dev]\naws_access_key_id\t=OLD  \naws_secret_access_key=old\n"
    updater = ConfigUpdater().read_string(before)
    option = updater["dev"]["aws_access_key_id"]
    option.value = "NEW"
    assert "aws_access_key_id = NEW\n" in str(updater)
    assert exchange(before) == "[dev]\naws_access_key_id\t=NEW  \nencee_secret=keyring\n"


def test_line_ends_of_a_new_option_are_lf() -> None:
    before = "[profile dev]\r\noutput = json\r\n"
    updater = ConfigUpdater().read_file(before.splitlines(keepends=True))
    updater["profile dev"].set("region", "eu-west-1")
    assert str(updater) == f"{before}region = eu-west-1\n"
    assert set_region(before) == f"{before}region = eu-west-1\r\n"


@pytest.mark.parametrize("edit", [own, remove])
def test_continuation_lines_are_lost_with_their_option(edit: Callable[[str], str]) -> None:
    before = f"[dev-mfa]\n{OURS}  only-here\n"
    assert "only-here" not in set_with_configupdater(before, "aws_session_token", "new")
    assert "line 5 is indented under aws_session_token" in refusal(edit, before)


@pytest.mark.parametrize("indent", ["", "  "])
def test_time_only_some_hundred_lines_are_parsed_at_once(monkeypatch: pytest.MonkeyPatch, indent: str) -> None:
    pieces: list[list[str]] = []
    real = ConfigUpdater.read_file

    def read_file(updater: ConfigUpdater, lines: Iterable[str]) -> ConfigUpdater:
        pieces.append([*lines])
        return real(updater, pieces[-1])

    monkeypatch.setattr(ConfigUpdater, "read_file", read_file)
    body = "".join(f"{indent}k{n} = 1\n{indent}  more\n\n# c\n" for n in range(1000)) + f"{indent}last = 1\n"
    own(f"[dev-mfa]\n{body}")
    assert max(map(len, pieces)) < 300
    assert [line for piece in pieces for line in piece[1:]] == body.splitlines(keepends=True)
    assert {piece[0] for piece in pieces} == {"[dev-mfa]\n"}


@pytest.mark.parametrize("value", ["b\nc = d", "b # c", ""])
def test_values_that_aws_tools_read_differently_are_accepted(value: str) -> None:
    assert Option("a", value).value == value
    document = Document(b"[dev]\n", FILE, CredentialsHeaders())
    with pytest.raises(FileRefusedError, match="a has a value that AWS tools would not read alike"):
        document.set_options("dev", {"a": value})


def test_refuses_a_section_of_which_configupdater_loses_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ConfigUpdater.read_file

    def read_file(updater: ConfigUpdater, lines: list[str]) -> ConfigUpdater:
        return real(updater, lines[:-1])

    monkeypatch.setattr(ConfigUpdater, "read_file", read_file)
    assert "[dev-mfa] cannot be divided" in refusal(own, f"{KEYS}[dev-mfa]\nregion = x\n# mine\n{OURS}")
