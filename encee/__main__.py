"""The entry point of the `encee` command and of `python -m encee`."""

import gc
import os
import sys
from contextlib import suppress

_INTERRUPTED = 130
"""The exit code, which may have to be known before anything else is loaded."""


def run() -> None:
    """Run the command line of this process and exit with its code.

    The garbage collector is told to stay out of the way: a command lives for a tenth of a second, and without
    this its imports lose some 30 ms to collections. The end is the system's: Python's own takes some 45 ms more, and
    can crash over a thread that still loads boto3 when a person has left the prompt.
    """
    gc.set_threshold(100_000, 50, 50)
    try:
        from encee.cli.app import main  # noqa: PLC0415 - behind the tuning that its imports profit from

        code = main()
    except KeyboardInterrupt:  # while it loads, or says how it ended: `main` knows of all others
        code = _INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # it was closed, or whoever read it has gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
