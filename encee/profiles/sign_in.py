"""Recognize how profiles without long-term keys sign in.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from collections.abc import Mapping
from shlex import join
from typing import NamedTuple


class SignIn(NamedTuple):
    """How a profile signs in.

    Args:
        kind: `sso`, `login`, `web-identity`, `credential-source` or `credential-process`.
        what: The method, in a message.
        command: The command that signs in, or that shows whether it works, without the profile's name.
    """

    kind: str
    what: str
    command: tuple[str, ...] = ("aws", "sts", "get-caller-identity", "--profile")

    def hint(self, profile: str) -> str:
        """Return the command for a profile."""
        return join([*self.command, profile])


_SIGN_INS = {
    "credential_source": SignIn("credential-source", "the credentials of the machine (credential_source)"),
    "web_identity_token_file": SignIn("web-identity", "a web identity token"),
    "sso_": SignIn("sso", "IAM Identity Center (SSO)", ("aws", "sso", "login", "--profile")),
    "login_session": SignIn("login", "aws login", ("aws", "login", "--profile")),
    "credential_process": SignIn("credential-process", "a command (credential_process)"),
}
"""Beginning of an option → how a profile with it signs in; in the order of botocore."""


def find_sign_in(options: Mapping[str, str]) -> SignIn | None:
    """Return how a profile with these options signs in, or None."""
    return next((way for begin, way in _SIGN_INS.items() if any(name.startswith(begin) for name in options)), None)
