"""The rules of the edit for sections of the user, most of them in the config file."""

from collections.abc import Callable

import pytest

from tests.awsfile.editing import KEYS, exchange, refusal, set_region, unset_region

# The config file


@pytest.mark.parametrize("header", ["[profile dev]", '[profile "dev"]', "[profile 'dev']"])
def test_finds_a_profile_with_any_quoting_of_its_header(header: str) -> None:
    before = f"{header}\noutput = json\n[z]\n"
    assert set_region(before) == f"{header}\noutput = json\nregion = eu-west-1\n[z]\n"


@pytest.mark.parametrize("before", ["", "[dev]\nx = 1\n", "[profile dev2]\nx = 1\n", "[services dev]\nx = 1\n"])
def test_adds_a_missing_profile(before: str) -> None:
    gap = "\n" if before else ""
    assert set_region(before) == f"{before}{gap}[profile dev]\nregion = eu-west-1\n"


def test_adds_the_default_profile_without_the_word_profile() -> None:
    assert set_region("", "default") == "[default]\nregion = eu-west-1\n"


@pytest.mark.parametrize("headers", [("[default]", "[profile default]"), ("[profile default]", "[default]")])
def test_edits_the_last_of_two_default_sections(headers: tuple[str, str]) -> None:
    before = f"{headers[0]}\nregion = a\n{headers[1]}\nregion = b\n"
    assert set_region(before, "default") == before.replace("region = b", "region = eu-west-1")


@pytest.mark.parametrize(
    ("profile", "header"),
    [
        ("dev", "[profile  dev]"),
        ("dev", "[profile\tdev]"),
        ("dev", "[profile\xa0dev]"),
        ("dev", "[profile dev ]"),
        ("dev", "[profile dev\t]"),
        ("dev", "[ profile dev]"),
        ("dev", '[profile "dev" ]'),
        ("dev", "[profile  'dev']"),
        ("dev", "  \ufeff[profile dev]"),
        ("dev", " [profile dev]"),
        ("dev", "[profile dev] # mine"),
        ("dev", '[profile d"ev"]'),
        ("dev", "[profile \\dev]"),
        ("dev", "[profiles dev]"),
        ("dev", " [profiles dev]"),
        ("default", "[ default ]"),
        ("default", "[profile  default]"),
        ("default", "[default] # mine"),
        ("default", " [default]"),
    ],
)
def test_refuses_a_header_that_only_some_tools_read_as_the_profile(profile: str, header: str) -> None:
    def edit(text: str) -> str:
        return set_region(text, profile)

    canonical = "[default]" if profile == "default" else f"[profile {profile}]"
    above = "[z]\nx = 1\n" if header.startswith("  ") else "# mine\n\n"
    assert f"line 3 spells {canonical}" in refusal(edit, f"{above}{header}\nregion = a\n")


def test_refuses_two_sections_of_one_profile() -> None:
    message = refusal(set_region, '[profile dev]\nregion = a\n[profile "dev"]\nregion = b\n')
    assert "lines 1 and 3 hold two sections of one profile" in message


def test_keeps_nested_blocks_in_a_section_of_the_user() -> None:
    before = "[profile dev]\n  # mine\ns3 =\n    max_queue_size = 1\n    # mine\n    use_x: y=1\nOutput: json\n\n[z]\n"
    assert set_region(before) == before.replace("\n\n[z]", "\nregion = eu-west-1\n\n[z]")


@pytest.mark.parametrize("spelled", ["region = us-east-1", "Region: us-east-1", "REGION=us-east-1  "])
def test_setting_an_existing_key_keeps_its_place(spelled: str) -> None:
    before = f"[profile dev]\noutput = json\n{spelled}\ncli_pager =\n[z]\n"
    assert set_region(before) == before.replace(spelled, "region = eu-west-1")


def test_moves_an_indented_key_to_the_end_and_to_column_0() -> None:
    before = "[profile dev]\n  output = json\n  Region: us-east-1\n  # mine\n  cli_pager =\n\n# about z\n[z]\n"
    after = "[profile dev]\n  output = json\n# mine\n  cli_pager =\nregion = eu-west-1\n\n# about z\n[z]\n"
    assert set_region(before) == after
    assert set_region(after) == after


def test_moves_an_indented_comment_after_the_set_key_to_column_0() -> None:
    before = "[profile dev]\noutput = x\n  # its\nregion = a\n  # mine\n\n\t; mine\ncli_pager =\n  # its\n"
    after = "[profile dev]\noutput = x\n  # its\nregion = eu-west-1\n# mine\n\n; mine\ncli_pager =\n  # its\n"
    assert set_region(before) == after


@pytest.mark.parametrize("others", ["\r\n", "\n"])
def test_setting_the_same_value_changes_no_line_end(others: str) -> None:
    mine = "\r\n" if others == "\n" else "\n"
    before = f"[profile dev]{others}region = eu-west-1{mine}output = json{others}[z]{others}"
    assert set_region(before) == before
    assert set_region(before.replace("eu-west-1", "us-east-1")) == before


def test_adds_a_missing_key_after_indented_keys_at_column_0() -> None:
    before = "[profile dev]\n  output = json\n\n# about z\n[z]\n"
    assert set_region(before) == before.replace("json\n", "json\nregion = eu-west-1\n")


@pytest.mark.parametrize("edit", [set_region, unset_region])
@pytest.mark.parametrize("below", ["  only-here", "  # mine\n  only-here", "\n\toutput = only-here"])
def test_refuses_to_delete_a_line_below_the_option_that_is_set(edit: Callable[[str], str], below: str) -> None:
    line = 4 + below.count("\n")
    message = refusal(edit, f"[profile dev]\nx = 1\nRegion = a\n{below}\noutput = json\n")
    assert f"line {line} is indented under region" in message


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("body", ["", "\noutput = json", "\nregion = us-east-1", "\n[z]"])
def test_editing_adds_no_last_line_end_to_the_config_file(body: str, line_end: str) -> None:
    before = f"[profile a]\n[profile dev]{body}".replace("\n", line_end)
    after = set_region(before)
    region = f"{line_end}region = eu-west-1"
    if body == "\n[z]":
        assert after == before.replace(f"{line_end}[z]", f"{region}{line_end}[z]")
    else:
        assert after == before.replace(f"{line_end}region = us-east-1", "") + region


def test_refuses_to_set_an_option_that_an_indented_line_may_set() -> None:
    assert "line 3 sets region for some AWS tools" in refusal(set_region, "[profile dev]\noutput = x\n region = y\n")


def test_keeps_the_default_section_of_configparser_in_the_config_file() -> None:
    before = "[DEFAULT]\nregion = us-east-1\n[profile dev]\noutput = json\n"
    assert set_region(before) == f"{before}region = eu-west-1\n"


# Removing an option from a section of the user


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("spelled", ["region = a", "  Region: a", "REGION:a"])
def test_unsetting_an_option_moves_nothing_else(spelled: str, line_end: str) -> None:
    around = "# top\n[profile dev]\n{}output = json\n\n# about z\n[z]\nregion = b\n".replace("\n", line_end)
    assert unset_region(around.format(spelled.replace("\n", line_end) + line_end)) == around.format("")


def test_unsetting_the_last_option_keeps_the_header() -> None:
    assert unset_region("[profile dev]\nregion = a\n[z]\n") == "[profile dev]\n[z]\n"


def test_unsetting_an_option_keeps_the_comments_around_it() -> None:
    before = "[profile dev]\n# one\nregion = a\n  # two\n# three\noutput = json\n"
    assert unset_region(before) == "[profile dev]\n# one\n# two\n# three\noutput = json\n"


@pytest.mark.parametrize("text", ["", KEYS, "[profile dev]\noutput = json", "[profile devel]\nregion = a\n"])
def test_unsetting_a_missing_option_changes_nothing(text: str) -> None:
    assert unset_region(text) == text


def test_removing_the_last_option_adds_no_last_line_end() -> None:
    assert unset_region("[profile dev]\noutput = json\nregion = a") == "[profile dev]\noutput = json"


def test_does_not_unset_an_option_of_the_default_section_of_configparser() -> None:
    before = "[DEFAULT]\nregion = b\n[profile dev]\n"
    assert unset_region(before) == before
    assert unset_region(f"{before}region = a\n") == before


def test_refuses_to_unset_in_a_section_that_tools_read_differently() -> None:
    assert "spells [profile dev]" in refusal(unset_region, "[profile dev] # mine\nregion = a\n")


# Replacing options


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n[z]\nx = 1\n"])
def test_replacing_an_option_changes_only_the_value_on_its_line(last: str, line_end: str) -> None:
    before = (
        "# top\n[dev] \n\n  # due in March\n\tAWS_Access_Key_Id\t:  OLD \n; c\nregion=a\n"
        f"aws_secret_access_key     =s=:/+  {last}"
    ).replace("\n", line_end)
    after = before.replace("OLD", "NEW").replace("aws_secret_access_key     =s=:/+", "encee_secret     =keyring")
    assert exchange(before) == after


def test_replacing_an_option_keeps_the_comment_after_it() -> None:
    before = "[dev]\naws_access_key_id = OLD\n  # mine\nregion = a\n"
    assert exchange(before) == "[dev]\naws_access_key_id = NEW\n  # mine\nregion = a\n"


def test_refuses_to_delete_a_line_below_the_option_that_is_replaced() -> None:
    message = refusal(exchange, "[dev]\naws_access_key_id = OLD\n  # mine\n  more\nregion = a\n")
    assert "line 4 is indented under aws_access_key_id" in message


def test_replacing_an_option_in_upper_case_keeps_the_case() -> None:
    before = "[dev]\nAws_Access_Key_Id = OLD\nAWS_SECRET_ACCESS_KEY = s\n"
    assert exchange(before) == "[dev]\nAws_Access_Key_Id = NEW\nENCEE_SECRET = keyring\n"


def test_refuses_to_replace_a_name_in_mixed_case() -> None:
    assert "Aws_Secret_Access_Key is written in mixed case" in refusal(exchange, "[dev]\nAws_Secret_Access_Key = s\n")


def test_replacing_skips_missing_options_and_refuses_a_missing_section() -> None:
    assert exchange("[dev]\nregion = a\n") == "[dev]\nregion = a\n"
    assert "[dev] no longer exists" in refusal(exchange, "[z]\n")


@pytest.mark.parametrize("name", ["aws_access_key_id", "encee_secret"])
def test_refuses_to_replace_near_an_indented_line_that_some_tools_read(name: str) -> None:
    assert f"line 4 sets {name}" in refusal(exchange, f"[dev]\naws_access_key_id = OLD\nx = 1\n  {name} = y\n")


def test_refuses_to_replace_by_an_option_that_exists_or_is_inherited() -> None:
    assert "would change how" in refusal(exchange, "[dev]\nencee_secret = a\naws_secret_access_key = b\n")
    assert "would change how" in refusal(
        exchange, "[DEFAULT]\naws_secret_access_key = a\n[dev]\naws_secret_access_key=b\n"
    )
