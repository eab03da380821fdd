"""Send a request again where that cannot use a code twice."""

import time
from collections.abc import Callable
from typing import TypeVar

from encee.aws.errors import LostAnswerError, MissingError, RequestNotSentError, translate_errors
from encee.aws.signer import Signer
from encee.errors import AwsError

_PAUSES = (1, 2)
"""Seconds before the second and the third request."""

_CONSISTENCY_PAUSES = (1, 2, 4, 8)
"""Seconds before each further request while IAM propagates a change."""

Answer = TypeVar("Answer")


def retry_unsent(signer: Signer, send: Callable[[], Answer]) -> Answer:
    """Send a request; repeat it, twice at most, if AWS did not process it.

    Args:
        send: Sends the request with a client that sends each request once, and returns the result.

    Raises:
        LostAnswerError: AWS may have processed the request, and no reliable answer came back.
        AwsError: AWS refused the request or could not be reached.
    """
    for pause in _PAUSES:
        try:
            return _send_once(signer, send)
        except RequestNotSentError:
            time.sleep(pause)
    return _send_once(signer, send)


def delete_idempotently(signer: Signer, delete: Callable[[], object]) -> None:
    """Send a request that deletes; repeat it up to twice if the answer was lost.

    When the repeated request finds nothing, the lost one has deleted it, and that counts as success.

    Args:
        delete: Sends the request with a client that sends each request once.

    Raises:
        MissingError: The first request found nothing to delete.
        LostAnswerError: No reliable answer came back.
        AwsError: AWS refused the request or could not be reached.
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


def retry_until_consistent(attempt: Callable[[], Answer], retry_on: tuple[type[AwsError], ...]) -> Answer:
    """Send a request after a change, until IAM has propagated the change.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

    Args:
        retry_on: Errors that IAM may return because it has not propagated the change; it did nothing then.

    Raises:
        AwsError: One of these errors for 15 seconds, or any other.
    """
    for pause in _CONSISTENCY_PAUSES:
        try:
            return attempt()
        except retry_on:
            time.sleep(pause)
    return attempt()


def _send_once(signer: Signer, send: Callable[[], Answer]) -> Answer:
    with translate_errors(signer):
        return send()
