"""The pages are true: commands and configurations are valid, tables are complete, links lead somewhere."""

from __future__ import annotations

import ast
import os
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import tomli

from reloader.cli.main import main
from reloader.cli.man_page import manual
from reloader.cli.parser import parse
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS
from reloader.config.options import KEYS, RESERVED_VARIABLES
from reloader.core.notices import Level, Notice
from reloader.core.settings_diff import needs_restart
from reloader.core.states import Reason
from tests.config.other_values import write_with_other_value, write_without
from tests.config.projects import Project, project_in
from tests.support.pages import (
    CODE,
    MANUAL,
    PAGES,
    anchors,
    blocks,
    by_hand,
    console_lines,
    links,
    own_part,
    rows,
    section,
    text_of,
)
from tests.support.programs.announcements import ROOT

#: What a console shows beside reloader itself. What the README tells to try is run by .ci/run.
OTHERS = {"git", "pipx", "python3", "uv", ".venv/bin/python"}

LINES = [(page, line) for page in PAGES for line in console_lines(text_of(page))]
SNIPPETS = [(page, snippet) for page in PAGES for snippet in blocks("toml", text_of(page))]
PYTHON = [(page, snippet) for page in PAGES for snippet in blocks("python", text_of(page))]


def ids(cases: list[tuple[str, str]]) -> list[str]:
    return [f"{page}-{text.splitlines()[0][:40]}" for page, text in cases]


def project(directory: Path, text: str = "") -> Project:
    """For ``text`` with sockets one on Linux: Windows refuses them, as the pages say."""
    (directory / ".git").mkdir(exist_ok=True)
    return project_in(directory, platform="linux" if "socket" in text else sys.platform)


class TestTheExamples:
    @pytest.mark.parametrize(("page", "line"), LINES, ids=ids(LINES))
    def test_a_line_of_a_console_is_understood(self, tmp_path: Path, page: str, line: str) -> None:
        program, *arguments = own_part(line)
        if program in OTHERS:
            return
        assert program == "reloader"
        if parse(arguments).subcommand == DEFAULT:
            ours = project(tmp_path, line)
            if not parse(arguments).command:
                ours.write('command = "x"\n')
            assert ours.settings(*arguments).launch.argv

    @pytest.mark.parametrize(("page", "snippet"), SNIPPETS, ids=ids(SNIPPETS))
    def test_a_configuration_is_good(self, tmp_path: Path, page: str, snippet: str) -> None:
        ours = project(tmp_path, snippet)
        ours.write(snippet)
        settings = ours.settings()
        assert settings.launch.argv
        assert settings.source.endswith("reloader.toml")

    @pytest.mark.parametrize(("page", "snippet"), PYTHON, ids=ids(PYTHON))
    def test_python_is_python(self, page: str, snippet: str) -> None:
        ast.parse(snippet)

    def test_there_are_some_of_each(self) -> None:
        assert min(len(LINES), len(SNIPPETS), len(PYTHON)) > 1

    @pytest.mark.parametrize("name", ["init", "check", "schema", "doctor", "completions", "man"])
    def test_a_command_that_needs_no_session_works_in_a_project(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "app.py").write_text("print(1)\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        for variable in [variable for variable in os.environ if variable.startswith("RELOADER_")]:
            monkeypatch.delenv(variable)
        command = next(own_part(line) for _, line in LINES if line.startswith(f"reloader {name}"))
        assert main(command[1:]) in (
            (0, 1) if name in {"check", "doctor"} else (0,)
        )  # they may find something amiss here
        assert capsys.readouterr().out


class TestLinks:
    @pytest.mark.parametrize("page", PAGES)
    def test_every_one_within_the_repository_leads_to_a_file_and_a_heading(self, page: str) -> None:
        dead = []
        for link in links(page):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            target = (ROOT / page).parent / path if path else ROOT / page
            name = os.path.relpath(target, ROOT).replace(os.sep, "/")
            if not target.exists() or (anchor and anchor not in anchors(name)):
                dead.append(link)
        assert dead == []

    def test_the_readme_and_the_index_lead_to_every_page(self) -> None:
        reached = {link.partition("#")[0] for link in links("README.md")}
        from_index = {f"docs/{link.partition('#')[0]}" for link in links("docs/index.md")}
        assert set(MANUAL) - from_index - {"docs/index.md"} == set()
        assert {page for page in MANUAL if not page.startswith("docs/internals/")} - reached == {"docs/index.md"}


def keys_in(cell: str) -> list[str]:
    """The keys that the first cell of a row names; behind those of a table stands its name, in brackets."""
    words = CODE.findall(cell)
    if words[-1].startswith("["):
        return [f"{words[-1].strip('[]')}_{word}" for word in words[:-1]]
    return words


class TestTheTableOfKeys:
    def test_names_every_key_once_and_nothing_else(self) -> None:
        named = [name for first, *_ in rows(section("docs/configuration.md", "Keys")) for name in keys_in(first)]
        assert sorted(named) == sorted(KEYS)

    def test_names_their_defaults(self) -> None:
        for first, second, *_ in rows(section("docs/configuration.md", "Keys")):
            (name,) = keys_in(first)
            default = KEYS[name].default
            written = [tomli.loads(f"value = {code}")["value"] for code in CODE.findall(second)]
            assert written == [] if default is None else [list(default) if isinstance(default, tuple) else default], (
                name
            )


class TestTheKeysThatChangeAtOnce:
    def named(self) -> set[str]:
        text = text_of("docs/configuration.md").partition("<!-- keys that change at once -->")[2]
        return set(CODE.findall(text.partition("<!-- /keys that change at once -->")[0]))

    @pytest.mark.parametrize("name", [name for name in KEYS if name != "allow_dangerous_root"])  # which only permits
    def test_are_those_that_replace_no_run(self, tmp_path: Path, name: str) -> None:
        ours = project(tmp_path, name)
        write_without(ours)
        before = ours.settings()
        write_with_other_value(ours, name)
        assert needs_restart(before, ours.settings()) == (name not in self.named())


class TestTheTablesOfNotices:
    def test_name_every_notice_and_exactly_its_fields(self) -> None:
        table = {
            CODE.findall(row[0])[0]: CODE.findall(row[2])
            for row in rows(text_of("docs/reference/json.md"))
            if len(row) == 3
        }
        assert table.pop("error") == ["problems"]
        notices = {
            snake(kind.__name__.removesuffix("Notice")): [field.name for field in fields(kind)]
            for kind in get_args(Notice)
        }
        assert table == notices

    def test_stand_below_the_names_of_all_levels(self) -> None:
        above = section("docs/reference/json.md", "JSON")
        assert {level.name.lower() for level in Level} <= set(CODE.findall(above))

    def test_name_every_variable_and_every_reason(self) -> None:
        named = [
            CODE.findall(row[0])[0] for row in rows(section("docs/reference/json.md", "Variables for the command"))
        ]
        assert set(named) == {*RESERVED_VARIABLES, *(snake(reason.__name__) for reason in get_args(Reason))} - {
            "RELOADER_CONFIG"
        }


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class TestTheTablesOfExitCodesAndSignals:
    @pytest.mark.parametrize(
        ("title", "in_manual", "word"), [("Exit codes", "EXIT STATUS", r"\d+"), ("Signals", "SIGNALS", r"SIG\w+")]
    )
    def test_name_what_the_manual_page_names(self, title: str, in_manual: str, word: str) -> None:
        terms = manual().partition(f".SH {in_manual}")[2].partition(".SH")[0]
        known = re.findall(word, " ".join(re.findall(r"^\.B (.*)$", terms, re.MULTILINE)))
        firsts = [first for first, *_ in rows(section("docs/reference/processes.md", title))]
        assert known
        assert re.findall(word, " ".join(firsts)) == known


BY_HAND = "".join(by_hand(page) for page in PAGES)
#: Of the tests, of the release and of hooks: no key, and nothing that a run is given.
OTHER_VARIABLES = {"RELOADER_HOOK", "RELOADER_EXIT_CODE", "RELOADER_PROGRAM"}


def test_every_variable_that_is_named_exists() -> None:
    known = {key.variable for key in KEYS.values()} | RESERVED_VARIABLES | OTHER_VARIABLES
    assert set(re.findall(r"\bRELOADER_[A-Z_]*[A-Z]\b", BY_HAND)) - known == set()


def test_every_subcommand_that_is_named_exists() -> None:
    """Behind the program's name stands one, a flag, or a word in capitals that stands for one."""
    words = {words[1] for code in CODE.findall(BY_HAND) if len(words := code.split()) > 1 and words[0] == "reloader"}
    assert {
        word for word in words if word not in SUBCOMMANDS and not word.startswith("-") and not word.isupper()
    } == set()


def test_the_pages_for_people_name_every_subcommand() -> None:
    written_by_hand = "".join(text_of(page) for page in PAGES if page not in {"docs/cli.md", "CHANGELOG.md"})
    named = re.findall(r"(?:`|^\$ )reloader ([a-z]+)", written_by_hand, re.MULTILINE)
    assert [name for name in SUBCOMMANDS if name != DEFAULT and name not in named] == []


MIGRATION = text_of("docs/migration.md")
TOOLS = (
    "nodemon", "watchexec", "entr", "air", "uvicorn --reload", "Flask", "Django", "watchfiles", "watchmedo auto-restart",
)  # fmt: skip


def ours() -> list[str]:
    """What stands in the right columns of the tables."""
    return [code.replace("\\|", "|") for _, right in rows(MIGRATION) for code in CODE.findall(right)]


class TestComingFromAnotherReloader:
    def test_there_is_a_section_for_each_tool_with_something_to_type(self) -> None:
        sections = re.split(r"^## ", MIGRATION, flags=re.MULTILINE)[1:]
        assert tuple(section.splitlines()[0] for section in sections) == TOOLS
        assert all("```" in section and "|---|---|" in section for section in sections)

    @pytest.mark.parametrize("code", [code for code in ours() if code.startswith("reloader ")])
    def test_a_command_in_a_table_is_a_session(self, tmp_path: Path, code: str) -> None:
        assert project(tmp_path).settings(*shlex.split(code)[1:]).launch.argv

    @pytest.mark.parametrize("code", [code for code in ours() if code.startswith("-")])
    def test_flags_in_a_table_exist(self, tmp_path: Path, code: str) -> None:
        words = shlex.split(code)
        assert project(tmp_path).settings(*words, *([] if "--" in words else ["--", "x"])).launch.argv

    @pytest.mark.parametrize("code", [code for code in ours() if re.match(r"[a-z_]+ = ", code)])
    def test_keys_in_a_table_are_good(self, tmp_path: Path, code: str) -> None:
        one = project(tmp_path)
        one.write(f"{code}\n" + ("" if code.startswith("command") else 'command = "x"\n'))
        assert one.settings().launch.argv

    def test_names_only_flags_keys_and_subcommands_that_exist(self) -> None:
        known = {*KEYS, "reloader.toml", "r"}
        words = [code for code in ours() if not re.match(r"(?:reloader |reloader\.|-|[a-z_]+ = )", code)]
        assert [word for word in words if word not in known and not word.startswith(("use_reloader", "-"))] == []


KEY_IN_PROSE = re.compile(r"([a-z_]+) = .*")


@pytest.mark.parametrize("page", [page for page in MANUAL if not page.startswith("docs/internals/")])
def test_a_key_with_a_value_in_a_sentence_is_good(tmp_path: Path, page: str) -> None:
    """Such as ``stop_timeout = 2``, also from a row of a table."""
    outside_of_code = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    codes = [
        code for code in CODE.findall(outside_of_code) if (found := KEY_IN_PROSE.fullmatch(code)) and known(found[1])
    ]
    for code in codes:
        name = code.partition(" = ")[0]
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        one = project(directory)
        one.write("".join(_toml(name, code)))
        assert one.settings().launch.argv, code


def known(name: str) -> bool:
    return name in {key.toml_name for key in KEYS.values()} or name in {"http", "tcp", "log", "exec"}


def _toml(name: str, code: str) -> list[str]:
    head = [] if name == "command" else ['command = "x"\n']
    tables = {key.toml_name: key.table for key in KEYS.values() if key.table}
    if name in tables:
        return [*head, f"[{tables[name]}]\n", code, "\n"]
    return [*head, code if name in KEYS else f"ready = {{ {code} }}", "\n"]
