"""Which shell the person uses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from encee.cli.options import Environment
from encee.errors import UsageError
from encee.profiles.export import SHELLS

_LIKE_BASH = {"sh", "ash", "dash", "ksh", "ksh93", "mksh"}
"""Shells that evaluate the same lines as bash, as long as there is no function in them."""

_LIKE_TCSH = {"csh"}

_WITHOUT_FORM = {"elvish", "es", "ion", "murex", "oil", "osh", "rc", "xonsh", "yash", "ysh"}
"""Shells that run encee and evaluate none of the forms that it writes."""

_EVALUATIONS = {
    "fish": "{} | source",
    "tcsh": 'eval "`{}`"',
    "nu": "{} | from json | load-env",
    "powershell": "{} | Out-String | Invoke-Expression",
    "cmd": "for /f \"delims=\" %i in ('{}') do @%i",
}

_NO_SHELLS = {"false", "nologin"}
"""What accounts have for a shell that nobody is to log in to."""


def find_running_shell(environment: Environment) -> str:
    """The name of the shell that runs encee: the parent process where that is one, else `$SHELL`, else sh."""
    if sys.platform == "win32":
        return "powershell" if "PSMODULEPATH" in {name.upper() for name in environment.environ} else "cmd"
    parent = _name(_parent())
    if parent in {*SHELLS, *_LIKE_BASH, *_LIKE_TCSH, *_WITHOUT_FORM}:
        return parent
    return _name(environment.environ.get("SHELL", "")) or "sh"


def _name(program: str) -> str:
    """A shell's name, by its program as a process list shows it."""
    return Path(program).name.removeprefix("-").replace("pwsh", "powershell")


def find_shell_form(environment: Environment) -> str:
    """The form of `encee env` for the shell that runs encee.

    Raises:
        UsageError: There is none for it.
    """
    name = find_running_shell(environment)
    if name in SHELLS:
        return name
    if name in _LIKE_BASH or name in _LIKE_TCSH:
        return "bash" if name in _LIKE_BASH else "tcsh"
    raise UsageError(
        f"encee has no lines for the shell {name}",
        hint=f"name another form: encee env PROFILE --shell {' or '.join(SHELLS)}",
    )


def format_evaluation(form: str, command: str) -> str:
    """The line with which a shell evaluates what a command prints.

    Args:
        form: One of the forms of `encee env`; those that are for no shell have bash's line.
        command: The command.
    """
    return _EVALUATIONS.get(form, 'eval "$({})"').format(command)


def _parent() -> str:
    """The parent process's program, with or without its path and the dash of a login shell."""
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
    """The program that is the person's shell: `$SHELL`, else the account's, else the system's; the first that runs."""
    if sys.platform == "win32":
        return (
            environment.environ.get("COMSPEC", "cmd.exe")
            if find_running_shell(environment) == "cmd"
            else "powershell.exe"
        )
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        account = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        account = ""
    for shell in (environment.environ.get("SHELL", ""), account):
        if Path(shell).name not in _NO_SHELLS and (found := shutil.which(shell)):
            return found
    return "/bin/sh"
