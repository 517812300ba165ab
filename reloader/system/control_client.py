"""Send a request to a running session, and wait for its answer: one line of JSON each way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from reloader.core.control_protocol import Answer, Request, encode_request
from reloader.system.control_socket import Endpoint, connect

#: Bytes to read at once.
_MAX_READ_BYTES = 1 << 20


class NoAnswer(OSError):
    """A session did not answer. The text says how it failed."""


def ask(endpoint: Endpoint, request: Request, timeout: float) -> Answer:
    """Send ``request`` to the session at ``endpoint`` and return its answer.

    Raises ConnectionRefusedError or FileNotFoundError if the session has ended. Raises NoAnswer if there is no valid
    answer within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    with connect(endpoint, timeout) as session:
        session.sendall(json.dumps(encode_request(request)).encode() + b"\n")
        received = bytearray()
        while not received.endswith(b"\n"):
            session.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = session.recv(_MAX_READ_BYTES)
            except TimeoutError:
                raise NoAnswer(f"session {endpoint.pid} has not answered within {timeout:g} seconds") from None
            if not piece:
                raise NoAnswer(f"session {endpoint.pid} ended before it answered")
            received += piece
    return _decoded(bytes(received), endpoint)


def _decoded(received: bytes, endpoint: Endpoint) -> Answer:
    try:
        answer = json.loads(received)
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        raise NoAnswer(f"the program that answered for session {endpoint.pid} is not reloader")
    return answer
