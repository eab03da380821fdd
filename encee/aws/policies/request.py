"""A request to evaluate: principal, action, resource and condition keys.

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
        values: The keys of the request, each with a value or several.
        absent: Keys that the request certainly lacks; a key that ends in `/` means all keys with that prefix.
        complete: Whether the request lacks all keys that are not in `values`; otherwise their values are unknown.
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
        """Return the values of a key; an empty tuple where the request lacks it."""
        name = key.lower()
        if name in self._values:
            return self._values[name]
        if self._complete or any(name == key or (key.endswith("/") and name.startswith(key)) for key in self._absent):
            return ()
        return unknown(f"the value of {key} in this request")


class SignedWith(StrEnum):
    """The kinds of credentials that sign a request, by their MFA keys."""

    LONG_TERM = "long-term"
    """A long-term key: the request has no key about MFA."""
    NO_MFA = "no-mfa"
    """A session without MFA, from GetSessionToken or the console: `aws:MultiFactorAuthPresent` is `false`."""
    MFA = "mfa"
    """A session with MFA: `aws:MultiFactorAuthPresent` is `true`, and `aws:MultiFactorAuthAge` is present."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a user, the root user or a role session.

    Args:
        user_name: The name of an IAM user, without the path; None for other principals.
        user_id: The unique id, `AIDA…`; for a role session with `:` and the session's name; None if unknown.
        tags: The tags of the principal; None if unknown.
    """

    arn: str
    user_name: str | None = None
    user_id: str | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)

    @classmethod
    def user(cls, name: str, *, account: str = "123456789012", path: str = "/", partition: str = "aws") -> "Principal":
        """Return an IAM user without tags."""
        return cls(f"arn:{partition}:iam::{account}:user{path}{name}", name, tags={})

    @property
    def partition(self) -> str:
        """The partition of the ARN."""
        return (self.arn.split(":") + [""] * 6)[1]

    @property
    def account(self) -> str:
        """The number of the account."""
        return (self.arn.split(":") + [""] * 6)[4]

    @property
    def type(self) -> str:
        """The value of `aws:PrincipalType`."""
        if self.user_name is not None:
            return "User"
        return "AssumedRole" if ":assumed-role/" in self.arn else "Account"


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Args:
        resource: The ARN of the resource; `*` for an action without one.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How and when a request is made.

    Args:
        source_ip: The caller's address; None if unknown.
        via_service: Whether a service makes the request on the caller's behalf.
        now: The time of the request; None if unknown.
        issued: When the session was issued; None for a long-term key, or if unknown.
        mfa_age: Seconds since the MFA code was used; None without MFA, or if unknown.
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
    """Return the condition keys that AWS adds to a principal's request.

    Args:
        complete: Whether all other keys are absent; otherwise they are unknown.
    """
    groups = [_principal_keys(principal), _credential_keys(circumstances), _origin_keys(circumstances)]
    values = {key: value for group in groups for key, value in group.values.items()} | dict(more or {})
    return Context(values, absent=[key for group in groups for key in group.absent], complete=complete)


class _Keys(NamedTuple):
    """Condition keys with their values, and absent keys."""

    values: dict[str, str | Sequence[str]]
    absent: list[str]


def _principal_keys(principal: Principal | None) -> _Keys:
    if principal is None:
        return _Keys({}, [])
    keys = _Keys(
        {
            "aws:PrincipalArn": principal.arn,
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalType": principal.type,
            "aws:PrincipalIsAWSService": "false",
            **{f"aws:PrincipalTag/{tag}": value for tag, value in (principal.tags or {}).items()},
        },
        [] if principal.tags is None else ["aws:PrincipalTag/"],
    )
    if principal.user_id is not None:
        keys.values["aws:userid"] = principal.user_id
    if principal.user_name is None:
        keys.absent.append("aws:username")
    else:
        keys.values["aws:username"] = principal.user_name
        keys.absent.append("aws:FederatedProvider")
    return keys


def _credential_keys(circumstances: Circumstances) -> _Keys:
    keys = _Keys({}, [])
    if circumstances.signed_with is SignedWith.LONG_TERM:
        keys.absent.extend(["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"])
        return keys
    keys.values["aws:MultiFactorAuthPresent"] = str(circumstances.signed_with is SignedWith.MFA).lower()
    if circumstances.signed_with is SignedWith.NO_MFA:
        keys.absent.append("aws:MultiFactorAuthAge")
    elif circumstances.mfa_age is not None:
        keys.values["aws:MultiFactorAuthAge"] = str(circumstances.mfa_age)
    if circumstances.issued is not None:
        keys.values["aws:TokenIssueTime"] = rfc3339(circumstances.issued)
    return keys


def _origin_keys(circumstances: Circumstances) -> _Keys:
    keys = _Keys({"aws:SecureTransport": "true", "aws:ViaAWSService": str(circumstances.via_service).lower()}, [])
    if circumstances.source_ip is not None:
        keys.values["aws:SourceIp"] = circumstances.source_ip
        keys.absent.extend(["aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp"])  # they exclude SourceIp
    if not circumstances.via_service:
        keys.absent.extend(["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"])
    if circumstances.now is not None:
        keys.values["aws:CurrentTime"] = rfc3339(circumstances.now)
        keys.values["aws:EpochTime"] = str(int(circumstances.now.timestamp()))
    return keys
