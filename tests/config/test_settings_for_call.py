"""The settings of a program that calls the library: no file, the variables, and the values of the call over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.config.load import settings_for_call
from reloader.core.settings import Settings
from reloader.errors import ConfigError

CALL = "run_with_reloader()"


def settings_of(directory: Path, environ: dict[str, str] | None = None, **values: object) -> Settings:
    values = {"command": ("python", "app.py"), **values}
    return settings_for_call(CALL, values, environ or {}, str(directory), str(directory / "home"), "linux")


def test_a_value_wins_over_a_variable_which_wins_over_the_default(tmp_path: Path) -> None:
    environ = {"RELOADER_INTERVAL": "3", "RELOADER_DEBOUNCE": "0.5"}
    watch = settings_of(tmp_path, environ, interval=2.0).watch
    assert (watch.interval, watch.debounce.quiet, watch.debounce.ceiling) == (2.0, 0.5, 2.0)


def test_no_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "reloader.toml").write_text("interval = 7\n")
    settings = settings_of(tmp_path)
    assert (settings.watch.interval, settings.source) == (1.0, CALL)


def test_the_directory_is_watched_unless_it_is_dangerous(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    assert settings_of(tmp_path).watch.roots == (str(tmp_path),)
    in_home = settings_for_call(CALL, {"command": ("x",)}, {}, str(tmp_path / "home"), str(tmp_path / "home"), "linux")
    assert in_home.watch.roots == ()


@pytest.mark.parametrize(
    ("environ", "values"),
    [({}, {"watch": ("/",)}), ({"RELOADER_WATCH": "/"}, {}), ({}, {"python_modules": False, "watch": ("/*",)})],
)
def test_a_dangerous_root_that_is_named_is_a_problem(
    tmp_path: Path, environ: dict[str, str], values: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="the whole disk / would be watched"):
        settings_of(tmp_path, environ, **values)


def test_without_modules_the_directory_has_to_be_safe(tmp_path: Path) -> None:
    values = {"command": ("x",), "python_modules": False}
    with pytest.raises(ConfigError, match=r"your home directory .* would be watched"):
        settings_for_call(CALL, values, {}, str(tmp_path), str(tmp_path), "linux")


def test_a_problem_names_the_call(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, backend="x", ignore=("[a",))
    assert [problem.partition(": ")[0] for problem in error.value.problems] == [CALL] * 2
