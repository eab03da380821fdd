"""Old layouts: what the first encee left behind.

It kept the ARN of the one device in `~/.encee/config`, of which it read the first line; its readme said to write that
by hand, too.
"""

import re
from pathlib import Path

from encee.errors import EnceeError, UsageError
from encee.profiles.identifiers import DEVICE_ARN, checked_serial
from encee.profiles.importers.base import BYTE_ORDER_MARK, misread, plain_text

LEGACY_FILE = "~/.encee/config"

_COMMENT = ("#", ";", "//")
_ARN = re.compile(r"""(?<![A-Za-z0-9_])arn:[^\s"'`<>()\[\]{};]+""")
"""An ARN as people write one among other words; commas and periods can be a part of it."""

_ONE = "leave one line in the file: the ARN of the device, like arn:aws:iam::123456789012:mfa/DEVICE"


def legacy_device(data: bytes, file: Path) -> str:
    """The ARN of the device in the first encee's `~/.encee/config`.

    The first line, where that is an ARN and nothing else, as the first encee had it. Else the one ARN in the file,
    whatever stands around it: a name, quotes, JSON; comments do not count.

    Args:
        data: The file's content.
        file: Its path, for errors.

    Raises:
        EnceeError: There is none, there are several, or it is not the ARN of a device that shows codes. Names the line.
    """
    lines = plain_text(data, file).removeprefix(BYTE_ORDER_MARK).split("\n")
    first = lines[0].strip()
    if DEVICE_ARN.fullmatch(first):
        return first
    found: dict[str, int] = {
        arn: number
        for number, line in reversed([*enumerate(lines, start=1)])
        if not line.lstrip().startswith(_COMMENT)
        for arn in reversed(_ARN.findall(line))
    }
    if not found:
        raise misread(file, 1, "no ARN, and neither does any other line", _ONE)
    (arn, line), *others = sorted(found.items(), key=lambda entry: entry[1])
    if others:
        raise misread(file, others[0][1], "a second ARN", _ONE)
    try:
        checked_serial(arn)
    except UsageError as error:
        raise misread(file, line, "an ARN that is no device's", error.hint or _ONE) from None
    if arn.endswith((",", ".")):
        raise misread(file, line, "an ARN with a comma or a period behind it, which can be a part of its name", _ONE)
    return arn


def legacy_serial(file: Path) -> str | None:
    """The ARN that the first encee's file holds, for a refresh; None where there is no such file, or not one ARN."""
    try:
        return legacy_device(file.read_bytes(), file)
    except (OSError, EnceeError):
        return None
