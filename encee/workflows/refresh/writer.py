"""Answers that arrive together are written together."""

import threading
from dataclasses import dataclass, field

from encee.awsfile.file import AwsFile, Edit
from encee.errors import EnceeError


@dataclass(eq=False)
class _Pending:
    edit: Edit
    done: bool = False
    error: Exception | None = None


@dataclass
class Writer:
    """Writes edits from many threads, all that wait at a time in one go.

    Args:
        store: The file.
    """

    store: AwsFile
    _waiting: list[_Pending] = field(default_factory=list)
    _list: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def write(self, edit: Edit) -> None:
        """Write an edit; returns when it is on disk.

        Raises:
            EnceeError: This edit was refused; others of the same write are not harmed.
        Exception: A bug; nothing of the same write was written.
        """
        mine = _Pending(edit)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                with self._list:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        if mine.error is not None:
            raise mine.error

    def _write(self, batch: list[_Pending]) -> None:
        try:
            self.store.edit(*(one.edit for one in batch))
        except EnceeError as error:
            if len(batch) > 1:
                for one in batch:
                    self._write([one])
                return
            batch[0].error = error
        except Exception as error:  # noqa: BLE001 - raised again in each thread that waits
            for one in batch:
                one.error = error
        for one in batch:
            one.done = True
