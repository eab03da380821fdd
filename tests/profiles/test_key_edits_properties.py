"""Properties of edits of long-term keys on generated files, as botocore reads them."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from hypothesis import given, strategies as st

from encee.awsfile.document import Document
from encee.awsfile.file import Edit
from encee.awsfile.sections import CredentialsHeaders
from encee.errors import FileRefusedError
from encee.model import AccessKey
from encee.profiles.key_edits import begin_rotation, end_rotation, lock_key, replace_key, unlock_key
from encee.profiles.keyring import locked_key
from tests.awsfile.test_document_properties import GAPS, KEYS, brief, credentials_files, name_of, parsed_by_botocore

pytestmark = pytest.mark.slow

OLD, NEW = AccessKey("AKIAMINE", "m1ne/+=="), AccessKey("AKIANEW", "n3w/+==")
IDS = (
    "aws_access_key_id = AKIAMINE",
    "aws_access_key_id\t=AKIAMINE  ",
    "aws_access_key_id : AKIAMINE",
    "AWS_ACCESS_KEY_ID = AKIAMINE",
)
SECRETS = (
    "aws_secret_access_key = m1ne/+==",
    "aws_secret_access_key=m1ne/+==\t",
    "aws_secret_access_key:m1ne/+==",
    "AWS_SECRET_ACCESS_KEY = m1ne/+==",
)
OTHERS = tuple(piece for piece in KEYS if name_of(piece) not in {"aws_access_key_id", "aws_secret_access_key"})


@st.composite
def files_with_the_key(draw: st.DrawFn) -> bytes:
    """Generate a file as users have it, with the key in one section or two."""
    data = draw(credentials_files).decode()
    for header in draw(st.sampled_from((["[mine]"], ["[mine]", "[my copy]"]))):
        others = draw(st.lists(st.sampled_from((*OTHERS, *GAPS)), max_size=4, unique_by=name_of))
        body = draw(st.permutations([draw(st.sampled_from(IDS)), draw(st.sampled_from(SECRETS)), *others]))
        section = f"{header}\n{draw(st.sampled_from(('', '  ')))}" + "\n".join(body)
        data = f"{section}\n{data}" if draw(st.booleans()) else f"{data}\n{section}"
    return data.encode()


def edited(data: bytes, *edits: Edit) -> bytes:
    """Return the content after edits that are written one by one."""
    for edit in edits:
        document = Document(data, Path("credentials"), CredentialsHeaders())
        edit(document)
        data = document.render()
    return data


def rotated(old: AccessKey, new: AccessKey) -> Iterable[Edit]:
    return begin_rotation(old, new.id), replace_key(old, new), end_rotation(old.id)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties") / "aws-file"


@brief
@given(files_with_the_key())
def test_locking_and_replacing_a_key_can_be_reverted_to_the_same_bytes(data: bytes) -> None:
    try:
        locked = edited(data, lock_key(OLD))
    except FileRefusedError:
        return
    assert OLD.secret.encode() not in locked
    assert edited(locked, lock_key(OLD)) == locked
    assert edited(locked, unlock_key(OLD)) == data
    assert edited(data, *rotated(OLD, NEW), *rotated(NEW, OLD)) == data
    there = edited(locked, *rotated(locked_key(OLD.id), locked_key(NEW.id)))
    assert edited(there, *rotated(locked_key(NEW.id), locked_key(OLD.id))) == locked


@brief
@given(files_with_the_key())
def test_botocore_reads_a_key_at_every_step_of_a_rotation(file: Path, data: bytes) -> None:
    try:
        begun = edited(data, begin_rotation(OLD, NEW.id))
    except FileRefusedError:
        return
    before = parsed_by_botocore(data, file)
    replaced = edited(begun, replace_key(OLD, NEW))
    ended = edited(replaced, end_rotation(OLD.id))
    steps: list[tuple[bytes, AccessKey, dict[str, str]]] = [
        (begun, OLD, {"encee_new_key": NEW.id}),
        (replaced, NEW, {"encee_old_key": OLD.id}),
        (ended, NEW, {}),
    ]
    for step, key, mark in steps:
        now = parsed_by_botocore(step, file)
        for name in {"mine", "my copy"} & before.keys():
            pair = {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret}
            assert now[name] == {**before[name], **pair, **mark}
        assert {name: now[name] for name in now.keys() - {"mine", "my copy"}} == {
            name: before[name] for name in before.keys() - {"mine", "my copy"}
        }


def test_most_generated_files_are_edited() -> None:
    outcomes: list[bool] = []

    @brief
    @given(files_with_the_key())
    def collect(data: bytes) -> None:
        try:
            outcomes.append(edited(data, lock_key(OLD)) != data)
        except FileRefusedError:
            outcomes.append(False)

    collect()
    assert outcomes.count(True) > len(outcomes) / 3


def test_botocore_finds_no_half_pair_in_a_locked_section(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(edited(b"[mine]\naws_access_key_id=AKIAMINE\naws_secret_access_key=m1ne/+==\nx=1", lock_key(OLD)))
    assert raw_config_parse(str(file))["mine"].keys() == {"encee_access_key_id", "encee_secret", "x"}


@pytest.mark.parametrize(
    "option", ["aws_access_key_id = AKIAMINE\n  region = a", "aws_secret_access_key = m1ne/+==\n  x = y"]
)
def test_refuses_a_key_of_several_lines_instead_of_skipping_it(option: str) -> None:
    name = option.partition(" ")[0]
    other = f"aws_secret_access_key = {OLD.secret}" if name.endswith("id") else f"aws_access_key_id = {OLD.id}"
    whole = f"[copy]\naws_access_key_id = {OLD.id}\naws_secret_access_key = {OLD.secret}\n"
    with pytest.raises(FileRefusedError, match=r"\[mine\] .* holds only a part of the key"):
        edited(f"[mine]\n{other}\n{option}\n{whole}".encode(), begin_rotation(OLD, NEW.id))
    with pytest.raises(FileRefusedError, match=r"\[mine\] .* holds only a part of the key"):
        edited(f"[mine]\n{option}\n{option.replace(name, other.partition(' ')[0], 1)}\n{whole}".encode(), lock_key(OLD))
