"""`encee import`: import keys and devices from plain files, without boto3."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from encee.cli import display, terminal
from encee.cli.help import make_group
from encee.cli.options import Json, file_options, text_option
from encee.cli.plain_input import expand_path, read_plain_input
from encee.errors import UsageError
from encee.profiles.files import AwsFiles
from encee.profiles.importers.awsenv import parse_awsenv
from encee.profiles.importers.base import read_plain
from encee.profiles.importers.console_csv import is_named_like_root_key, parse_console_csv
from encee.profiles.importers.legacy import LEGACY_FILE, parse_legacy_config
from encee.profiles.importers.merge import ImportFile, ImportResult, find_profile_of_device, import_files

_AWSENV_FOLDER = "~/.aws/profiles"

import_ = make_group(
    "Import keys and devices from plain files. The credentials and config files keep every value that they have."
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written; change nothing.")]


@import_.command(name="csv")
@file_options
def csv(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The console's file; - for standard input.")],
    *,
    profile: Annotated[str, text_option("NAME", "The profile for the key.", "--profile")],
    dry_run: DryRun = False,
    json: Json = False,
    files: AwsFiles,
) -> None:
    """Import an access key from the CSV file of the IAM console.

    Examples:
        $ encee import csv ~/Downloads/jane_accessKeys.csv --profile dev
    """
    path, data, is_file = read_plain_input(file)
    found = parse_console_csv(data, path)
    if is_named_like_root_key(path):
        terminal.warn(
            f"{path.name} is the name that the console gives to a key of the root user, for which AWS offers no"
            " sessions with MFA"
        )
    rename = f"choose another name: encee import csv {shlex.quote(file)} --profile NAME"
    _import([ImportFile(profile, path, found.key, {}, rename, is_file)], files, dry_run=dry_run, json=json)
    if found.has_password and is_file:
        terminal.note(f"{path} also holds the console password: store it elsewhere before you delete the file")


@import_.command(name="awsenv")
@file_options
def awsenv_(
    folder: Annotated[
        str, typer.Argument(metavar="[DIR]", help="The folder with a file for each profile.", show_default=True)
    ] = _AWSENV_FOLDER,
    *,
    dry_run: DryRun = False,
    json: Json = False,
    files: AwsFiles,
) -> None:
    """Import the files of awsenv, one for each profile.

    They hold lines like export AWS_ACCESS_KEY_ID=…, which encee reads and never runs. It refuses the whole import for
    any other line.

    Examples:
        $ encee import awsenv --dry-run
        $ encee import awsenv
    """
    incoming = []
    for file in _list_files(expand_path(folder)):
        found = parse_awsenv(read_plain(file), file)
        settings = {"mfa_serial": found.serial, "region": found.region}
        given = {name: value for name, value in settings.items() if value}
        rename = f"give the file another name: mv {shlex.quote(str(file))} {shlex.quote(str(file.parent))}/NAME"
        incoming.append(ImportFile(file.name, file, found.key, given, rename))
        if found.others:
            terminal.note(f"{file} also sets {', '.join(found.others)}, which is not imported")
    _import(incoming, files, dry_run=dry_run, json=json)


@import_.command(name="legacy")
@file_options
def legacy(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The first encee's file.")] = LEGACY_FILE,
    *,
    profile: Annotated[
        str | None,
        text_option(
            "NAME",
            "The profile whose device it is. [default: default, else the only one with long-term keys]",
            "--profile",
        ),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
    files: AwsFiles,
) -> None:
    """Import the ARN of the device from the first encee's file.

    Examples:
        $ encee import legacy
        $ encee import legacy --profile dev
    """
    path, data, is_file = read_plain_input(file)
    serial = parse_legacy_config(data, path)
    owner = find_profile_of_device(files.catalog(), serial, profile)
    incoming = ImportFile(owner, path, None, {"mfa_serial": serial}, "", is_file)
    _import([incoming], files, dry_run=dry_run, json=json)


def _list_files(folder: Path) -> list[Path]:
    """List the files of a folder by name, without hidden ones.

    Raises:
        UsageError: The folder does not exist or is empty.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}", hint="encee import awsenv DIR") from None
    if not files:
        raise UsageError(f"{folder} has no files in it", hint="encee import awsenv DIR")
    return files


def _import(incoming: Sequence[ImportFile], files: AwsFiles, *, dry_run: bool, json: bool) -> None:
    """Import plain files, and show the outcome of each."""
    outcomes = import_files(incoming, files, dry_run=dry_run)
    if json:
        terminal.print_json(
            {"dry_run": dry_run, "profiles": [_as_json(outcome, dry_run=dry_run) for outcome in outcomes]}
        )
    else:
        rows = [
            [outcome.profile, _word(outcome, dry_run=dry_run), ", ".join(outcome.imported) or "–", str(outcome.file)]
            for outcome in outcomes
        ]
        display.print_table(["PROFILE", "OUTCOME", "IMPORTED", "FROM"], rows, [None] * len(rows), foldable=3)
    for outcome in outcomes:
        if outcome.differs:
            terminal.warn(
                f"{' and '.join(outcome.differs)} of {outcome.profile} stays as it is; {outcome.file} has another value"
            )
    deletable = {outcome.file for outcome in incoming if outcome.is_file}
    if (
        whole := [outcome for outcome in outcomes if outcome.is_complete and outcome.file in deletable]
    ) and not dry_run:
        _print_deletion_commands(whole)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    for error in errors:
        terminal.print_error(error)
    if errors:
        raise typer.Exit(errors[0].exit_code)


def _print_deletion_commands(outcomes: Sequence[ImportResult]) -> None:
    names = shlex.join(outcome.profile for outcome in outcomes)
    paths = shlex.join(str(outcome.file) for outcome in outcomes)
    terminal.say(f"check that this works, then delete the plain file{'s' * (len(outcomes) > 1)}:")
    terminal.say(f"  encee refresh {names}")
    terminal.say(f"  rm {paths}")


def _word(outcome: ImportResult, *, dry_run: bool) -> str:
    if outcome.imported:
        return "would be imported" if dry_run else "imported"
    return "already there" if outcome.error is None else "not imported"


def _as_json(outcome: ImportResult, *, dry_run: bool) -> dict[str, Any]:
    return {
        "profile": outcome.profile,
        "file": str(outcome.file),
        "brought": list(outcome.imported),
        "differs": list(outcome.differs),
        "file_can_go": outcome.is_complete and not dry_run,
        "error": outcome.error and terminal.error_as_json(outcome.error),
    }
