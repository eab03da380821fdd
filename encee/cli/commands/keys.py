"""`encee keys`: list, rotate and lock the long-term keys of a user."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from shlex import join, quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from encee.aws.access_keys import AccessKeys, LastUse, UserKey, get_last_use, list_access_keys
from encee.aws.clients import Clients
from encee.aws.errors import DeniedError
from encee.aws.signer import Signer
from encee.cli import display, prompts, terminal
from encee.cli.commands.keys_lock import format_sections, lock, totp, unlock
from encee.cli.display import format_moment
from encee.cli.help import make_group
from encee.cli.options import Environment, Json, Profile, RefreshOptions, file_options, refresh_options
from encee.cli.signers import find_signers
from encee.errors import AwsError, UsageError
from encee.model import rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.key_edits import find_headers, is_locked
from encee.workflows.rotate_key import MIN_SESSION, RetiredKey, RotationResult, rotate_key
from encee.workflows.rotation_plan import KeyInFiles, RotationPreview, preview_rotation

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

keys = make_group("List, rotate and protect access keys.")


@keys.command("list")
@file_options
@refresh_options
def list_keys(
    profile: Profile,
    *,
    options: RefreshOptions,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Show the access keys of the user of PROFILE.

    It shows the age and the last use of each key, and the sections that hold it. It asks IAM with the session of
    PROFILE, which it refreshes if it is not valid.

    Examples:
        $ encee keys list dev
    """
    signs = find_signers(profile, environment, files, options)
    session = signs.with_session()
    iam = Clients(terminal.warn).iam(session)
    keys = [(key, _last_use(iam, session, key.id)) for key in list_access_keys(iam, session)]
    for reason in dict.fromkeys(used.message for _, used in keys if isinstance(used, DeniedError)):
        terminal.note(f"the last use is unknown: {reason}")
    now = environment.clock()
    if json:
        reports = [_as_json(key, used, signs.catalog) for key, used in keys]
        terminal.print_json({"profile": signs.profile, "keys": reports})
    else:
        display.print_table(
            ["KEY", "STATUS", "AGE", "LAST USED", "IN"],
            [_cells(key, used, signs.catalog, now) for key, used in keys],
            [None if key.active else display.FAINT for key, _ in keys],
            foldable=0,
        )


def _last_use(iam: "IAMClient", session: Signer, key_id: str) -> LastUse | DeniedError | None:
    """Return the last use of a key; None for never; or why AWS does not say."""
    try:
        return get_last_use(iam, session, key_id)
    except DeniedError as error:
        return error


def _cells(key: UserKey, used: LastUse | DeniedError | None, catalog: Catalog, now: datetime) -> list[str]:
    return [
        key.id,
        "active" if key.active else "inactive",
        f"{max((now - key.created).days, 0)} days",
        _used(used, now),
        " ".join(f"[{header}]" for header in find_headers(catalog, key.id)) + " (keyring)" * _in_keyring(key, catalog)
        or "–",
    ]


def _used(use: LastUse | AwsError | None, now: datetime) -> str:
    """Return when a key was used last, and for which service."""
    return (
        f"{format_moment(use.when, now)}, {use.service}" if isinstance(use, LastUse) else "unknown" if use else "never"
    )


def _as_json(key: UserKey, used: LastUse | DeniedError | None, catalog: Catalog) -> dict[str, Any]:
    when, service = used if isinstance(used, LastUse) else (None, None)
    return {
        "id": key.id,
        "user": key.user,
        "active": key.active,
        "created": rfc3339(key.created),
        "last_used": rfc3339(when) if when else None,
        "last_service": service,
        "last_use_known": not isinstance(used, DeniedError),
        "sections": find_headers(catalog, key.id),
        "in_keyring": _in_keyring(key, catalog),
    }


def _in_keyring(key: UserKey, catalog: Catalog) -> bool:
    return any(is_locked(options, key.id) for options in catalog.credentials.values())


@keys.command()
@file_options
@refresh_options
def rotate(
    profile: Profile,
    *,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="Keep the old key, inactive.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete the old key without confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    delete_unused: Annotated[
        bool,
        typer.Option("--delete-unused", help="Delete the user's other key if it was never used."),
    ] = False,
    options: RefreshOptions,
    json: Json = False,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Replace the long-term key of PROFILE with a new one.

    A working key exists at every step, in the file and at AWS: encee creates the new key, tests it, writes it to every
    section that holds the old one, and then deactivates the old one. It deletes the old key after confirmation; without
    a terminal the key stays inactive, unless --yes is given. Run it again after an interruption.

    Examples:
        $ encee keys rotate dev --dry-run
        $ encee keys rotate dev
    """
    if yes and keep_old:
        raise UsageError("--yes deletes the old key, and --keep-old keeps it", hint="leave out --yes")
    signs = find_signers(profile, environment, files, options._replace(min_time_left=MIN_SESSION))
    again = [name for name, given in (("--yes", yes), ("--keep-old", keep_old)) if given]
    session_profile = signs.settings.session_profile(signs.profile)
    subject = KeyInFiles(signs.with_key(), signs.key, session_profile, files, again)
    if dry_run:
        preview = signs.retry_with_mfa(
            lambda signer: preview_rotation(
                subject, AccessKeys(Clients(terminal.warn), signer), delete_unused=delete_unused
            )
        )
        fate = "kept" if keep_old else "deleted" if yes else "deleted if you agree"
        _show_preview(preview, signs.profile, fate, environment.clock(), json=json)
        return
    may_delete = partial(_ask_whether_to_delete, yes=yes, keep_old=keep_old, now=environment.clock())
    rotated = rotate_key(subject, signs.with_session, may_delete, terminal.note, delete_unused=delete_unused)
    _show(rotated, session_profile)
    if json:
        terminal.print_json(asdict(rotated))


def _ask_whether_to_delete(retired: RetiredKey, *, yes: bool, keep_old: bool, now: datetime) -> bool:
    """Show the last use of both keys; return whether to delete the old one.

    Raises:
        InterruptedByPersonError: The user typed Ctrl-C or Ctrl-D.
    """
    asks = not yes and not keep_old and terminal.has_terminal()
    with terminal.redirect_to_terminal(asks):
        terminal.say(f"{retired.old}, the old key, is inactive; last used: {_used(retired.old_use, now)}")
        terminal.say(f"{retired.new}, the new key, works; last used: {_used(retired.new_use, now)}")
    return prompts.confirm(f"delete {retired.old}?", default=False) if asks else yes


def _show(rotated: RotationResult, session_profile: str) -> None:
    state = "inactive" if rotated.kept else "deleted"
    sections = format_sections(rotated.sections)
    terminal.say(f"the new key {rotated.new} is in {sections}; the old one, {rotated.old}, is {state}")
    if rotated.kept:
        terminal.say("  when nothing uses it any longer:")
        words = ["aws", "iam", "delete-access-key", "--access-key-id", rotated.old, "--profile", session_profile]
        terminal.say(f"  {join(words)}")
    terminal.say("  sessions from before last until they expire; an administrator can end them:")
    terminal.say(f"  encee account revoke {quote(rotated.user)} --sessions-only --profile ADMIN")


def _show_preview(preview: RotationPreview, profile: str, fate: str, now: datetime, *, json: bool) -> None:
    """Show what a rotation would do.

    Args:
        preview: From `preview_rotation`.
        profile: The profile.
        fate: What would become of the old key in the end.
        now: The present moment, UTC.
        json: `--json`.
    """
    if json:
        use = preview.use if isinstance(preview.use, LastUse) else None
        terminal.print_json(
            {
                "profile": profile,
                "outcome": "would-be-rotated",
                "user": preview.user,
                "old": preview.old,
                "old_last_used": rfc3339(use.when) if use else None,
                "new": preview.new,
                "deleted_first": preview.unused,
                "sections": preview.sections,
            }
        )
        return
    if preview.unused:
        terminal.print_line(f"{preview.unused}, which was never used, would be deleted")
    if preview.new is None:
        terminal.print_line(
            f"{preview.user} would get a new key, in the place of {preview.old} in {format_sections(preview.sections)}"
        )
    else:
        terminal.print_line(
            f"the rotation from {preview.old} to {preview.new}, which was interrupted, would be continued"
        )
    terminal.print_line(f"{preview.old}, last used: {_used(preview.use, now)}, would become inactive, then be {fate}")


for _command in (lock, unlock, totp):
    keys.command()(_command)
