"""Read the CSV that the IAM console offers for download with a new access key.

There are two layouts: `Access key ID,Secret access key`, with a byte-order mark, and the older
`User name,Password,Access key ID,Secret access key,Console login link`. Other columns are ignored. A file that a
spreadsheet has saved with `;` is refused.
"""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from encee.model import AccessKey
from encee.profiles.importers.base import BYTE_ORDER_MARK, decode_text, line_error, require_key

_ID, _SECRET, _PASSWORD = "Access key ID", "Secret access key", "Password"
_USER = "delete that key, and create an IAM user with a key and an MFA device instead"
_MAKE_KEY = "create an access key in the console, under Security credentials, and import that file"
_ROOT_KEY = re.compile(r"rootkey\b.*\.csv", re.IGNORECASE)
_AGAIN = "import the file as the console offers it, not as another program has saved it"


class ConsoleKey(NamedTuple):
    """The content of the file.

    Args:
        has_password: Whether the file also holds the user's password for the console.
    """

    key: AccessKey
    has_password: bool


def is_named_like_root_key(file: Path) -> bool:
    """Whether a file's name is that of a root user's key, which has the same layout."""
    return _ROOT_KEY.fullmatch(file.name) is not None


class _Row(NamedTuple):
    line: int
    cells: list[str]


def parse_console_csv(data: bytes, file: Path) -> ConsoleKey:
    """Read the key in a file of the console.

    Raises:
        EnceeError: The file is not such a CSV, is truncated, or holds several keys. The message names the line.
    """
    rows = _parse_rows(decode_text(data, file).removeprefix(BYTE_ORDER_MARK), file)
    head = rows[0]
    headings = [_normalize_heading(cell) for cell in head.cells]
    if head.cells[0].strip().startswith("AWSAccessKeyId="):
        raise line_error(file, head.line, "a key of the root user, for which AWS has no sessions with MFA", _USER)
    if _PASSWORD in headings and _ID not in headings:
        raise line_error(file, head.line, "a password for the console, but no access key", _MAKE_KEY)
    for needed in (_ID, _SECRET):
        if headings.count(needed) != 1:
            is_separated_otherwise = any(mark in cell for cell in head.cells for mark in ";\t")
            fault = (
                "columns that are not separated by commas"
                if is_separated_otherwise
                else f"not exactly one column '{needed}'"
            )
            raise line_error(file, head.line, fault, _AGAIN)
    if len(rows) == 1:
        raise line_error(file, head.line, "the headings, but no line with a key follows", _AGAIN)
    row = rows[1]
    if len(row.cells) != len(headings):
        fault = f"{len(row.cells)} columns where the first has {len(headings)}; it may be truncated"
        raise line_error(file, row.line, fault, _AGAIN)
    if len(rows) > 2:  # noqa: PLR2004 - the headings and the key
        fault = "a second key, but --profile names one profile"
        raise line_error(file, rows[2].line, fault, "delete all keys but one: keep the headings and its line")
    cells = dict(zip(headings, (cell.strip() for cell in row.cells), strict=True))
    key = require_key(cells[_ID], cells[_SECRET], file, (row.line, row.line))
    return ConsoleKey(key, bool(cells.get(_PASSWORD)))


def _normalize_heading(cell: str) -> str:
    """Normalize the case of a heading, which the console has changed before."""
    headings = {name.casefold(): name for name in (_ID, _SECRET, _PASSWORD)}
    return headings.get(cell.strip().casefold(), "")


def _parse_rows(text: str, file: Path) -> list[_Row]:
    """List the rows that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    line = 1
    try:
        for cells in reader:
            if reader.line_num > line:
                raise line_error(file, line, "a quoted value that continues in the next line", _AGAIN)
            if any(cell.strip() for cell in cells):
                rows.append(_Row(line, cells))
            line = reader.line_num + 1
    except csv.Error:
        raise line_error(
            file, max(reader.line_num, 1), "a quote or a character that is invalid in a CSV", _AGAIN
        ) from None
    if not rows:
        raise line_error(file, 1, "nothing: the file is empty", _AGAIN)
    return rows
