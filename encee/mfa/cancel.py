"""A signal, from another thread, that a code is not needed any more."""

import os
import threading
from typing import Self


class Cancelled:
    """Tells a source, from another thread, that its code is not needed any more.

    It has a file descriptor that becomes readable then, so that a source can wait for it and for a person at the
    same time; leaving the context ends it.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.set()
        os.close(self._read)

    def set(self) -> None:
        """End the wait for the code; without effect when it is over already."""
        with self._lock:
            if not self._over.is_set():
                self._over.set()
                os.close(self._write)  # which makes the other end readable

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, but not longer; whether it is."""
        return self._over.wait(seconds)

    def fileno(self) -> int:
        """The descriptor that becomes readable."""
        return self._read
