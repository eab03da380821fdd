"""What a refresh needs of a person and shows while it runs."""

from typing import Protocol

from encee.mfa.code_sources import CodeSource
from encee.workflows.find_device import Chooser


class Person(CodeSource, Chooser, Protocol):
    """A person at the terminal."""


class RefreshUi(Protocol):
    """The terminal; only the thread that prompts calls `notify` and `countdown`."""

    @property
    def person(self) -> Person | None:
        """Who can be prompted, or None."""

    def notify(self, text: str) -> None:
        """Show a line about the progress."""

    def warn(self, text: str) -> None:
        """Keep a warning until `show_warnings`; called in any thread."""

    def has_warnings(self) -> bool:
        """Check for warnings that were not shown yet; called in any thread."""

    def show_warnings(self) -> None:
        """Show the warnings that were not shown yet, each text once; called in any thread."""

    def countdown(self, text: str, seconds: float) -> None:
        """Wait for the next code of a device."""
