"""QR codes in the terminal and in a picture file."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from encee.errors import EnceeError, UsageError

_QUIET_ZONE = 4
"""Width in modules of the light frame that ISO/IEC 18004 requires."""

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_SUFFIXES = (".png", ".svg")
_PIXELS_PER_MODULE = 8


def draw_half_blocks(text: str, *, frame: int = _QUIET_ZONE) -> list[str]:
    """Draw a QR code in half blocks, two rows of modules a line, black on white.

    Args:
        frame: Width of the light frame in modules; the standard requires 4, most phones accept 2.
    """
    import segno

    rows = [[bool(module) for module in row] for row in segno.make(text, micro=False).matrix_iter(border=frame)]
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=[False] * len(rows[0]))
    ]


def parse_picture_path(path: str) -> Path:
    """Check that the name of a picture file has a suffix that encee can write.

    Raises:
        UsageError: The name ends in neither `.png` nor `.svg`.
    """
    file = Path(path)
    if file.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"invalid picture name {path or '(empty)'}", hint="name a file that ends in .png or .svg")
    return file


@contextmanager
def create_picture(file: Path) -> Iterator[Callable[[str], None]]:
    """Create an empty picture file with mode 0600, and delete it at the end.

    Yields:
        A function that draws the QR code of a text into the file.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{file} exists already, and is not written over", hint="name a new file") from None
    except OSError as error:
        raise _write_error(file, error) from None
    try:
        with open(descriptor, "wb", buffering=0) as stream:  # noqa: PTH123 - pathlib cannot open a descriptor

            def draw(text: str) -> None:
                left = _render(text, file.suffix.lower().removeprefix("."))
                try:
                    while left:
                        left = left[stream.write(left) :]
                except OSError as error:
                    raise _write_error(file, error) from None

            yield draw
    finally:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            message = f"{file}, which holds the secret of the device, cannot be deleted: {error.strerror}"
            raise EnceeError(message, hint="delete it by hand") from None


def _render(text: str, kind: str) -> bytes:
    import segno

    picture = io.BytesIO()
    segno.make(text, micro=False).save(picture, kind=kind, scale=_PIXELS_PER_MODULE, border=_QUIET_ZONE, light="#fff")
    return picture.getvalue()


def _write_error(file: Path, error: OSError) -> EnceeError:
    return EnceeError(f"{file} cannot be written: {error.strerror}", hint="name another file")
