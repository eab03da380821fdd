"""What every scenario stands on: people whom the stand-in knows, homes, and the checks that each run of encee gets."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scripts.claims import expect
from scripts.homes import ENCEE, Done, Home
from tests.conftest import Person
from tests.fake_aws import FakeAws

REGION = "eu-central-1"


class NotRunError(Exception):
    """The machine lacks what a scenario needs; the message says what."""


@dataclass(frozen=True)
class Size:
    """How much load there is to be.

    Args:
        profiles: The number of profiles in a large file.
        processes: How many refreshes there are at a time.
        seconds: For how long.
        places: At how many places of the file another writer pauses.
        saves: How often an editor saves the file.
    """

    profiles: int
    processes: int
    seconds: float
    places: int = 40
    saves: int = 2000


class Scenario(NamedTuple):
    """Something that goes wrong, or is a lot.

    Args:
        what: What it is.
        expected: What encee makes of it.
        play: Lets it happen and returns what was seen; UntrueError where that is not what is expected.
    """

    what: str
    expected: str
    play: Callable[["Stage"], str]


@dataclass
class Stage:
    """The stand-in, a folder for homes, and the people of one scenario.

    Args:
        aws: The stand-in.
        folder: Where the homes are.
        size: How much load there is to be.
        people: Whom the stand-in knows.
        numbers: For names that are used once.
    """

    aws: FakeAws
    folder: Path
    size: Size
    people: list[Person] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def person(self, name: str = "dev") -> Person:
        """A user with a key and a device, whose profile has the user's name."""
        user = self.aws.create_user(name)
        self.people.append(Person(user, user.create_device(name)))
        return self.people[-1]

    def home(self, credentials: str, profiles: Sequence[str] = ("dev",)) -> Home:
        """A home with these credentials, and a region for these profiles in the config file."""
        home = Home(self.folder / f"home-{next(self.numbers)}", self.aws)
        home.write(
            credentials.encode(), "".join(f"[profile {name}]\nregion = {REGION}\n\n" for name in profiles).encode()
        )
        return home

    def usual(self) -> tuple[Person, Home]:
        """Somebody with a profile `dev`, a comment and a neighbour."""
        dev = self.person()
        return dev, self.home(f"# mine\n{dev.section()}\n{self.person('other').section('other')}")

    def encee(
        self,
        home: Home,
        *words: str,
        code: int | Sequence[int] = 0,
        environ: Mapping[str, str | None] | None = None,
    ) -> Done:
        """Run the installed encee and hold its end against what is expected.

        Args:
            home: Where.
            words: Its arguments.
            code: The exit code, or those that are fine.
            environ: Variables on top of the home's; None takes one away.
        """
        done = home.run(ENCEE, *words, environ=environ)
        self.look(done, code, words)
        return done

    def look(self, done: Done, code: int | Sequence[int], words: Sequence[str]) -> None:
        """Hold the end of a run against what is expected: its code, no traceback, no secret on the screen."""
        fine = [code] if isinstance(code, int) else code
        what = f"encee {' '.join(words[:2])}"
        shown = f"{done.stdout}\n{done.stderr}"
        expect(done.returncode in fine, f"{what} ended with {done.returncode}: {last_words(shown)}")
        expect("Traceback" not in shown, f"{what} shows a traceback: {last_words(shown)}")
        expect("unexpected" not in done.stderr, f"{what} met a bug: {last_words(shown)}")
        if words[0] not in {"env", "process", "exec"}:
            expect(not any(secret in shown for secret in self.secrets()), f"{what} shows a secret")

    def secrets(self) -> list[str]:
        """Every secret that a run could give away."""
        of_people = [secret for one in self.people for secret in (one.user.access_key.secret, one.device.seed)]
        return [*of_people, *self.aws.issued_secrets()]

    def sent(self) -> int:
        """How many requests carried a code."""
        return len(self.aws.calls("GetSessionToken"))


def last_words(shown: str) -> str:
    """The end of what a command showed, on one line."""
    return " / ".join(shown.strip().splitlines()[-3:])


def expect_unchanged(home: Home, before: bytes) -> None:
    """Hold the credentials file against what it was; nothing of encee's is left beside it either."""
    expect(home.credentials.read_bytes() == before, "the credentials file is not what it was")
    expect_tidy(home)


def expect_tidy(home: Home) -> None:
    """Hold the folder of the files against what may be there."""
    left = [file.name for file in home.credentials.parent.iterdir() if file.name.endswith(".tmp")]
    expect(not left, f"temporary files are left: {', '.join(left)}")


def expect_added(home: Home, before: bytes) -> None:
    """Hold the credentials file against what it was with one section behind it."""
    after = home.credentials.read_bytes()
    expect(after.startswith(before) and b"[dev-mfa]" in after[len(before) :], "bytes of before have moved or are gone")
    expect_tidy(home)
