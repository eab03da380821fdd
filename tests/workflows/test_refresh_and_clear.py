"""A refresh and a clear restore the bytes of generated files."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from encee.awsfile.paths import AwsPaths
from encee.errors import FileRefusedError
from encee.model import Session
from encee.profiles.clear import Choice, choose_all_sessions, choose_named_sessions, clear_sessions
from encee.profiles.files import AwsFiles
from encee.workflows.refresh.edits import carry_region, session_edit
from encee.workflows.refresh.jobs import Target
from tests.awsfile.test_document_properties import EXAMPLES, files_without_ours, odd_files

TARGETS = (Target("dev", "dev-mfa"), Target("one", "one-mfa"))
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
SESSION = Session("ASIAQNZGKIQY56JQ7WML", "s/+", "t==", datetime(2026, 11, 22, tzinfo=UTC))

written = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    max_examples=max(EXAMPLES // 50, 1),
)


class Pair(AwsFiles):
    """The two files."""

    def write(self, credentials: bytes, config: bytes) -> None:
        for store, data in zip(self, (credentials, config), strict=True):
            store.path.unlink(missing_ok=True)
            store.path.write_bytes(data)

    def read(self) -> tuple[bytes, bytes]:
        return self.credentials.path.read_bytes(), self.config.path.read_bytes()

    def refresh(self, *targets: Target) -> None:
        """Write what a refresh writes, except to a config file that it may not edit."""
        catalog = self.catalog()
        self.credentials.edit(session_edit(targets, SESSION, catalog))
        with suppress(FileRefusedError):
            carry_region(targets, self)

    def clear(self, choose: Choice) -> None:
        clear_sessions(self, choose, pytest.fail)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    return Pair.at(AwsPaths(folder / "credentials", folder / "config"), pytest.fail)


def with_sources(data: bytes, header: str, options: str) -> bytes:
    """Return a file with the two source profiles first, in its own line ends."""
    text = "".join(f"[{header}{target.profile}]\n{options}" for target in TARGETS)
    return text.replace("\n", "\r\n" if b"\r\n" in data else "\n").encode() + data


def prepared(pair: Pair, credentials: bytes, config: bytes) -> tuple[bytes, bytes]:
    """Write the two files; reject an example that the AWS tools cannot read."""
    before = with_sources(credentials, "", KEYS), with_sources(config, "profile ", "region = eu-west-1\n")
    pair.write(*before)
    try:
        catalog = pair.catalog()
    except FileRefusedError:
        assume(False)
        raise
    assume({"dev-mfa", "one-mfa"}.isdisjoint({*catalog.credentials, *catalog.config}))
    assume({"dev", "one"} <= catalog.long_term_profiles.keys())
    return before


@pytest.mark.slow
@written
@given(
    st.one_of(files_without_ours, odd_files()),
    st.one_of(files_without_ours, odd_files()),
    st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3),
    st.permutations(TARGETS),
    st.booleans(),
)
def test_refresh_and_clear_restore_both_files(
    pair: Pair, credentials: bytes, config: bytes, refreshed: list[Target], order: list[Target], one_by_one: bool
) -> None:
    before = prepared(pair, credentials, config)
    try:
        for target in refreshed:
            pair.refresh(target)
    except FileRefusedError:
        assert b"ASIAQNZGKIQY56JQ7WML" not in pair.credentials.path.read_bytes() or len(refreshed) > 1
        pair.clear(choose_all_sessions)
        assert pair.read() == before
        return
    if one_by_one:
        files = AwsPaths(pair.credentials.path, pair.config.path)
        for target in order:
            pair.clear(partial(choose_named_sessions, arguments=[target.profile], files=files))
    else:
        pair.clear(choose_all_sessions)
    assert pair.read() == before


@pytest.mark.slow
@written
@given(
    files_without_ours, files_without_ours, st.sampled_from(["theirs = 1\n", "[another]\ntheirs = 1\n", "# theirs\n"])
)
def test_keeps_what_other_programs_wrote_meanwhile(pair: Pair, credentials: bytes, config: bytes, theirs: str) -> None:
    prepared(pair, credentials, config)
    try:
        pair.refresh(TARGETS[0])
    except FileRefusedError:
        return
    for store in pair:
        data = store.path.read_bytes()
        store.path.write_bytes(data + (b"" if data[-1:] in b"\n" else b"\n") + theirs.encode())
    try:
        was = [raw_config_parse(str(store.path)) for store in pair]
    except ConfigParseError:
        return
    pair.clear(choose_all_sessions)
    for store, before, ours in zip(pair, was, ("dev-mfa", "profile dev-mfa"), strict=True):
        assert store.path.read_bytes().endswith(theirs.encode())
        after = raw_config_parse(str(store.path))
        assert {n: o for n, o in after.items() if n != ours} == {n: o for n, o in before.items() if n != ours}
        if ours in after:  # which stays because of the added option
            assert after[ours]["theirs"] == "1"
        assert SESSION.id.encode() not in store.path.read_bytes()
        assert b"encee" not in store.path.read_bytes()
