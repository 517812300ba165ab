"""The sample runs as the README says."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

from tests.support.programs.announcements import ROOT
from tests.support.programs.projects import save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader

SAMPLE = ROOT / "config" / "sample"

#: The sample's command is looked up on the PATH, where this Python comes first.
PATH = os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)))


def test_the_sample_runs_in_its_directory() -> None:
    port = free_port()
    environment = {"PATH": PATH, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}
    with Reloader("--config", "config/sample/reloader.toml", cwd=ROOT, environment=environment) as reloader:
        assert reloader.wait_for_line("http://").endswith(f"http://127.0.0.1:{port}")
        reloader.wait_for_line("Edit config/sample/greeting.py")
        wait_for_page(port, "Hello from reloader")
        assert reloader.runs_up_to(1) == [1]


def test_each_file_of_the_sample_can_be_edited(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("__pycache__")))
    port = free_port()
    with Reloader(
        "--config", copy / "reloader.toml", cwd=tmp_path, environment={"PATH": PATH, "PORT": str(port)}
    ) as reloader:
        wait_for_page(port, "Hello from reloader")
        replace(copy / "greeting.py", "Hello from reloader", "Another greeting")
        wait_for_page(port, "Another greeting")
        replace(copy / "page.html", "<h1>$greeting</h1>", "<h2>$greeting</h2>")
        wait_for_page(port, "<h2>Another greeting</h2>")
        replace(copy / "app.py", "greeting=greeting()", "greeting=greeting().upper()")
        wait_for_page(port, "<h2>ANOTHER GREETING</h2>")
        assert reloader.runs_up_to(4) == [1, 2, 3, 4]


def test_the_sample_reports_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {"PATH": PATH, "PORT": str(taken.getsockname()[1]), "PYTHONDONTWRITEBYTECODE": "1"}
        with Reloader("--config", SAMPLE / "reloader.toml", cwd=ROOT, environment=environment) as reloader:
            assert reloader.wait_for_exit() == 1
            assert reloader.wait_for_remark("set PORT").startswith("cannot serve on port ")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    save(path, text.replace(old, new))
