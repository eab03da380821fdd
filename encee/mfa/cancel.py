"""A signal between threads: the code is no longer needed."""

import os
import threading
from typing import Self


class Cancelled:
    """A signal from another thread that a code is no longer needed.

    It is a context manager, and leaving it sends the signal. Its file descriptor becomes readable with the signal, so
    that `select` can wait for the signal and for input at the same time.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._lock = threading.Lock()
        self._is_set = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.set()
        os.close(self._read)

    def set(self) -> None:
        """Send the signal; do nothing when it was sent before."""
        with self._lock:
            if not self._is_set.is_set():
                self._is_set.set()
                os.close(self._write)  # the end of the pipe makes the other descriptor readable

    def wait(self, seconds: float) -> bool:
        """Wait for the signal until a timeout; return whether it was sent."""
        return self._is_set.wait(seconds)

    def fileno(self) -> int:
        """Return the file descriptor that becomes readable with the signal."""
        return self._read
