"""Answers that arrive together are written together, and each is told what became of its own."""

import threading
from collections.abc import Callable
from typing import cast

import pytest

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile, Edit
from encee.errors import EnceeError, FileRefusedError
from encee.workflows.refresh.writer import Writer


class Slow:
    """A store whose first write lasts until the others are waiting."""

    def __init__(self, refuse: Callable[[tuple[Edit, ...]], Exception | None] = lambda _: None) -> None:
        self.writes: list[int] = []
        self.go = threading.Event()
        self._refuse = refuse

    def edit(self, *edits: Edit) -> None:
        if not self.writes:
            self.writes.append(len(edits))
            self.go.wait(5)
            return
        self.writes.append(len(edits))
        if error := self._refuse(edits):
            raise error


def edit_of(_number: int) -> Edit:
    def edit(document: Document) -> None:
        raise AssertionError(document)

    return edit


def written(store: Slow, edits: list[Edit]) -> list[BaseException | None]:
    """Write the first edit, and all others while it is under way; what each was told."""
    writer = Writer(cast("AwsFile", store))
    told: list[BaseException | None] = [None] * len(edits)

    def write(number: int) -> None:
        try:
            writer.write(edits[number])
        except Exception as error:  # noqa: BLE001 - what it was told
            told[number] = error

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(edits))]
    threads[0].start()
    while not store.writes:
        pass
    for thread in threads[1:]:
        thread.start()
    while len(writer._waiting) < len(edits) - 1:
        pass
    store.go.set()
    for thread in threads:
        thread.join(5)
    return told


def test_what_waits_is_written_in_one_go() -> None:
    store = Slow()
    assert written(store, [edit_of(number) for number in range(4)]) == [None] * 4
    assert store.writes == [1, 3]


def test_a_refused_edit_harms_no_other() -> None:
    edits = [edit_of(number) for number in range(4)]
    store = Slow(lambda batch: FileRefusedError("no") if edits[2] in batch else None)
    told = written(store, edits)
    assert [isinstance(one, EnceeError) for one in told] == [False, False, True, False]


@pytest.mark.parametrize("error", [ValueError("bug")])
def test_a_bug_is_told_to_everybody_whose_edit_was_not_written(error: Exception) -> None:
    store = Slow(lambda _: error)
    assert written(store, [edit_of(number) for number in range(4)]) == [None, error, error, error]
