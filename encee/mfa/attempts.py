"""Retry after a code that AWS did not accept."""

from collections.abc import Callable

from encee.errors import WrongCodeError

ATTEMPTS = 3
"""How many attempts a user has in all."""


def retry_wrong_codes(attempt: Callable[[], None], notify: Callable[[str], None]) -> None:
    """Call `attempt` again after wrong codes, three times in all.

    Args:
        notify: Called with a line for the user after wrong codes.

    Raises:
        WrongCodeError: The last attempt failed, too.
    """
    for left in range(ATTEMPTS - 1, 0, -1):
        try:
            attempt()
        except WrongCodeError as error:
            notify(f"{error.message}; try the next two ({left} of {ATTEMPTS} tries left)")
        else:
            return
    attempt()
