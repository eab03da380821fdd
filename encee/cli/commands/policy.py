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

policy = make_group("Print, check and test policies that require MFA.")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files with a policy each; - is standard input.")]

_ACTION = re.compile(r"[a-z0-9-]+:\w+", re.IGNORECASE | re.ASCII)
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", re.DOTALL)


@policy.command("list")
def list_(*, json: Json = False) -> None:
    """List the policies that encee provides.

    Examples:
        $ encee policy list
    """
    if json:
        terminal.print_json({"policies": [{"name": name, "does": does} for name, does in POLICIES.items()]})
        return
    display.print_table(["POLICY", "WHAT IT DOES"], list(POLICIES.items()), [None] * len(POLICIES), foldable=2)


@policy.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that encee policy list shows.")],
    *,
    partition: Annotated[str, text_option("PARTITION", "The partition of its ARNs.")] = "aws",
    allow_cidr: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CIDR", help="A network that ip-restriction allows; repeat it for more.", show_default=False
        ),
    ] = None,
    allow_password_change: Annotated[
        bool,
        typer.Option("--allow-password-change", help="Allow users to change their password without MFA."),
    ] = False,
) -> None:
    """Print a policy as JSON, to apply by hand or with Terraform.

    Examples:
        $ encee policy show mfa-required
        $ encee policy show ip-restriction --allow-cidr 203.0.113.0/24
    """
    shown = build_policy(
        name, partition=partition, allow_cidrs=allow_cidr or (), allow_password_change=allow_password_change
    )
    terminal.print_lines(json_format.dumps(shown, indent=2))


@policy.command()
def lint(files: Files, *, json: Json = False) -> None:
    """Find mistakes in policies that weaken MFA.

    It shows each with its file, the line of the statement, the statement, and what to write instead. It exits with
    status 1 if one is an error.

    Examples:
        $ encee policy lint work.json
        $ encee policy show mfa-required | encee policy lint -
    """
    findings = [finding for name in files for finding in lint_policy(name, _read(name))]
    if json:
        terminal.print_json({"findings": [_finding_as_json(finding) for finding in findings]})
    else:
        _show_findings(findings, len(files))
    if any(finding.issue.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(1)


@policy.command()
@with_environment
def simulate(
    files: Files,
    *,
    action: Annotated[str, typer.Option(metavar="ACTION", help="The action, such as s3:GetObject.")],
    resource: Annotated[str, text_option("ARN", "The resource of the action.")] = "*",
    user_name: Annotated[str | None, text_option("NAME", "The user's name, with its path: division/jane.")] = None,
    mfa: Annotated[
        bool | None, typer.Option("--mfa/--no-mfa", help="Sign with a session with MFA, or without.")
    ] = None,
    long_term: Annotated[
        bool, typer.Option("--long-term", help="Sign with a long-term key; this is the default.")
    ] = False,
    source_ip: Annotated[str | None, text_option("IP", "The address of the caller.")] = None,
    via_service: Annotated[
        bool, typer.Option("--via-service", help="An AWS service sends the request for the user.")
    ] = False,
    json: Json = False,
    environment: Environment,
) -> None:
    """Evaluate a request of an IAM user against policies.

    It exits with status 0 if they allow the request, and with 1 if one denies it or none allows it.

    Examples:
        $ encee policy simulate work.json --action s3:GetObject
        $ encee policy simulate work.json --action iam:CreateUser --mfa
    """
    if long_term and mfa is not None:
        raise UsageError("--long-term contradicts --mfa and --no-mfa", hint="leave out --long-term")
    circumstances = Circumstances(
        SignedWith.LONG_TERM if mfa is None else SignedWith.MFA if mfa else SignedWith.NO_MFA,
        source_ip=_check_address(source_ip),
        via_service=via_service,
        now=environment.clock(),
    )
    user = _build_user(user_name, _check_resource(resource))
    request = Request(_check_action(action), resource, context_of(user, circumstances))
    read = {name: _parse(name) for name in files}
    verdict = evaluate([document.policy for document in read.values()], request)
    if json:
        terminal.print_json(_verdict_as_json(verdict, read))
    else:
        _show_verdict(verdict, read)
    if verdict.outcome is not Outcome.ALLOWED:
        raise typer.Exit(1)


# ---- gather


def _read(name: str) -> bytes:
    """Read a file, or standard input.

    Raises:
        UsageError: The file cannot be read.
    """
    try:
        if name == "-":
            return sys.stdin.buffer.read() if sys.stdin else b""
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file name"
        raise UsageError(f"{name} cannot be read: {reason}", hint="name files with a policy each") from error


def _parse(name: str) -> LocatedPolicy:
    """Parse the policy of a file.

    Raises:
        EnceeError: The file does not hold a policy.
    """
    read = parse_policy(name, _read(name))
    if isinstance(read, MalformedPolicy):
        raise EnceeError(str(read), hint="a policy is one JSON object: encee policy show mfa-required")
    return read


def _check_action(text: str) -> str:
    if not _ACTION.fullmatch(text):
        raise UsageError(f"invalid action {text or '(empty)'}", hint="--action s3:GetObject")
    return text


def _check_resource(text: str) -> str:
    if text != "*" and not _ARN.fullmatch(text):
        raise UsageError(f"invalid ARN {text}", hint="--resource arn:aws:s3:::bucket/key, or leave it out")
    return text


def _check_address(text: str | None) -> str | None:
    try:
        return None if text is None else str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(f"invalid address {text}", hint="--source-ip 203.0.113.7") from None


def _build_user(name: str | None, resource: str) -> Principal | None:
    """Return the named user, of the resource's account and partition, if any."""
    if name is None:
        return None
    _, partition, _, _, account, *_ = (resource.split(":") + [""] * 6)[:6]
    path, _, last = f"/{name.strip('/')}".rpartition("/")
    return Principal.user(last, account=account or "123456789012", path=f"{path}/", partition=partition or "aws")


# ---- show


def _show_findings(findings: Sequence[Finding], files: int) -> None:
    for finding in findings:
        where = f"{finding.file}:{finding.line}: {finding.issue.severity}: "
        statement = f"{_format_statement(finding.statement)}: " if finding.statement else ""
        terminal.print_line(f"{where}{statement}{finding.issue.message} [{finding.issue.name}]")
        terminal.print_line(f"  remedy: {finding.issue.remedy}")
    counted = Counter(finding.issue.severity for finding in findings)
    errors, warnings = counted[Severity.ERROR], counted[Severity.WARNING]
    terminal.say(f"{_count(errors, 'error')} and {_count(warnings, 'warning')} in {_count(files, 'file')}")


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _format_statement(citation: Citation) -> str:
    """Format a statement without its file."""
    return str(citation).removeprefix(citation.policy).strip()


def _show_verdict(verdict: Verdict, read: dict[str, LocatedPolicy]) -> None:
    if verdict.outcome is Outcome.UNKNOWN:
        raise EnceeError(
            f"the answer depends on what encee does not know: {'; '.join(verdict.unknown)}",
            hint="describe the request with --user-name and --source-ip, or read that statement",
        )
    if citation := verdict.by:
        line = read[citation.policy].line(citation)
        terminal.print_line(f"{verdict.outcome} by {citation.policy}:{line}: {_format_statement(citation)}")
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
