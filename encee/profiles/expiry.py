"""Every way in which a section of the credentials file can say when its session ends.

encee writes `expiration` in RFC 3339 UTC, which is also what starship's `aws` module reads. Other tools have keys
of their own, and two of them write `expiration` without an offset: aws-mfa in UTC, awsume in local time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

FOREIGN_KEYS = (
    "x_security_token_expires",  # saml2aws, starship
    "aws_session_expiration",  # aws-vault's export, Leapp
    "aws_credential_expiration",  # the AWS CLI's export-credentials
    "awsmfa_expiration",  # dcoker/awsmfa
)
"""The keys under which other tools keep an expiry."""


_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""Beyond these, a moment is outside the calendar in some time zone; Go's zero time, which tools write, is."""


def expiry_of(options: Mapping[str, str]) -> datetime | None:
    """When a section's session ends, UTC; None where it does not say, or not in a way that can be read and shown."""
    for key in ("expiration", *FOREIGN_KEYS):
        if (value := options.get(key)) is None:
            continue
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None and options.get("manager") != "awsume":
                moment = moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)  # which takes a naive moment, awsume's, for a local one
        except (ValueError, OverflowError, OSError):  # OSError is what Windows has against years before 1970
            continue
        if _FIRST <= moment <= _LAST:
            return moment
    return None
