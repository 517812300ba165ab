"""No edit is lost and none causes two restarts, whatever the command is doing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.platforms.limits import posix_only
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import needs_watchdog, with_every_backend

#: Says what it read, and stays.
READER = """\
import sys
print("content:", open("data.txt").read(), flush=True)
sys.stdin.read()
"""
#: Reads early and is never done with its start, unless it finds the word that lets it.
SLOW_TO_START = """\
import sys
content = open("data.txt").read()
print("importing", content, flush=True)
if "final" not in content:
    sys.stdin.read()
print("serving", content, flush=True)
sys.stdin.read()
"""
#: When asked to stop, first waits for a word on its standard input.
SLOW_TO_STOP = """\
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("content:", open("data.txt").read(), flush=True)
signal.sigwait({signal.SIGTERM})
print("stopping", flush=True)
sys.stdin.readline()
"""


@with_every_backend
def test_an_edit_during_the_start_causes_a_restart(tmp_path: Path, backend: str) -> None:
    config = project(
        tmp_path, {"slow.py": SLOW_TO_START, "data.txt": "early"}, command=python("slow.py"), backend=backend
    )
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("importing early")
        save(tmp_path / "data.txt", "final")
        reloader.wait_for_line("serving final")
        assert reloader.runs_up_to(2) == [1, 2]


@with_every_backend
def test_an_edit_right_after_the_launch_causes_a_restart(tmp_path: Path, backend: str) -> None:
    config = project(tmp_path, {"read.py": READER, "data.txt": "early"}, command=python("read.py"), backend=backend)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("launched", run=1)
        save(tmp_path / "data.txt", "final")
        reloader.wait_for_line("content: final")
        assert reloader.runs in ([1], [1, 2])  # the first run may have read it already


@posix_only
@with_every_backend
def test_edits_during_a_stop_join_the_restart_in_progress(tmp_path: Path, backend: str) -> None:
    files = {"slow.py": SLOW_TO_STOP, "data.txt": "first"}
    config = project(tmp_path, files, command=python("slow.py"), backend=backend, stop_timeout=60)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("content: first")
        save(tmp_path / "data.txt", "second")
        reloader.wait_for_line("stopping")
        reloader.wait_for("changed")
        save(tmp_path / "data.txt", "third")
        reloader.wait_for("changed")
        save(tmp_path / "data.txt", "final")
        reloader.wait_for("changed")
        reloader.say("\n")
        reloader.wait_for_line("content: final")
        assert reloader.runs_up_to(2) == [1, 2]
        reloader.say("\n")


@with_every_backend
def test_a_file_written_in_two_halves_runs_as_a_whole(tmp_path: Path, backend: str) -> None:
    config = project(tmp_path, {"read.py": READER, "data.txt": "early"}, command=python("read.py"), backend=backend)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("content: early")
        with (tmp_path / "data.txt").open("w") as file:
            file.write("one half, ")
            file.flush()
            reloader.wait_for_line("content: one half, ")
            file.write("and the final one")
        reloader.wait_for_line("content: one half, and the final one")
        assert reloader.runs_up_to(3) == [1, 2, 3]


@with_every_backend
def test_many_saves_in_a_row_end_with_the_last_content(tmp_path: Path, backend: str) -> None:
    config = project(tmp_path, {"read.py": READER, "data.txt": "early"}, command=python("read.py"), backend=backend)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("content: early")
        for number in range(50):
            (tmp_path / "data.txt").write_text(f"number {number}")
        (tmp_path / "data.txt").write_text("final")
        reloader.wait_for_line("content: final")


@needs_watchdog  # without it, and by default, a scan each second may see one half of them and the next scan the other
def test_five_hundred_files_at_once_cause_one_restart(tmp_path: Path) -> None:
    names = [f"package{number % 10}/module{number}.py" for number in range(500)]
    project(tmp_path, dict.fromkeys(names, "before = 1\n"))
    (tmp_path / "reloader.toml").unlink()  # the defaults are what counts here
    save(tmp_path / "read.py", READER)
    save(tmp_path / "data.txt", "")
    with Reloader("--watch", "*", "--", *python("read.py"), cwd=tmp_path) as reloader:
        reloader.wait_for_line("content:")
        for name in names:
            (tmp_path / name).write_text("after = 2\n")
        reloader.wait_for("launched", run=2)
        reloader.wait_for_line("content:")
        save(tmp_path / "data.txt", "sentinel")
        reloader.wait_for_line("content: sentinel")
        assert reloader.runs_up_to(3) == [1, 2, 3]
        batches = [{change["path"] for change in one["batch"]} for one in reloader.all_of("changed")]
        assert batches.pop() == {str(tmp_path / "data.txt")}
        assert set().union(*batches) == {str(tmp_path / name) for name in names}


@posix_only
@pytest.mark.parametrize("name", ["SIGUSR1"])
def test_a_signal_restarts_the_command(tmp_path: Path, name: str) -> None:
    config = project(tmp_path, {"read.py": READER, "data.txt": "the same"}, command=python("read.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("content: the same")
        reloader.signal(getattr(signal, name))
        assert reloader.wait_for("launched", run=2)["reason"] == {"kind": "requested_by_user", "by": name}
        reloader.wait_for_line("content: the same")
        assert reloader.runs_up_to(2) == [1, 2]
