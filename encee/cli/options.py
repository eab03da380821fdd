"""The arguments and options that commands share, and the decorators that add them."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
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


def refuse_empty(value: str | None) -> str | None:
    """Refuse an empty value, which usually comes from an unset variable.

    Raises:
        typer.BadParameter: The value is empty.
    """
    if value == "":
        raise typer.BadParameter("the value is empty")
    return value


def refuse_dash(value: str | None) -> str | None:
    """Refuse a name that begins with a dash.

    An option whose value was forgotten takes the next option as its value, and `aws --profile` takes no such name.

    Raises:
        typer.BadParameter: The value is empty or begins with a dash.
    """
    if (refuse_empty(value) or "").startswith("-"):
        raise typer.BadParameter("the value begins with a dash")
    return value


def text_option(
    metavar: str, text: str, *names: str, callback: Callable[[str | None], str | None] = refuse_empty
) -> Any:  # noqa: ANN401 - typer's own class is private
    """Return an option that takes a text, which must not be empty.

    Args:
        metavar: The name of the value in the help.
        text: The help text.
        names: The names of the option; by default the parameter's.
        callback: Refuses an invalid value.
    """
    return typer.Option(*names, metavar=metavar, callback=callback, help=text)


def check_code_form(value: str | None) -> str | None:
    """Refuse a code that is not six digits, also where no code is needed.

    Raises:
        UsageError: It is neither six digits nor `-`.
    """
    if refuse_empty(value) not in {None, "-"}:
        from encee.mfa.code_sources import require_code  # noqa: PLC0415 - most command lines give no code

        require_code(value or "", "the code from --code")
    return value


def _use_in_hints(variable: str) -> Callable[[typer.Context, str | None], str | None]:
    """Return the callback that makes hints name the file of an option."""

    def use(context: typer.Context, value: str | None) -> str | None:
        if refuse_empty(value) is not None and not context.resilient_parsing:  # as in a completion
            terminal.use_file_in_hints(variable, expand_file_path(value or ""))
        return value

    return use


def _promise_json(wanted: bool) -> bool:
    """Print errors as JSON, too, from now on."""
    if wanted:
        terminal.promise_json()
    return wanted


def _profile_argument(metavar: str, text: str, offer: Offer) -> Any:  # noqa: ANN401 - typer's own class is private
    def complete(context: typer.Context, incomplete: str) -> list[str]:
        environment: Environment = context.obj
        options = (context.params.get("credentials_file"), context.params.get("config_file"))
        files = AwsFiles.at(AwsPaths.locate(environment.environ, *options), terminal.warn)
        typed = context.params.get("profiles") or ()
        return complete_name(offer, files.salvage(lambda _: None), incomplete, typed)

    return typer.Argument(metavar=metavar, help=text, show_default=False, autocompletion=complete)


_PROFILES = ("[PROFILE]...", "Profiles, or shell patterns such as 'prod-*'.")
_PROFILE_HELP = "The profile, or its session profile."

Profiles = Annotated[list[str] | None, _profile_argument(*_PROFILES, offer_refreshable)]
ListedProfiles = Annotated[list[str] | None, _profile_argument(*_PROFILES, offer_sessions)]
RemovableProfiles = Annotated[list[str] | None, _profile_argument(*_PROFILES, offer_removable)]
Profile = Annotated[str, _profile_argument("PROFILE", _PROFILE_HELP, offer_refreshable)]
UsableProfile = Annotated[str, _profile_argument("PROFILE", _PROFILE_HELP, offer_usable)]
OptionalUsableProfile = Annotated[str | None, _profile_argument("[PROFILE]", _PROFILE_HELP, offer_usable)]
Code = Annotated[
    str | None,
    typer.Option("--code", "-c", metavar="CODE", callback=check_code_form, help="The MFA code, for a refresh."),
]
CodeCommand = Annotated[str | None, text_option("COMMAND", "A command that prints the code.")]
Duration = Annotated[str | None, text_option("TIME", "How long a refreshed session lasts.", "--duration", "-d")]
NoRefresh = Annotated[bool, typer.Option("--no-refresh", help="Exit with status 3 instead of refreshing.")]
CredentialsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=_use_in_hints(CREDENTIALS_VARIABLE),
        help="The credentials file. [default: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials]",
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=_use_in_hints(CONFIG_VARIABLE),
        help="The config file. [default: AWS_CONFIG_FILE or ~/.aws/config]",
    ),
]
Admin = Annotated[str, text_option("ADMIN", "The profile that administers the account.", "--profile")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead.", is_eager=True, callback=_promise_json)
]


class RefreshOptions(NamedTuple):
    """How a command refreshes a session that is not valid.

    Args:
        code: `--code`, or None.
        code_command: `--code-command`, or None.
        duration: `--duration`, or None.
        write: Whether to write the new session to the credentials file.
        ask: Whether to prompt for a code.
        min_time_left: The time for which a session has to be valid to be kept.
        ask_in_turn: Whether to prompt only while no other process prompts for a code of the same key.
    """

    code: str | None = None
    code_command: str | None = None
    duration: str | None = None
    write: bool = True
    ask: bool = True
    min_time_left: timedelta = timedelta(seconds=1)
    ask_in_turn: bool = False


class FileOptions(NamedTuple):
    """The two files that the command line names."""

    credentials_file: CredentialsFile = None
    config_file: ConfigFile = None


CommandFunction = Callable[..., None]


def add_options(group: Callable[..., object]) -> Callable[[CommandFunction], CommandFunction]:
    """Return a decorator that adds a group of options to a command.

    The parameters of `group` replace the command's parameter of the type that `group` returns: typer sees the former,
    and the command gets what `group` returns for their values.

    Args:
        group: A function, or a class with a field for each option.
    """
    options = inspect.signature(group).parameters
    handed = group if isinstance(group, type) else inspect.signature(group).return_annotation

    def decorate(command: CommandFunction) -> CommandFunction:
        own = inspect.signature(command).parameters
        (name,) = (parameter.name for parameter in own.values() if parameter.annotation == handed)

        @wraps(command)
        def run(**values: object) -> None:
            value = group(**{option: values[option] for option in options})
            command(**{name: value}, **{option: values[option] for option in own if option != name})

        added = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options.values()]
        parameters = [new for old in own.values() for new in (added if old.name == name else [old])]
        run.__dict__["__signature__"] = inspect.Signature(list({each.name: each for each in parameters}.values()))
        return run

    return decorate


def _environment(context: typer.Context) -> Environment:
    environment: Environment = context.obj
    return environment


def _files(
    context: typer.Context, credentials_file: CredentialsFile = None, config_file: ConfigFile = None
) -> AwsFiles:
    environment: Environment = context.obj
    return environment.files(credentials_file, config_file)


def _refresh(code: Code = None, code_command: CodeCommand = None, duration: Duration = None) -> RefreshOptions:
    return RefreshOptions(code, code_command, duration)


def _refresh_unless_forbidden(
    *, no_refresh: NoRefresh = False, code: Code = None, code_command: CodeCommand = None, duration: Duration = None
) -> RefreshOptions | None:
    return None if no_refresh else RefreshOptions(code, code_command, duration)


with_environment = add_options(_environment)
"""Hand the command its `Environment`."""

refresh_options = add_options(_refresh)
"""Add `--code`, `--code-command` and `--duration`; hand the command its `RefreshOptions`."""

optional_refresh_options = add_options(_refresh_unless_forbidden)
"""Add the same and `--no-refresh`; hand the command its `RefreshOptions`, or None for `--no-refresh`."""


def file_options(command: CommandFunction) -> CommandFunction:
    """Add `--credentials-file` and `--config-file`; hand the command its `AwsFiles`.

    The command also gets its `Environment`, if it has a parameter for it.
    """
    annotations = [parameter.annotation for parameter in inspect.signature(command).parameters.values()]
    with_files = add_options(_files)(command)
    return with_environment(with_files) if Environment in annotations else with_files
