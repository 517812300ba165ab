"""A program that writes watched files restarts at most ten times, and the user learns how to avoid it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reloader.core.restart_loops import MIN_RESTARTS
from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.output import Notice
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import with_every_backend

WRITES = """\
import os, sys
with open("state [1].txt", "w") as file:
    file.write(os.environ["RELOADER_RUN"])
print("run", os.environ["RELOADER_RUN"], flush=True)
sys.stdin.read()
"""


def runs_before(reloader: Reloader, notice: Notice) -> int:
    """Return the number of runs: ten restarts, and more if a busy machine made them uneven."""
    earlier = reloader.notices[: reloader.notices.index(notice)]
    return max(int(one["run"]) for one in earlier if one["notice"] == "launched")


@with_every_backend
def test_a_program_that_writes_watched_files_restarts_at_most_ten_times(tmp_path: Path, backend: str) -> None:
    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"), backend=backend)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("restart_loop_suspended")
        assert (notice["level"], notice["paths"]) == ("warning", [str(tmp_path / "state [1].txt")])
        assert (notice["restarts"], notice["ignore"]) == (MIN_RESTARTS, ["/state \\[1].txt"])
        assert 0 < notice["within"] < 60
        last = runs_before(reloader, notice) + 1
        reloader.wait_for_line(f"run {last}")
        before = len(reloader.all_of("changed"))
        for number in (1, 2):
            save(tmp_path / "app.py", f"x = {number}\n{WRITES}")
            last += 1
            reloader.wait_for_line(f"run {last}")
        assert reloader.runs_up_to(last) == list(range(1, last + 1))
        assert [change["path"] for one in reloader.all_of("changed")[before:] for change in one["batch"]] == [
            str(tmp_path / "app.py")
        ] * 2


def test_the_suggested_line_ends_the_loop(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"), ignore=["/state \\[1].txt"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("run 1")
        save(tmp_path / "app.py", f"x = 1\n{WRITES}")
        reloader.wait_for_line("run 2")
        assert reloader.runs_up_to(2) == [1, 2]
        assert [change["path"] for one in reloader.all_of("changed") for change in one["batch"]] == [
            str(tmp_path / "app.py")
        ]


def test_a_new_configuration_keeps_the_suspended_file(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        last = runs_before(reloader, reloader.wait_for("restart_loop_suspended")) + 1
        reloader.wait_for_line(f"run {last}")
        project(tmp_path, {}, command=python("app.py"), env={"OTHER": "1"})
        reloader.wait_for_line(f"run {last + 1}")
        save(tmp_path / "app.py", f"x = 1\n{WRITES}")
        reloader.wait_for_line(f"run {last + 2}")
        assert reloader.wait_for("launched", run=last + 1)["reason"]["kind"] == "config_changed"
        assert [change["path"] for change in reloader.all_of("changed")[-1]["batch"]] == [str(tmp_path / "app.py")]
        assert reloader.runs_up_to(last + 2) == list(range(1, last + 3))


@posix_only
def test_a_restart_by_the_user_watches_the_file_again(tmp_path: Path) -> None:
    import signal

    config = project(tmp_path, {"app.py": WRITES}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        first = runs_before(reloader, reloader.wait_for("restart_loop_suspended"))
        reloader.wait_for_line(f"run {first + 1}")
        reloader.signal(signal.SIGUSR1)
        assert runs_before(reloader, reloader.wait_for("restart_loop_suspended")) >= first + MIN_RESTARTS


def test_a_command_that_writes_and_exits_makes_a_loop_too(tmp_path: Path) -> None:
    """A build does so if its output lies among its sources."""
    builds = 'import os\nopen("built.txt", "w").write(os.environ["RELOADER_RUN"])\n'
    config = project(tmp_path, {"build.py": builds}, command=python("build.py"), on_exit="wait")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("restart_loop_suspended")
        assert (notice["paths"], notice["ignore"]) == ([str(tmp_path / "built.txt")], ["/built.txt"])
        last = runs_before(reloader, notice) + 1
        reloader.wait_for("ended", run=last)
        save(tmp_path / "build.py", f"x = 1\n{builds}")
        reloader.wait_for("ended", run=last + 1)
        assert reloader.runs_up_to(last + 1) == list(range(1, last + 2))


#: It does not depend on a run.
ON_AND_ON = """\
import itertools, os, time
for number in itertools.count(1):
    with open("new", "w") as file:
        file.write(f"import sys\\nprint('state', {number}, flush=True)\\nsys.stdin.read()\\n")
    os.replace("new", "app.py")
    time.sleep(0.25)
"""


def test_a_script_outside_that_keeps_writing_causes_a_restart_each_time(tmp_path: Path) -> None:
    """It writes as evenly as the program would, but from outside. The last content must run."""
    config = project(tmp_path, {"app.py": "\n"}, command=python("app.py"), on_exit="wait")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("launched", run=1)
        with subprocess.Popen((sys.executable, "-c", ON_AND_ON), cwd=tmp_path) as script:
            try:
                reloader.wait_for("launched", run=2 * MIN_RESTARTS + 1)
            finally:
                script.kill()
        save(tmp_path / "app.py", "print('the last state', flush=True)\n")
        reloader.wait_for_line("the last state")
        assert reloader.all_of("restart_loop_suspended") == []
