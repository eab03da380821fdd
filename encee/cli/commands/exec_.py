"""`encee exec`: a command with the session in its environment."""

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
"""The command's options are the command's."""


class PARSER(Command):
    """Takes encee's own options also after PROFILE, up to the command or `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own class is private
        """Parse the words after `exec`."""
        return super().parse_args(ctx, _options_first(args, list_options(self)))


def _options_first(words: Sequence[str], options: Mapping[str, bool]) -> list[str]:
    """Move the options between PROFILE and the command to before PROFILE.

    Args:
        words: What follows `exec`.
        options: From `option_words`.
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

    It takes the place of encee, so its exit code and signals are its own. What another profile may have left over
    in the environment is unset. Without a valid session, a code is asked for first.
    """
    wanted = _wanted(command)
    session = get_valid_session(profile, environment, files, options)
    exec_or_spawn(wanted, session_variables(environment.environ, session.variables()))


def _wanted(words: Sequence[str]) -> Sequence[str]:
    """The command among the words behind PROFILE.

    Raises:
        UsageError: There is none.
    """
    if words[0] != "--":
        return words
    if len(words) == 1:
        raise UsageError("there is no command after --", hint="name it: encee exec PROFILE -- COMMAND")
    return words[1:]
