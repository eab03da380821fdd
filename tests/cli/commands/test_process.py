"""`encee process`: the session as a credential_process."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pexpect
import pytest
from botocore.exceptions import CredentialRetrievalError

from tests.conftest import AWS, ENCEE, ROOT, Encee, Home, Person, on_terminal, run_aws, run_encee, wait_for
from tests.fake_aws import FakeAws

pytestmark = pytest.mark.slow


def test_real_readers_use_the_process(home: Home, dev_with_session: Person, aws: FakeAws) -> None:
    region = "region = eu-west-1\n"
    home.config.write_text(f"[profile via]\n{region}credential_process = {ENCEE} process dev\n[profile dev]\n{region}")
    who = run_aws("--profile", "via", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (who.code, who.out.strip()) == (0, dev_with_session.user.arn), who.err
    assert boto3.Session(profile_name="via").client("sts").get_caller_identity()["Arn"] == dev_with_session.user.arn
    assert {call.access_key_id[:4] for call in aws.calls("GetCallerIdentity")} == {"ASIA"}


@pytest.mark.usefixtures("dev")
def test_the_aws_command_reports_an_expired_session(home: Home) -> None:
    home.config.write_text(f"[profile via]\nregion = eu-west-1\ncredential_process = {ENCEE} process dev\n")
    who = run_aws("--profile", "via", "sts", "get-caller-identity")
    assert who.code != 0
    assert "encee: hint: encee refresh dev" in who.err


@pytest.mark.usefixtures("dev")
def test_boto3_reports_an_expired_session(home: Home) -> None:
    home.config.write_text(f"[profile via]\nregion = eu-west-1\ncredential_process = {ENCEE} process dev\n")
    with pytest.raises(CredentialRetrievalError, match="encee: hint: encee refresh dev"):
        boto3.Session(profile_name="via").client("sts").get_caller_identity()


WHO = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { fromProcess } from "@aws-sdk/credential-provider-process";
const client = new STSClient(process.argv[2] ? { credentials: fromProcess({ profile: process.argv[2] }) } : {});
try {
    console.log((await client.send(new GetCallerIdentityCommand({}))).Arn);
} catch (error) {
    console.error(error.message);
    process.exit(1);
}
"""


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a program that calls GetCallerIdentity with the AWS SDK for JavaScript."""
    folder = tmp_path_factory.mktemp("javascript")
    (folder / "who.mjs").write_text(WHO)
    # This version runs on the Node of Debian 12.
    package = "@aws-sdk/client-sts@3.873.0"
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=300)
    return folder / "who.mjs"


@pytest.mark.slow
@pytest.mark.needs("node", "npm")
def test_the_javascript_sdk_uses_the_process_and_reports_its_error(
    javascript: Path, encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = "region = eu-west-1\n"
    home.config.write_text(f"[profile via]\n{region}credential_process = {ENCEE} process dev\n[profile dev]\n{region}")
    monkeypatch.setenv("AWS_PROFILE", "via")

    def who(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["node", str(javascript), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    for arguments in ([], ["via"]):
        done = who(*arguments)
        assert (done.returncode, done.stdout.strip()) == (0, dev_with_session.user.arn), done.stderr
    assert {call.access_key_id[:4] for call in aws.calls("GetCallerIdentity")} == {"ASIA"}
    assert encee("clear", "dev").code == 0
    assert "encee: hint: encee refresh dev" in who("via").stderr
    assert who().stderr == "Could not load credentials from any providers\n"  # the chain does not show the reasons


def test_prints_the_document_that_sdks_expect(encee: Encee, dev_with_session: Person) -> None:
    document = json.loads(encee("process", "dev").out)
    assert document.keys() == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert document["Version"] == 1
    assert document["AccessKeyId"] != dev_with_session.user.access_key.id


def test_eight_processes_make_one_request(home: Home, dev: Person, aws: FakeAws) -> None:
    aws.latency = 0.2
    home.write(dev.section() + f"mfa_process = echo {dev.device.next_code()}\n")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: run_encee("process", "dev"), range(8)))
    assert [result.code for result in results] == [0] * 8, [result.err for result in results]
    assert len({json.loads(result.out)["AccessKeyId"] for result in results}) == 1
    assert len(aws.calls("GetSessionToken")) == 1


def test_refreshes_a_session_that_ends_soon_only_without_a_prompt(
    encee: Encee, home: Home, dev_with_session: Person, aws: FakeAws
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=11, minutes=50)
    old = json.loads(encee("process", "dev", now=soon).out)["AccessKeyId"]
    assert old in home.credentials.read_text()
    code = dev_with_session.device.next_code()
    new = json.loads(encee("process", "dev", "--code-command", f"echo {code}", now=soon).out)["AccessKeyId"]
    assert new != old
    assert len(aws.calls("GetSessionToken")) == 2


@pytest.mark.parametrize("command", ["false", "echo 000000"])
@pytest.mark.usefixtures("dev_with_session")
def test_prints_a_session_that_ends_soon_if_no_refresh_is_possible(encee: Encee, command: str) -> None:
    soon = datetime.now(UTC) + timedelta(hours=11, minutes=50)
    result = encee("process", "dev", "--code-command", command, now=soon)
    assert (result.code, json.loads(result.out)["Version"]) == (0, 1)
    assert "encee: warning: dev was not refreshed: " in result.err
    over = datetime.now(UTC) + timedelta(hours=12, minutes=1)
    result = encee("process", "dev", "--code-command", command, now=over)
    assert (result.code in {1, 4}, result.out) == (True, "")


def test_with_ask_the_aws_command_gets_its_session_from_a_prompt(home: Home, dev: Person) -> None:
    home.config.write_text(f"[profile via]\nregion = eu-west-1\ncredential_process = {ENCEE} process dev --ask\n")
    child = on_terminal("--profile", "via", "sts", "get-caller-identity", command=AWS)
    child.expect_exact("MFA code for dev")
    child.sendline(dev.device.next_code())
    child.expect_exact(dev.user.arn)
    child.expect(pexpect.EOF)
    assert child.wait() == 0


def test_with_ask_eight_processes_prompt_once(tmp_path: Path, dev: Person, aws: FakeAws) -> None:
    each = f"{ENCEE} process dev --ask 2>/dev/null >{tmp_path}/$number &"
    script = f"for number in 1 2 3 4 5 6 7 8; do {each} done; wait"
    child = pexpect.spawn("sh", ["-c", script], encoding="utf-8", timeout=30)
    child.expect_exact("MFA code for dev")
    wait_for(lambda: len(list(tmp_path.glob("[1-8]"))) == 8)
    child.sendline(dev.device.next_code())
    child.expect(pexpect.EOF)
    assert "MFA code" not in (child.before or "")
    assert len({json.loads((tmp_path / str(number)).read_text())["AccessKeyId"] for number in range(1, 9)}) == 1
    assert len(aws.calls("GetSessionToken")) == 1


def test_with_ask_a_valid_session_needs_no_prompt(dev_with_session: Person) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=11, minutes=50)).isoformat()
    script = str(ROOT / "tests" / "run_encee.py")
    child = on_terminal(script, soon, "process", "dev", "--ask", command=Path(sys.executable))
    child.expect(pexpect.EOF)
    assert (child.wait(), "MFA code" in (child.before or ""), dev_with_session.user.name) == (0, False, "jane")


@pytest.mark.usefixtures("dev")
def test_with_ask_and_no_terminal_reports_the_error() -> None:
    command = [str(ENCEE), "process", "dev", "--ask"]
    done = subprocess.run(command, start_new_session=True, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, "no terminal to prompt for a code" in done.stderr) == (3, True)


@pytest.mark.usefixtures("dev")
def test_never_prompts_even_on_a_terminal() -> None:
    child = on_terminal("process", "dev")
    begin = time.monotonic()
    child.expect(pexpect.EOF)
    assert child.wait() == 3
    assert "MFA code" not in (child.before or "")
    assert time.monotonic() - begin < 10
