"""Talks to the servers that tests run."""

from __future__ import annotations

import random
import socket
from http.client import HTTPConnection, HTTPException

from tests.support.assertions.eventually import eventually
from tests.support.programs.announcements import PATIENCE

#: Below the ports that systems give to outgoing connections, so that nobody takes one between two runs of a server.
_PORTS = range(20000, 30000)


def free_port() -> int:
    for port in random.sample(_PORTS, k=100):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue  # somebody's, so the next one
            return port
    raise AssertionError("no port is free")


def wait_for_page(port: int, text: str, path: str = "/") -> None:
    """Until a server on ``port`` answers with status 200 and ``text``."""
    eventually(lambda: _has(port, path, text), within=PATIENCE, what=f"port {port} answers with {text!r}")


def _has(port: int, path: str, text: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200 and text in answer.read().decode()
    except (OSError, HTTPException):
        return False  # it is not up yet, or on its way down
    finally:
        connection.close()
