"""Argument and option types that commands share, and how a command gets at the two files."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import typer

from encee.awsfile.paths import CONFIG_VARIABLE, CREDENTIALS_VARIABLE, AwsPaths, expand_file_path
from encee.cli import terminal
from encee.cli.environment import Environment as Environment  # noqa: PLC0414 - commands get it here, with their options
from encee.profiles.completions import (
    Offer,
    complete_name,
    offer_refreshable,
    offer_removable,
    offer_sessions,
    offer_usable,
)
from encee.profiles.files import AwsFiles


def not_empty(value: str | None) -> str | None:
    """Refuse an option's empty value: it is a variable that was not set, and not a wish.

    Raises:
        typer.BadParameter: The value is empty.
    """
    if value == "":
        raise typer.BadParameter("it is empty")
    return value


def _named_as(variable: str) -> Callable[[typer.Context, str | None], str | None]:
    """The callback of an option that names one of the two files: hints are for that file from then on."""

    def note(context: typer.Context, value: str | None) -> str | None:
        if not_empty(value) is not None and not context.resilient_parsing:  # as in a completion
            terminal.use_file_in_hints(variable, expand_file_path(value or ""))
        return value

    return note


def code_form(value: str | None) -> str | None:
    """Refuse what cannot be a code, also where a valid session makes it superfluous; `-` reads standard input.

    Raises:
        UsageError: The value is not six digits.
    """
    if not_empty(value) not in {None, "-"}:
        from encee.mfa.code_sources import require_code  # noqa: PLC0415 - most command lines give no code

        require_code(value or "", "the code from --code")
    return value


def _promised(wanted: bool) -> bool:
    """Let a failure print an object too, also one in the options behind this one."""
    if wanted:
        terminal.promise_json()
    return wanted


def offering(offer: Offer) -> Callable[[typer.Context, str], list[str]]:
    """The completion of a profile's name.

    Args:
        offer: Which names there are.
    """

    def names(context: typer.Context, incomplete: str) -> list[str]:
        environment: Environment = context.obj
        options = (context.params.get("credentials_file"), context.params.get("config_file"))
        files = AwsFiles.at(AwsPaths.locate(environment.environ, *options), terminal.warn)
        typed = context.params.get("profiles") or ()
        return complete_name(offer, files.salvage(lambda _: None), incomplete, typed)

    return names


_PROFILES_HELP = "Profiles, or shell patterns such as 'prod-*'."
_PROFILE_HELP = "The profile, or its session profile."


def _profiles(offer: Offer) -> Any:  # noqa: ANN401 - typer's own class is private
    return typer.Argument(
        metavar="[PROFILE]...", help=_PROFILES_HELP, show_default=False, autocompletion=offering(offer)
    )


Profiles = Annotated[list[str] | None, _profiles(offer_refreshable)]
ListedProfiles = Annotated[list[str] | None, _profiles(offer_sessions)]
RemovableProfiles = Annotated[list[str] | None, _profiles(offer_removable)]
Profile = Annotated[
    str, typer.Argument(metavar="PROFILE", help=_PROFILE_HELP, autocompletion=offering(offer_refreshable))
]
ServableProfile = Annotated[
    str, typer.Argument(metavar="PROFILE", help=_PROFILE_HELP, autocompletion=offering(offer_usable))
]
MaybeServableProfile = Annotated[
    str | None,
    typer.Argument(metavar="[PROFILE]", help=_PROFILE_HELP, show_default=False, autocompletion=offering(offer_usable)),
]
Code = Annotated[
    str | None, typer.Option("--code", "-c", metavar="CODE", callback=code_form, help="The MFA code, for a refresh.")
]
CodeCommand = Annotated[
    str | None, typer.Option(metavar="COMMAND", callback=not_empty, help="A command that prints the code.")
]
Duration = Annotated[
    str | None,
    typer.Option("--duration", "-d", metavar="TIME", callback=not_empty, help="How long a refreshed session lasts."),
]
NoRefresh = Annotated[
    bool, typer.Option("--no-refresh", help="Fail with 3, instead of refreshing, without a valid session.")
]
CredentialsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=_named_as(CREDENTIALS_VARIABLE),
        help="The credentials file. [default: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials]",
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=_named_as(CONFIG_VARIABLE),
        help="The config file. [default: AWS_CONFIG_FILE or ~/.aws/config]",
    ),
]
Admin = Annotated[
    str,
    typer.Option("--profile", metavar="ADMIN", callback=not_empty, help="The profile that administers the account."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.", is_eager=True, callback=_promised)]


class RefreshOptions(NamedTuple):
    """The options of a refresh that another command may have to do first.

    Args:
        code: `--code`, or None.
        code_command: `--code-command`, or None.
        duration: `--duration`, or None.
        write: Whether the fresh session goes to the credentials file.
        ask: Whether a person may be asked.
        least: How long a session has to last to be left alone.
        ask_in_turn: Whether to ask only while no other process asks for a code of the same key.
    """

    code: str | None = None
    code_command: str | None = None
    duration: str | None = None
    write: bool = True
    ask: bool = True
    least: timedelta = timedelta(seconds=1)
    ask_in_turn: bool = False
