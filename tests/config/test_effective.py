"""The value of each key that is in force, and the place where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reloader.cli.parser import parse
from reloader.config.effective import DEFAULT, EffectiveValue, effective_values
from reloader.config.load import load
from reloader.config.options import KEYS
from tests.config.projects import Project, project_in

FILE = """
command = ["file"]
env = { A = "file", B = "file" }
ignore = ["file"]
[linux]
stop_signal = "SIGINT"
env = { B = "table" }
[macos]
stop_timeout = 1
[python]
open_files = true
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path, "linux")


def settings(project: Project, *argv: str, environ: Mapping[str, str] | None = None) -> dict[str, EffectiveValue]:
    directory = str(project.directory)
    loaded = load(parse(argv), environ or {}, directory, "/home", project.platform, needs_command=False)
    return {one.key.name: one for one in effective_values(loaded.merged)}


def test_every_key_has_one(project: Project) -> None:
    assert list(settings(project)) == list(KEYS)


def test_a_key_that_is_not_written_has_its_default(project: Project) -> None:
    interval = settings(project)["interval"]
    assert (interval.value, interval.origin, interval.is_written) == (1.0, DEFAULT, False)


def test_a_command_that_is_not_written_has_none(project: Project) -> None:
    command = settings(project)["command"]
    assert (command.value, command.origin) == (None, DEFAULT)


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("command", ("file",), "reloader.toml"),
        ("ignore", ("flag",), "--ignore"),
        ("stop_signal", "SIGINT", "reloader.toml [linux]"),
        ("stop_timeout", 5.0, DEFAULT),
        ("python_open_files", True, "reloader.toml"),
        ("interval", 2.0, "RELOADER_INTERVAL"),
    ],
)
def test_a_value_names_the_layer_that_won(project: Project, key: str, value: object, origin: str) -> None:
    project.write(FILE)
    found = settings(project, "--ignore", "flag", environ={"RELOADER_INTERVAL": "2", "RELOADER_IGNORE": "variable"})[
        key
    ]
    assert (found.value, found.origin) == (value, origin)
    assert found.is_written == (origin != DEFAULT)


def test_a_merged_table_names_all_of_its_layers(project: Project) -> None:
    project.write(FILE)
    env = settings(project, "--env", "C=flag", environ={"RELOADER_ENV": "C=variable"})["env"]
    assert env.value == {"A": "file", "B": "table", "C": "flag"}
    assert env.origin == "reloader.toml, reloader.toml [linux], RELOADER_ENV, --env"


def test_a_command_behind_the_dashes_is_the_command_lines(project: Project) -> None:
    assert settings(project, "--", "x")["command"].origin == "the command line"


def test_a_table_of_a_project_file_is_named_by_its_file(project: Project) -> None:
    project.write('[tool.reloader]\ncommand = "x"\n[tool.reloader.linux]\ninterval = 3\n', "pyproject.toml")
    found = settings(project)
    assert found["command"].origin == "pyproject.toml"
    assert found["interval"].origin == "pyproject.toml [tool.reloader.linux]"
