"""The order of the layers: command line, environment, the file's table for the platform, the file, the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.choices import BackendName, OnExit
from reloader.core.paths.filters import Rule
from tests.config.projects import Project, project_in

FILE = """
command = ["file"]
interval = 2
env = { A = "file", B = "file" }
ignore = ["file"]
"""
TABLES = """
[linux]
interval = "3s"
env = { B = "table", C = "table" }
[macos]
interval = 4
[windows]
interval = 5
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path, "linux")


def test_the_defaults_are_those_of_the_settings(project: Project) -> None:
    settings = project.settings("--", "x")
    assert (settings.watch.interval, settings.watch.backend, settings.restart.on_exit) == (
        1.0,
        BackendName.AUTO,
        OnExit.AUTO,
    )
    assert (settings.watch.debounce.quiet, settings.watch.debounce.ceiling) == (0.05, 2.0)
    assert (settings.restart.stop.signal, settings.restart.stop.timeout, settings.restart.restart_code) == (15, 5.0, 3)
    assert settings.watch.watch is None
    assert settings.watch.roots == (project.path(),)
    assert settings.launch.cwd == project.path()
    assert settings.source == "the command line"


def test_the_file_wins_over_the_defaults(project: Project) -> None:
    project.write(FILE)
    assert project.settings().watch.interval == 2.0


@pytest.mark.parametrize(
    ("platform", "interval"), [("linux", 3.0), ("darwin", 4.0), ("win32", 5.0), ("freebsd14", 2.0)]
)
def test_the_platforms_table_wins_over_the_file(tmp_path: Path, platform: str, interval: float) -> None:
    project = project_in(tmp_path, platform)
    project.write(FILE + TABLES)
    assert project.settings().watch.interval == interval


def test_a_variable_wins_over_the_file_and_its_tables(project: Project) -> None:
    project.write(FILE + TABLES)
    assert project.settings(environ={"RELOADER_INTERVAL": "6"}).watch.interval == 6.0


def test_a_flag_wins_over_all(project: Project) -> None:
    project.write(FILE + TABLES)
    assert project.settings("--interval", "7s", environ={"RELOADER_INTERVAL": "6"}).watch.interval == 7.0


def test_the_command_after_the_dashes_wins_over_all(project: Project) -> None:
    project.write(FILE)
    assert project.settings("--", "a", "--b", "--", "c d", environ={"RELOADER_COMMAND": "x"}).launch.argv == (
        "a", "--b", "--", "c d",
    )  # fmt: skip


def test_env_is_merged_name_by_name(project: Project) -> None:
    project.write(FILE + TABLES)
    environ = {"RELOADER_ENV": '{ C = "variable", D = "variable" }'}
    settings = project.settings("--env", "D=flag", "--env", "E=a=b", "--env", "E=last", environ=environ)
    assert settings.launch.environment == {"A": "file", "B": "table", "C": "variable", "D": "flag", "E": "last"}


def test_a_list_is_replaced_whole_and_names_its_source(project: Project) -> None:
    project.write(FILE)
    assert project.settings().watch.ignore == (Rule("file", "reloader.toml"),)
    assert project.settings(environ={"RELOADER_IGNORE": "a, b,"}).watch.ignore == (
        Rule("a", "RELOADER_IGNORE"),
        Rule("b", "RELOADER_IGNORE"),
    )
    assert project.settings("-i", "a,b", "--ignore", '["c,d"]').watch.ignore == tuple(
        Rule(pattern, "--ignore") for pattern in ("a", "b", "c,d")
    )


def test_an_empty_variable_is_not_set(project: Project) -> None:
    project.write(FILE)
    assert project.settings(environ={"RELOADER_INTERVAL": "", "RELOADER_IGNORE": ""}).watch.interval == 2.0


def test_an_empty_list_can_be_given(project: Project) -> None:
    project.write(FILE)
    assert project.settings(environ={"RELOADER_IGNORE": "[]"}).watch.ignore == ()
    assert project.settings("--ignore", "").watch.ignore == ()


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("no", False), ("FALSE", False)]
)
def test_a_boolean_variable_has_the_usual_words(project: Project, text: str, value: bool) -> None:
    assert project.settings("--", "x", environ={"RELOADER_GITIGNORE": text}).watch.gitignore is value


def test_a_boolean_has_a_flag_for_each_value(project: Project) -> None:
    project.write('command = "x"\ngitignore = false')
    assert project.settings("--gitignore").watch.gitignore is True
    assert project.settings("--no-follow-symlinks").watch.follow_symlinks is False


@pytest.mark.parametrize(("text", "code"), [("0", 0), ("255", 255), ("false", None), ("no", None)])
def test_the_restart_code_is_a_number_or_none(project: Project, text: str, code: int | None) -> None:
    assert project.settings("--restart-code", text, "--", "x").restart.restart_code == code


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        ("", ("a", "b c")),
        ("true", ("/bin/sh", "-c", "a 'b c'")),
        ("bash", ("bash", "-c", "a 'b c'")),
        ('["bash", "-lc"]', ("bash", "-lc", "a 'b c'")),
        ("false", ("a", "b c")),
    ],
)
def test_a_shell_can_be_asked_for_by_variable(project: Project, shell: str, argv: tuple[str, ...]) -> None:
    assert project.settings("--command", "a 'b c'", environ={"RELOADER_SHELL": shell}).launch.argv == argv


def test_a_shell_can_be_asked_for_by_flag(project: Project) -> None:
    assert project.settings("--shell", "--", "a | b").launch.argv == ("/bin/sh", "-c", "a | b")
    assert project.settings("--shell", "zsh", "--", "a | b").launch.argv == ("zsh", "-c", "a | b")


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("a 'b c'", ("a", "b c")),
        ('["a", "b c"]', ("a", "b c")),
        ("[ -f x ]", ("[", "-f", "x", "]")),
        ('["a"]\nb = 1', ("[a]", "b", "=", "1")),
    ],
)
def test_a_command_in_a_variable_is_a_list_or_a_line(project: Project, text: str, argv: tuple[str, ...]) -> None:
    assert project.settings(environ={"RELOADER_COMMAND": text}).launch.argv == argv


def test_the_windows_shell_is_the_one_of_comspec(tmp_path: Path) -> None:
    project = project_in(tmp_path, "win32")
    argv = ("--shell", "--watch", "[]", "--", "a & b")
    assert project.settings(*argv, environ={"COMSPEC": "C:\\cmd.exe"}).launch.argv[0] == "C:\\cmd.exe"
    assert project.settings(*argv, environ={}).launch.argv == ("cmd.exe", "/d", "/s", "/c", "a & b")


def test_variables_of_a_parent_reloader_and_of_others_are_left_alone(project: Project) -> None:
    environ = {"RELOADER_RUN": "2", "RELOADER_AGENT_X": "1", "RELOADERS": "x", "reloader_interval": "0"}
    assert project.settings("--", "x", environ=environ).watch.interval == 1.0
