"""Print every message of the program, with its hint, read from the source of encee/.

A text is listed where it is an argument of an error class or of a function that prints, or a variable of the same
function that is such an argument. Every other string of three words or more that is not a docstring or a help text is
listed as a part of a message. `{name}` marks what the program fills in.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parent.parent / "encee"

KINDS = {
    "warn": "warning",
    "_warn": "warning",
    "note": "note",
    "note_person": "note",
    "notify": "note",
    "countdown": "note",
    "count_down": "note",
    "say": "output",
    "print_line": "output",
    "print_lines": "output",
    "print_for_shell": "output",
    "ask": "question",
    "ask_code": "question",
    "ask_hidden": "question",
    "confirm": "question",
    "choose": "question",
    "extended": "error",
    "BadParameter": "error",
}
"""What a call prints, by the name of what is called; a name that ends in Error is an error."""

_PROSE = re.compile(r"[A-Za-z']{2,}[,:;]? [A-Za-z'{].* \S")
_LONGEST_NAME = 24


class Message(NamedTuple):
    """A text of the program.

    Args:
        id: Where it is: module and function, with a number where a function has several.
        kind: `error`, `warning`, `note`, `output`, `question`, or `part` for text that becomes a part of one.
        text: The text.
        hint: The hint of an error, or "".
    """

    id: str
    kind: str
    text: str
    hint: str


def messages(file: Path, package: Path) -> Iterator[Message]:
    """Yield the messages of a module of a package in their order."""
    module = ".".join(file.relative_to(package).with_suffix("").parts)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for scope, nodes in _scopes(tree, module):
        entries = list(_of_scope(nodes))
        for number, (kind, text, hint) in enumerate(entries, 1):
            yield Message(f"{scope}.{number}" if len(entries) > 1 else scope, kind, text, hint)


def _scopes(tree: ast.Module, module: str) -> Iterator[tuple[str, list[ast.AST]]]:
    """Yield each function with its nodes, and the rest of the module; names as in `module.Class.function`."""
    outside: list[ast.AST] = []
    functions: list[tuple[str, list[ast.AST]]] = []

    def visit(node: ast.AST, name: str, nodes: list[ast.AST]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{name}.{child.name}"
                if isinstance(child, ast.ClassDef):
                    visit(child, inner, nodes)
                    continue
                own: list[ast.AST] = []
                functions.append((inner, own))
                for part in child.body:
                    own.append(part)
                    visit(part, inner, own)
            else:
                nodes.append(child)
                visit(child, name, nodes)

    visit(tree, module, outside)
    return iter([(module, outside), *functions])


def _of_scope(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, text and hint of each message among the nodes of a scope."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    used: set[ast.AST] = {node.value for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    entries: list[tuple[int, int, str, str, str]] = []
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        kind = _kind(call)
        texts = [text for argument in call.args[:2] for text in _texts(argument, assigned, used)] if kind else []
        hints = [text for name in call.keywords if name.arg == "hint" for text in _texts(name.value, assigned, used)]
        if kind and texts:
            entries.append((call.lineno, call.col_offset, kind, " / ".join(texts), " / ".join(hints)))
    for part in (node for node in nodes if isinstance(node, ast.JoinedStr | ast.Constant) and node not in used):
        if _PROSE.search(text := _text(part)) and not _is_help(part, nodes):
            entries.append((part.lineno, part.col_offset, "part", text, ""))
            used.update(ast.walk(part))
    for _, _, kind, text, hint in sorted(entries):
        yield kind, text, hint


def _kind(call: ast.Call) -> str | None:
    """Return what a call prints, or None."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return "error" if name.endswith("Error") else KINDS.get(name)


def _texts(node: ast.expr, assigned: dict[str, list[ast.expr]], used: set[ast.AST]) -> list[str]:
    """Return the texts that an argument can be, and add their nodes to `used`."""
    if isinstance(node, ast.Name):
        return [text for value in assigned.get(node.id, []) for text in _texts(value, {}, used)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, assigned, used) + _texts(node.orelse, assigned, used)
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value, assigned, used)]
    if isinstance(node, ast.JoinedStr | ast.BinOp) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        used.update(ast.walk(node))
        text = _text(node)
        return [text] if re.search("[a-z]{2}", text) else []
    return []


def _text(node: ast.AST) -> str:
    """Return a string constant or f-string as the program prints it, with `{name}` for what it fills in."""
    if isinstance(node, ast.Constant):
        return node.value.strip() if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp):
        return f"{_text(node.left)} {_text(node.right)}".strip()
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _placeholder(part.value) if isinstance(part, ast.FormattedValue) else str(getattr(part, "value", ""))
            for part in node.values
        ).strip()
    return _placeholder(node) if isinstance(node, ast.expr) else ""


def _placeholder(value: ast.expr) -> str:
    """Return `{name}`, with the most telling name of an expression."""
    if isinstance(value, ast.Call):
        return _placeholder(value.args[0] if value.args and not isinstance(value.func, ast.Attribute) else value.func)
    name = value.attr if isinstance(value, ast.Attribute) else ast.unparse(value)
    return "{" + (name if len(name) <= _LONGEST_NAME and '"' not in name else "…") + "}"


def _is_help(node: ast.AST, nodes: Sequence[ast.AST]) -> bool:
    """Check whether a string is the help text of an option or a pattern, which docs/commands.md has."""
    return any(
        isinstance(call, ast.Call)
        and any(keyword.arg in {"help", "metavar"} and node in ast.walk(keyword.value) for keyword in call.keywords)
        for call in nodes
    )


def main() -> int:
    """Print the messages of each module."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for message in messages(file, PACKAGE):
            print(f"{message.id} ({message.kind})\n    {' '.join(message.text.split())}")
            if message.hint:
                print(f"    hint: {' '.join(message.hint.split())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
