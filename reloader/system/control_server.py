"""Serve the clients of a session: one thread reads requests, which are lines of JSON, and writes the answers.

It decides nothing and waits for no client. A client that is silent, sends too much, or does not read its answer is
disconnected.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from reloader.core.control_protocol import Answer, RequestError, parse_request
from reloader.core.events import ControlRequest
from reloader.interfaces import Post
from reloader.system.control_socket import ControlSocket

MAX_CONNECTIONS = 64
MAX_REQUEST_BYTES = 64 * 1024
#: Seconds that a client has to send its request, and again to read each piece of its answer.
CLIENT_TIMEOUT = 5.0
#: Seconds that remain at the end of the session to write pending answers.
FINAL_ANSWERS_TIMEOUT = 1.0


@dataclass(eq=False, slots=True)
class Connection:
    """One client, with one request.

    ``has_sent_secret`` is True at once where there is no secret. ``has_request`` says that the request was posted to the
    engine or refused. ``outgoing`` holds the bytes that are still to be written.
    """

    socket: socket.socket
    deadline: float
    received: bytes = b""
    has_sent_secret: bool = True
    has_request: bool = False
    is_closed: bool = False
    outgoing: bytes = b""


@dataclass(eq=False, slots=True)
class ConnectionReply:
    """Passes an answer to the server's thread."""

    connection: Connection
    answers: deque[tuple[Connection, Answer]]
    wakeup: socket.socket

    def __call__(self, answer: Answer) -> None:
        self.answers.append((self.connection, answer))
        _wake(self.wakeup)

    @property
    def is_connected(self) -> bool:
        return not self.connection.is_closed


@dataclass(slots=True)
class _ThreadState:
    """The state that only the server's thread uses. ``closes_at`` is set once the session ends."""

    connections: set[Connection] = field(default_factory=set)
    closes_at: float | None = None


class ControlServer:
    """Serves the control socket from its own thread, which calls ``post``. The engine's thread creates and closes it."""

    def __init__(self, control_socket: ControlSocket, post: Post) -> None:
        self._socket = control_socket
        self._post = post
        self._answers: deque[tuple[Connection, Answer]] = deque()
        self._wakeup, self._wakeup_reader = socket.socketpair()
        self._wakeup.setblocking(False)
        self._wakeup_reader.setblocking(False)
        self._is_closing = False
        self._state = _ThreadState()
        self._thread = threading.Thread(target=self._serve, name="reloader-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the pending answers, then end the thread. May be called twice."""
        if self._is_closing:
            return
        self._is_closing = True
        _wake(self._wakeup)
        self._thread.join()
        self._socket.close()
        self._wakeup.close()
        self._wakeup_reader.close()

    # All methods below run on the server's thread

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup_reader, selectors.EVENT_READ)
            selector.register(self._socket.socket, selectors.EVENT_READ)
            try:
                while not self._has_ended():
                    for key, _ in selector.select(self._timeout()):
                        self._handle(selector, key.fileobj)
                    self._write_answers(selector)
                    self._disconnect_late(selector)
            finally:
                for connection in tuple(self._state.connections):
                    self._disconnect(selector, connection)

    def _has_ended(self) -> bool:
        """Return True if the session has ended, and the pending answers were written or are too late."""
        if not self._is_closing:
            return False
        now = time.monotonic()
        if self._state.closes_at is None:
            self._state.closes_at = now + FINAL_ANSWERS_TIMEOUT
        is_writing = bool(self._answers) or any(connection.outgoing for connection in self._state.connections)
        return not is_writing or now >= self._state.closes_at

    def _timeout(self) -> float | None:
        deadlines = [
            connection.deadline for connection in self._state.connections if not self._awaits_answer(connection)
        ]
        if self._state.closes_at is not None:
            deadlines.append(self._state.closes_at)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _awaits_answer(self, connection: Connection) -> bool:
        """Return True if the client waits for the engine. Then no timeout applies to it."""
        return connection.has_request and not connection.outgoing

    def _handle(self, selector: selectors.BaseSelector, source: object) -> None:
        if source is self._wakeup_reader:
            _drain(self._wakeup_reader)
        elif source is self._socket.socket:
            self._accept(selector)
        else:
            connection = next((one for one in self._state.connections if one.socket is source), None)
            if connection is not None:
                self._continue(selector, connection)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        accepted = self._socket.accept()
        if accepted is None:
            return
        connection = Connection(accepted, time.monotonic() + CLIENT_TIMEOUT, has_sent_secret=not self._socket.secret)
        self._state.connections.add(connection)
        selector.register(accepted, selectors.EVENT_READ)
        if len(self._state.connections) > MAX_CONNECTIONS:
            self._answer(
                selector, connection, {"error": f"{MAX_CONNECTIONS} other clients are connected. Try again later"}
            )

    def _continue(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        if connection.outgoing:
            self._write(selector, connection)
            return
        try:
            piece = connection.socket.recv(MAX_REQUEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._disconnect(selector, connection)
        elif not connection.has_request:
            connection.received += piece
            self._parse(selector, connection)

    def _parse(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        if not connection.has_sent_secret:
            secret = self._socket.secret
            if len(connection.received) < len(secret):
                return
            if not connection.received.startswith(secret):
                self._disconnect(selector, connection)
                return
            connection.has_sent_secret, connection.received = True, connection.received[len(secret) :]
        line, end, _ = connection.received.partition(b"\n")
        if not end:
            if len(connection.received) > MAX_REQUEST_BYTES:
                self._answer(selector, connection, {"error": f"a request may have at most {MAX_REQUEST_BYTES} bytes"})
            return
        try:
            request = parse_request(json.loads(line))
        except RequestError as error:
            self._answer(selector, connection, {"error": str(error)})
        except (ValueError, RecursionError):
            self._answer(
                selector, connection, {"error": 'a request must be a line of JSON, such as {"request": "status"}'}
            )
        else:
            connection.has_request, connection.received = True, b""
            self._post(ControlRequest(request, ConnectionReply(connection, self._answers, self._wakeup)))

    def _write_answers(self, selector: selectors.BaseSelector) -> None:
        while self._answers:
            connection, answer = self._answers.popleft()
            if not connection.is_closed:
                self._answer(selector, connection, answer)

    def _answer(self, selector: selectors.BaseSelector, connection: Connection, answer: Answer) -> None:
        connection.has_request = True
        connection.outgoing = json.dumps(answer).encode() + b"\n"
        connection.deadline = time.monotonic() + CLIENT_TIMEOUT
        self._write(selector, connection)

    def _write(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        try:
            written = connection.socket.send(connection.outgoing)
        except BlockingIOError:
            written = 0
        except OSError:
            self._disconnect(selector, connection)
            return
        connection.outgoing = connection.outgoing[written:]
        if not connection.outgoing:
            self._disconnect(selector, connection)
            return
        if written:
            connection.deadline = time.monotonic() + CLIENT_TIMEOUT
        selector.modify(connection.socket, selectors.EVENT_WRITE)

    def _disconnect_late(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in tuple(self._state.connections):
            if now >= connection.deadline and not self._awaits_answer(connection):
                self._disconnect(selector, connection)

    def _disconnect(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        connection.is_closed = True
        selector.unregister(connection.socket)
        connection.socket.close()
        self._state.connections.discard(connection)


def _wake(wakeup: socket.socket) -> None:
    try:
        wakeup.send(b"!")
    except OSError:
        return  # the thread is being woken already, or has ended


def _drain(wakeup_reader: socket.socket) -> None:
    try:
        while wakeup_reader.recv(4096):
            pass
    except OSError:
        return
