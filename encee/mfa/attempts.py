"""Another try after a code that AWS did not accept."""

from collections.abc import Callable

from encee.errors import WrongCodeError

ATTEMPTS = 3
"""How many tries a person has, in all."""


def retry_wrong_codes(attempt: Callable[[], None], notify: Callable[[str], None]) -> None:
    """Let a person try other codes after wrong ones, three times in all.

    Args:
        attempt: Asks for codes and sends them.
        notify: Called with a line for people after wrong ones.

    Raises:
        WrongCodeError: All of them were wrong.
    """
    for left in range(ATTEMPTS - 1, 0, -1):
        try:
            attempt()
        except WrongCodeError as error:
            notify(f"{error.message}; try the next two ({left} of {ATTEMPTS} tries left)")
        else:
            return
    attempt()
