"""Verify Signature Version 4 as a server does."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from moto.core.request import Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r" ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<digest>[0-9a-f]{64})"
)
TIMESTAMP = "%Y%m%dT%H%M%SZ"
TOLERANCE = timedelta(minutes=15)
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Signature:
    """The parts of the Authorization header, with the date and token that it covers."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: frozenset[str]
    digest: str
    timestamp: str
    token: str | None

    @classmethod
    def of(cls, request: Request) -> Signature | None:
        """Return the signature of a request, if it has one."""
        match = AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        timestamp = request.headers.get("X-Amz-Date")
        if not match or not timestamp:
            return None
        return cls(
            access_key_id=match["key"],
            date=match["date"],
            region=match["region"],
            service=match["service"],
            signed_headers=frozenset(match["headers"].split(";")),
            digest=match["digest"],
            timestamp=timestamp,
            token=request.headers.get("X-Amz-Security-Token"),
        )

    def check_clock(self, now: datetime) -> None:
        """Refuse a request that was signed more than 15 minutes before or after `now`."""
        signed = datetime.strptime(self.timestamp, TIMESTAMP).replace(tzinfo=UTC)
        if signed < now - TOLERANCE:
            message = (
                f"Signature expired: {self.timestamp} is now earlier than "
                f"{now - TOLERANCE:{TIMESTAMP}} ({now:{TIMESTAMP}} - 15 min.)"
            )
        elif signed > now + TOLERANCE:
            message = (
                f"Signature not yet current: {self.timestamp} is still later than "
                f"{now + TOLERANCE:{TIMESTAMP}} ({now:{TIMESTAMP}} + 15 min.)"
            )
        else:
            return
        raise AwsError("SignatureDoesNotMatch", message, 403, s3_case="RequestExpired")

    def check_secret(self, secret: str, request: Request) -> None:
        """Refuse a request that was not signed with `secret` or was changed after that."""
        honest = self._covers_enough() and self._body_matches(request)
        if not (honest and hmac.compare_digest(self.digest, self._expected(secret, request))):
            raise AwsError("SignatureDoesNotMatch", MISMATCH, 403)

    def _covers_enough(self) -> bool:
        required = {"host", "x-amz-date"} | ({"x-amz-security-token"} if self.token else set())
        return required <= self.signed_headers and self.timestamp.startswith(self.date)

    def _body_matches(self, request: Request) -> bool:
        """Return whether the body has the hash in the header; without the header, the signature covers the body."""
        claimed = request.headers.get("X-Amz-Content-SHA256")
        if claimed is None or (self.service == "s3" and claimed.startswith(("UNSIGNED-", "STREAMING-"))):
            return True
        return claimed == sha256(request.get_data()).hexdigest()

    def _expected(self, secret: str, request: Request) -> str:
        scheme = S3SigV4Auth if self.service == "s3" else SigV4Auth
        signer = scheme(Credentials(self.access_key_id, secret), self.service, self.region)
        signed = AWSRequest(
            method=request.method,
            url=_canonical(request.raw_url),
            headers={name: request.headers.get(name, "") for name in self.signed_headers},
            data=request.get_data(),
        )
        signed.context["timestamp"] = self.timestamp
        return signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)


def _canonical(url: str) -> str:
    """Return a URL with its query escaped for signing: a client that signs `%2F` may send `/`."""
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote, safe="-_.~")
    return parts._replace(query=query).geturl()
