"""Notices go to standard error, as many as were requested, and none into the output of the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader

READY = 'import sys; print("ready", flush=True); sys.stdin.read()'
ESCAPE = "\x1b["


def session(directory: Path, *talk: str, **environment: str) -> Reloader:
    """A first run, a restart and the end, with the output options ``talk``."""
    config = project(directory, {"app.py": READY}, command=python("app.py"), on_exit="exit", backend="stat")
    with Reloader("--config", config, cwd=directory, talk=talk, environment=environment) as reloader:
        reloader.wait_for_line("ready")
        save(directory / "app.py", "raise SystemExit(7)")
        assert reloader.wait_for_exit() == 7
    assert reloader.lines == ["ready"]
    return reloader


def has(reloader: Reloader, text: str) -> bool:
    return any(text in line for line in reloader.remarks)


def test_by_default_lines_name_the_watched_files_the_changes_and_the_outcome(tmp_path: Path) -> None:
    output = session(tmp_path)
    assert all(line.startswith("[reloader] ") for line in output.remarks)
    assert has(output, "watching 1 file in 1 directory")
    assert has(output, "changed: app.py (modified)")
    assert has(output, "restarting: ")
    assert has(output, "run 2 exited with code 7")
    assert not has(output, "stopping run 1")
    assert not has(output, ESCAPE)


def test_quiet_prints_only_problems(tmp_path: Path) -> None:
    output = session(tmp_path, "--quiet")
    assert len(output.remarks) == 1
    assert has(output, "run 2 exited with code 7")


def test_verbose_prints_more(tmp_path: Path) -> None:
    output = session(tmp_path, "--verbose")
    assert has(output, f"configured by {tmp_path / 'reloader.toml'}")
    assert has(output, "stopping run 1")
    assert has(output, "finished with exit code 7")


def test_json_is_one_object_a_line_with_kind_level_and_text(tmp_path: Path) -> None:
    output = session(tmp_path, "--json")
    assert output.remarks == []
    assert {"watching", "launched", "changed", "ended"} <= {one["notice"] for one in output.notices}
    assert {one["level"] for one in output.notices} == {"info", "error"}
    assert all(one["text"] for one in output.notices)
    (changed,) = output.all_of("changed")
    assert changed["batch"] == [{"path": str(tmp_path / "app.py"), "kind": "modified"}]


def test_quiet_json_has_the_errors_only(tmp_path: Path) -> None:
    output = session(tmp_path, "--json", "--quiet")
    assert [(one["notice"], one["level"]) for one in output.notices] == [("ended", "error")]


def test_colour_can_be_forced(tmp_path: Path) -> None:
    assert has(session(tmp_path, FORCE_COLOR="1"), ESCAPE)


def test_no_colour_wins_over_forced_colour(tmp_path: Path) -> None:
    assert not has(session(tmp_path, FORCE_COLOR="1", NO_COLOR="1"), ESCAPE)


def test_json_has_no_colour_even_if_forced(tmp_path: Path) -> None:
    output = session(tmp_path, "--json", FORCE_COLOR="1")
    assert ESCAPE not in json.dumps(output.notices, ensure_ascii=False)
    assert output.remarks == []


@posix_only
def test_a_session_works_without_standard_error(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": READY}, command=python("app.py"), on_exit="exit")
    with Reloader("--config", config, cwd=tmp_path, through=["sh", "-c", '"$@" 2>&-', "sh"]) as reloader:
        reloader.wait_for_line("ready")
        save(tmp_path / "app.py", "raise SystemExit(7)")
        assert reloader.wait_for_exit() == 7


@posix_only
def test_without_standard_streams_the_command_gets_empty_ones(tmp_path: Path) -> None:
    source = "import os\nopen('told', 'w').write(' '.join(os.readlink(f'/dev/fd/{number}') for number in range(3)))"
    with Reloader(
        "--", *python("-c", source), cwd=tmp_path, through=["sh", "-c", '"$@" 0<&- 1>&- 2>&-', "sh"]
    ) as reloader:
        assert reloader.wait_for_exit() == 0
    assert (tmp_path / "told").read_text() == " ".join([os.devnull] * 3)
