"""QR codes can be read back from the drawing."""

import os
import resource
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from encee.errors import EnceeError, UsageError
from encee.mfa.qr import create_picture, draw_half_blocks, parse_picture_path
from tests.qr_reader import read_png, read_svg, read_terminal

BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"


def on_terminal(lines: list[str]) -> str:
    return "\n".join(f"{BLACK_ON_WHITE}{line}\x1b[0m" for line in lines)


@settings(max_examples=50)
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=200))
def test_any_text_is_read_back_from_half_blocks(text: str) -> None:
    assert read_terminal(on_terminal(draw_half_blocks(text)), ground=True) == text


@pytest.mark.parametrize("frame", [2, 4])
@pytest.mark.parametrize("ground", [True, False])
def test_the_frame_is_light_and_as_wide_as_requested(frame: int, *, ground: bool) -> None:
    lines = draw_half_blocks("otpauth://totp/x?secret=ABC", frame=frame)
    assert all(line.startswith(" " * frame) and line.endswith(" " * frame) for line in lines)
    assert all(not line.strip() for line in (lines[0], lines[-1]))
    assert read_terminal(on_terminal(lines), ground=ground) == "otpauth://totp/x?secret=ABC"


def test_without_colours_a_dark_background_hides_the_code() -> None:
    """Show why encee draws the code in colours only."""
    with pytest.raises(AssertionError, match="no QR code"):
        read_terminal("\n".join(draw_half_blocks("x" * 30)), ground=True)


@pytest.mark.parametrize(("name", "read"), [("a.png", read_png), ("a.svg", lambda data: read_svg(data.decode()))])
def test_a_picture_exists_for_its_owner_only_and_until_the_end(tmp_path: Path, name: str, read: object) -> None:
    file = tmp_path / name
    umask = os.umask(0)
    try:
        with create_picture(parse_picture_path(str(file))) as draw:
            assert (file.stat().st_mode & 0o777, file.read_bytes()) == (0o600, b"")
            draw("the secret")
            assert callable(read)
            assert read(file.read_bytes()) == "the secret"
    finally:
        os.umask(umask)
    assert not file.exists()


def test_an_error_deletes_the_picture(tmp_path: Path) -> None:
    file = tmp_path / "a.png"

    def fail() -> None:
        with create_picture(file) as draw:
            draw("the secret")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not file.exists()


def test_a_picture_that_is_deleted_early_is_not_an_error(tmp_path: Path) -> None:
    with create_picture(tmp_path / "a.png"):
        (tmp_path / "a.png").unlink()


def test_a_picture_that_cannot_be_deleted_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "a.png"

    def replace_by_folder() -> None:
        with create_picture(file):
            file.unlink()
            file.mkdir()

    with pytest.raises(EnceeError, match="holds the secret of the device, cannot be deleted"):
        replace_by_folder()


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(UsageError, match="exists already"), create_picture(tmp_path / "a.png"):
        pass
    assert (tmp_path / "a.png").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "code", "code.jpg", "code.png.txt", ".png"])
def test_a_name_without_a_known_suffix_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        parse_picture_path(name)


def test_a_full_disk_is_reported_and_leaves_no_file(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def draw_too_much() -> None:
        with create_picture(tmp_path / "a.svg") as draw:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            try:
                draw("the secret")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with pytest.raises(EnceeError, match=r"a\.svg cannot be written: File too large"):
        draw_too_much()
    assert list(tmp_path.iterdir()) == []
