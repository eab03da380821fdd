"""Write the table of a run, and the page around it."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from scripts.conformance.layouts import LAYOUTS, REGION
from scripts.conformance.trial import Result, Verdict
from scripts.tables import markdown

_NOT_RUN = "not run"


class Row(NamedTuple):
    """The result of one reader.

    Args:
        name: The reader as the table calls it.
        origin: Where the program comes from.
        version: None if it is not installed.
        missing: What it needs if it is not installed.
        results: A result for each layout, empty if it is not installed.
    """

    name: str
    origin: str
    version: str | None = None
    missing: str = ""
    results: Sequence[Result] = ()

    @property
    def harmed(self) -> bool:
        """Whether encee changed what the reader sees."""
        return any(result.verdict is Verdict.HARMED for result in self.results)


def table(rows: Sequence[Row]) -> str:
    """Return the table with aligned columns, and the numbered notes below it."""
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
        _with_note(result.verdict.value, f"{row.name} {result.note}" if result.note else "", notes)
        for result in row.results
    ]


def _with_note(text: str, note: str, notes: dict[str, int]) -> str:
    return f"{text} ({notes.setdefault(note, len(notes) + 1)})" if note else text


PAPER = """\
# Conformance

Checked by `make conformance` on {day} (UTC), with encee {encee}, Python {python}, {system}.

{table}
Each credentials file holds `[dev]`, which is refreshed, and `[other]`, which is not; the config file has the same
layout. The installed `encee refresh dev` runs twice, so that the second run rewrites the section of the first.
In *comments and nested blocks*, `[dev-mfa]` exists before the first run, in the middle of the file, with comments, a
key and nested settings of the user.

- **yes**: with the profile `dev-mfa` the reader signed with the key of the new session, and with `dev` and `other` as
  before encee edited the file. A stand-in for AWS verified each signature, session token and time.
- **no**: it does not use the session, and also does not use it when the keys are pasted into the file by hand.
- **HARMED**: encee changed what the reader sees; the run exits with status 1.
- **not run**: it was not installed.

Debian's versions of the AWS CLI, the SDK for Go, rclone and s3cmd are older than `AWS_ENDPOINT_URL` and get the
endpoint as an option. Readers for S3 only (C++, Rust, rclone, s3cmd) list a bucket in {region}; the others call
`GetCallerIdentity` in the region that encee copied to the session profile.

opendal reads the files with its own Rust code, not with the AWS SDK for Rust. Not tested: the SDKs for Rust, Java,
.NET, PHP, Ruby and Swift, and every reader on Windows and macOS.
"""


def paper(rows: Sequence[Row], encee: str) -> str:
    """Return the page for docs/.

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
