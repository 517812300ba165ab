"""A command fails because another process has its port, and the program explains it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reloader.core.addresses import Address, PortOwner
from tests.support.platforms.limits import needs_tree_of_processes
from tests.support.programs.announcements import Announcements, environment
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import wait_for_page
from tests.support.sessions.program import Reloader

pytestmark = needs_tree_of_processes

#: On Windows, a process with SO_REUSEADDR can take an address from its owner.
UNCAUGHT = """\
import http.server as h
h.HTTPServer.allow_reuse_address = False
h.HTTPServer(("127.0.0.1", {port}), h.SimpleHTTPRequestHandler).serve_forever()
"""
CAUGHT = "import socket, sys\ntry: socket.create_server(('127.0.0.1', {port}))\nexcept OSError: sys.exit(1)\n"


@pytest.fixture
def programs() -> Iterator[Announcements]:
    made = Announcements()
    yield made
    made.close()


@pytest.fixture
def holder(programs: Announcements) -> Iterator[PortOwner]:
    """A process that listens until the test ends it."""
    command = programs.command("holding", "127.0.0.1")
    with subprocess.Popen(command, env=environment()) as process:
        started = programs.wait_for("started", "holding")
        yield PortOwner(Address("127.0.0.1", started["port"]), process.pid, tuple(command))
        programs.let_continue(started)


def as_json(holder: PortOwner) -> dict[str, object]:
    address = {"kind": "address", "host": holder.address.host, "port": holder.address.port}
    return {"kind": "port_owner", "address": address, "pid": holder.pid, "argv": list(holder.argv)}


def test_the_owner_of_the_port_is_reported_and_the_next_run_gets_it(
    tmp_path: Path, programs: Announcements, holder: PortOwner
) -> None:
    port = holder.address.port
    config = project(tmp_path, {"app.py": UNCAUGHT.format(port=port)}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("port_in_use")
        assert (notice["level"], notice["run"], notice["is_certain"]) == ("warning", 1, True)
        assert notice["holder"] == as_json(holder)
        reloader.wait_for("waiting_for_change")
        programs.let_continue({"pid": holder.pid})
        programs.wait_for_end_of({"pid": holder.pid})
        save(tmp_path / "app.py", "x = 1\n" + UNCAUGHT.format(port=port))
        wait_for_page(port, "app.py")
        assert len(reloader.all_of("port_in_use")) == 1


def test_for_a_caught_error_the_arguments_of_the_command_are_read(tmp_path: Path, holder: PortOwner) -> None:
    port = holder.address.port
    config = project(tmp_path, {"app.py": CAUGHT.format(port=port)}, command=python("app.py", "--port", str(port)))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("port_in_use")
        assert (notice["is_certain"], notice["holder"]) == (False, as_json(holder))
        assert reloader.wait_for_exit() == 1


@pytest.mark.parametrize("port_in", ["app.run(port={})", "server.listen({})"])
def test_without_such_arguments_the_source_of_the_program_is_read(
    tmp_path: Path, holder: PortOwner, port_in: str
) -> None:
    """The functions of Flask and uvicorn print the error and exit with code 1."""
    source = f"# {port_in.format(holder.address.port)}\nraise SystemExit(1)\n"
    config = project(tmp_path, {"app.py": source}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        notice = reloader.wait_for("port_in_use")
        assert (notice["is_certain"], notice["holder"]) == (False, as_json(holder))
        assert reloader.wait_for_exit() == 1


def test_a_failure_for_another_reason_is_not_explained_by_a_port(tmp_path: Path, holder: PortOwner) -> None:
    config = project(tmp_path, {"app.py": "raise SystemExit(1)"}, command=python("app.py"))
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for_exit() == 1
        assert reloader.all_of("port_in_use") == []
