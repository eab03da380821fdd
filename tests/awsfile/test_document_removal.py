"""The rules of the removal: only lines that encee wrote are removed."""

import pytest

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.errors import FileRefusedError
from tests.awsfile.editing import FILE, KEYS, OURS, SESSION, own, refusal, remove, set_region


@pytest.mark.parametrize("before", ["", KEYS, KEYS.removesuffix("\n"), f"{KEYS}\n\n", f"{KEYS}# the end", "\n", "  "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_removes_exactly_what_was_added(before: str, line_end: str) -> None:
    before = before.replace("\n", line_end)
    assert remove(own(before)) == before
    assert remove(own(own(before))) == before


@pytest.mark.parametrize("first", ["a-mfa", "b-mfa"])
@pytest.mark.parametrize("before", ["", KEYS, KEYS.removesuffix("\n")])
def test_removes_several_sections_in_any_order(before: str, first: str) -> None:
    both = own(own(before, "a-mfa"), "b-mfa")
    document = Document(both.encode(), FILE, CredentialsHeaders())
    for profile in sorted(("a-mfa", "b-mfa"), key=lambda name: name != first):
        assert document.clear_section(profile, SESSION, mark="aws_session_token")
    assert document.render().decode() == before
    second = "b-mfa" if first == "a-mfa" else "a-mfa"
    assert remove(remove(both, first), second) == before


def test_adding_after_a_removal_gives_the_bytes_of_a_new_file() -> None:
    before = f"\n\n[dev-mfa]\n{OURS}".removesuffix("\n")
    document = Document(before.encode(), FILE, CredentialsHeaders())
    assert document.clear_section("dev-mfa", SESSION, mark="aws_session_token")
    document.write_section("dev-mfa", SESSION)
    assert document.render().decode() == own(remove(before)) == f"[dev-mfa]\n{OURS}"


def test_keeps_the_text_after_a_removed_section() -> None:
    assert remove(f"{KEYS}\n[dev-mfa]\n{OURS}\n# about z\n[z]\nx = 1") == f"{KEYS}\n# about z\n[z]\nx = 1"
    assert remove(f"{KEYS}\n[dev-mfa]\n{OURS}[z]\n") == f"{KEYS}[z]\n"
    assert remove(f"{KEYS}\n[dev-mfa]\n{OURS}# the end") == f"{KEYS}# the end"


@pytest.mark.parametrize("before", [KEYS, f"{KEYS}# about dev-mfa\n", f"{KEYS}  \n"])
def test_removes_nothing_before_a_header_without_a_blank_line(before: str) -> None:
    assert remove(f"{before}[dev-mfa]\n{OURS}") == before
    assert remove(f"{before}[dev-mfa]\n{OURS}".removesuffix("\n")) == before


def test_removes_a_section_at_the_beginning_of_a_file() -> None:
    assert remove(f"[dev-mfa]\n{OURS}\n{KEYS}") == f"\n{KEYS}"
    assert remove(f"\n[dev-mfa]\n{OURS}".removesuffix("\n")) == ""
    assert remove(f"[dev-mfa]\n{OURS}{KEYS}\n") == f"{KEYS}\n"


def test_removes_blank_lines_between_session_keys_with_the_section() -> None:
    assert remove(f"{KEYS}\n[dev-mfa]\n\n{OURS.replace('aws_session', '  ' + chr(10) + 'aws_session')}") == KEYS


def test_keeps_keys_of_the_user_and_their_section_unchanged() -> None:
    mine = "[dev-mfa]\n  # mine\n  REGION: x\n"
    others = "s3 =\n    # in it\n    a = 1\n\nOutput=json\n"
    assert remove(f"{KEYS}\n{mine}{OURS}{others}\n[z]\n") == f"{KEYS}\n{mine}{others}\n[z]\n"


def test_keeps_a_section_in_which_only_comments_remain() -> None:
    assert remove(f"{KEYS}\n[dev-mfa]\n# mine\n{OURS}") == f"{KEYS}\n[dev-mfa]\n# mine\n"


def test_an_indented_comment_after_a_session_key_joins_no_value() -> None:
    before = f"[dev-mfa]\nregion = x\n{OURS}  # mine\n\n  ; mine too\noutput = y\n  # and mine\nz = 1\n"
    assert remove(before) == "[dev-mfa]\nregion = x\n# mine\n\n; mine too\noutput = y\n  # and mine\nz = 1\n"


def test_keeps_a_comment_after_the_last_session_key() -> None:
    assert remove(f"[dev-mfa]\n{OURS}  # mine\n[z]\n") == "[dev-mfa]\n# mine\n[z]\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_adds_no_line_end_to_the_remaining_end_of_a_file(line_end: str) -> None:
    before = f"[dev-mfa]\nregion = x\n{OURS}".removesuffix("\n").replace("\n", line_end)
    assert remove(before) == f"[dev-mfa]{line_end}region = x"
    before = before.replace(f"x{line_end}", f"x{line_end * 2}")
    assert remove(before) == f"[dev-mfa]{line_end}region = x{line_end}"


@pytest.mark.parametrize(
    "before", ["", KEYS, "[dev-mfa]\naws_session_token = t\n", "[DEFAULT]\nmanager = encee\n[dev-mfa]\nx = 1\n"]
)
def test_keeps_a_section_without_the_mark_of_encee(before: str) -> None:
    document = Document(before.encode(), FILE, CredentialsHeaders())
    assert not document.clear_section("dev-mfa", {*SESSION, "manager", "x"}, mark="manager")
    assert document.render() == before.encode()


def test_removes_keys_in_any_spelling_and_updates_the_view() -> None:
    data = b"[DEFAULT]\nk = 0\n[a-mfa]\nK: 1\nm = 1\nx = 1\n\n[b-mfa]\nM = 1\n"
    document = Document(data, FILE, CredentialsHeaders())
    assert document.clear_section("a-mfa", {"k", "m"}, mark="m")
    assert document.clear_section("b-mfa", {"k", "m"}, mark="m")
    assert document.view == {"DEFAULT": {"k": "0"}, "a-mfa": {"k": "0", "x": "1"}}
    assert document.render() == b"[DEFAULT]\nk = 0\n[a-mfa]\nx = 1\n"


@pytest.mark.parametrize("header", ["[ dev-mfa ]", "  [dev-mfa]", "[dev-mfa] # mine"])
def test_refuses_to_remove_a_section_that_some_tool_reads_differently(header: str) -> None:
    assert "line 3 spells [dev-mfa]" in refusal(remove, f"[z]\nx = 1\n{header}\n{OURS}")


def test_refuses_to_remove_when_bytes_outside_the_section_have_changed() -> None:
    document = Document(f"# mine\n{KEYS}\n[dev-mfa]\n{OURS}# the end\n".encode(), FILE, CredentialsHeaders())
    assert document.clear_section("dev-mfa", SESSION, mark="aws_session_token")
    document._lines[-1] = "; the end\n"
    with pytest.raises(FileRefusedError, match="the edit would change"):
        document.render()


@pytest.mark.parametrize("profile", ["dev", "default"])
@pytest.mark.parametrize("before", ["", "[profile x]\nregion = y\n", "[profile x]\nregion = y"])
def test_removes_the_section_of_a_profile_from_the_config_file(before: str, profile: str) -> None:
    document = Document(set_region(before, profile).encode(), FILE, ConfigHeaders())
    assert document.clear_section(profile, {"region"}, mark="region")
    assert document.render().decode() == before
