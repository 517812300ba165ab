"""A bad save does not stop a good server: it always serves the last good save."""

from __future__ import annotations

import json
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from typing_extensions import Self

from tests.support.assertions.eventually import eventually
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader

SERVER = """
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import answer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = answer.TEXT.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().server_bind()


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
BROKEN = "TEXT = 'broken' (\n"


def answer(number: int) -> str:
    return f"TEXT = 'answer {number}'\n"


def asked(port: int) -> str | None:
    """Return the answer of the server, or None."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


class Visitor:
    """Requests a page again and again during bad saves, and keeps every answer."""

    def __init__(self, port: int) -> None:
        self.answers: list[str | None] = []
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def ask_again(self, times: int) -> None:
        """Wait for so many more answers."""
        enough = len(self.answers) + times
        eventually(lambda: len(self.answers) >= enough)

    def _visit(self) -> None:
        while not self._over.is_set():
            self.answers.append(asked(self._port))


def test_bad_saves_between_good_ones_do_not_stop_the_server(tmp_path: Path) -> None:
    port = free_port()
    files = {"server.py": SERVER, "answer.py": answer(0)}
    config = project(tmp_path, files, command=python("server.py", str(port)), watch=["*.py"])
    with Reloader("--config", config, cwd=tmp_path) as session:
        for number in range(1, 6):
            wait_for_page(port, f"answer {number - 1}")
            with Visitor(port) as connection:
                save(tmp_path / "answer.py", BROKEN)
                session.wait_for("syntax_error", run=number)
                connection.ask_again(20)
            assert set(connection.answers) == {f"answer {number - 1}"}
            save(tmp_path / "answer.py", answer(number))
        wait_for_page(port, "answer 5")
        assert session.runs_up_to(6) == [1, 2, 3, 4, 5, 6]


def test_a_syntax_error_is_shown_as_python_shows_it(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": "input()\n"}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for("ready")
        save(tmp_path / "app.py", "def f(:\n")
        refused = session.wait_for("syntax_error")
        assert (refused["file"], refused["line"], refused["run"]) == (str(tmp_path / "app.py"), 1, 1)
        assert refused["excerpt"][1:3] == ["    def f(:", "          ^"]
        assert session.runs == [1]


def test_a_reverted_syntax_error_causes_no_restart(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": "input()\n", "other.py": "x = 1\n"}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for("ready")
        save(tmp_path / "other.py", "def f(:\n")
        session.wait_for("syntax_error")
        save(tmp_path / "other.py", "x = 1\n")
        assert session.wait_for("changes_reverted")["run"] == 1
        assert session.runs == [1]


def test_a_broken_file_before_the_first_run_waits_for_its_repair(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": "raise SystemExit(5)\n"}, command=python("app.py"), on_exit="wait")
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for("waiting_for_change")
        save(tmp_path / "app.py", "def f(:\n")
        assert session.wait_for("syntax_error")["run"] is None
        save(tmp_path / "app.py", "print('repaired')\n")
        session.wait_for_line("repaired")
        assert session.runs_up_to(2) == [1, 2]


def test_a_command_checks_the_files_that_changed(tmp_path: Path) -> None:
    lint = "import sys\nfor name in sys.argv[1:]:\n    print('checking', name)\n    assert 'bad' not in open(name).read()\n"
    check = {"run": [sys.executable, "-I", "-u", str(tmp_path / "tools" / "lint.py"), "{files}"], "files": ["*.txt"]}
    files = {"app.py": "input()\n", "page.txt": "good", "tools/lint.py": lint}
    config = project(tmp_path, files, command=python("app.py"), check=check, watch=["*.txt", "*.py"])
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for("ready")
        save(tmp_path / "page.txt", "bad")
        session.wait_for_line(f"checking {tmp_path / 'page.txt'}")
        refused = session.wait_for("task_failed", part="check", run=1)
        assert refused["outcome"]["code"] == 1
        save(tmp_path / "page.txt", "better")
        session.wait_for("launched", run=2)


def test_tasks_run_before_each_start_and_a_failed_one_keeps_the_run(tmp_path: Path) -> None:
    build = "import sys\nprint('building')\nsys.exit('bad' in open('source.txt').read())\n"
    files = {"app.py": "print('running')\ninput()\n", "source.txt": "good", "build.py": build}
    config = project(tmp_path, files, command=python("app.py"), before=[python("build.py")], watch=["source.txt"])
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for_line("building")
        session.wait_for_line("running")
        save(tmp_path / "source.txt", "bad")
        assert session.wait_for("task_failed", part="before")["run"] == 1
        save(tmp_path / "source.txt", "good again")
        session.wait_for("launched", run=2)


def test_a_task_that_fails_before_the_first_start_waits_for_a_change(tmp_path: Path) -> None:
    build = "import sys\nsys.exit('bad' in open('source.txt').read())\n"
    files = {"app.py": "input()\n", "source.txt": "bad", "build.py": build}
    config = project(tmp_path, files, command=python("app.py"), before=[python("build.py")], watch=["source.txt"])
    with Reloader("--config", config, cwd=tmp_path) as session:
        assert session.wait_for("task_failed")["run"] is None
        save(tmp_path / "source.txt", "good")
        assert session.wait_for("launched")["reason"]["kind"] == "first_start"


def test_a_task_that_takes_too_long_is_killed_with_all_its_processes(tmp_path: Path) -> None:
    sleep = "import time; time.sleep(600)"
    slow = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {sleep!r}])\n{sleep}\n"
    files = {"app.py": "input()\n", "build.py": slow}
    config = project(tmp_path, files, command=python("app.py"), before=[python("build.py")], task_timeout=0.3)
    with Reloader("--config", config, cwd=tmp_path) as session:
        refused = session.wait_for("task_failed")
        assert refused["outcome"] == {"kind": "timed_out", "seconds": 0.3}


PRINTING = """
import json
import os

with open(os.environ["RELOADER_CHANGES_FILE"]) as file:
    changes = [json.loads(line) for line in file]
print(json.dumps([os.environ["RELOADER_RUN"], os.environ["RELOADER_REASON"], changes]))
input()
"""


def test_the_command_receives_the_reason_and_the_changes(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": PRINTING, "page.txt": "1"}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as session:
        assert json.loads(session.wait_for_line("[")) == ["1", "first_start", []]
        save(tmp_path / "page.txt", "2")
        run, reason, changes = json.loads(session.wait_for_line("["))
        assert (run, reason) == ("2", "files_changed")
        assert changes == [{"path": str(tmp_path / "page.txt"), "kind": "modified"}]


def test_a_task_and_a_change_hook_receive_the_number_of_the_next_run(tmp_path: Path) -> None:
    files = {"app.py": "input()\n", "tell.py": PRINTING.replace("input()", "").replace("[os", "[sys.argv[1], os")}
    files["tell.py"] = "import sys\n" + files["tell.py"]
    hooks = {"change": [*python("tell.py"), "hook"]}
    config = project(
        tmp_path, files, command=python("app.py"), before=[[*python("tell.py"), "step"]], hooks=hooks, watch=["app.py"]
    )
    changes = [{"path": str(tmp_path / "app.py"), "kind": "modified"}]
    with Reloader("--config", config, cwd=tmp_path) as session:
        assert json.loads(session.wait_for_line('["step"')) == ["step", "1", "first_start", []]
        session.wait_for("ready", run=1)
        save(tmp_path / "app.py", "input()  # as before\n")
        assert json.loads(session.wait_for_line('["step"')) == ["step", "2", "files_changed", changes]
        assert json.loads(session.wait_for_line('["hook"')) == ["hook", "2", "files_changed", changes]
        session.wait_for("ready", run=2)


def test_files_that_reloader_writes_cause_no_restart(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": PRINTING, "page.txt": "1"}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path, environment={"TMPDIR": str(tmp_path)}) as session:
        session.wait_for_line("first_start")
        for run in (2, 3):
            save(tmp_path / "page.txt", str(run))
            assert [change["path"] for change in session.wait_for("changed")["batch"]] == [str(tmp_path / "page.txt")]
            session.wait_for("ready", run=run)
        assert session.runs == [1, 2, 3]
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("reloader-")] == []


def test_hooks_run_for_their_events(tmp_path: Path) -> None:
    say = "import os\nprint('hook', *(os.environ.get(f'RELOADER_{name}') for name in ('HOOK', 'RUN', 'EXIT_CODE')))\n"
    hooks = {
        name: [sys.executable, "-I", "-u", str(tmp_path / "say.py")] for name in ("start", "ready", "crash", "stop")
    }
    files = {"app.py": "input()\n", "say.py": say}
    config = project(tmp_path, files, command=python("app.py"), hooks=hooks, watch=["app.py"])
    with Reloader("--config", config, cwd=tmp_path) as session:
        session.wait_for_line("hook start 1 None")
        session.wait_for_line("hook ready 1 None")
        save(tmp_path / "app.py", "raise SystemExit(5)\n")
        session.wait_for_line("hook start 2 None")
        session.wait_for_line("hook crash 2 5")
    assert next(line for line in session.lines if "stop" in line).startswith("hook stop 1")


def test_a_run_is_ready_when_its_port_accepts(tmp_path: Path) -> None:
    port = free_port()
    files = {"server.py": SERVER, "answer.py": answer(0)}
    ready = {"http": f"http://127.0.0.1:{port}/", "tcp": f"127.0.0.1:{port}", "exec": [sys.executable, "-c", ""]}
    config = project(tmp_path, files, command=python("server.py", str(port)), ready=ready)
    with Reloader("--config", config, cwd=tmp_path) as session:
        notice = session.wait_for("ready", run=1)
        assert notice["by"] == ["http", "tcp", "exec"]
        assert notice["seconds"] > 0
        save(tmp_path / "answer.py", answer(1))
        session.wait_for("ready", run=2)


def test_a_session_of_one_run_ends_with_its_code(tmp_path: Path) -> None:
    files = {"app.py": "print('running')\ninput()\nraise SystemExit(3)\n", "page.txt": "1"}
    config = project(tmp_path, files, command=python("app.py"))
    with Reloader("--config", config, "--once", "--on-exit", "restart", cwd=tmp_path) as session:
        session.wait_for_line("running")
        session.say("\n")
        assert session.wait_for_exit() == 3
        assert session.runs == [1]


def test_a_postponed_session_waits_for_its_first_change(tmp_path: Path) -> None:
    config = project(tmp_path, {"app.py": "print('running')\n", "page.txt": "1"}, command=python("app.py"))
    with Reloader("--config", config, "--postpone", "--once", cwd=tmp_path) as session:
        session.wait_for("postponed")
        session.wait_for("note")  # the contents are known
        assert session.runs == []
        save(tmp_path / "page.txt", "2")
        assert session.wait_for("launched")["reason"]["kind"] == "files_changed"
        assert session.wait_for_exit() == 0


def test_a_run_is_ready_when_it_prints_the_line(tmp_path: Path) -> None:
    files = {"app.py": "import sys\nprint('Listening', 'on 8000')\nprint('oh', file=sys.stderr)\ninput()\n"}
    command = [sys.executable, "app.py"]  # buffered, as long as its output is no terminal
    config = project(tmp_path, files, command=command, ready={"log": "^Listening on [0-9]+$"})
    with Reloader("--config", config, cwd=tmp_path) as session:
        assert session.wait_for("ready", run=1)["by"] == ["log"]
        session.wait_for_line("Listening on 8000")
        session.wait_for_remark("oh")
        save(tmp_path / "app.py", "print('Listening on 9000')\ninput()\n")
        session.wait_for("ready", run=2)
        session.wait_for_line("Listening on 9000")
