"""Start the small programs in tests/programs, and receive what they announce to their test."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "tests" / "programs"

#: Seconds until a fact that does not come is a failure.
FACT_TIMEOUT = 20.0

Announcement = dict[str, Any]


def environment(**more: str) -> dict[str, str]:
    """Our environment, in which a program finds the modules that it shares with the others."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


class Announcements:
    """The server to which programs announce what they do. A program keeps its connection until it ends."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._buffers: dict[socket.socket, bytes] = {}
        self._senders: dict[int, socket.socket] = {}
        self._received: list[Announcement] = []

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command that runs ``program``, announcing to us."""
        return [sys.executable, str(PROGRAMS / f"{program}.py"), str(self._server.getsockname()[1]), *arguments]

    def wait_for(self, what: str, who: str) -> Announcement:
        """Wait for the next announcement of ``what`` by ``who``, and return it."""
        deadline = time.monotonic() + FACT_TIMEOUT
        while (announcement := self._take(what, who)) is None:
            self._listen(deadline - time.monotonic(), f'"{what}" by {who}; received: {self._received}')
        return announcement

    def has_announced(self, what: str, who: str) -> bool:
        """Return True if another announcement of that has arrived."""
        return self._take(what, who) is not None

    def let_continue(self, announcement: Announcement) -> None:
        """Let the program that made ``announcement`` continue, if it is one that waits."""
        self._senders[announcement["pid"]].sendall(b".")

    def wait_for_end_of(self, announcement: Announcement) -> None:
        """Wait for the end of the process that made ``announcement``, which closes its connection."""
        deadline = time.monotonic() + FACT_TIMEOUT
        while self._senders[announcement["pid"]] in self._buffers:
            self._listen(deadline - time.monotonic(), f"the end of {announcement}")

    def discard_pending(self) -> None:
        """Discard the announcements so far, of a program that announces more than the test needs."""
        while select.select([self._server, *self._buffers], [], [], 0)[0]:
            self._listen(0, "what is there")
        self._received.clear()
        self.close_ended_connections()

    def close_ended_connections(self) -> None:
        """Close our end of the connections whose other end is closed."""
        for pid, connection in list(self._senders.items()):
            if connection not in self._buffers:
                del self._senders[pid]
                connection.close()

    def close(self) -> None:
        self._server.close()
        for connection in {*self._senders.values(), *self._buffers}:
            connection.close()

    def _take(self, what: str, who: str) -> Announcement | None:
        for number, announcement in enumerate(self._received):
            if (announcement["what"], announcement["who"]) == (what, who):
                return self._received.pop(number)
        return None

    def _listen(self, timeout: float, awaited: str) -> None:
        ready, _, _ = select.select([self._server, *self._buffers], [], [], max(timeout, 0.0))
        assert ready, f"not within {FACT_TIMEOUT:g} seconds: {awaited}"
        for connection in ready:
            if connection is self._server:
                self._buffers[connection.accept()[0]] = b""
            else:
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(65536)
        except ConnectionError:
            received = b""  # the process was killed
        if not received:
            del self._buffers[connection]
            if connection not in self._senders.values():
                connection.close()  # it ended before its first announcement
            return
        *lines, self._buffers[connection] = (self._buffers[connection] + received).split(b"\n")
        for line in lines:
            announcement = json.loads(line)
            self._senders[announcement["pid"]] = connection
            self._received.append(announcement)
