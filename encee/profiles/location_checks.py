"""The checks of where the two files are: whether encee and the AWS tools read the same ones."""

from collections.abc import Iterator

from encee.profiles.examine import Examined
from encee.profiles.files import empty_variables
from encee.profiles.findings import Check, Finding, State


def _empty_variables(examined: Examined) -> Iterator[Finding]:
    for variable, path in empty_variables(examined.environ).items():
        yield Finding(
            State.WARNING,
            f"{variable} is set and empty: AWS tools read no {path} in this shell, and encee does",
            commands=(f"unset {variable}",),
        )


def _one_file(examined: Examined) -> Iterator[Finding]:
    if examined.is_one_file and examined.credentials.path.is_file():
        yield Finding(
            State.WARNING,
            f"{examined.credentials.path} and {examined.config.path} are one file, in which a profile can have"
            " two sections, [NAME] and [profile NAME]",
            "give the config file a name of its own, and move the sections [profile NAME] there",
        )


LOCATION_CHECKS: tuple[Check[Examined], ...] = (
    Check("file-variables", "the AWS tools find both files", _empty_variables),
    Check("one-file", "credentials file and config file are two files", _one_file),
)
"""In the order in which they are shown."""
