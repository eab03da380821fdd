"""The entry point of the `encee` command and of `python -m encee`."""

import gc
import os
import sys
from contextlib import suppress

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, needed also when Ctrl-C comes before that is imported."""


def run() -> None:
    """Run the command line and exit with its code.

    Raising the garbage collector's threshold saves some 30 ms of the imports. `os._exit` saves some 45 ms of
    Python's own shutdown, which can also crash while a thread still loads boto3 after Ctrl-C at the prompt.
    """
    gc.set_threshold(100_000, 50, 50)
    try:
        from encee.cli.app import main  # noqa: PLC0415 - imported after the garbage collector is set, which speeds the import up

        code = main()
    except KeyboardInterrupt:  # outside of `main`, which handles it itself
        code = _INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # it is closed, or its reader has exited
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
