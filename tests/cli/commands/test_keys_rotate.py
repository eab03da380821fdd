"""`encee keys rotate`: a working key exists at every step, in the file and at AWS."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from encee.aws import access_keys
from encee.workflows import rotate_key
from tests.conftest import Encee, Home, Person, on_terminal, run_aws, run_encee, wait_for
from tests.fake_aws import FakeAws, FakeKey, faults

CREDENTIALS = """\
# my keys
[dev]
  # due in March
aws_access_key_id     = {id}
aws_secret_access_key = {secret}
mfa_serial = {serial}

[other]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
; the same key as in [dev]
[my copy]
  AWS_Access_Key_Id:{id}
  Aws_Secret_Access_Key:{secret}
region=eu-west-1"""


def credentials(person: Person, key: FakeKey) -> str:
    return CREDENTIALS.format(id=key.id, secret=key.secret, serial=person.device.serial)


@pytest.fixture
def encee(leak_checked_encee: Encee) -> Encee:
    return leak_checked_encee


@pytest.fixture(autouse=True)
def _no_wait_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_keys, "_POLL_SECONDS", 0.01)


@pytest.fixture
def user_with_two_sections(encee: Encee, home: Home, person: Person, aws: FakeAws) -> Person:
    """A user with a session, which is last in the file, and with a key in two sections."""
    home.write(credentials(person, person.user.access_key), "[profile dev]\nregion = eu-central-1\n")
    assert encee("refresh", "dev", "--code", person.device.next_code()).code == 0
    aws.journal.clear()
    return person


def only_key(person: Person) -> FakeKey:
    """Return the only key of the user, which must be active."""
    (key,) = person.user.access_keys()
    assert key.active
    return key


def assert_rotated(home: Home, person: Person) -> FakeKey:
    """Check that the user has one new key, and that nothing else in the file has changed."""
    key = only_key(person)
    assert key.id != person.user.access_key.id
    text = home.credentials.read_text()
    assert text[: text.index("\n\n[dev-mfa]")] == credentials(person, key)
    return key


def assert_nothing_has_changed(home: Home, person: Person) -> None:
    assert only_key(person).id == person.user.access_key.id
    text = home.credentials.read_text()
    assert text.partition("\n\n[dev-mfa]")[0] == credentials(person, person.user.access_key)


@pytest.mark.slow
def test_writes_the_new_key_to_each_section_and_changes_nothing_else(
    encee: Encee, home: Home, user_with_two_sections: Person
) -> None:
    result = encee("keys", "rotate", "dev", "--yes")
    key = assert_rotated(home, user_with_two_sections)
    assert (result.code, result.out) == (0, "")
    old = user_with_two_sections.user.access_key.id
    assert f"the new key {key.id} is in [dev] and [my copy]; the old one, {old}, is deleted\n" in result.err
    who = run_aws("--profile", "my copy", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert who.out.strip() == user_with_two_sections.user.arn


@pytest.mark.slow
def test_prompts_before_it_deletes_the_old_key(home: Home, user_with_two_sections: Person, aws: FakeAws) -> None:
    old = user_with_two_sections.user.access_key.id
    child = on_terminal("keys", "rotate", "dev", size=(24, 200))
    child.expect(rf"{old}, the old key, is inactive; last used: today \d\d:\d\d, sts\r\n")
    child.expect(r"AKIA\w+, the new key, works; last used: today \d\d:\d\d, sts\r\n")
    child.expect_exact(f"delete {old}? [y/N]")
    assert [key.active for key in user_with_two_sections.user.access_keys()] == [False, True]
    child.sendline("y")
    child.expect_exact(f"the old one, {old}, is deleted\r\n")
    assert child.wait() == 0
    assert_rotated(home, user_with_two_sections)
    assert len(aws.calls("DeleteAccessKey")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["n", None], ids=["no", "no terminal"])
def test_the_answer_no_keeps_the_old_key_inactive(
    encee: Encee, home: Home, user_with_two_sections: Person, answer: str | None
) -> None:
    old = user_with_two_sections.user.access_key.id
    if answer is None:
        result = encee("keys", "rotate", "dev")
        code, said = result.code, result.err
    else:
        child = on_terminal("keys", "rotate", "dev", size=(24, 200))
        child.expect_exact("[y/N]")
        child.sendline(answer)
        said = child.read().replace("\r\n", "\n")
        code = child.wait()
    assert code == 0
    assert f"the old one, {old}, is inactive\n  when nothing uses it any longer:\n  aws iam delete-access-key" in said
    assert [(key.id == old, key.active) for key in user_with_two_sections.user.access_keys()] == [
        (True, False),
        (False, True),
    ]
    (command,) = re.findall(r"^  aws (iam .*)$", said, re.MULTILINE)
    assert run_aws(*shlex.split(command)).code == 0
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
def test_ctrl_c_at_the_prompt_reports_the_state_and_how_to_continue(
    encee: Encee, home: Home, user_with_two_sections: Person
) -> None:
    old = user_with_two_sections.user.access_key.id
    child = on_terminal("keys", "rotate", "dev", size=(24, 200))
    child.expect_exact("[y/N]")
    child.sendintr()
    child.expect(rf"interrupted; dev has its new key, AKIA\w+; the old one, {old}, is inactive and not deleted yet\r\n")
    child.expect_exact("encee: hint: encee keys rotate dev\r\n")
    assert child.wait() == 130
    assert encee("keys", "rotate", "dev", "--yes").code == 0
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--yes"], ["--keep-old"], ["--json"]])
def test_a_dry_run_shows_the_keys_and_changes_nothing(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws, options: list[str]
) -> None:
    before = home.state()
    result = encee("keys", "rotate", "dev", "--dry-run", *options)
    assert result.code == 0, result.err
    assert home.state() == before
    assert {call.action for call in aws.journal} == {"ListAccessKeys", "GetAccessKeyLastUsed"}
    assert only_key(user_with_two_sections).id == user_with_two_sections.user.access_key.id
    if options == ["--json"]:
        report = json.loads(result.out)
        assert (report["outcome"], report["old"], report["sections"]) == (
            "would-be-rotated",
            user_with_two_sections.user.access_key.id,
            ["dev", "my copy"],
        )
        return
    fate = {"--yes": "deleted", "--keep-old": "kept"}.get("".join(options), "deleted if you agree")
    old = user_with_two_sections.user.access_key.id
    assert re.fullmatch(
        rf"jane would get a new key, in the place of {old} in \[dev\] and \[my copy\]\n"
        rf"{old}, last used: today \d\d:\d\d, sts, would become inactive, then be {fate}\n",
        result.out,
    )


@pytest.mark.slow
def test_a_dry_run_reports_what_would_prevent_a_rotation(
    encee: Encee, user_with_two_sections: Person, aws: FakeAws
) -> None:
    other = user_with_two_sections.user.create_access_key()
    refused = encee("keys", "rotate", "dev", "--dry-run")
    assert (refused.code, "jane has two keys already" in refused.err) == (2, True)
    agreed = encee("keys", "rotate", "dev", "--dry-run", "--delete-unused")
    assert (agreed.code, f"{other.id}, which was never used, would be deleted\n" in agreed.out) == (0, True)
    assert aws.calls("DeleteAccessKey") == []


@pytest.mark.slow
def test_yes_and_keep_old_exclude_each_other(encee: Encee, user_with_two_sections: Person, aws: FakeAws) -> None:
    result = encee("keys", "rotate", "dev", "--yes", "--keep-old")
    assert (result.code, aws.journal) == (2, [])
    assert only_key(user_with_two_sections).id == user_with_two_sections.user.access_key.id


@pytest.mark.slow
@pytest.mark.usefixtures("user_with_two_sections")
def test_says_how_to_end_sessions_of_the_old_key(encee: Encee) -> None:
    result = encee("keys", "rotate", "dev-mfa", "--yes")
    assert result.code == 0
    assert "sessions from before last until they expire; an administrator can end them:\n" in result.err
    assert result.err.endswith("  encee account revoke jane --sessions-only --profile ADMIN\n")
    assert run_aws("--profile", "dev-mfa", "sts", "get-caller-identity").code == 0
    assert encee("refresh", "dev", "--if-expiring", "1h").code == 0


@pytest.mark.slow
def test_the_session_signs_changes_and_the_new_key_only_its_probe(
    encee: Encee, user_with_two_sections: Person, aws: FakeAws
) -> None:
    assert encee("keys", "rotate", "dev", "--yes").code == 0
    calls = [(call.action, call.access_key_id[:4]) for call in aws.journal]
    assert calls == [
        ("ListAccessKeys", "ASIA"),
        ("CreateAccessKey", "ASIA"),
        *[("GetCallerIdentity", "AKIA")] * 6,
        ("UpdateAccessKey", "ASIA"),
        *[("GetAccessKeyLastUsed", "ASIA")] * 2,
        ("DeleteAccessKey", "ASIA"),
    ]
    assert {call.access_key_id for call in aws.calls("GetCallerIdentity")} == {only_key(user_with_two_sections).id}


@pytest.mark.slow
def test_prompts_for_a_code_without_a_session(encee: Encee, home: Home, person: Person) -> None:
    home.write(credentials(person, person.user.access_key))
    assert encee("keys", "rotate", "dev", "--yes").code == 3
    result = encee("keys", "rotate", "dev", "--yes", "--code", person.device.next_code())
    assert result.code == 0, result.err
    assert_rotated(home, person)


@pytest.mark.slow
def test_json_lists_the_steps(encee: Encee, home: Home, user_with_two_sections: Person) -> None:
    report = json.loads(encee("keys", "rotate", "dev", "--yes", "--json").out)
    assert report == {
        "encee_format": 1,
        "profile": "dev",
        "user": "jane",
        "old": user_with_two_sections.user.access_key.id,
        "new": assert_rotated(home, user_with_two_sections).id,
        "sections": ["dev", "my copy"],
        "kept": False,
    }


@pytest.mark.slow
def test_keeps_the_old_key_inactive_on_request(encee: Encee, home: Home, user_with_two_sections: Person) -> None:
    result = encee("keys", "rotate", "dev", "--keep-old")
    old, new = user_with_two_sections.user.access_keys()
    assert (old.id, old.active, new.active) == (user_with_two_sections.user.access_key.id, False, True)
    assert f"the old one, {old.id}, is inactive" in result.err
    old.delete()
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
def test_waits_until_the_new_key_works_several_times_in_a_row(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    aws.propagation = 7
    assert encee("keys", "rotate", "dev", "--yes").code == 0
    assert_rotated(home, user_with_two_sections)
    answers = [call.error is None for call in aws.calls("GetCallerIdentity")]
    assert answers == [False, True] * 7 + [True] * 5


@pytest.mark.slow
def test_deletes_a_new_key_that_never_works(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_keys, "_USABLE_TIMEOUT_SECONDS", 0.3)
    aws.propagation = 1000
    result = encee("keys", "rotate", "dev", "--yes")
    assert result.code == 4
    assert re.search(r"the new key AKIA\w+ did not work within 0 s: AWS does not know the key", result.err)
    assert re.search(r"; the new key AKIA\w+ was deleted again, and dev keeps its old one\n", result.err)
    assert "hint: wait a few minutes; then: encee keys rotate dev --yes\n" in result.err
    assert_nothing_has_changed(home, user_with_two_sections)


# ---- refusals before a key is created


def assert_refused(encee: Encee, aws: FakeAws, code: int, says: str, *options: str) -> str:
    """Check that a rotation fails with this status and message and changes nothing; return its hint."""
    result = encee("keys", "rotate", "dev", "--yes", *options)
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert aws.calls("CreateAccessKey") == aws.calls("DeleteAccessKey") == []
    (hint,) = re.finditer("^encee: hint: (.*)$", result.err, re.MULTILINE)
    return hint[1]


@pytest.mark.slow
@pytest.mark.parametrize("copied", [True, False])
def test_refuses_a_key_in_the_config_file(
    encee: Encee, home: Home, person: Person, aws: FakeAws, *, copied: bool
) -> None:
    section = person.section("x").split("\n", 1)[1]
    home.write(person.section() if copied else "", f"[profile {'x' if copied else 'dev'}]\n{section}")
    hint = assert_refused(encee, aws, 5, "of the config file holds the key", "--code", person.device.next_code())
    assert hint == (
        "remove it from [profile x] in ~/.aws/config" if copied else "move it to [dev] of ~/.aws/credentials"
    )
    assert aws.journal == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[z]\naws_access_key_id = {id}\n", "[z] of the credentials file holds only a part of the key"),
        (
            "[z]\naws_access_key_id = AKIAZ\naws_secret_access_key = {secret}\n",
            "[z] of the credentials file holds only a part",
        ),
        ("[DEFAULT]\naws_access_key_id = {id}\n", "[DEFAULT] of the credentials file holds the key"),
    ],
)
def test_refuses_a_file_in_which_the_section_of_the_key_is_unclear(
    encee: Encee, home: Home, person: Person, aws: FakeAws, more: str, says: str
) -> None:
    key = person.user.access_key
    home.write(person.section() + more.format(id=key.id, secret=key.secret))
    assert_refused(encee, aws, 5, says, "--code", person.device.next_code())
    assert aws.journal == []


def test_refuses_a_read_only_file_before_a_code_is_used(encee: Encee, home: Home, person: Person, aws: FakeAws) -> None:
    home.write(credentials(person, person.user.access_key))
    (home.path / "another name").hardlink_to(home.credentials)
    assert_refused(encee, aws, 5, "has 2 hard links", "--code", person.device.next_code())
    assert aws.journal == []


@pytest.mark.slow
def test_refuses_a_session_of_another_user(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    other = aws.create_user("bob").access_key
    text = home.credentials.read_text()
    old = user_with_two_sections.user.access_key
    home.credentials.write_text(text.replace(old.id, other.id).replace(old.secret, other.secret))
    hint = assert_refused(encee, aws, 4, f"the user whose session signs has no key {other.id}")
    assert hint.endswith("encee refresh dev")


def test_refuses_if_no_key_works(encee: Encee, user_with_two_sections: Person, aws: FakeAws) -> None:
    user_with_two_sections.user.access_key.deactivate()
    assert_refused(encee, aws, 4, f"the key {user_with_two_sections.user.access_key.id} of dev is inactive")


@pytest.mark.usefixtures("user_with_two_sections")
def test_a_role_has_no_key_to_rotate(encee: Encee, home: Home, aws: FakeAws) -> None:
    home.config.write_text(f"[profile role]\nrole_arn = arn:aws:iam::{aws.account_id}:role/r\nsource_profile = dev\n")
    result = encee("keys", "rotate", "role")
    assert result.code == 2
    assert "role is a role" in result.err


def test_reports_what_aws_denied(encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws) -> None:
    aws.fault("CreateAccessKey", faults.error("AccessDenied", "User: jane is not authorized", 403))
    result = encee("keys", "rotate", "dev", "--yes")
    assert result.code == 4
    assert "dev is not allowed to perform CreateAccessKey: User: jane is not authorized" in result.err
    assert_nothing_has_changed(home, user_with_two_sections)


# ---- a second key


@pytest.mark.slow
def test_deletes_an_unused_key_on_request(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    other = user_with_two_sections.user.create_access_key()
    hint = assert_refused(
        encee,
        aws,
        2,
        f"jane has two keys already, as many as AWS allows; besides {user_with_two_sections.user.access_key.id}",
    )
    assert hint == "encee keys rotate dev --yes --delete-unused"
    result = encee("keys", "rotate", "dev", "--yes", "--delete-unused")
    assert result.code == 0, result.err
    assert f"deleting {other.id}, which was never used" in result.err
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--delete-unused"]])
@pytest.mark.parametrize("active", [True, False])
def test_describes_and_keeps_a_used_key(
    encee: Encee,
    home: Home,
    user_with_two_sections: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    *,
    active: bool,
) -> None:
    other = user_with_two_sections.user.create_access_key()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", other.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", other.secret)
    assert run_aws("--region", "eu-west-1", "sts", "get-caller-identity").code == 0
    if not active:
        other.deactivate()
    state = "active" if active else "inactive"
    says = rf"there is {other.id}: {state}, created \d{{4}}-\d\d-\d\d, last used \d{{4}}-\d\d-\d\d with sts\n"
    hint = assert_refused(encee, aws, 2, "jane has two keys already", *options)
    assert re.search(says, encee("keys", "rotate", "dev", "--yes", *options).err)
    assert {key.id for key in user_with_two_sections.user.access_keys()} == {
        user_with_two_sections.user.access_key.id,
        other.id,
    }

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    _, command = hint.split(": ", 1)
    assert run_aws(*shlex.split(command)[1:]).code == 0
    assert encee("keys", "rotate", "dev", "--yes").code == 0
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["credentials", "config"])
def test_keeps_an_unused_key_that_the_files_hold(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws, file: str
) -> None:
    other = user_with_two_sections.user.create_access_key()
    place = home.credentials if file == "credentials" else home.config
    header = "mine" if file == "credentials" else "profile mine"
    keys = f"aws_access_key_id = {other.id}\naws_secret_access_key = {other.secret}\n"
    place.write_text(f"[{header}]\n{keys}{place.read_text()}")
    hint = assert_refused(encee, aws, 2, f"never used, in [{header}]\n", "--delete-unused")
    assert f"aws iam delete-access-key --access-key-id {other.id} --profile dev-mfa" in hint


# ---- errors between the steps


def assert_a_key_on_disk_works(home: Home, person: Person, when: str) -> None:
    """Check that each section with the key has one that is active at AWS."""
    active = {(key.id, key.secret) for key in person.user.access_keys() if key.active}
    text = home.credentials.read_text()
    ids = re.findall(r"(?im)^ *aws_access_key_id *[=:] *(AKIA(?!IOSF)\w+)", text)
    secrets = re.findall(r"(?im)^ *aws_secret_access_key *[=:] *(\S+)", text)[::2]
    assert len(ids) == 2, when
    assert set(zip(ids, secrets, strict=True)) <= active, when


def assert_next_rotation_completes(encee: Encee, home: Home, person: Person, when: str) -> None:
    """Run it again and follow its hint; check that one key is left, in each section."""
    result = encee("keys", "rotate", "dev", "--yes")
    if result.code:
        (command,) = re.findall(r"^encee: hint: .*?(encee keys rotate dev.*)$", result.err, re.MULTILINE)
        result = encee(*shlex.split(command)[1:])
    assert result.code == 0, (when, result.err)
    assert_rotated(home, person)


class Scene:
    """Yield a new account with a user for each rotation."""

    def __init__(self, encee: Encee, home: Home, aws: FakeAws) -> None:
        self._encee, self._home, self._aws = encee, home, aws

    def begin(self) -> Person:
        self._aws.reset()
        self._aws.propagation = 1
        user = self._aws.create_user("jane")
        person = Person(user, user.create_device("phone"))
        self._home.write(credentials(person, user.access_key), "[profile dev]\nregion = eu-central-1\n")
        assert self._encee("refresh", "dev", "--code", person.device.next_code()).code == 0
        self._aws.journal.clear()
        return person

    def calls(self) -> list[str]:
        """Return the requests of a rotation without errors, in order."""
        person = self.begin()
        assert self._encee("keys", "rotate", "dev", "--yes").code == 0
        assert_rotated(self._home, person)
        return [call.action for call in self._aws.journal]


@pytest.fixture
def scene(encee: Encee, home: Home, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(access_keys, "_USABLE_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(rotate_key, "_IN_A_ROW", 2)
    return Scene(encee, home, aws)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 10_000], ids=["once", "from then on"])
@pytest.mark.parametrize(
    "fault",
    [faults.reset_before(), faults.reset(), faults.error("AccessDenied", "no", 403)],
    ids=lambda fault: fault.name,
)
def test_an_error_of_any_request_leaves_a_working_key(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws, fault: faults.Fault, times: int
) -> None:
    calls = scene.calls()
    failed = 0
    for number, action in enumerate(calls):
        when = f"{fault.name} at call {number}, {action}"
        person = scene.begin()
        aws.fault("*", faults.fine(), times=number)
        aws.fault("*", fault, times=times)
        code = encee("keys", "rotate", "dev", "--yes").code
        aws.heal()
        assert_a_key_on_disk_works(home, person, when)
        if code:
            failed += 1
            assert_next_rotation_completes(encee, home, person, when)
        assert_rotated(home, person)
    assert failed


@pytest.mark.slow
def test_a_lost_response_with_the_new_key_gets_a_hint_to_delete_it(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    aws.fault("CreateAccessKey", faults.reset())
    result = encee("keys", "rotate", "dev", "--yes")
    assert result.code == 4
    assert "dev keeps its key, but a new one may exist, whose secret is lost\n" in result.err
    assert "encee: hint: encee keys rotate dev --yes --delete-unused\n" in result.err
    assert len(aws.calls("CreateAccessKey")) == 1
    assert encee("keys", "rotate", "dev", "--yes", "--delete-unused").code == 0
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
def test_a_file_that_becomes_read_only_leaves_a_working_key(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws
) -> None:
    codes = set()
    second_name = home.path / "second name"
    for number, action in enumerate(scene.calls()):
        when = f"at call {number}, {action}"
        person = scene.begin()
        aws.fault("*", faults.fine(), times=number)
        aws.fault("*", faults.meanwhile(lambda: second_name.hardlink_to(home.credentials)))
        result = encee("keys", "rotate", "dev", "--yes")
        second_name.unlink()
        codes.add(result.code)
        assert_a_key_on_disk_works(home, person, when)
        if result.code:
            assert "has 2 hard links" in result.err, when
            assert only_key(person).id == person.user.access_key.id
            assert "dev keeps its old one\n" in result.err, when
            assert_next_rotation_completes(encee, home, person, when)
        else:
            assert "encee_old_key stays under [dev] and can be deleted" in result.err, when
            only_key(person)
    assert codes == {0, 5}


@pytest.mark.slow
@pytest.mark.parametrize("action", ["CreateAccessKey", "GetCallerIdentity", "UpdateAccessKey"])
def test_a_file_broken_meanwhile_is_reported_with_the_state_of_the_keys(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws, action: str
) -> None:
    sound = b""

    def break_it() -> None:
        nonlocal sound
        sound = home.credentials.read_bytes()
        home.credentials.write_bytes(b"[broken]\nnonsense\n" + sound)

    aws.fault(action, faults.meanwhile(break_it))
    result = encee("keys", "rotate", "dev", "--yes")
    assert ("line 2 holds" in result.err, "bug" in result.err) == (True, False), result.err
    if action == "UpdateAccessKey":
        assert result.code == 0
        assert "encee_old_key stays under [dev] and can be deleted" in result.err
    else:
        assert result.code == 5
        assert re.search(r"may hold the new key AKIA\w+, so both keys stay active\n", result.err), result.err
    home.credentials.write_bytes(sound)
    if result.code:
        assert encee("keys", "rotate", "dev", "--yes", "--delete-unused").code == 0
        only_key(user_with_two_sections)


@pytest.mark.slow
def test_keeps_what_another_program_writes_during_any_request(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws
) -> None:
    for number, _ in enumerate(scene.calls()):
        person = scene.begin()

        def write() -> None:
            home.credentials.write_text("[first]\nregion = eu-west-2\n" + home.credentials.read_text())

        aws.fault("*", faults.fine(), times=number)
        aws.fault("*", faults.meanwhile(write))
        assert encee("keys", "rotate", "dev", "--yes").code == 0
        text = home.credentials.read_text()
        assert text.startswith("[first]\nregion = eu-west-2\n# my keys\n")
        home.credentials.write_text(text.split("\n", 2)[2])
        assert_rotated(home, person)


@pytest.mark.slow
def test_deletes_the_new_key_if_another_program_removes_the_old_section(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws
) -> None:
    created = scene.calls().index("CreateAccessKey")
    person = scene.begin()
    aws.fault("*", faults.fine(), times=created + 1)
    aws.fault("*", faults.meanwhile(lambda: home.credentials.write_text("[z]\n")))
    result = encee("keys", "rotate", "dev", "--yes")
    assert result.code == 5
    assert (
        f"no section of the credentials file holds the key {person.user.access_key.id} any longer; the new key"
        in result.err
    )
    assert only_key(person).id == person.user.access_key.id


@pytest.mark.slow
def test_keeps_the_old_key_active_if_another_program_restores_it(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws
) -> None:
    last = len(scene.calls()) - 5  # the request that tries the key in the file
    person = scene.begin()
    before = home.credentials.read_text()
    aws.fault("*", faults.fine(), times=last - 1)
    aws.fault("*", faults.meanwhile(lambda: home.credentials.write_text(before)))
    assert encee("keys", "rotate", "dev", "--yes").code == 0  # the change came before the write
    assert_rotated(home, person)


KILLED = """
import os, signal, sys
from encee.cli.app import main
from encee.aws import access_keys
from encee.awsfile import atomic_write
from encee.workflows import rotate_key

access_keys._POLL_SECONDS, rotate_key._IN_A_ROW = 0.01, 2
moment, number = sys.argv[1], int(sys.argv[2])
exchange, writes = atomic_write.exchange_names, 0

def counted(*names):
    global writes
    if moment == "before" and writes == number:
        os.kill(os.getpid(), signal.SIGKILL)
    exchanged = exchange(*names)
    if moment == "after" and writes == number:
        os.kill(os.getpid(), signal.SIGKILL)
    writes += 1
    return exchanged

atomic_write.exchange_names = counted
code = main(["keys", "rotate", "dev", "--yes"])
print(writes)
sys.exit(code)
"""


def start_rotation(moment: str = "never", number: int = 0) -> "subprocess.Popen[str]":
    """A rotation in another process, which can kill itself before or after one of its writes."""
    command = [sys.executable, "-c", KILLED, moment, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_write_leaves_a_working_key(scene: Scene, encee: Encee, home: Home, moment: str) -> None:
    person = scene.begin()
    with start_rotation() as clean:
        out, err = clean.communicate()
    assert clean.returncode == 0, err
    assert_rotated(home, person)
    assert int(out) == 3
    for number in range(int(out)):
        when = f"killed {moment} write {number}"
        person = scene.begin()
        with start_rotation(moment, number) as child:
            child.communicate()
        assert child.returncode == -signal.SIGKILL
        assert_a_key_on_disk_works(home, person, when)
        assert_next_rotation_completes(encee, home, person, when)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_request_leaves_a_working_key(
    scene: Scene, encee: Encee, home: Home, aws: FakeAws, moment: str
) -> None:
    for number, action in enumerate(scene.calls()):
        when = f"killed {moment} call {number}, {action}"
        person = scene.begin()
        aws.fault("*", faults.fine(), times=number)
        aws.fault("*", faults.hang_before(60) if moment == "before" else faults.hang(60))
        with start_rotation() as child:
            while len(aws.journal) <= number:
                assert child.poll() is None, when
                time.sleep(0.01)
            child.kill()
        assert_a_key_on_disk_works(home, person, when)
        assert_next_rotation_completes(encee, home, person, when)


@pytest.mark.slow
def test_one_of_two_simultaneous_rotations_succeeds(home: Home, user_with_two_sections: Person) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run_encee("keys", "rotate", "dev", "--yes"), range(2)))
    assert sorted(result.code for result in results) in ([0, 0], [0, 5]), results
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
def test_an_interrupt_deletes_the_new_key(home: Home, user_with_two_sections: Person, aws: FakeAws) -> None:
    aws.propagation = 10_000
    child = on_terminal("keys", "rotate", "dev", "--yes")
    child.expect("waiting until it works everywhere")
    child.sendintr()
    child.expect(r"interrupted; the new key AKIA\w+ was deleted again, and dev keeps its old\s+one")
    child.expect_exact("encee: hint: encee keys rotate dev --yes\r\n")
    child.wait()
    assert child.exitstatus == 130
    assert_nothing_has_changed(home, user_with_two_sections)


@pytest.mark.slow
def test_an_interrupt_during_the_creation_warns_of_an_unknown_key(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    aws.fault("CreateAccessKey", faults.hang(2))
    child = on_terminal("keys", "rotate", "dev", "--yes", size=(24, 200))
    wait_for(lambda: aws.calls("CreateAccessKey"))
    child.sendintr()
    child.expect_exact("interrupted: dev keeps its key, but a new one may exist, whose secret is lost\r\n")
    child.expect_exact("encee: hint: encee keys rotate dev --yes --delete-unused\r\n")
    child.wait()
    assert child.exitstatus == 130
    assert encee("keys", "rotate", "dev", "--yes", "--delete-unused").code == 0
    assert_rotated(home, user_with_two_sections)


@pytest.mark.slow
@pytest.mark.usefixtures("scene")
def test_an_unrecorded_key_is_reported_with_the_command_to_delete_it(
    encee: Encee, home: Home, user_with_two_sections: Person, aws: FakeAws
) -> None:
    second_name = home.path / "second name"
    aws.fault("CreateAccessKey", faults.meanwhile(lambda: second_name.hardlink_to(home.credentials)))
    aws.fault("DeleteAccessKey", faults.reset_before(), times=3)
    result = encee("keys", "rotate", "dev", "--yes")
    second_name.unlink()
    assert result.code == 5
    assert re.search(r"; dev keeps its key, but the new one, AKIA\w+, could not be deleted again\n", result.err)
    assert result.err.endswith("; then: encee keys rotate dev --yes --delete-unused\n")
    assert encee("keys", "rotate", "dev", "--yes", "--delete-unused").code == 0
    assert_rotated(home, user_with_two_sections)
