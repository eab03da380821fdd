"""Follow the remedies of doctor: edit the files by their steps, and run their commands in a shell."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from encee.profiles.checks.files import WAIT
from tests.conftest import AWS, ENCEE

_LINES = r"lines? (?P<lines>[\d, ]+(?:and \d+| to \d+)?)"


def numbers(text: str) -> list[int]:
    """Parse line numbers such as `3`, `3 to 5` and `3, 5 and 8`."""
    if " to " in text:
        first, last = text.split(" to ")
        return [*range(int(first), int(last) + 1)]
    return [int(number) for number in re.findall(r"\d+", text)]


class Editor:
    """A file in an editor; its lines keep their first numbers while steps change it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self._below: dict[int, list[str]] = {}
        self._gone: set[int] = set()

    def __getitem__(self, number: int) -> str:
        line: str = self._lines[number - 1]
        return line.rstrip("\r\n")

    def __setitem__(self, number: int, text: str) -> None:
        self._lines[number - 1] = f"{text}\n"

    def delete(self, lines: list[int]) -> None:
        self._gone.update(lines)

    def add(self, below: int, *texts: str) -> None:
        self._below.setdefault(below, []).extend(f"{text}\n" for text in texts)

    def save(self) -> None:
        kept = self._below.get(0, [])
        for number, line in enumerate(self._lines, start=1):
            if number not in self._gone:
                kept.append(line if line.endswith("\n") else f"{line}\n")
            kept += self._below.get(number, [])
        self._path.write_bytes("".join(kept).encode("utf-8", errors="surrogateescape"))
        os.utime(self._path, (1_700_000_000, 1_700_000_000))


def _move(editor: Editor, step: re.Match[str]) -> None:
    editor.add(int(step["below"]), *(editor[number] for number in numbers(step["lines"])))
    editor.delete(numbers(step["lines"]))


def _retype(editor: Editor, step: re.Match[str]) -> None:
    for number in numbers(step["lines"]):
        editor[number] = re.sub(r"[^ -~]", "", editor[number])


def _edit(change: Callable[[str, re.Match[str]], str]) -> Callable[[Editor, re.Match[str]], None]:
    def do(editor: Editor, step: re.Match[str]) -> None:
        for number in numbers(step["lines"]):
            editor[number] = change(editor[number], step)

    return do


STEPS: Mapping[str, Callable[[Editor, re.Match[str]], None]] = {
    rf"delete {_LINES} of (?P<file>.+)": lambda editor, step: editor.delete(numbers(step["lines"])),
    rf"move {_LINES} of (?P<file>.+) below line (?P<below>\d+)": _move,
    rf"copy {_LINES} of (?P<file>.+) below line (?P<below>\d+)": lambda editor, step: editor.add(
        int(step["below"]), *(editor[number] for number in numbers(step["lines"]))
    ),
    r"keep line \d+ or line (?P<other>\d+) of (?P<file>.+), and delete the other": lambda editor, step: editor.delete(
        [int(step["other"])]
    ),
    r"below line (?P<below>\d+) of (?P<file>.+), add (?P<text>.+)": lambda editor, step: editor.add(
        int(step["below"]), step["text"]
    ),
    rf"write the name in {_LINES} of (?P<file>.+) as (?P<name>.+)": _edit(
        lambda line, step: re.sub(
            r"^(\s*).*?(\s*[=:])", lambda match: match[1] + step["name"] + match[2], line, count=1
        )
    ),
    rf"write {_LINES} of (?P<file>.+) as (?P<text>.+)": _edit(lambda _, step: step["text"]),
    rf"remove the blanks at the start of {_LINES} of (?P<file>.+)": _edit(lambda line, _: line.lstrip()),
    rf"remove the quotes in {_LINES} of (?P<file>.+)": _edit(lambda line, _: re.sub("[\"']", "", line)),
    rf"remove the comment in {_LINES} of (?P<file>.+)": _edit(lambda line, _: re.sub(r"\s+[#;].*", "", line)),
    rf"type {_LINES} of (?P<file>.+) again": _retype,
    rf"fix {_LINES} of (?P<file>.+), or put a # before it": _edit(lambda line, _: f"# {line}"),
}
"""Each step that `encee.profiles.remedies` can name, and the edit that it describes."""


def _latin(editor: Editor, step: re.Match[str]) -> None:
    for number in numbers(step["lines"]):
        editor[number] = editor[number].encode("utf-8", errors="surrogateescape").decode("latin-1")


_THIS = rf"(?P<file>.+?): {_LINES} holds .+: "
"""The text before the hint of an error that names a line."""

HINTS: Mapping[str, Callable[[Editor, re.Match[str]], None]] = {
    _THIS + r"fix that line, or put a # before it": _edit(lambda line, _: f"# {line}"),
    _THIS + r"delete one of the two": lambda editor, step: editor.delete(numbers(step["lines"])),
    _THIS + r"put it under a \[section\]": lambda editor, step: editor.add(int(step["lines"]) - 1, "[misc]"),
    _THIS + r"save the file as UTF-8": _latin,
    _THIS + r"save the file as UTF-8 without a byte-order mark": _edit(lambda line, _: line.removeprefix("\ufeff")),
    _THIS + r"save the file with one kind of line end": _edit(lambda line, _: line.replace("\r", "\n")),
}
"""The steps in errors of a file that the AWS CLI cannot read."""

NOT_IN_A_FILE = {"enter both", "give the session a name of its own:", WAIT}
"""Steps that the following command does, or that come after others."""


def follow(checks: Sequence[Mapping[str, Any]], answers: str) -> None:
    """Follow the remedies of all findings of a run: first the steps, then the commands.

    Args:
        checks: The findings, as `--json` prints them.
        answers: The text to type at each prompt of a command.
    """
    editors: dict[str, Editor] = {}
    commands: list[str] = []
    for check in checks:
        steps = steps_of(check["remedy"])
        assert steps or check["commands"] or check["remedy"] == WAIT, f"there is nothing to do: {check}"
        for step in steps:
            if pasted := re.fullmatch(r"(?:.+: )?((?:cp|sudo|chmod) .+)", step):
                commands.append(pasted[1])
            else:
                assert edit(editors, check["message"], step), f"no one could do this: {step}"
        commands += check["commands"]
    for editor in editors.values():
        editor.save()
    path = os.pathsep.join([str(AWS.parent), str(ENCEE.parent), os.environ["PATH"]])
    for command in commands:
        run(command, answers, {**os.environ, "PATH": path})


def steps_of(remedy: str | None) -> list[str]:
    """Return the steps of a remedy, except those that its commands do."""
    return [step for step in (remedy or "").split("; ") if step and step not in NOT_IN_A_FILE]


def run(command: str, answers: str, environ: dict[str, str]) -> None:
    """Run a command in a shell; unset variables in this process if the command does."""
    done = subprocess.run(["sh", "-ec", command], env=environ, input=answers.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    if command.startswith("unset "):
        for name in command.split()[1:]:
            del os.environ[name]


def edit(editors: dict[str, Editor], message: str, step: str) -> bool:
    """Do one step in the editor of its file; return whether it was possible.

    Args:
        editors: The editors of the files.
        message: The message of the finding, which has the number if the step says `that line`.
        step: The text of the step.
    """
    for pattern, do in [*STEPS.items(), *HINTS.items()]:
        if match := re.fullmatch(pattern, step) or re.fullmatch(pattern, f"{message}: {step}"):
            do(editors.setdefault(match["file"], Editor(Path(match["file"]))), match)
            return True
    return False
