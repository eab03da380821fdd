"""Find out whether another program has a file open for writing.

Linux grants a read lease (fcntl(2), "Leases") only on a file that no process has open for writing. encee returns the
lease at once.
"""

import signal
import sys

from encee.awsfile.system_calls import is_local


def is_open_for_writing(descriptor: int) -> bool | None:
    """Whether any process has the file of a read-only descriptor open for writing.

    Returns:
        None if the system does not know: not Linux, a network file system, or a file of another user.
    """
    if sys.platform != "linux" or not is_local(descriptor):
        return None
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        # A program that opens the file meanwhile makes the kernel send a signal: by default SIGIO, which would end
        # this process. SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
