"""Real servers are restarted under load: no client is refused, and none is dropped before a run has accepted it."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there are no sockets for the runs on Windows", allow_module_level=True)

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.clients import Load, tally
from benchmarks.servers import TAKEN, Server, servers
from reloader.config.options import KEYS
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.processes import reaping_orphans
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader

RESTARTS = 5
UP = "open('up-' + __import__('os').environ['RELOADER_RUN'], 'w').close()\n"
#: Python's own handler of SIGINT may be called just before the pause, which then goes on.
WAIT = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n{UP}signal.pause()\n"


def installed() -> Iterator[Any]:
    for server in servers(sys.executable):
        missing = [package for package in server.packages if find_spec(package) is None]
        yield pytest.param(
            server,
            id=server.name,
            marks=[pytest.mark.skipif(bool(missing), reason=f"{missing} is not for this platform")],
        )


def in_project(directory: Path, server: Server, port: int) -> Reloader:
    server.write(directory, 0)
    config = project(
        directory,
        {},
        command=list(server.takes),
        compatible=list(server.compatible),
        sockets=[f"127.0.0.1:{port}"],
        watch=None,
    )
    return Reloader("--config", config, cwd=directory)


@pytest.mark.parametrize("server", list(installed()))
def test_no_connection_is_refused_or_dropped_through_the_restarts_of(server: Server, tmp_path: Path) -> None:
    port = free_port()
    with in_project(tmp_path, server, port) as reloader:
        reloader.wait_for("listening")
        with Load(port) as load:
            for number in range(1, RESTARTS + 1):
                assert load.wait_for(f"content: {number - 1}", is_hopeless=lambda: not reloader.is_running)
                server.write(tmp_path, number)
            assert load.wait_for(f"content: {RESTARTS}", is_hopeless=lambda: not reloader.is_running)
        found = tally(load.visits, tmp_path / TAKEN)
        assert (found.refused, found.lost, found.unanswered) == (0, 0, 0), found
        assert found.visits > 10 * RESTARTS
        assert reloader.runs_up_to(RESTARTS + 1) == list(range(1, RESTARTS + 2))


def test_connections_before_the_first_run_are_served_by_it(tmp_path: Path) -> None:
    """The socket is open as soon as the start is reported."""
    slow = "import os, time, threading\nthreading.Event().wait(0.5)\n"
    server = servers(sys.executable)[0]
    server.write(tmp_path, 0)
    source = (tmp_path / "app.py").read_text()
    save(tmp_path / "app.py", slow + source)
    config = project(tmp_path, {}, command=list(server.takes), sockets=[":0"], watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        (listening,) = reloader.wait_for("listening")["sockets"]
        assert (listening["descriptor"], listening["address"]["host"]) == (3, "0.0.0.0")
        with socket.create_connection(("127.0.0.1", listening["address"]["port"]), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.endswith(b"content: 0")


def test_port_0_is_the_same_for_all_runs_and_in_messages_and_variables(tmp_path: Path) -> None:
    report = (
        "import os, sys\nprint('told:', sys.argv[1], os.environ['PORT'], os.environ['LISTEN_FDS'], flush=True)\n" + WAIT
    )
    config = project(
        tmp_path,
        {"app.py": report},
        command=python("app.py", "{socket.0.port}"),
        env={"PORT": "{socket.0.port}"},
        sockets=["127.0.0.1:0"],
    )
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        port = reloader.wait_for("listening")["sockets"][0]["address"]["port"]
        assert reloader.wait_for_line("told:") == f"told: {port} {port} 1"
        save(tmp_path / "app.py", report + "# other\n")
        reloader.wait_for("launched", run=2)
        eventually((tmp_path / "up-2").exists, what="the second run")
        assert reloader.all_of("launched")[1]["argv"][-1] == str(port)
        assert len(reloader.all_of("listening")) == 1


def test_a_unix_socket_is_served_and_removed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    serve = (
        "import os, socket\nserver = socket.socket(fileno=3)\nwhile True:\n    server.accept()[0].sendall(b'hello')\n"
    )
    config = project(tmp_path, {"app.py": serve}, command=python("app.py"), sockets=["unix:app.sock"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for("launched", run=1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("app.sock")
            assert client.recv(5) == b"hello"
        reloader.stop()
        assert not Path("app.sock").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_unix_socket_is_left_after_a_signal(tmp_path: Path, number: int) -> None:
    port = free_port()
    config = project(tmp_path, {"app.py": WAIT}, command=python("app.py"), sockets=[f":{port}", "unix:app.sock"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        eventually((tmp_path / "up-1").exists, what="the first run")
        reloader.signal(number)
        reloader.wait_for_exit()
        assert not (tmp_path / "app.sock").exists()
        socket.create_server(("127.0.0.1", port)).close()


@linux_only
def test_addresses_are_free_after_reloader_is_killed(tmp_path: Path) -> None:
    port = free_port()
    config = project(tmp_path, {"app.py": WAIT}, command=python("app.py"), sockets=[f":{port}", "unix:app.sock"])
    with reaping_orphans():
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            eventually((tmp_path / "up-1").exists, what="the first run")
            reloader.process.kill()
            reloader.process.wait()
            eventually(lambda: _is_free(port), what="the port is free")
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            reloader.wait_for("launched", run=1)


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_an_address_in_use_is_an_error_that_names_its_owner_before_the_first_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        config = project(tmp_path, {"app.py": UP}, command=python("app.py"), sockets=[f"127.0.0.1:{port}"])
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            assert reloader.wait_for_exit() == 2
            (problem,) = reloader.wait_for("error")["problems"]
    assert f"reloader.toml: sockets: 127.0.0.1:{port}: in use by process {os.getpid()} (" in problem
    assert not (tmp_path / "up-1").exists()


def test_a_command_that_opens_the_port_of_the_session_gets_an_explanation(tmp_path: Path) -> None:
    port = free_port()
    source = f"import socket\nsocket.create_server(('127.0.0.1', {port}))\n"
    config = project(tmp_path, {"app.py": source}, command=python("app.py"), sockets=[f"127.0.0.1:{port}"])
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("port_in_use")
        assert notice["holder"]["pid"] == reloader.working_pid
        assert notice["is_certain"]


def test_an_unchanged_debug_server_of_flask_serves_on_the_socket(tmp_path: Path) -> None:
    port = free_port()
    source = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef page(): return 'content: first'\n"
    config = project(
        tmp_path,
        {"app.py": source, "watchdog.py": 'raise ImportError("Werkzeug is to use its stat reloader")\n'},
        command=python("-m", "flask", "--app", "app", "run", "--debug"),
        compatible=["werkzeug"],
        sockets=[f"127.0.0.1:{port}"],
        watch=None,
    )
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        wait_for_page(port, "content: first")
        save(tmp_path / "app.py", source.replace("first", "second"))
        reloader.wait_for("launched", run=2)
        wait_for_page(port, "content: second")


def test_the_flag_is_for_one_socket() -> None:
    assert KEYS["sockets"].flag == "--socket"


def test_requests_during_a_broken_run_wait_for_its_repair(tmp_path: Path) -> None:
    server, port = servers(sys.executable)[0], free_port()
    with in_project(tmp_path, server, port) as reloader:
        wait_for_page(port, "content: 0")
        save(tmp_path / "app.py", "import nowhere_to_be_found\n")
        reloader.wait_for("waiting_for_change")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/")
        server.write(tmp_path, 7)
        assert connection.getresponse().read() == b"content: 7"
        connection.close()
