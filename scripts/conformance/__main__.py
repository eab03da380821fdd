"""Run real readers on the files that encee writes, and write the table to docs/conformance.md.

Each layout is refreshed by the installed encee in a temporary home. Then every reader that is on this machine makes
a signed call as the session profile and as two others, and a stand-in for AWS says whose key signed it.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from encee import __version__
from scripts.conformance.layouts import LAYOUTS
from scripts.conformance.paper import Row, paper, table
from scripts.conformance.readers import CANDIDATES, Candidate, MissingError, Reader
from scripts.conformance.trial import RefreshFailedError, Result, trial
from scripts.homes import ROOT
from tests.fake_aws import FakeAws

RESULT = ROOT / "docs" / "conformance.md"


def main() -> int:
    """Run the readers on every layout; return 1 if encee harmed a file, or if a reader from PyPI is missing."""
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--pypi", action="store_true", help="only the readers that PyPI gives, and no page")
    only_pypi = parser.parse_args().pypi
    candidates = [candidate for candidate in CANDIDATES if candidate.origin == "PyPI" or not only_pypi]
    try:
        with tempfile.TemporaryDirectory(prefix="encee-conformance-") as folder:
            rows = tried(candidates, Path(folder))
    except (RefreshFailedError, OSError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(table(rows))
    if not only_pypi:
        RESULT.write_text(paper(rows, __version__))
    missing = [row.name for row in rows if row.version is None and row.origin == "PyPI"]
    harmed = [row.name for row in rows if row.harmed]
    for names, what in ((missing, "not run"), (harmed, "harmed by encee")):
        if names:
            print(f"conformance: {what}: {', '.join(names)}", file=sys.stderr)
    return int(bool(missing or harmed))


def tried(candidates: Sequence[Candidate], folder: Path) -> list[Row]:
    """Run each reader on each layout."""
    readers: dict[Candidate, Reader] = {}
    missing: dict[Candidate, str] = {}
    for number, candidate in enumerate(candidates):
        print(f"conformance: preparing {candidate.name} …", file=sys.stderr, flush=True)
        own = folder / f"reader-{number}"
        own.mkdir()
        try:
            readers[candidate] = candidate.prepare(own)
        except MissingError as lacking:
            missing[candidate] = str(lacking)
    results: dict[Candidate, list[Result]] = {candidate: [] for candidate in readers}
    with FakeAws() as aws:
        for number, layout in enumerate(LAYOUTS):
            print(f"conformance: {layout.name} …", file=sys.stderr, flush=True)
            stage = trial(layout, aws, folder / f"layout-{number}")
            for candidate, reader in readers.items():
                results[candidate].append(stage.of(reader))
    return [
        Row(candidate.name, candidate.origin, readers[candidate].version, results=results[candidate])
        if candidate in readers
        else Row(candidate.name, candidate.origin, missing=missing[candidate])
        for candidate in candidates
    ]


if __name__ == "__main__":
    sys.exit(main())
