"""What the pages below docs/ say of us is so: each line that starts reloader is understood, each configuration is good."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from reloader.cli.main import main
from reloader.config.options import KEYS
from tests.config.resolving import project_in
from tests.support.programs.announcements import ROOT
from tests.test_readme import CODE, blocks, rows, section

PAGES = sorted((ROOT / "docs").glob("*.md"))
MIGRATION = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
TOOLS = (
    "nodemon", "watchexec", "entr", "air", "uvicorn --reload", "Flask", "Django", "watchfiles", "watchmedo auto-restart",
)  # fmt: skip
LINES = [line.removeprefix("$ ") for block in blocks("console", MIGRATION) for line in block.splitlines()]


def ours() -> list[str]:
    """What stands in the right columns of the tables."""
    return [code.replace("\\|", "|") for _, right in rows_of_all_tables() for code in CODE.findall(right)]


def rows_of_all_tables() -> list[list[str]]:
    tables = re.findall(r"(?:^\|.*\n)+", MIGRATION, re.MULTILINE)
    return [row for table in tables for row in rows(table)]


def test_there_is_a_section_for_each_tool_with_something_to_type() -> None:
    sections = re.split(r"^## ", MIGRATION, flags=re.MULTILINE)[1:]
    assert tuple(section.splitlines()[0] for section in sections) == TOOLS
    assert all("```" in section and "|---|---|" in section for section in sections)


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_console_is_a_session(tmp_path: Path, line: str) -> None:
    (tmp_path / ".git").mkdir()
    program, *arguments = shlex.split(line)
    assert program == "reloader"
    settings = project_in(tmp_path).settings(*arguments)
    assert settings.launch.argv


@pytest.mark.parametrize("snippet", blocks("toml", MIGRATION))
def test_a_configuration_is_good(tmp_path: Path, snippet: str) -> None:
    (tmp_path / ".git").mkdir()
    project = project_in(tmp_path)
    project.write(snippet)
    assert project.settings().launch.argv


@pytest.mark.parametrize("code", [code for code in ours() if code.startswith("reloader ")])
def test_a_command_in_a_table_is_a_session(tmp_path: Path, code: str) -> None:
    (tmp_path / ".git").mkdir()
    assert project_in(tmp_path).settings(*shlex.split(code)[1:]).launch.argv


@pytest.mark.parametrize("code", [code for code in ours() if code.startswith("-")])
def test_flags_in_a_table_are_ours(tmp_path: Path, code: str) -> None:
    (tmp_path / ".git").mkdir()
    words = shlex.split(code)
    assert project_in(tmp_path).settings(*words, *([] if "--" in words else ["--", "x"])).launch.argv


@pytest.mark.parametrize("code", [code for code in ours() if re.match(r"[a-z_]+ = ", code)])
def test_keys_in_a_table_are_good(tmp_path: Path, code: str) -> None:
    (tmp_path / ".git").mkdir()
    project = project_in(tmp_path)
    project.write(f"{code}\n" + ("" if code.startswith("command") else 'command = "x"\n'))
    assert project.settings().launch.argv


def test_nothing_else_is_said_to_be_ours_than_what_is() -> None:
    known = {*KEYS, "reloader.toml", "r"}
    words = [code for code in ours() if not re.match(r"(?:reloader |reloader\.|-|[a-z_]+ = )", code)]
    assert [word for word in words if word not in known and not word.startswith(("use_reloader", "-"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in linked if not (page.parent / link.partition("#")[0]).exists()] == []


def test_the_readme_leads_to_it() -> None:
    assert "(docs/migration.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["init", "check", "schema", "doctor", "completions", "man"])
def test_a_command_of_the_readmes_table_of_verbs_works_in_a_project(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.py").write_text("print(1)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for variable in [variable for variable in os.environ if variable.startswith("RELOADER_")]:
        monkeypatch.delenv(variable)
    (command,) = [CODE.findall(first)[0] for first, _ in rows(section("Verbs")) if f"`reloader {name}" in first]
    assert main(shlex.split(command)[1:]) in ((0, 1) if name == "doctor" else (0,))  # it may find something amiss here
    assert capsys.readouterr().out
