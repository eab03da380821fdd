"""QR codes, in the terminal and in a file: the door to segno."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from encee.errors import EnceeError, UsageError

_QUIET = 4
"""The width of the light frame that ISO/IEC 18004 wants, in modules."""

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_KINDS = (".png", ".svg")
_PIXELS = 8


def draw_half_blocks(text: str, *, frame: int = _QUIET) -> list[str]:
    """A QR code as lines of half blocks, two rows of modules a line, to be drawn in black on white.

    Args:
        text: What the code says.
        frame: The width of the light frame in modules, 4 by the standard; most phones are content with 2.
    """
    import segno

    rows = [[bool(module) for module in row] for row in segno.make(text, micro=False).matrix_iter(border=frame)]
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=[False] * len(rows[0]))
    ]


def parse_picture_path(path: str) -> Path:
    """A file that a QR code can be drawn in, by its name.

    Raises:
        UsageError: The name does not say which kind of picture.
    """
    file = Path(path)
    if file.suffix.lower() not in _KINDS:
        raise UsageError(f"{path} is no name for a picture", hint="let it end in .png or .svg")
    return file


@contextmanager
def create_picture(file: Path) -> Iterator[Callable[[str], None]]:
    """A new file for a QR code that nobody else can read, there for as long as the context lasts.

    Args:
        file: From `parse_picture_path`.

    Yields:
        Draws the code of a text in it.

    Raises:
        UsageError: There is such a file already.
        EnceeError: It cannot be made or written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{file} exists already, and is not written over", hint="name a new file") from None
    except OSError as error:
        raise _not_written(file, error) from None
    try:
        with open(descriptor, "wb", buffering=0) as stream:  # noqa: PTH123 - with its mode from the start

            def draw(text: str) -> None:
                left = _drawn(text, file.suffix.lower().removeprefix("."))
                try:
                    while left:
                        left = left[stream.write(left) :]
                except OSError as error:
                    raise _not_written(file, error) from None

            yield draw
    finally:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            message = f"{file}, which holds the secret of the device, cannot be deleted: {error.strerror}"
            raise EnceeError(message, hint="delete it by hand") from None


def _drawn(text: str, kind: str) -> bytes:
    import segno

    drawn = io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind=kind, scale=_PIXELS, border=_QUIET, light="#fff")
    return drawn.getvalue()


def _not_written(file: Path, error: OSError) -> EnceeError:
    return EnceeError(f"{file} cannot be written: {error.strerror}", hint="name another file")
