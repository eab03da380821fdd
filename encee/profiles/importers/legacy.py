"""Read the device's ARN in `~/.encee/config`, the file of the first encee.

That version read the first line, which users also wrote by hand, as its readme said.
"""

import re
from pathlib import Path

from encee.errors import EnceeError, UsageError
from encee.profiles.identifiers import DEVICE_ARN, require_serial
from encee.profiles.importers.base import BYTE_ORDER_MARK, decode_text, line_error

LEGACY_FILE = "~/.encee/config"

_COMMENT = ("#", ";", "//")
_ARN = re.compile(r"""(?<![A-Za-z0-9_])arn:[^\s"'`<>()\[\]{};]+""")
"""An ARN within other text; commas and periods can be a part of it."""

_ONE = "keep one line in the file: the ARN of the device, like arn:aws:iam::123456789012:mfa/DEVICE"


def parse_legacy_config(data: bytes, file: Path) -> str:
    """Return the ARN of the device in `~/.encee/config`.

    This is the first line if that is an ARN only. Otherwise it is the only ARN in the file outside of comments, also
    within other text such as a name, quotes or JSON.

    Raises:
        EnceeError: The file has no ARN or several, or the ARN is not that of a device that shows codes. The message
            names the line.
    """
    lines = decode_text(data, file).removeprefix(BYTE_ORDER_MARK).split("\n")
    first = lines[0].strip()
    if DEVICE_ARN.fullmatch(first):
        return first
    arns: dict[str, int] = {
        arn: number
        for number, line in reversed([*enumerate(lines, start=1)])
        if not line.lstrip().startswith(_COMMENT)
        for arn in reversed(_ARN.findall(line))
    }
    if not arns:
        raise line_error(file, 1, "no ARN, nor does any other line", _ONE)
    (arn, line), *others = sorted(arns.items(), key=lambda entry: entry[1])
    if others:
        raise line_error(file, others[0][1], "a second ARN", _ONE)
    try:
        require_serial(arn)
    except UsageError as error:
        raise line_error(file, line, "an ARN that is not that of an MFA device", error.hint or _ONE) from None
    if arn.endswith((",", ".")):
        raise line_error(file, line, "an ARN with a comma or a period after it, which can be a part of its name", _ONE)
    return arn


def read_legacy_serial(file: Path) -> str | None:
    """Return the ARN in that file, or None if it is missing or invalid."""
    try:
        return parse_legacy_config(file.read_bytes(), file)
    except (OSError, EnceeError):
        return None
