"""Answers, and AWS's errors in the XML of the service that gives them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4
from xml.sax.saxutils import escape

from werkzeug import Response

NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}

# S3 says the same things in words of its own.
S3_DIALECT = {
    "MissingAuthenticationToken": ("AccessDenied", "Access Denied", 403),
    "InvalidClientTokenId": (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    ),
    "SignatureDoesNotMatch": (
        "SignatureDoesNotMatch",
        (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        ),
        403,
    ),
    "RequestExpired": (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
    ),
    "ExpiredToken": ("ExpiredToken", "The provided token has expired.", 400),
}


class AwsError(Exception):
    """An expected refusal.

    Where S3 knows the failure by another name than the query services, `s3_case` says which of `S3_DIALECT` it
    is; by default the code itself is looked up there.
    """

    def __init__(self, code: str, message: str, status: int = 400, *, s3_case: str | None = None) -> None:
        super().__init__(code, message)
        self.code, self.message, self.status = code, message, status
        self._s3_case = s3_case or code

    def answer(self, service: str) -> Response:
        """The error as `service` would write it."""
        if service == "s3":
            code, message, status = S3_DIALECT.get(self._s3_case, (self.code, self.message, self.status))
            return _xml_answer({"Error": {"Code": code, "Message": message, "RequestId": uuid4()}}, status)
        blame = "Sender" if self.status < 500 else "Receiver"
        error = {"Type": blame, "Code": self.code, "Message": self.message}
        return _xml_answer(
            {"ErrorResponse": {"Error": error, "RequestId": uuid4()}}, self.status, NAMESPACES.get(service)
        )


def invalid_token() -> AwsError:
    """For a key that is unknown or dead, and for a token that is not the key's."""
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def result(service: str, action: str, tree: Mapping[str, object]) -> Response:
    """What a query service answers to a call that went well."""
    document = {f"{action}Result": tree, "ResponseMetadata": {"RequestId": uuid4()}}
    return _xml_answer({f"{action}Response": document}, 200, NAMESPACES[service])


def _xml_answer(document: Mapping[str, object], status: int, namespace: str | None = None) -> Response:
    text = _xml(document)
    if namespace:
        text = text.replace(">", f' xmlns="{namespace}">', 1)
    return Response(text, status, {"x-amzn-RequestId": str(uuid4())}, content_type="text/xml")


def _xml(tree: Mapping[str, object]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in tree.items())


def _content(value: object) -> str:
    match value:
        case Mapping():
            return _xml(value)
        case list():
            return "".join(f"<member>{_content(one)}</member>" for one in value)
        case _:
            return escape(str(value))
