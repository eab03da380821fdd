"""Argument and option types that commands share, and what a command gets from `main`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import typer

from encee.profiles.catalog import Catalog
from encee.profiles.document import ConfigHeaders, CredentialsHeaders
from encee.profiles.files import Files, expanded
from encee.profiles.legacy import LEGACY_FILE, legacy_serial
from encee.profiles.store import Store


def not_empty(value: str | None) -> str | None:
    """Refuse an option's empty value: it is a variable that was not set, and not a wish.

    Raises:
        typer.BadParameter: The value is empty.
    """
    if value == "":
        raise typer.BadParameter("it is empty")
    return value


Profiles = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PROFILE]...", help="Profiles, or shell patterns such as 'prod-*'.", show_default=False),
]
Profile = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile, or its session profile.")]
Code = Annotated[
    str | None, typer.Option("--code", "-c", metavar="CODE", callback=not_empty, help="The MFA code, for a refresh.")
]
CodeCommand = Annotated[
    str | None, typer.Option(metavar="COMMAND", callback=not_empty, help="A command that prints the code.")
]
Duration = Annotated[
    str | None,
    typer.Option("--duration", "-d", metavar="TIME", callback=not_empty, help="How long a refreshed session lasts."),
]
CredentialsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        callback=not_empty,
        help="The credentials file. [default: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials]",
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", callback=not_empty, help="The config file. [default: AWS_CONFIG_FILE or ~/.aws/config]"
    ),
]
Admin = Annotated[
    str,
    typer.Option("--profile", metavar="ADMIN", callback=not_empty, help="The profile that administers the account."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]


class HowToRefresh(NamedTuple):
    """The options of a refresh that another command may have to do first.

    Args:
        code: `--code`, or None.
        code_command: `--code-command`, or None.
        duration: `--duration`, or None.
        write: Whether the fresh session goes to the credentials file.
        ask: Whether a person may be asked.
        least: How long a session has to last to be left alone.
    """

    code: str | None = None
    code_command: str | None = None
    duration: str | None = None
    write: bool = True
    ask: bool = True
    least: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class World:
    """What is outside the program: passed in, so that tests can be somewhere else at another time.

    Args:
        environ: The environment's variables.
        clock: Returns the present moment, UTC.
    """

    environ: Mapping[str, str]
    clock: Callable[[], datetime]

    def files(self, credentials_file: str | None = None, config_file: str | None = None) -> Files:
        """Where the two files are: option, environment, default."""
        return Files.located(self.environ, credentials_file, config_file)

    def legacy_serial(self) -> str | None:
        """The device that the first encee's `~/.encee/config` names, or None."""
        return legacy_serial(expanded(LEGACY_FILE))


def credentials_store(files: Files, warn: Callable[[str], None]) -> Store:
    """The credentials file."""
    return Store(files.credentials, CredentialsHeaders(), warn)


def config_store(files: Files, warn: Callable[[str], None]) -> Store:
    """The config file."""
    return Store(files.config, ConfigHeaders(), warn)


def read_catalog(files: Files, warn: Callable[[str], None]) -> Catalog:
    """The profiles that the two files hold.

    Raises:
        FileRefusedError: One of them cannot be read as the AWS tools read it.
    """
    return Catalog(credentials_store(files, warn).document().view, config_store(files, warn).document().view)
