"""Authorize a request by the caller's policies, as AWS does, with `policy_evaluator`.

A request that the evaluator cannot decide is a failure of the stand-in, so that no test passes for want of a rule.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fake_aws.messages import AwsError
from tests.fake_aws.policy_evaluator import Effect, Request, evaluate, evaluate_trust
from tests.fake_aws.policy_patterns import UndocumentedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fake_aws.account import Account, Caller
    from tests.fake_aws.policy_evaluator import Decision, Document
    from tests.fake_aws.resources import Resource

ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def authorize(
    account: Account, caller: Caller, action: str, resource: Resource, more: Mapping[str, str] | None = None
) -> None:
    """Raise AwsError unless the caller's policies allow an action, or the account does not enforce them."""
    if not account.enforce_policies:
        return
    keys = {name: [value] for name, value in (more or {}).items()}
    request = request_of(account, caller, action, resource.arn, keys)
    decision = decide(lambda: evaluate(request, policies_of(account, caller), boundaries_of(account, caller)))
    if decision.effect is not Effect.ALLOW:
        on = "" if resource.arn == "*" and action.startswith("s3:") else f" on resource: {resource.shown}"
        raise denied(caller, action, on + reason(decision, action))


def authorize_role(
    account: Account, caller: Caller, role_arn: str, trust: str, more: Mapping[str, Sequence[str]], *, mfa: bool
) -> None:
    """Raise AwsError unless the caller may assume a role; its own policies count where the account enforces them."""
    request = request_of(account, caller, "sts:AssumeRole", role_arn, more, mfa=mfa)
    enforced = account.enforce_policies
    own = policies_of(account, caller) if enforced else [ALLOW_ALL]
    boundaries = boundaries_of(account, caller) if enforced else None
    decision = decide(lambda: evaluate_trust(request, json.loads(trust), own, boundaries))
    if decision.effect is not Effect.ALLOW:
        by_own = decision.effect is Effect.EXPLICIT_DENY and decision.policy_type != "trust policy"
        tail = reason(decision, "sts:AssumeRole") if by_own else ""
        raise denied(caller, "sts:AssumeRole", f" on resource: {role_arn}{tail}")


def denied(caller: Caller, action: str, rest: str) -> AwsError:
    """Return AWS's refusal."""
    return AwsError("AccessDenied", f"User: {caller.identity.arn} is not authorized to perform: {action}{rest}", 403)


def reason(decision: Decision, action: str) -> str:
    """Return the end of AWS's sentence.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if decision.policy_type == "permissions boundary":
        if decision.effect is Effect.EXPLICIT_DENY:
            return " with an explicit deny in a permissions boundary"
        return f" because no permissions boundary allows the {action} action"
    if decision.effect is Effect.EXPLICIT_DENY:
        return " with an explicit deny in an identity-based policy"
    return f" because no identity-based policy allows the {action} action"


def decide(evaluation: Callable[[], Decision]) -> Decision:
    """Return the decision of an evaluation; raise AwsError where AWS's documentation does not decide."""
    try:
        return evaluation()
    except UndocumentedError as error:
        raise AwsError("InternalFailure", f"the stand-in cannot decide: {error}", 500) from error


class RequestKeys(dict[str, "Sequence[str]"]):
    """The condition keys of a request, in lower case; any other key is absent for certain or an error."""

    ABSENT = (
        "aws:calledvia",
        "aws:federatedprovider",
        "aws:multifactorauth",
        "aws:principaltag/",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:tokenissuetime",
        "aws:username",
        "aws:vpcsourceip",
    )

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict's own
        """Return a key's values, or `default` where the request certainly lacks it."""
        if key not in self and not key.startswith(self.ABSENT):
            raise UndocumentedError(f"the value of {key} in this request")
        return super().get(key, default)


def request_of(
    account: Account,
    caller: Caller,
    action: str,
    resource: str,
    more: Mapping[str, Sequence[str]],
    *,
    mfa: bool = False,
) -> Request:
    """Return a request with the condition keys that AWS sends along.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html: the keys about MFA are in
    a request with temporary credentials only.

    Args:
        account: the account.
        caller: who signs.
        action: such as "iam:ListUsers".
        resource: the resource's ARN, or "*".
        more: further keys with their values.
        mfa: whether the request itself carries an MFA code.
    """
    identity, session, now = caller.identity, caller.session, account.now()
    user = account.iam.users.get(identity.user_name or "")
    kind = "AssumedRole" if identity.is_role else "User" if user else "Account"
    keys = {
        "aws:PrincipalArn": [identity.arn],
        "aws:PrincipalAccount": [account.id],
        "aws:PrincipalType": [kind],
        "aws:PrincipalIsAWSService": ["false"],
        "aws:userid": [identity.user_id],
        "aws:SecureTransport": ["true"],
        "aws:ViaAWSService": ["false"],
        "aws:CurrentTime": [f"{now:%Y-%m-%dT%H:%M:%SZ}"],
        "aws:EpochTime": [str(int(now.timestamp()))],
        **{f"aws:PrincipalTag/{tag['Key']}": [tag["Value"]] for tag in (user.tags or [] if user else [])},
    }
    if user:
        keys["aws:username"] = [user.name]
    if account.source_ip:
        keys["aws:SourceIp"] = [account.source_ip]
    if session:
        keys["aws:TokenIssueTime"] = [f"{session.issued:%Y-%m-%dT%H:%M:%SZ}"]
        keys["aws:MultiFactorAuthPresent"] = [str(session.mfa).lower()]
        if session.mfa:
            keys["aws:MultiFactorAuthAge"] = [str(int((now - session.issued).total_seconds()))]
    if mfa:
        keys |= {"aws:MultiFactorAuthPresent": ["true"], "aws:MultiFactorAuthAge": ["0"]}
    context = RequestKeys({name.lower(): values for name, values in {**keys, **more}.items()})
    return Request(identity.arn, identity.user_id, action, resource, context)


def policies_of(account: Account, caller: Caller) -> list[Document]:
    """Return the policies of a user and its groups, or of a role; no policy restricts the root user."""
    iam, identity = account.iam, caller.identity
    if identity.is_root:
        return [ALLOW_ALL]
    groups = iam.get_groups_for_user(identity.user_name) if identity.user_name else []
    return [document for holder in (*holders(account, caller), *groups) for document in documents(holder)]


def boundaries_of(account: Account, caller: Caller) -> list[Document] | None:
    """Return the permissions boundary of a role; None where there is none. moto has none for users."""
    arns = [getattr(holder, "permissions_boundary_arn", None) for holder in holders(account, caller)]
    return [default_version(account.iam.get_policy(arn)) for arn in arns if arn] or None


def holders(account: Account, caller: Caller) -> list[Any]:
    """Return moto's user or role that a caller is; nothing for the root user."""
    identity = caller.identity
    if identity.is_role:
        return [role for role in account.iam.get_roles() if role.name == identity.arn.split("/")[1]]
    return [account.iam.users[identity.user_name]] if identity.user_name else []


def documents(holder: Any) -> list[Document]:  # noqa: ANN401 - moto's user, group or role
    """Return the inline and the attached policies of a user, a group or a role."""
    inline = [json.loads(document) for document in holder.policies.values()]
    return [*inline, *map(default_version, holder.managed_policies.values())]


def default_version(policy: Any) -> Document:  # noqa: ANN401 - moto's managed policy
    """Return the document of a managed policy's default version."""
    versions = {version.version_id: version.document for version in policy.versions}
    document: Document = json.loads(versions[policy.default_version_id])
    return document
