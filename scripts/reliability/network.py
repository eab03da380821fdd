"""An AWS that is slow, busy, cut off, or another server."""

from collections.abc import Sequence
from functools import partial

from scripts.claims import expect
from scripts.reliability.stage import Scenario, Stage, expect_added, expect_unchanged, last_words
from tests.fake_aws import Fault, faults, tls


def answered(stage: Stage, spoiled: Sequence[Fault], sent: int) -> str:
    """The session comes in spite of the faults."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    for fault in spoiled:
        stage.aws.fault("GetSessionToken", fault)
    stage.encee(home, "refresh", "dev", "--code", dev.device.next_code())
    expect_added(home, before)
    return requests(stage, sent)


def refused(stage: Stage, spoiled: Sequence[Fault], sent: int, says: str) -> str:
    """No session comes, the file stays, and the code is sent as often as allowed."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    for fault in spoiled:
        stage.aws.fault("GetSessionToken", fault)
    done = stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), code=4)
    expect(says in done.stderr, f"it does not say {says!r}: {last_words(done.stderr)}")
    expect_unchanged(home, before)
    return requests(stage, sent)


def requests(stage: Stage, expected: int) -> str:
    """How many requests carried the code, held against what is expected."""
    sent = stage.sent()
    expect(sent == expected, f"the code was sent {sent} times, not {expected}")
    return f"the code was sent {sent} time{'' if sent == 1 else 's'}"


def closed_port(stage: Stage) -> str:
    """The port is closed."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    stage.aws.refuse_connections()
    done = stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), code=4)
    expect("could not be reached" in done.stderr, "it does not say so")
    expect_unchanged(home, before)
    return requests(stage, 0)


def certificate(stage: Stage, *, host: str = "127.0.0.1", expired: bool = False, trusted: bool = True) -> str:
    """The endpoint shows a certificate that is wrong."""
    dev, home = stage.usual()
    before = home.credentials.read_bytes()
    with tls.served(stage.folder, host=host, expired=expired) as server:
        bundle = str(stage.folder / "certificate.pem") if trusted else None
        environ = {"AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": bundle}
        done = stage.encee(home, "refresh", "dev", "--code", dev.device.next_code(), code=4, environ=environ)
        expect(server.spoken_to == 0, "a request went to it")
    expect("certificate" in done.stderr, "it does not say so")
    expect("may have been used" not in done.stderr, "it takes the code for used")
    expect_unchanged(home, before)
    return "nothing was sent"


MAYBE = "may have been used"
ONCE = "exit 4; the file as it was; the code sent once, and reported as possibly used"
NOT_AT_ALL = "exit 4; the file as it was; nothing sent"

SCENARIOS = (
    Scenario("STS takes 10 s to answer", "exit 0", partial(answered, spoiled=[faults.hang(10)], sent=1)),
    Scenario("STS takes 20 s to answer", ONCE, partial(refused, spoiled=[faults.hang(20)], sent=1, says=MAYBE)),
    Scenario("STS throttles once", "exit 0, after a retry", partial(answered, spoiled=[faults.throttled()], sent=2)),
    Scenario(
        "STS throttles every request",
        "exit 4 after three tries; the file as it was",
        partial(refused, spoiled=[faults.throttled()] * 5, sent=3, says="too many requests"),
    ),
    Scenario("an incomplete answer", ONCE, partial(refused, spoiled=[faults.half()], sent=1, says=MAYBE)),
    Scenario("the connection is reset", ONCE, partial(refused, spoiled=[faults.reset()], sent=1, says=MAYBE)),
    Scenario("a sign-in page answers", ONCE, partial(refused, spoiled=[faults.html()], sent=1, says=MAYBE)),
    Scenario("a proxy fails (502)", ONCE, partial(refused, spoiled=[faults.html(502)], sent=1, says=MAYBE)),
    Scenario("a closed port", NOT_AT_ALL, closed_port),
    Scenario("an untrusted certificate", NOT_AT_ALL, partial(certificate, trusted=False)),
    Scenario("a certificate of another host", NOT_AT_ALL, partial(certificate, host="127.0.0.2")),
    Scenario("an expired certificate", NOT_AT_ALL, partial(certificate, expired=True)),
)
