"""Pages that scripts write and check."""

import argparse
from pathlib import Path

from scripts.homes import ROOT


def write_or_check(file: Path, text: str, description: str) -> int:
    """Write a page, or with `--check` report whether it is current.

    Args:
        description: The description of the script for its help.

    Returns:
        The exit status: 1 if `--check` found another text.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="change nothing")
    if not parser.parse_args().check:
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        print(f"{file.relative_to(ROOT)} is out of date; make docs writes it")
        return 1
    return 0
