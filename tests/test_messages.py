"""`make messages`: every message that the program prints, read from its source."""

from pathlib import Path

from scripts.messages import Message, messages

SOURCE = '''
"""A module."""

TRY_AGAIN = "try again in a moment"


class Keys:
    """Keys."""

    def read(self, name: str, other: str | None) -> None:
        """Read a key."""
        if other:
            raise FileRefusedError(f"{self.path} has no {name}", hint=f"encee setup {other}")
        message = f"{name} holds no key"
        terminal.warn(message if other else "the key is old")
        raise EnceeError(message) from None
'''


def test_lists_errors_with_hints_warnings_and_constants_but_no_docstrings(tmp_path: Path) -> None:
    file = tmp_path / "encee" / "keys.py"
    file.parent.mkdir()
    file.write_text(SOURCE, encoding="utf-8")
    assert list(messages(file, tmp_path / "encee")) == [
        Message("keys", "part", "try again in a moment", ""),
        Message("keys.Keys.read.1", "error", "{path} has no {name}", "encee setup {other}"),
        Message("keys.Keys.read.2", "warning", "{name} holds no key / the key is old", ""),
        Message("keys.Keys.read.3", "error", "{name} holds no key", ""),
    ]
