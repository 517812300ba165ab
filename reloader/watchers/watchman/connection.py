"""A connection to Watchman over pywatchman: asks with a time limit, and says in our words what went wrong.

It knows the protocol and nothing of trees. pywatchman is an extra: who imports this module is ready for an ImportError.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypedDict

import pywatchman

from reloader.errors import BackendUnavailable

BACKEND = "watchman"
#: The first version with all that is asked for here; its relatives from 2019 on are named by their date.
OLDEST = (4, 9)
#: Seconds in which Watchman must have answered. A request that waits for the disk gets less, so that its answer is in time.
PATIENCE = 5.0
#: Seconds for ``watchman get-sockname``, which starts the service where none runs.
PATIENCE_AT_START = 15.0
#: Seconds at most, and at least, for one look at a line that cannot be waited for: the named pipes of Windows.
BLIND_WAIT, BLIND_GLANCE = 0.5, 0.01

USE_ANOTHER = 'use backend = "auto"'
_BROKEN = (pywatchman.WatchmanError, OSError, ValueError, TypeError, LookupError)

Request = Mapping[str, str | bytes | int | Sequence[str]]


class Answer(TypedDict, total=False):
    """What is read of Watchman's answers and of what it says unasked."""

    version: str
    roots: list[str]
    watch: str
    relative_path: str
    clock: str
    files: list[str]
    subscription: str
    canceled: bool
    is_fresh_instance: bool
    warning: str
    subscribers: list[Mapping[str, object]]
    triggers: list[Mapping[str, object]]


class CommandRefused(Exception):
    """Watchman answered that it will not or cannot."""


class ConnectionLost(ConnectionError):
    """Watchman is gone, does not answer in time, or answers what nobody understands."""


class WatchmanConnection:
    """One connection, for one thread at a time. Every method but ``end`` and ``close`` may raise ConnectionLost."""

    def __init__(self, address: str, timeout: float) -> None:
        self._client = pywatchman.client(sockpath=address, timeout=timeout)
        self._client.subs, self._client.sub_by_root = {}, {}  # the class has them for all of its instances
        self._timeout = timeout
        self._selector: selectors.BaseSelector | None = None
        try:
            self.version = self.ask("version").get("version", "")
        except (ConnectionLost, CommandRefused) as error:
            self.close()
            raise ConnectionLost(str(error)) from error
        self._selector = self._selector_of_socket()

    def ask(self, *request: str | bytes | Request, timeout: float | None = None) -> Answer:
        """Raises Refused if the answer is an error. ``timeout`` is for a request that may take longer than others."""
        limit = timeout or self._timeout
        try:
            if self._client.tport is not None:  # the first request makes the connection, with our patience
                self._client.setTimeout(limit)
            answer: Answer = self._client.query(*request)
        except pywatchman.CommandError as error:
            raise CommandRefused(_what_it_says(error)) from error
        except _BROKEN as error:
            raise ConnectionLost(_in_words(error, limit)) from error
        return answer

    def knock(self) -> None:
        """Ask for a sign of life, which ``next`` will return."""
        try:
            self._client.setTimeout(self._timeout)
            self._client.sendConn.send(["version"])
        except _BROKEN as error:
            raise ConnectionLost(_in_words(error, self._timeout)) from error

    def next(self, within: float) -> Answer | None:
        """What Watchman says unasked, or None if it says nothing for so many seconds."""
        for name in list(self._client.subs):  # it came while an answer was awaited
            first, *others = self._client.getSubscription(name)
            if others:
                self._client.subs[name] = others
            said: Answer = first
            return said
        try:
            return self._received(within)
        except pywatchman.CommandError as error:  # of our knock: after some failures it refuses everything
            raise ConnectionLost(_what_it_says(error)) from error
        except _BROKEN as error:
            raise ConnectionLost(_in_words(error, self._timeout)) from error

    def end(self) -> None:
        """Wake whoever waits in ``next``, on another thread. It is told that the line is lost."""
        sock: object = getattr(self._client.tport, "sock", None)
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # the other end may be gone
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._selector is not None:
            self._selector.close()
        self._client.close()

    def _received(self, within: float) -> Answer | None:
        if self._selector is None:
            return self._received_blindly(within)
        if not self._selector.select(within):
            return None
        self._client.setTimeout(self._timeout)
        return self._kept_nowhere()

    def _received_blindly(self, within: float) -> Answer | None:
        """A pipe of Windows cannot be selected on: read with a time limit that is short enough to stop promptly."""
        self._client.setTimeout(max(min(within, BLIND_WAIT), BLIND_GLANCE))
        try:
            return self._kept_nowhere()
        except pywatchman.SocketTimeout:
            return None

    def _kept_nowhere(self) -> Answer:
        """Without what pywatchman would keep of it, for ever."""
        said: Answer = self._client.receive()
        self._client.subs.clear()
        self._client.sub_by_root.clear()
        return said

    def _selector_of_socket(self) -> selectors.BaseSelector | None:
        sock: object = getattr(self._client.tport, "sock", None)
        if not isinstance(sock, socket.socket):
            return None
        selector = selectors.DefaultSelector()
        selector.register(sock, selectors.EVENT_READ)
        return selector


def find_address() -> str:
    """Where Watchman listens. Starts the service if none runs, as each of its clients does. Raises BackendUnavailable."""
    named = os.environ.get("WATCHMAN_SOCK")
    if named:
        return named
    command = ["watchman", "--output-encoding=json", "--no-pretty", "get-sockname"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_AT_START, check=True
        )
        answer = {**json.loads(done.stdout)}
        return str(answer.get("named_pipe") or answer["sockname"])
    except FileNotFoundError as error:
        remedy = f"Install it (https://facebook.github.io/watchman), or {USE_ANOTHER}"
        raise BackendUnavailable(BACKEND, "there is no program watchman", remedy) from error
    except subprocess.TimeoutExpired as error:
        cause = f"watchman get-sockname gave no answer for {PATIENCE_AT_START:g} s"
        raise BackendUnavailable(BACKEND, cause, f"End the service that hangs, or {USE_ANOTHER}") from error
    except subprocess.CalledProcessError as error:
        cause = f"the service does not start: {_last_line(error.stderr) or f'exit code {error.returncode}'}"
        raise BackendUnavailable(BACKEND, cause, f"See what watchman watch-list says, or {USE_ANOTHER}") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BackendUnavailable(
            BACKEND, f"watchman get-sockname failed: {error}", f"Mend it, or {USE_ANOTHER}"
        ) from error


def refuse_too_old(version: str) -> None:
    """Raises BackendUnavailable for a Watchman that lacks what is needed."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST:
        cause = f"Watchman {version or 'without a version'} is too old"
        raise BackendUnavailable(BACKEND, cause, f"Take {'.'.join(map(str, OLDEST))} or later, or {USE_ANOTHER}")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _what_it_says(error: pywatchman.CommandError) -> str:
    """On one line: of a failure it tells at length."""
    return " ".join(str(error.msg).removeprefix("watchman command error: ").split())


def _in_words(error: Exception, timeout: float) -> str:
    match error:
        case pywatchman.SocketTimeout():
            return f"Watchman gave no answer for {timeout:g} s"
        case pywatchman.SocketConnectError():
            return f"Watchman cannot be reached: {error.msg}"
        case pywatchman.WatchmanError():
            return f"the connection to Watchman is lost: {error.msg}"
        case _:
            return f"the connection to Watchman is lost: {error}"
