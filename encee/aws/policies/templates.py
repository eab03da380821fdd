"""Build the four policies that encee provides, from the JSON files in this folder.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
"""

import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from encee.aws.policies.networks import covers_all_addresses, parse_network
from encee.errors import UsageError

POLICIES = {
    "mfa-required": "lets users manage their own devices, and denies everything else without MFA",
    "force-mfa": "denies everything without MFA; an administrator has to enroll the user's device",
    "ip-restriction": "denies everything from addresses outside --allow-cidr",
    "allow-with-mfa": "allows an action with MFA only; replace the example with your own actions",
}
"""Name → effect of each policy."""

SIZE_LIMIT = 6144
"""Characters of a managed policy at most, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

_PARTITION = re.compile(r"aws(?:-[a-z0-9]+)*")
_PLACEHOLDER = "${AWS::Partition}"
_PASSWORD_CHANGE = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")


def build_policy(
    name: str,
    *,
    partition: str = "aws",
    allow_cidrs: Sequence[str] = (),
    allow_password_change: bool = False,
) -> dict[str, Any]:
    """Build the document of a policy."""
    if name not in POLICIES:
        raise UsageError(f"unknown policy {name}", hint="encee policy list")
    if not _PARTITION.fullmatch(partition):
        raise UsageError(f"invalid partition {partition}", hint="name a partition such as aws, aws-cn or aws-us-gov")
    if allow_cidrs and name != "ip-restriction":
        raise UsageError(f"{name} does not take addresses", hint="encee policy show ip-restriction --allow-cidr CIDR")
    if allow_password_change and name != "mfa-required":
        raise UsageError(
            f"{name} does not take a password change",
            hint="encee policy show mfa-required --allow-password-change",
        )
    text = resources.files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    policy: dict[str, Any] = json.loads(text.replace(_PLACEHOLDER, partition))
    if name == "ip-restriction":
        policy["Statement"][0]["Condition"]["NotIpAddress"]["aws:SourceIp"] = _parse_networks(allow_cidrs)
    if allow_password_change:
        _add_password_change(policy["Statement"], partition)
    if (size := size_of(policy)) > SIZE_LIMIT:
        raise UsageError(
            f"the policy would have {size} characters, and AWS accepts {SIZE_LIMIT}", hint="name fewer, larger networks"
        )
    return policy


def size_of(policy: object) -> int:
    """Count the characters of a policy as AWS does, without white space."""
    return sum(not character.isspace() for character in json.dumps(policy, ensure_ascii=False))


def _parse_networks(cidrs: Sequence[str]) -> list[str]:
    """Parse networks into the form that AWS accepts.

    Raises:
        UsageError: The list is empty, a network is malformed, or together they contain every address.
    """
    if not cidrs:
        raise UsageError(
            "ip-restriction needs the networks that stay allowed", hint="--allow-cidr 203.0.113.0/24, once for each"
        )
    networks = [parse_network(cidr) for cidr in cidrs]
    if covers_all_addresses(networks):
        verb = "is" if len(cidrs) == 1 else "together are"
        raise UsageError(
            f"{', '.join(cidrs)} {verb} every address, which restricts nothing",
            hint="name the networks that you work from",
        )
    return [str(network) for network in dict.fromkeys(networks)]


def _add_password_change(statements: list[dict[str, Any]], partition: str) -> None:
    """Allow a password change without MFA, as new users of the console have to."""
    change, read = _PASSWORD_CHANGE
    own = [f"arn:{partition}:iam::*:user/{path}${{aws:username}}" for path in ("", "*/")]
    first_deny = next(index for index, statement in enumerate(statements) if statement["Effect"] == "Deny")
    statements[first_deny]["NotAction"] += _PASSWORD_CHANGE
    statements[first_deny:first_deny] = [
        {"Sid": "AllowReadingPasswordPolicy", "Effect": "Allow", "Action": read, "Resource": "*"},
        {"Sid": "AllowChangingOwnPassword", "Effect": "Allow", "Action": change, "Resource": own},
    ]
