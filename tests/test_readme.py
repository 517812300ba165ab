"""The README is short, and true: its two commands are those that are run elsewhere, and begin where a stranger stands."""

from __future__ import annotations

import re

from tests.support.pages import blocks, console_lines, section, text_of
from tests.support.programs.announcements import ROOT

README = text_of("README.md")


def commands_to_try() -> list[str]:
    return console_lines(section("README.md", "Try it"))


def test_it_is_short() -> None:
    assert len(README.encode()) <= 6_000


def test_it_shows_a_session_and_names_the_three_promises() -> None:
    above = README.partition("\n## ")[0]
    assert "(docs/session.svg)" in above
    assert len(re.findall(r"^\d\. \*\*", above, re.MULTILINE)) == 3


def test_it_recommends_no_package_of_a_stranger() -> None:
    """The name on PyPI is another project's as long as nothing is released."""
    assert "pipx install reloader" not in README
    assert "pip install reloader" not in README


class TestTheTwoCommands:
    def test_are_two(self) -> None:
        assert len(commands_to_try()) == 2

    def test_are_run_by_the_check_of_every_change(self) -> None:
        """The check finds each by a text that only one line of our code blocks may hold."""
        script = (ROOT / ".ci/run").read_text(encoding="utf-8")
        marks = re.findall(r'^\w+=\$\(command_with "(.*)"\)$', script, re.MULTILINE)
        lines = [line for block in blocks(".*?", README) for line in block.splitlines()]
        found = [[line.removeprefix("$ ") for line in lines if mark in line] for mark in marks]
        assert found == [[command] for command in commands_to_try()]

    def test_install_from_the_same_files_as_contributors_do(self) -> None:
        install = next(part for part in commands_to_try()[1].split(" && ") if "install" in part)
        assert install in text_of("CONTRIBUTING.md").splitlines()

    def test_name_files_that_are_there(self) -> None:
        named = re.findall(r"(?<= )[\w./-]+\.(?:toml|txt)\b", " ".join(commands_to_try()))
        assert named
        assert [name for name in named if not (ROOT / name).is_file()] == []

    def test_begin_with_a_virtual_environment_that_both_use(self) -> None:
        first, second = commands_to_try()
        assert first.startswith("python3 -m venv .venv && ")
        programs = [part.split()[0] for part in (*first.split(" && ")[1:], *second.split(" && "))]
        assert all(program.startswith(".venv/bin/") for program in programs)

    def test_the_file_that_is_to_be_edited_is_there(self) -> None:
        (edited,) = re.findall(r"Edit `([^`]+)`", section("README.md", "Try it"))
        assert (ROOT / edited).is_file()
