"""Probe a run's TCP port or URL from a thread of its own, until it is ready."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from reloader.core.events import ProbePassed
from reloader.core.tasks import ReadyPolicy
from reloader.interfaces import Post

#: Seconds to wait for one answer.
ANSWER_TIMEOUT = 2.0
#: Seconds between attempts: the first pause, the longest, and the factor from one to the next.
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_FACTOR = 0.02, 0.5, 1.3


class Probe:
    """Starts a thread for each run, and returns a function that stops it."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def __call__(self, run: int, ready: ReadyPolicy) -> Callable[[], None]:
        stopped = threading.Event()
        thread = threading.Thread(target=self._probe, args=(run, ready, stopped), name="reloader-ready", daemon=True)
        thread.start()
        return stopped.set

    def _probe(self, run: int, ready: ReadyPolicy, stopped: threading.Event) -> None:
        checks: dict[str, Callable[[], bool]] = {}
        if ready.tcp is not None:
            address = ready.tcp
            checks["tcp"] = lambda: accepts_connections(address)
        if ready.http is not None:
            url = ready.http
            checks["http"] = lambda: responds(url)
        pause = FIRST_PAUSE
        while checks and not stopped.is_set():
            for name in [name for name, passes in checks.items() if passes()]:
                del checks[name]
                self._post(ProbePassed(run, name))
            if checks:
                stopped.wait(pause)
                pause = min(pause * PAUSE_FACTOR, LONGEST_PAUSE)


def accepts_connections(address: tuple[str, int]) -> bool:
    """Return True if a process accepts connections at ``address``."""
    try:
        socket.create_connection(address, ANSWER_TIMEOUT).close()
    except OSError:
        return False
    return True


def responds(url: str) -> bool:
    """Return True if a GET of ``url``, which begins with http://, has a status below 400."""
    parts = urlsplit(url)
    port, host = parts.port, parts.hostname or "localhost"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_TIMEOUT)
    try:
        connection.request("GET", target, headers={"User-Agent": "reloader", "Connection": "close"})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
