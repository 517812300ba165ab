"""The readiness probes, against a real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reloader.core.events import Posted, ProbePassed
from reloader.core.tasks import ReadyPolicy
from reloader.system.ready_probe import Probe, accepts_connections, responds
from tests.support.assertions.eventually import eventually
from tests.support.programs.web import free_port


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.rpartition("=")[2]))
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing."""


@contextmanager
def server(port: int = 0) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", port), Answering) as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield one.server_address[1]
        finally:
            one.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (302, True), (404, False), (503, False)])
def test_a_status_below_400_is_an_answer(status: int, expected: bool) -> None:
    with server() as port:
        assert responds(f"http://127.0.0.1:{port}/path?status={status}") is expected


def test_a_free_port_is_not_an_answer() -> None:
    port = free_port()
    assert not responds(f"http://127.0.0.1:{port}/")
    assert not responds(f"http://127.0.0.1:{port}")
    assert not accepts_connections(("127.0.0.1", port))


def test_a_port_that_accepts_connections_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert accepts_connections(listening.getsockname())


def ended() -> bool:
    return not any(thread.name == "reloader-ready" for thread in threading.enumerate())


def test_it_probes_until_all_answer() -> None:
    posted: list[Posted] = []
    port = free_port()
    Probe(posted.append)(4, ReadyPolicy(http=f"http://127.0.0.1:{port}/?status=200", tcp=("127.0.0.1", port)))
    with server(port):
        eventually(ended)
    assert sorted(posted, key=str) == [ProbePassed(4, "http"), ProbePassed(4, "tcp")]


def test_it_ends_when_it_is_stopped() -> None:
    posted: list[Posted] = []
    end = Probe(posted.append)(4, ReadyPolicy(tcp=("127.0.0.1", free_port())))
    end()
    end()
    eventually(ended)
    assert posted == []
