"""The ear for those who ask a running session something: one thread, which hears lines of JSON and writes the answers.

It decides nothing and waits for nobody: who says nothing, says too much, or does not take its answer is shown out.
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

#: So many may be here at once, and so many bytes may a request have.
SEATS = 64
LONGEST_REQUEST = 64 * 1024
#: Seconds that a visitor has for its request, and again for taking each piece of its answer.
PATIENCE = 5.0
#: Seconds that are left at the end of the session for the answers that are under way.
LAST_WORDS = 1.0


@dataclass(eq=False, slots=True)
class Connection:
    """One connection, for one request. ``asked`` says that the engine has it; ``outgoing`` is what is still to be written."""

    socket: socket.socket
    leaves_at: float
    heard: bytes = b""
    is_known: bool = True
    has_asked: bool = False
    has_gone: bool = False
    outgoing: bytes = b""


@dataclass(eq=False, slots=True)
class ConnectionReply:
    """Hands an answer over to the ear."""

    connection: Connection
    answers: deque[tuple[Connection, Answer]]
    bell: socket.socket

    def __call__(self, answer: Answer) -> None:
        self.answers.append((self.connection, answer))
        _ring(self.bell)

    @property
    def is_connected(self) -> bool:
        return not self.connection.has_gone


@dataclass(slots=True)
class _Room:
    """What the thread alone touches."""

    server: set[Connection] = field(default_factory=set)
    closes_at: float | None = None


class ControlServer:
    """Owned by the engine's thread; ``post`` is called by its own."""

    def __init__(self, point: ControlSocket, post: Post) -> None:
        self._point = point
        self._post = post
        self._answers: deque[tuple[Connection, Answer]] = deque()
        self._bell, self._end_of_bell = socket.socketpair()
        self._bell.setblocking(False)
        self._end_of_bell.setblocking(False)
        self._is_closing = False
        self._room = _Room()
        self._thread = threading.Thread(target=self._receive, name="reloader-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The last answers are still written. May be called twice."""
        if self._is_closing:
            return
        self._is_closing = True
        _ring(self._bell)
        self._thread.join()
        self._point.close()
        self._bell.close()
        self._end_of_bell.close()

    # All below is on the thread

    def _receive(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._end_of_bell, selectors.EVENT_READ)
            selector.register(self._point.socket, selectors.EVENT_READ)
            try:
                while not self._is_over():
                    for key, _ in selector.select(self._timeout()):
                        self._serve(selector, key.fileobj)
                    self._write_answers(selector)
                    self._show_out(selector)
            finally:
                for connection in tuple(self._room.server):
                    self._leave(selector, connection)

    def _is_over(self) -> bool:
        """Whether the session is, and all that was to be said is."""
        if not self._is_closing:
            return False
        now = time.monotonic()
        if self._room.closes_at is None:
            self._room.closes_at = now + LAST_WORDS
        is_saying = bool(self._answers) or any(connection.outgoing for connection in self._room.server)
        return not is_saying or now >= self._room.closes_at

    def _timeout(self) -> float | None:
        moments = [connection.leaves_at for connection in self._room.server if not self._is_awaiting(connection)]
        if self._room.closes_at is not None:
            moments.append(self._room.closes_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _is_awaiting(self, connection: Connection) -> bool:
        """Whether it is not for the visitor to do something."""
        return connection.has_asked and not connection.outgoing

    def _serve(self, selector: selectors.BaseSelector, source: object) -> None:
        if source is self._end_of_bell:
            _silence(self._end_of_bell)
        elif source is self._point.socket:
            self._welcome(selector)
        else:
            connection = next((one for one in self._room.server if one.socket is source), None)
            if connection is not None:
                self._go_on(selector, connection)

    def _welcome(self, selector: selectors.BaseSelector) -> None:
        newcomer = self._point.accept()
        if newcomer is None:
            return
        connection = Connection(newcomer, time.monotonic() + PATIENCE, is_known=not self._point.secret)
        self._room.server.add(connection)
        selector.register(newcomer, selectors.EVENT_READ)
        if len(self._room.server) > SEATS:
            self._say(selector, connection, {"error": f"{SEATS} others are asking already: try again"})

    def _go_on(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        if connection.outgoing:
            self._write(selector, connection)
            return
        try:
            piece = connection.socket.recv(LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._leave(selector, connection)
        elif not connection.has_asked:
            connection.heard += piece
            self._understand(selector, connection)

    def _understand(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        if not connection.is_known:
            secret = self._point.secret
            if len(connection.heard) < len(secret):
                return
            if not connection.heard.startswith(secret):
                self._leave(selector, connection)
                return
            connection.is_known, connection.heard = True, connection.heard[len(secret) :]
        line, end, _ = connection.heard.partition(b"\n")
        if not end:
            if len(connection.heard) > LONGEST_REQUEST:
                self._say(selector, connection, {"error": f"a request has at most {LONGEST_REQUEST} bytes"})
            return
        try:
            request = parse_request(json.loads(line))
        except RequestError as error:
            self._say(selector, connection, {"error": str(error)})
        except (ValueError, RecursionError):
            self._say(selector, connection, {"error": 'a request is a line of JSON, as in {"request": "status"}'})
        else:
            connection.has_asked, connection.heard = True, b""
            self._post(ControlRequest(request, ConnectionReply(connection, self._answers, self._bell)))

    def _write_answers(self, selector: selectors.BaseSelector) -> None:
        while self._answers:
            connection, answer = self._answers.popleft()
            if not connection.has_gone:
                self._say(selector, connection, answer)

    def _say(self, selector: selectors.BaseSelector, connection: Connection, answer: Answer) -> None:
        connection.has_asked = True
        connection.outgoing = json.dumps(answer).encode() + b"\n"
        connection.leaves_at = time.monotonic() + PATIENCE
        self._write(selector, connection)

    def _write(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        try:
            written = connection.socket.send(connection.outgoing)
        except BlockingIOError:
            written = 0
        except OSError:
            self._leave(selector, connection)
            return
        connection.outgoing = connection.outgoing[written:]
        if not connection.outgoing:
            self._leave(selector, connection)
            return
        if written:
            connection.leaves_at = time.monotonic() + PATIENCE
        selector.modify(connection.socket, selectors.EVENT_WRITE)

    def _show_out(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for connection in tuple(self._room.server):
            if now >= connection.leaves_at and not self._is_awaiting(connection):
                self._leave(selector, connection)

    def _leave(self, selector: selectors.BaseSelector, connection: Connection) -> None:
        connection.has_gone = True
        selector.unregister(connection.socket)
        connection.socket.close()
        self._room.server.discard(connection)


def _ring(bell: socket.socket) -> None:
    try:
        bell.send(b"!")
    except OSError:
        return  # it rings already, or nobody is there any more


def _silence(end_of_bell: socket.socket) -> None:
    try:
        while end_of_bell.recv(4096):
            pass
    except OSError:
        return
