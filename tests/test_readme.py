"""The README is true: its commands are those that are run elsewhere, its tables name what there is, its TOML loads."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import tomli

from reloader.cli.parser import parse
from reloader.config.load import load_plan
from reloader.config.options import KEYS
from reloader.core.notices import Level, Notice
from reloader.core.settings import Settings
from tests.support.programs.announcements import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]*)`")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", README, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the README has no section {title!r}"
    return found[1]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def rows(text: str) -> Iterator[list[str]]:
    """The cells of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def commands_to_try() -> list[str]:
    return [line.removeprefix("$ ") for block in blocks("console", section("Try it")) for line in block.splitlines()]


class TestTheTwoCommands:
    def test_are_two(self) -> None:
        assert len(commands_to_try()) == 2

    def test_are_those_that_the_check_of_every_change_takes_from_here(self) -> None:
        """The check finds each by a text that only one line of our code blocks may hold."""
        script = (ROOT / ".ci/run").read_text(encoding="utf-8")
        marks = re.findall(r'^\w+=\$\(command_with "(.*)"\)$', script, re.MULTILINE)
        lines = [
            line
            for block in re.findall(r"^```.*?\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
            for line in block.splitlines()
        ]
        found = [[line.removeprefix("$ ") for line in lines if mark in line] for mark in marks]
        assert found == [[command] for command in commands_to_try()]

    def test_install_from_the_same_files_as_contributors_do(self) -> None:
        contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        install = next(part for part in commands_to_try()[1].split(" && ") if "install" in part)
        assert install in contributing.splitlines()

    def test_name_files_that_are_there(self) -> None:
        named = re.findall(r"(?<= )[\w./-]+\.(?:toml|txt)\b", " ".join(commands_to_try()))
        assert named
        assert [name for name in named if not (ROOT / name).is_file()] == []

    def test_begin_with_a_virtual_environment_that_both_use(self) -> None:
        first, second = commands_to_try()
        assert first.startswith("python3 -m venv .venv && ")
        programs = [part.split()[0] for part in (*first.split(" && ")[1:], *second.split(" && "))]
        assert all(program.startswith(".venv/bin/") for program in programs)


def keys_in(cell: str) -> list[str]:
    """The keys that the first cell of a row names; behind those of a table stands its name, in brackets."""
    words = CODE.findall(cell)
    if words[-1].startswith("["):
        return [f"{words[-1].strip('[]')}_{word}" for word in words[:-1]]
    return words


class TestTheTableOfKeys:
    def test_names_every_key_once_and_nothing_else(self) -> None:
        named = [name for first, *_ in rows(section("Keys")) for name in keys_in(first)]
        assert sorted(named) == sorted(KEYS)

    def test_names_their_defaults(self) -> None:
        for first, second, *_ in rows(section("Keys")):
            names, defaults = keys_in(first), CODE.findall(second)
            if defaults:
                written = [tomli.loads(f"value = {default}")["value"] for default in defaults]
                expected = [KEYS[name].default for name in names]
                expected = expected[: len(written)] if len(set(map(str, expected))) == 1 else expected
                assert written == [list(value) if isinstance(value, tuple) else value for value in expected], names


class TestTheTableOfNotices:
    def test_names_every_notice_and_exactly_its_fields(self) -> None:
        table = {CODE.findall(first)[0]: CODE.findall(second) for first, second in rows(section("What it says"))}
        assert table.pop("error")[0] == "problems"
        notices = {
            snake(kind.__name__.removesuffix("Notice")): [field.name for field in fields(kind)]
            for kind in get_args(Notice)
        }
        assert table.keys() == notices.keys()
        for name, named in table.items():
            of_changes = {"kind", "path", "added", "modified", "removed"}.difference(notices[name])
            told = [word for word in named if word not in of_changes]
            assert told == notices[name], name

    def test_stands_below_the_names_of_all_levels(self) -> None:
        before_table = section("What it says").partition("|")[0]
        assert {level.name.lower() for level in Level} <= set(CODE.findall(before_table))


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class TestTheExamples:
    @pytest.mark.parametrize("snippet", blocks("toml"))
    def test_of_toml_are_configurations(self, snippet: str, tmp_path: Path) -> None:
        (tmp_path / "reloader.toml").write_text(snippet, encoding="utf-8")
        platform = "linux" if "sockets" in snippet else sys.platform  # which Windows refuses, as the text says
        assert loaded(tmp_path, platform=platform).source.endswith("reloader.toml")

    def test_of_toml_are_there(self) -> None:
        assert blocks("toml")

    def test_of_commands_are_understood(self, tmp_path: Path) -> None:
        lines = [
            line.removeprefix("$ ") for block in blocks("console", section("Use it")) for line in block.splitlines()
        ]
        assert lines
        for line in lines:
            name, *arguments = shlex.split(line)
            assert name == "reloader"
            assert loaded(tmp_path, *arguments).launch.argv

    def test_every_file_that_is_linked_is_there(self) -> None:
        linked = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
        assert linked
        assert [link for link in linked if not (ROOT / link.partition("#")[0]).exists()] == []


def loaded(directory: Path, *arguments: str, platform: str = sys.platform) -> Settings:
    (directory / ".git").mkdir(exist_ok=True)
    return load_plan(
        parse(arguments),
        environ={},
        directory=str(directory.resolve()),
        home=str(directory / "home"),
        platform=platform,
    )
