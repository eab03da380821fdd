"""Files, chapters, options and goals of make that the documents name exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from encee.cli.app import app
from tests.conftest import ROOT, Encee, Home, Person

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
OTHERS = {"--assume-role", "--env-file", "--help"}
"""Options of aws-mfa, of docker, and of every command."""


def options(command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own class is private
    """Return the options of a command and its subcommands."""
    for parameter in command.params:
        yield from parameter.opts
    if isinstance(command, typer.core.TyperGroup):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from options(command.get_command(context, name))


OPTIONS = set(options(typer.main.get_command(app)))

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def chapters(document: Path) -> set[str]:
    """Return the anchors of a document's chapters."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_document
def test_each_link_has_a_target(document: Path) -> None:
    for link in re.findall(r"\]\((?!https://)([^)]+)\)", document.read_text(encoding="utf-8")):
        path, _, chapter = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not chapter or chapter in chapters(target), link


@every_document
def test_each_named_file_exists(document: Path) -> None:
    named = re.findall(r"`((?:encee|tests|scripts|docs|\.github)/[^`\s]*)`", document.read_text(encoding="utf-8"))
    assert [path for path in named if "NAME" not in path and not [*ROOT.glob(path.rstrip("/"))]] == []


@every_document
def test_each_named_option_exists(document: Path) -> None:
    named = set(re.findall(r"`(--[a-z][a-z-]*)", document.read_text(encoding="utf-8")))
    assert named - OPTIONS - OTHERS == set()


@every_document
def test_each_named_goal_of_make_exists(document: Path) -> None:
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", document.read_text(encoding="utf-8"))) - goals == set()


def test_each_step_in_contributing_names_existing_code() -> None:
    steps = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = steps.partition("## One command through the files")[2].partition("\n## ")[0]
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("encee/**/*.py"))
    functions = set(re.findall(r"`(?:\w+\.)?(\w+)\(\)`", steps))
    classes = set(re.findall(r"`([A-Z]\w+)`", steps))
    files = set(re.findall(r"`(\w+\.py)`", steps))
    assert functions - set(re.findall(r"\bdef (\w+)\(", code)) == set()
    assert classes - set(re.findall(r"\bclass (\w+)", code)) == set()
    assert files - {path.name for path in ROOT.glob("encee/**/*.py")} == set()


def test_the_page_of_settings_names_every_variable_of_encee() -> None:
    internal = {"ENCEE_COMPLETE", "ENCEE_EVAL"}
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("encee/**/*.py"))
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    variables = re.compile(r"\bENCEE_[A-Z_]+")
    assert set(variables.findall(page)) == set(variables.findall(code)) - internal


def test_the_pages_name_every_option_that_encee_reads_or_writes() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("encee/profiles/*.py"))
    pages = "\n".join(page.read_text(encoding="utf-8") for page in ROOT.glob("docs/*.md"))
    options = set(re.findall(r'"(encee_[a-z_]+|mfa_process|mfa_serial|aws_mfa_device)"', code)) - {"encee_format"}
    assert {option for option in options if option not in pages} == set()


def test_the_page_of_files_names_every_file_that_a_run_leaves(encee: Encee, home: Home, dev: Person) -> None:
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    names = [re.escape(name).replace("KEYID", r"\w+").replace("…", ".+") for name in re.findall(r"`([^`\s]+)`", page)]
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    assert encee("device", "save", "dev").code == 0
    left = [f"~/{file.relative_to(home.path)}" for file in home.path.rglob("*") if file.is_file()]
    assert len(left) == 4
    assert [file for file in left if not any(re.fullmatch(rf"(~/\.aws/)?{name}", file) for name in names)] == []


def test_the_index_and_the_navigation_list_every_page() -> None:
    pages = {page.name for page in ROOT.glob("docs/*.md")}
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", index)) == pages - {"index.md"}
    assert set(re.findall(r"- ([a-z-]+\.md)$", navigation, re.MULTILINE)) == pages


def test_the_readme_has_at_most_200_lines_and_two_pictures() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 200
    assert len(re.findall(r"!\[", readme)) == 2
