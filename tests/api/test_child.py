"""The requests of a child reach its parent, from any thread and process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import reloader
from tests.api.scripts import Program
from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import python, save

HEAD = """\
import multiprocessing, os, sys, threading
import reloader
print("run", os.environ.get("RELOADER_RUN"), flush=True)
"""
CALL = "if __name__ == '__main__':\n    reloader.run_with_reloader(main, json=True, interval=0.1, OPTIONS)\n"


def program_in(directory: Path, main: str, options: str = "") -> Program:
    body = "".join(f"    {line}\n" for line in main.splitlines())
    save(directory / "app.py", f"{HEAD}def main():\n{body}    sys.stdin.read()\n{CALL.replace('OPTIONS', options)}")
    return Program(*python("app.py"), cwd=directory)


ONCE = "if os.environ['RELOADER_RUN'] == '1':\n    "


@pytest.mark.parametrize(
    "ask",
    [
        "reloader.restart()",
        "threading.Thread(target=reloader.restart).start()",
        "multiprocessing.get_context('spawn').Process(target=reloader.restart).start()",
    ],
    ids=["main thread", "other thread", "other process"],
)
def test_a_program_is_restarted_on_request(tmp_path: Path, ask: str) -> None:
    with program_in(tmp_path, ONCE + ask) as program:
        program.wait_for_line("run 1")
        assert program.wait_for("launched", run=2)["reason"] == {"kind": "requested_by_user", "by": "the program"}
        program.wait_for_line("run 2")
        assert program.is_running
        assert program.runs == [1, 2]


def test_a_program_may_also_leave_by_the_restart_code(tmp_path: Path) -> None:
    with program_in(
        tmp_path, ONCE + "try:\n        sys.exit(3)\n    finally:\n        print('final', flush=True)"
    ) as program:
        program.wait_for_line("final")
        assert program.wait_for("launched", run=2)["reason"]["kind"] == "requested_by_child"


def test_a_program_can_have_more_files_watched(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside ü"
    save(project / "data.txt", "1")
    save(outside / "more.txt", "1")
    main = f"reloader.watch_also(['data.txt', {str(outside / 'more.txt')!r}, 'later.txt'])\nprint('ready', flush=True)"
    with program_in(project, main) as program:
        for number, path in enumerate([project / "data.txt", outside / "more.txt", project / "later.txt"], 2):
            program.wait_for_line("ready")
            save(path, f"{number}")
            program.wait_for("launched", run=number)
        program.wait_for_line("ready")
        (project / "later.txt").unlink()
        program.wait_for("launched", run=5)
        changes = [(change["path"], change["kind"]) for one in program.all_of("changed") for change in one["batch"]]
        assert changes == [
            (str(project / "data.txt"), "modified"),
            (str(outside / "more.txt"), "modified"),
            (str(project / "later.txt"), "added"),
            (str(project / "later.txt"), "removed"),
        ]


def test_a_file_that_changed_since_the_request_is_a_change(tmp_path: Path) -> None:
    save(tmp_path / "data.txt", "1")
    main = ONCE + "reloader.watch_also(['data.txt'])\n    open('data.txt', 'w').write('another')"
    with program_in(tmp_path, main) as program:
        program.wait_for("launched", run=2)
        program.wait_for_line("run 2")


def test_watch_also_takes_no_directory(tmp_path: Path) -> None:
    main = "try:\n    reloader.watch_also(['.'])\nexcept reloader.ReloaderError as error:\n    print(error, flush=True)"
    with program_in(tmp_path, main) as program:
        program.wait_for_line(f"watch_also() takes files, but {tmp_path} is a directory: add it to watch")


def test_without_modules_a_program_cannot_ask_its_parent(tmp_path: Path) -> None:
    main = (
        "for request in (reloader.restart, lambda: reloader.watch_also(['x'])):\n"
        "    try:\n        request()\n    except reloader.ReloaderError as error:\n        print(error, flush=True)"
    )
    program = program_in(tmp_path, main)
    program._environment["RELOADER_PYTHON_MODULES"] = "false"
    with program:
        for _ in range(2):
            program.wait_for_line("reloader does not listen to this program: set modules = true in [python]")


def test_without_a_parent_a_program_cannot_ask_for_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELOADER_RUN_MAIN", raising=False)
    assert not reloader.is_running_from_reloader()
    reloader.watch_also(["anything"])
    with pytest.raises(reloader.ReloaderError, match="a program that reloader did not start"):
        reloader.restart()


def test_a_parent_that_has_exited_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RELOADER_RUN_MAIN", "true")
    monkeypatch.setenv("RELOADER_AGENT", f"1|{tmp_path / 'gone'}|1|")
    assert reloader.is_running_from_reloader()
    reloader.restart()


@posix_only
def test_a_path_too_long_to_be_reported_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RELOADER_RUN_MAIN", "true")
    monkeypatch.setenv("RELOADER_AGENT", f"1|{tmp_path / 'gone'}|1|")
    with pytest.raises(reloader.ReloaderError, match="the path is too long to be reported"):
        reloader.watch_also([os.path.join("x" * 200, *["y" * 200] * 15)])
