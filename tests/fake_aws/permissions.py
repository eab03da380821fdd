"""What the policies of whoever calls say to a request.

They are judged by the product's own evaluator, which has a table of known answers. What it does not know is a
failure of the stand-in, lest a test passes for want of a rule.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from encee.aws.policies.evaluate import (
    Circumstances,
    Outcome,
    Policy,
    Principal,
    Request,
    Signed,
    context_of,
    evaluate,
    evaluate_trust,
)
from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from encee.aws.policies.evaluate import Context, Verdict
    from tests.fake_aws.account import Account, Caller
    from tests.fake_aws.resources import Resource

ALLOW_ALL = Policy(
    "everything", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def authorize(
    account: Account, caller: Caller, action: str, resource: Resource, more: Mapping[str, str] | None = None
) -> None:
    """AwsError unless the caller's policies allow it, or nobody looks at them."""
    if not account.enforce_policies:
        return
    who = principal(account, caller)
    request = Request(action, resource.arn, context(account, caller, who, more), who)
    verdict = known(evaluate(held(account, caller), request))
    if verdict.outcome is not Outcome.ALLOWED:
        on = "" if resource.arn == "*" and action.startswith("s3:") else f" on resource: {resource.shown}"
        raise denied(caller, action, on + why(verdict, action))


def authorize_role(
    account: Account, caller: Caller, role_arn: str, trust: str, more: Mapping[str, Sequence[str]], *, mfa: bool
) -> None:
    """AwsError unless a role's trust policy lets the caller in, and the caller's own policies do, if they count."""
    who = principal(account, caller)
    request = Request("sts:AssumeRole", role_arn, context(account, caller, who, more, mfa=mfa), who)
    own = held(account, caller) if account.enforce_policies else [ALLOW_ALL]
    verdict = known(evaluate_trust(Policy("trust policy", json.loads(trust)), own, request))
    if verdict.outcome is not Outcome.ALLOWED:
        by_own = verdict.by is not None and verdict.by.policy != "trust policy"
        tail = why(verdict, "sts:AssumeRole") if by_own else ""
        raise denied(caller, "sts:AssumeRole", f" on resource: {role_arn}{tail}")


def denied(caller: Caller, action: str, rest: str) -> AwsError:
    """AWS's refusal."""
    return AwsError("AccessDenied", f"User: {caller.identity.arn} is not authorized to perform: {action}{rest}", 403)


def why(verdict: Verdict, action: str) -> str:
    """The end of AWS's sentence."""
    if verdict.outcome is Outcome.DENIED:
        return " with an explicit deny in an identity-based policy"
    return f" because no identity-based policy allows the {action} action"


def known(verdict: Verdict) -> Verdict:
    """The verdict; AwsError where it hangs on something that is not known."""
    if verdict.outcome is Outcome.UNKNOWN:
        raise AwsError("InternalFailure", f"the stand-in cannot judge: {'; '.join(verdict.unknown)}", 500)
    return verdict


def principal(account: Account, caller: Caller) -> Principal:
    """The caller as policies see it."""
    identity = caller.identity
    user = account.iam.users.get(identity.user_name or "")
    tags = {tag["Key"]: tag["Value"] for tag in (user.tags or [])} if user else {}
    return Principal(identity.arn, identity.user_name, identity.user_id, tags)


def context(
    account: Account,
    caller: Caller,
    who: Principal,
    more: Mapping[str, str | Sequence[str]] | None,
    *,
    mfa: bool = False,
) -> Context:
    """The condition keys of a request; with `mfa`, one that carries a code itself."""
    session, now = caller.session, account.now()
    signed, age, keys = Signed.LONG_TERM, None, dict(more or {})
    if mfa:
        signed, age = Signed.MFA, 0
    elif session:
        signed = Signed.MFA if session.mfa else Signed.NO_MFA
        age = int((now - session.issued).total_seconds())
    if account.source_ip is None:
        keys["aws:SourceIp"] = ()
    issued = session.issued if session else None
    return context_of(who, Circumstances(signed, account.source_ip, now=now, issued=issued, mfa_age=age), keys)


def held(account: Account, caller: Caller) -> list[Policy]:
    """The policies of a user and its groups, or of a role: inline and attached."""
    iam, identity = account.iam, caller.identity
    if identity.is_role:
        roles = [role for role in iam.get_roles() if role.name == identity.arn.split("/")[1]]
        return [policy for role in roles for policy in _policies(role)]
    if identity.user_name is None:
        return [ALLOW_ALL]  # no policy binds the root user
    holders = [iam.users[identity.user_name], *iam.get_groups_for_user(identity.user_name)]
    return [policy for holder in holders for policy in _policies(holder)]


def _policies(holder: Any) -> Iterator[Policy]:  # noqa: ANN401 - moto's user, group or role
    for name, document in holder.policies.items():
        yield Policy(name, json.loads(document))
    for arn, policy in holder.managed_policies.items():
        document = next(one.document for one in policy.versions if one.version_id == policy.default_version_id)
        yield Policy(arn, json.loads(document))
