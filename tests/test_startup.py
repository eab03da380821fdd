"""The libraries that each command loads, since they decide how long it takes to start."""

import subprocess
import sys

import pytest

from tests.conftest import Home

pytestmark = pytest.mark.slow

HEAVY = {"boto3", "botocore", "configupdater", "filelock", "keyring", "pydantic", "requests", "rich", "segno"}


def loaded_modules(*arguments: str) -> set[str]:
    """Return the large modules that a command has loaded."""
    script = "import sys; from encee.cli.app import main; main(sys.argv[1:]); print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return HEAVY & {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--json"),
        ("--help",),
        ("refresh", "--help"),
        ("--version",),
        ("nonsense",),
        ("clear", "--all"),
        ("policy", "list"),
        ("policy", "show", "mfa-required"),
        ("doctor",),
        ("doctor", "dev", "--offline"),
        ("keys",),
        ("keys", "lock", "--help"),
        ("device", "--help"),
    ],
)
def test_a_command_that_only_reads_loads_no_large_library(home: Home, arguments: tuple[str, ...]) -> None:
    home.write(
        "[dev]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n"
        "[locked]\nencee_access_key_id = AKIAX\nencee_secret = keyring\nencee_totp = keyring\n"
    )
    assert loaded_modules(*arguments) == set()


def test_a_refresh_without_a_request_does_not_load_boto3(home: Home) -> None:
    home.write("[dev]\naws_access_key_id = AKIAX\naws_secret_access_key = s\nmfa_serial = GAHT12345678\n")
    assert loaded_modules("refresh", "dev") <= {"configupdater", "filelock"}


def test_clear_loads_only_the_libraries_of_the_edit_and_the_lock(home: Home) -> None:
    home.write(
        "[dev-mfa]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n"
        "expiration = 2026-11-22T17:00:00Z\nmanager = encee\nencee_source = dev\n"
    )
    assert loaded_modules("clear", "dev") == {"configupdater", "filelock"}
    assert home.credentials.read_bytes() == b""


def test_import_loads_only_the_libraries_of_the_write_and_the_lock(home: Home) -> None:
    file = home.path / "keys.csv"
    file.write_text(f"Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,{'s' * 40}\n")
    home.write("[other]\n")
    assert loaded_modules("import", "csv", str(file), "--profile", "dev") <= {"configupdater", "filelock"}
    assert b"[dev]" in home.credentials.read_bytes()


@pytest.mark.parametrize(
    "arguments", [("env", "theirs"), ("process", "theirs"), ("exec", "theirs", "no-such-command"), ("env", "--unset")]
)
def test_using_a_valid_session_loads_no_large_library(home: Home, arguments: tuple[str, ...]) -> None:
    home.write("[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n")
    assert loaded_modules(*arguments) == set()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("line", [None, "encee "])
def test_the_list_of_commands_imports_no_command(line: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if line is not None:
        monkeypatch.setenv("_ENCEE_COMPLETE", line)
    script = "import sys; from encee.cli.app import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "refresh" in done.stdout
    assert "encee.cli.commands." not in done.stdout


def test_importing_the_package_imports_nothing() -> None:
    script = "import sys; before = set(sys.modules); import encee; print(set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'encee'}"
