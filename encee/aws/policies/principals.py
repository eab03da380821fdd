"""The `Principal` of a trust policy: whom a role trusts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re

from encee.aws.policies.request import Principal
from encee.aws.policies.ternary import Truth, some, unknown

_ARN = re.compile(r"arn:[^:*?]+:(?:iam|sts)::(\d{12}):([^*?]+)", re.ASCII)
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,127}", re.ASCII)
_OTHERS = {"Service", "Federated"}


def trusts(element: object, principal: Principal, *, through_account: bool) -> Truth:
    """Whether a `Principal` element means somebody: a user, a role's session or the root user.

    Args:
        element: The element, as JSON gives it.
        principal: Who asks.
        through_account: Whether naming the account means everybody in it, which leaves it to the account's own
            policies.
    """
    if element == "*":
        return True
    if not isinstance(element, dict) or not element:
        return unknown("the Principal of a statement")
    return some(
        _means(kind, name, principal, through_account=through_account)
        for kind, names in element.items()
        for name in (names if isinstance(names, list) else [names])
    )


def _means(kind: str, name: object, principal: Principal, *, through_account: bool) -> Truth:
    if kind in _OTHERS:
        return False
    if kind != "AWS" or not isinstance(name, str):
        return unknown(f"the principal {kind} of a statement")
    if _UNIQUE_ID.fullmatch(name):  # AWS puts it in for a user or role that was deleted
        return principal.user_id is not None and principal.user_id.partition(":")[0] == name
    if arn := _ARN.fullmatch(name):
        account, resource = arn.groups()
    elif re.fullmatch(r"\d{12}", name, re.ASCII):
        account, resource = name, "root"
    else:
        return name == "*" or unknown(f"the principal {name}")
    if resource == "root":
        return through_account and account == principal.account
    same_role = resource.startswith("role/") and _role(resource) == _role_of(principal)
    return name == principal.arn or (same_role and account == principal.account)


def _role(resource: str) -> str:
    """A role's name, without its path."""
    return resource.rpartition("/")[2]


def _role_of(principal: Principal) -> str | None:
    """The name of the role whose session this is."""
    kind, _, rest = principal.arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else None
