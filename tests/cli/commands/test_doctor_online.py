"""`encee doctor PROFILE`: each fault that AWS reports, alone, and requests that AWS denies."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from encee.workflows.online_checks import OFFLINE_CHECKS, ONLINE_CHECKS
from tests.conftest import Encee, Home, Person, Result, section
from tests.fake_aws import FakeAws, FakeKey, faults

DENIED = faults.error("AccessDenied", "User: arn:aws:iam::123456789012:user/jane is not authorized", 403)


@dataclass(frozen=True)
class Scene:
    """What a fault can change."""

    home: Home
    aws: FakeAws
    person: Person

    def write(self, key: FakeKey | None = None, serial: str | None = None) -> None:
        """Write the profile, with another key or device if given."""
        self.home.write(
            section(key or self.person.user.access_key),
            "[profile dev]\nregion = eu-central-1\n" + (f"mfa_serial = {serial}\n" if serial else ""),
        )


class OnlineFault(NamedTuple):
    """A setup with one fault that only AWS can report."""

    check: str
    state: str
    says: str
    spoil: Callable[[Scene], None]
    remedy: str
    """A part of the remedy."""


def refuse(scene: Scene) -> None:
    scene.aws.refuse_connections()


def spoil(fault: faults.Fault) -> Callable[[Scene], None]:
    return lambda scene: scene.aws.fault("GetCallerIdentity", fault)


def clock(**ahead: int) -> Callable[[Scene], None]:
    """Set the clock of the stand-in ahead of this machine's."""

    def turn(scene: Scene) -> None:
        scene.aws.clock_offset = timedelta(**ahead)

    return turn


def dead_key(scene: Scene) -> None:
    scene.person.user.access_key.deactivate()


def key_in_another_region(scene: Scene) -> None:
    scene.home.config.write_text("[profile dev]\nregion = af-south-1\n")
    scene.person.user.access_key.deactivate()


def wrong_secret(scene: Scene) -> None:
    key = scene.person.user.access_key
    text = scene.home.credentials.read_text()
    scene.home.write(text.replace(key.secret, key.secret[::-1]))


def root(scene: Scene) -> None:
    scene.write(scene.aws.root_key(), scene.person.device.serial)


def no_device(scene: Scene) -> None:
    scene.write(scene.aws.create_user("bob").access_key)


def fido_only(scene: Scene) -> None:
    bob = scene.aws.create_user("bob")
    bob.create_fido_device("key")
    scene.write(bob.access_key)


def device_of_another_user(scene: Scene) -> None:
    other = scene.aws.create_user("bob").create_device("bobs")
    scene.write(serial=other.serial)


def several_devices(scene: Scene) -> None:
    scene.person.user.create_hardware_device("GAHT12345678")
    scene.write(serial="GAHT87654321")


def old_key(scene: Scene) -> None:
    age(scene.person.user.access_key, days=91)


def age(key: FakeKey, *, days: int) -> None:
    """Set the creation date of a key to so many days ago."""
    made = key._account.iam.access_keys[key.id]
    made.create_date -= timedelta(days=days)


ONLINE_FAULTS = (
    OnlineFault("sts-endpoint", "error", "could not be reached", refuse, "check the network, the proxy"),
    OnlineFault(
        "sts-endpoint", "error", "STS is switched off in eu-central-1", spoil(faults.region_disabled()), "region"
    ),
    OnlineFault(
        "sts-endpoint",
        "error",
        "the region eu-central-1 of dev is not one of the endpoint",
        spoil(faults.error("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403)),
        "match each other",
    ),
    OnlineFault("sts-endpoint", "error", "a proxy or sign-in page answered", spoil(faults.html()), "try again"),
    OnlineFault("clock", "warning", "earlier than AWS's", clock(seconds=60), "timedatectl"),
    OnlineFault("clock", "warning", "later than AWS's", clock(seconds=-60), "timedatectl"),
    OnlineFault("clock", "error", "earlier than AWS's", clock(minutes=6), "timedatectl"),
    OnlineFault("clock", "error", "is 20 min earlier than AWS's", clock(minutes=20), "timedatectl"),
    OnlineFault(
        "key-alive", "error", "was deleted, made inactive or mistyped", dead_key, "aws configure --profile dev"
    ),
    OnlineFault(
        "key-alive",
        "error",
        "or the region is not enabled for the account",
        key_in_another_region,
        "encee refresh dev --region us-east-1",
    ),
    OnlineFault("key-alive", "error", "does not belong to its key id", wrong_secret, "aws configure --profile dev"),
    OnlineFault("root-key", "error", "a key of the root user", root, "delete that key"),
    OnlineFault("no-device", "error", "the user of dev has no MFA device", no_device, "encee device enroll dev"),
    OnlineFault("fido-only", "error", "only FIDO security keys or passkeys", fido_only, "aws login"),
    OnlineFault(
        "device-owner",
        "error",
        "mfa/bobs, which is saved for dev, is not a device of its user",
        device_of_another_user,
        "encee device save dev arn:aws:iam::123456789012:mfa/phone",
    ),
    OnlineFault("device-owner", "error", "GAHT87654321", several_devices, "save the device that you use: "),
    OnlineFault("key-age", "warning", "is 91 days old", old_key, "encee keys rotate dev"),
)


@pytest.fixture
def scene(home: Home, aws: FakeAws, person: Person) -> Scene:
    """A healthy profile and its user."""
    made = Scene(home, aws, person)
    made.write(serial=person.device.serial)
    return made


def states(result: Result) -> dict[str, str]:
    """Return each check that sends a request, with its state."""
    ids = {check.id for check in ONLINE_CHECKS}
    return {check["id"]: check["state"] for check in json.loads(result.out)["checks"] if check["id"] in ids}


def wrong(result: Result) -> list[dict[str, Any]]:
    """Return the checks with findings."""
    return [check for check in json.loads(result.out)["checks"] if check["state"] not in {"ok", "unknown"}]


def message(result: Result, check: str) -> str:
    (found_checks,) = [one["message"] for one in json.loads(result.out)["checks"] if one["id"] == check]
    return str(found_checks)


@pytest.mark.slow
def test_a_healthy_profile_has_no_finding(encee: Encee, scene: Scene) -> None:
    age(scene.person.user.access_key, days=89)
    before = scene.home.state()
    result = encee("doctor", "dev", "--verbose")
    count = len([*OFFLINE_CHECKS, *ONLINE_CHECKS])
    assert (result.code, result.err) == (0, f"nothing to fix: {count} checks passed\n")
    assert {line.split()[0] for line in result.out.splitlines()[1:]} == {"ok"}
    assert states(encee("doctor", "dev-mfa", "--json")) == {check.id: "ok" for check in ONLINE_CHECKS}
    assert scene.home.state() == before
    assert {call.action for call in scene.aws.journal} == {"GetCallerIdentity", "ListMFADevices", "ListAccessKeys"}
    assert {call.region for call in scene.aws.calls("GetCallerIdentity")} == {"eu-central-1"}


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, id=f"{fault.check}-{n}") for n, fault in enumerate(ONLINE_FAULTS)]
)
def test_finds_each_fault_that_aws_reports_and_nothing_else(encee: Encee, scene: Scene, fault: OnlineFault) -> None:
    fault.spoil(scene)
    result = encee("doctor", "dev", "--json")
    (found_checks,) = wrong(result)
    assert (found_checks["id"], found_checks["state"]) == (fault.check, fault.state)
    assert result.code == (1 if fault.state == "error" else 0)
    assert fault.says in found_checks["message"]
    assert fault.remedy in f"{found_checks['remedy']} {' '.join(found_checks['commands'])}"
    assert scene.person.user.access_key.secret not in result.out + result.err


def test_claims_nothing_false_about_a_user_without_a_device(encee: Encee, scene: Scene) -> None:
    scene.write(scene.aws.create_user("bob").access_key, scene.person.device.serial)
    saved = encee("doctor", "dev", "--json")
    assert states(saved)["device-owner"] == "unknown"
    assert message(saved, "fido-only") == "the user's devices are not FIDO security keys or passkeys only"
    scene.write(scene.aws.create_user("eve").access_key)
    result = encee("doctor", "dev", "--json")
    assert message(result, "device-owner") == "no device is saved for dev: a refresh finds it"


def test_a_clock_a_few_seconds_off_is_fine(encee: Encee, scene: Scene) -> None:
    for seconds in (4, -4):
        scene.aws.clock_offset = timedelta(seconds=seconds)
        assert states(encee("doctor", "dev", "--json"))["clock"] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [5, -5])
def test_a_slow_response_and_a_rounded_date_are_no_clock_skew(encee: Encee, scene: Scene, seconds: int) -> None:
    scene.aws.latency = 0.5
    scene.aws.clock_offset = timedelta(seconds=seconds)
    assert states(encee("doctor", "dev", "--json"))["clock"] == "ok"


@pytest.mark.parametrize("action", ["ListMFADevices", "ListAccessKeys"])
def test_reports_denied_requests_without_an_error(encee: Encee, scene: Scene, action: str) -> None:
    scene.aws.fault(action, DENIED)
    result = encee("doctor", "dev", "--json")
    assert (result.code, wrong(result)) == (0, [])
    of_devices = {"no-device", "fido-only", "device-owner"}
    unknown = of_devices if action == "ListMFADevices" else {"key-age"}
    assert {id_ for id_, state in states(result).items() if state == "unknown"} == unknown
    assert "is not authorized" in message(result, min(unknown))
    scene.aws.fault(action, DENIED)
    text = encee("doctor", "dev")
    left = len([*OFFLINE_CHECKS, *ONLINE_CHECKS]) - len(unknown)
    assert (text.out, text.err.splitlines()[-1]) == ("", f"{left} checks passed")
    names = ", ".join(check.id for check in ONLINE_CHECKS if check.id in unknown)
    assert text.err.startswith(f"not checked: {names}: ")


def test_throttled_requests_cause_no_finding(encee: Encee, scene: Scene) -> None:
    scene.aws.fault("GetCallerIdentity", faults.throttled())
    result = encee("doctor", "dev", "--json")
    assert (result.code, set(states(result).values())) == (0, {"unknown"})


@pytest.mark.usefixtures("scene")
def test_a_response_without_a_date_says_nothing_about_the_clock(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fake_aws.server.Handler.date_time_string", lambda *_: "yesterday")
    result = encee("doctor", "dev", "--json")
    assert (result.code, states(result)["clock"]) == (0, "unknown")


def test_a_valid_session_sends_the_requests_that_need_mfa(encee: Encee, scene: Scene) -> None:
    assert encee("refresh", "dev", "-c", scene.person.device.next_code()).code == 0
    scene.aws.journal.clear()
    assert states(encee("doctor", "dev", "--json")) == {check.id: "ok" for check in ONLINE_CHECKS}
    by = {call.action: call.access_key_id[:4] for call in scene.aws.journal}
    assert by == {"GetCallerIdentity": "AKIA", "ListMFADevices": "ASIA", "ListAccessKeys": "ASIA"}
    for action in ("ListMFADevices", "ListAccessKeys"):  # AWS rejects the session, so the key sends the request again
        scene.aws.fault(action, DENIED)
    assert states(encee("doctor", "dev", "--json")) == {check.id: "ok" for check in ONLINE_CHECKS}


def test_an_expired_session_sends_no_request(encee: Encee, scene: Scene) -> None:
    assert encee("refresh", "dev", "-c", scene.person.device.next_code()).code == 0
    scene.aws.journal.clear()
    text = scene.home.credentials.read_text()
    start = text.index("expiration = ")
    scene.home.write(f"{text[:start]}expiration = 2020-01-01T00:00:00Z{text[text.index(chr(10), start) :]}")
    assert encee("doctor", "dev").code == 0
    assert {call.access_key_id[:4] for call in scene.aws.journal} == {"AKIA"}


def test_the_named_refresh_fixes_an_old_token(encee: Encee, scene: Scene) -> None:
    assert encee("refresh", "dev", "-c", scene.person.device.next_code()).code == 0
    scene.home.write(scene.home.credentials.read_text() + "aws_security_token = old\n")
    (found_checks,) = wrong(encee("doctor", "dev", "--json"))
    assert (found_checks["id"], found_checks["commands"]) == ("stale-token", ["encee refresh dev"])
    assert encee("refresh", "dev", "-d", "13h", "-c", scene.person.device.next_code()).code == 0
    assert wrong(encee("doctor", "dev", "--json")) == []


def test_a_device_that_no_file_names_is_fine(encee: Encee, scene: Scene) -> None:
    scene.write()
    result = encee("doctor", "dev", "--json")
    assert (result.code, states(result)["device-owner"]) == (0, "ok")
    assert message(result, "device-owner") == "no device is saved for dev: a refresh finds it"


def test_reports_an_invalid_serial_number_once(encee: Encee, scene: Scene) -> None:
    scene.write(serial="arn:aws:iam::123456789012:user/jane")
    result = encee("doctor", "dev", "--json")
    assert [found_checks["id"] for found_checks in wrong(result)] == ["device-form"]
    assert states(result)["device-owner"] == "unknown"


@pytest.mark.usefixtures("scene")
def test_ignores_the_device_of_the_environment(encee: Encee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCEE_MFA_SERIAL", "GAHT87654321")
    assert wrong(encee("doctor", "dev", "--json")) == []


def test_a_key_that_aws_does_not_list_has_no_age(encee: Encee, scene: Scene) -> None:
    other = scene.aws.create_user("bob").access_key
    key = scene.person.user.access_key
    scene.aws.fault("ListAccessKeys", listing(other))
    result = encee("doctor", "dev", "--json")
    assert states(result)["key-age"] == "unknown"
    assert key.id not in message(result, "key-age")


def listing(key: FakeKey) -> faults.Fault:
    """A response that lists another key."""
    from tests.fake_aws.messages import result

    member = {"AccessKeyId": key.id, "CreateDate": "2020-01-01T00:00:00Z", "Status": "Active", "UserName": "bob"}
    tree = {"AccessKeyMetadata": {"member": member}, "IsTruncated": "false"}
    return faults.Fault("another key", result("iam", "ListAccessKeys", tree))


# ---- profiles, and runs without requests


def test_a_role_checks_its_source_profile(encee: Encee, scene: Scene) -> None:
    arn = "arn:aws:iam::123456789012:role/admin"
    config = scene.home.config.read_text()
    scene.home.write(
        scene.home.credentials.read_bytes(),
        f"{config}[profile admin]\nrole_arn = {arn}\nsource_profile = dev-mfa\n",
    )
    result = encee("doctor", "admin", "--json")
    assert json.loads(result.out)["profile"] == "dev"
    assert states(result)["key-alive"] == "ok"


def test_offline_sends_no_request(encee: Encee, scene: Scene) -> None:
    result = encee("doctor", "dev", "--offline", "--json")
    assert (result.code, states(result), scene.aws.journal) == (0, {}, [])
    assert encee("doctor", "--json").code == 0
    assert scene.aws.journal == []


@pytest.mark.parametrize("word", ["absent", ""])
@pytest.mark.usefixtures("scene")
def test_an_unknown_profile_is_wrong_usage(encee: Encee, word: str) -> None:
    for arguments in (("doctor", word), ("doctor", word, "--offline")):
        result = encee(*arguments)
        assert (result.code, result.out) == (2, "")


@pytest.mark.parametrize("offline", [True, False])
def test_checks_the_files_if_the_profile_is_unusable(encee: Encee, scene: Scene, *, offline: bool) -> None:
    scene.home.write("[dev]\n[x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
    result = encee("doctor", "dev", "--json", *["--offline"] * offline)
    assert (result.code, scene.aws.journal) == (1, [])
    assert [found_checks["id"] for found_checks in wrong(result)] == ["long-term-keys", "half-a-key", "refresh"]
    assert wrong(result)[2]["message"].startswith("dev has no aws_access_key_id and no aws_secret_access_key in ")
    assert set(states(result).values()) == (set() if offline else {"unknown"})
    assert message(result, "refresh") == wrong(result)[2]["message"]


def test_checks_the_files_if_a_role_has_no_source(encee: Encee, scene: Scene) -> None:
    arn = "arn:aws:iam::123456789012:role/admin"
    scene.home.write(scene.home.credentials.read_text(), f"[profile admin]\nrole_arn = {arn}\nsource_profile = gone\n")
    result = encee("doctor", "admin", "--json")
    assert (result.code, [found_checks["id"] for found_checks in wrong(result)]) == (1, ["refresh"])
    assert set(states(result).values()) == {"unknown"}


@pytest.mark.parametrize(
    ("credentials", "word"), [("[x]\nnonsense\n{}", "dev"), ("[x]\nnonsense\n{}", "absent"), ("\ufeff{}", "dev")]
)
def test_sends_no_request_while_a_file_is_broken(encee: Encee, scene: Scene, credentials: str, word: str) -> None:
    scene.home.write(credentials.format(scene.home.credentials.read_text()))
    result = encee("doctor", word, "--json")
    assert (result.code, scene.aws.journal) == (1, [])
    assert set(states(result).values()) == {"unknown"}
    assert message(result, "key-alive") == "not asked: the files have to be fixed first"


def test_sends_no_secret_that_is_stored_as_the_key_id(encee: Encee, scene: Scene) -> None:
    key = scene.person.user.access_key
    scene.home.write(f"[dev]\naws_access_key_id = {key.secret}\naws_secret_access_key = {key.id}\n")
    result = encee("doctor", "dev", "--json")
    assert (result.code, scene.aws.journal) == (1, [])
    assert set(states(result).values()) == {"unknown"}
    assert key.secret not in result.out + result.err


def test_reports_a_key_that_the_keyring_withholds_and_sends_nothing(
    encee: Encee, dev: Person, home: Home, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    home.write(f"[dev]\nencee_access_key_id = {dev.user.access_key.id}\nencee_secret = keyring\n")
    result = encee("doctor", "dev")
    assert result.code == 0, result.err
    assert "not asked: this system has no usable keyring" in result.out + result.err
    assert aws.journal == []
