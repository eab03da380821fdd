"""The checks of what is written in the two files: whether the AWS tools can read it, and all of them alike."""

import re
from collections.abc import Iterator, Mapping
from shlex import quote

from encee.profiles.examine import Examined, ExaminedFile
from encee.profiles.findings import Check, Finding, State
from encee.profiles.syntax import HEADER, UnreadableError, profile_of_header

_OTHER_SECTIONS = ("sso-session ", "services ")
MISPLACED_PREFIX = re.compile(r"profile\s+(\S.*)")
"""The name of a section of the credentials file that is meant for the profile behind the word."""

_WITHOUT_PREFIX = frozenset({"DEFAULT", "plugins", "preview"})
_OF_A_PROFILE = re.compile(r"region|output|role_arn|source_profile|credential_\w+|mfa_\w+|aws_\w+|sso_\w+")
"""Options that only the section of a profile has."""


def _unreadable(kind: str, examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if isinstance(file.fault, UnreadableError) and file.fault.kind == kind:
            yield Finding(State.ERROR, file.fault.message, file.fault.hint)


def _byte_order_mark(examined: Examined) -> Iterator[Finding]:
    return _unreadable("byte-order-mark", examined)


def _syntax(examined: Examined) -> Iterator[Finding]:
    return _unreadable("syntax", examined)


def _duplicates(examined: Examined) -> Iterator[Finding]:
    yield from _unreadable("duplicate-section", examined)
    for profile, headers in _config_headers(examined).items():
        if len(headers) > 1 and profile != "default":
            yield Finding(
                State.WARNING,
                f"{examined.config.path} has {len(headers)} sections for the profile {profile}: AWS tools take the "
                "last one, or join them",
                f"join {' and '.join(headers)} by hand",
            )


def _two_defaults(examined: Examined) -> Iterator[Finding]:
    if len(headers := _config_headers(examined).get("default", [])) > 1:
        yield Finding(
            State.WARNING,
            f"{examined.config.path} has both {' and '.join(headers)}: some AWS tools take the later one, others "
            "[profile default]",
            "join the two under [default] by hand",
        )


def _config_headers(examined: Examined) -> Mapping[str, list[str]]:
    """Profile → the headers, in brackets, of its sections in the config file."""
    found: dict[str, list[str]] = {}
    for name in examined.config.view:
        if (profile := profile_of_header(name)) is not None:
            found.setdefault(profile, []).append(f"[{name}]")
    return found


def _default_section(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        if file.view.get("DEFAULT"):
            yield Finding(
                State.WARNING,
                f"{file.path} has a section [DEFAULT], which Python's tools add to every profile and others to none",
                "move what it holds to where it belongs, such as [default]",
            )


def _spelling(examined: Examined) -> Iterator[Finding]:
    for file in examined.both:
        for number, line in enumerate(file.data.decode(errors="replace").removeprefix("\ufeff").split("\n"), start=1):
            if line.lstrip().startswith("[") and not _is_plain(line.rstrip(), file):
                yield Finding(
                    State.WARNING,
                    f"{file.path}: line {number} holds a '[' that some AWS tools take for a section and others do not",
                    "write a section as [NAME], at the start of its line and alone on it, without blanks inside",
                )


def _is_plain(line: str, file: ExaminedFile) -> bool:
    """Whether every AWS tool takes a line for the same section."""
    header = HEADER.fullmatch(line)
    if header is None or "]" in header["name"]:
        return False
    name = header["name"]
    return name == name.strip() or (file.headers.text("x") != "x" and profile_of_header(name) is not None)


def _profile_in_credentials(examined: Examined) -> Iterator[Finding]:
    for name in () if examined.is_one_file else examined.credentials.view:
        if meant := MISPLACED_PREFIX.fullmatch(name):
            yield Finding(
                State.WARNING,
                f"{examined.credentials.path} has a section [{name}]: in this file that is no profile {meant[1]}",
                f"write its header as [{meant[1]}]; only the config file has the word profile in it",
            )


def _no_profile_in_config(examined: Examined) -> Iterator[Finding]:
    if examined.is_one_file:
        return
    for name, options in examined.config.view.items():
        if name in _WITHOUT_PREFIX or name.startswith(_OTHER_SECTIONS) or profile_of_header(name) is not None:
            continue
        own = options.keys() - examined.config.view.get("DEFAULT", {}).keys()
        if name in examined.credentials.view or any(map(_OF_A_PROFILE.fullmatch, own)):
            meant = name.removeprefix("profile").strip(" \t\"'")
            yield Finding(
                State.WARNING,
                f"{examined.config.path} has a section [{name}], which is no profile to the AWS tools",
                f"write its header as [profile {quote(meant)}]",
            )


FILE_CHECKS: tuple[Check[Examined], ...] = (
    Check("byte-order-mark", "neither file begins with a byte-order mark", _byte_order_mark),
    Check("duplicate-section", "no profile has two sections in one file", _duplicates),
    Check("syntax", "the AWS tools can read both files", _syntax),
    Check("header-spelling", "all AWS tools read the headers alike", _spelling),
    Check("profile-prefix", "the credentials file has no [profile …]", _profile_in_credentials),
    Check("missing-prefix", "the config file's profiles are named as such", _no_profile_in_config),
    Check("two-defaults", "there is one default profile at most", _two_defaults),
    Check("default-section", "neither file has a section [DEFAULT]", _default_section),
)
"""In the order in which they are shown."""
