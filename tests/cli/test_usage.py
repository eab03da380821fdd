"""What a tired person types, and the line that comes back: what was probably meant, ready to be typed."""

import pytest

from tests.conftest import Encee, Home, Person


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("refesh dev", "no such command 'refesh'", "did you mean: encee refresh"),
        ("dev", "no such command 'dev'", "encee refresh dev"),
        ("dev-mfa -d 1h", "no such command 'dev-mfa'", "encee refresh dev-mfa"),
        ("--profile dev refresh", "no such option: --profile", "encee refresh dev"),
        ("login", "no such command 'login'", "encee --help"),
        ("help", "no such command 'help'", "encee --help"),
        ("help refresh", "no such command 'help'", "encee refresh --help"),
        ("version", "no such command 'version'", "encee --version"),
        ("--json keys list", "no such option: --json", "options go behind the command: encee keys list --json"),
        ("--json env 123456", "no such option: --json", "options go behind the command: encee env … --json"),
        ("prod", "no such command 'prod'", "encee --help"),
        ("123456", "no such command '…'", "encee refresh PROFILE --code CODE"),
        ("env dev 123456", "got unexpected extra argument(s) (…)", "encee env --help"),
        ("refresh --dev", "no such option: --dev", "a profile needs no option: encee refresh dev"),
        ("refresh --profile dev", "no such option: --profile", "a profile needs no option: encee refresh dev"),
        ("status --profile=dev", "no such option: --profile", "a profile needs no option: encee status dev"),
        ("refresh dev --cod 123456", "no such option: --cod", "did you mean: --code or --to"),
        ("refresh dev --duratoin 1h", "no such option: --duratoin", "did you mean: --duration"),
        ("refresh dev --quick", "no such option: --quick", "encee refresh --help"),
        ("refresh dev -c", "option '-c' requires an argument", "encee refresh --help"),
        ("init", "missing argument 'SHELL': choose from bash, zsh, fish, powershell", "encee init --help"),
        (
            "init tcsh",
            "invalid value for 'SHELL': 'tcsh' is not one of 'bash', 'zsh', 'fish', 'powershell'",
            "encee init --help",
        ),
        ("status --expiring", "option '--expiring' requires an argument", "encee status --help"),
    ],
)
def test_wrong_usage_says_what_was_probably_meant(encee: Encee, line: str, error: str, hint: str) -> None:
    result = encee(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err == f"encee: error: {error}\nencee: hint: {hint}\n"


def test_wrong_usage_is_explained_where_the_files_cannot_be_read(encee: Encee, home: Home) -> None:
    home.write("nothing\n")
    assert encee("dev").err == "encee: error: no such command 'dev'\nencee: hint: encee --help\n"


def test_a_profile_in_a_hint_can_be_pasted_into_a_shell(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section("my dev"))
    assert encee("my dev").err.endswith("encee: hint: encee refresh 'my dev'\n")
