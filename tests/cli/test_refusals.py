"""Each error prints one line, a hint and no secret, has the right exit status, and writes nothing.

Each case prepares its fault and returns the command line; the tests below run all cases.
"""

import logging
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import boto3
import pytest

from tests.conftest import Encee, Home, Person
from tests.fake_aws import FakeAws, faults

REFRESH = ("refresh", "dev", "--code", "CODE")


@dataclass
class Scene:
    """What a case can change before the command runs."""

    home: Home
    person: Person
    aws: FakeAws
    monkeypatch: pytest.MonkeyPatch
    code: str

    def credentials(self, after: str = "", *, serial: bool = True) -> None:
        self.home.write(self.person.section(serial=serial) + after)

    def section(self, *lines: str) -> None:
        """Write `[dev]` with these lines, in which KEY and SECRET are replaced."""
        key = self.person.user.access_key
        text = "\n".join(["[dev]", *lines, f"mfa_serial = {self.person.device.serial}", ""])
        self.home.write(text.replace("KEY", key.id).replace("SECRET", key.secret))


@dataclass(frozen=True)
class Case:
    """A fault and the result of the command.

    `sent` is the number of GetSessionToken requests that may have reached AWS.
    """

    name: str
    code: int
    says: str
    prepare: Callable[[Scene], None] = lambda _: None
    command: tuple[str, ...] = REFRESH
    sent: int = 0
    hint: str = ""


def fault(one: faults.Fault, times: int = 1) -> Callable[[Scene], None]:
    return lambda scene: scene.aws.fault("GetSessionToken", one, times)


def slow(one: faults.Fault) -> Callable[[Scene], None]:
    """A fault of a response, with a timeout of half a second."""

    def prepare(scene: Scene) -> None:
        scene.monkeypatch.setattr("encee.aws.http_limits.DEADLINE_SECONDS", 0.5)
        scene.aws.fault("GetSessionToken", one)

    return prepare


def a_slow_connection(scene: Scene) -> None:
    scene.monkeypatch.setattr("encee.aws.http_limits.DEADLINE_SECONDS", 0.2)
    scene.aws.connect_latency = 1


def add_after(text: str | bytes) -> Callable[[Scene], None]:
    """Append this to the credentials file."""
    more = text.encode() if isinstance(text, str) else text
    return lambda scene: scene.home.write(scene.person.section().encode() + more)


def config(text: str) -> Callable[[Scene], None]:
    return lambda scene: scene.home.write(scene.person.section(), text)


def a_clock_that_is(minutes: int) -> Callable[[Scene], None]:
    def prepare(scene: Scene) -> None:
        scene.aws.clock_offset = timedelta(minutes=-minutes)

    return prepare


def a_used_code(scene: Scene) -> None:
    key = scene.person.user.access_key
    client = boto3.client("sts", aws_access_key_id=key.id, aws_secret_access_key=key.secret, region_name="eu-west-1")
    client.get_session_token(SerialNumber=scene.person.device.serial, TokenCode=scene.code)


def one_target_for_two(scene: Scene) -> None:
    section = "[profile {}]\nencee_session_profile = both\n"
    scene.home.write(scene.person.section() + scene.person.section("b"), section.format("dev") + section.format("b"))


def a_key_that_aws_lost(scene: Scene) -> None:
    scene.person.user.access_key.deactivate()


def a_stray_token(scene: Scene) -> None:
    tokens = "aws_session_token = t\naws_security_token = t\n"
    scene.home.write(f"{scene.person.section()}{tokens}")


def a_stray_token_in_the_config_file(scene: Scene) -> None:
    scene.home.write(scene.person.section(), "[profile dev]\nregion = eu-central-1\naws_session_token = t\n")


def a_quoted_id(scene: Scene) -> None:
    key = scene.person.user.access_key
    scene.home.write(scene.person.section().replace(key.id, f'"{key.id}"'))


def a_region_that_is_not_enabled(scene: Scene) -> None:
    scene.home.write(scene.person.section(), "[profile dev]\nregion = af-south-1\n")
    scene.person.user.access_key.deactivate()


def a_dead_proxy(scene: Scene) -> None:
    scene.monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.invalid")
    scene.monkeypatch.setenv("HTTP_PROXY", "http://jane:hunter2@127.0.0.1:9")


DENIED_BY_SCP = "with an explicit deny in a service control policy"
SERIAL = "arn:aws:iam::123456789012:mfa/phone"
CASES = [
    # the profile
    Case("unknown profile", 2, "there is no profile dve in", command=("refresh", "dve"), hint="encee refresh dev"),
    Case(
        "stray token",
        2,
        "dev holds a session token beside a long-term key (AKIA…), which AWS refuses",
        a_stray_token,
        hint="delete lines 5 and 6 of ",
    ),
    Case(
        "stray token in the config file",
        2,
        "dev holds a session token beside a long-term key (AKIA…), which AWS refuses",
        a_stray_token_in_the_config_file,
        hint="config",
        command=("env", "dev"),
    ),
    Case(
        "quoted id",
        2,
        "aws_access_key_id of dev is in quotes",
        a_quoted_id,
        hint="",
    ),
    Case("unknown pattern", 2, "no profile matches x*", command=("refresh", "x*", "-c", "CODE")),
    Case("no secret", 2, "dev has no aws_secret_access_key", lambda s: s.section("aws_access_key_id = KEY")),
    Case(
        "swapped",
        2,
        "id and secret may be swapped",
        lambda s: s.section("aws_access_key_id = SECRET", "aws_secret_access_key = KEY"),
    ),
    Case("no keys", 2, "dev has no aws_access_key_id and no aws_secret", lambda s: s.section("region = eu-west-1")),
    Case(
        "a session token",
        2,
        "dev holds session credentials",
        lambda s: s.section("aws_access_key_id = ASIAX", "aws_secret_access_key = SECRET", "aws_session_token = TOKEN"),
    ),
    Case(
        "an ASIA key",
        2,
        "dev holds the key of a session",
        lambda s: s.section("aws_access_key_id = ASIAIOSFODNN7EXAMPLE", "aws_secret_access_key = SECRET"),
    ),
    Case("a role", 2, "admin is a role", config("[profile admin]\nrole_arn = x\n"), ("refresh", "admin", "-c", "CODE")),
    # the command line
    Case("five digits", 2, "is not six digits", command=("refresh", "dev", "-c", "12345")),
    Case("letters", 2, "is not six digits", command=("refresh", "dev", "-c", "12345a")),
    Case("other digits", 2, "is not six digits", command=("refresh", "dev", "-c", "¹²³⁴⁵⁶")),
    Case("no code at all", 2, "no terminal to prompt", command=("refresh", "dev"), hint="--code"),
    Case("no line on stdin", 2, "standard input holds no code left", command=("refresh", "dev", "--code", "-")),
    Case("too short", 2, "a session cannot last 8m", command=(*REFRESH, "--duration", "8m"), hint="--duration"),
    Case("too long", 2, "a session cannot last 37h", command=(*REFRESH, "-d", "37h")),
    Case("no duration", 2, "'soon' is not a duration", command=(*REFRESH, "-d", "soon"), hint="12h"),
    Case("an empty duration setting", 2, "'h' is not", config("[profile dev]\nencee_duration = h\n")),
    Case("a huge duration", 2, "a session cannot last", command=(*REFRESH, "-d", "9" * 30)),
    Case("a user's ARN", 2, "is the ARN of a user", command=(*REFRESH, "--mfa-serial", SERIAL.replace("mfa", "user"))),
    Case("a secret as serial", 2, "not the serial", command=(*REFRESH, "--mfa-serial", "x y")),
    Case("a FIDO key", 2, "FIDO security key", command=(*REFRESH, "--mfa-serial", SERIAL.replace("mfa", "u2f"))),
    Case("a role's ARN", 2, "not the serial", command=(*REFRESH, "--mfa-serial", SERIAL.replace("mfa", "role"))),
    Case("a short serial", 2, "GAHT is not a device of the user of dev", command=(*REFRESH, "--mfa-serial", "GAHT")),
    Case(
        "a serial in the file",
        2,
        "is the ARN of a user",
        lambda s: s.credentials(after="mfa_serial = " + SERIAL.replace("mfa", "user") + "\n", serial=False),
    ),
    Case("--to for two", 2, "exactly one PROFILE", command=("refresh", "dev", "x", "--to", "y", "-c", "CODE")),
    Case("--to without a profile", 2, "exactly one PROFILE", command=("refresh", "--to", "y", "-c", "CODE")),
    Case("no such option", 2, "no such option: --cod", command=("refresh", "--cod", "1")),
    Case("no such command", 2, "no such command 'refrsh'", command=("refrsh",)),
    Case(
        "one target for two", 2, "dev and b would both be written to both", one_target_for_two, ("refresh", "dev", "b")
    ),
    # the session profile
    Case("DEFAULT", 2, "'DEFAULT' cannot be the session profile", command=(*REFRESH, "--to", "DEFAULT"), hint="--to"),
    Case("a blank in the name", 2, "cannot be the session", command=(*REFRESH, "--to", "my dev")),
    Case(
        "long-term keys",
        5,
        "[dev] holds keys that may exist nowhere else",
        command=(*REFRESH, "--to", "dev"),
        hint="--to",
    ),
    Case(
        "half a key",
        5,
        "[dev-mfa] holds keys",
        add_after("[dev-mfa]\naws_secret_access_key = x\n"),
        hint="encee refresh dev --to dev-session",
    ),
    Case(
        "another manager", 5, "is managed by awsume", add_after("[dev-mfa]\nmanager = awsume\naws_session_token = x\n")
    ),
    Case(
        "aws-mfa's",
        5,
        "is managed by aws-mfa",
        add_after("[dev-mfa]\nassumed_role = False\nexpiration = 2026-01-01 00:00:00\naws_session_token = x\n"),
    ),
    Case(
        "saml2aws's",
        5,
        "is managed by another tool (x_security",
        add_after("[dev-mfa]\nx_security_token_expires = 2026-01-01T00:00:00Z\naws_session_token = x\n"),
    ),
    *(
        Case(
            f"shadowed by {key}",
            5,
            f"{key} in the profile dev-mfa",
            config(f"[profile dev-mfa]\n{key} = x\n"),
            hint="--to",
        )
        for key in ("role_arn", "sso_session", "sso_start_url", "web_identity_token_file")
    ),
    Case("shadowed at home", 5, "role_arn in the profile", add_after("[dev-mfa]\nrole_arn = x\n")),
    # the file
    Case(
        "a byte-order mark", 5, "line 1 holds a byte-order mark", lambda s: s.home.write("\ufeff" + s.person.section())
    ),
    Case("a section twice", 5, "line 5 holds a section for the second time", add_after("[dev]\n")),
    Case("a key twice", 5, "line 5 holds a key for the second time", add_after("MFA_SERIAL = x\n")),
    Case(
        "a key before any section",
        5,
        "line 1 holds a key before",
        lambda s: s.home.write("a = b\n" + s.person.section()),
    ),
    Case("no UTF-8", 5, "line 5 holds bytes that are not UTF-8", add_after(b"# \xff\n")),
    Case("a lone CR", 5, "line 5 holds a carriage return", add_after("# x\r# y\n")),
    Case("a line of nothing", 5, "line 5 holds neither a key", add_after("aws_secret_access_key\n")),
    Case("a spelling", 5, "line 5 spells [dev-mfa]", add_after("[ dev-mfa ]\n"), hint="[dev-mfa]"),
    Case("a broken config file", 5, "config: line 1 holds a key before", config("region = x\n")),
    Case(
        "DEFAULT holds a token", 5, "would change how the AWS tools read", add_after("[DEFAULT]\naws_account_id = 1\n")
    ),
    # errors of AWS
    Case(
        "wrong code", 4, "did not accept the code", command=("refresh", "dev", "-c", "000000"), sent=1, hint="next code"
    ),
    Case("used code", 4, "did not accept the code", a_used_code, sent=1),
    Case(
        "the device of another user",
        4,
        "does not belong to the user",
        lambda s: s.credentials(
            after=f"mfa_serial = {s.aws.create_user('bob').create_device('other').serial}\n", serial=False
        ),
        sent=1,
        hint="--mfa-serial",
    ),
    Case(
        "dead key",
        4,
        "was deleted, made inactive or mistyped, or it belongs to another partition, such as GovCloud",
        a_key_that_aws_lost,
        sent=1,
        hint="aws configure --profile dev",
    ),
    Case(
        "a region that is not enabled",
        4,
        "in af-south-1: it was deleted, made inactive or mistyped, or the region is not enabled for the account",
        a_region_that_is_not_enabled,
        sent=1,
        hint="encee refresh dev --region us-east-1",
    ),
    Case(
        "a region of another partition",
        2,
        "the region cn-north-1 of dev is not in aws, the partition of the device arn:aws:iam::",
        config("[profile dev]\nregion = cn-north-1\n"),
        hint="encee refresh dev --region us-east-1",
    ),
    Case(
        "a role's region of another partition",
        2,
        "the region us-gov-west-1 of admin is not in aws",
        config(
            "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = dev\n"
            "region = us-gov-west-1\n"
        ),
        ("refresh", "admin", "-c", "CODE"),
        hint="encee refresh admin --region us-east-1",
    ),
    Case(
        "a region that is not the endpoint's",
        4,
        "the region eu-central-1 of dev is not one of the endpoint that was asked",
        fault(faults.error("SignatureDoesNotMatch", "Credential should be scoped to a valid region. ", 403)),
        sent=1,
        hint="AWS_ENDPOINT_URL",
    ),
    Case(
        "an explicit deny of the session",
        4,
        "jane is not allowed to perform sts:GetSessionToken: an explicit deny in a service control policy",
        lambda s: s.aws.fault(
            "GetSessionToken", faults.denied(s.person.user.arn, "sts:GetSessionToken", "*", DENIED_BY_SCP)
        ),
        sent=1,
        hint="an administrator has to change the policy that denies it",
    ),
    Case(
        "an empty variable for certificates",
        4,
        "REQUESTS_CA_BUNDLE is empty",
        lambda s: s.monkeypatch.setenv("REQUESTS_CA_BUNDLE", ""),
        hint="unset REQUESTS_CA_BUNDLE",
    ),
    Case(
        "an empty option for certificates",
        4,
        "ca_bundle of dev is empty",
        config("[profile dev]\nca_bundle =\n"),
        hint="or name a file",
    ),
    Case("a dead proxy", 4, "the proxy 127.0.0.1:9 could not be reached", a_dead_proxy, hint="HTTPS_PROXY"),
    Case(
        "a quoted id",
        2,
        "aws_access_key_id of dev is in quotes",
        lambda s: s.section('aws_access_key_id = "KEY"', "aws_secret_access_key = SECRET"),
    ),
    Case(
        "not a key id",
        2,
        "aws_access_key_id of dev is not the id of an access key",
        lambda s: s.section("aws_access_key_id = KEY # mine", "aws_secret_access_key = SECRET"),
    ),
    Case(
        "wrong secret",
        4,
        "does not belong to its key id",
        lambda s: s.section(
            "aws_access_key_id = KEY", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
        sent=1,
        hint="aws configure --profile dev",
    ),
    Case("a slow clock", 4, "clock is 20 min earlier than AWS's", a_clock_that_is(-20), sent=1, hint="timedatectl"),
    Case("a fast clock", 4, "clock is 20 min later than AWS's", a_clock_that_is(20), sent=1),
    Case("region switched off", 4, "STS is switched off in eu-central-1", fault(faults.region_disabled()), sent=1),
    Case(
        "anything else",
        4,
        "AWS refused the request of dev: Odd: \ufffdder\ufffd",
        fault(faults.error("Odd", "\u202eder\u009b", 400)),
        sent=1,
    ),
    Case(
        "an answer that quotes the secret",
        4,
        "AWS refused the request of dev: Odd: you sent …",
        lambda s: s.aws.fault(
            "GetSessionToken", faults.error("Odd", f"you sent {s.person.user.access_key.secret}", 400)
        ),
        sent=1,
    ),
    Case(
        "an internal error", 4, "AWS had an internal error (500)", fault(faults.status(500)), sent=1, hint="next code"
    ),
    Case(
        "a page",
        4,
        "sign-in page answered: that code may",
        fault(faults.html(200)),
        sent=1,
        hint="next code",
    ),
    Case("a proxy's page", 4, "a proxy or sign-in page", fault(faults.html(502)), sent=1),
    # endless responses
    *(
        Case(f"a drip, {one.name}", 4, "AWS did not answer within 0.5 s: that code may", slow(one), sent=1, hint="next")
        for one in (faults.hang(20), faults.drip_head(0.05), faults.drip_body(0.05))
    ),
    Case("a slow connection", 4, "AWS did not answer within 0.2 s: that code may", a_slow_connection, hint="next code"),
    *(
        Case(f"too much, {one.name}", 4, f"{says}: that code may have been used", fault(one), sent=1, hint="next code")
        for one, says in (
            (faults.flood(), "AWS's answer is longer than 1 MiB"),
            (faults.flood_chunk(), "was cut off before the answer was complete"),
        )
    ),
    # responses that AWS never sends
    *(
        Case(
            f"no reason, {code}", 4, f"did not say why ({code}): that code may", fault(error), sent=1, hint="next code"
        )
        for code, error in (
            ("AccessDenied", faults.error("AccessDenied", "", 403)),
            ("Odd", faults.error("Odd", " ", 400)),
            ("Bare", faults.document("<ErrorResponse><Error><Code>Bare</Code></Error></ErrorResponse>", 403)),
            ("Nested", faults.document("<E><Error><Code>Nested</Code><Message><a/></Message></Error></E>", 403)),
        )
    ),
    *(
        Case(f"an unreadable error, {name}", 4, "that code may have been used", fault(error), sent=1, hint="next code")
        for name, error in (
            ("no code", faults.error("", "no", 403)),
            ("no code and no text", faults.error("", "", 403)),
            ("a text for an element", faults.document("<E><Error>no</Error></E>", 400)),
            ("two codes", faults.document("<E><Error><Code>A</Code><Code>B</Code></Error></E>", 400)),
            ("not an error", faults.document("<E><ResponseMetadata>no</ResponseMetadata></E>", 400)),
            ("a result without fields", faults.document("<GetSessionTokenResponse/>")),
            ("deep", faults.document("<a>" * 2000 + "</a>" * 2000, 400)),
        )
    ),
    *(
        Case(
            f"an expiration that is {expiration or 'empty'}",
            4,
            f"AWS's answer holds {expiration!r} in the place of a time: that code may have been used",
            fault(faults.session("ASIAQQQQQQQQQQQQQQQQ", expiration)),
            sent=1,
            hint="next code",
        )
        for expiration in (
            "",
            "tomorrow",
            "nan",
            "inf",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-12:00",
        )
    ),
    Case(
        "an expired session",
        4,
        "expired at 2026-01-01T00:00:00Z; it was not written, and that code has been used",
        fault(faults.session("ASIAQQQQQQQQQQQQQQQQ", "2026-01-01T00:00:00Z")),
        sent=1,
        hint="next code",
    ),
    *(
        Case(
            f"a session whose secret is {name}",
            4,
            "part that is empty or malformed: that code may have been used",
            fault(faults.session("ASIAQQQQQQQQQQQQQQQQ", "2100-01-01T00:00:00Z", secret=secret)),
            sent=1,
        )
        for name, secret in (("empty", ""), ("two lines", "s\n[dev]\naws_secret_access_key = x"), ("a blank", "a b"))
    ),
    *(
        Case(
            f"a clock of another kind, {text}",
            4,
            f"AWS rejects the time of this machine's clock: Signature {text}: that code may have been",
            fault(faults.error("SignatureDoesNotMatch", f"Signature {text}", 403)),
            sent=1,
            hint="next code",
        )
        for text in (
            "expired: 20269999T999999Z is now earlier than 20260101T000000Z (20260101T000000Z - 15 min",
            "expired: now",
            "not yet current: 99999999T000000Z is still later than 20260101T000000Z (20260101T000000Z + 15 min",
        )
    ),
    Case("half an answer", 4, "arrived in pieces", fault(faults.half()), sent=1, hint="next code"),
    Case("a reset", 4, "was cut off", fault(faults.reset()), sent=1),
    Case("throttled", 4, "too many requests", fault(faults.throttled(), 3), sent=3, hint="wait"),
    Case("refused connection", 4, "could not be reached", lambda s: s.aws.refuse_connections(), hint="network"),
    # long-term keys
    Case(
        "a locked key",
        5,
        "[dev-mfa] holds keys that may",
        add_after("[dev-mfa]\nencee_access_key_id = x\n"),
        hint="--to",
    ),
    Case(
        "half a locked key",
        2,
        "dev has a key in the keyring and a part of one",
        lambda s: s.section("aws_secret_access_key = SECRET", "encee_access_key_id = KEY", "encee_secret = keyring"),
        hint="or both aws_ keys",
    ),
    Case(
        "keys of a profile without any",
        2,
        "dev has no aws_access_key_id",
        lambda s: s.section("aws_secret_access_key = SECRET"),
        ("keys", "rotate", "dev", "-c", "CODE"),
    ),
    Case("rotation, wrong code", 4, "not accept the code", command=("keys", "rotate", "dev", "-c", "000000"), sent=1),
    Case("rotation without a terminal", 3, "no terminal to prompt", command=("keys", "rotate", "dev")),
    *(
        Case(
            f"{command}, half a key elsewhere",
            5,
            "[x] of the credentials file holds only a part of the key",
            lambda s: s.credentials(f"[x]\naws_secret_access_key = {s.person.user.access_key.secret}\n"),
            ("keys", command, "dev"),
            hint="under [x]",
        )
        for command in ("rotate", "lock")
    ),
    Case("a seed beside the key", 2, "gives both factors of dev", command=("keys", "totp", "dev"), hint="--i-know"),
    Case(
        "something else for a seed",
        2,
        "is not the seed of a device",
        add_after("# wJalrXUtnFEMI\n"),
        ("keys", "totp", "dev", "--i-know", "--seed-file", "~/.aws/credentials"),
    ),
    Case(
        "no file with a seed",
        2,
        "~/gone cannot be read",
        command=("keys", "totp", "dev", "--i-know", "--seed-file", "~/gone"),
    ),
    Case("no seed", 2, "no terminal to ask for the seed", command=("keys", "totp", "dev", "--i-know"), hint="-file -"),
    Case(
        "a seed of no device",
        2,
        "no MFA device is known",
        lambda s: s.credentials(serial=False),
        ("keys", "totp", "dev"),
    ),
]


def with_options(case: Case, scene: Scene) -> tuple[str, ...]:
    """Prepare the case and complete its command line."""
    scene.credentials()
    scene.home.config.write_text("[profile dev]\nregion = eu-central-1\n")
    case.prepare(scene)
    scene.aws.journal.clear()
    scene.monkeypatch.setattr("encee.aws.retries._PAUSES", (0, 0))
    return tuple(word.replace("CODE", scene.code) for word in case.command)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("debug", ["", pytest.param("1", marks=pytest.mark.slow)], ids=["", "debug"])
def test_an_error_is_clear_and_changes_nothing(
    case: Case,
    debug: str,
    encee: Encee,
    home: Home,
    person: Person,
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene(home, person, aws, monkeypatch, person.device.next_code())
    command = with_options(case, scene)
    if debug:
        monkeypatch.setenv("ENCEE_DEBUG", debug)
    before = home.state()
    with caplog.at_level(logging.INFO):
        result = encee(*command)

    assert result.code == case.code, result.err
    lines = result.err.splitlines()
    (error,) = (line for line in lines if line.startswith("encee: error: "))
    assert case.says in error
    assert not error.endswith(".")
    hints = [line for line in lines if line.startswith("encee: hint: ")]
    assert len(hints) == 1
    assert case.hint in "".join(hints)
    assert debug or "Traceback" not in result.err
    assert result.out == ""

    assert home.state() == before
    assert len(aws.calls("GetSessionToken")) == case.sent
    assert case.code != 5 or aws.journal == []

    key = person.user.access_key
    for secret in (
        key.secret,
        person.device.seed,
        "wJalrXUtnFEMI",
        scene.code,
        *aws.issued_secrets(),
    ):
        assert secret not in result.err + caplog.text


@pytest.mark.parametrize("code", ["AccessDenied", "x" * 5000])
def test_truncates_a_long_message_of_aws(encee: Encee, dev: Person, aws: FakeAws, code: str) -> None:
    secret = dev.user.access_key.secret
    aws.fault("GetSessionToken", faults.error(code, "a word " * 55 + secret + " and on and on" * 50_000, 400))
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    (error, _) = result.err.splitlines()
    assert (result.code, "a word a word" in error, len(error) < 1000) == (4, True, True)
    assert secret[:10] not in result.err


@pytest.mark.parametrize(("code", "says"), [("AccessDenied", "did not say why (AccessDenied)"), ("", "sign-in page")])
@pytest.mark.parametrize(
    ("action", "command"),
    [("ListMFADevices", ("device", "list", "dev")), ("ListAccessKeys", ("keys", "list", "dev"))],
)
def test_reports_a_denial_of_iam_without_a_reason(
    encee: Encee, dev: Person, aws: FakeAws, action: str, command: tuple[str, ...], code: str, says: str
) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.fault(action, faults.error(code, "", 403))
    result = encee(*command)
    assert (result.code, says in result.err, "bug" in result.err) == (4, True, False), result.err


def test_an_endless_response_is_not_kept_in_memory(encee: Encee, dev: Person, aws: FakeAws) -> None:
    aws.fault("GetSessionToken", faults.flood())
    encee("status")  # do not count what is loaded once
    tracemalloc.start()
    try:
        result = encee("refresh", "dev", "-c", dev.device.next_code())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (result.code, peak < 2**25) == (4, True)


def test_a_credential_report_may_be_longer_than_a_session(encee: Encee, dev: Person, aws: FakeAws) -> None:
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    for size in (2**16, 2**24):
        aws.fault("ListMFADevices", faults.document(f"<E><Error><Code>Odd</Code><M>{'x' * size}</M></Error></E>", 400))
        result = encee("device", "list", "dev")
        assert (result.code, "did not say why (Odd)" in result.err) == (4, True)


def test_does_not_call_an_id_swapped_that_looks_like_no_secret(encee: Encee, home: Home, person: Person) -> None:
    home.write(person.section().replace("AKIA", "akia"))
    result = encee("refresh", "dev", "-c", "123456")
    assert result.err.splitlines()[0].endswith("dev is not the id of an access key")
