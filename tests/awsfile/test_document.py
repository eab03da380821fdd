"""The rules of the edit, with every peculiarity that a credentials file can have."""

from collections.abc import Callable, Iterable

import configupdater
import pytest

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.errors import EnceeError, ExitCode, FileRefusedError, UsageError
from tests.awsfile.editing import FILE, KEYS, OURS, SECRET, SESSION, STALE, own, refusal, remove

# Facts about ConfigUpdater, and what encee does instead


def test_keeps_crlf_line_ends_and_adds_lines_with_them() -> None:
    assert own((KEYS + "[dev-mfa]\n").replace("\n", "\r\n")) == (KEYS + "[dev-mfa]\n" + OURS).replace("\n", "\r\n")


def test_keeps_mixed_line_ends_and_adds_the_most_frequent() -> None:
    before = "[a]\r\nx = 1\n[b]\r\n"
    assert own(before) == before + "\r\n[dev-mfa]\r\n" + OURS.replace("\n", "\r\n")
    for before in ("[a]\nx = 1\r\n[b]\n", "[a]\r\n[b]\n"):
        assert own(before) == before + "\n[dev-mfa]\n" + OURS


def test_a_key_after_indented_session_keys_does_not_join_the_token() -> None:
    before = "[dev-mfa]\n  aws_access_key_id = old\n  aws_session_token = old\n  region = eu-west-1\n[z]\n"
    assert own(before) == f"[dev-mfa]\n{OURS}region = eu-west-1\n[z]\n"


def test_keeps_a_comment_under_a_rewritten_key() -> None:
    before = "[dev-mfa]\naws_session_token = old\n    # mine\n\t; and mine\nregion = eu-west-1\n"
    assert own(before) == f"[dev-mfa]\n{OURS}# mine\n; and mine\nregion = eu-west-1\n"


@pytest.mark.parametrize("edit", [own, remove])
@pytest.mark.parametrize("option", ["aws_access_key_id", "AWS_Session_Token", "aws_secret_access_key"])
@pytest.mark.parametrize("below", ["  only-here", "\tregion = x", "\n  # mine\n  s3 =", "# mine\n  k: only-here"])
def test_refuses_to_delete_a_line_below_an_option_that_is_set(
    below: str, option: str, edit: Callable[[str], str]
) -> None:
    text = f"{KEYS}[dev-mfa]\nmanager = encee\n{option} = old\n{below}\n"
    others = "".join(f"{key} = x\n" for key in SESSION if key != option.lower())
    line = 6 + below.count("\n") + 1
    assert f"line {line} is indented under {option.lower()}" in refusal(edit, text + others + "region = x\n")


@pytest.mark.parametrize("stale", sorted(STALE))
def test_refuses_to_delete_a_line_below_an_option_that_is_removed(stale: str) -> None:
    assert f"line 3 is indented under {stale}" in refusal(own, f"[dev-mfa]\n{stale} = old\n  region = only-here\n")


def test_keeps_a_comment_in_a_continued_value_without_its_indentation() -> None:
    before = "[dev-mfa]\nnote = one\n  # mine\n  two\n"
    assert own(before) == f"[dev-mfa]\nnote = one\n# mine\n  two\n{OURS}"


@pytest.mark.parametrize("comment", ["  # region = x", "\t; region: x"])
def test_an_indented_comment_that_looks_like_a_key_stays_a_comment(comment: str) -> None:
    before = f"[dev-mfa]\n{comment}\n{comment}\n    aws_session_token = old\n"
    assert own(before) == f"[dev-mfa]\n{comment.strip()}\n{comment.strip()}\n{OURS}"


def test_adds_a_missing_key_before_the_comment_of_the_next_section() -> None:
    before = "[dev-mfa]\naws_access_key_id = old\n\n# about z\n[z]\nx = 1\n"
    assert own(before) == f"[dev-mfa]\n{OURS}\n# about z\n[z]\nx = 1\n"


def test_fills_an_empty_section_before_the_comment_of_the_next() -> None:
    assert own("[dev-mfa]\n\n; about z\n[z]\n") == f"[dev-mfa]\n{OURS}\n; about z\n[z]\n"


def test_keeps_a_comment_at_the_end_of_the_file_after_the_last_section() -> None:
    assert own("[dev-mfa]\nmanager = me\n\n# the end") == f"[dev-mfa]\nmanager = me\n{OURS}\n# the end"


@pytest.mark.parametrize("body", ["  [z]\n", "region = eu-west-1\n\t[z]\nx = 1\n"])
def test_refuses_an_indented_header_in_the_edited_section(body: str) -> None:
    line = 1 + body[: body.index("[")].count("\n") + 1
    assert f"line {line} " in refusal(own, f"[dev-mfa]\n{body}")


@pytest.mark.parametrize(
    "stale", ["  aws_session_token = old", "\tAWS_Session_Token\t= old", "  aws_security_token=old"]
)
@pytest.mark.parametrize("above", ["note = a\n\n  # mine\n", "s3 =\n  a = 1\n"])
@pytest.mark.parametrize("first", ["", "aws_access_key_id = old\n"])
def test_refuses_an_indented_line_that_some_tools_read_as_a_session_key(first: str, above: str, stale: str) -> None:
    line = 2 + (first + above).count("\n")
    message = refusal(own, f"[dev-mfa]\n{first}{above}{stale}\nregion = x\n")
    assert f"line {line} sets {stale.lower().partition('=')[0].strip()} for some AWS tools" in message


def test_edits_beside_a_section_with_an_indented_line() -> None:
    hidden = "[a]\nx = 1\n  aws_session_token = old\n"
    assert own(hidden) == f"{hidden}\n[dev-mfa]\n{OURS}"


@pytest.mark.parametrize("character", ["\ufeff", "\x0c", "\xa0", "\u3000", "\0"])
@pytest.mark.parametrize("edit", [own, remove])
def test_refuses_an_invisible_character_before_a_key(edit: Callable[[str], str], character: str) -> None:
    for line in (f"{character}region = x", f"  {character}aws_session_token = {SECRET}"):
        text = f"{KEYS}[dev-mfa]\n{OURS}note = x\n{line}\n"
        assert "line 9 begins with an invisible character" in refusal(edit, text)


@pytest.mark.parametrize("edit", [own, remove])
def test_refuses_an_invisible_character_after_a_session_key(edit: Callable[[str], str]) -> None:
    text = f"[dev-mfa]\naws_session_token\ufeff = {SECRET}\n{OURS}"
    assert "line 2 sets aws_session_token for some AWS tools and not for others" in refusal(edit, text)


@pytest.mark.parametrize("header", ["  \ufeff[dev-mfa]", "\t[\ufeffdev-mfa]", "  [dev-mfa\ufeff]", "  \0[dev-mfa]"])
def test_refuses_an_invisible_character_in_the_header(header: str) -> None:
    assert "line 5 spells [dev-mfa]" in refusal(own, f"{KEYS}note = x\n{header}\n")


@pytest.mark.parametrize("text", ["[dev-mfa]\nx = 1\ry = 2\n", "[a]\nx = 1\r\r\n", "\n[a]\n\r"])
def test_refuses_a_lone_carriage_return(text: str) -> None:
    line = text[: text.index("\r")].count("\n") + 1
    assert f"line {line} holds a carriage return" in refusal(own, text)


@pytest.mark.parametrize(
    "header",
    [
        "[ dev-mfa ]",
        "[dev-mfa ]",
        "[\tdev-mfa]",
        "[dev-mfa] # [x]",
        "[dev-mfa] # mine",
        "[dev-mfa]#mine",
        "[dev-mfa]]",
        "  [dev-mfa]",
        "\t[dev-mfa]",
        "[dev-mfa]\xa0",
        "[profile dev-mfa]",
        "[ profile\tdev-mfa ]",
    ],
)
def test_refuses_another_spelling_of_the_header(header: str) -> None:
    assert "line 4 spells [dev-mfa]" in refusal(own, f"{KEYS}{header}\n")


def test_removes_blanks_after_the_header_of_an_edited_section() -> None:
    assert own("[dev-mfa] \t\nregion = x\n") == f"[dev-mfa]\nregion = x\n{OURS}"


@pytest.mark.parametrize(
    "key", ["aws_session_token: old", "AWS_SESSION_TOKEN = old", "Aws_Session_Token : old", "aws_session_token=old"]
)
def test_rewrites_a_session_key_in_lower_case_with_an_equals_sign(key: str) -> None:
    assert own(f"[dev-mfa]\n{key}\n[z]\n") == f"[dev-mfa]\n{OURS}[z]\n"


@pytest.mark.parametrize(
    "header",
    [
        "[z]#mine",
        "[z]y]",
        "[[z]",
        "[z = 1",
        "[z]\xa0",
        "[z] \x0b; mine",
        "[ #z]",
        "[ ;z]",
        "[z#y]",
        "[z;y]",
        "[z #y] # mine",
        "\ufeff[z] = 1",
        "  \ufeff[z]",
        "\x01[z]: 1",
    ],
)
@pytest.mark.parametrize("edit", [own, remove])
def test_refuses_a_section_after_the_edited_one_that_some_tools_ignore(edit: Callable[[str], str], header: str) -> None:
    message = refusal(edit, f"[dev-mfa]\n{OURS}\n{header}\naws_account_id = {SECRET}\n")
    assert "line 6 holds a '[' that some AWS tools take for a section and others for a part of [dev-mfa]" in message


@pytest.mark.parametrize("header", ["[z]", "[z]  ", "[ z ]", "[z] # mine", "[z]\t;[x]", "[profile 'z y']"])
def test_edits_before_a_section_that_every_tool_reads(header: str) -> None:
    assert own(f"[dev-mfa]\n{header}\nx = 1") == f"[dev-mfa]\n{OURS}{header}\nx = 1"
    assert own(f"{header}#\nx = 1\n") == f"{header}#\nx = 1\n\n[dev-mfa]\n{OURS}"


@pytest.mark.parametrize("stale", [*sorted(STALE), "AWS_SECURITY_TOKEN"])
def test_removes_keys_that_botocore_prefers_to_the_new_token(stale: str) -> None:
    assert own(f"[dev-mfa]\n{stale} = old\nregion = x\n") == f"[dev-mfa]\n{OURS}region = x\n"


def test_removes_old_keys_of_this_section_only() -> None:
    other = "[dev]\naws_security_token = old\n"
    assert own(f"{other}[dev-mfa]\n") == f"{other}[dev-mfa]\n{OURS}"


def test_refuses_keys_that_differ_in_case_only() -> None:
    assert "line 3 holds a key for the second time" in refusal(own, f"[dev]\nKey = 1\nkey = {SECRET}\n")


def test_accepts_two_default_sections_as_the_aws_tools_do() -> None:
    before = "[DEFAULT]\nregion = x\n[a]\n[DEFAULT]\noutput = json\n"
    assert own(before) == f"{before}\n[dev-mfa]\n{OURS}"
    assert "line 4 holds a key for the second time" in refusal(own, "[DEFAULT]\nx = 1\n[DEFAULT]\nx = 2\n")


@pytest.mark.parametrize("comment", ["  # mine\n", "\t; mine\n", "\n   # mine\n\n"])
def test_accepts_an_indented_comment_before_the_first_header(comment: str) -> None:
    assert own(f"{comment}[dev-mfa]\n") == f"{comment}[dev-mfa]\n{OURS}"


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\n[x]", "a\n", "", "a b", "a#b", "a;b", '"', "a'b", "a\\b", "ä"])
@pytest.mark.parametrize("before", ["", "[dev-mfa]\n", "[dev-mfa]\naws_session_token = old\n"])
def test_refuses_a_value_that_aws_tools_read_differently(value: str, before: str) -> None:
    document = Document(before.encode(), FILE, CredentialsHeaders())
    with pytest.raises(FileRefusedError) as caught:
        document.write_section("dev-mfa", {"aws_session_token": value})
    assert "aws_session_token has a value" in caught.value.message
    assert caught.value.hint
    assert not value or value not in caught.value.message
    assert document.render() == before.encode()


@pytest.mark.parametrize(
    "name", ["a\rb", "a\nb", "a\n", "a]", "[a", "a b", "", "ä", "#a", "a;b", "DEFAULT", "__proto__"]
)
@pytest.mark.parametrize("headers", [CredentialsHeaders(), ConfigHeaders()])
def test_refuses_a_name_that_aws_tools_read_differently(name: str, headers: CredentialsHeaders | ConfigHeaders) -> None:
    document = Document(b"", FILE, headers)
    for edit in (document.write_section, document.set_options):
        with pytest.raises(UsageError) as caught:
            edit(name, SESSION)
        assert caught.value.hint
    assert document.render() == b""


@pytest.mark.parametrize("name", ["DEFAULT", "my session"])
def test_refuses_a_name_that_tools_read_differently_if_its_section_exists(name: str) -> None:
    document = Document(f"[{name}]\n".encode(), FILE, CredentialsHeaders())
    with pytest.raises(UsageError):
        document.write_section(name, SESSION)
    assert document.render() == f"[{name}]\n".encode()


def test_sets_options_in_any_section_of_the_user_except_default() -> None:
    document = Document(b"[my keys]\nx = 1\n[DEFAULT]\n", FILE, CredentialsHeaders())
    document.set_options("my keys", {"y": "2"})
    with pytest.raises(UsageError):
        document.set_options("DEFAULT", {"y": "2"})
    assert document.render() == b"[my keys]\nx = 1\ny = 2\n[DEFAULT]\n"


@pytest.mark.parametrize("name", ["a", "A-z_0", "team/dev", "a.b", "100%", "me@work", "arn:aws", "c++"])
def test_accepts_every_name_that_aws_tools_read_alike(name: str) -> None:
    once = own("", name)
    assert once == f"[{name}]\n{OURS}"
    assert own(once, name) == once


def test_only_the_lines_of_the_section_reach_configupdater(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    real = configupdater.ConfigUpdater.read_file

    def read_file(updater: configupdater.ConfigUpdater, lines: Iterable[str]) -> configupdater.ConfigUpdater:
        seen.extend(lines)
        return real(updater, seen)

    monkeypatch.setattr(configupdater.ConfigUpdater, "read_file", read_file)
    own("[a]\n" + "".join(f"k{n} = 1\n" for n in range(100)) + "[dev-mfa]\nregion = x\n# about z\n[z]\ny = 1\n")
    assert seen == ["[dev-mfa]\n", "region = x\n"]


def test_keeps_a_number_sign_or_semicolon_in_the_value_of_another_key() -> None:
    before = "[dev-mfa]\nnote = a # b ; c\nother = x;y#z\n"
    assert own(before) == before + OURS


# The edit


def test_writes_no_blank_line_before_the_first_section() -> None:
    assert own("") == f"[dev-mfa]\n{OURS}"


def test_adds_a_section_after_one_blank_line() -> None:
    assert own(KEYS) == f"{KEYS}\n[dev-mfa]\n{OURS}"


@pytest.mark.parametrize("end", ["\n\n\n", "\n   \n", "\n# the end\n"])
def test_adds_a_section_after_any_end_of_a_file(end: str) -> None:
    assert own(f"[a]\nx = 1{end}") == f"[a]\nx = 1{end}\n[dev-mfa]\n{OURS}"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_adding_to_a_file_without_a_last_line_end_keeps_it_without(line_end: str) -> None:
    before = KEYS.removesuffix("\n").replace("\n", line_end)
    assert own(before) == before + f"\n\n[dev-mfa]\n{OURS}".removesuffix("\n").replace("\n", line_end)


@pytest.mark.parametrize("before", ["[dev-mfa]", "[dev-mfa]\naws_session_token = old", "[a]\n[dev-mfa]\n\tx = 1"])
def test_editing_the_last_section_adds_no_last_line_end(before: str) -> None:
    kept = before[: before.index("]", before.index("dev-mfa")) + 1]
    foreign = "x = 1\n" if "x = 1" in before else ""
    assert own(before) == f"{kept}\n{foreign}{OURS}".removesuffix("\n")


def test_writes_the_session_keys_together_in_place_of_the_first() -> None:
    before = "[dev-mfa]\na = 1\naws_session_token = old\nb = 2\n\naws_access_key_id = old\nc = 3\n"
    assert own(before) == f"[dev-mfa]\na = 1\n{OURS}b = 2\n\nc = 3\n"


def test_keeps_other_keys_and_nested_blocks() -> None:
    before = "[dev-mfa]\nREGION: x\ns3 =\n    max_queue_size = 1\n\n    addressing_style = path\nlast=1\n"
    assert own(before) == before + OURS


def test_keeps_characters_that_other_tools_read_as_line_ends() -> None:
    before = "[a]\nx = 1\u20282\x0b3\x854\x1c5\x0c6\n[dev-mfa]\ny = 1\u20282\x0b3\x854\n"
    assert own(before) == before + OURS


def test_edits_several_sections_at_once() -> None:
    document = Document(b"[b-mfa]\nx = 1\n[z]\n", FILE, CredentialsHeaders())
    for profile in ("a-mfa", "b-mfa", "c-mfa"):
        document.write_section(profile, {"k": profile})
    assert document.render() == b"[b-mfa]\nx = 1\nk = b-mfa\n[z]\n\n[a-mfa]\nk = a-mfa\n\n[c-mfa]\nk = c-mfa\n"


def test_edits_several_sections_of_a_file_without_a_last_line_end() -> None:
    document = Document(b"[z]\nx = 1", FILE, CredentialsHeaders())
    for profile in ("a-mfa", "b-mfa", "a-mfa"):
        document.write_section(profile, {"k": profile, "j": "1"})
    once = b"[z]\nx = 1\n\n[a-mfa]\nk = a-mfa\nj = 1\n\n[b-mfa]\nk = b-mfa\nj = 1"
    assert document.render() == once


def test_the_parsed_view_follows_the_edits() -> None:
    document = Document(b"[DEFAULT]\nd = 0\n[a-mfa]\naws_security_token = s\nx = 1\n", FILE, CredentialsHeaders())
    document.write_section("a-mfa", {"k": "1"}, without=STALE)
    document.write_section("b-mfa", {"k": "2"}, without=STALE)
    document.set_options("a-mfa", {"x": "2"})
    expected = {"d": "0"}, {"d": "0", "x": "2", "k": "1"}, {"d": "0", "k": "2"}
    assert document.view == dict(zip(("DEFAULT", "a-mfa", "b-mfa"), expected, strict=True))
    assert Document(document.render(), FILE, CredentialsHeaders()).view == document.view


@pytest.mark.parametrize("line", [0, -1])
@pytest.mark.parametrize(
    "before", [f"# mine\n{KEYS}[dev-mfa]\nx = 1\n# the end\n", f"# mine\n{KEYS}[dev-mfa]\n\n# no end"]
)
def test_refuses_changed_bytes_outside_the_edited_section(before: str, line: int) -> None:
    document = Document(before.encode(), FILE, CredentialsHeaders())
    document.write_section("dev-mfa", SESSION)
    if line == 0:
        document.write_section("b-mfa", SESSION)
    document._lines[line] = document._lines[line].replace("#", ";")
    with pytest.raises(FileRefusedError, match="the edit would change"):
        document.render()


def test_an_edit_without_a_change_returns_the_same_bytes() -> None:
    once = own(KEYS)
    assert own(once) == once


@pytest.mark.parametrize("section", ["", "[dev-mfa]\n", "[dev-mfa]\naws_security_token = old\n"])
@pytest.mark.parametrize("stale", sorted(STALE))
def test_refuses_a_default_section_with_an_option_to_remove(section: str, stale: str) -> None:
    assert "the edit would change how" in refusal(own, f"[DEFAULT]\n{stale} = {SECRET}\n{section}")


def test_values_of_the_default_section_do_not_change_the_session() -> None:
    before = "[DEFAULT]\naws_session_token = old\nregion = x\n"
    assert own(before) == f"{before}\n[dev-mfa]\n{OURS}"


@pytest.mark.parametrize(
    ("data", "line", "fault"),
    [
        (f"{KEYS}[dev]\n".encode(), 4, "a section for the second time"),
        (f"aws_secret_access_key = {SECRET}\n".encode(), 1, "a key before any section"),
        (f"\n{SECRET}\n".encode(), 2, "a key before any section"),
        (f"[a]\nx = 1\n{SECRET}\n".encode(), 3, "neither a key, a section nor a comment"),
        (f"[a]\n= {SECRET}\n".encode(), 2, "neither a key, a section nor a comment"),
        (f"[a]\nx = 1\nx = {SECRET}\n".encode(), 3, "a key for the second time"),
        (f"[a]\n[b]\ns3 =\n  a = 1\n  {SECRET}\nz = 1\n".encode(), 5, "a nested line without '='"),
        (f"[a]\n{SECRET} =\n  {SECRET}\n".encode(), 3, "a nested line without '='"),
        (f"[{SECRET}]\r\nx=\r\n\r\n\r\n  {SECRET}".encode(), 5, "a nested line without '='"),
        (b"\xef\xbb\xbf[a]\n", 1, "a byte-order mark"),
        (b"\n[a]\ny = \xff\n", 3, "bytes that are not UTF-8"),
        (b"[a]\r\nx = \xe4\r\n", 2, "bytes that are not UTF-8"),
        ("[a]\nx = 1\n".encode("utf-16"), 1, "UTF-16"),
    ],
)
def test_refuses_a_file_that_aws_tools_cannot_read_and_names_the_line(data: bytes, line: int, fault: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        Document(data, FILE, CredentialsHeaders())
    assert caught.value.message.startswith(f"{FILE}: line {line} holds {fault}")
    assert caught.value.hint
    assert SECRET.lower() not in f"{caught.value.message} {caught.value.hint}".lower()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_reads_a_default_section_with_a_value_that_nothing_inherits() -> None:
    before = "[DEFAULT]\ns3 =\n  broken\n[a]\ns3 = x\n[dev-mfa]\ns3 =\n"
    assert own(before) == before + OURS
    assert "line 3 holds a nested line" in refusal(own, before.removesuffix("s3 =\n"))
    assert "the edit would change how" in refusal(own, before.removesuffix("[dev-mfa]\ns3 =\n"))


def test_refusals_are_errors_with_an_exit_status() -> None:
    assert issubclass(FileRefusedError, EnceeError)
    assert issubclass(UsageError, EnceeError)
    assert UsageError.exit_code is ExitCode.USAGE
