"""The commands, and the only place where errors become messages."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any

import typer
from typer._click.shell_completion import CompletionItem
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from encee import __version__
from encee.cli import terminal
from encee.cli.environment import Environment
from encee.cli.help import Command, add_help_option, print_help
from encee.errors import (
    ClosedOutputError,
    EnceeError,
    ExitCode,
    InterruptedByPersonError,
    MistypedError,
    unexpected,
)

GROUPS = {
    "Sessions": {
        "setup": ("setup", "Set up a key, an MFA device and the first session."),
        "refresh": ("refresh", "Exchange an MFA code for new session credentials."),
        "status": ("status", "Show when each session expires."),
        "clear": ("clear", "Remove stored sessions from the files."),
    },
    "Shells and programs": {
        "use": ("use", "Select a session in this shell."),
        "shell": ("shell", "Start a shell with a session."),
        "exec": ("exec_", "Run a command with a session in its environment."),
        "env": ("env", "Print the environment variables of a session."),
        "process": ("process", "Print the JSON of a credential_process."),
        "init": ("init", "Print the shell integration and completion."),
    },
    "Keys and devices": {
        "keys": ("keys", "List, rotate and protect access keys."),
        "device": ("device", "List, enroll and remove MFA devices."),
        "import": ("import_", "Import keys and devices from plain files."),
    },
    "Accounts": {
        "account": ("account", "Audit an account, require MFA in it, revoke keys."),
        "policy": ("policy", "Print, check and test policies that require MFA."),
    },
    "Help": {
        "doctor": ("doctor", "Find problems, and show how to fix them."),
    },
}
"""Heading → command → module and first sentence of its help, in the order of the help.

The sentences are here so that the help and the completion import no module of a command. If Python reserves the name,
the function of the command is called the name and an underscore.
"""

COMMANDS = {name: entry for commands in GROUPS.values() for name, entry in commands.items()}

_SETTINGS: dict[str, Any] = {"max_content_width": 100}


class _Table(TyperGroup):
    """The commands; each is imported when it is called, to save time."""

    format_epilog = Command.format_epilog

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - the base class's signature
        return list(COMMANDS)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[CompletionItem]:  # noqa: ANN401 - the same as below
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        matching = [name for name in COMMANDS if name.startswith(incomplete)]
        return [CompletionItem(name, help=COMMANDS[name][1]) for name in matching]

    def format_commands(self, ctx: object, formatter: Any) -> None:  # noqa: ANN401, ARG002 - typer's own class is private
        width = max(map(len, COMMANDS))
        for heading, commands in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - typer's own class is private
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"encee.cli.commands.{COMMANDS[cmd_name][0]}")
        command_or_group = getattr(module, cmd_name + "_" * iskeyword(cmd_name))
        if isinstance(command_or_group, typer.Typer):
            return add_help_option(typer.main.get_command(command_or_group))
        command = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = _SETTINGS | getattr(module, "SETTINGS", {})
        command.command(cmd_name, cls=getattr(module, "PARSER", Command), context_settings=settings)(command_or_group)
        return add_help_option(typer.main.get_command(command))


app = typer.Typer(
    cls=_Table,
    add_completion=False,
    pretty_exceptions_enable=False,  # They print local variables, which hold secrets.
    rich_markup_mode=None,
    context_settings=_SETTINGS,
    epilog="\b\n$ encee setup dev\n$ encee refresh dev\n$ aws --profile dev-mfa s3 ls",
)


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # Completion parses the line, too.
        terminal.print_line(f"encee {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def encee(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """MFA for the AWS CLI: session credentials in a profile of their own."""
    if context.invoked_subcommand is None:
        print_help(context)


def main(
    arguments: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> int:
    """Run a command line.

    Args:
        arguments: The arguments after `encee`; None for those of the process.
        environ: The environment variables; None for those of the process.
        clock: Returns the current time, UTC; None for the clock of the machine.

    Returns:
        The exit code.
    """
    environment = Environment(os.environ if environ is None else environ, clock or (lambda: datetime.now(UTC)))
    terminal.prepare_outputs()
    command = add_help_option(typer.main.get_command(app))
    if (line := environment.environ.get("_ENCEE_COMPLETE")) is not None:
        from encee.cli.completion import complete  # noqa: PLC0415 - only here

        return complete(command, line, environment)
    evaluated = environment.environ.get(terminal.EVALUATED)
    with terminal.reserve_stdout_for_shell() if evaluated else nullcontext():
        return _run(command, arguments, environment)


def _run(command: Any, arguments: Sequence[str] | None, environment: Environment) -> int:  # noqa: ANN401 - typer's own is private
    """Run a command line and print the error that ends it."""
    failure: EnceeError
    typed = sys.argv[1:] if arguments is None else arguments

    def correct(error: MistypedError) -> str | None:
        from encee.cli.usage_errors import correct_line  # noqa: PLC0415 - few command lines are wrong

        return correct_line(error, typed, command, environment)

    environment = environment._replace(correct=correct)
    try:
        code = command(arguments, prog_name="encee", standalone_mode=False, obj=environment)
        if code == ExitCode.INTERRUPTED:  # Typer returns it for a Ctrl-C that no command has caught.
            interrupted = InterruptedByPersonError("interrupted", hint="see which sessions are valid: encee status")
            terminal.print_error(interrupted)
            terminal.print_promised_json(interrupted)
        terminal.flush()
        return int(code or ExitCode.DONE)  # The code of an explicit exit.
    except EnceeError as error:
        failure = error
        if isinstance(error, MistypedError):
            failure.hint = correct(error) or failure.hint
    except TyperException as error:
        from encee.cli.usage_errors import usage_error  # noqa: PLC0415 - the same

        failure = usage_error(error, typed, command, environment)
    except Abort:
        failure = InterruptedByPersonError("interrupted")
    except Exception as error:  # noqa: BLE001 - a bug, too, is one line without the values of variables
        failure = unexpected(error)
    if not isinstance(failure, ClosedOutputError):
        terminal.print_error(failure)
        terminal.print_promised_json(failure)
    return int(failure.exit_code)
