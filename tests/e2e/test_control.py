"""Every subcommand that asks a running session."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import posix_only
from tests.support.sessions.program import Reloader, environment_of_program, program

SERVES = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (project / "app.py").write_text(SERVES)
    (project / "reloader.toml").write_text(
        f'command = ["{Path(sys.executable).as_posix()}", "app.py"]\nignore = ["sub/"]\n'
    )
    return project


@pytest.fixture
def session(project: Path) -> Iterator[Reloader]:
    with Reloader(cwd=project) as session:
        session.wait_for("launched", run=1)
        yield session


def ask(project: Path, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code of a subcommand, the notices on its standard output, and its standard error."""
    done = subprocess.run(
        [*program(), *words, "--json"],
        cwd=project,
        env=environment_of_program(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def the_one(project: Path, *words: str, code: int = 0) -> dict[str, Any]:
    returned, notices, errors = ask(project, *words)
    assert (returned, errors) == (code, "")
    (notice,) = notices
    return notice


class TestAWait:
    def test_returns_when_the_run_with_the_last_edit_is_ready(self, session: Reloader, project: Path) -> None:
        for run in (2, 3):
            (project / "app.py").write_text(f"{SERVES}# {run}\n")
            over = the_one(project, "wait")
            assert (over["verdict"], over["run"]) == ("ready", run)
            assert session.runs[-1] == run

    def test_returns_the_traceback_of_a_run_that_fails(self, session: Reloader, project: Path) -> None:
        (project / "app.py").write_text("def f():\n    return 1 / 0\n\n\nf()\n")
        over = the_one(project, "wait", code=1)
        assert (over["verdict"], over["exit_code"]) == ("failed", 1)
        assert over["trace"].splitlines()[0] == "Traceback (most recent call last):"
        assert over["trace"].splitlines()[-1] == "ZeroDivisionError: division by zero"
        assert f'File "{project / "app.py"}", line 2, in f' in over["trace"]

    def test_fails_after_its_timeout(self, session: Reloader, project: Path) -> None:
        assert the_one(project, "wait", "--after", "9", "--timeout", "10ms", code=124)["verdict"] == "timed out"

    def test_fails_when_the_session_ends(self, session: Reloader, project: Path) -> None:
        waiting = subprocess.Popen(
            [*program(), "wait", "--after", "9", "--json"],
            cwd=project,
            env=environment_of_program(),
            stdout=subprocess.PIPE,
            text=True,
        )
        status = the_one(project, "status")
        assert status["run"] == 1
        session.stop()
        out, _ = waiting.communicate(timeout=60)
        assert waiting.returncode in (1, 4)  # 4: it came when nobody was there any more
        assert waiting.returncode == 4 or json.loads(out)["why"] == "the session has ended"


def test_a_pause_defers_changes_until_it_is_resumed(session: Reloader, project: Path) -> None:
    assert the_one(project, "pause")["is_paused"]
    (project / "app.py").write_text(f"{SERVES}# held\n")
    eventually(lambda: the_one(project, "status")["pending"] == [str(project / "app.py")], what="it is pending")
    assert session.runs == [1]
    the_one(project, "resume")
    session.wait_for("launched", run=2)


def test_a_restart_counts_as_requested_by_the_user(session: Reloader, project: Path) -> None:
    the_one(project, "restart")
    assert session.wait_for("launched", run=2)["reason"] == {"kind": "requested_by_user", "by": "reloader restart"}


def test_a_session_is_found_from_a_subdirectory_and_while_its_file_is_broken(session: Reloader, project: Path) -> None:
    (project / "reloader.toml").write_text("command = [")
    assert the_one(project / "sub", "status")["pid"] == session.working_pid


def test_two_sessions_of_a_project_are_both_reachable(session: Reloader, project: Path) -> None:
    with Reloader(cwd=project) as other:
        other.wait_for("launched", run=1)
        code, notices, _ = ask(project, "status")
        assert code == 0
        assert {notice["pid"] for notice in notices} == {session.working_pid, other.working_pid}
        code, _, errors = ask(project, "restart")
        assert code == 4
        assert f"--pid {session.working_pid}" in errors
        assert f"--pid {other.working_pid}" in errors
        the_one(project, "restart", "--pid", str(other.working_pid))
        other.wait_for("launched", run=2)
    assert session.runs == [1]


def test_without_a_session_the_remedy_is_named(project: Path) -> None:
    code, notices, errors = ask(project, "wait")
    assert (code, notices) == (4, [])
    assert 'start one with \\"reloader\\"' in errors


def test_the_history_has_every_run_after_the_end_of_the_session(project: Path) -> None:
    with Reloader(cwd=project) as session:
        session.wait_for_line("up")
        (project / "app.py").write_text("1/0\n")
        session.wait_for("ended", run=2)
    _, runs, _ = ask(project, "history")
    first, second = runs
    assert (first["run"], first["reason"], first["outcome"]) == (1, "first start", "ended by signal 15")
    assert (second["run"], second["files"], second["exit_code"]) == (2, [str(project / "app.py")], 1)
    _, runs, _ = ask(project, "history", "--last", "1")
    assert [run["run"] for run in runs] == [2]


class TestWhyAndFiles:
    def test_are_answered_from_the_configuration_without_a_session(self, project: Path) -> None:
        (project / "sub" / "x.py").touch()
        why = the_one(project, "why", "sub/x.py", code=1)
        assert (why["pattern"], why["line"], why["at"]) == ("sub/", 2, str(project / "sub"))
        assert why["source"] == str(project / "reloader.toml")
        assert the_one(project, "files")["files"] == [str(project / "app.py")]

    def test_are_answered_by_the_session_which_knows_the_imports(self, project: Path) -> None:
        (project / "helper.py").touch()
        (project / "beside.py").touch()
        (project / "app.py").write_text(f"import helper\n{SERVES}")
        with Reloader(cwd=project) as session:
            session.wait_for_line("up")
            why = eventually(lambda: imported(project) or {}, what="the import is reported")
            assert why["importer"] == str(project / "app.py")
            assert the_one(project, "why", "beside.py", code=1)["cause"] == "not imported"
            assert the_one(project, "files")["files"] == [str(project / "app.py"), str(project / "helper.py")]


def imported(project: Path) -> dict[str, Any] | None:
    _, (why,), _ = ask(project, "why", "helper.py")
    return why if why["cause"] == "imported" else None


class TestWatch:
    def test_streams_batches_and_ends_by_a_signal(self, project: Path) -> None:
        with Reloader("watch", cwd=project, talk=()) as watching:
            watching.wait_for_remark("watching 1 file")
            (project / "app.py").write_text("changed\n")
            assert "app.py (modified)" in watching.wait_for_line("changed")
            assert watching.stop() == 128 + signal.SIGTERM

    @posix_only
    def test_ends_quietly_when_its_output_is_closed(self, project: Path) -> None:
        watching = subprocess.Popen(
            [*program(), "watch", "--json"],
            cwd=project,
            env=environment_of_program(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert json.loads(watching.stderr.readline())["notice"] == "watching"
        (project / "app.py").write_text("changed\n")
        batch = json.loads(watching.stdout.readline())["batch"]
        assert batch == [{"path": str(project / "app.py"), "kind": "modified"}]
        watching.stdout.close()
        assert watching.wait(60) == 0
        assert watching.stderr.read() == ""
        watching.stderr.close()


def test_keys_are_announced_and_handled(project: Path) -> None:
    with Reloader("--keys", cwd=project) as session:
        session.wait_for("keys_help")
        session.wait_for("launched", run=1)
        session.say("s\np\n")
        assert session.wait_for("session_status")["run"] == 1
        session.wait_for("paused", by="p")
        session.say("p\n?\nr\n")
        session.wait_for("resumed", by="p")
        session.wait_for("keys_help")
        session.wait_for("launched", run=2)
        session.say("q\n")
        assert session.wait_for_exit() == 130


@posix_only
def test_a_session_runs_without_a_directory_for_its_socket(project: Path, tmp_path: Path) -> None:
    blocked = tmp_path / ("x" * 120)
    blocked.mkdir(mode=0o700)
    environment = {"XDG_RUNTIME_DIR": str(blocked), "TMPDIR": str(blocked)}
    with Reloader(cwd=project, environment=environment) as session:
        session.wait_for("launched", run=1)
        assert list(blocked.rglob("*.sock")) == []


def test_a_wait_reports_a_rejected_edit_at_once(session: Reloader, project: Path) -> None:
    session.wait_for_line("up")  # else Python may read the rejected edit
    (project / "app.py").write_text("def f(:\n")
    over = the_one(project, "wait", code=1)
    assert (over["verdict"], over["run"]) == ("failed", 1)
    assert "does not compile" in over["why"]
    assert over["is_running"]
    (project / "app.py").write_text(f"{SERVES}# repaired\n")
    over = the_one(project, "wait")
    assert (over["verdict"], over["run"]) == ("ready", 2)
