"""Every way in which a section of the credentials file can say when its session ends.

encee writes `expiration` in RFC 3339 UTC, which is also what starship's `aws` module reads. Other tools have keys
of their own, and two of them write `expiration` without an offset: aws-mfa in UTC, awsume in local time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

FOREIGN_KEYS = (
    "x_security_token_expires",  # saml2aws, starship
    "aws_session_expiration",  # aws-vault's export, Leapp
    "aws_credential_expiration",  # the AWS CLI's export-credentials
    "awsmfa_expiration",  # dcoker/awsmfa
)
"""The keys under which other tools keep an expiry."""


def expiry_of(options: Mapping[str, str]) -> datetime | None:
    """When a section's session ends, UTC; None where it does not say, or not in a way that can be read."""
    for key in ("expiration", *FOREIGN_KEYS):
        if (value := options.get(key)) is None:
            continue
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            continue
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if options.get("manager") == "awsume":
            return moment.astimezone(UTC)  # a naive moment is local to astimezone
        return moment.replace(tzinfo=UTC)
    return None
