"""Properties of the edit on generated files, as botocore reads them.

`ENCEE_FUZZ_EXAMPLES` is the number of files for each property; `make fuzz` raises it.
"""

import configparser
import io
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.configloader import build_profile_map, raw_config_parse
from botocore.credentials import SharedCredentialProvider
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, example, given, settings, strategies as st

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders, Headers
from encee.awsfile.syntax import read_view
from encee.errors import FileRefusedError
from tests.awsfile.javascript import read_by_javascript

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("ENCEE_FUZZ_EXAMPLES", "2000"))
SESSION = {
    "aws_access_key_id": "ASIANEW",
    "aws_secret_access_key": "new/+",
    "aws_session_token": "new==",
    "expiration": "2026-11-22T17:00:00Z",
    "manager": "encee",
}
STALE = frozenset({"aws_security_token", "aws_account_id", "aws_credential_scope"})
SETTINGS = {"mfa_serial": "arn:aws:iam::123456789012:mfa/me", "region": "eu-west-1"}

Parsed = dict[str, dict[str, object]]

# The parts of files, each without its last line end.

KEYS = (
    "aws_access_key_id = AKIAOLD",
    "aws_secret_access_key=old/+=",
    "AWS_SECRET_ACCESS_KEY : old",
    "aws_session_token: old",
    "  aws_session_token = old",
    "aws_session_token = old\n  # inside\n  older",
    "aws_session_token =\n  a = b",
    "\taws_access_key_id\t=\tAKIAOLD\t",
    "aws_security_token = stale",
    "Aws_Security_Token: stale",
    "aws_account_id = 123456789012",
    "aws_credential_scope = us-east-1",
    "expiration = 2020-01-01T00:00:00Z",
    "Manager = me",
    "region = us-east-1",
    "  Region: us-east-1",
    "  region = us-east-1\n  # inside\n    us-east-2",
    "mfa_serial = GAHT12345678",
    "mfa_serial =\n  arn:aws:iam::1:mfa/old",
    "OUTPUT=json",
    "note = a # b ; c",
    "note: zwei\n\n  drei\n\n\n  vier",
    "note = x\u2028y\x0bz\x85w\x1cv",
    "s3 =\n    max_queue_size = 1\n    addressing_style = path",
    "s3 =\n  a = 1\n\n  # in s3\n  b : 2 = 3",
    "  api_versions:\n      ec2 = 2015-03-01\n; at column 0\n      rds=1",
    "cli_pager =",
    "source_profile = dev-mfa",
    "%(x)s = %(y)s",
    "ä = ö",
)
GAPS = (
    "",
    "",
    "   ",
    "\t",
    "# a comment",
    "; another",
    "  # indented",
    "\t; indented",
    "  # k = v",
    "\t;k: v",
    "#[dev-mfa]",
    "#",
    "\n\n",
)
NASTY = (
    "[dev-mfa]",
    "[ dev-mfa ]",
    "  [dev-mfa]",
    "[dev-mfa] # [x]",
    "[dev-mfa]#c",
    "[profile dev]",
    "[profiles dev]",
    "  [z]",
    "[DEFAULT]",
    "[foo = 1",
    "[]",
    "[ #z]",
    "[y#z]",
    "[y;z]",
    "  \ufeff[dev-mfa]",
    "\ufeff[z] = 1",
    "\ufeffregion = 1",
    "  \ufeffaws_session_token = 1",
    "aws_session_token\ufeff = 1",
    "\0aws_session_token = 1",
    "  deeper",
    "  deeper = 1",
    "key without value",
    "= value",
    "\ufeff",
    "lone = \r CR",
    "x = \x00",
    "\u2028",
    "\x0b",
    "\x0cformfeed = 1",
    "\xa0blank = 1",
    "\x85",
    "aws_access_key_id = again",
    "REGION = again",
)
HEADERS = ("[dev]", "[default]", "[profile x]", "[dev-mfa2]", "[a b]", "[DEFAULT]", "[ z ]", "[c] # d", "[é]", "[x]#y")
OURS_IN_CREDENTIALS = ("[dev-mfa]", "[dev-mfa]", "[dev-mfa]  ")
OURS_IN_CONFIG = ("[profile dev]", '[profile "dev"]', "[profile 'dev']", "[profile dev] ", "[profile  dev]")

gaps = st.lists(st.sampled_from(GAPS), max_size=2)
bodies = st.lists(st.sampled_from((*KEYS, *KEYS, *GAPS)), max_size=6)


def name_of(piece: str) -> str:
    return re.split("[=:]", piece)[0].strip().lower()


@st.composite
def files(draw: st.DrawFn, ours: tuple[str, ...]) -> bytes:
    """Generate a file as users have it: sections in any order, that of encee in any state or missing."""
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=3, unique=True))
    if draw(st.integers(0, 3)):
        headers.insert(draw(st.integers(0, len(headers))), draw(st.sampled_from(ours)))
    pieces = draw(gaps)
    for header in headers:
        body = draw(bodies)
        pieces += [header, *{name_of(piece) if piece in KEYS else n: piece for n, piece in enumerate(body)}.values()]
    if not draw(st.integers(0, 3)):
        pieces.insert(draw(st.integers(0, len(pieces))), draw(st.sampled_from(NASTY)))
    lines = [line for piece in pieces for line in piece.split("\n")]
    end = draw(st.sampled_from(("\n", "\n", "\r\n", "mixed")))
    if end == "mixed":
        bits = draw(st.integers(0, 2 ** len(lines) - 1))
        text = "".join(line + ("\r\n" if bits >> n & 1 else "\n") for n, line in enumerate(lines))
    else:
        text = "".join(line + end for line in lines)
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    return text.encode()


@st.composite
def odd_files(draw: st.DrawFn) -> bytes:
    """Generate lines in any order, and sometimes bytes that are not text."""
    lines = draw(st.lists(st.sampled_from((*KEYS, *GAPS, *NASTY, *HEADERS, *HEADERS)), max_size=8))
    data = draw(st.sampled_from(("\n", "\r\n"))).join(lines).encode()
    if not draw(st.integers(0, 2)):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.sampled_from((b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\r", b"\0"))) + data[place:]
    return data


credentials_files = files(OURS_IN_CREDENTIALS)
config_files = files(OURS_IN_CONFIG)
files_without_ours = files(("[theirs]",))
any_files = st.one_of(credentials_files, odd_files())

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
thorough = settings(relaxed, max_examples=EXAMPLES)
brief = settings(relaxed, max_examples=max(EXAMPLES // 5, 1))
sampled = settings(relaxed, max_examples=300, derandomize=True, database=None)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path from which botocore reads an example."""
    return tmp_path_factory.mktemp("properties") / "aws-file"


class Parts(NamedTuple):
    """A file, split before a section's header and after its last option."""

    before: list[str]
    section: list[str]
    behind: list[str]


def lines_of(data: bytes) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", data.decode())


def cut(data: bytes, is_header: Callable[[str], bool]) -> Parts:
    """Locate the section; what follows its last option belongs to the next one."""
    lines = lines_of(data)
    starts = [number for number, line in enumerate(lines) if line[0] == "[" and is_header(line)]
    if not starts:
        return Parts(lines, [], [])
    end = next((n for n in range(starts[-1] + 1, len(lines)) if lines[n][0] == "["), len(lines))
    while not lines[end - 1].strip() or lines[end - 1][0] in "#;":
        end -= 1
    return Parts(lines[: starts[-1]], lines[starts[-1] : end], lines[end:])


def is_dev_mfa(line: str) -> bool:
    return line.strip() == "[dev-mfa]"


def is_dev(line: str) -> bool:
    profiles = build_profile_map({line.strip()[1:-1]: {}})["profiles"]
    return list(profiles) == ["dev"]


def comments(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()[:1] in {"#", ";"}]


def place(option: str, parts: Parts) -> int:
    """Return where an option begins at column 0 in the section."""
    return next(number for number, line in enumerate(parts.section) if line.startswith(f"{option} = "))


def parsed_by_botocore(data: bytes, file: Path) -> Parsed:
    file.unlink(missing_ok=True)  # truncating it would flush it to the disk
    file.write_bytes(data)
    parsed: Parsed = raw_config_parse(str(file))
    return parsed


def owned(data: bytes, *profiles: str) -> bytes:
    document = Document(data, Path("credentials"), CredentialsHeaders())
    for profile in profiles or ("dev-mfa",):
        document.write_section(profile, SESSION, without=STALE)
    return document.render()


def with_settings(data: bytes) -> bytes:
    document = Document(data, Path("config"), ConfigHeaders())
    document.set_options("dev", SETTINGS)
    return document.render()


def without_settings(data: bytes) -> bytes:
    document = Document(data, Path("config"), ConfigHeaders())
    document.remove_options("dev", SETTINGS)
    return document.render()


def removed(data: bytes, profile: str = "dev-mfa") -> bytes:
    document = Document(data, Path("credentials"), CredentialsHeaders())
    assert document.clear_section(profile, SESSION, mark="manager")
    return document.render()


def runs_on(view: dict[str, dict[str, str]], section: str, options: Collection[str]) -> list[str]:
    """Return the options whose value has further lines, which an edit would delete."""
    return [key for key, value in view.get(section, {}).items() if key in options and "\n" in value]


def edited(edit: Callable[[bytes], bytes], data: bytes) -> bytes | None:
    """Return the result, or None for a refusal; any other error fails the test."""
    try:
        return edit(data)
    except FileRefusedError:
        return None


def assert_the_rest_is_untouched(before: bytes, after: bytes, is_header: Callable[[str], bool]) -> None:
    """Return the bytes outside the section; if it was missing, all bytes and one line end more."""
    old, new = cut(before, is_header), cut(after, is_header)
    assert new.section
    if old.section:
        # An indented comment that moved to column 0 can belong to what follows the section now.
        assert new.before == old.before
        assert after.endswith("".join(old.behind).encode())
        return
    line_end = "\r\n" if before.count(b"\r\n") * 2 > before.count(b"\n") else "\n"
    ended = bool(before) and before[-1:] != b"\n"
    gap = (line_end if before else "") + (line_end if ended else "")
    assert "".join(new.before).encode() == before + gap.encode()
    assert new.behind == []
    assert new.section[-1].endswith("\n") is not ended
    assert {line.removeprefix(line.rstrip("\r\n")) for line in new.section[:-1]} == {line_end}


@thorough
@given(credentials_files)
def test_owning_a_section_changes_nothing_else_and_all_read_the_session(file: Path, data: bytes) -> None:
    after = edited(owned, data)
    if after is None:
        return
    assert_the_rest_is_untouched(data, after, is_dev_mfa)
    own_lines = {"DEFAULT": {}, **read_view("".join(cut(data, is_dev_mfa).section).encode(), file)}
    assert not runs_on(own_lines, "dev-mfa", {*SESSION, *STALE})

    was, now = parsed_by_botocore(data, file), parsed_by_botocore(after, file)
    foreign = {key: value for key, value in was.pop("dev-mfa", {}).items() if key not in STALE}
    inherited = {key: value for key, value in now["dev-mfa"].items() if key not in foreign and key not in SESSION}
    assert now.pop("dev-mfa") == {**inherited, **foreign, **SESSION}
    assert now == was
    assert set(inherited) <= set(read_view(data, file)["DEFAULT"])

    credentials = SharedCredentialProvider(str(file), "dev-mfa").load()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == tuple(SESSION.values())[:3]
    assert not STALE & set(raw_config_parse(str(file))["dev-mfa"])

    was_there, there = read_by_javascript(data), read_by_javascript(after)
    assert there.pop("dev-mfa").items() >= SESSION.items()
    was_there.pop("dev-mfa", None)
    assert there == was_there

    section = [line.rstrip("\r\n") for line in cut(after, is_dev_mfa).section]
    assert section[0] == "[dev-mfa]"
    place = section.index("aws_access_key_id = ASIANEW")
    assert section[place : place + len(SESSION)] == [f"{key} = {value}" for key, value in SESSION.items()]
    assert all(line == line.lstrip() for line in section if line.lstrip()[:1] in {"#", ";"})
    assert comments(lines_of(after)) == comments(lines_of(data))
    assert owned(after) == after


@brief
@given(config_files)
@example(b"[profile dev]\nregion = us-east-1\n#[dev]\n  aws_session_token = old\n")
def test_setting_options_changes_nothing_else_that_a_reader_sees(file: Path, data: bytes) -> None:
    after = edited(with_settings, data)
    if after is None:
        return
    assert_the_rest_is_untouched(data, after, is_dev)

    was, now = (build_profile_map(parsed_by_botocore(content, file)) for content in (data, after))
    dev = was["profiles"].pop("dev", None) or read_view(data, file)["DEFAULT"]
    changed = now["profiles"].pop("dev")
    assert {key: value for key, value in changed.items() if isinstance(value, str) and key in SETTINGS} == SETTINGS
    assert all(changed[key] == value for key, value in dev.items() if key not in SETTINGS and isinstance(value, dict))
    assert changed.keys() == dev.keys() | SETTINGS.keys()
    assert now == was

    old, new = cut(data, is_dev).section, cut(after, is_dev)
    own_lines = read_view("".join(old).encode(), file)
    assert not any(runs_on(own_lines, section, SETTINGS) for section in own_lines)
    ours = [number for number, line in enumerate(new.section) if name_of(line) in SETTINGS]
    assert [new.section[number].split(" = ")[0] for number in ours] == sorted(SETTINGS, key=lambda key: place(key, new))
    following = (line for number in ours for line in new.section[number + 1 : number + 2])
    assert not any(line[0] in " \t" and comments([line]) for line in following)
    assert new.section[:1] == old[:1] or not old[:1] or not old[0].endswith("\n")
    assert comments(lines_of(after)) == comments(lines_of(data))
    assert with_settings(after) == after


@brief
@given(config_files)
def test_unsetting_options_changes_nothing_else_that_a_reader_sees(file: Path, data: bytes) -> None:
    after = edited(without_settings, data)
    if after is None:
        return
    old, new = cut(data, is_dev), cut(after, is_dev)
    if not old.section:
        assert after == data
        return
    own_lines = read_view("".join(old.section).encode(), file)
    assert not any(runs_on(own_lines, section, SETTINGS) for section in own_lines)
    assert new.before == old.before
    assert after.endswith("".join(old.behind).encode())
    assert comments(lines_of(after)) == comments(lines_of(data))

    was, now = (build_profile_map(parsed_by_botocore(content, file)) for content in (data, after))
    dev, changed = was["profiles"].pop("dev"), now["profiles"].pop("dev")
    inherited = {key: value for key, value in read_view(data, file)["DEFAULT"].items() if key in SETTINGS}
    rest = {key: value for key, value in dev.items() if key not in SETTINGS}
    assert {key: value for key, value in changed.items() if key not in SETTINGS and isinstance(value, dict)} == {
        key: value for key, value in rest.items() if isinstance(value, dict)
    }
    assert changed.keys() == rest.keys() | inherited.keys()
    assert now == was
    assert without_settings(after) == after


@brief
@given(
    st.one_of(files_without_ours, odd_files()),
    st.permutations(("dev-mfa", "one-mfa", "two-mfa")),
    st.permutations(("dev-mfa", "one-mfa", "two-mfa")),
    st.booleans(),
    st.booleans(),
)
def test_removing_the_added_sections_restores_the_bytes(
    data: bytes, added: list[str], taken: list[str], together: bool, again: bool
) -> None:
    steps = [added] if together else [[profile] for profile in added]
    after = data
    try:
        for profiles in steps + steps * again:
            after = owned(after, *profiles)
    except FileRefusedError:
        return
    if cut(data, is_dev_mfa).section:
        return
    for profile in taken:
        after = removed(after, profile)
    assert after == data


@brief
@given(credentials_files)
@example(
    b"[dev]\naws_session_token: old\n[DEFAULT]\naws_session_token =\n  a = b\n  Region: us-east-1\n"
    b"[dev-mfa]\naws_session_token: old\nmfa_serial = GAHT12345678\n"
)
@example(b"[dev-mfa]\nregion = us-east-1\n\n   \naws_access_key_id = AKIAOLD")
def test_removing_a_section_leaves_the_options_of_the_user_and_all_else(file: Path, data: bytes) -> None:
    before = edited(owned, data)
    if before is None:
        return
    try:
        after = removed(before)
    except FileRefusedError:  # AWS tools could not read what sections would inherit from [DEFAULT]
        assert SESSION.keys() & read_view(before, file)["DEFAULT"].keys()
        return

    was, now = parsed_by_botocore(before, file), parsed_by_botocore(after, file)
    del was["dev-mfa"]
    now.pop("dev-mfa", None)
    assert now == was

    was_there, there = read_by_javascript(before), read_by_javascript(after)
    del was_there["dev-mfa"]
    there.pop("dev-mfa", None)
    assert there == was_there

    old = cut(before, is_dev_mfa)
    head, behind = "".join(old.before), "".join(old.behind)
    assert after.decode().endswith(behind)
    rest = after.decode().removesuffix(behind) if behind else after.decode()
    foreign = {key: value for key, value in options_of(old.section).items() if key not in SESSION}
    if foreign or comments(old.section):
        assert rest.startswith(f"{head}[dev-mfa]")
        left = lines_of(rest.removeprefix(head).encode())
        assert options_of(left) == foreign
        assert comments(left) == comments(old.section)
        # The last line has no line end where the file had none.
        there_before = {line.rstrip("\r\n") for line in old.section}
        assert all(line.rstrip("\r\n") in there_before or line.strip() for line in left)
    else:
        assert rest == without_the_line_end_of_a_section(head, ended=old.section[-1].endswith("\n"))


def options_of(section: list[str]) -> dict[str, str]:
    """Return the options of a section without inherited ones."""
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO("".join(section), newline=None))
    return dict(parser["dev-mfa"])


def without_the_line_end_of_a_section(head: str, *, ended: bool) -> str:
    """Return the text before an added section: one line end less, or two if the section ends without one."""
    lines = lines_of(head.encode())
    if not lines or lines[-1] not in {"\n", "\r\n"}:
        return head
    shorter = "".join(lines[:-1])
    return shorter if ended else shorter.removesuffix("\n").removesuffix("\r")


@brief
@given(config_files)
def test_removing_an_added_config_section_restores_the_bytes(data: bytes) -> None:
    if cut(data, is_dev).section:
        return
    after = edited(with_settings, data)
    if after is None:
        return
    document = Document(after, Path("config"), ConfigHeaders())
    assert document.clear_section("dev", SETTINGS, mark="region")
    assert document.render() == data


@brief
@given(any_files, st.sampled_from((CredentialsHeaders(), ConfigHeaders())))
def test_reads_what_botocore_reads_and_refuses_what_it_cannot(file: Path, data: bytes, headers: Headers) -> None:
    try:
        parsed = parsed_by_botocore(data, file)
    except ConfigParseError:
        with pytest.raises(FileRefusedError) as caught:
            Document(data, file, headers)
        assert re.search(r": line \d+ holds ", caught.value.message)
        return
    view = read_view(data, file)
    flat = raw_config_parse(str(file), parse_subsections=False)
    assert {name: options for name, options in view.items() if name != "DEFAULT"} == flat
    if re.search(rb"\r(?!\n)", data):
        with pytest.raises(FileRefusedError):
            Document(data, file, headers)
        return
    document = Document(data, file, headers)
    assert document.view == view
    assert document.render() == data
    assert parsed.keys() == flat.keys()


@brief
@given(any_files, st.sampled_from((owned, with_settings, without_settings)))
def test_an_edit_of_any_file_succeeds_or_is_refused(data: bytes, edit: Callable[[bytes], bytes]) -> None:
    after = edited(edit, data)
    assert after is None or edit(after) == after


@pytest.mark.parametrize(
    ("generated", "edit", "is_header"), [(credentials_files, owned, is_dev_mfa), (config_files, with_settings, is_dev)]
)
def test_most_generated_files_are_edited_and_some_refused(
    generated: st.SearchStrategy[bytes], edit: Callable[[bytes], bytes], is_header: Callable[[str], bool]
) -> None:
    outcomes: list[str] = []

    @sampled
    @given(generated)
    def collect(data: bytes) -> None:
        if edited(edit, data) is None:
            outcomes.append("refused")
        else:
            outcomes.append("edited" if cut(data, is_header).section else "added")

    collect()
    assert outcomes.count("edited") > 75
    assert outcomes.count("added") > 30
    assert outcomes.count("refused") > 15
