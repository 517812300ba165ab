"""A Watchman with scripted responses, for those that the real one cannot be made to give."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pywatchman

#: What is answered to a request; bytes are sent as they are, and of several things the later ones are said unasked.
Answers = Callable[[list[Any]], object]


class FakeWatchman:
    """Answers on a socket of its own, with a thread for each connection."""

    def __init__(self, path: str, answers: Answers) -> None:
        self._answers = answers
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(path)
        self._server.listen()
        self._start(self._accept)

    def close(self) -> None:
        for connection in (self._server, *self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10.0)
        for connection in (self._server, *self._connections):
            connection.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while (request := _read(connection)) is not None:
                answer = self._answers(request)
                for said in answer if isinstance(answer, list) else [answer]:
                    connection.sendall(said if isinstance(said, bytes) else _written(said))


def _read(connection: socket.socket) -> list[Any] | None:
    head = connection.recv(13, socket.MSG_WAITALL)
    if not head:
        return None
    _, _, length = pywatchman.bser.pdu_info(head)
    whole = head + connection.recv(length - len(head), socket.MSG_WAITALL)
    request: list[Any] = pywatchman.bser.loads(whole, value_encoding="utf-8", value_errors="surrogateescape")
    return request


def _written(said: object) -> bytes:
    written: bytes = pywatchman.bser.dumps(said, version=2, capabilities=0)
    return written


def usual(root: str, **others: object) -> Callable[[list[Any]], object]:
    """What a Watchman of 4.9.0 says of a quiet tree; ``others`` are answers by the request's name, with ``_`` for ``-``."""
    answers: Mapping[str, object] = {
        "version": {"version": "4.9.0", "capabilities": {"bser-v2": True}},
        "watch_list": {"version": "4.9.0", "roots": [root]},
        "watch_project": {"version": "4.9.0", "watch": root},
        "clock": {"version": "4.9.0", "clock": "c:1:1:1:1"},
        "subscribe": {"version": "4.9.0", "clock": "c:1:1:1:1"},
        "query": {"version": "4.9.0", "clock": "c:1:1:1:2", "files": []},
        "trigger_list": {"version": "4.9.0", "triggers": []},
        "debug_get_subscriptions": {"version": "4.9.0", "subscribers": []},
        **others,
    }

    def answer(request: list[Any]) -> object:
        found = answers[request[0].replace("-", "_")]
        return found(request) if callable(found) else found

    return answer


@contextmanager
def fake_watchman(answers: Answers) -> Iterator[None]:
    """Named in WATCHMAN_SOCK while it runs."""
    with tempfile.TemporaryDirectory(prefix="wm") as directory:
        path = str(Path(directory) / "sock")
        service = FakeWatchman(path, answers)
        os.environ["WATCHMAN_SOCK"] = path
        try:
            yield
        finally:
            del os.environ["WATCHMAN_SOCK"]
            service.close()
