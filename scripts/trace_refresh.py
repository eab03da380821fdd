"""Count the functions of encee that one `encee refresh dev --code CODE` runs, and print them by file.

A refresh against the stand-in for AWS, with sys.setprofile in every thread. A function counts once, however often it
runs; a nested function counts, too. What does not count: bodies of modules and classes, comprehensions, generator
expressions and lambdas, which are parts of a function.
"""

import json
import subprocess
import sys
import tempfile
import threading
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType

from scripts.homes import ROOT, Home

FUNCTIONS, FILES = 254, 43
"""The limits that `tests/test_trace_refresh.py` checks; they only shrink."""

PACKAGE = ROOT / "encee"


def trace_in_this_process(code: str) -> None:
    """Refresh `dev` in this process, and print the functions that ran as JSON: file → names in the file's order."""
    lines: dict[str, dict[str, int]] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        function = frame.f_code
        if event == "call" and function.co_flags & CO_OPTIMIZED and not function.co_name.startswith("<"):
            names = lines.setdefault(function.co_filename, {})
            names[function.co_qualname.replace(".<locals>", "")] = function.co_firstlineno

    threading.setprofile(note)
    sys.setprofile(note)
    from encee.cli.app import main

    exit_code = main(["refresh", "dev", "--code", code])
    sys.setprofile(None)
    threading.setprofile(None)
    if exit_code:
        raise SystemExit(exit_code)
    ours = {
        str(Path(file).relative_to(PACKAGE)): sorted(names, key=names.__getitem__)
        for file, names in lines.items()
        if Path(file).is_relative_to(PACKAGE)
    }
    print("\n" + json.dumps(ours))


def trace() -> dict[str, list[str]]:
    """Refresh `dev` in an empty home, and return the functions that ran by file."""
    from tests.fake_aws import FakeAws

    with FakeAws() as aws, tempfile.TemporaryDirectory() as folder:
        user = aws.create_user("dev")
        device = user.create_device("phone")
        home = Home(Path(folder), aws)
        home.write(
            f"[dev]\naws_access_key_id = {user.access_key.id}\naws_secret_access_key = {user.access_key.secret}\n"
            f"mfa_serial = {device.serial}\n".encode(),
            b"[profile dev]\nregion = eu-central-1\n",
        )
        done = home.run(
            sys.executable, "-m", "scripts.trace_refresh", device.next_code(), environ={"PYTHONPATH": str(ROOT)}
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
        functions: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
        return functions


def main() -> None:
    """Print the functions by file, the files with most of them first, and the totals."""
    functions = trace()
    for file, names in sorted(functions.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(names):3} {file}: {', '.join(names)}")
    total = sum(map(len, functions.values()))
    print(f"{total} functions (at most {FUNCTIONS}) in {len(functions)} files (at most {FILES})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        trace_in_this_process(sys.argv[1])
    else:
        main()
