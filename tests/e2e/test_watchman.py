"""The program uses the user's Watchman, and leaves it as it was."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.programs.processes import reaping_orphans
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader
from tests.support.watching.watchman import needs_watchman, running_watchman

READER = "import sys\nprint('content:', open('data.txt').read(), flush=True)\nsys.stdin.read()\n"


def ask(environment: Mapping[str, str], *request: str) -> Any:
    """Ask a Watchman that runs already. Raise an error if none does."""
    command = ["watchman", "--no-spawn", "--no-local", "--no-pretty", *request]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, check=False, timeout=20, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_watchman
def test_a_service_that_was_started_for_reloader_survives_its_runs(tmp_path: Path) -> None:
    """On Linux, orphans of a run end with it. A service that is started is an orphan at first."""
    root = tmp_path / "project"
    config = project(root, {"read.py": READER, "data.txt": "early"}, command=python("read.py"), backend="watchman")
    own = {"TMPDIR": str(tmp_path), "USER": "tester", "HOME": str(tmp_path)}
    with reaping_orphans(), Reloader("--config", config, cwd=root, environment=own) as reloader:
        reloader.wait_for_line("content: early")
        pid = ask(own, "get-pid")["pid"]
        save(root / "data.txt", "late")
        reloader.wait_for_line("content: late")
        assert ask(own, "get-pid")["pid"] == pid
        ask(own, "shutdown-server")  # or the test would leave it behind
        assert reloader.wait_for("backend_fell_back")["backend"] == "watchman"
        save(root / "data.txt", "later")
        reloader.wait_for_line("content: later")


@needs_watchman
def test_the_doctor_leaves_no_watch_behind(tmp_path: Path) -> None:
    config = project(tmp_path / "project", {"read.py": READER}, command=python("read.py"), backend="watchman")
    with running_watchman() as service:
        with Reloader("doctor", "--config", config, cwd=tmp_path, talk=()) as doctor:
            assert doctor.wait_for_exit() == 0
        assert service.roots() == []


@needs_watchman
def test_the_watches_of_the_user_stay_and_those_of_reloader_go(tmp_path: Path) -> None:
    root, users = tmp_path / "project", tmp_path / "users"
    users.mkdir()
    config = project(root, {"read.py": READER, "data.txt": "early"}, command=python("read.py"), backend="watchman")
    with running_watchman() as service:
        service.ask("watch-project", str(users))
        with Reloader("--config", config, cwd=root) as reloader:
            reloader.wait_for_line("content: early")
            assert service.roots() == [str(root), str(users)]
        assert service.roots() == [str(users)]
