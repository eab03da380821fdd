"""Sending a request again: only where AWS certainly did not carry it out, or where that does no harm."""

import time
from collections.abc import Callable
from typing import TypeVar

from encee.aws.errors import LostAnswerError, MissingError, RequestNotSentError, translate_errors
from encee.aws.signer import Signer
from encee.errors import AwsError

_PAUSES = (1, 2)
"""Seconds before the second and the third attempt."""

_CONSISTENCY_PAUSES = (1, 2, 4, 8)
"""Seconds before each further attempt where IAM does not know of a change everywhere yet."""

Answer = TypeVar("Answer")


def retry_unsent(signer: Signer, send: Callable[[], Answer]) -> Answer:
    """Send a request, and again, twice at most, where the connection was refused or AWS says that it was throttled.

    Args:
        signer: Whose request it is.
        send: Sends it, by a client that never repeats a request by itself, and takes what is wanted from the answer.

    Raises:
        LostAnswerError: AWS may have carried it out, and no answer that can be trusted came back.
        AwsError: AWS refused, or could not be reached.
    """
    for pause in _PAUSES:
        try:
            return _once(signer, send)
        except RequestNotSentError:
            time.sleep(pause)
    return _once(signer, send)


def delete_idempotently(signer: Signer, delete: Callable[[], object]) -> None:
    """Send a request that deletes something, also again where the answer was lost, twice at most.

    That it is not there any more is then what the lost request did.

    Args:
        signer: Whose request it is.
        delete: Sends it, by a client that never repeats a request by itself.

    Raises:
        MissingError: It was not there in the first place.
        LostAnswerError: No answer that can be trusted came back.
        AwsError: AWS refused, or could not be reached.
    """
    lost = False
    for pause in (*_PAUSES, None):
        try:
            retry_unsent(signer, delete)
        except LostAnswerError:
            if pause is None:
                raise
            lost = True
            time.sleep(pause)
            continue
        except MissingError:
            if not lost:
                raise
        return


def retry_until_consistent(attempt: Callable[[], Answer], unsettled: tuple[type[AwsError], ...]) -> Answer:
    """Make a request that follows a change, also again while IAM, which is eventually consistent, does not know of it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

    Args:
        attempt: Makes the request.
        unsettled: The errors that can come of that; AWS did nothing then.

    Raises:
        AwsError: One of these again and again, for a quarter of a minute; or any other.
    """
    for pause in _CONSISTENCY_PAUSES:
        try:
            return attempt()
        except unsettled:
            time.sleep(pause)
    return attempt()


def _once(signer: Signer, send: Callable[[], Answer]) -> Answer:
    with translate_errors(signer):
        return send()
