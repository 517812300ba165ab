"""The search for the config file, and the errors of a file that cannot be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.config.projects import Project, project_in

ONE = 'command = ["one"]'
TWO = 'command = ["two"]'
TOOL = '[tool.reloader]\ncommand = ["tool"]'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def program(project: Project, *argv: str, within: str = ".") -> str:
    return project.settings(*argv, within=within).launch.argv[0]


def test_the_file_of_the_current_directory_is_used(project: Project) -> None:
    project.write(ONE)
    settings = project.settings()
    assert (settings.launch.argv, settings.source, settings.watch.base) == (("one",), "reloader.toml", project.path())


@pytest.mark.parametrize("marker", [".git", ".hg", ".jj"])
def test_the_search_goes_up_to_the_repository(project: Project, marker: str) -> None:
    project.write(ONE)
    (project.directory / marker).mkdir()
    project.write("", "a/pyproject.toml")
    project.write("", "a/b/setup.py")
    settings = project.settings(within="a/b")
    assert (settings.launch.argv, settings.watch.base) == (("one",), project.path())
    assert settings.source == os.path.join("..", "..", "reloader.toml")


def test_the_search_does_not_leave_the_repository(project: Project) -> None:
    project.write(ONE)
    (project.directory / "a" / ".git").mkdir(parents=True)
    assert project.problems(within="a") == [
        'no command is given: write "reloader -- COMMAND", or put command = ["COMMAND"] into reloader.toml'
    ]


def test_a_git_file_marks_a_repository_as_a_worktree_has_it(project: Project) -> None:
    project.write(ONE)
    project.write("gitdir: elsewhere", ".git")
    (project.directory / "a").mkdir()
    assert program(project, within="a") == "one"


@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.py", "package.json"])
def test_without_a_repository_the_search_goes_up_to_the_project(project: Project, marker: str) -> None:
    project.write(ONE)
    project.write("", f"a/{marker}")
    project.write(TWO, "a/reloader.toml")
    (project.directory / "a" / "b").mkdir()
    assert program(project, within="a/b") == "two"


def test_without_a_project_only_the_current_directory_is_searched(project: Project) -> None:
    project.write(ONE)
    (project.directory / "a").mkdir()
    assert project.problems(within="a")[0].startswith("no command is given: ")


def test_the_nearest_file_wins(project: Project) -> None:
    (project.directory / ".git").mkdir()
    project.write(ONE)
    project.write(TWO, "a/reloader.toml")
    assert program(project, within="a") == "two"


def test_the_table_of_the_project_file_is_used_without_a_reloader_toml(project: Project) -> None:
    (project.directory / ".git").mkdir()
    project.write(TOOL, "pyproject.toml")
    project.write("[project]\nname = 'reloader-plugin'", "a/pyproject.toml")
    settings = project.settings(within="a")
    assert (settings.launch.argv, settings.watch.base) == (("tool",), project.path())


def test_a_reloader_toml_further_up_wins_over_a_table_of_the_project_file(project: Project) -> None:
    (project.directory / ".git").mkdir()
    project.write(ONE)
    project.write(TOOL, "a/pyproject.toml")
    assert program(project, within="a") == "one"


def test_a_broken_project_file_that_does_not_name_reloader_is_ignored(project: Project) -> None:
    project.write("[broken", "pyproject.toml")
    assert program(project, "--", "given") == "given"


def test_a_broken_project_file_that_names_reloader_is_an_error(project: Project) -> None:
    project.write("[tool.reloader", "pyproject.toml")
    assert project.problems("--", "given") == [
        "pyproject.toml: line 1, column 15: expected ']' at the end of a table declaration"
    ]


def test_a_directory_with_the_name_of_the_file_is_ignored(project: Project) -> None:
    (project.directory / "reloader.toml").mkdir()
    (project.directory / "pyproject.toml").mkdir()
    assert program(project, "--", "given") == "given"


def test_a_named_file_is_used_and_its_directory_is_the_base(project: Project) -> None:
    project.write(ONE)
    project.write(TWO, "conf/dev.toml")
    settings = project.settings("--config", "conf/dev.toml")
    assert (settings.launch.argv, settings.source, settings.watch.base) == (
        ("two",),
        "conf/dev.toml",
        project.path("conf"),
    )


def test_a_file_in_the_home_directory_can_be_named(project: Project) -> None:
    project.write(TWO + "\nwatch = []", "home/dev.toml")
    assert program(project, "--config=~/dev.toml") == "two"


def test_the_flag_wins_over_the_variable(project: Project) -> None:
    project.write(ONE, "one.toml")
    project.write(TWO, "two.toml")
    environ = {"RELOADER_CONFIG": "two.toml"}
    assert project.settings(environ=environ).launch.argv == ("two",)
    assert project.settings("-c", "one.toml", environ=environ).launch.argv == ("one",)


def test_an_empty_variable_names_no_file(project: Project) -> None:
    project.write(ONE)
    assert project.settings(environ={"RELOADER_CONFIG": ""}).launch.argv == ("one",)


def test_the_table_of_a_named_project_file_is_read(project: Project) -> None:
    project.write(TOOL + "\n[tool.reloader.windows]\ninterval = 0", "pyproject.toml")
    assert project.problems("--config", "pyproject.toml") == [
        "pyproject.toml: [tool.reloader.windows] interval: 0 is not allowed: write more than 0"
    ]


@pytest.mark.parametrize("content", ["", "tool = 1", "[tool.other]"])
def test_a_named_project_file_without_a_reloader_table_is_an_error(project: Project, content: str) -> None:
    project.write(content, "pyproject.toml")
    assert project.problems("--config", "pyproject.toml") == [
        "pyproject.toml: has no table [tool.reloader]: add it, or name another file"
    ]


def test_the_reloader_key_of_the_project_file_must_be_a_table(project: Project) -> None:
    project.write("[tool]\nreloader = 5", "pyproject.toml")
    assert project.problems() == [
        "pyproject.toml: tool.reloader: found the number 5, expected a table, as in [tool.reloader]"
    ]


def test_a_named_file_that_is_missing_is_an_error(project: Project) -> None:
    expected = "no.toml: does not exist: check the name, or leave it out to search upwards for reloader.toml"
    assert project.problems("--config", "no.toml") == [expected]
    assert project.problems(environ={"RELOADER_CONFIG": "no.toml"}) == [expected]


def test_a_named_directory_is_an_error(project: Project) -> None:
    (project.directory / "conf").mkdir()
    expected = os.path.join("conf", "reloader.toml")
    assert project.problems("--config", "conf") == [f"conf: is a directory: name the file in it, as in {expected}"]


def test_a_name_that_no_file_can_have_is_an_error(project: Project) -> None:
    assert project.problems("--config", "a\0b") == [
        "a\\x00b: contains a NUL character, which file names cannot: remove it"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows a link needs a right that few users have")
def test_a_link_that_leads_nowhere_is_an_error(project: Project) -> None:
    (project.directory / "reloader.toml").symlink_to("nowhere")
    assert project.problems("--", "given") == [
        "reloader.toml: does not exist: check the name, or leave it out to search upwards for reloader.toml"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no link that leads to itself")
def test_a_file_that_cannot_be_read_is_an_error_with_the_systems_reason(project: Project) -> None:
    (project.directory / "reloader.toml").symlink_to("reloader.toml")
    [problem] = project.problems("--", "given")
    assert problem.startswith("reloader.toml: cannot be read: ")
    assert "symbolic links" in problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("command = [", "line 1, column 12: invalid value"),
        ("a = 1\nb = = 2", "line 2, column 5: invalid value"),
        ("a = 1\na = 2", "line 2, column 6: cannot overwrite a value"),
        (b"a = 1\n# caf\xe9", "line 2: the byte at offset 11 is not UTF-8: save the file as UTF-8"),
        (ONE.encode("utf-16"), "line 1: the byte at offset 0 is not UTF-8: save the file as UTF-8"),
        ("interval = " + "9" * 5000, "a number has too many digits: write a shorter one"),
        ("watch = " + "[" * 100_000, "lists or tables are nested too deeply: nest them less"),
    ],
    ids=["open", "value", "twice", "latin-1", "utf-16", "digits", "nested"],
)
def test_invalid_toml_is_an_error_with_its_line(project: Project, content: str | bytes, problem: str) -> None:
    project.write(content)
    assert project.problems() == [f"reloader.toml: {problem}"]


def test_a_byte_order_mark_is_accepted(project: Project) -> None:
    project.write(b"\xef\xbb\xbf" + ONE.encode())
    assert program(project) == "one"
