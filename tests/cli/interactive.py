"""Real interactive shells on a pseudo-terminal."""

import os
import re
from pathlib import Path

import pexpect
import pytest

from tests.conftest import AWS, ENCEE

START = {
    "bash": ["bash", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--private"],
}
INIT = {
    "bash": 'eval "$(encee init bash)"',
    "zsh": 'eval "$(encee init zsh)"',
    "fish": "encee init fish | source",
}
SHELLS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in START]


class Shell:
    """A shell in which a test types lines.

    Args:
        child: The pseudo-terminal of the shell.
        status: The shell's variable with the exit status of the last command.
    """

    def __init__(self, child: "pexpect.spawn[str]", status: str = "$?") -> None:
        self.child = child
        self._status = status
        self._marks = 0

    def type(self, text: str) -> None:
        """Type a line without waiting."""
        self.child.sendline(text)

    def stop(self, key: str) -> None:
        """Press Ctrl-C or Ctrl-Z and wait for the prompt, before which typed characters can get lost."""
        self.child.send(key)
        self.child.expect(r"[$#>] ")

    def run(self, line: str) -> str:
        """Run a line and return its output, with the echo of the line."""
        self.type(line)
        return self.finish()

    def finish(self) -> str:
        """Wait until the shell accepts the next line, and return the output until then."""
        self._marks += 1
        # The typed text differs from the printed one, so that the echo does not match.
        self.type(f"echo mark''{self._marks}''end")
        self.child.expect_exact(f"mark{self._marks}end")
        return self.child.before or ""

    def variables(self) -> dict[str, str]:
        """Return the exported variables, except those that change with each command."""
        # An empty line comes first, since the shell may print terminal sequences before its first output.
        shown = self.run("echo; env | sort | sed 's/^/<<<:/'")
        pairs = re.findall(r"^<<<:([A-Za-z_][A-Za-z0-9_]*)=(.*?)\r?$", shown, re.MULTILINE)
        return {name: value for name, value in pairs if name not in {"_", "SHLVL", "OLDPWD"}}

    def status(self) -> int:
        """Return the exit status of the last command."""
        shown = self.run(f"echo code''={self._status}")
        return int(re.findall(r"code=([0-9]+)", shown)[-1])

    def end(self) -> int | None:
        """Exit the shell and return its exit status."""
        self.type("exit")
        self.child.expect(pexpect.EOF)
        return self.child.wait()


def interactive(shell: str, home: Path, *before: str) -> Shell:
    """Start a shell with the function of `encee init`.

    Args:
        shell: `bash`, `zsh` or `fish`.
        home: The working folder.
        before: Lines to run first, like those of a start-up file.
    """
    path = f"{ENCEE.parent}:{AWS.parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "TERM": "dumb", "PS1": "$ "}
    program, *arguments = START[shell]
    child = pexpect.spawn(program, arguments, env=environ, cwd=home, encoding="utf-8", timeout=60, dimensions=(24, 200))
    child.delaybeforesend = None
    begun = Shell(child, "$status" if shell == "fish" else "$?")
    for line in (*before, INIT[shell]):
        begun.run(line)
    return begun
