"""Read the two files as the SDK for JavaScript does, which differs from botocore.

Like `parseIni` of @smithy/core 3: each line is an option, with any indentation, except for settings nested below an
option without a value; a header is what begins with `[` and ends with `]`; a blank and `#` or `;` begin a comment.
"""

import re

Sections = dict[str, dict[str, str]]


def read_by_javascript(data: bytes) -> Sections:
    """Section → option → value; a nested setting is called `OPTION.NAME`."""
    sections: Sections = {}
    section = nested = ""
    for line in data.decode().replace("\r\n", "\n").split("\n"):
        said = re.split(r"(?:^|\s)[#;]", line, maxsplit=1)[0].strip()
        if said.startswith("[") and said.endswith("]"):
            section, nested = said[1:-1], ""
            continue
        name, _, value = (part.strip() for part in said.partition("="))
        if not (section and name):
            continue
        if not value:
            nested = name if "=" in said else nested
            continue
        if line == line.lstrip():
            nested = ""
        sections.setdefault(section, {})[f"{nested}.{name}" if nested else name] = value
    return sections
