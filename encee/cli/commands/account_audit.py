"""`encee account audit`: show which users need MFA and which do not."""

from datetime import datetime
from typing import Annotated, Any

import typer

from encee.cli import display, terminal
from encee.cli.apply_plan import connect_administrator
from encee.cli.display import format_moment
from encee.cli.options import Admin, Environment, Json, RefreshOptions, file_options, refresh_options, text_option
from encee.errors import ExitCode
from encee.model import rfc3339
from encee.profiles.durations import parse_duration
from encee.profiles.files import AwsFiles
from encee.workflows.account.audit import Audit, AuditedUser, audit_account

_STYLES = {
    "open to takeover": display.BAD,
    "MFA not required": display.BAD,
    "old key": display.DOUBTFUL,
    "no active key": display.FAINT,
    "ok": display.GOOD,
}


@file_options
@refresh_options
def audit(
    *,
    profile: Admin,
    group: Annotated[str | None, text_option("NAME", "Show only the members of this group.", "--group")] = None,
    max_key_age: Annotated[str, text_option("TIME", "Show a key as old above this age.")] = "90d",
    json: Json = False,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Show which users need MFA, and which keys work without it.

    It exits with status 1 if there is such a key. The key of a user without a device counts, since a thief can use it
    to enroll one.

    Examples:
        $ encee account audit --profile admin
        $ encee account audit --profile admin --group developers
    """
    max_age = parse_duration(max_key_age)
    administrator = connect_administrator(profile, environment, files, options)
    with display.show_progress() as progress:
        report = audit_account(administrator.iam, administrator.signer, environment.clock(), max_age, progress, group)
    now = environment.clock()
    if json:
        terminal.print_json({"report_made": rfc3339(report.made), "users": [_as_json(user) for user in report.users]})
    else:
        _show(report, now)
    if any(user.is_in_danger for user in report.users):
        raise typer.Exit(ExitCode.FAILED)


def _show(report: Audit, now: datetime) -> None:
    rows = [_row(user, now) for user in report.users]
    styles = [_STYLES[user.state] for user in report.users]
    display.print_table(["USER", "MFA", "KEYS", "LAST USED", "REQUIRED BY", "STATE"], rows, styles, foldable=1)
    counts = {state: sum(user.state == state for user in report.users) for state in _STYLES}
    terminal.say(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    terminal.say(f"keys and passwords are as of AWS's credential report, made {format_moment(report.made, now)}")


def _row(user: AuditedUser, now: datetime) -> list[str]:
    keys = user.credentials.active_keys
    ages = " ".join(f"{(now - key.created).days}d" if key.created else "?" for key in keys)
    used = max((key.last_used for key in keys if key.last_used), default=None)
    last = format_moment(used, now) if used else "never" if keys else "–"
    return [user.credentials.name, user.credentials.mfa, ages or "–", last, user.required_by or "–", user.state]


def _as_json(user: AuditedUser) -> dict[str, Any]:
    return {
        "user": user.credentials.name,
        "mfa": user.credentials.mfa,
        "password": user.credentials.password,
        "keys": [
            {
                "active": key.active,
                "created": rfc3339(key.created) if key.created else None,
                "last_used": rfc3339(key.last_used) if key.last_used else None,
            }
            for key in user.credentials.keys
        ],
        "mfa_required_by": user.required_by,
        "old_key": user.has_old_key,
        "state": user.state,
    }
