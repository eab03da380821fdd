"""Properties of reading and importing plain files, compared with a shell and botocore."""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, given, settings, strategies as st

from encee.awsfile.paths import AwsPaths
from encee.awsfile.syntax import read_view
from encee.errors import EnceeError
from encee.model import AccessKey
from encee.profiles.files import AwsFiles
from encee.profiles.importers.awsenv import parse_awsenv
from encee.profiles.importers.console_csv import parse_console_csv
from encee.profiles.importers.legacy import parse_legacy_config
from encee.profiles.importers.merge import ImportFile, import_files
from tests.awsfile.test_document_properties import EXAMPLES, config_files, files_without_ours, odd_files

KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
ARN = "arn:aws:iam::123456789012:mfa/phone"
FILE = Path("plain file")

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = (
    *("export ", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ARN_MFA", "AWS_DEFAULT_REGION"),
    *("Access key ID", "Secret access key", "Password", "User name"),
    *(KEY.id, KEY.secret, KEY.secret[:30], ARN, "eu-west-1"),
    *"=,;\t\r\n\"'`$(\\#&| ~\ufeff\x00\u2028\x85é",
    "\r\n",
)
pieces = st.lists(st.sampled_from(PIECES), max_size=24).map(lambda found: "".join(found).encode())
contents = st.one_of(st.binary(max_size=200), pieces)


@settings(relaxed, max_examples=max(EXAMPLES // 2, 1))
@given(contents, st.sampled_from((parse_console_csv, parse_awsenv, parse_legacy_config)))
def test_reads_any_content_or_refuses_it_with_a_line_but_no_text(
    data: bytes, read: Callable[[bytes, Path], object]
) -> None:
    error = refusal(read, data)
    if error is None:
        return
    match = re.match(r"plain file: line (\d+) holds .+; nothing was written", error.message)
    assert match
    assert 1 <= int(match[1]) <= data.count(b"\n") + 1
    assert error.hint
    assert KEY.secret[:30] not in error.message + error.hint
    assert KEY.id not in error.message


def refusal(read: Callable[[bytes, Path], object], data: bytes) -> EnceeError | None:
    """Return why a content is refused, or None."""
    try:
        read(data, FILE)
    except EnceeError as error:
        return error
    return None


words = st.sampled_from(
    ("eu-west-1", "a b", "x#y", "# z", "", ARN, "a'b", 'a"b', "$HOME", "`id`", "~", "*", "a=b", "-n")
)
values = st.builds("{0}{1}{0}".format, st.sampled_from(("", "'", '"')), words)
exported = st.builds(
    "{}export{}{}={}{}".format,
    st.sampled_from(("", "  ", "\t")),
    st.sampled_from((" ", "\t", "  ")),
    st.sampled_from(("A", "AWS_REGION", "_b2")),
    values,
    st.sampled_from(("", " ", "  # c $(x)", "\t#", "#c", " x", ";")),
)
pair = f"export AWS_ACCESS_KEY_ID={KEY.id}\nexport AWS_SECRET_ACCESS_KEY='{KEY.secret}'\nexport AWS_DEFAULT_REGION="


@settings(relaxed, max_examples=max(EXAMPLES // 10, 1))
@given(st.lists(st.one_of(exported, st.sampled_from(("", "# a comment", "  #", "#!/bin/sh"))), max_size=4), values)
def test_an_accepted_line_means_the_same_to_a_shell(lines: list[str], region: str) -> None:
    text = "\n".join([*lines, pair + region])
    if refusal(parse_awsenv, text.encode()):
        return
    found = parse_awsenv(text.encode(), FILE)
    # Only accepted lines run, so no command that a shell could run.
    script = f"{text}\nexec env -0"
    done = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    variables = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)
    assert done.stderr == b""
    assert found.key == AccessKey(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    assert (found.region or "") == variables["AWS_DEFAULT_REGION"]
    assert set(found.others) <= variables.keys()


def test_enough_generated_lines_are_accepted() -> None:
    understood: list[bool] = []

    @settings(relaxed, max_examples=200, derandomize=True, database=None)
    @given(st.lists(exported, max_size=2))
    def collect(lines: list[str]) -> None:
        understood.append(refusal(parse_awsenv, "\n".join([*lines, pair]).encode()) is None)

    collect()
    assert understood.count(True) > 20
    assert understood.count(False) > 40


@pytest.mark.slow
@settings(relaxed, max_examples=60)
@given(
    st.one_of(files_without_ours, odd_files()), st.one_of(config_files, odd_files()), st.sampled_from(("dev", "new"))
)
def test_an_import_adds_a_profile_that_botocore_reads_and_changes_no_other(
    credentials: bytes, config: bytes, profile: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "credentials", Path(folder) / "config"
        for path, data in zip(paths, (credentials, config), strict=True):
            path.write_bytes(data)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        before = [_parse(path) for path in paths]
        files = AwsFiles.at(AwsPaths(*paths), _ignore)
        incoming = ImportFile(profile, FILE, KEY, {"mfa_serial": ARN, "region": "eu-west-1"}, "")
        try:
            (outcome,) = import_files([incoming], files, dry_run=False)
        except EnceeError:
            assert [path.read_bytes() for path in paths] == [credentials, config]
            return
        after = [_parse(path) for path in paths]
    inherited = read_view(config, FILE)["DEFAULT"]
    if outcome.error is not None:
        assert after == before
        return
    added = after[0].pop(profile)
    assert after[0] == before[0]
    assert (added["aws_access_key_id"], added["aws_secret_access_key"]) == (KEY.id, KEY.secret)
    assert "aws_session_token" not in added
    mine = after[1].pop(_header(after[1], profile), {})
    was = before[1].pop(_header(before[1], profile), {})
    assert after[1] == before[1]
    assert was.items() <= mine.items()
    wanted = {"mfa_serial": ARN, "region": "eu-west-1"}
    assert all(
        mine[name] == value for name, value in wanted.items() if name not in {*was, *inherited, *outcome.differs}
    )


def _header(parsed: dict[str, dict[str, object]], profile: str) -> str:
    """Return the header of a profile in the config file."""
    found = [name for name in parsed if re.fullmatch(rf"""profile\s+(["']?){profile}\1\s*""", name)]
    return found[-1] if found else ""


def _parse(path: Path) -> dict[str, dict[str, object]]:
    try:
        parsed: dict[str, dict[str, object]] = raw_config_parse(str(path))
    except ConfigParseError:
        return {}
    return parsed


def _ignore(_warning: str) -> None:
    """Ignore a warning."""
