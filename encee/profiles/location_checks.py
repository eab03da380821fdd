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


LOCATION_CHECKS: tuple[Check[Examined], ...] = (
    Check("file-variables", "the AWS tools find both files", _empty_variables),
)
"""In the order in which they are shown."""
