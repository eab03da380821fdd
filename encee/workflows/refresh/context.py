"""The files, the settings, the terminal and the clock of a refresh."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from encee.mfa.cancel import Cancelled
from encee.mfa.code_sources import GivenCodes
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.settings import Settings
from encee.workflows.find_device import Chooser
from encee.workflows.refresh.jobs import RunOptions


class Person(Chooser, Protocol):
    """A person at the terminal, who can type codes."""

    asks_person: Literal[True]
    waits: bool

    def code_for(self, profile: str, device: str, cancelled: Cancelled) -> str | None:
        """Prompt for six digits; return None when cancelled first.

        Raises:
            InterruptedByPersonError: The person typed Ctrl-C or Ctrl-D.
        """


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


class RefreshContext(NamedTuple):
    """What a refresh works with.

    Args:
        files: The two files.
        catalog: The profiles of the two files when the run began.
        settings: Their settings.
        codes: The codes of the command line, or None.
        ui: The terminal.
        clock: Returns the present moment, UTC.
        options: How to run.
    """

    files: AwsFiles
    catalog: Catalog
    settings: Settings
    codes: GivenCodes | None
    ui: RefreshUi
    clock: Callable[[], datetime]
    options: RunOptions
