"""The table of a run, and the page around it."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from scripts.conformance.layouts import LAYOUTS, REGION
from scripts.conformance.trial import Found, Verdict
from scripts.tables import markdown

_NOT_RUN = "not run"


class Row(NamedTuple):
    """What came of one reader.

    Args:
        name: What people call it.
        origin: Where its program comes from.
        version: Its version, or None where it is not on this machine.
        missing: What it needs, where it is not.
        found: A verdict for each layout, where it is.
    """

    name: str
    origin: str
    version: str | None = None
    missing: str = ""
    found: Sequence[Found] = ()

    @property
    def harmed(self) -> bool:
        """Whether encee harmed a file for it."""
        return any(found.verdict is Verdict.HARMED for found in self.found)


def table(rows: Sequence[Row]) -> str:
    """The table, its columns aligned, and the notes that its numbers stand for."""
    notes: dict[str, int] = {}
    lines = [["reader", "version", *(layout.name for layout in LAYOUTS)]]
    lines += [[_named(row), row.version or "–", *_cells(row, notes)] for row in rows]
    return markdown(lines) + "".join(f"\n{number}. {note}" for note, number in notes.items()) + ("\n" if notes else "")


def _named(row: Row) -> str:
    return f"{row.name} ({row.origin})"


def _cells(row: Row, notes: dict[str, int]) -> list[str]:
    if row.version is None:
        return [_with_note(_NOT_RUN, row.missing, notes)] * len(LAYOUTS)
    return [
        _with_note(found.verdict.value, f"{row.name} {found.note}" if found.note else "", notes) for found in row.found
    ]


def _with_note(text: str, note: str, notes: dict[str, int]) -> str:
    return f"{text} ({notes.setdefault(note, len(notes) + 1)})" if note else text


PAPER = """\
# Conformance

Checked by `make conformance` on {day} (UTC), with encee {encee}, Python {python}, {system}.

{table}
Each file holds `[dev]`, which is refreshed, and `[other]`, which has nothing to do with it; the config file has the
same form. The installed `encee refresh dev` is run twice, so that the second run rewrites the section of the first.
In *comments and nested blocks*, `[dev-mfa]` stands in the middle from before, with comments, a key and nested
settings that its owner put there.

- **yes**: called as `dev-mfa`, the reader signed with the key of the fresh session, and as `dev` and `other` with
  whatever it signed with before encee touched the file. Who signed is what a stand-in for AWS verified: signature,
  session token and clock.
- **no**: it does not take the session, and does not take it either where a person pastes the keys into the same file.
- **HARMED**: encee made a difference that it should not make; the run ends with 1.
- **not run**: it was not on the machine. Nothing is known about it.

The AWS CLI of Debian, its SDK for Go, rclone and s3cmd are older than `AWS_ENDPOINT_URL` and take the endpoint as an
option of their own. Those with S3 alone (C++, Rust, rclone, s3cmd) list a bucket in {region}, the others ask
`GetCallerIdentity` in the region that encee carried over to the session profile.

opendal reads the files with Rust code of its own; the AWS SDK for Rust is another one. It was not run, nor were those
for Java, .NET, PHP, Ruby and Swift, and nothing on Windows and macOS.
"""


def paper(rows: Sequence[Row], encee: str) -> str:
    """The page for docs/.

    Args:
        rows: The readers, in their order.
        encee: The version of encee that wrote the files.
    """
    return PAPER.format(
        day=datetime.now(UTC).date(),
        table=table(rows),
        encee=encee,
        python=platform.python_version(),
        system=platform.system(),
        region=REGION,
    )
