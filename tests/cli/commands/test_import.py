"""`encee import`: what it imports from plain files and refuses, and that it runs nothing in them."""

import errno
import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from encee.awsfile import atomic_write
from tests.conftest import Encee, Home, Person, Result, run_aws, shown
from tests.fake_aws import FakeAws

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OTHER = "[other]\naws_access_key_id = AKIAI44QH8DHBEXAMPLE\naws_secret_access_key = other # a comment\n"
ARN = "arn:aws:iam::123456789012:mfa/phone"
NEW = "\ufeffAccess key ID,Secret access key\r\n{id},{secret}\r\n"
OLD = (
    "User name,Password,Access key ID,Secret access key,Console login link\n"
    "jane,hunter2hunter2,{id},{secret},https://123456789012.signin.aws.amazon.com/console\n"
)
EXPORTS = (
    "export AWS_ACCESS_KEY_ID={id}\nexport AWS_SECRET_ACCESS_KEY={secret}\n"
    "export AWS_DEFAULT_REGION=ap-southeast-2\nexport AWS_ARN_MFA=" + ARN + "\n"
)


def csv_file(home: Home, content: str | bytes = NEW, key_id: str = KEY_ID, secret: str = SECRET) -> str:
    """Write a CSV file of the console, and return its path as a user types it."""
    file = home.path / "accessKeys.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.format(id=key_id, secret=secret).encode())
    return str(file)


def profile_file(home: Home, name: str, content: str | bytes = EXPORTS) -> Path:
    """Write a file of awsenv."""
    folder = home.path / ".aws" / "profiles"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.format(id=KEY_ID, secret=SECRET).encode())
    return file


def legacy_file(home: Home, content: str | bytes) -> Path:
    """Write the file of the first version of encee."""
    file = home.path / ".encee" / "config"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def import_error(result: Result, file: Path | str, line: int, code: int = 1) -> str:
    """Return the error of an import; it must name a line but none of its text."""
    assert result.code == code
    assert not result.out or set(json.loads(result.out)) == {"encee_format", "error"}
    error, hint = result.err.splitlines()
    assert error.startswith(f"encee: error: {file if file == 'standard input' else shown(file)}: line {line} holds ")
    assert error.endswith("; nothing was written")
    assert hint.startswith("encee: hint: ")
    assert SECRET not in result.out + result.err
    assert KEY_ID not in error
    return error


# ---- the console's CSV


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        NEW,
        NEW.replace("\r\n", "\n"),
        NEW.removesuffix("\r\n"),
        NEW.removeprefix("\ufeff"),
        OLD,
        OLD.replace("hunter2hunter2", ""),
        OLD.replace("\n", "\r\n"),
        'User Name,"Access key ID","Secret Access Key"\njane,"{id}","{secret}"\n\n',
    ],
)
def test_imports_both_layouts_of_the_console(encee: Encee, home: Home, content: str) -> None:
    result = encee("import", "csv", csv_file(home, content), "--profile", "dev")
    assert result.code == 0, result.err
    assert home.credentials.read_text() == f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600
    assert not home.config.exists()


@pytest.mark.slow
def test_the_summary_names_sources_and_superfluous_files(encee: Encee, home: Home) -> None:
    file = csv_file(home)
    result = encee("import", "csv", file, "--profile", "dev")
    assert [line.split() for line in result.out.splitlines()] == [
        ["PROFILE", "OUTCOME", "IMPORTED", "FROM"],
        ["dev", "imported", "keys", shown(file)],
    ]
    assert (
        result.err == f"check that this works, then delete the plain file:\n  encee refresh dev\n  rm {shown(file)}\n"
    )
    assert run_aws("configure", "get", "aws_secret_access_key", "--profile", "dev").out == f"{SECRET}\n"


@pytest.mark.slow
def test_an_imported_profile_can_be_refreshed_and_the_file_deleted(
    encee: Encee, home: Home, person: Person, aws: FakeAws
) -> None:
    key = person.user.access_key
    result = encee("import", "csv", csv_file(home, NEW, key.id, key.secret), "--profile", "dev")
    refresh, remove = [line.strip() for line in result.err.splitlines()[1:]]
    assert encee(*shlex.split(refresh)[1:], "-c", person.device.next_code()).code == 0
    assert aws.calls("GetSessionToken")[0].access_key_id == key.id
    subprocess.run(["sh", "-c", remove], check=True)
    assert not (home.path / "accessKeys.csv").exists()


def test_keeps_all_other_bytes_of_the_credentials_file(encee: Encee, home: Home) -> None:
    before = f"# mine\r\n{OTHER}  ; the end"
    home.write(before)
    assert encee("import", "csv", csv_file(home), "--profile", "dev").code == 0
    section = f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}"
    assert home.credentials.read_bytes().decode() == f"{before}\n\n{section}"


@pytest.mark.slow
def test_imports_the_whole_key_or_nothing_from_a_truncated_file(encee: Encee, home: Home) -> None:
    whole = {f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"}
    for content in (NEW, OLD):
        data = content.format(id=KEY_ID, secret=SECRET).encode()
        written = 0
        for end in range(len(data)):
            file = csv_file(home, data[:end])
            result = encee("import", "csv", file, "--profile", "dev", "--dry-run")
            if result.code == 0:
                assert data[:end].decode().count(SECRET) == 1
                written += 1
            else:
                import_error(result, file, 1 if end <= data.index(b"\n") + 1 else 2)
        assert written
    assert encee("import", "csv", csv_file(home, OLD.removesuffix("\n")), "--profile", "dev").code == 0
    assert home.credentials.read_text() in whole


@pytest.mark.parametrize(
    ("content", "line", "fault"),
    [
        (b"", 1, "nothing"),
        (b"\xef\xbb\xbf\r\n", 1, "nothing"),
        (b"\n , \n", 1, "nothing"),
        (b'""', 1, "nothing"),
        (bytes(range(256)), 2, "bytes that are not UTF-8"),
        (b"\x7fELF\x00\x00\x00", 1, "not exactly one column 'Access key ID'"),
        ("Access key ID,Secret access key\r{id},{secret}\r", 1, "a carriage return without a line feed"),
        ("\ufeffAccess key ID,Secret access key\r\n".encode("utf-16"), 1, "bytes that are not UTF-8"),
        ("\ufeffAccess key ID;Secret access key\r\n{id};{secret}\r\n", 1, "columns that are not separated by commas"),
        ("Access key ID\tSecret access key\n{id}\t{secret}\n", 1, "columns that are not separated by commas"),
        ("\ufeff\ufeffAccess key ID,Secret access key\n{id},{secret}\n", 1, "not exactly one column"),
        ("Access key ID,Secret access key\n\n", 1, "the headings, but no line"),
        (
            "Access key ID,Secret access key,Secret access key\n{id},{secret},{secret}\n",
            1,
            "not exactly one column 'Secret access key'",
        ),
        ("{id},{secret}\n", 1, "not exactly one column"),
        ("AWSAccessKeyId={id}\nAWSSecretKey={secret}\n", 1, "a key of the root user, for which AWS has no sessions"),
        ("User name,Password,Console sign-in URL\njane,hunter2,https://x\n", 1, "a password for the console, but no"),
        ("Access key ID,Secret access key\n\n{id},{secret},\n", 3, "3 columns where the first has 2"),
        ("Access key ID,Secret access key\n{id},{secret}\n{id},{secret}\n", 3, "a second key"),
        ("Access key ID,Secret access key\n{secret},{id}\n", 2, "id and secret may be swapped"),
        ("Access key ID,Secret access key\nASIAIOSFODNN7EXAMPLE,{secret}\n", 2, "the key of a session"),
        ("Access key ID,Secret access key\n,\n", 1, "the headings, but no line"),
        (
            "Access key ID,Secret access key,a\n,,x\n",
            2,
            "something other than the id of an access key; nothing was written",
        ),
        ('Access key ID,Secret access key\n{id},"{secret}\n', 2, "a quote or a character"),
        ('Access key ID,Secret access key\n{id},"{secret}\n"\n', 2, "a quoted value that continues"),
        ('Access key ID,Secret access key\n\n{id},"{secret}"x\n', 3, "a quote or a character"),
        ("Access key ID,Secret access key\n{id},{secret}\x00\n", 2, "a truncated secret access key"),
        ("Access key ID,Secret access key\n{id},{secret}=\n", 2, "a truncated secret access key"),
        (f"Access key ID,Secret access key\n{'x' * 140_000},{{secret}}\n", 2, "a quote or a character"),
    ],
)
def test_refuses_another_csv_than_the_consoles_and_names_the_line(
    encee: Encee, home: Home, content: str | bytes, line: int, fault: str
) -> None:
    home.write(OTHER)
    file = csv_file(home, content)
    before = home.state()
    assert fault in import_error(encee("import", "csv", file, "--profile", "dev"), file, line)
    assert home.state() == before


@pytest.mark.slow
def test_names_but_never_prints_the_password_of_the_console(encee: Encee, home: Home) -> None:
    file = csv_file(home, OLD)
    result = encee("import", "csv", file, "--profile", "dev")
    assert f"{shown(file)} also holds the console password: store it elsewhere" in result.err
    assert "hunter2" not in result.out + result.err + home.credentials.read_text()


@pytest.mark.slow
def test_accepts_the_file_notation_of_the_aws_cli(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    file = csv_file(home)
    monkeypatch.chdir(home.path)
    for number, (name, path) in enumerate(
        {f"file://{file}": shown(file), "file://accessKeys.csv": "accessKeys.csv"}.items()
    ):
        result = encee("import", "csv", name, "--profile", f"dev{number}")
        assert result.code == 0, result.err
        assert f"  rm {path}\n" in result.err
    assert home.credentials.read_text().count(KEY_ID) == 2


@pytest.mark.slow
def test_reads_the_csv_from_standard_input(encee: Encee, home: Home) -> None:
    result = encee("import", "csv", "-", "--profile", "dev", stdin=OLD.format(id=KEY_ID, secret=SECRET))
    assert result.code == 0, result.err
    assert "standard input" in result.out
    assert "delete the plain" not in result.err + result.out
    assert KEY_ID in home.credentials.read_text()
    import_error(encee("import", "csv", "-", "--profile", "other", stdin="x\n"), "standard input", 1)
    assert encee("import", "csv", "-", "--profile", "other", stdin="x" * (2 << 20)).code == 2


def test_warns_of_a_file_of_the_root_user(encee: Encee, home: Home) -> None:
    file = home.path / "rootkey (1).csv"
    file.write_text(NEW.format(id=KEY_ID, secret=SECRET))
    result = encee("import", "csv", str(file), "--profile", "dev", "--dry-run")
    assert "warning: rootkey (1).csv is the name that the console gives to a key of the root user" in result.err


@pytest.mark.parametrize("path", ["missing.csv", "folder", "file/below", "pipe", "large"])
def test_an_unreadable_file_is_wrong_usage(encee: Encee, home: Home, path: str) -> None:
    (home.path / "folder").mkdir()
    (home.path / "file").touch()
    os.mkfifo(home.path / "pipe")
    with (home.path / "large").open("wb") as stream:
        stream.truncate(2 << 20)
    result = encee("import", "csv", str(home.path / path), "--profile", "dev")
    assert (result.code, result.out) == (2, "")
    assert shown(home.path / path) in result.err
    assert not home.credentials.exists()


@pytest.mark.parametrize("arguments", [("csv",), ("csv", "x"), ("csv", "x", "--profile", ""), ("nope",)])
def test_wrong_usage_exits_with_2(encee: Encee, arguments: tuple[str, ...]) -> None:
    assert encee("import", *arguments).code == 2


def test_without_a_format_prints_the_help(encee: Encee) -> None:
    result = encee("import")
    assert result.code == 0
    assert [word in result.out for word in ("csv", "awsenv", "legacy")] == [True] * 3


# ---- awsenv


@pytest.mark.slow
def test_creates_profiles_from_the_files_of_awsenv(encee: Encee, home: Home) -> None:
    home.write(OTHER, "# mine\n[profile other]\nregion = us-east-1\n")
    file = profile_file(home, "user-profile")
    quoted = (
        "#!/bin/bash\n\n  # my keys\n"
        '\texport AWS_ACCESS_KEY_ID="{id}"  # the id\r\n'
        "export  AWS_SECRET_ACCESS_KEY='{secret}'\n"
        "export AWS_SESSION_TOKEN=\nexport AWS_ARN_MFA=\nexport EDITOR='vim -n'"
    )
    second = profile_file(home, "work", quoted)
    (file.parent / ".hidden").write_text("$(touch ran)")
    (file.parent / "folder").mkdir()
    result = encee("import", "awsenv")
    assert result.code == 0, result.err
    keys = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    assert home.credentials.read_text() == f"{OTHER}\n[user-profile]\n{keys}\n[work]\n{keys}"
    assert home.config.read_text() == (
        "# mine\n[profile other]\nregion = us-east-1\n\n"
        f"[profile user-profile]\nmfa_serial = {ARN}\nregion = ap-southeast-2\n"
    )
    assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [
        ["user-profile", "imported"],
        ["work", "imported"],
    ]
    assert f"{shown(second)} also sets EDITOR, which is not imported" in result.err
    assert result.err.endswith(
        "check that this works, then delete the plain files:\n  encee refresh user-profile work\n"
        f"  rm {shown(file)} {shown(second)}\n"
    )
    assert run_aws("configure", "get", "region", "--profile", "user-profile").out == "ap-southeast-2\n"


@pytest.mark.slow
def test_a_profile_imported_from_awsenv_can_be_refreshed(
    encee: Encee, home: Home, person: Person, aws: FakeAws
) -> None:
    key = person.user.access_key
    content = EXPORTS.replace(ARN, person.device.serial).format(id=key.id, secret=key.secret)
    profile_file(home, "dev", content.encode())
    assert encee("import", "awsenv").code == 0
    assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    call = aws.calls("GetSessionToken")[0]
    assert (call.serial, call.region) == (person.device.serial, "ap-southeast-2")


PAIR = "export AWS_ACCESS_KEY_ID={id}\nexport AWS_SECRET_ACCESS_KEY={secret}\n"


@pytest.mark.parametrize(
    ("content", "line", "fault"),
    [
        (b"", 1, "nothing"),
        (b"\x00\xff", 1, "bytes that are not UTF-8"),
        (b"\n\n\xc3(", 3, "bytes that are not UTF-8"),
        (PAIR + "export AWS_DEFAULT_REGION=$(touch ran)\n", 3, "a command that a shell would run"),
        (PAIR + "export AWS_DEFAULT_REGION=`touch ran`\n", 3, "a command that a shell would run"),
        (PAIR + 'export AWS_DEFAULT_REGION="$(touch ran)"\n', 3, "a command that a shell would run"),
        (PAIR + "export AWS_DEFAULT_REGION=$REGION\n", 3, "a variable that a shell would replace"),
        (PAIR + 'export PATH="$PATH:/opt"\n', 3, "a variable that a shell would replace"),
        (PAIR + "export AWS_DEFAULT_REGION=eu-west-1; touch ran\n", 3, "more than one command"),
        (PAIR + "export AWS_DEFAULT_REGION=eu-west-1;\n", 3, "more than one command"),
        (PAIR + "export AWS_DEFAULT_REGION=eu-west-1 && touch ran\n", 3, "more than one command"),
        (PAIR + "touch ran\n", 3, "something other than export"),
        (PAIR + "AWS_DEFAULT_REGION=eu-west-1\n", 3, "something other than export"),
        (PAIR + "export A=1 B=2\n", 3, "something other than export"),
        (PAIR + "export A=~/x\n", 3, "something other than export"),
        (PAIR + "unset A\n", 3, "something other than export"),
        (PAIR + "export A=\\\n1\n", 3, "a backslash"),
        (PAIR + 'export A="1\n2"\n', 3, "a quote that is not closed"),
        (PAIR + "export A='1'2\n", 3, "a quote that is not closed"),
        (PAIR + "export A=1\x0b\n", 3, "something other than export"),
        ("\ufeff" + PAIR, 1, "something other than export"),
        (PAIR + "\nexport AWS_ACCESS_KEY_ID={id}\n", 4, "AWS_ACCESS_KEY_ID for the second time"),
        (PAIR + "export AWS_SESSION_TOKEN=x\n", 3, "a session token"),
        (PAIR + "export AWS_SECURITY_TOKEN='x'\n", 3, "a session token"),
        ("export AWS_ACCESS_KEY_ID={id}\n# no secret", 2, "no line before it sets AWS_SECRET_ACCESS_KEY"),
        ("export AWS_SECRET_ACCESS_KEY={secret}\n", 1, "no line before it sets AWS_ACCESS_KEY_ID"),
        (
            "export AWS_ACCESS_KEY_ID={secret}\n\nexport AWS_SECRET_ACCESS_KEY={id}\n",
            1,
            "something other than the id of an access key",
        ),
        (
            "export AWS_ACCESS_KEY_ID={id}\n\nexport AWS_SECRET_ACCESS_KEY='{secret} '\n",
            3,
            "truncated secret access key, or something else",
        ),
        (
            "export AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE\nexport AWS_SECRET_ACCESS_KEY={secret}\n",
            1,
            "key of a session",
        ),
        (PAIR + "export AWS_ARN_MFA=arn:aws:iam::123456789012:user/jane\n", 3, "not a device whose codes STS accepts"),
        (
            PAIR + "export AWS_ARN_MFA='arn:aws:iam::123456789012:u2f/user/jane/x'\n",
            3,
            "not a device whose codes STS accepts",
        ),
        (PAIR + "export AWS_DEFAULT_REGION=Ireland\n", 3, "whose value is not a region"),
        (PAIR + "export AWS_DEFAULT_REGION='eu-west-1\\nx = y'\n", 3, "whose value is not a region"),
    ],
)
def test_a_line_other_than_an_export_refuses_the_file_and_runs_nothing(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch, content: str | bytes, line: int, fault: str
) -> None:
    monkeypatch.chdir(home.path)
    home.write(OTHER)
    profile_file(home, "a-good-one")
    file = profile_file(home, "odd", content)
    before = home.state()
    assert fault in import_error(encee("import", "awsenv"), file, line)
    assert home.state() == before  # so no file with this name ran
    assert fault in import_error(encee("import", "awsenv", "--dry-run", "--json"), file, line)


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_files_is_wrong_usage(encee: Encee, home: Home, folder: str) -> None:
    (home.path / "empty").mkdir()
    result = encee("import", "awsenv", str(home.path / folder))
    assert (result.code, result.out) == (2, "")
    assert shown(home.path / folder) in result.err


@pytest.mark.slow
def test_accepts_a_folder(encee: Encee, home: Home) -> None:
    file = profile_file(home, "dev")
    other = home.path / "elsewhere"
    file.parent.rename(other)
    assert encee("import", "awsenv").code == 2
    assert encee("import", "awsenv", "~/elsewhere").code == 0
    assert run_aws("configure", "get", "aws_access_key_id", "--profile", "dev").out == f"{KEY_ID}\n"


# ---- the first version of encee


@pytest.mark.parametrize(
    "content",
    [
        ARN,
        f"{ARN}\n",
        f"  {ARN}\r\n",
        f"\ufeff{ARN}\r\n",
        f"{ARN}\nsome words, and arn:aws:iam::123456789012:mfa/not-this-one\n",
        f"# the old one: arn:aws:iam::123456789012:mfa/old\n\narn = {ARN}\n",
        f"MFA_ARN='{ARN}'\n",
        f"export MFA_ARN={ARN};\n",
        f'{{\n  "mfa": "{ARN}",\n  "again": "{ARN}"\n}}\n',
        f"; comment\nmfa: <{ARN}>\n",
    ],
)
def test_gives_the_device_of_the_first_version_to_the_default_profile(
    encee: Encee, home: Home, dev: Person, content: str
) -> None:
    assert dev.device.serial == ARN
    home.write(dev.section("default", serial=False) + dev.section("other", serial=False), "[default]\nregion = a\n")
    file = legacy_file(home, content)
    credentials = home.credentials.read_bytes()
    result = encee("import", "legacy")
    assert result.code == 0, result.err
    assert home.config.read_text() == f"[default]\nregion = a\nmfa_serial = {ARN}\n"
    assert home.credentials.read_bytes() == credentials
    assert result.out.splitlines()[1].split() == ["default", "imported", "mfa_serial", shown(file)]
    assert result.err.endswith(f"  encee refresh default\n  rm {shown(file)}\n")
    assert encee("refresh", "default", "-c", dev.device.next_code()).code == 0


@pytest.mark.parametrize(
    ("content", "line", "fault"),
    [
        (b"", 1, "nothing"),
        (b"\xff\xfe", 1, "bytes that are not UTF-8"),
        ("no device here\n", 1, "no ARN"),
        (f"# {ARN}\n", 1, "no ARN"),
        ("\nmfa = arn:aws:iam::123456789012:user/jane\n", 2, "an ARN that is not that of an MFA device"),
        ("arn:aws:iam::123456789012:mfa/\n", 1, "an ARN that is not that of an MFA device"),
        (f"my phone: {ARN}é\n", 1, "an ARN that is not that of an MFA device"),
        (f"my phone is {ARN}, see\n", 1, "a comma or a period"),
        (f"one = {ARN}\n\ntwo = {ARN}2\n", 3, "a second ARN"),
    ],
)
def test_refuses_a_file_without_exactly_one_device_and_names_the_line(
    encee: Encee, home: Home, dev: Person, content: str | bytes, line: int, fault: str
) -> None:
    home.write(dev.section(serial=False))
    file = legacy_file(home, content)
    before = home.state()
    assert fault in import_error(encee("import", "legacy"), file, line)
    assert home.state() == before


@pytest.mark.slow
def test_a_refresh_uses_no_device_of_a_file_that_names_several(
    encee: Encee, home: Home, dev: Person, aws: FakeAws
) -> None:
    home.write(dev.section(serial=False))
    legacy_file(home, f"one = {ARN}\ntwo = {ARN}2\n")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert len(aws.calls("ListMFADevices")) == 1


def test_without_default_the_only_long_term_profile_gets_the_device(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section(serial=False))
    legacy_file(home, ARN)
    assert encee("import", "legacy").code == 0
    assert home.config.read_text().endswith(f"[profile dev]\nregion = eu-central-1\nmfa_serial = {ARN}\n")


def test_does_not_guess_which_of_several_profiles_has_the_device(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section("one", serial=False) + dev.section("two", serial=False))
    file = legacy_file(home, ARN)
    result = encee("import", "legacy")
    assert (result.code, "it can be that of one or two" in result.err) == (2, True)
    assert "encee import legacy --profile NAME" in result.err
    assert encee("import", "legacy", "--profile", "two-mfa").code == 0
    assert f"[profile two]\nmfa_serial = {ARN}" in home.config.read_text()
    file.write_text(ARN.replace("1234", "9999"))
    assert encee("import", "legacy").code == 2
    other = encee("import", "legacy", "--profile", "one")
    assert (other.code, "a device of another account than the key of one" in other.err) == (2, True)
    assert encee("import", "legacy", "--profile", "absent").code == 2


# ---- existing profiles


KEYS = f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
EXISTING = {
    "keys": (f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = another\n", "", "exists already"),
    "no keys": ("[dev]\nregion = eu-west-1\n", "", "exists already"),
    "a token": (f"{KEYS}aws_session_token = t\n", "", "exists already"),
    "in the keyring": (f"[dev]\nencee_access_key_id = {KEY_ID}\nencee_secret = keyring\n", "", "exists already"),
    "keys in config": ("", "[profile dev]\naws_access_key_id = x\n", "[profile dev] of the config file holds other"),
    "a role": ("", "[profile dev]\nrole_arn = arn:aws:iam::123456789012:role/x\n", "role_arn under [profile dev]"),
    "SSO": ("", "[profile dev]\nsso_session = x\n", "sso_session under [profile dev]"),
    "a process": ("", "[profile dev]\ncredential_process = x\n", "credential_process under [profile dev]"),
    "a target": (OTHER.replace("other", "dev-long-term", 1), "", "dev is the session profile of dev-long-term"),
}


@pytest.mark.slow
@pytest.mark.parametrize("existing", EXISTING)
def test_keeps_an_existing_profile_and_imports_the_others(encee: Encee, home: Home, existing: str) -> None:
    credentials, config, reason = EXISTING[existing]
    home.write(credentials, config)
    files = [shown(profile_file(home, name)) for name in ("dev", "work")]
    result = encee("import", "awsenv")
    assert result.code == 5
    assert [line.split()[:3] for line in result.out.splitlines()[1:]] == [
        ["dev", "not", "imported"],
        ["work", "imported", "keys,"],
    ]
    assert reason in result.err
    assert f"{files[0]} was not imported" in result.err
    assert f"encee: hint: give the file another name: mv {files[0]} ~/.aws/profiles/NAME\n" in result.err
    assert f"  rm {files[1]}\n" in result.err
    assert home.credentials.read_text().startswith(credentials)
    assert home.config.read_text().startswith(config)
    assert "[dev]" not in home.credentials.read_text().removeprefix(credentials)
    assert "[profile dev]" not in home.config.read_text().removeprefix(config)
    assert SECRET not in result.out + result.err


def test_a_csv_for_an_existing_profile_changes_nothing(encee: Encee, home: Home) -> None:
    home.write(OTHER)
    file = csv_file(home)
    before = home.state()
    result = encee("import", "csv", file, "--profile", "other")
    assert result.code == 5
    assert f"encee: hint: choose another name: encee import csv {shown(file)} --profile NAME\n" in result.err
    assert "delete the plain" not in result.err
    assert home.state() == before


@pytest.mark.slow
def test_a_second_import_of_the_same_changes_nothing(encee: Encee, home: Home) -> None:
    profile_file(home, "dev")
    assert encee("import", "awsenv").code == 0
    before = home.state()
    result = encee("import", "awsenv")
    assert (result.code, home.state()) == (0, before)
    assert result.out.splitlines()[1].split()[:4] == ["dev", "already", "there", "–"]


@pytest.mark.slow
def test_a_second_import_adds_what_the_first_could_not(encee: Encee, home: Home) -> None:
    profile_file(home, "dev", PAIR)
    assert encee("import", "awsenv").code == 0
    credentials = home.credentials.read_bytes()
    profile_file(home, "dev")
    result = encee("import", "awsenv")
    assert result.out.splitlines()[1].split()[:4] == ["dev", "imported", "mfa_serial,", "region"]
    assert home.credentials.read_bytes() == credentials
    assert f"mfa_serial = {ARN}\nregion = ap-southeast-2\n" in home.config.read_text()


@pytest.mark.parametrize(
    ("credentials", "config", "stays"),
    [
        ("", "[profile dev]\nregion = eu-west-1\n", "region"),
        ("", "[profile dev]\nregion = eu-west-1\nmfa_serial = GAHT12345678\n", "mfa_serial and region"),
        ("", "[profile dev]\nregion = eu-west-1\naws_mfa_device = GAHT12345678\n", "mfa_serial and region"),
        (PAIR, "[profile dev]\nregion = ap-southeast-2\nmfa_serial = GAHT12345678\n", "mfa_serial"),
    ],
)
def test_keeps_an_existing_setting_and_does_not_call_the_file_superfluous(
    encee: Encee, home: Home, credentials: str, config: str, stays: str
) -> None:
    keys = credentials and f"[dev]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    home.write(keys, config)
    file = profile_file(home, "dev")
    result = encee("import", "awsenv")
    assert result.code == 0
    assert f"encee: warning: {stays} of dev stays as it is; {shown(file)} has another value\n" in result.err
    assert "delete the plain" not in result.err
    assert home.config.read_text().startswith(config)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my dev", "dev~", "DEFAULT", "dév", "[dev]"])
def test_refuses_a_name_that_tools_read_differently(encee: Encee, home: Home, name: str) -> None:
    home.write(OTHER)
    file = csv_file(home)
    before = home.state()
    result = encee("import", "csv", file, "--profile", name)
    assert (result.code, "cannot be the name of a profile that every AWS tool can read" in result.err) == (2, True)
    profile_file(home, name)
    profile_file(home, "work")
    assert encee("import", "awsenv").code == 2
    assert home.state()[".aws/credentials"] != before[".aws/credentials"]
    assert "[work]" in home.credentials.read_text()


@pytest.mark.parametrize(
    ("credentials", "config"),
    [
        ("[ dev ]\nx = y\n", ""),
        ("[DEFAULT]\naws_session_token = t\n", ""),
        ("[DEFAULT]\naws_account_id = 1\n", ""),
        ("[other]\nx\n", ""),
        ("", "[profile dev]\nx\n"),
        ("", "[profile dev] # mine\n"),
        ("", "[profile dev]\n[profile 'dev']\n"),
    ],
)
def test_refuses_files_that_cannot_be_edited_safely(encee: Encee, home: Home, credentials: str, config: str) -> None:
    home.write(credentials, config)
    profile_file(home, "dev")
    before = home.state()
    result = encee("import", "awsenv")
    assert (result.code, result.out) == (5, "")
    assert home.state() == before


def test_a_read_only_config_file_stops_the_import_before_the_keys(encee: Encee, home: Home) -> None:
    home.write(OTHER, "[profile other]\nregion = a\n")
    home.config.with_name("linked").hardlink_to(home.config)
    profile_file(home, "dev")
    before = home.state()
    result = encee("import", "awsenv")
    assert (result.code, "hard links" in result.err) == (5, True)
    assert home.state() == before


def test_a_disk_that_fills_up_reports_what_was_imported(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(OTHER, "[profile other]\nregion = a\n")
    file = profile_file(home, "dev")
    config = home.config.read_bytes()
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "config":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        patched.setattr(atomic_write, "exchange_names", lambda *_: False)
        result = encee("import", "awsenv", "--json")
    assert result.code == 5
    assert "no space left" in result.err
    assert "delete the plain" not in result.err
    (profile,) = json.loads(result.out)["profiles"]
    assert (profile["brought"], profile["file_can_go"], profile["error"]["exit_code"]) == (["keys"], False, 5)
    assert SECRET in home.credentials.read_text()
    assert home.config.read_bytes() == config
    assert encee("import", "awsenv").code == 0
    assert ARN in home.config.read_text()
    assert file.exists()


# ---- dry run, JSON, other files


def test_a_dry_run_writes_nothing(encee: Encee, home: Home) -> None:
    file = csv_file(home)
    before = sorted(home.path.rglob("*"))
    result = encee("import", "csv", file, "--profile", "dev", "--dry-run")
    assert result.code == 0
    assert result.out.splitlines()[1].split()[:5] == ["dev", "would", "be", "imported", "keys"]
    assert "delete the plain" not in result.err
    assert sorted(home.path.rglob("*")) == before


def test_a_dry_run_reports_what_would_be_refused(encee: Encee, home: Home) -> None:
    home.write(OTHER)
    before = home.state()
    result = encee("import", "csv", csv_file(home), "--profile", "other", "--dry-run")
    assert (result.code, "exists already" in result.err) == (5, True)
    assert home.credentials.read_bytes() == before[".aws/credentials"][0]


@pytest.mark.slow
def test_json_lists_the_result_of_each_file(encee: Encee, home: Home) -> None:
    home.write(OTHER)
    files = [profile_file(home, name) for name in ("dev", "other")]
    for arguments in (("--dry-run",), ()):
        result = encee("import", "awsenv", "--json", *arguments)
        document = json.loads(result.out)
        assert document.keys() == {"encee_format", "dry_run", "profiles"}
        assert document["dry_run"] is bool(arguments)
        good, bad = document["profiles"]
        assert good == {
            "profile": "dev",
            "file": str(files[0]),
            "brought": ["keys", "mfa_serial", "region"],
            "differs": [],
            "file_can_go": not arguments,
            "error": None,
        }
        assert (bad["brought"], bad["file_can_go"], bad["error"]["exit_code"]) == ([], False, 5)
        assert SECRET not in result.out
        assert KEY_ID not in result.out


@pytest.mark.slow
def test_writes_the_files_of_the_options(encee: Encee, home: Home) -> None:
    profile_file(home, "dev")
    credentials, config = home.path / "c", home.path / "d"
    options = ("--credentials-file", str(credentials), "--config-file", str(config))
    assert encee("import", "awsenv", *options).code == 0
    assert SECRET in credentials.read_text()
    assert ARN in config.read_text()
    assert not home.credentials.exists()
