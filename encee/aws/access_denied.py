"""Read the action, the reason and the remedy in AccessDenied messages."""

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
_CALLER = re.compile(r"(?P<account>arn:[\w-]+:[\w-]+:[\w-]*:\d*):(?P<name>.+)")


class Denial(NamedTuple):
    """The content of an AccessDenied message.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html

    Args:
        caller: The ARN of the caller.
        action: Such as `iam:EnableMFADevice`.
        resource: An ARN, or `user jane` in older messages; empty where AWS names no resource.
        reason: Which kind of policy denies the action, or fails to allow it.
    """

    caller: str
    action: str
    resource: str
    reason: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Parse a message; None for one that names no action."""
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
        """Whether a Deny applies, so that an additional Allow has no effect."""
        return "explicit deny" in self.reason

    @property
    def policy(self) -> str | None:
        """The kind of policy that AWS names, such as `service control policy`."""
        match = _POLICY.search(self.reason)
        return match[0] if match else None

    @property
    def is_by_guardrail(self) -> bool:
        """Whether a policy is the reason that only sets limits, whatever others allow."""
        return self.policy in _GUARDRAILS

    @property
    def name(self) -> str:
        """The caller's name: of a user, or `assumed-role/ROLE/SESSION`."""
        name = self.caller.rpartition(":")[2]
        return name.rpartition("/")[2] if name.startswith("user/") else name

    @property
    def statement(self) -> str:
        """The policy statement that allows the action on this resource only, as JSON."""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self._resource_arn()})

    def _resource_arn(self) -> str:
        """Return the resource's ARN; the message does not contain another user's path."""
        kind, _, name = self.resource.partition(" ")
        if not name:
            return kind or "*"
        if name.startswith("arn:"):
            return name
        if (kind, name) == ("user", self.name):
            return self.caller
        match = _CALLER.fullmatch(self.caller)
        return f"{match['account']}:{kind}/{name}" if match else "*"
