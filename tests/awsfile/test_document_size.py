"""The edit of large sections and long lines, whose time has to be linear.

No test measures time: an edit that is not linear takes hours at this size, and the timeout ends the test.
"""

import pytest

from tests.awsfile.editing import KEYS, OURS, own, refusal, remove

MANY = 100_000
BLANKS = " " * MANY


def repeated(*lines: str) -> str:
    return "".join(line.format(n) for n in range(MANY // len(lines)) for line in lines)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "body",
    [
        repeated("k{} = v\n"),
        repeated("k{} = v\n", "# c\n", "\n"),
        "note = x\n" + repeated("  more\n"),
        "note = x\n" + repeated("  more\n", "# c\n"),
        "note = x\n" + repeated("  more\n", "\n"),
        "s3 =\n" + repeated("  k{} = v\n"),
        repeated("# c\n") + "note = x\n",
        repeated("\n") + "note = x\n",
    ],
    ids=["options", "comments", "value", "comments-in-a-value", "blank-lines-in-a-value", "nested", "comment", "blank"],
)
def test_edits_a_section_of_100_000_lines(body: str) -> None:
    section = f"[dev-mfa]\n{body}last = x\n"
    edited = own(f"{KEYS}{section}[z]\n")
    assert edited == f"{KEYS}{section}{OURS}[z]\n"
    assert remove(edited) == f"{KEYS}{section}[z]\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_edits_a_section_of_100_000_indented_options() -> None:
    options = repeated("  k{} = v\n")
    assert own(f"[dev-mfa]\n{options}") == f"[dev-mfa]\n{options.replace('  k', 'k')}{OURS}"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    [
        f"note = x\n{BLANKS}x",
        f"note = x\n  x{BLANKS}x",
        f"note{BLANKS}x = x",
        f"note{BLANKS}= x",
        f"note ={BLANKS}x{BLANKS}x",
        f"note = x\n{BLANKS}# x",
        "note = " + "=" * MANY,
        "note = " + "[" * MANY,
        f"note = x\n[{BLANKS}z]",
        f"note = x\n[z]{BLANKS}# x",
        "\t" * MANY + "note = x",
    ],
)
def test_edits_beside_a_line_of_100_000_characters(line: str) -> None:
    edited = own(f"[dev-mfa]\n{line}\n")
    assert edited.count(OURS) == 1
    assert own(edited) == edited


@pytest.mark.timeout(60)
@pytest.mark.parametrize("line", [f"  [{BLANKS}dev-mfa", f"  [ dev-mfa{BLANKS}x", f"  x\n{BLANKS}[x", f"[z{BLANKS}] x"])
def test_refuses_a_line_of_100_000_characters_that_may_be_a_header(line: str) -> None:
    assert "holds a '['" in refusal(own, f"[dev-mfa]\nnote = x\n{line}\n")


@pytest.mark.timeout(60)
def test_refuses_a_line_without_a_value_of_100_000_characters() -> None:
    assert "line 2 holds neither a key" in refusal(own, f"[dev-mfa]\nx{BLANKS}x\n")
