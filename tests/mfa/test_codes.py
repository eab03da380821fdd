"""One rule for MFA codes from all sources."""

from collections.abc import Callable

import pexpect
import pytest

from encee.mfa.code_sources import parse_code
from tests.conftest import Encee, Person, on_terminal
from tests.fake_aws import FakeAws

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")  # noqa: RUF001 - what an input method types
KEYPAD = {digit: f"\x1bO{key}" for digit, key in zip("0123456789", "pqrstuvwxy", strict=True)}

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda code: code,
    "blanks around": lambda code: f"  {code}\t",
    "a blank": lambda code: f"{code[:3]} {code[3:]}",
    "a hyphen": lambda code: f"{code[:3]}-{code[3:]}",
    "an en dash": lambda code: f"{code[:3]}\u2013{code[3:]}",
    "a non-breaking blank": lambda code: f"{code[:3]}\u00a0{code[3:]}",
    "a narrow non-breaking blank": lambda code: f"{code[:3]}\u202f{code[3:]}",
    "a zero-width blank": lambda code: f"\ufeff{code[:3]}\u200b{code[3:]}",
    "full-width digits": lambda code: code.translate(FULL_WIDTH),
    "Arabic digits": lambda code: f"\u200f{code.translate(ARABIC)}",
    "a bracketed paste": lambda code: f"\x1b[200~{code}\x1b[201~",
    "a keypad": lambda code: "".join(KEYPAD[digit] for digit in code),
    "colours": lambda code: f"\x1b[1;32m{code}\x1b[0m\n",
}
NO_CODES = {
    "five digits": "12345",
    "seven digits": "1234567",
    "letters": "12345a",
    "nothing": "",
    "only a paste": "\x1b[200~\x1b[201~",
    "superscripts": "¹²³⁴⁵⁶",
    "an erased digit": "1234567\x08",
    "two codes": "123456 654321",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_reads_only_the_digits_of_a_code(form: Callable[[str], str]) -> None:
    assert parse_code(form("907532")) == "907532"


@pytest.mark.parametrize("text", NO_CODES.values(), ids=NO_CODES)
def test_refuses_anything_but_six_digits(text: str) -> None:
    assert parse_code(text) is None


@pytest.mark.parametrize("way", ["option", "environment", "standard input", "command"])
@pytest.mark.parametrize("form", ["full-width digits", "a bracketed paste", "a hyphen"])
def test_each_way_to_give_a_code_accepts_the_same_texts(
    encee: Encee, dev: Person, monkeypatch: pytest.MonkeyPatch, way: str, form: str
) -> None:
    code = FORMS[form](dev.device.next_code())
    if way == "environment":
        monkeypatch.setenv("ENCEE_CODE", code)
    options = {
        "option": ["--code", code],
        "environment": [],
        "standard input": ["--code", "-"],
        "command": ["--code-command", f"printf '%s\\n' '{code}'"],
    }
    result = encee("refresh", "dev", *options[way], stdin=f"{code}\n")
    assert result.code == 0, result.err


@pytest.mark.parametrize("form", ["a bracketed paste", "a keypad", "Arabic digits", "a non-breaking blank"])
def test_the_prompt_accepts_the_same_texts(dev: Person, form: str) -> None:
    child = on_terminal("refresh", "dev")
    child.expect_exact("MFA code for dev")
    child.sendline(FORMS[form](dev.device.next_code()))
    child.expect(pexpect.EOF)
    assert child.wait() == 0


@pytest.mark.parametrize("command", [["-c", "\x1b[2A12345"], ["\x1b[2A12345"], ["-c", "123456", "\x1b[2A654321"]])
@pytest.mark.usefixtures("dev")
def test_a_wrong_code_cannot_move_the_cursor(encee: Encee, aws: FakeAws, command: list[str]) -> None:
    result = encee("refresh", "dev", *command)
    assert (result.code, result.out, "\x1b" in result.err) == (2, "", False)
    assert aws.journal == []
