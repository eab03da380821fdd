"""Export a session to a shell, an environment or a `credential_process`.

Nothing here reads a file or the environment.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from encee.errors import EnceeError
from encee.model import Session, rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import has_stray_token, has_token, managed_by_encee, read_expiry, read_source

CLEARED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ENCEE_PROFILE",
)
"""The variables to unset first, since one of another profile would win or still name it."""

REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""The variables that name a region; either overrides the profile's region."""


@dataclass(frozen=True, slots=True)
class ExportedSession:
    """A session for other programs.

    Args:
        source: The source profile; None for a session of another tool.
        expiration: UTC; None if another tool wrote the session without an expiry.
    """

    profile: str
    source: str | None
    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expiration: datetime | None
    region: str | None

    def variables(self) -> dict[str, str]:
        """Return the environment variables of the session.

        Raises:
            EnceeError: A value holds NUL, which ends a variable. The message names the variable, never its value.
        """
        variables = {
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }
        if self.expiration is not None:
            variables |= dict.fromkeys(
                ("AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION"), rfc3339(self.expiration)
            )
        if self.region is not None:
            variables |= dict.fromkeys(REGION, self.region)
        for name, value in variables.items():
            if "\0" in value:
                raise EnceeError(
                    f"the value of {name} holds NUL, which no environment variable can hold",
                    hint="fix the section of the profile in the credentials file",
                )
        return variables

    def select_profile(self, catalog: Catalog) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return variables that name the profile, so that its next refresh takes effect.

        The region of the session profile is not among them: the user can change it in the file, and a command with
        another `--profile` must not use it.

        Returns:
            The variables to set, and the names of those to unset.
        """
        variables = {"AWS_PROFILE": self.profile}
        if self.region is None:
            return variables, CLEARED
        if catalog.options(self.profile).get("region"):
            return variables, (*CLEARED, *REGION)
        return variables | dict.fromkeys(REGION, self.region), CLEARED

    def credential_process(self) -> str:
        """Return the JSON that SDKs expect of a `credential_process`.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
        """
        document = {
            "Version": 1,
            "AccessKeyId": self.key_id,
            "SecretAccessKey": self.secret,
            "SessionToken": self.token,
        }
        if self.expiration is not None:
            document["Expiration"] = rfc3339(self.expiration)
        return json.dumps(document)


def find_session(catalog: Catalog, argument: str) -> ExportedSession | None:
    """Return the session, valid or expired, that an argument names, or None.

    A long-term or role profile names its session, never its own keys. A section with a session token of another tool
    is returned as it is; so is one of encee whose source profile does not exist, as in a copy of the file.
    """
    profile, options = catalog.profile_for(argument), catalog.options(argument)
    is_foreign = has_token(options) and not managed_by_encee(options)
    if profile is None or (is_foreign and profile != argument):
        read = partial(catalog.read_single_line, argument)
        key_id, secret = read("aws_access_key_id"), read("aws_secret_access_key")
        token = read("aws_session_token") or read("aws_security_token")
        if not (key_id and secret and token) or has_stray_token(options):
            return None
        return ExportedSession(argument, None, key_id, secret, token, read_expiry(options), read("region"))
    session_profile = find_session_profile(catalog, argument, profile)
    session = catalog.usable_session(session_profile, profile)
    return None if session is None else export_session(session, catalog, profile, session_profile)


def find_session_profile(catalog: Catalog, argument: str, profile: str) -> str:
    """Return the session profile that an argument for a profile names."""
    return (
        argument if read_source(catalog.credentials.get(argument, {})) == profile else catalog.session_profiles[profile]
    )


def export_session(session: Session, catalog: Catalog, profile: str, session_profile: str) -> ExportedSession:
    """Export a session with the region of its session profile or source profile."""
    region = catalog.read_single_line(session_profile, "region") or catalog.read_single_line(profile, "region")
    return ExportedSession(
        session_profile, profile, session.id, session.secret, session.token, session.expiration, region
    )


def session_variables(
    before: Mapping[str, str], variables: Mapping[str, str], *, cleared: Iterable[str] = CLEARED
) -> dict[str, str]:
    """Return an environment with these variables, and without others of `cleared`."""
    gone = set(cleared)
    return {name: value for name, value in before.items() if name not in gone} | dict(variables)


def format_for_shell(shell: str, variables: Mapping[str, str], *, cleared: Iterable[str] = CLEARED) -> str:
    """Return the lines that set these variables in a shell, and unset `cleared`.

    Raises:
        EnceeError: The shell's syntax cannot hold a value. The message names the variable, never its value.
    """
    return SHELLS[shell](variables, [name for name in cleared if name not in variables])


def _format_posix(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    # Quotes protect every character; `!` expands the history only in interactive input.
    def quoted(value: str) -> str:
        # zsh reads `=ls`, also after a colon, as the path of ls; shlex.quote leaves `=` without quotes.
        is_plain = shlex.quote(value) == value
        return f"'{value}'" if is_plain and re.search("(?:^|:)=", value) else shlex.quote(value)

    unset = [f"unset {' '.join(cleared)}"] if cleared else []
    return _join_lines(unset, [f"export {name}={quoted(value)}" for name, value in variables.items()])


def _format_fish(variables: Mapping[str, str], cleared: list[str]) -> str:
    # `eval (…)` joins the lines with blanks, so each ends with a semicolon, and a line end in a value becomes \n.
    def quoted(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'")
        return f"'{escaped}'"

    # Erasing a global variable would reveal a universal one (`set -Ux`). fish stores those on disk, so that the user
    # must erase them, and encee refuses. In a function, local variables hide global ones, so it refuses those, too.
    guard = [
        "begin; set -l name; set -l near; set -l left;",
        f"for name in {' '.join([*variables, *cleared])}; set -q -l $name; and set near $near $name; end;",
        f"for name in {' '.join(cleared)}; set -q -U $name; and set left $left $name; end;",
        'if set -q near[1]; echo "encee: error: fish has local variables that would win: $near" >&2;',
        'echo "encee: hint: set -e $near" >&2; false;',
        'else if set -q left[1]; echo "encee: error: fish has universal variables that would win: $left" >&2;',
        'echo "encee: hint: set -eU $left" >&2; false; else;',
    ]
    setting = [f"set -gx {name} {quoted(value)};" for name, value in variables.items()]
    return _join_lines([*guard, *(f"set -eg {name};" for name in cleared)], [*setting, "true; end; end;"])


def _format_tcsh(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    # A backslash protects every character, also `!`, which expands the history in scripts and between quotes. In
    # eval "`…`" the lines are joined with blanks, so each ends with a semicolon.
    _refuse_characters(variables, re.compile(r"[\x00-\x1f\x7f]"), "tcsh")

    def quoted(value: str) -> str:
        return re.sub(r"[^\w@%+:,./-]", r"\\\g<0>", value, flags=re.ASCII) or "''"

    return _join_lines(
        [f"unsetenv {name};" for name in cleared],
        [f"setenv {name} {quoted(value)};" for name, value in variables.items()],
    )


def _format_nu(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    # For `load-env`. nu does not pass a variable that is null to programs: https://www.nushell.sh/book/environment.html
    return json.dumps({**dict.fromkeys(cleared), **variables}, indent=2)


def _format_powershell(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    # PowerShell may evaluate each line by itself. It reads typographic apostrophes as quotes; doubling escapes each.
    _refuse_characters(variables, re.compile(r"[\x00-\x1f\x7f]"), "powershell")

    def quoted(value: str) -> str:
        return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"

    return _join_lines(
        [f"Remove-Item -ErrorAction SilentlyContinue Env:{name}" for name in cleared],
        [f"$Env:{name} = {quoted(value)}" for name, value in variables.items()],
    )


def _format_cmd(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    _refuse_characters(variables, re.compile(r'["%!\x00-\x1f]'), "cmd")
    return _join_lines(
        [f'set "{name}="' for name in cleared], [f'set "{name}={value}"' for name, value in variables.items()]
    )


def _format_dotenv(variables: Mapping[str, str], _cleared: Iterable[str]) -> str:
    # docker reads no quotes in a file of --env-file, and cannot unset a variable.
    _refuse_characters(variables, re.compile(r"""^\s|\s$|[\x00-\x1f"'`\\$#]"""), "dotenv")
    return _join_lines([], [f"{name}={value}" for name, value in variables.items()])


def _format_json(variables: Mapping[str, str], cleared: Iterable[str]) -> str:
    return json.dumps({"encee_format": 1, "set": dict(variables), "unset": list(cleared)}, indent=2)


def _join_lines(unset: list[str], setting: list[str]) -> str:
    return "\n".join([*unset, *setting])


def _refuse_characters(variables: Mapping[str, str], unfit: re.Pattern[str], shell: str) -> None:
    for name, value in variables.items():
        if unfit.search(value):
            raise EnceeError(
                f"the value of {name} has a character that {shell} cannot hold",
                hint="use another form: encee env PROFILE --shell json",
            )


SHELLS: dict[str, Callable[[Mapping[str, str], list[str]], str]] = {
    "bash": _format_posix,
    "zsh": _format_posix,
    "fish": _format_fish,
    "tcsh": _format_tcsh,
    "nu": _format_nu,
    "powershell": _format_powershell,
    "cmd": _format_cmd,
    "dotenv": _format_dotenv,
    "json": _format_json,
}
"""Name of a form → the function that writes it."""
