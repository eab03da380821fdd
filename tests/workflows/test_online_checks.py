"""Properties of the checks without requests on generated files, as botocore reads them."""

import os
import re
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from encee.awsfile.paths import AwsPaths
from encee.profiles.checks.base import State, examine, run_checks
from encee.workflows.online_checks import OFFLINE_CHECKS
from tests.awsfile.test_document_properties import EXAMPLES, any_files, config_files
from tests.cli import remedies

pytestmark = pytest.mark.slow

CANNOT_BE_READ = {"byte-order-mark", "duplicate-section", "syntax"}
SECRETS = re.compile(r"old/\+|AKIAOLD|stale|older")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> AwsPaths:
    """The paths of the two files of an example."""
    folder = tmp_path_factory.mktemp("examined")
    return AwsPaths(folder / "credentials", folder / "config")


def write(path: Path, data: bytes) -> bool:
    """Write a file with an old mtime; return whether encee and the AWS tools can read it."""
    path.write_bytes(data)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    try:
        raw_config_parse(str(path))
    except ConfigParseError:
        return False
    return re.search(rb"\r(?!\n)", data) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=max(EXAMPLES // 4, 1))
@given(any_files, st.one_of(any_files, config_files))
def test_checks_any_two_files_and_reports_unreadable_ones(files: AwsPaths, credentials: bytes, config: bytes) -> None:
    readable = [write(files.credentials, credentials), write(files.config, config)]
    found = list(run_checks(OFFLINE_CHECKS, examine(files, {}, None, lambda _: None)))
    assert list(dict.fromkeys(one.check for one in found)) == [check.id for check in OFFLINE_CHECKS]
    errors = [one for one in found if one.finding.state is State.ERROR and one.check in CANNOT_BE_READ]
    assert len(errors) == readable.count(False)
    for one in found:
        assert not SECRETS.search(f"{one.finding.message} {one.finding.remedy}")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=max(EXAMPLES // 20, 1))
@given(any_files, st.one_of(any_files, config_files))
def test_no_step_of_a_remedy_makes_a_file_unreadable(files: AwsPaths, credentials: bytes, config: bytes) -> None:
    assume(not re.search(rb"\r(?!\n)", credentials + b"\n" + config))  # editors disagree about the lines of such a file
    contents = (credentials, config)
    readable = [*map(write, files, contents)]
    for id_, finding in run_checks(OFFLINE_CHECKS, examine(files, {}, None, lambda _: None)):
        [*map(write, files, contents)]
        editors: dict[str, remedies.Editor] = {}
        steps = remedies.steps_of(finding.remedy) if id_ != "invisible-characters" else []
        if all(remedies.edit(editors, finding.message, step) for step in steps):
            for editor in editors.values():
                editor.save()
        after = [write(file, file.read_bytes()) for file in files]
        assert all(is_so or not was for was, is_so in zip(readable, after, strict=True)), finding
