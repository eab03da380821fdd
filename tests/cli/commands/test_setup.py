"""`encee setup`: from a new key and a phone to a session, on a real pseudo-terminal."""

import json
from collections.abc import Callable, Iterator

import pexpect
import pytest

from encee.aws.policies.templates import build_policy
from tests.conftest import Encee, Home, Person, run_aws, shown, start_before_next_code
from tests.fake_aws import FakeAws, FakeDevice, FakeUser

Conversation = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def setup(aws: FakeAws) -> Iterator[Conversation]:
    """Start `encee setup` just before the next 30-second step."""
    del aws  # it has to exist
    started: list[pexpect.spawn[str]] = []

    def start(*words: str) -> "pexpect.spawn[str]":
        started.append(start_before_next_code("setup", *words))
        return started[-1]

    yield start
    for child in started:
        child.close(force=True)


def expect_exit(child: "pexpect.spawn[str]") -> int | None:
    child.expect(pexpect.EOF)
    assert "Traceback" not in (child.before or "")
    child.close()
    return child.exitstatus


def finish(child: "pexpect.spawn[str]", device: FakeDevice) -> None:
    """Type the code for the first session, the last prompt."""
    child.expect_exact(f"MFA code for dev ({device.serial}):")
    child.sendline(device.next_code())
    child.expect_exact("every day:")
    assert expect_exit(child) == 0


def type_key(child: "pexpect.spawn[str]", user: FakeUser) -> None:
    child.expect_exact("access key ID (not shown while you type):")
    child.sendline(user.access_key.id)
    child.expect_exact(user.access_key.id)
    child.expect_exact("secret access key (not shown):")
    child.sendline(user.access_key.secret)


@pytest.mark.slow
def test_leads_from_an_empty_home_to_a_session_that_aws_uses(setup: Conversation, home: Home, aws: FakeAws) -> None:
    jane = aws.create_user("jane")
    child = setup()
    child.expect_exact("name of the profile [dev]:")
    child.sendline("")
    child.expect_exact("region, such as eu-central-1 [us-east-1]:")
    child.sendline("eu-central-1")
    type_key(child, jane)
    child.expect_exact(f"AWS knows it: {jane.arn}")
    assert jane.access_key.secret not in (child.before or "")
    child.expect_exact("saved as [dev] in ~/.aws/credentials")
    child.expect_exact("code that the app shows now:")
    [device] = aws.virtual_devices()
    child.sendline(device.next_code())
    child.expect_exact("next code that the app shows:")
    child.sendline(device.next_code())
    child.expect_exact("saved as mfa_serial of dev in ~/.aws/config")
    child.expect_exact(f"MFA code for dev ({device.serial}):")
    child.sendline(device.next_code())
    child.expect_exact("dev-mfa is valid until")
    child.expect_exact("every day:")
    child.expect_exact("encee refresh dev")
    child.expect_exact("aws --profile dev-mfa s3 ls")
    child.expect_exact("encee status")
    assert expect_exit(child) == 0
    assert home.credentials.stat().st_mode & 0o777 == 0o600
    who = run_aws("--profile", "dev-mfa", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert who.out == f"{jane.arn}\n", who.err


@pytest.mark.slow
def test_skips_completed_steps(setup: Conversation, home: Home, dev: Person, encee: Encee, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    before = home.state()
    aws.journal.clear()
    child = setup()
    child.expect_exact("dev has one already")
    child.expect_exact(f"{dev.device.serial} is known")
    child.expect_exact("dev-mfa is valid until")
    child.expect_exact("every day:")
    assert expect_exit(child) == 0
    assert home.state() == before
    assert aws.journal == []


@pytest.mark.slow
def test_saves_an_existing_device_and_enrolls_none(
    setup: Conversation, home: Home, person: Person, aws: FakeAws
) -> None:
    home.write(person.section(serial=False), "[profile dev]\nregion = eu-central-1\n")
    child = setup("dev")
    child.expect_exact(f"{person.device.serial}, saved in ~/.aws/config")
    finish(child, person.device)
    assert aws.calls("CreateVirtualMFADevice") == []


@pytest.mark.slow
def test_prompts_again_for_a_key_that_aws_does_not_know(setup: Conversation, home: Home, aws: FakeAws) -> None:
    jane, dead = aws.create_user("jane"), aws.create_user("dead")
    dead.access_key.delete()
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    type_key(child, dead)
    child.expect_exact("AWS does not know the key")
    type_key(child, jane)
    child.expect_exact("saved as [dev]")
    child.sendintr()
    assert expect_exit(child) == 130
    assert jane.access_key.id in home.credentials.read_text()


@pytest.mark.slow
def test_ctrl_c_at_each_prompt_leaves_no_half_step_and_names_the_next(
    setup: Conversation, home: Home, aws: FakeAws
) -> None:
    jane = aws.create_user("jane")
    for question in ("name of the profile", "region, such as", "access key ID (", "secret access key"):
        child = setup()
        for seen, answer in (
            ("name of the profile", ""),
            ("region, such as", ""),
            ("access key ID (", jane.access_key.id),
            ("secret access key", "x"),
        ):
            child.expect_exact(seen)
            if seen == question:
                child.sendintr()
                break
            child.sendline(answer)
        assert expect_exit(child) == 130
        assert not home.credentials.exists()
    child = setup("dev")
    child.expect_exact("region, such as")
    child.sendline("")
    type_key(child, jane)
    child.expect_exact("code that the app shows now:")
    child.sendintr()
    child.expect_exact("encee: hint: encee setup dev continues from there")
    assert expect_exit(child) == 130
    assert aws.virtual_devices() == []
    assert "[dev]" in home.credentials.read_text()


@pytest.mark.slow
def test_ctrl_c_during_the_codes_deletes_the_device_and_later_keeps_it(
    setup: Conversation, home: Home, aws: FakeAws
) -> None:
    jane = aws.create_user("jane")
    key = jane.access_key
    home.write(
        f"[dev]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n",
        "[profile dev]\nregion = eu-central-1\n",
    )
    child = setup("dev")
    child.expect_exact("code that the app shows now:")
    child.sendline(aws.virtual_devices()[0].next_code())
    child.expect_exact("next code that the app shows:")
    child.sendintr()
    child.expect_exact("encee: hint: encee setup dev continues from there")
    assert expect_exit(child) == 130
    assert aws.virtual_devices() == []
    child = setup("dev")
    child.expect_exact("code that the app shows now:")
    [device] = aws.virtual_devices()
    child.sendline(device.next_code())
    child.expect_exact("next code that the app shows:")
    child.sendline(device.next_code())
    child.expect_exact("MFA code for dev")
    child.sendintr()
    child.expect_exact("encee: hint: encee setup dev continues from there")
    assert expect_exit(child) == 130
    child = setup("dev")
    child.expect_exact(f"{device.serial} is known")
    finish(child, device)


@pytest.mark.slow
def test_works_in_an_account_that_requires_mfa(setup: Conversation, home: Home, aws: FakeAws) -> None:
    jane = aws.create_user("jane")
    text = json.dumps(build_policy("mfa-required"))
    policy = aws.iam.create_policy("", "/encee/", text, "encee-MFARequired", [])
    aws.iam.create_group("encee", "/encee/")
    aws.iam.attach_group_policy(policy.arn, "encee")
    aws.iam.add_user_to_group("encee", "jane")
    aws.enforce_policies = True
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    type_key(child, jane)
    child.expect_exact("code that the app shows now:")
    [device] = aws.virtual_devices()
    child.sendline(device.next_code())
    child.expect_exact("next code that the app shows:")
    child.sendline(device.next_code())
    finish(child, device)
    assert "[dev-mfa]" in home.credentials.read_text()


@pytest.mark.slow
def test_a_user_who_may_not_list_devices_enters_the_serial_number(
    setup: Conversation, home: Home, person: Person
) -> None:
    home.write(person.section(serial=False), "[profile dev]\nregion = eu-central-1\n")
    person.user.allow_listing_devices = False
    child = setup("dev")
    child.expect_exact("ARN")
    child.sendline(person.device.serial)
    child.expect_exact(f"{person.device.serial}, saved in ~/.aws/config")
    finish(child, person.device)


@pytest.mark.slow
def test_reports_a_key_of_another_partition_and_works_in_its_region(
    setup: Conversation, home: Home, aws: FakeAws
) -> None:
    aws.partition = "aws-us-gov"
    jane = aws.create_user("jane")
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    type_key(child, jane)
    child.expect_exact("us-gov-west-1")
    child.expect_exact("access key ID (")
    child.sendintr()
    assert expect_exit(child) == 130
    assert not home.credentials.exists()
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("us-gov-west-1")
    type_key(child, jane)
    child.expect_exact("AWS knows it: arn:aws-us-gov:iam::")
    child.expect_exact("code that the app shows now:")
    child.sendintr()
    assert expect_exit(child) == 130


@pytest.mark.slow
def test_without_a_network_does_not_prompt_for_the_key_again(setup: Conversation, home: Home, aws: FakeAws) -> None:
    jane = aws.create_user("jane")
    aws.refuse_connections()
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    type_key(child, jane)
    child.expect_exact("could not be reached")
    assert expect_exit(child) == 4
    assert not home.credentials.exists()


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, "", "nonsense\n", "Access key ID,Secret access key\nAKIA,x\n"])
def test_reports_an_invalid_csv_file_before_it_prompts(
    setup: Conversation, home: Home, aws: FakeAws, content: str | None
) -> None:
    file = home.path / "keys.csv"
    if content is not None:
        file.write_text(content)
    child = setup("dev", "--csv", str(file))
    child.expect_exact("encee: error:")
    assert expect_exit(child) in {1, 2}
    assert "region, such as" not in (child.before or "")
    assert not home.credentials.exists()
    assert aws.journal == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my dev", "a]b", "[$(touch F)]", "DEFAULT"])
def test_refuses_a_name_that_some_tool_cannot_read_before_it_prompts(
    setup: Conversation, home: Home, aws: FakeAws, name: str
) -> None:
    child = setup()
    child.expect_exact("name of the profile [dev]:")
    child.sendline(name)
    child.expect_exact("encee: error:")
    assert expect_exit(child) in {2, 5}
    assert "access key ID" not in (child.before or "")
    assert not home.credentials.exists()
    assert aws.journal == []


@pytest.mark.slow
def test_reads_the_key_from_the_csv_file_of_the_console(setup: Conversation, home: Home, person: Person) -> None:
    file = home.path / "keys.csv"
    key = person.user.access_key
    file.write_text(f"Access key ID,Secret access key\n{key.id},{key.secret}\n")
    child = setup("dev", "--csv", str(file))
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    child.expect_exact("saved as [dev]")
    child.expect_exact(f"rm {shown(file)}")
    finish(child, person.device)


@pytest.mark.slow
def test_a_csv_file_with_the_existing_key_is_done(setup: Conversation, home: Home, dev: Person) -> None:
    file = home.path / "keys.csv"
    key = dev.user.access_key
    file.write_text(f"Access key ID,Secret access key\n{key.id},{key.secret}\n")
    child = setup("dev", "--csv", str(file))
    child.expect_exact(f"key      dev has that of {shown(file)} already")
    child.expect_exact(f"rm {shown(file)}")
    child.expect_exact("MFA code for dev")
    child.sendintr()
    assert expect_exit(child) == 130


@pytest.mark.slow
@pytest.mark.parametrize("fields", ["AKIAIOSFODNN7EXAMPLE,{secret}", "{id},wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"])
def test_refuses_a_csv_file_with_another_key_than_the_profile(
    setup: Conversation, home: Home, dev: Person, aws: FakeAws, fields: str
) -> None:
    file = home.path / "keys.csv"
    key = dev.user.access_key
    file.write_text(f"Access key ID,Secret access key\n{fields.format(id=key.id, secret=key.secret)}\n")
    before = home.state()
    child = setup("dev", "--csv", str(file))
    child.expect_exact(f"encee: error: dev has another key than {shown(file)}; nothing was changed")
    child.expect_exact(f"encee setup NAME --csv {shown(file)}")
    assert expect_exit(child) == 5
    assert home.state() == before
    assert aws.journal == []


@pytest.mark.slow
def test_refuses_and_does_not_save_a_root_key(setup: Conversation, home: Home, aws: FakeAws) -> None:
    root = aws.root_key()
    file = home.path / "keys.csv"
    file.write_text(f"Access key ID,Secret access key\n{root.id},{root.secret}\n")
    child = setup("dev", "--csv", str(file))
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    child.expect_exact("the root user")
    assert expect_exit(child) == 4
    assert not home.credentials.exists()


@pytest.mark.slow
def test_overwrites_nothing(setup: Conversation, home: Home, aws: FakeAws) -> None:
    home.write("[dev]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n")
    before = home.state()
    child = setup("dev")
    child.expect_exact("exists already, with other content")
    assert expect_exit(child) == 5
    assert home.state() == before
    assert aws.journal == []


def test_needs_a_terminal(encee: Encee, home: Home) -> None:
    result = encee("setup")
    assert result.code == 2
    assert "encee import csv FILE --profile NAME" in result.err
    assert not home.credentials.exists()


@pytest.mark.slow
def test_prompts_for_one_of_several_profiles(setup: Conversation, home: Home, person: Person) -> None:
    home.write(person.section("one") + person.section("two"))
    child = setup()
    child.expect_exact("there are 2 profiles with long-term keys:")
    child.expect_exact("which one is it, 1 to 3?")
    child.sendline("4")
    child.expect_exact("which one is it, 1 to 3?")
    child.sendline("2")
    child.expect_exact("two has one already")
    child.expect_exact("MFA code for two")
    child.sendline(person.device.next_code())
    child.expect_exact("encee refresh two")
    assert expect_exit(child) == 0


@pytest.mark.slow
def test_accepts_a_new_name_beside_several_profiles(setup: Conversation, home: Home, person: Person) -> None:
    home.write(person.section("dev") + person.section("two"))
    child = setup()
    child.expect_exact("  3  a new profile")
    child.sendline("3")
    child.expect_exact("name of the profile:")
    child.sendline("two")
    child.expect_exact("two is there already")
    child.expect_exact("name of the profile:")
    child.sendline("three")
    child.expect_exact("region, such as")
    child.sendintr()
    child.expect_exact("encee setup three continues from there")
    assert expect_exit(child) == 130


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["secret", "ASIAQNZGKIQY56JQ7WML", "", "akia"])
def test_removes_an_invalid_key_id_from_the_screen(setup: Conversation, aws: FakeAws, typed: str) -> None:
    jane = aws.create_user("jane")
    child = setup("dev")
    child.expect_exact("[us-east-1]:")
    child.sendline("")
    child.expect_exact("access key ID (not shown while you type):")
    typed = jane.access_key.secret if typed == "secret" else typed
    child.sendline(typed)
    child.expect_exact("what you typed was not shown")
    assert not typed or typed not in (child.before or "")
    type_key(child, jane)
    child.expect_exact(f"AWS knows it: {jane.arn}")
    child.sendintr()
    assert expect_exit(child) == 130
