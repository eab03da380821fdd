"""Find the shell that runs encee, and how it evaluates output."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from encee.cli.options import Environment
from encee.errors import UsageError
from encee.profiles.export import SHELLS

_LIKE_BASH = {"sh", "ash", "dash", "ksh", "ksh93", "mksh"}
"""Shells that evaluate the same lines as bash, except functions."""

_LIKE_TCSH = {"csh"}

_WITHOUT_FORM = {"elvish", "es", "ion", "murex", "oil", "osh", "rc", "xonsh", "yash", "ysh"}
"""Shells for which encee has no form."""

_EVALUATIONS = {
    "fish": "{} | source",
    "tcsh": 'eval "`{}`"',
    "nu": "{} | from json | load-env",
    "powershell": "{} | Out-String | Invoke-Expression",
    "cmd": "for /f \"delims=\" %i in ('{}') do @%i",
}

_NO_SHELLS = {"false", "nologin"}
"""The shells of accounts without a login."""


def find_running_shell(environment: Environment) -> str:
    """Return the name of the shell: the parent process, else `$SHELL`, else sh."""
    if sys.platform == "win32":
        return "powershell" if "PSMODULEPATH" in {name.upper() for name in environment.environ} else "cmd"
    parent = _name(_parent())
    if parent in {*SHELLS, *_LIKE_BASH, *_LIKE_TCSH, *_WITHOUT_FORM}:
        return parent
    return _name(environment.environ.get("SHELL", "")) or "sh"


def _name(program: str) -> str:
    """Return the name of a shell from its program as a process list shows it."""
    return Path(program).name.removeprefix("-").replace("pwsh", "powershell")


def find_shell_form(environment: Environment) -> str:
    """Return the form of `encee env` for the shell that runs encee.

    Raises:
        UsageError: encee has no form for the shell.
    """
    name = find_running_shell(environment)
    if name in SHELLS:
        return name
    if name in _LIKE_BASH or name in _LIKE_TCSH:
        return "bash" if name in _LIKE_BASH else "tcsh"
    raise UsageError(
        f"encee does not know how {name} sets variables",
        hint="choose a form that it reads, with --shell: encee env --help",
    )


def format_evaluation(form: str, command: str) -> str:
    """Return the line with which a shell evaluates the output of a command.

    Args:
        form: A form of `encee env`; for one without a line of its own, the line is bash's.
        command: The command.
    """
    return _EVALUATIONS.get(form, 'eval "$({})"').format(command)


def _parent() -> str:
    """Return the program of the parent process, perhaps with a path or a dash."""
    parent = os.getppid()
    try:
        return Path(f"/proc/{parent}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        pass
    try:
        ps = ["ps", "-o", "comm=", "-p", str(parent)]
        shown = subprocess.run(ps, capture_output=True, encoding="utf-8", errors="replace", check=False)  # noqa: S603 - no input
        return shown.stdout.strip()
    except OSError:
        return ""


def find_login_shell(environment: Environment) -> str:
    """Return the first of `$SHELL`, the account's shell and /bin/sh that exists."""
    if sys.platform == "win32":
        return (
            environment.environ.get("COMSPEC", "cmd.exe")
            if find_running_shell(environment) == "cmd"
            else "powershell.exe"
        )
    import pwd  # noqa: PLC0415 - Windows lacks it

    try:
        account = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        account = ""
    for shell in (environment.environ.get("SHELL", ""), account):
        if Path(shell).name not in _NO_SHELLS and (program := shutil.which(shell)):
            return program
    return "/bin/sh"
