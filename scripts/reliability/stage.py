"""Users of the stand-in, home folders, and the checks of each run of encee."""

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
    """The amount of load.

    Args:
        profiles: The number of profiles in a large file.
        processes: How many refreshes run at a time.
        seconds: How long they run.
        places: At how many places of the file another writer pauses.
        saves: How often an editor saves the file.
    """

    profiles: int
    processes: int
    seconds: float
    places: int = 40
    saves: int = 2000


class Scenario(NamedTuple):
    """A fault or a load, and what encee should do.

    Args:
        what: The fault, as the table names it.
        expected: What encee should do.
        play: Runs it and returns what happened; raises UntrueError if that is not expected.
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
        """Return a user with a profile `dev`, and a home whose files hold a comment and another profile."""
        dev = self.person()
        return dev, self.home(f"# mine\n{dev.section()}\n{self.person('other').section('other')}")

    def encee(
        self,
        home: Home,
        *words: str,
        code: int | Sequence[int] = 0,
        environ: Mapping[str, str | None] | None = None,
    ) -> Done:
        """Run the installed encee and check its exit code and output.

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
        """Check a run: its exit code, no traceback, no secret in the output."""
        fine = [code] if isinstance(code, int) else code
        what = f"encee {' '.join(words[:2])}"
        shown = f"{done.stdout}\n{done.stderr}"
        expect(done.returncode in fine, f"{what} ended with {done.returncode}: {last_words(shown)}")
        expect("Traceback" not in shown, f"{what} shows a traceback: {last_words(shown)}")
        expect("unexpected" not in done.stderr, f"{what} met a bug: {last_words(shown)}")
        if words[0] not in {"env", "process", "exec"}:
            expect(not any(secret in shown for secret in self.secrets()), f"{what} shows a secret")

    def secrets(self) -> list[str]:
        """Return every secret that a run could print."""
        of_people = [secret for person in self.people for secret in (person.user.access_key.secret, person.device.seed)]
        return [*of_people, *self.aws.issued_secrets()]

    def sent(self) -> int:
        """Count the requests with a code."""
        return len(self.aws.calls("GetSessionToken"))


def last_words(shown: str) -> str:
    """The end of what a command showed, on one line."""
    return " / ".join(shown.strip().splitlines()[-3:])


def expect_unchanged(home: Home, before: bytes) -> None:
    """Check that the credentials file is unchanged, and that no temporary file is left."""
    expect(home.credentials.read_bytes() == before, "the credentials file is not what it was")
    expect_tidy(home)


def expect_tidy(home: Home) -> None:
    """Check that no temporary file is left."""
    left = [file.name for file in home.credentials.parent.iterdir() if file.name.endswith(".tmp")]
    expect(not left, f"temporary files are left: {', '.join(left)}")


def expect_added(home: Home, before: bytes) -> None:
    """Check that the credentials file has its old bytes, and after them one new section."""
    after = home.credentials.read_bytes()
    expect(after.startswith(before) and b"[dev-mfa]" in after[len(before) :], "old bytes have changed")
    expect_tidy(home)
