"""Tables in the pages that scripts write."""

from collections.abc import Sequence


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns; the first line holds the headings."""
    cells = [[cell.replace("|", "&#124;") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)
