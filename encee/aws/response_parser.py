"""Parse responses that may come from a proxy instead of AWS."""

from datetime import UTC, datetime
from typing import Any

from encee.aws.errors import CHECK_ENDPOINT, LostAnswerError
from encee.errors import EnceeError

_YEARS = range(1971, 9999)
"""Years whose times every time zone can represent."""

_MAX_TIME_LENGTH = 40
"""Characters of a malformed time in a message."""


class CheckedParsers:
    """A botocore `response_parser_factory` that checks the shape of responses.

    botocore's own parsers assume the documented shape: an element without text, or with child elements, raises a
    TypeError or AttributeError in the parser or in the code that uses the response.
    """

    def create_parser(self, protocol: str) -> "_CheckedParser":
        """Create a parser for one of botocore's protocols."""
        from botocore.parsers import ResponseParserFactory

        factory = ResponseParserFactory()
        factory.set_parser_defaults(timestamp_parser=parse_time)
        return _CheckedParser(factory.create_parser(protocol))


class _CheckedParser:
    def __init__(self, parser: Any) -> None:  # noqa: ANN401 - botocore has no type for it
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> Any:  # noqa: ANN401 - called by botocore, with types of its own
        """Parse a response; code and message of an error are strings or missing.

        Raises:
            LostAnswerError: It contains a malformed time.
        """
        from botocore.parsers import ResponseParserError

        try:
            parsed = self._parser.parse(response, shape)
        except (EnceeError, ResponseParserError):
            raise
        except Exception as error:  # a malformed response can raise any error in the parser
            raise ResponseParserError(type(error).__name__) from error
        if "Error" in parsed:
            fields = parsed["Error"] if isinstance(parsed["Error"], dict) else {}
            parsed["Error"] = {name: text for name, text in fields.items() if isinstance(text, str)}
        return parsed


def parse_time(text: str) -> datetime:
    """Parse a time of ISO 8601 to UTC, the default time zone.

    Raises:
        LostAnswerError: The text is not a time, or a time zone cannot represent it.
    """
    try:
        time = datetime.fromisoformat(text)
        utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (OverflowError, ValueError):
        utc = None
    if utc is None or utc.year not in _YEARS:
        shown = text if len(text) <= _MAX_TIME_LENGTH else f"{text[:_MAX_TIME_LENGTH]}…"
        raise LostAnswerError(f"AWS's answer holds {shown!r} in the place of a time", hint=CHECK_ENDPOINT)
    return utc
