"""The pictures of the documents are whole, self-contained and current."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT

NAMES = ("refresh", "status", "error")
SVG = "{http://www.w3.org/2000/svg}"


def texts_of(picture: Path) -> list[str]:
    """Return the texts of a picture in order."""
    return ["".join(text.itertext()).replace("\xa0", " ") for text in ET.parse(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_contains_no_reference(name: str) -> None:
    picture = ROOT / "docs" / f"{name}.svg"
    source = picture.read_text()
    root = ET.fromstring(source)
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *("svg", "style", "defs", "clipPath", "rect", "g", "circle", "text")
    }
    assert re.findall(r"\w*://[^\"']*", source) == ["http://www.w3.org/2000/svg"]
    assert "@" not in "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    identifiers = {element.get("id") for element in root.iter()}
    assert set(re.findall(r"url\(#?([^)]*)\)", source)) <= identifiers


@pytest.mark.parametrize("name", NAMES)
def test_a_document_shows_each_picture(name: str) -> None:
    documents = [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    assert any(f"{name}.svg)" in document.read_text(encoding="utf-8") for document in documents)


@pytest.mark.slow
def test_the_pictures_are_current_and_reproducible(tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    for folder in runs:
        folder.mkdir()
        subprocess.run([sys.executable, "-m", "scripts.screenshots", folder], cwd=ROOT, check=True, timeout=200)
    for name in NAMES:
        one, two = (folder / f"{name}.svg" for folder in runs)
        assert one.read_bytes() == two.read_bytes()
        assert texts_of(one) == texts_of(ROOT / "docs" / f"{name}.svg"), "make screenshots draws them anew"
