"""Read QR codes, as a phone does, from a PNG, an SVG or the output on a terminal."""

import re
import struct
import zlib
from xml.etree import ElementTree as ET

import zxingcpp

_SMALLEST = 21  # modules
_SCALE = 4  # pixels for each module of a picture
_BLOCKS = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}
_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_DARK, _LIGHT = {"30", "38;5;16"}, {"47", "107", "48;5;231"}


def read_png(data: bytes) -> str:
    """Read the QR code in a PNG of segno: one bit for each pixel, 1 is white."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += length + 12
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    bits, size = zlib.decompress(chunks[b"IDAT"]), (width + 7) // 8 + 1
    lines: list[bytes] = []
    above = bytes(size - 1)
    for start in range(0, height * size, size):
        kind_of_line, *line = bits[start : start + size]
        assert kind_of_line in {0, 2}  # the bytes, or their differences to the line above
        above = (
            bytes(one + other & 255 for one, other in zip(line, above, strict=True)) if kind_of_line else bytes(line)
        )
        lines.append(above)
    return _read([[not line[x // 8] >> (7 - x % 8) & 1 for x in range(width)] for line in lines], scale=1)


def read_svg(text: str) -> str:
    """Read the QR code in an SVG of segno: a white background, and strokes for the dark modules."""
    ground, strokes = ET.fromstring(text).iter("{http://www.w3.org/2000/svg}path")
    assert ground.attrib["fill"] == "#fff"
    assert strokes.attrib["stroke"] == "#000"
    size = int(ground.attrib["d"].removeprefix("M0 0h").split("v")[0])
    modules = [[False] * size for _ in range(size)]
    x = y = 0.0
    for command, words in re.findall(r"([Mmh])([-0-9. ]+)", strokes.attrib["d"]):
        numbers = [float(word) for word in words.split()]
        if command == "h":
            for dark in range(int(numbers[0])):
                modules[int(y)][int(x) + dark] = True
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    return _read(modules, scale=_SCALE)


def read_terminal(printed: str, *, ground: bool) -> str:
    """Read the QR code in the half blocks of a terminal's output.

    Args:
        printed: The output, with its escape sequences.
        ground: Whether the background of the terminal is dark and its text light.
    """
    rows: list[list[bool]] = []
    for line in printed.splitlines():
        text = _STYLE.sub("", line)
        if len(text) < _SMALLEST or not set(text) <= set(_BLOCKS):
            continue
        upper, lower = [], []
        ink, paper = not ground, ground
        for piece, style in _pieces(line):
            for character in piece:
                top, bottom = _BLOCKS[character]
                upper.append(ink if top else paper)
                lower.append(ink if bottom else paper)
            ink, paper = _colours(style, ink=ink, paper=paper, ground=ground)
        rows += [upper, lower]
    # A phone sees the background of the terminal around the code.
    width = max(map(len, rows), default=0) + 8
    framed = [[ground] * 4 + row + [ground] * (width - 4 - len(row)) for row in rows]
    margin = [[ground] * width] * 4
    return _read([*margin, *framed, *margin], scale=_SCALE)


def _pieces(line: str) -> list[tuple[str, str]]:
    """Yield each piece of text with the style after it."""
    parts = _STYLE.split(line)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def _colours(style: str, *, ink: bool, paper: bool, ground: bool) -> tuple[bool, bool]:
    """Return whether foreground and background are dark after a style; an empty one restores the terminal's colours."""
    if style in {"", "0"}:
        return not ground, ground
    for colour in re.findall(r"[34]8;5;\d+|\d+", style):
        ink = ink or colour in _DARK
        paper = paper and colour not in _LIGHT
    return ink, paper


def _read(modules: list[list[bool]], scale: int) -> str:
    pixels = b"".join(
        bytes(0 if dark else 255 for dark in row for _ in range(scale)) for row in modules for _ in range(scale)
    )
    shape = (len(modules) * scale, len(modules[0]) * scale)
    found = zxingcpp.read_barcodes(memoryview(pixels).cast("B", shape=shape), try_invert=False)
    assert len(found) == 1, "no QR code can be read"
    return str(found[0].text)
