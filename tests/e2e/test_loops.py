"""A program that writes what is watched: it restarts itself ten times and no more, and is told how to end it for good."""

from __future__ import annotations

from pathlib import Path

import tomli

from reloader.core.loops import LIMIT
from tests.support.backends import with_every_backend
from tests.support.platform_limits import posix_only
from tests.support.projects import project, python, save
from tests.support.running import Reloader

WRITES = """\
import os, sys
with open("state [1].txt", "w") as file:
    file.write(os.environ["RELOADER_RUN"])
print("run", os.environ["RELOADER_RUN"], flush=True)
sys.stdin.read()
"""


@with_every_backend
def test_a_program_that_writes_what_is_watched_restarts_itself_ten_times(tmp_path: Path, backend: str) -> None:
    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"), backend=backend)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        told = reloader.wait_for("watching_suspended")
        assert (told["level"], told["paths"]) == ("warning", [str(tmp_path / "state [1].txt")])
        assert (told["restarts"], told["line"]) == (LIMIT, 'ignore = ["/state \\\\[1].txt"]')
        assert 0 < told["within"] < 60
        reloader.wait_for_line(f"run {LIMIT + 1}")
        save(tmp_path / "app.py", f"x = 1\n{WRITES}")
        reloader.wait_for_line(f"run {LIMIT + 2}")
        save(tmp_path / "app.py", f"x = 2\n{WRITES}")
        reloader.wait_for_line(f"run {LIMIT + 3}")
        assert reloader.runs_up_to(LIMIT + 3) == list(range(1, LIMIT + 4))
        assert [change["path"] for one in reloader.all_of("changed")[LIMIT:] for change in one["batch"]] == [
            str(tmp_path / "app.py")
        ] * 2


def test_with_the_line_that_was_told_there_is_no_loop(tmp_path: Path) -> None:
    line = tomli.loads('ignore = ["/state \\\\[1].txt"]')
    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"), **line)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("run 1")
        save(tmp_path / "app.py", f"x = 1\n{WRITES}")
        reloader.wait_for_line("run 2")
        assert reloader.runs_up_to(2) == [1, 2]
        assert [change["path"] for one in reloader.all_of("changed") for change in one["batch"]] == [
            str(tmp_path / "app.py")
        ]


@posix_only
def test_a_restart_by_hand_lets_the_file_count_again(tmp_path: Path) -> None:
    import signal

    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("watching_suspended")
        reloader.wait_for_line(f"run {LIMIT + 1}")
        reloader.signal(signal.SIGUSR1)
        reloader.wait_for("watching_suspended")
        reloader.wait_for_line(f"run {2 * LIMIT + 2}")
        assert reloader.runs_up_to(2 * LIMIT + 2) == list(range(1, 2 * LIMIT + 3))


def test_a_command_that_ends_after_it_has_written_makes_a_loop_too(tmp_path: Path) -> None:
    """As a build does whose output lies among its sources."""
    builds = 'import os\nopen("built.txt", "w").write(os.environ["RELOADER_RUN"])\n'
    config = project(tmp_path, {"build.py": builds}, command=python("build.py"), on_exit="wait")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        told = reloader.wait_for("watching_suspended")
        assert (told["paths"], told["line"]) == ([str(tmp_path / "built.txt")], 'ignore = ["/built.txt"]')
        reloader.wait_for("ended", run=LIMIT + 1)
        save(tmp_path / "build.py", f"x = 1\n{builds}")
        reloader.wait_for("ended", run=LIMIT + 2)
        assert reloader.runs_up_to(LIMIT + 2) == list(range(1, LIMIT + 3))
