"""Asks in the network whether a run is ready, from a thread of its own, as often as it takes."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from reloader.core.events import ProbePassed
from reloader.core.tasks import ReadyPolicy
from reloader.interfaces import Post

#: Seconds to wait for one answer, and from one attempt to the next: the first follow each other closely.
PATIENCE = 2.0
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.02, 0.5, 1.3


class Probe:
    """Makes a thread for each run that is to be asked."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def __call__(self, run: int, ready: ReadyPolicy) -> Callable[[], None]:
        over = threading.Event()
        thread = threading.Thread(target=self._ask, args=(run, ready, over), name="reloader-ready", daemon=True)
        thread.start()
        return over.set

    def _ask(self, run: int, ready: ReadyPolicy, over: threading.Event) -> None:
        questions: dict[str, Callable[[], bool]] = {}
        if ready.tcp is not None:
            address = ready.tcp
            questions["tcp"] = lambda: accepts(address)
        if ready.http is not None:
            url = ready.http
            questions["http"] = lambda: answers(url)
        pause = FIRST_PAUSE
        while questions and not over.is_set():
            for name in [name for name, is_so in questions.items() if is_so()]:
                del questions[name]
                self._post(ProbePassed(run, name))
            if questions:
                over.wait(pause)
                pause = min(pause * GROWTH, LONGEST_PAUSE)


def accepts(address: tuple[str, int]) -> bool:
    """Whether somebody takes connections at ``address``."""
    try:
        socket.create_connection(address, PATIENCE).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Whether a GET of ``url``, which begins with http://, is answered with a status below 400."""
    parts = urlsplit(url)
    port, host = parts.port, parts.hostname or "localhost"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", target, headers={"User-Agent": "reloader", "Connection": "close"})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
