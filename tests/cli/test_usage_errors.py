"""Mistakes on the command line, and hints with the command that the user probably meant."""

import os
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ENCEE, Encee, Home, Person, run_encee

LINES = [
    # a command's name
    ("refesh dev", "no such command 'refesh'", "encee refresh dev"),
    ("refesh dev 123456", "no such command 'refesh'", "encee refresh dev --code 123456"),
    ("statsu --json", "no such command 'statsu'", "encee status --json"),
    ("prod", "no such command 'prod'", "encee --help"),
    ("deploy --now", "no such command 'deploy'", "encee --help"),
    ("help", "no such command 'help'", "encee --help"),
    ("help refresh", "no such command 'help'", "encee refresh --help"),
    ("help device enroll", "no such command 'help'", "encee device enroll --help"),
    ("version", "no such command 'version'", "encee --version"),
    # what other tools call an option
    ("refresh dev --token-code 123456", "no such option: --token-code", "encee refresh dev --code 123456"),
    ("refresh dev --otp=123456", "no such option: --otp", "encee refresh dev --code=123456"),
    ("doctor --online", "no such option: --online", "encee doctor --help"),
    # what other tools call it
    ("login", "no such command 'login'", "encee refresh"),
    ("login dev", "no such command 'login'", "encee refresh dev"),
    ("login --profile dev", "no such command 'login'", "encee refresh dev"),
    ("login -p dev -d 1h", "no such command 'login'", "encee refresh dev -d 1h"),
    ("logout dev", "no such command 'logout'", "encee clear dev"),
    ("list", "no such command 'list'", "encee status"),
    ("ls", "no such command 'ls'", "encee status"),
    ("whoami", "no such command 'whoami'", "encee exec dev -- aws sts get-caller-identity"),
    ("whoami dev", "no such command 'whoami'", "encee exec dev -- aws sts get-caller-identity"),
    ("configure", "no such command 'configure'", "encee setup"),
    ("rotate dev", "no such command 'rotate'", "encee keys rotate dev"),
    ("rotate", "no such command 'rotate'", "encee keys rotate dev"),
    ("watch", "no such command 'watch'", "encee status --watch"),
    ("enroll dev", "no such command 'enroll'", "encee device enroll dev"),
    ("resync dev", "no such command 'resync'", "encee device resync dev"),
    ("lint x.json", "no such command 'lint'", "encee policy lint x.json"),
    # a profile, a code
    ("dev", "no such command 'dev'", "encee refresh dev"),
    ("dev-mfa -d 1h", "no such command 'dev-mfa'", "encee refresh dev-mfa -d 1h"),
    ("dev 123456", "no such command 'dev'", "encee refresh dev --code 123456"),
    ("dev refresh", "no such command 'dev'", "encee refresh dev"),
    ("dev ls -l", "no such command 'dev'", "encee exec dev -- ls -l"),
    ("dev -- env", "no such command 'dev'", "encee exec dev -- env"),
    ("dev -- ls -l", "no such command 'dev'", "encee exec dev -- ls -l"),
    ("123456", "no such command '…'", "encee refresh dev --code 123456"),
    ("123456 dev", "no such command '…'", "encee refresh dev --code 123456"),
    ("123-456 dev", "no such command '123-456'", "encee refresh dev --code 123-456"),
    ("refresh 123456", "an MFA code is not a profile", "encee refresh dev --code 123456"),
    ("refresh dev 123456", "an MFA code is not a profile", "encee refresh dev --code 123456"),
    ("refresh dev 123456 -d 1h", "an MFA code is not a profile", "encee refresh dev -d 1h --code 123456"),
    ("env dev 123456", "unexpected argument: …", "encee env dev --refresh --code 123456"),
    ("shell dev 123456", "unexpected argument: …", "encee shell dev --code 123456"),
    ("exec 123456 -- ls", "an MFA code is not a profile", "encee exec dev --code 123456 -- ls"),
    ("status 123456", "an MFA code is not a profile", "encee refresh PROFILE --code CODE"),
    # a missing option
    ("account audit", "missing option '--profile'", "encee account audit --profile ADMIN"),
    ("account audit -d 1h", "missing option '--profile'", "encee account audit -d 1h --profile ADMIN"),
    ("acount audit", "no such command 'acount'", "encee account audit --profile ADMIN"),
    # options
    ("--profile dev refresh", "no such option: --profile", "encee refresh dev"),
    ("--profile dev", "no such option: --profile", "encee refresh dev"),
    ("--json keys list dev", "no such option: --json", "encee keys list dev --json"),
    ("--json env 123456", "no such option: --json", "encee --help"),
    ("--duration 1h refresh dev", "no such option: --duration", "encee refresh dev --duration 1h"),
    ("refresh --dev", "no such option: --dev", "encee refresh dev"),
    ("refresh --profile dev", "no such option: --profile", "encee refresh dev"),
    ("refresh -p dev", "no such option: -p", "encee refresh dev"),
    ("status --profile=dev", "no such option: --profile", "encee status dev"),
    ("refresh dev --cod 123456", "no such option: --cod", "encee refresh dev --code 123456"),
    ("refresh dev --duratoin 1h", "no such option: --duratoin", "encee refresh dev --duration 1h"),
    ("refresh dev --duratoin=1h", "no such option: --duratoin", "encee refresh dev --duration=1h"),
    ("refresh dev --quick", "no such option: --quick", "encee refresh --help"),
    ("refresh dev -c", "option '-c' requires an argument", "encee refresh --help"),
    ("status --expiring", "option '--expiring' requires an argument", "encee status --help"),
    # one dash instead of two
    ("refresh dev -code 123456", "no such option: -code", "encee refresh dev --code 123456"),
    ("refresh -code=123456 dev", "no such option: -code", "encee refresh dev --code=123456"),
    ("refresh dev -token-code 123456", "no such option: -token-code", "encee refresh dev --code 123456"),
    ("refresh dev -duration 1h", "no such option: -duration", "encee refresh dev --duration 1h"),
    ("refresh dev -dry-run", "no such option: -dry-run", "encee refresh dev --dry-run"),
    ("refresh dev -force", "no such option: -force", "encee refresh dev --force"),
    ("refresh -profile dev", "no such option: -profile", "encee refresh dev"),
    ("status -json", "no such option: -json", "encee status --json"),
    ("-help", "no such option: -help", "encee --help"),
    ("keys -help", "no such option: -help", "encee keys --help"),
    ("device list -code-command x", "no such option: -code-command", "encee device list dev --code-command x"),
    ("account audit -profile dev", "no such option: -profile", "encee account audit --profile dev"),
    ("exec dev -code 123456 ls", "no such option: -code", "encee exec dev --code 123456 -- ls"),
    ("exec -d 1h dev -code 123456 ls", "no such option: -code", "encee exec dev -d 1h --code 123456 -- ls"),
    ("-version", "no such option: -version", "encee --version"),
    ("refresh -help", "no such option: -help", "encee refresh --help"),
    ("-code 123456 dev", "no such option: -code", "encee refresh dev --code 123456"),
    ("dev -code 123456", "no such command 'dev'", "encee refresh dev --code 123456"),
    # groups
    ("device enrol dev", "no such command 'enrol'", "encee device enroll dev"),
    ("device dev", "no such command 'dev'", "encee device list dev"),
    ("keys rotat dev", "no such command 'rotat'", "encee keys rotate dev"),
    ("keys frobnicate", "no such command 'frobnicate'", "encee keys --help"),
    # exec
    ("exec ls -l /", "no such option: -l", "encee exec dev -- ls -l /"),
    ("exec -p dev ls -l", "no such option: -p", "encee exec dev -- ls -l"),
    ("exec -c", "option '-c' requires an argument", "encee exec --help"),
    ("exec dev", "missing argument 'COMMAND...'", "name a command: encee exec dev -- COMMAND"),
    ("exec --no-refesh dev ls", "no such option: --no-refesh", "encee exec dev --no-refresh -- ls"),
    ("exec ls /", "there is no profile ls in", "encee exec dev -- ls /"),
    # arguments
    ("env dev x y", "unexpected argument: x y", "encee env --help"),
    ("init", "missing argument 'SHELL': choose from bash, zsh, fish, powershell", "encee init --help"),
    (
        "init tcsh",
        "invalid value for 'SHELL': 'tcsh' is not one of 'bash', 'zsh', 'fish', 'powershell'",
        "encee init --help",
    ),
    ("keys rotate", "missing argument 'PROFILE'", "encee keys rotate dev"),
    ("shell", "missing argument 'PROFILE'", "encee shell dev"),
]

MISSPELT = [
    ("refresh dve --code 123456", "encee refresh dev --code 123456"),
    ("refresh --to dve dve", "encee refresh dev --to dve"),
    ("refresh dve,dev", "encee refresh dve dev"),
    ("refresh DEV --dry-run", "encee refresh dev --dry-run"),
    ("status dve --expiring 1h", "encee status dev --expiring 1h"),
    ("status dve --check", "encee status dev --check"),
    ("env dve --shell bash", "encee env dev --shell bash"),
    ("exec dve --no-refresh -- ls dve", "encee exec dev --no-refresh -- ls dve"),
    ("shell dve -d 1h", "encee shell dev -d 1h"),
    ("process dve", "encee process dev"),
    ("clear dve", "encee clear dev"),
    ("device list dve", "encee device list dev"),
    ("device enroll dve --name phone", "encee device enroll dev --name phone"),
    ("keys rotate dve", "encee keys rotate dev"),
    ("keys lock dve", "encee keys lock dev"),
    ("doctor dve", "encee doctor dev"),
    ("account audit --profile dve", "encee account audit --profile dev"),
    ("account setup --profile=dve --yes", "encee account setup --profile=dev --yes"),
]


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize(("line", "error", "hint"), LINES, ids=[line for line, _, _ in LINES])
def test_suggests_what_was_probably_meant(encee: Encee, line: str, error: str, hint: str) -> None:
    result = encee(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"encee: error: {error}")
    assert result.err.endswith(f"\nencee: hint: {hint}\n")


@pytest.mark.slow
@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize(
    "hint",
    sorted({hint for _, _, hint in LINES if hint.startswith("encee ") and "P" not in hint and "ADMIN" not in hint}),
)
def test_a_hint_that_is_a_command_works_when_pasted(encee: Encee, hint: str) -> None:
    _, *words = shlex.split(hint)
    result = run_encee(*words) if "exec" in words else encee(*words)
    assert not result.err.rstrip().endswith("--help"), result.err


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("whoami", "name the profile: encee exec PROFILE -- aws sts get-caller-identity"),
        ("refresh 123456", "name the profile: encee refresh PROFILE --code 123456"),
        ("exec ls -l", "name the profile: encee exec PROFILE -- ls -l"),
    ],
)
def test_does_not_guess_one_of_several_profiles(encee: Encee, home: Home, person: Person, line: str, hint: str) -> None:
    home.write(person.section() + person.section("prod"))
    assert encee(*line.split()).err.endswith(f"\nencee: hint: {hint}\n")


def test_assumes_the_profile_of_the_environment(
    encee: Encee, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(person.section() + person.section("prod"))
    monkeypatch.setenv("AWS_PROFILE", "prod-mfa")
    assert encee("exec", "ls").err.endswith("encee: hint: encee exec prod -- ls\n")


@pytest.mark.usefixtures("dev")
def test_does_not_hint_at_a_missing_program(encee: Encee) -> None:
    result = encee("exec", "no-such-program", "s3")
    assert (result.code, "no-such-program" in result.err.splitlines()[-1]) == (2, False)


@pytest.mark.usefixtures("dev")
def test_a_hint_is_never_the_same_command_in_another_order(encee: Encee) -> None:
    result = encee("status", "--check", "absent")
    assert result.err.endswith("encee: hint: see the profiles with: encee status\n")


def test_explains_wrong_usage_with_unreadable_files(encee: Encee, home: Home) -> None:
    home.write("nothing\n")
    assert encee("dev").err == "encee: error: no such command 'dev'\nencee: hint: encee --help\n"


def test_a_profile_in_a_hint_can_be_pasted_into_a_shell(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section("my dev"))
    assert encee("my dev").err.endswith("encee: hint: encee refresh 'my dev'\n")


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("/bin/bash", 'eval "$(encee env --unset)"'),
        ("/usr/bin/fish", "encee env --unset | source"),
        ("/bin/tcsh", 'eval "`encee env --unset`"'),
    ],
)
@pytest.mark.usefixtures("dev")
def test_unset_is_a_line_for_the_shell(shell: str, line: str) -> None:
    command = [sys.executable, "-c", f"import subprocess; subprocess.run(['{ENCEE}', 'unset'])"]
    done = subprocess.run(command, env={**os.environ, "SHELL": shell}, capture_output=True, text=True, check=False)
    assert done.stderr.endswith(f"encee: hint: {line}\n")


@pytest.mark.usefixtures("dev")
def test_keeps_the_options_of_a_refresh_in_the_hint_of_env(encee: Encee) -> None:
    result = encee("env", "dev", "-c", "123456", "-d", "1h", "--shell", "bash")
    assert result.err.endswith("hint: encee env dev --refresh --code 123456 --duration 1h\n")


@pytest.mark.usefixtures("dev")
@pytest.mark.parametrize(("line", "hint"), MISSPELT, ids=[line for line, _ in MISSPELT])
def test_corrects_a_misspelt_profile_in_the_typed_line(encee: Encee, line: str, hint: str) -> None:
    result = encee(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[-1] == f"encee: hint: {hint}"
