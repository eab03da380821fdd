"""The rows of the table: measure encee and its peer in turns, and compare the median with a limit."""

import statistics
from collections.abc import Callable
from typing import NamedTuple

from scripts.bench.measurements import (
    audit,
    aws_mfa,
    aws_session_token,
    aws_version,
    completion,
    enter_to_usable,
    env,
    memory_of_status,
    process,
    refresh,
    status,
    status_on_terminal,
)
from scripts.bench.stage import USUAL, Stage, names

ROUNDS = 10


class Row(NamedTuple):
    """A row of the table."""

    what: str
    encee: str
    peer: str
    measured: str
    limit: str
    held: str


TIMES = "\N{MULTIPLICATION SIGN}"
HEADINGS = Row("what", "encee", "peer", "measured", "at most", "held")


class Peer(NamedTuple):
    """The peer, and its time in milliseconds."""

    name: str
    took: float


def ratio(what: str, ours: float, peer: Peer, limit: float) -> Row:
    """Return a row whose limit is a multiple of the peer's time."""
    found = ours / peer.took
    times = f"{found:.2f} {TIMES}", f"{limit:g} {TIMES}"
    return Row(what, ms(ours), f"{ms(peer.took)} {peer.name}", *times, held(found, limit))


def difference(stage: Stage, what: str, ours: float, peer: Peer, limit: float) -> Row:
    """Return a row whose limit is the peer's time and some milliseconds more."""
    found = ours - peer.took
    verdict = held(found, limit, stage.slowness)
    return Row(what, ms(ours), f"{ms(peer.took)} {peer.name}", f"{found:+.0f} ms", f"{limit:+g} ms", verdict)


def alone(stage: Stage, what: str, ours: float, limit: float) -> Row:
    """Return a row whose limit is a number of milliseconds."""
    return Row(what, ms(ours), "–", ms(ours), f"{limit:g} ms", held(ours, limit, stage.slowness))


def ms(time_taken: float) -> str:
    """Format milliseconds."""
    return f"{time_taken:.0f} ms"


def held(found: float, limit: float, slowness: float = 1.0) -> str:
    """Say whether the limit is held; if not, also whether only a slow machine is the reason."""
    if found <= limit:
        return "yes"
    return f"no: this machine is {slowness:.1f} {TIMES} as slow as the limit's" if found <= limit * slowness else "no"


def medians(rounds: int, *measurements: Callable[[], float]) -> list[float]:
    """Return the median of each, measured in turns, without the first round, which fills the file cache."""
    taken = [[measure() for measure in measurements] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def status_in_a_pipe(stage: Stage) -> Row:
    """20 profiles, plain."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: status(home, 20), lambda: aws_version(home))
    return ratio("`status`, 20 profiles, in a pipe", ours, Peer("`aws --version`", theirs), 0.25)


def status_drawn(stage: Stage) -> Row:
    """20 profiles, on a terminal."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: status_on_terminal(home, 20), lambda: aws_version(home))
    return ratio("`status`, 20 profiles, on a terminal", ours, Peer("`aws --version`", theirs), 0.32)


def env_of_a_session(stage: Stage) -> Row:
    """`encee env`, which a shell runs in `eval`."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: env(home), lambda: aws_version(home))
    return ratio("`env`, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def process_of_a_session(stage: Stage) -> Row:
    """`encee process`, which an SDK runs."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: process(home), lambda: aws_version(home))
    return ratio("`process`, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def completion_of_a_name(stage: Stage) -> Row:
    """The completion after TAB."""
    home = stage.home(20)
    ours, theirs = medians(ROUNDS, lambda: completion(home), lambda: aws_version(home))
    return ratio("completion of a name, 20 profiles", ours, Peer("`aws --version`", theirs), 0.28)


def after_enter(stage: Stage) -> Row:
    """The time after Enter."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    stage.aws.latency = stage.aws.connect_latency = 0.1
    (ours,) = medians(ROUNDS, lambda: enter_to_usable(stage, home, dev))
    what = "from Enter after the code to a usable profile, 100 ms a round trip"
    return difference(stage, what, ours, Peer("one round trip", 100), 25)


def refresh_and_aws(stage: Stage) -> Row:
    """A refresh without a prompt and without network latency."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, home, dev), lambda: aws_session_token(stage, home, dev))
    return ratio("`refresh --code`", ours, Peer("`aws sts get-session-token`", theirs), 0.65)


def refresh_and_aws_mfa(stage: Stage) -> Row:
    """The same beside aws-mfa."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    its_home = stage.home(USUAL, dev.aws_mfa_sections(), profiles=["dev"])
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, home, dev), lambda: aws_mfa(stage, its_home, dev))
    return ratio("`refresh --code`", ours, Peer("`aws-mfa`", theirs), 0.95)


def eight_at_once(stage: Stage) -> Row:
    """Eight users' codes, with a slow network."""
    team = stage.people(*names("member", 8))
    home = stage.home_of(*team)
    stage.aws.latency = stage.aws.connect_latency = 0.3
    ours, one = medians(
        ROUNDS,
        lambda: refresh(stage, home, *team, on_stdin=True),
        lambda: refresh(stage, home, team[0], on_stdin=True),
    )
    return ratio("`refresh` of 8 users' profiles, 300 ms a round trip", ours, Peer("one profile", one), 2)


def status_of_1_000(stage: Stage) -> Row:
    """Read a large file."""
    home = stage.home(1_000)
    (ours,) = medians(ROUNDS, lambda: status(home, 1_000))
    return alone(stage, "`status`, 1,000 profiles, in a pipe", ours, 120)


def refresh_among_1_000(stage: Stage) -> Row:
    """Edit a large file."""
    (dev,) = stage.people("dev")
    big, small = stage.home_of(dev, count=1_000), stage.home_of(dev, count=10)
    ours, theirs = medians(ROUNDS, lambda: refresh(stage, big, dev), lambda: refresh(stage, small, dev))
    return difference(stage, "`refresh` of one of 1,000 profiles", ours, Peer("one of 10", theirs), 100)


def status_of_10_000(stage: Stage) -> Row:
    """Read a very large file."""
    home = stage.home(10_000)
    (ours,) = medians(ROUNDS, lambda: status(home, 10_000))
    return alone(stage, "`status`, 10,000 profiles, in a pipe", ours, 500)


def refresh_among_10_000(stage: Stage) -> Row:
    """Edit a very large file."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev, count=10_000)
    (ours,) = medians(ROUNDS, lambda: refresh(stage, home, dev))
    return alone(stage, "`refresh` of one of 10,000 profiles", ours, 2500)


def audit_of_5_000(stage: Stage) -> Row:
    """Audit a large account; it has users without a device, so the exit code is 1."""
    (dev,) = stage.people("dev")
    home = stage.home_of(dev)
    refresh(stage, home, dev)
    for name in names("user", 5_000):
        stage.aws.create_user(name)
    (ours,) = medians(3, lambda: audit(home, 5_001))
    return alone(stage, "`account audit`, 5,000 users", ours, 10_000)


def memory(stage: Stage) -> Row:
    """The memory of `encee status`."""
    home = stage.home(20)
    (ours,) = medians(ROUNDS, lambda: memory_of_status(home))
    return Row("memory of `status`, 20 profiles", f"{ours:.0f} MiB", "–", f"{ours:.0f} MiB", "25 MiB", held(ours, 25))


ROWS: tuple[Callable[[Stage], Row], ...] = (
    status_in_a_pipe,
    status_drawn,
    env_of_a_session,
    process_of_a_session,
    completion_of_a_name,
    after_enter,
    refresh_and_aws,
    refresh_and_aws_mfa,
    eight_at_once,
    status_of_1_000,
    refresh_among_1_000,
    status_of_10_000,
    refresh_among_10_000,
    audit_of_5_000,
    memory,
)
