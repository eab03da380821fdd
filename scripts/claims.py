"""What a script claims, checked as it goes."""


class UntrueError(Exception):
    """Something that is claimed is not so; the message says what."""


def expect(fact: object, otherwise: str) -> None:
    """Go on only where a claim holds.

    Args:
        fact: What has to be true.
        otherwise: What to say where it is not.

    Raises:
        UntrueError: It is not.
    """
    if not fact:
        raise UntrueError(otherwise)
