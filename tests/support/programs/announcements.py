"""The small programs in tests/programs: how to start them, and what they announce to the test that started them."""

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

PATIENCE = 20.0  # seconds until a fact that does not come is a failure

Announcement = dict[str, Any]


def environment(**more: str) -> dict[str, str]:
    """Ours, with which a program finds what it shares with the others."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


class Announcements:
    """Where programs announce what they do. Their connections last as long as they do."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._buffers: dict[socket.socket, bytes] = {}
        self._senders: dict[int, socket.socket] = {}
        self._heard: list[Announcement] = []

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command that runs ``program``, announcing to us."""
        return [sys.executable, str(PROGRAMS / f"{program}.py"), str(self._server.getsockname()[1]), *arguments]

    def wait_for(self, what: str, who: str) -> Announcement:
        """The first announcement of ``what`` by ``who`` that was not handed out yet."""
        deadline = time.monotonic() + PATIENCE
        while (announcement := self._taken(what, who)) is None:
            self._listen(deadline - time.monotonic(), f'"{what}" by {who}; heard were {self._heard}')
        return announcement

    def has_heard(self, what: str, who: str) -> bool:
        """Whether there was another announcement of that by now."""
        return self._taken(what, who) is not None

    def say_word_to(self, announcement: Announcement) -> None:
        """What the waiting programs wait for, to the one that made ``announcement``."""
        self._senders[announcement["pid"]].sendall(b".")

    def wait_for_end_of(self, announcement: Announcement) -> None:
        """Until the connection of whoever made ``announcement`` is closed, as it is by the end of its process."""
        deadline = time.monotonic() + PATIENCE
        while self._senders[announcement["pid"]] in self._buffers:
            self._listen(deadline - time.monotonic(), f"the end of {announcement}")

    def listen_now(self) -> None:
        """Take in what was said so far, and forget it: somebody says more than the test wants to know."""
        while select.select([self._server, *self._buffers], [], [], 0)[0]:
            self._listen(0, "what is there")
        self._heard.clear()
        self.forget_those_that_ended()

    def forget_those_that_ended(self) -> None:
        """Close our end of the connections whose other end is closed."""
        for pid, connection in list(self._senders.items()):
            if connection not in self._buffers:
                del self._senders[pid]
                connection.close()

    def close(self) -> None:
        self._server.close()
        for connection in {*self._senders.values(), *self._buffers}:
            connection.close()

    def _taken(self, what: str, who: str) -> Announcement | None:
        for number, heard in enumerate(self._heard):
            if (heard["what"], heard["who"]) == (what, who):
                return self._heard.pop(number)
        return None

    def _listen(self, timeout: float, awaited: str) -> None:
        ready, _, _ = select.select([self._server, *self._buffers], [], [], max(timeout, 0.0))
        assert ready, f"not within {PATIENCE:g} seconds: {awaited}"
        for connection in ready:
            if connection is self._server:
                self._buffers[connection.accept()[0]] = b""
            else:
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(65536)
        except ConnectionError:
            received = b""  # a process that is forced says no goodbye
        if not received:
            del self._buffers[connection]
            if connection not in self._senders.values():
                connection.close()  # it ended before it said who it was
            return
        *lines, self._buffers[connection] = (self._buffers[connection] + received).split(b"\n")
        for line in lines:
            announcement = json.loads(line)
            self._senders[announcement["pid"]] = connection
            self._heard.append(announcement)
