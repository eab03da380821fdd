"""The CSV that the IAM console offers for download when it has made an access key.

There are two layouts: `Access key ID,Secret access key`, which begins with a byte-order mark, and the older
`User name,Password,Access key ID,Secret access key,Console login link`. Any other columns may stand beside the two
that count. A spreadsheet that saves the file again with `;` makes another kind of file of it, which is refused.
"""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from encee.model import AccessKey
from encee.profiles.importers.base import BYTE_ORDER_MARK, misread, plain_text, plausible_key

_ID, _SECRET, _PASSWORD = "Access key ID", "Secret access key", "Password"
_USER = "delete that key, and make an IAM user with a key and an MFA device instead"
_MAKE_KEY = "make an access key in the console, under Security credentials, and take the file with that"
_ROOT_KEY = re.compile(r"rootkey\b.*\.csv", re.IGNORECASE)
_AGAIN = "take the file as the console offers it, before another program saves it"


class ConsoleKey(NamedTuple):
    """What the file holds.

    Args:
        key: The user's long-term credentials.
        has_password: Whether it also holds the user's password for the console.
    """

    key: AccessKey
    has_password: bool


def is_named_like_root_key(file: Path) -> bool:
    """Whether a file has the name that the console gives to a root user's key, whose layout is that of a user's."""
    return _ROOT_KEY.fullmatch(file.name) is not None


class _Row(NamedTuple):
    line: int
    cells: list[str]


def console_key(data: bytes, file: Path) -> ConsoleKey:
    """The one key in a file of the console's.

    Args:
        data: The file's content.
        file: Its path, for errors.

    Raises:
        EnceeError: It is something else than such a file, is cut off, or holds several keys. Names the line.
    """
    rows = _rows(plain_text(data, file).removeprefix(BYTE_ORDER_MARK), file)
    head = rows[0]
    headings = [_heading(cell) for cell in head.cells]
    if head.cells[0].strip().startswith("AWSAccessKeyId="):
        raise misread(file, head.line, "a key of the root user, for which AWS offers no sessions with MFA", _USER)
    if _PASSWORD in headings and _ID not in headings:
        raise misread(file, head.line, "a password for the console, and no access key", _MAKE_KEY)
    for needed in (_ID, _SECRET):
        if headings.count(needed) != 1:
            spread = any(mark in cell for cell in head.cells for mark in ";\t")
            fault = "columns that are not divided by commas" if spread else f"not one column '{needed}'"
            raise misread(file, head.line, fault, _AGAIN)
    if len(rows) == 1:
        raise misread(file, head.line, "the headings, and no line with a key follows", _AGAIN)
    row = rows[1]
    if len(row.cells) != len(headings):
        fault = f"{len(row.cells)} columns where the first has {len(headings)}; it may be cut off"
        raise misread(file, row.line, fault, _AGAIN)
    if len(rows) > 2:  # noqa: PLR2004 - the headings and the key
        fault = "a second key, and --profile names one profile"
        raise misread(file, rows[2].line, fault, "leave one key in the file: the headings and its line")
    cells = dict(zip(headings, (cell.strip() for cell in row.cells), strict=True))
    key = plausible_key(cells[_ID], cells[_SECRET], file, (row.line, row.line))
    return ConsoleKey(key, bool(cells.get(_PASSWORD)))


def _heading(cell: str) -> str:
    """A heading as it is spelled here, whatever its capitals: the console's have changed."""
    known = {name.casefold(): name for name in (_ID, _SECRET, _PASSWORD)}
    return known.get(cell.strip().casefold(), "")


def _rows(text: str, file: Path) -> list[_Row]:
    """The rows that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    line = 1
    try:
        for cells in reader:
            if reader.line_num > line:
                raise misread(file, line, "a quoted value that goes on in the next line", _AGAIN)
            if any(cell.strip() for cell in cells):
                rows.append(_Row(line, cells))
            line = reader.line_num + 1
    except csv.Error:
        raise misread(file, max(reader.line_num, 1), "a quote, or a character, that no CSV has there", _AGAIN) from None
    if not rows:
        raise misread(file, 1, "nothing: the file is empty", _AGAIN)
    return rows
