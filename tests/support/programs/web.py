"""Send requests to the servers that tests run."""

from __future__ import annotations

import random
import socket
from http.client import HTTPConnection, HTTPException

from tests.support.assertions.eventually import eventually
from tests.support.programs.announcements import FACT_TIMEOUT

#: Below the ports of outgoing connections, so that no other process takes one between two runs of a server.
_PORTS = range(20000, 30000)


def free_port() -> int:
    for port in random.sample(_PORTS, k=100):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue  # in use
            return port
    raise AssertionError("no port is free")


def wait_for_page(port: int, text: str, path: str = "/") -> None:
    """Wait until a server on ``port`` answers with status 200 and ``text``."""
    eventually(lambda: _has(port, path, text), within=FACT_TIMEOUT, what=f"port {port} answers with {text!r}")


def _has(port: int, path: str, text: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200 and text in answer.read().decode()
    except (OSError, HTTPException):
        return False  # it is starting or stopping
    finally:
        connection.close()
