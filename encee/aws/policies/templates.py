"""The four policies that encee brings along, each a JSON file beside this one.

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
    "mfa-required": "lets a user enrol and look after devices of its own, and denies everything else without MFA",
    "force-mfa": "denies everything without MFA; somebody else has to enrol the user's device",
    "ip-restriction": "denies everything from other addresses than those of --allow-cidr",
    "allow-with-mfa": "allows an action with MFA only; put your own actions in place of the example",
}
"""Each policy's name, and what it does."""

SIZE_LIMIT = 6144
"""How many characters a managed policy may have, white space not counted.

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
    """One of the policies, ready for AWS.

    Args:
        name: Which one, of `POLICIES`.
        partition: The partition of the ARNs in it.
        allow_cidrs: The networks of `ip-restriction`.
        allow_password_change: Whether `mfa-required` lets a password be changed without MFA.

    Raises:
        UsageError: There is no such policy, or it cannot be made of these.
    """
    if name not in POLICIES:
        raise UsageError(f"there is no policy {name}", hint="encee policy list")
    if not _PARTITION.fullmatch(partition):
        raise UsageError(f"{partition} is no partition", hint="aws, aws-cn and aws-us-gov are some")
    if allow_cidrs and name != "ip-restriction":
        raise UsageError(
            f"{name} has no place for addresses", hint="encee policy show ip-restriction --allow-cidr CIDR"
        )
    if allow_password_change and name != "mfa-required":
        raise UsageError(
            f"{name} has no place for a password change",
            hint="encee policy show mfa-required --allow-password-change",
        )
    text = resources.files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    made: dict[str, Any] = json.loads(text.replace(_PLACEHOLDER, partition))
    if name == "ip-restriction":
        made["Statement"][0]["Condition"]["NotIpAddress"]["aws:SourceIp"] = _restriction(allow_cidrs)
    if allow_password_change:
        _add_password_change(made["Statement"], partition)
    if (size := size_of(made)) > SIZE_LIMIT:
        raise UsageError(
            f"the policy would have {size} characters, and AWS takes {SIZE_LIMIT}", hint="name fewer, larger networks"
        )
    return made


def size_of(policy: object) -> int:
    """How many characters AWS counts of a policy: all but white space."""
    return sum(not character.isspace() for character in json.dumps(policy, ensure_ascii=False))


def _restriction(cidrs: Sequence[str]) -> list[str]:
    """The networks as AWS wants them.

    Raises:
        UsageError: There are none, or they restrict nothing.
    """
    if not cidrs:
        raise UsageError(
            "ip-restriction needs the networks that stay allowed", hint="--allow-cidr 203.0.113.0/24, once for each"
        )
    networks = [parse_network(cidr) for cidr in cidrs]
    if covers_all_addresses(networks):
        verb = "is" if len(cidrs) == 1 else "together are"
        raise UsageError(
            f"{', '.join(cidrs)} {verb} the whole world, which is no restriction",
            hint="name the networks that you work from",
        )
    return [str(one) for one in dict.fromkeys(networks)]


def _add_password_change(statements: list[dict[str, Any]], partition: str) -> None:
    """Let users change their own password, also without MFA, as new users of the console have to."""
    change, look = _PASSWORD_CHANGE
    own = [f"arn:{partition}:iam::*:user/{path}${{aws:username}}" for path in ("", "*/")]
    first_deny = next(index for index, statement in enumerate(statements) if statement["Effect"] == "Deny")
    statements[first_deny]["NotAction"] += _PASSWORD_CHANGE
    statements[first_deny:first_deny] = [
        {"Sid": "AllowReadingPasswordPolicy", "Effect": "Allow", "Action": look, "Resource": "*"},
        {"Sid": "AllowChangingOwnPassword", "Effect": "Allow", "Action": change, "Resource": own},
    ]
