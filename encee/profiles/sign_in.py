"""How the profiles get credentials that encee does not refresh: AWS tools sign in with them by themselves.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from collections.abc import Mapping
from shlex import join
from typing import NamedTuple


class SignIn(NamedTuple):
    """How a profile signs in.

    Args:
        kind: `sso`, `login`, `web-identity`, `credential-source` or `credential-process`.
        what: What it signs in with, for people.
        command: The words that sign in, or that show whether it works, up to the profile's name.
    """

    kind: str
    what: str
    command: tuple[str, ...] = ("aws", "sts", "get-caller-identity", "--profile")

    def hint(self, profile: str) -> str:
        """The command line for a profile."""
        return join([*self.command, profile])


_SIGN_INS = {
    "credential_source": SignIn("credential-source", "the credentials of the machine (credential_source)"),
    "web_identity_token_file": SignIn("web-identity", "a web identity token"),
    "sso_": SignIn("sso", "IAM Identity Center (SSO)", ("aws", "sso", "login", "--profile")),
    "login_session": SignIn("login", "aws login", ("aws", "login", "--profile")),
    "credential_process": SignIn("credential-process", "a command (credential_process)"),
}
"""What an option begins with → how a profile that has it signs in; in the order in which botocore takes them."""


def sign_in(options: Mapping[str, str]) -> SignIn | None:
    """How a profile with these options signs in by itself; None where it does not."""
    return next((way for begin, way in _SIGN_INS.items() if any(name.startswith(begin) for name in options)), None)
