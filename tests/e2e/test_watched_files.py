"""All subcommands agree on the files that restart the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.sessions.program import Reloader, environment_of_program, program

PYTHON = Path(sys.executable).as_posix()
SERVES = "import time\nimport package.used\nprint('up', flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "package" / "templates").mkdir(parents=True)
    (project / "app.py").write_text(SERVES)
    for name in ("package/__init__.py", "package/used.py", "package/unused.py", "package/templates/page.html"):
        (project / name).write_text("")
    (project / "notes.txt").write_text("")
    (project / "reloader.toml").write_text(f'command = ["{PYTHON}", "app.py"]\n')
    return project


def asked(project: Path, *words: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*program(), *words, "--json"],
        cwd=project,
        env=environment_of_program(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def files_in(project: Path, *words: str) -> Any:
    (found,) = (notice["files"] for notice in asked(project, *words) if "files" in notice)
    return found


@contextmanager
def writing_into(path: Path, project: Path, *words: str) -> Iterator[None]:
    """The program, with both of its streams redirected to ``path``."""
    with path.open("ab") as file:
        process = subprocess.Popen(
            [*program(), *words], cwd=project, env=environment_of_program(), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def await_count(file: Path, text: str, number: int) -> None:
    eventually(lambda: file.read_text().count(text) == number, what=f"{text!r} is written {number} times")


def test_watch_reports_what_a_session_would_restart_for_and_nothing_else(project: Path) -> None:
    with Reloader("watch", "--json", cwd=project, talk=()) as watching:
        assert watching.wait_for("watching")["files"] == 4
        (project / "notes.txt").write_text("more")
        (project / "package/templates/page.html").write_text("more")
        (project / "app.py").write_text(f"{SERVES}# more\n")
        batch = json.loads(watching.wait_for_line("app.py"))["batch"]
        assert batch == [{"path": str(project / "app.py"), "kind": "modified"}]
        assert len(watching.lines) == 1


def test_watch_does_not_report_the_file_that_it_reports_into(project: Path) -> None:
    (project / "reloader.toml").write_text('command = ["node", "app.js"]\n')
    out = project / "changes.jsonl"
    with writing_into(out, project, "watch", "--json"):
        await_count(out, '"watching"', 1)
        for number in (1, 2, 3):
            (project / "notes.txt").write_text(f"{number}")
            await_count(out, '"changed"', number)
    assert out.read_text().count('"changed"') == 3
    assert "changes.jsonl" not in out.read_text()


def test_a_session_does_not_restart_for_the_file_that_its_output_goes_into(project: Path) -> None:
    command = "import time; print('up', flush=True); time.sleep(600)"
    (project / "reloader.toml").write_text(f'command = ["{PYTHON}", "-c", "{command}"]\nwatch = ["./"]\n')
    out = project / "nohup.out"
    with writing_into(out, project):
        for number in (1, 2):
            await_count(out, "up\n", number)
            (project / "notes.txt").write_text(f"{number}")
        await_count(out, "up\n", 3)
        why = asked(project, "why", "nohup.out")
        assert [(notice["is_watched"], notice["cause"]) for notice in why] == [(False, "own output")]
    assert "nohup.out" not in out.read_text()


def test_doctor_the_start_files_and_status_count_the_same(project: Path) -> None:
    before = [files_in(project, "doctor"), len(files_in(project, "files"))]
    with Reloader(cwd=project) as session:
        assert [*before, session.wait_for("watching")["files"]] == [4, 4, 4]
        session.wait_for_line("up")
        imported = [str(project / name) for name in ("app.py", "package/__init__.py", "package/used.py")]
        eventually(lambda: files_in(project, "files") == imported, what="its imports are reported")
        assert files_in(project, "status") == 3
        (project / "package/unused.py").write_text("# more\n")
        (project / "package/used.py").write_text("# more\n")
        changed = [change["path"] for change in session.wait_for("changed")["batch"]]
        assert changed == [str(project / "package" / "used.py")]
