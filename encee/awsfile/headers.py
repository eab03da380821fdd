"""How the two files name their sections, and which lines some SDK takes for a name that botocore does not."""

import re
from typing import Protocol

from encee.awsfile.paths import Files
from encee.awsfile.syntax import IGNORED_CHARACTERS, profile_of_header

_BLANKS = f"[{re.escape(IGNORED_CHARACTERS)}]"


class Headers(Protocol):
    """How one of the two files names its sections."""

    def text(self, profile: str) -> str:
        """The header, without brackets, that encee writes for a profile."""

    def names(self, header: str, profile: str) -> bool:
        """Whether botocore takes a header, without brackets, for this profile."""

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether every SDK takes a header, without brackets, for this profile."""

    def profile(self, header: str) -> str | None:
        """The profile that botocore takes a header, without brackets, for; None where it is not a profile's."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """What a line begins with when some SDK may take it for this profile's header."""


class CredentialsHeaders:
    """`[NAME]`, as the credentials file has it."""

    def text(self, profile: str) -> str:
        """The profile's own name."""
        return profile

    def names(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter."""
        return header == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter."""
        return header == profile

    def profile(self, header: str) -> str | None:
        """The name itself, but for `DEFAULT`."""
        return None if header == "DEFAULT" else header

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """The name between blanks; for Ruby's SDK, `profile` may stand before it here as well."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*(?:profile{_BLANKS}+)?{re.escape(profile)}{_BLANKS}*\]")


class ConfigHeaders:
    """`[profile NAME]` and `[default]`, as the config file has it."""

    def text(self, profile: str) -> str:
        """`profile NAME`; `default` for the default profile."""
        return "default" if profile == "default" else f"profile {profile}"

    def names(self, header: str, profile: str) -> bool:
        """Whether it means the profile to botocore, quoted or not."""
        return profile_of_header(header) == profile

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether one blank follows `profile`, and the name has no blanks around it, quoted or not."""
        if profile == "default" and header == "default":
            return True
        return header in {f"profile {profile}", f'profile "{profile}"', f"profile '{profile}'"}

    def profile(self, header: str) -> str | None:
        """The name behind `profile`, or `default`."""
        return profile_of_header(header)

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """`profile` and the name, between blanks or quotes; for the default profile, `profile` may be missing."""
        word = f"(?:profile{_BLANKS}+)?" if profile == "default" else f"profile{_BLANKS}+"
        return re.compile(rf"""{_BLANKS}*\[{_BLANKS}*{word}(["']?){re.escape(profile)}\1{_BLANKS}*\]""")


class OneFileCredentialsHeaders(CredentialsHeaders):
    """`[NAME]`, in a file that is the config file as well: `[profile NAME]` is there the settings of a profile."""

    def lookalike(self, profile: str) -> re.Pattern[str]:
        """The name between blanks."""
        return re.compile(rf"{_BLANKS}*\[{_BLANKS}*{re.escape(profile)}{_BLANKS}*\]")


class OneFileConfigHeaders(CredentialsHeaders):
    """`[NAME]` or `[profile NAME]`, in a file that is the credentials file as well.

    A new section is `[NAME]`: all tools read its settings there, and it does not end up beside one of that name.
    """

    def names(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name to the letter, or means the profile in a config file."""
        return header == profile or profile_of_header(header) == profile

    def profile(self, header: str) -> str | None:
        """The name behind `profile`, or `default`: what the AWS CLI takes for a profile of the config file."""
        return profile_of_header(header)

    def is_portable(self, header: str, profile: str) -> bool:
        """Whether it is the profile's name, alone or with one blank after `profile`."""
        return header in {profile, f"profile {profile}"}


def headers_of(files: Files) -> tuple[Headers, Headers]:
    """How the credentials file and the config file name their sections."""
    if files.are_one:
        return OneFileCredentialsHeaders(), OneFileConfigHeaders()
    return CredentialsHeaders(), ConfigHeaders()
