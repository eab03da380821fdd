"""Compare what a reader reads before encee, after encee, and after an edit by hand.

A reading is what the stand-in saw: whose key signed the calls that it accepted. So a reader that finds no keys, takes
another profile's, or cuts a token in two cannot pass.
"""

import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from scripts.conformance.layouts import (
    NEIGHBOUR,
    REGION,
    SOURCE,
    TARGET,
    Layout,
    with_region_by_hand,
    with_session_by_hand,
)
from scripts.homes import ENCEE, Home

if TYPE_CHECKING:
    from scripts.conformance.readers import Reader
    from tests.fake_aws import FakeAws

BUCKET = "reports"


class RefreshFailedError(Exception):
    """encee did not write the files that were to be read."""


class Verdict(Enum):
    """Whether a reader uses what encee wrote."""

    READ = "yes"
    NOT_READ = "no"
    HARMED = "HARMED"


class Result(NamedTuple):
    """A verdict, and a note about it, which may be empty."""

    verdict: Verdict
    note: str = ""


def refresh(home: Home, code: str) -> None:
    """Refresh the session with the installed encee.

    Raises:
        RefreshFailedError: It did not.
    """
    done = home.run(ENCEE, "refresh", SOURCE, "--code", code)
    if done.returncode != 0:
        raise RefreshFailedError(f"encee refresh ended with {done.returncode}: {done.stderr.strip()}")


def signer(home: Home, reader: "Reader", profile: str) -> str | None:
    """Return the key and the region of the call that a reader signs as a profile; None if it fails."""
    calls = len(home.aws.journal)
    names = {"endpoint": home.aws.url, "host": urlsplit(home.aws.url).netloc, "region": REGION}
    command = [word.format(**names) for word in reader.command]
    environ = {"AWS_PROFILE": profile, "READER_REGION": REGION, "READER_BUCKET": BUCKET}
    try:
        done = home.run(*command, environ=environ)
    except subprocess.TimeoutExpired:
        return None
    made = home.aws.journal[calls:]
    accepted = any(call.status == 200 for call in made)  # noqa: PLR2004 - HTTP's OK
    signers = {f"{call.access_key_id} in {call.region}" for call in made}
    return signers.pop() if done.returncode == 0 and accepted and len(signers) == 1 else None


@dataclass(frozen=True)
class Trial:
    """A layout on disk in three homes.

    Args:
        before: As its owner left it.
        after: The same after two refreshes; the second rewrites what the first wrote.
        by_hand: The same with the session and its region pasted.
        signer: Who has to sign as the session profile, and for which region.
    """

    before: Home
    after: Home
    by_hand: Home
    signer: str

    def of(self, reader: "Reader") -> Result:
        """Return the result of a reader."""
        unread = []
        for profile in (SOURCE, NEIGHBOUR):
            was, now = signer(self.before, reader, profile), signer(self.after, reader, profile)
            if was != now:
                return Result(
                    Verdict.HARMED, f"signed as [{profile}] with {was or 'nothing'}, and now {now or 'nothing'}"
                )
            if was is None:
                unread.append(f"[{profile}]")
        if signer(self.after, reader, TARGET) == self.signer:
            note = f"did not read {', '.join(unread)} of this file before encee touched it either" if unread else ""
            return Result(Verdict.READ, note)
        if signer(self.by_hand, reader, TARGET) == self.signer:
            return Result(Verdict.HARMED, f"reads [{TARGET}] where a person pastes the keys, and not where encee does")
        unread.append(f"[{TARGET}]")
        return Result(
            Verdict.NOT_READ, f"does not read {', '.join(unread)} of this file with keys pasted by hand either"
        )


def trial(layout: Layout, aws: "FakeAws", folder: Path) -> Trial:
    """Set up a layout in a new account.

    Raises:
        RefreshFailedError: encee did not write it.
    """
    aws.reset()
    aws.create_bucket(BUCKET)
    dev, other = aws.create_user(SOURCE), aws.create_user(NEIGHBOUR)
    device = dev.create_device("phone")
    credentials, config = (
        text.format(dev=dev.access_key, other=other.access_key, serial=device.serial).encode()
        for text in (layout.credentials, layout.config)
    )
    before, after, by_hand = (Home(folder / name, aws) for name in ("before", "after", "by-hand"))
    before.write(credentials, config)
    after.write(credentials, config)
    for _ in range(2):
        refresh(after, device.next_code())
    session = aws.issued_sessions()[-1]
    by_hand.write(with_session_by_hand(credentials, session), with_region_by_hand(config))
    return Trial(before, after, by_hand, f"{session.access_key_id} in {REGION}")
