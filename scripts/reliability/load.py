"""Load: a large file, and many writers at once, some of them without locks."""

import configparser
import re
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from scripts.claims import expect
from scripts.homes import AWS, Home
from scripts.reliability.stage import NotRunError, Scenario, Stage, expect_added, expect_tidy, expect_unchanged
from tests.conftest import Person

_UNUSED_PROFILES = 100
"""Profiles that are not refreshed while many processes write."""

_BETWEEN_SAVES = 1.0
"""Seconds between two saves of the editor."""


def unused_profiles(count: int) -> str:
    """Return long-term profiles that are not refreshed."""
    return "".join(
        f"# key {number}\n[p{number}]\naws_access_key_id = AKIA{number:016}\naws_secret_access_key = {number:040}\n\n"
        for number in range(count)
    )


def large_file(stage: Stage) -> str:
    """Run every command on a large file; at the end the file is unchanged."""
    dev = stage.person()
    rest = unused_profiles(stage.size.profiles - 1)
    half = rest.index("# key", len(rest) // 2)
    home = stage.home(rest[:half] + dev.section() + "\n" + rest[half:])
    before, config = home.credentials.read_bytes(), home.config.read_bytes()
    stage.encee(home, "refresh", "dev", "--code", dev.device.next_code())
    expect_added(home, before)
    listed = stage.encee(home, "status").stdout.splitlines()
    expect(len(listed) == stage.size.profiles + 1, f"status lists {len(listed) - 1} profiles")
    stage.encee(home, "env", "dev")
    stage.encee(home, "refresh", "dev", "--code", dev.device.next_code())
    expect_added(home, before)
    stage.encee(home, "clear", "dev")
    expect_unchanged(home, before)
    expect(home.config.read_bytes() == config, "the config file is not what it was")
    return f"{stage.size.profiles:,} profiles, and after clear the original bytes"


@dataclass
class Crowd:
    """The writers of one file, and their counts.

    Args:
        stage: The stand-in and the checks.
        home: Whose file it is.
        people: Who refreshes.
        end: Until when, by the monotonic clock.
    """

    stage: Stage
    home: Home
    people: Sequence[Person]
    end: float
    ended: "Counter[int]" = field(default_factory=Counter)
    configured: int = 0
    saved: int = 0

    def refresh(self, person: Person) -> None:
        """Refresh repeatedly: each run succeeds, or the file is busy."""
        words = ("refresh", person.user.name, "--no-region", "--code")
        while time.monotonic() < self.end:
            done = self.stage.encee(self.home, *words, person.device.next_code(), code=(0, 5))
            busy = "keeps writing it" in done.stderr or "another encee has held" in done.stderr
            expect(done.returncode == 0 or busy, done.stderr)
            self.ended[done.returncode] += 1

    def configure(self) -> None:
        """`aws configure set`: reads the file, truncates it and writes it, without a lock."""
        while time.monotonic() < self.end:
            words = ("configure", "set", "aws_access_key_id", f"N{self.configured}", "--profile", "configured")
            done = self.home.run(AWS, *words)
            expect(done.returncode == 0, f"aws configure set ended with {done.returncode}: {done.stderr}")
            self.configured += 1

    def edit(self) -> None:
        """Act as an editor: read the file, write another one, and rename that over the first."""
        while time.monotonic() < self.end:
            time.sleep(_BETWEEN_SAVES)
            text = self.home.credentials.read_text()
            # While aws writes, the file is not whole, and an editor would not save that.
            if self.lost(text):
                continue
            new = self.home.path / "new"
            new.write_text(f"# saved {self.saved} times\n" + re.sub(r"\A# saved .*\n", "", text))
            new.replace(self.home.credentials)
            self.saved += 1

    def lost(self, text: str) -> list[str]:
        """Return the long-term profiles that a file has lost."""
        parser = configparser.RawConfigParser(strict=False)
        with suppress(configparser.Error):
            parser.read_string(text)
        kept = {name: dict(options) for name, options in parser.items()}
        users = [person.user for person in self.people]
        pairs = {user.name: (user.access_key.id, user.access_key.secret) for user in users}
        pairs |= {f"p{number}": (f"AKIA{number:016}", f"{number:040}") for number in range(_UNUSED_PROFILES)}
        return [
            name
            for name, (key_id, secret) in pairs.items()
            if (kept.get(name, {}).get("aws_access_key_id"), kept.get(name, {}).get("aws_secret_access_key"))
            != (key_id, secret)
        ]


def crowd(stage: Stage) -> str:
    """Refreshes of many users in one file, beside a tool and an editor without locks."""
    if not AWS.exists():
        raise NotRunError("needs the real aws, which make dev installs")
    people = [stage.person(f"user{number}") for number in range(stage.size.processes)]
    home = stage.home(
        unused_profiles(_UNUSED_PROFILES) + "\n".join(person.section(person.user.name) for person in people)
    )
    writers = Crowd(stage, home, people, time.monotonic() + stage.size.seconds)
    with ThreadPoolExecutor(len(people) + 2) as pool:
        jobs = [pool.submit(writers.configure), pool.submit(writers.edit)]
        jobs += [pool.submit(writers.refresh, person) for person in people]
    for job in jobs:
        job.result()
    lost = writers.lost(home.credentials.read_text())
    expect(not lost, f"long-term profiles are lost: {', '.join(lost)}")
    for person in people:
        stage.encee(home, "refresh", person.user.name, "--no-region", "--code", person.device.next_code())
    text = home.credentials.read_text()
    expect(all(f"[{person.user.name}-mfa]" in text for person in people), "a session is missing in the end")
    expect(not writers.lost(text), "a long-term profile is lost in the end")
    expect_tidy(home)
    done, busy = writers.ended[0], writers.ended[5]
    expect(done and writers.configured and writers.saved, "a writer never wrote")
    return (
        f"{done} refreshes, {busy} refused as busy; at the same time {writers.configured} of aws configure set "
        f"and {writers.saved} saves; all {len(people) + _UNUSED_PROFILES} long-term profiles are there"
    )


SCENARIOS = (
    Scenario("a large file: refresh, status, env, clear", "exit 0; all other bytes stay", large_file),
    Scenario("many processes write one file, and other programs without a lock", "exit 0 or 5; no key lost", crowd),
)
