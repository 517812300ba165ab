"""The program keeps running when an upgrade, or a cleanup of the temporary directory, removes its files."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows lets nobody take away the files of a program that runs", allow_module_level=True)

from tests.support.assertions.eventually import eventually
from tests.support.programs.projects import project, python, save
from tests.support.sessions.program import Reloader, is_frozen, is_onefile, program
from tests.support.watching.watchman import Service, needs_watchman, running_watchman

FORBIDDING = Path(__file__).parents[1] / "support" / "sessions" / "without_files.py"

READING = "import sys\nimport part\nprint('part:', part.NAME, flush=True)\nsys.stdin.read()\n"
WANTING_A_PORT = "import socket, sys\ntry: socket.create_server(('127.0.0.1', {}))\nexcept OSError: sys.exit(1)\n"
STUBBORN = (
    "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\nsys.stdin.read()\n"
)


class Robbed:
    """A session whose program loses its files. In the source tree, further imports are refused instead."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.environment = {"XDG_CACHE_HOME": str(place / "cache"), "TMPDIR": str(place / "tmp")}
        (place / "tmp").mkdir(parents=True)

    def start(self) -> Sequence[str]:
        if not is_frozen():
            return [sys.executable, str(FORBIDDING)]
        there = Path(program()[0])
        if is_onefile():
            return [str(shutil.copy2(there, str(self._place / "reloader")))]
        return [str(Path(shutil.copytree(there.parent, self._place / "program", symlinks=True)) / there.name)]

    def rob(self) -> None:
        for name in ("program", "tmp", "cache"):
            eventually(partial(is_removed, self._place / name), what=f"{name} is gone")
        (self._place / "reloader").unlink(missing_ok=True)


def is_removed(directory: Path) -> bool:
    """Remove the directory. A file that the program writes at this moment may make the first attempt fail."""
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


@contextmanager
def robbed(tmp_path: Path, config: Path) -> Iterator[Reloader]:
    thief = Robbed(tmp_path / "place")
    session = Reloader("--config", config, cwd=config.parent, environment=thief.environment, start=thief.start())
    with session as reloader:
        reloader.wait_for("launched", run=1)
        thief.rob()
        yield reloader
    assert [remark for remark in session.remarks if remark.startswith("refused")] == []


def test_it_restarts_with_its_agent(tmp_path: Path) -> None:
    root = tmp_path / "project"
    files = {"app.py": READING, "part.py": "NAME = 'first'\n"}
    with robbed(tmp_path, project(root, files, command=python("app.py"), watch=None)) as reloader:
        for name in ("second", "third"):
            save(root / "part.py", f"NAME = '{name}'\n")  # nobody but the agent tells of it
            reloader.wait_for_line(f"part: {name}")
        reloader.stop()


def test_it_names_the_owner_of_a_port_in_use(tmp_path: Path) -> None:
    root = tmp_path / "project"
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = WANTING_A_PORT.format(server.getsockname()[1])
        config = project(root, {"app.py": READING, "part.py": "NAME = 1\n"}, command=python("app.py"), on_exit="wait")
        with robbed(tmp_path, config) as reloader:
            reloader.wait_for_line("part:")
            save(root / "app.py", text)
            assert reloader.wait_for("port_in_use")["holder"]["pid"] == os.getpid()
            reloader.wait_for("waiting_for_change")
            reloader.stop()


def test_it_kills_a_stubborn_command_and_reads_env_files(tmp_path: Path) -> None:
    root = tmp_path / "project"
    files = {"app.py": STUBBORN, ".env": "A_OF_TEST=1\n"}
    config = project(root, files, command=python("app.py"), env_files=[".env"], stop_timeout=0.2)
    with robbed(tmp_path, config) as reloader:
        reloader.wait_for_line("ready")
        save(root / ".env", 'A_OF_TEST="${HOME} ü"\n')
        reloader.wait_for("killed")
        reloader.wait_for_line("ready")
        assert reloader.stop() == 137


def test_it_reports_a_missing_command(tmp_path: Path) -> None:
    root = tmp_path / "project"
    command = root / "command"
    config = project(root, {"command": "#!/bin/sh\necho ready\nexec sleep 1000\n"}, command=["./command"])
    command.chmod(0o755)
    with robbed(tmp_path, config) as reloader:
        reloader.wait_for_line("ready")
        command.unlink()
        reloader.wait_for("ended", run=2)
        save(command, "this is no program\0")
        command.chmod(0o755)
        reloader.wait_for("ended", run=3)
        reloader.stop()


@pytest.fixture
def service() -> Iterator[Service]:
    with running_watchman() as running:
        yield running


@needs_watchman
def test_it_falls_back_when_watchman_ends(tmp_path: Path, service: Service) -> None:
    root = tmp_path / "project"
    files = {"app.py": READING, "part.py": "NAME = 'first'\n"}
    with robbed(tmp_path, project(root, files, command=python("app.py"), backend="watchman")) as reloader:
        reloader.wait_for_line("part: first")
        service.kill()
        assert reloader.wait_for("backend_fell_back")["backend"] == "watchman"
        save(root / "part.py", "NAME = 'second'\n")
        reloader.wait_for_line("part: second")
        reloader.stop()
