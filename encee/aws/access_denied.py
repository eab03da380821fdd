"""AccessDenied: which action is missing, and the statement that would allow it."""

import json
import re
from typing import NamedTuple, Self

_TEXT = re.compile(
    r"User: (?P<caller>arn:\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+(?: \S+)?))?(?P<reason> (?:because|with) .*)?",
    re.DOTALL,
)
_GUARDRAILS = (
    "service control policy",
    "resource control policy",
    "permissions boundary",
    "session policy",
    "VPC endpoint policy",
)
_POLICY = re.compile("|".join([*_GUARDRAILS, "identity-based policy", "resource-based policy", "role trust policy"]))
_CALLER = re.compile(r"(?P<account>arn:[\w-]+:[\w-]+:[\w-]*:\d*):(?P<who>.+)")


class Denial(NamedTuple):
    """What AWS says of a request that a policy does not allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html

    Args:
        caller: The ARN of whoever signed.
        action: Such as `iam:EnableMFADevice`.
        resource: An ARN, or as older messages have it, `user jane`; empty where AWS names none.
        reason: Which kind of policy denies it, or does not allow it.
    """

    caller: str
    action: str
    resource: str
    reason: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a message says; None for one that names no action."""
        match = _TEXT.fullmatch(text.strip().removesuffix("."))
        if match is None:
            return None
        parts = match.groupdict(default="")
        reason = parts["reason"].strip().removeprefix("because ").removeprefix("with ")
        return cls(
            parts["caller"],
            parts["action"],
            parts["resource"],
            reason.replace(f"the {parts['action']} action", "it") or "no policy allows it",
        )

    @property
    def is_explicit(self) -> bool:
        """Whether a policy denies it, so that no Allow would help."""
        return "explicit deny" in self.reason

    @property
    def policy(self) -> str | None:
        """The kind of policy that AWS names as the reason, such as `service control policy`; None where it names none.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        """
        match = _POLICY.search(self.reason)
        return match[0] if match else None

    @property
    def is_by_guardrail(self) -> bool:
        """Whether it is a policy that only limits, so that no Allow in another one helps."""
        return self.policy in _GUARDRAILS

    @property
    def name(self) -> str:
        """The caller as people know it: a user's name, or `assumed-role/ROLE/SESSION`."""
        who = self.caller.rpartition(":")[2]
        return who.rpartition("/")[2] if who.startswith("user/") else who

    @property
    def statement(self) -> str:
        """The statement of a policy that allows it, on this resource only."""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self._arn()})

    def _arn(self) -> str:
        """The resource's ARN; one of another user is without a path, which AWS does not tell."""
        kind, _, name = self.resource.partition(" ")
        if not name:
            return kind or "*"
        if name.startswith("arn:"):
            return name
        if (kind, name) == ("user", self.name):
            return self.caller
        match = _CALLER.fullmatch(self.caller)
        return f"{match['account']}:{kind}/{name}" if match else "*"
