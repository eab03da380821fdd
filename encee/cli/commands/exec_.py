"""`encee exec`: run a command with a session in its environment."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from encee.cli.help import Command, list_options
from encee.cli.options import Environment, RefreshOptions, UsableProfile, file_options, optional_refresh_options
from encee.cli.replace_process import exec_or_spawn
from encee.cli.sessions import get_valid_session
from encee.errors import UsageError
from encee.profiles.export import session_variables
from encee.profiles.files import AwsFiles

SETTINGS = {"allow_interspersed_args": False}
"""Options after the name of the program to run belong to that program."""


class PARSER(Command):
    """A parser that takes options also between PROFILE and the program or `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own class is private
        """Parse the arguments of `exec`."""
        return super().parse_args(ctx, _options_first(args, list_options(self)))


def _options_first(words: Sequence[str], options: Mapping[str, bool]) -> list[str]:
    """Move the options between PROFILE and the program to before PROFILE.

    Args:
        words: The arguments of `exec`.
        options: Whether a value follows an option.
    """
    left = [*words]
    moved: list[str] = []
    profile: list[str] = []
    while left and left[0] != "--":
        is_option = left[0].startswith("-") and left[0] != "-"
        if profile and not is_option:
            break
        (moved if is_option else profile).append(word := left.pop(0))
        if options.get(word) and is_option:
            moved += left[:1]
            left = left[1:]
    return [*moved, *profile, *left]


@file_options
@optional_refresh_options
def exec(  # noqa: A001 - the command's name
    profile: UsableProfile,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments.")],
    *,
    options: RefreshOptions | None,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Run a command with a session in its environment.

    The command replaces the process of encee, and so keeps its exit code and gets its signals. It gets no AWS
    variables of another profile. Without a valid session, encee prompts for a code first.

    Examples:
        $ encee exec dev -- terraform plan
        $ encee exec dev -- aws sts get-caller-identity
    """
    program = _find_program(command)
    session = get_valid_session(profile, environment, files, options)
    exec_or_spawn(program, session_variables(environment.environ, session.variables()))


def _find_program(words: Sequence[str]) -> Sequence[str]:
    """Return the program and its arguments, without `--`.

    Raises:
        UsageError: The program is missing.
    """
    if words[0] != "--":
        return words
    if len(words) == 1:
        raise UsageError("there is no command after --", hint="name it: encee exec PROFILE -- COMMAND")
    return words[1:]
