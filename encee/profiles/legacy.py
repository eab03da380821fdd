"""Old layouts: what the first encee left behind."""

from encee.profiles.identifiers import DEVICE_ARN


def legacy_serial(text: str) -> str | None:
    """The ARN of a device in the first encee's `~/.encee/config`, which people edited by hand; None without one."""
    match = DEVICE_ARN.search(text)
    return match[0] if match else None
