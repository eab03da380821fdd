"""`encee init`: print the text for a shell's start-up file, fast."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from encee.cli import terminal

STARTUP_LINES = {
    "bash": 'eval "$(encee init bash)"',
    "zsh": 'eval "$(encee init zsh)"',
    "fish": "encee init fish | source",
    "powershell": "encee init powershell | Out-String | Invoke-Expression",
}
"""Shell → the line for its start-up file."""

_STARTUP_FILES = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/config.fish",
    "powershell": "$PROFILE",
}
_TEXTS = {"bash": "encee.bash", "zsh": "encee.zsh", "fish": "encee.fish", "powershell": "encee.ps1"}


class Shell(StrEnum):
    """The shells of `STARTUP_LINES`."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def init(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the shell integration and completion.

    The integration is a function encee, which encee use needs. The completion knows commands, options and profiles.
    In PowerShell, the line is encee init powershell | Out-String | Invoke-Expression.

    Examples:
        $ eval "$(encee init bash)"    # in ~/.bashrc
        $ eval "$(encee init zsh)"     # in ~/.zshrc
        $ encee init fish | source     # in ~/.config/fish/config.fish
    """
    if sys.stdout.isatty():
        terminal.note(f"this line in {_STARTUP_FILES[shell]} makes the shell read it: {STARTUP_LINES[shell]}")
    terminal.print_lines(
        (Path(__file__).parents[1] / "shell_init" / _TEXTS[shell]).read_text(encoding="utf-8").rstrip()
    )
