"""Reading AWS's answers without trust in their shape: a proxy or another program may have answered in AWS's place."""

from datetime import UTC, datetime
from typing import Any

from encee.aws.errors import SEE_ENDPOINT, LostAnswerError
from encee.errors import EnceeError

_YEARS = range(1971, 9999)
"""The years of which every time zone can show every moment."""

_LONGEST_TIME = 40
"""Characters of a time that are shown at most."""


class CheckedParsers:
    """Makes the parsers of a botocore session, in the place of its `response_parser_factory`.

    botocore reads an answer as if it always had its documented shape: an element without text, or with elements
    inside, ends in one of Python's own errors, there or in whatever uses the answer.
    """

    def create_parser(self, protocol: str) -> "_CheckedParser":
        """A parser of one of botocore's protocols."""
        from botocore.parsers import ResponseParserFactory

        factory = ResponseParserFactory()
        factory.set_parser_defaults(timestamp_parser=parse_time)
        return _CheckedParser(factory.create_parser(protocol))


class _CheckedParser:
    def __init__(self, parser: Any) -> None:  # noqa: ANN401 - botocore has no type for it
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> Any:  # noqa: ANN401 - called by botocore, with types of its own
        """What an answer holds; the code and message of an error are texts where they are there.

        Raises:
            ResponseParserError: It does not have the shape of an answer.
            LostAnswerError: It holds a time that cannot be read or shown.
        """
        from botocore.parsers import ResponseParserError

        try:
            parsed = self._parser.parse(response, shape)
        except (EnceeError, ResponseParserError):
            raise
        except Exception as error:  # whatever the parser stumbles over is an error of Python's own
            raise ResponseParserError(type(error).__name__) from error
        if "Error" in parsed:
            fields = parsed["Error"] if isinstance(parsed["Error"], dict) else {}
            parsed["Error"] = {name: text for name, text in fields.items() if isinstance(text, str)}
        return parsed


def parse_time(text: str) -> datetime:
    """A time of an answer, RFC 3339 or another form of ISO 8601, as UTC; UTC where it names no time zone.

    Raises:
        LostAnswerError: It is not one, or one that some time zone cannot show.
    """
    try:
        time = datetime.fromisoformat(text)
        utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (OverflowError, ValueError):
        utc = None
    if utc is None or utc.year not in _YEARS:
        shown = text if len(text) <= _LONGEST_TIME else f"{text[:_LONGEST_TIME]}…"
        raise LostAnswerError(f"AWS's answer holds {shown!r} in the place of a time", hint=SEE_ENDPOINT)
    return utc
