"""Checks in scripts."""


class UntrueError(Exception):
    """A check failed; the message says which."""


def expect(fact: object, otherwise: str) -> None:
    """Raise UntrueError with the message `otherwise` unless `fact` is true."""
    if not fact:
        raise UntrueError(otherwise)
