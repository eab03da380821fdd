"""Reject words that encee does not use, in strings, comments, names and documents.

Names of tests with more than 70 characters are rejected, too, and in encee/ docstrings whose first line has more than
80 characters and functions of more than 50 lines.

`style-left.txt` has a line `NUMBER FILE` for each file that still has such words. The numbers only shrink: more words
than that are an error, and also fewer, until the number there is corrected.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

WORDS = {
    r"nobody|somebody|anybody|everybody|whoever": "the user, or the program",
    r"(?<!there )(?:is|are|was|were) (?:no|none)\b(?! longer| more| such| other)": "is not, or: there is no",
    r"to be had": "available",
    r"of which": "a sentence of its own",
    r"go(?:es)? on\b": "continue",
    r"(?<!under)stands?(?!ard|ing|-in|-ins)\b(?! for\b)": "is",
    r"lies\b": "is",
    r"mend(?:s|ed|ing)?": "fix",
    r"behind(?! AWS's| this machine's)": "after",  # a clock is behind another one
    r"trades?\b": "exchange",
    r"tells?\b|told\b": "report, print or name",
    r"ends? with (?:exit (?:code|status) )?\d": "exits with status",
    r"polite|patience|greets?|flights?": "the word for what it is",
    r"in a circle|a circle of": "circular; too many levels of symbolic links",
}
"""A pattern, and what to write instead."""

NAMES = re.compile(
    r"_?(?:nobody|somebody|whoever|flights?|landing|truth|patience|polite|greet|dress|trap|becoming|world)(?:_\w+)?",
    re.IGNORECASE,
)
"""Names of functions, classes, parameters and variables that are metaphors."""

LONG_TEST_NAME = re.compile(r"test_\w{66,}")
"""Names of tests that have more than 70 characters."""

LONGEST_FIRST_LINE = 80
"""How many characters the first line of a docstring may have."""

_PATTERN = re.compile("|".join(rf"\b(?:{pattern})" for pattern in WORDS), re.IGNORECASE)
_TEXTS = {"STRING", "FSTRING_MIDDLE", "COMMENT"}
_CODE_SPAN = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)

MAX_FUNCTION_LINES = 50
"""The longest function of `encee/`, from `def` to its last line."""

LEFT = ROOT / "scripts" / "style-left.txt"


def findings(file: Path) -> Iterator[tuple[int, str]]:
    """Yield each rejected word or name of a file, with its line number from 1."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        text = _CODE_SPAN.sub(lambda span: re.sub(r"[^\n]", " ", span[0]), text)
        yield from _words(text, 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if tokenize.tok_name[token.type] in _TEXTS:
            yield from _words(token.string, token.start[0])
        elif token.type == tokenize.NAME and (NAMES.fullmatch(token.string) or LONG_TEST_NAME.fullmatch(token.string)):
            yield token.start[0], token.string
    if file.is_relative_to(ROOT / "encee"):
        yield from _long_first_lines(text)
        yield from _long_functions(text)


def _long_first_lines(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (docstring := ast.get_docstring(node)):
            first = docstring.partition("\n")[0]
            if len(first) > LONGEST_FIRST_LINE:
                yield node.body[0].lineno, first


def _long_functions(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield node.lineno, f"def {node.name}: {lines} lines"


def _words(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    for match in _PATTERN.finditer(re.sub(r"`[^`\n]*`", lambda span: " " * len(span[0]), text)):
        yield first_line + text.count("\n", 0, match.start()), match[0]


def _replacement(word: str) -> str:
    if LONG_TEST_NAME.fullmatch(word):
        return "a name of at most 70 characters"
    if word.startswith("def "):
        return f"a function of at most {MAX_FUNCTION_LINES} lines"
    if len(word) > LONGEST_FIRST_LINE:
        return f"a first line of at most {LONGEST_FIRST_LINE} characters"
    return next((text for pattern, text in WORDS.items() if re.match(pattern, word, re.IGNORECASE)), "a noun")


def main() -> int:
    """Print the rejected words; return 1 if their number differs from `style-left.txt`."""
    git = ["/usr/bin/env", "git", "ls-files", "*.py", "*.md"]
    names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    rejected_by_file = {name: list(findings(ROOT / name)) for name in names if name != "scripts/style.py"}
    if sys.argv[1:] == ["--count"]:
        lines = [f"{len(rejected)} {name}\n" for name, rejected in rejected_by_file.items() if rejected]
        LEFT.write_text("".join(lines), encoding="utf-8")
        return 0
    counts = [line.split() for line in LEFT.read_text(encoding="utf-8").splitlines()]
    allowed = {name: int(count) for count, name in counts}
    failed = False
    for name, rejected in rejected_by_file.items():
        left = allowed.get(name, 0)
        if len(rejected) == left:
            continue
        failed = True
        if len(rejected) < left:
            print(f"{name}: only {len(rejected)} are left; write that into {LEFT.name}, which says {left}")
            continue
        for line, word in rejected:
            print(f"{name}:{line}: {word!r}: write {_replacement(word)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
