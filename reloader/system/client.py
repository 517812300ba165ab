"""Asks a running session something, and waits for its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from reloader.core.control_protocol import Answer, Request, words_of
from reloader.system.control_socket import Place, connect


class NoAnswer(OSError):
    """The session does not answer. Its text says how that showed."""


def ask(place: Place, request: Request, patience: float) -> Answer:
    """The answer of the session at ``place``. Raises ConnectionRefusedError or FileNotFoundError if there is none any more,

    and NoAnswer if it says nothing within ``patience`` seconds, or nothing that makes sense.
    """
    deadline = time.monotonic() + patience
    with connect(place, patience) as session:
        session.sendall(json.dumps(words_of(request)).encode() + b"\n")
        said = bytearray()
        while not said.endswith(b"\n"):
            session.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = session.recv(1 << 20)
            except TimeoutError:
                raise NoAnswer(f"session {place.pid} has not answered within {patience:g} seconds") from None
            if not piece:
                raise NoAnswer(f"session {place.pid} ended before it answered")
            said += piece
    return _understood(bytes(said), place)


def _understood(said: bytes, place: Place) -> Answer:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        raise NoAnswer(f"what answers for session {place.pid} is no reloader")
    return answer
