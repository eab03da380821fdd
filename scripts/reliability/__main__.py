"""Run encee under faults and load, and write the table to docs/reliability.md.

Runs the installed encee in temporary homes, against a stand-in for AWS on this machine. Each run is checked for its
exit code, for a traceback, for secrets in the output, and for the content of the files.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from encee import __version__
from scripts.claims import UntrueError
from scripts.homes import ROOT
from scripts.reliability import clocks, disks, load, network, places, writers
from scripts.reliability.stage import NotRunError, Scenario, Size, Stage
from scripts.tables import markdown
from tests.fake_aws import FakeAws

RESULT = ROOT / "docs" / "reliability.md"
SCENARIOS = (
    *load.SCENARIOS,
    *writers.SCENARIOS,
    *network.SCENARIOS,
    *clocks.SCENARIOS,
    *disks.SCENARIOS,
    *places.SCENARIOS,
)


class Row(NamedTuple):
    """A row of the table."""

    what: str
    expected: str
    held: str
    seen: str


HEADINGS = Row("what happens", "what encee should do", "held", "result")


def played(scenario: Scenario, aws: FakeAws, folder: Path, size: Size) -> Row:
    """Run a scenario in an account of its own."""
    print(f"reliability: {scenario.what} …", file=sys.stderr, flush=True)
    aws.reset()
    try:
        seen = scenario.play(Stage(aws, Path(tempfile.mkdtemp(dir=folder)), size))
    except NotRunError as error:
        return Row(scenario.what, scenario.expected, "not run", str(error))
    except (UntrueError, subprocess.TimeoutExpired) as error:
        return Row(scenario.what, scenario.expected, "NO", str(error))
    return Row(scenario.what, scenario.expected, "yes", seen)


PAPER = """\
# Reliability

Tested by `make reliability` on {day} (UTC), with encee {encee}, Python {python} and {system} on {cores} cores;
the machine's load was {load:.0f} at the start.

{table}
Each run is checked for its exit code, for a traceback, and for secrets in its output. The files must be unchanged where
encee refuses, unchanged outside the session's section where it does not, and no temporary file may be left.
The large file has {profiles:,} profiles. The many processes are {processes} at a time for {seconds:g} s, beside
`aws configure set`, which truncates the file in place, and an editor, which renames another file over it. Neither takes
a lock, so they can lose what others wrote meanwhile, also a session, which encee then writes again. An encee that does
not get the lock within ten seconds, as on a busy machine, reports that the file is busy.

*not run* means that the machine lacks what the row needs. `tests/awsfile/test_file_crash.py` kills encee at every point
of a write, and runs a loop of `aws configure set`. Not tested: a power cut, NFS, Windows, macOS.
"""


def main() -> int:
    """Run all scenarios; return 1 if encee did not do what it should."""
    parser = argparse.ArgumentParser(prog="reliability", description=__doc__)
    parser.add_argument("--profiles", type=int, default=10_000, help="in the large file")
    parser.add_argument("--processes", type=int, default=16, help="in the crowd")
    parser.add_argument("--seconds", type=float, default=60, help="of the crowd")
    parser.add_argument("--places", type=int, default=40, help="at which another writer pauses")
    parser.add_argument("--saves", type=int, default=2_000, help="of the editor")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only scenarios with this in their name, and no page"
    )
    given = parser.parse_args()
    load_before, _, _ = os.getloadavg()
    size = Size(given.profiles, given.processes, given.seconds, given.places, given.saves)
    try:
        with tempfile.TemporaryDirectory(prefix="encee-reliability-") as folder, FakeAws() as aws:
            rows = [played(scenario, aws, Path(folder), size) for scenario in SCENARIOS if given.only in scenario.what]
    except KeyboardInterrupt:
        return 130
    table = markdown([HEADINGS, *rows])
    print(table)
    if not given.only:
        RESULT.write_text(
            PAPER.format(
                day=datetime.now(UTC).date(),
                encee=__version__,
                python=platform.python_version(),
                system=platform.system(),
                cores=os.cpu_count(),
                load=load_before,
                table=table,
                **vars(given),
            )
        )
    return int(any(row.held == "NO" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
