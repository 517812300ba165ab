"""Where the configuration may be, and what is said when it is no good: a line for each problem, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.backends import needs_watchdog
from tests.support.platform_limits import posix_only
from tests.support.projects import project, python, save, toml
from tests.support.running import Reloader

PRINT = python("-c", 'print("it ran", flush=True)')


def problems_of(directory: Path, *arguments: str, **environment: str) -> list[str]:
    """What is said of a configuration that is refused, without our name in front."""
    with Reloader(*arguments, cwd=directory, talk=(), environment=environment) as reloader:
        assert reloader.wait_for_exit() == 2
        assert reloader.lines == []
        assert all(line.startswith("[reloader] ") for line in reloader.remarks)
        return [line.removeprefix("[reloader] ") for line in reloader.remarks]


BAD_FILES = [
    ("command = [", ["line 1"]),
    ("\n\ncommand = 'x' y", ["line 3"]),
    ('command = "x"\nintervall = 2', ["intervall", "interval"]),
    ('command = "x"\ninterval = 0', ["interval"]),
    ('command = "x"\ninterval = -1.5', ["interval"]),
    ('command = "x"\ninterval = "soon"', ["interval", "soon"]),
    ("command = []", ["command"]),
    ('command = ""', ["command"]),
    ("command = 3", ["command", "3"]),
    ('watch = ["*.py"]', ["command"]),
    ('command = "x"\nbackend = "watchdgo"', ["backend", "watchdgo", "watchdog"]),
    ('command = "x"\nwatch = ["[a"]', ["watch", "[a"]),
    ('command = "x"\nwatch = ["/"]', ["watch", "allow_dangerous_root"]),
    ('command = "x"\nstop_signal = "SIGNOTHING"', ["stop_signal", "SIGNOTHING"]),
]


@pytest.mark.parametrize(("text", "named"), BAD_FILES)
def test_a_bad_file_gets_one_line_that_names_the_fault(tmp_path: Path, text: str, named: list[str]) -> None:
    save(tmp_path / "reloader.toml", text)
    problems = problems_of(tmp_path)
    assert len(problems) == 1
    assert [word for word in named if word not in problems[0]] == []


def test_a_backend_that_cannot_be_had_gets_one_line_with_the_remedy(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", 'command = "x"\nbackend = "watchman"')
    (problem,) = problems_of(tmp_path, WATCHMAN_SOCK=str(tmp_path / "no.sock"))
    assert 'backend = "watchman"' in problem
    assert 'use backend = "auto"' in problem


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", 'command = []\ninterval = 0\nwatc = "x"\nbackend = "none"\n')
    problems = problems_of(tmp_path, RELOADER_DEBOUNCE="never")
    assert len(problems) == 5
    for word in ("command", "interval", "watc", "backend", "RELOADER_DEBOUNCE"):
        assert any(word in problem for problem in problems)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "--config", "absent.toml")
    assert "absent.toml" in problem


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "reloader.toml").write_bytes(b'command = "\xff\xfe"')
    (problem,) = problems_of(tmp_path)
    assert "UTF-8" in problem


def test_neither_file_nor_command_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # the search upwards ends here
    (problem,) = problems_of(tmp_path)
    assert "--" in problem


def test_json_tells_problems_too(tmp_path: Path) -> None:
    save(tmp_path / "reloader.toml", "command = []\ninterval = 0\n")
    with Reloader(cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 2
        assert len(reloader.wait_for("error")["problems"]) == 2
        assert reloader.remarks == []


def test_a_command_needs_no_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with Reloader("--", *PRINT, cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]


def test_the_file_is_found_upwards_and_its_directory_is_what_is_watched(tmp_path: Path) -> None:
    project(tmp_path, {"deep/down/here.py": ""}, command=PRINT)
    (tmp_path / ".git").mkdir()
    with Reloader(cwd=tmp_path / "deep" / "down") as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]
        assert reloader.wait_for("watching")["roots"] == [str(tmp_path)]


def test_a_table_in_pyproject_will_do(tmp_path: Path) -> None:
    save(tmp_path / "pyproject.toml", f'[project]\nname = "x"\n\n[tool.reloader]\ncommand = {toml(PRINT)}\n')
    save(tmp_path / "package" / "module.py", "")
    with Reloader(cwd=tmp_path / "package") as reloader:
        assert reloader.wait_for_exit() == 0
        assert reloader.lines == ["it ran"]


@needs_watchdog
def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path) -> None:
    project(tmp_path, {}, command=PRINT, backend="auto", interval=5)
    environment = {"RELOADER_BACKEND": "watchdog", "RELOADER_INTERVAL": "250ms"}
    with Reloader(cwd=tmp_path, environment=environment) as reloader:
        assert reloader.wait_for("watching")["backend"] == "watchdog"
        assert reloader.wait_for_exit() == 0
    with Reloader("--backend", "stat", cwd=tmp_path, environment=environment) as reloader:
        watching = reloader.wait_for("watching")
        assert (watching["backend"], watching["mechanism"]) == ("stat", "a scan every 0.25 s")
        assert reloader.wait_for_exit() == 0


@posix_only
def test_a_directory_that_was_deleted_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    through = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh"]
    with Reloader("--", *PRINT, cwd=gone, through=through) as reloader:
        assert reloader.wait_for_exit() == 2
        assert "deleted" in reloader.wait_for("error")["problems"][0]
