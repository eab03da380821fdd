"""What is asked of a policy: who wants to do what to which resource, and what else AWS knows of the request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from encee.aws.policies.ternary import Unknown, unknown
from encee.model import rfc3339


class Context:
    """The condition keys of a request, whose names are not case-sensitive.

    Args:
        values: The keys that the request carries, with a value or several.
        absent: Keys that it certainly does not carry; one that ends in `/` stands for all that begin so.
        complete: Whether it carries no others at all. If it may, a key that is in neither is not known.
    """

    def __init__(
        self,
        values: Mapping[str, str | Sequence[str]] | None = None,
        *,
        absent: Sequence[str] = (),
        complete: bool = True,
    ) -> None:
        self._values = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in (values or {}).items()
        }
        self._absent = tuple(key.lower() for key in absent)
        self._complete = complete

    def values(self, key: str) -> tuple[str, ...] | Unknown:
        """The values of a key; none where the request does not carry it."""
        name = key.lower()
        if name in self._values:
            return self._values[name]
        if self._complete or any(name == key or (key.endswith("/") and name.startswith(key)) for key in self._absent):
            return ()
        return unknown(f"the value of {key} in this request")


class SignedWith(StrEnum):
    """What a request is signed with: the three ways in which an IAM user's request can speak of MFA."""

    LONG_TERM = "long-term"
    """A long-term key: says nothing about MFA, not even `false`."""
    NO_MFA = "no-mfa"
    """A session without MFA, of GetSessionToken or of the console: says `false`."""
    MFA = "mfa"
    """A session with MFA: says `true`, and how long ago."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Args:
        arn: The ARN of a user, of the root user, or of a role's session.
        user_name: The user's name without its path; None for everybody else.
        user_id: The unique id, `AIDA…`; for a role's session with `:` and the session's name; None if not known.
        tags: The tags of the principal; None if not known.
    """

    arn: str
    user_name: str | None = None
    user_id: str | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)

    @classmethod
    def user(cls, name: str, *, account: str = "123456789012", path: str = "/", partition: str = "aws") -> "Principal":
        """An IAM user without tags."""
        return cls(f"arn:{partition}:iam::{account}:user{path}{name}", name, tags={})

    @property
    def partition(self) -> str:
        """The partition of its ARN."""
        return (self.arn.split(":") + [""] * 6)[1]

    @property
    def account(self) -> str:
        """The number of its account."""
        return (self.arn.split(":") + [""] * 6)[4]

    @property
    def type(self) -> str:
        """What `aws:PrincipalType` says of it."""
        if self.user_name is not None:
            return "User"
        return "AssumedRole" if ":assumed-role/" in self.arn else "Account"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Args:
        action: Such as `s3:GetObject`.
        resource: The ARN that it is about, `*` for an action that is about none.
        context: Its condition keys.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How and when a request is made.

    Args:
        signed_with: What it is signed with.
        source_ip: The caller's address; None if not known.
        via_service: Whether a service makes it on the caller's behalf.
        now: When; None if not known.
        issued: When the session was handed out; None for a long-term key, or if not known.
        mfa_age: Seconds since the MFA code was used; None without, or if not known.
    """

    signed_with: SignedWith
    source_ip: str | None = None
    via_service: bool = False
    now: datetime | None = None
    issued: datetime | None = None
    mfa_age: int | None = None


def context_of(
    principal: Principal | None,
    circumstances: Circumstances,
    more: Mapping[str, str | Sequence[str]] | None = None,
    *,
    complete: bool = False,
) -> Context:
    """The condition keys that AWS sends along with a principal's request.

    Args:
        principal: Who asks; None if not known.
        circumstances: How and when.
        more: Other keys.
        complete: Whether keys that follow from none of these are absent, and not merely unknown.
    """
    said = [_of_principal(principal), _of_credentials(circumstances), _of_origin(circumstances)]
    values = {key: value for one in said for key, value in one.values.items()} | dict(more or {})
    return Context(values, absent=[key for one in said for key in one.absent], complete=complete)


class _Said(NamedTuple):
    """What is known of some keys: their values, or that they are absent."""

    values: dict[str, str | Sequence[str]]
    absent: list[str]


def _of_principal(principal: Principal | None) -> _Said:
    if principal is None:
        return _Said({}, [])
    said = _Said(
        {
            "aws:PrincipalArn": principal.arn,
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalType": principal.type,
            "aws:PrincipalIsAWSService": "false",
            **{f"aws:PrincipalTag/{key}": value for key, value in (principal.tags or {}).items()},
        },
        [] if principal.tags is None else ["aws:PrincipalTag/"],
    )
    if principal.user_id is not None:
        said.values["aws:userid"] = principal.user_id
    if principal.user_name is None:
        said.absent.append("aws:username")
    else:
        said.values["aws:username"] = principal.user_name
        said.absent.append("aws:FederatedProvider")
    return said


def _of_credentials(circumstances: Circumstances) -> _Said:
    said = _Said({}, [])
    if circumstances.signed_with is SignedWith.LONG_TERM:
        said.absent.extend(["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"])
        return said
    said.values["aws:MultiFactorAuthPresent"] = str(circumstances.signed_with is SignedWith.MFA).lower()
    if circumstances.signed_with is SignedWith.NO_MFA:
        said.absent.append("aws:MultiFactorAuthAge")
    elif circumstances.mfa_age is not None:
        said.values["aws:MultiFactorAuthAge"] = str(circumstances.mfa_age)
    if circumstances.issued is not None:
        said.values["aws:TokenIssueTime"] = rfc3339(circumstances.issued)
    return said


def _of_origin(circumstances: Circumstances) -> _Said:
    said = _Said({"aws:SecureTransport": "true", "aws:ViaAWSService": str(circumstances.via_service).lower()}, [])
    if circumstances.source_ip is not None:
        said.values["aws:SourceIp"] = circumstances.source_ip
        said.absent.extend(["aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp"])  # such requests have no SourceIp
    if not circumstances.via_service:
        said.absent.extend(["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"])
    if circumstances.now is not None:
        said.values["aws:CurrentTime"] = rfc3339(circumstances.now)
        said.values["aws:EpochTime"] = str(int(circumstances.now.timestamp()))
    return said
