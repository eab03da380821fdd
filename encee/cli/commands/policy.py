"""`encee policy`: show, check and evaluate policies that require MFA."""

import ipaddress
import json as json_format
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from encee.aws.policies.evaluate import (
    Circumstances,
    Citation,
    Outcome,
    Principal,
    Request,
    SignedWith,
    Verdict,
    context_of,
    evaluate,
)
from encee.aws.policies.lint import Finding, Severity, lint as lint_policy
from encee.aws.policies.parser import LocatedPolicy, MalformedPolicy, parse_policy
from encee.aws.policies.templates import POLICIES, build_policy
from encee.cli import display, terminal
from encee.cli.help import make_group
from encee.cli.options import Environment, Json, text_option, with_environment
from encee.errors import EnceeError, UsageError

policy = make_group("Show, check and try out policies that require MFA.")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files with a policy each; - is standard input.")]

_ACTION = re.compile(r"[a-z0-9-]+:\w+", re.IGNORECASE | re.ASCII)
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", re.DOTALL)


@policy.command("list")
def list_(*, json: Json = False) -> None:
    """List the policies that encee brings along."""
    if json:
        terminal.print_json({"policies": [{"name": name, "does": does} for name, does in POLICIES.items()]})
        return
    display.print_table(["POLICY", "WHAT IT DOES"], list(POLICIES.items()), [None] * len(POLICIES), foldable=2)


@policy.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of those that encee policy list shows.")],
    *,
    partition: Annotated[str, text_option("PARTITION", "The partition of its ARNs.")] = "aws",
    allow_cidr: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CIDR", help="A network that ip-restriction leaves allowed; once for each.", show_default=False
        ),
    ] = None,
    allow_password_change: Annotated[
        bool,
        typer.Option(
            "--allow-password-change", help="Let mfa-required allow users to change their password without MFA."
        ),
    ] = False,
) -> None:
    """Print a policy as JSON, to be applied by hand or with Terraform."""
    shown = build_policy(
        name, partition=partition, allow_cidrs=allow_cidr or (), allow_password_change=allow_password_change
    )
    terminal.print_lines(json_format.dumps(shown, indent=2))


@policy.command()
def lint(files: Files, *, json: Json = False) -> None:
    """Find the traps in policies.

    Each is shown with its file, the line where the statement begins, the statement, and what to write instead.
    Ends with 1 where one is an error.
    """
    found = [finding for name in files for finding in lint_policy(name, _read(name))]
    if json:
        terminal.print_json({"findings": [_finding_as_json(finding) for finding in found]})
    else:
        _show_findings(found, len(files))
    if any(finding.issue.severity is Severity.ERROR for finding in found):
        raise typer.Exit(1)


@policy.command()
@with_environment
def simulate(
    files: Files,
    *,
    action: Annotated[str, typer.Option(metavar="ACTION", help="Such as s3:GetObject.")],
    resource: Annotated[str, text_option("ARN", "What it is about.")] = "*",
    user_name: Annotated[str | None, text_option("NAME", "The user's name, with its path: division/jane.")] = None,
    mfa: Annotated[
        bool | None, typer.Option("--mfa/--no-mfa", help="Signed with a session with MFA, or one without.")
    ] = None,
    long_term: Annotated[
        bool, typer.Option("--long-term", help="Signed with a long-term key, which is what happens by default.")
    ] = False,
    source_ip: Annotated[str | None, text_option("IP", "The address that the request comes from.")] = None,
    via_service: Annotated[
        bool, typer.Option("--via-service", help="An AWS service makes the request for the user.")
    ] = False,
    json: Json = False,
    environment: Environment,
) -> None:
    """Say what policies together say to a request of an IAM user.

    Ends with 0 where they allow it, and with 1 where one of them denies it or none allows it.
    """
    if long_term and mfa is not None:
        raise UsageError("a request is signed in one way", hint="one of --mfa, --no-mfa and --long-term")
    circumstances = Circumstances(
        SignedWith.LONG_TERM if mfa is None else SignedWith.MFA if mfa else SignedWith.NO_MFA,
        source_ip=_address(source_ip),
        via_service=via_service,
        now=environment.clock(),
    )
    user = _user(user_name, _resource(resource))
    request = Request(_action(action), resource, context_of(user, circumstances))
    read = {name: _policy(name) for name in files}
    verdict = evaluate([one.policy for one in read.values()], request)
    if json:
        terminal.print_json(_verdict_as_json(verdict, read))
    else:
        _show_verdict(verdict, read)
    if verdict.outcome is not Outcome.ALLOWED:
        raise typer.Exit(1)


# ---- gather


def _read(name: str) -> bytes:
    """A file's bytes.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        if name == "-":
            return sys.stdin.buffer.read() if sys.stdin else b""
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a file"
        raise UsageError(f"{name} cannot be read: {reason}", hint="name files with a policy each") from error


def _policy(name: str) -> LocatedPolicy:
    """A file's policy.

    Raises:
        EnceeError: It holds none.
    """
    read = parse_policy(name, _read(name))
    if isinstance(read, MalformedPolicy):
        raise EnceeError(str(read), hint="a policy is one JSON object: encee policy show mfa-required")
    return read


def _action(text: str) -> str:
    if not _ACTION.fullmatch(text):
        raise UsageError(f"{text or 'nothing'} is no action", hint="--action s3:GetObject")
    return text


def _resource(text: str) -> str:
    if text != "*" and not _ARN.fullmatch(text):
        raise UsageError(f"{text} is no ARN", hint="--resource arn:aws:s3:::bucket/key, or leave it out")
    return text


def _address(text: str | None) -> str | None:
    try:
        return None if text is None else str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(f"{text} is no address", hint="--source-ip 203.0.113.7") from None


def _user(name: str | None, resource: str) -> Principal | None:
    """Return the named user, of the resource's account and partition, if any."""
    if name is None:
        return None
    _, partition, _, _, account, *_ = (resource.split(":") + [""] * 6)[:6]
    path, _, last = f"/{name.strip('/')}".rpartition("/")
    return Principal.user(last, account=account or "123456789012", path=f"{path}/", partition=partition or "aws")


# ---- show


def _show_findings(found: Sequence[Finding], files: int) -> None:
    for finding in found:
        where = f"{finding.file}:{finding.line}: {finding.issue.severity}: "
        statement = f"{_statement(finding.statement)}: " if finding.statement else ""
        terminal.print_line(f"{where}{statement}{finding.issue.message} [{finding.issue.name}]")
        terminal.print_line(f"  remedy: {finding.issue.remedy}")
    counted = Counter(finding.issue.severity for finding in found)
    errors, warnings = counted[Severity.ERROR], counted[Severity.WARNING]
    terminal.say(f"{_many(errors, 'error')} and {_many(warnings, 'warning')} in {_many(files, 'file')}")


def _many(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _statement(citation: Citation) -> str:
    """A statement without its file."""
    return str(citation).removeprefix(citation.policy).strip()


def _show_verdict(verdict: Verdict, read: dict[str, LocatedPolicy]) -> None:
    if verdict.outcome is Outcome.UNKNOWN:
        raise EnceeError(
            f"the answer hangs on what encee does not know: {'; '.join(verdict.unknown)}",
            hint="say more of the request (--user-name, --source-ip), or look at that statement yourself",
        )
    if citation := verdict.by:
        line = read[citation.policy].line(citation)
        terminal.print_line(f"{verdict.outcome} by {citation.policy}:{line}: {_statement(citation)}")
    else:
        terminal.print_line("not allowed: no statement allows it")


def _verdict_as_json(verdict: Verdict, read: dict[str, LocatedPolicy]) -> dict[str, Any]:
    citation = verdict.by
    return {
        "outcome": verdict.outcome,
        "statement": _statement_as_json(citation, read[citation.policy].line(citation)) if citation else None,
        "unknown": list(verdict.unknown),
    }


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    statement = finding.statement
    return {
        "trap": finding.issue.name,
        "severity": finding.issue.severity,
        "file": finding.file,
        "line": finding.line,
        "index": statement.index if statement else None,
        "sid": statement.sid if statement else None,
        "message": finding.issue.message,
        "remedy": finding.issue.remedy,
    }


def _statement_as_json(citation: Citation, line: int) -> dict[str, Any]:
    return {"file": citation.policy, "line": line, "index": citation.index, "sid": citation.sid}
