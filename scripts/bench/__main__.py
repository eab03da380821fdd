"""Measure encee beside `aws` and aws-mfa, and write the table to docs/benchmarks.md.

Runs the installed `encee`, the real `aws` and the real `aws-mfa` in temporary homes, against a stand-in for AWS on
this machine that adds the latency of a network. encee and its peer take turns, so that a busy moment of the machine
slows both. Each run is checked for its exit code and its result; a failed run stops the script. A limit that is
exceeded does not: the table shows it, since these are measurements and not tests.
"""

import gc
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scripts.bench.commands import run
from scripts.bench.measurements import aws_version
from scripts.bench.rows import HEADINGS, ROUNDS, ROWS, Row, medians, ms
from scripts.bench.stage import AWS, AWS_MFA, ENCEE, IN_USE, PROGRAMS, ROOT, Home, Stage
from scripts.claims import UntrueError
from scripts.tables import markdown

RESULT = ROOT / "docs" / "benchmarks.md"
AWS_VERSION = 262
"""Milliseconds of `aws --version` on the machine for which the limits were set."""


PAPER = """\
# Benchmarks

Measured by `make bench` on {day} (UTC).

{table}
encee and its peer take turns, and each number is the median of {rounds} runs: from the start of a process to its end,
or from Enter after the code until the new file is in place. The limits in milliseconds are for a machine on which
`aws --version` takes {reference} ms; on this one it took {version}.
AWS is a stand-in on the same machine, which checks signatures and codes. It adds the round-trip time that a row names,
also when a connection is opened. The files were last written long ago, and up to {in_use} of their profiles have a
session.

{machine}
"""


def machine(home: Home, load: float) -> str:
    """Describe the machine and the versions of the programs."""
    _, aws = run(home, AWS, "--version")
    _, encee = run(home, ENCEE, "--version")
    _, its = run(
        home,
        AWS_MFA.with_name("python"),
        "-c",
        "from importlib.metadata import version; print(version('aws-mfa'), 'with boto3', version('boto3'))",
    )
    return (
        f"Machine: {os.cpu_count()} cores, {processor()}, {platform.system()}; load {load:.1f} at the start. "
        f"Python {platform.python_version()}, {encee.strip()}, awscli {aws.split()[0].partition('/')[2]}, "
        f"aws-mfa {its.strip()}."
    )


def processor() -> str:
    """The processor's model."""
    try:
        model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        model = None
    return model[1] if model else platform.machine()


def measured(stage: Stage) -> Iterator[Row]:
    """Measure each row."""
    for row in ROWS:
        stage.aws.reset()
        print(f"bench: {row.__name__.replace('_', ' ')} …", file=sys.stderr, flush=True)
        yield row(stage)


def main() -> int:
    """Measure everything, in homes that are removed afterwards."""
    for program in PROGRAMS:
        if not program.exists():
            print(f"bench: {program.name} is missing; make bench installs it", file=sys.stderr)
            return 1
    load = os.getloadavg()[0]
    from tests.fake_aws import FakeAws

    try:
        with tempfile.TemporaryDirectory(prefix="encee-bench-") as folder, FakeAws() as aws:
            gc.freeze()  # a garbage collection would delay an answer of the stand-in
            stage = Stage(aws, Path(folder))
            home = stage.home(0)
            (version,) = medians(ROUNDS, lambda: aws_version(home))
            stage = replace(stage, slowness=version / AWS_VERSION)
            table = markdown([HEADINGS, *measured(stage)])
            about = machine(home, load)
    except (UntrueError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    paper = PAPER.format(
        day=datetime.now(UTC).date(),
        table=table,
        rounds=ROUNDS,
        in_use=IN_USE,
        machine=about,
        reference=AWS_VERSION,
        version=ms(version),
    )
    RESULT.write_text(paper)
    print(f"{table}\n{about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
