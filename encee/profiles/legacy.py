"""Old layouts: what the first encee left behind."""

import re

_DEVICE_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:mfa/[\w+=/,.@-]+", re.ASCII)


def legacy_serial(text: str) -> str | None:
    """The ARN of a device in the first encee's `~/.encee/config`, which people edited by hand; None without one."""
    match = _DEVICE_ARN.search(text)
    return match[0] if match else None
