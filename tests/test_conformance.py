"""The conformance run reports what it has to report."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from encee.awsfile.syntax import read_view
from scripts.conformance.layouts import LAYOUTS, Layout, with_session_by_hand
from scripts.conformance.paper import Row, table
from scripts.conformance.readers import Reader
from scripts.conformance.trial import Result, Trial, Verdict, trial
from tests.conftest import AWS
from tests.fake_aws import FakeAws
from tests.fake_aws.account import Identity, Session


@pytest.fixture
def run_trial(aws: FakeAws, tmp_path: Path) -> Trial:
    """The first layout, refreshed."""
    return trial(LAYOUTS[0], aws, tmp_path)


def aws_cli(*options: str) -> Reader:
    return Reader("1", [str(AWS), *options, "sts", "get-caller-identity"])


@pytest.mark.slow
def test_a_reader_that_signs_with_the_session_has_read_it(run_trial: Trial) -> None:
    assert run_trial.of(aws_cli()) == Result(Verdict.READ)


@pytest.mark.slow
@pytest.mark.parametrize(
    "reader", [Reader("1", ["true"]), Reader("1", ["false"]), aws_cli("--profile", "dev"), aws_cli("--no-sign-request")]
)
def test_a_reader_that_signs_with_another_key_has_not_read_the_session(run_trial: Trial, reader: Reader) -> None:
    assert run_trial.of(reader).verdict is Verdict.NOT_READ


@pytest.mark.slow
def test_a_case_that_only_the_manual_edit_gets_right_is_a_failure(run_trial: Trial) -> None:
    file = run_trial.after.path / ".aws" / "credentials"
    file.write_text(file.read_text().replace("aws_session_token", "a_token"))
    assert run_trial.of(aws_cli()).verdict is Verdict.HARMED


@pytest.mark.slow
def test_another_profile_that_is_read_differently_is_a_failure(run_trial: Trial) -> None:
    file = run_trial.after.path / ".aws" / "credentials"
    file.write_text(file.read_text().replace("[other]", "[another]"))
    assert run_trial.of(aws_cli()).verdict is Verdict.HARMED


def test_a_missing_reader_has_passed_nothing() -> None:
    shown = table(
        [Row("boto3", "PyPI", "1", results=[Result(Verdict.READ)] * len(LAYOUTS)), Row("Perl", "CPAN", missing="x")]
    )
    (line,) = [line for line in shown.splitlines() if "Perl" in line]
    assert line.count("not run (1)") == len(LAYOUTS)
    assert "yes" not in line
    assert "1. x" in shown


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: str(layout.name))
def test_the_manual_edit_adds_the_session_and_changes_nothing_else(layout: Layout) -> None:
    session = Session(
        "ASIAX", "secret", "token", datetime.now(UTC), Identity("arn", "id"), mfa=True, issued=datetime.now(UTC)
    )
    before = layout.credentials.encode()
    after = with_session_by_hand(before, session)
    old, new = (read_view(data, Path("credentials")) for data in (before, after))
    keys = {"aws_access_key_id": "ASIAX", "aws_secret_access_key": "secret", "aws_session_token": "token"}
    assert new.pop("dev-mfa") == old.pop("dev-mfa", {}) | keys
    assert new == old
    assert (b"\r\n" in before) == (b"\r\n" in after)
