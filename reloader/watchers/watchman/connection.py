"""A connection to Watchman over pywatchman: requests with a time limit, and errors as texts for the user.

It knows the protocol and nothing of watched directories. pywatchman is an extra, so an import of this module may raise
ImportError.
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
#: The first version with every command that is used here. Versions from 2019 on are dates, and so are later ones.
OLDEST_VERSION = (4, 9)
#: Seconds in which Watchman must answer. A request that waits for the disk has a shorter limit of its own, so it answers in time.
RESPONSE_TIMEOUT = 5.0
#: Seconds for ``watchman get-sockname``, which starts the service if none runs.
SERVICE_START_TIMEOUT = 15.0
#: Seconds, at most and at least, of one read from a named pipe of Windows, on which no selector can wait.
PIPE_READ_TIMEOUT_MAX, PIPE_READ_TIMEOUT_MIN = 0.5, 0.01

USE_ANOTHER = 'use backend = "auto"'
_CONNECTION_ERRORS = (pywatchman.WatchmanError, OSError, ValueError, TypeError, LookupError)

Parameters = Mapping[str, str | bytes | int | Sequence[str]]


class WatchmanResponse(TypedDict, total=False):
    """The fields that are read of Watchman's responses, and of the messages that it sends unasked."""

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
    """Watchman answered with an error."""


class ConnectionLost(ConnectionError):
    """Watchman is gone, does not answer in time, or breaks the protocol."""


class WatchmanConnection:
    """One connection, for one thread at a time. Every method but ``interrupt`` and ``close`` may raise ConnectionLost."""

    def __init__(self, address: str, timeout: float) -> None:
        self._client = pywatchman.client(sockpath=address, timeout=timeout)
        self._client.subs, self._client.sub_by_root = {}, {}  # pywatchman shares them among all clients
        self._timeout = timeout
        self._selector: selectors.BaseSelector | None = None
        try:
            self.version = self.request("version").get("version", "")
        except (ConnectionLost, CommandRefused) as error:
            self.close()
            raise ConnectionLost(str(error)) from error
        self._selector = self._selector_of_socket()

    def request(self, *command: str | bytes | Parameters, timeout: float | None = None) -> WatchmanResponse:
        """Return the response to ``command``. Raises CommandRefused if it is an error.

        ``timeout`` is for a command that may take longer than others.
        """
        limit = timeout or self._timeout
        try:
            if self._client.tport is not None:  # the first command connects, with the timeout of the client
                self._client.setTimeout(limit)
            response: WatchmanResponse = self._client.query(*command)
        except pywatchman.CommandError as error:
            raise CommandRefused(_error_message(error)) from error
        except _CONNECTION_ERRORS as error:
            raise ConnectionLost(_describe(error, limit)) from error
        return response

    def ping(self) -> None:
        """Ask for the version. ``receive`` will return the response."""
        try:
            self._client.setTimeout(self._timeout)
            self._client.sendConn.send(["version"])
        except _CONNECTION_ERRORS as error:
            raise ConnectionLost(_describe(error, self._timeout)) from error

    def receive(self, within: float) -> WatchmanResponse | None:
        """Return the next message that Watchman sends unasked, or None if none comes within so many seconds."""
        for name in list(self._client.subs):  # pywatchman kept it while a response was awaited
            first, *others = self._client.getSubscription(name)
            if others:
                self._client.subs[name] = others
            message: WatchmanResponse = first
            return message
        try:
            return self._receive(within)
        except pywatchman.CommandError as error:  # the response to a ping: after some failures every command is refused
            raise ConnectionLost(_error_message(error)) from error
        except _CONNECTION_ERRORS as error:
            raise ConnectionLost(_describe(error, self._timeout)) from error

    def interrupt(self) -> None:
        """Make ``receive`` raise ConnectionLost on the thread that waits in it."""
        sock: object = getattr(self._client.tport, "sock", None)
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # the other end may be gone
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._selector is not None:
            self._selector.close()
        self._client.close()

    def _receive(self, within: float) -> WatchmanResponse | None:
        if self._selector is None:
            return self._receive_from_pipe(within)
        if not self._selector.select(within):
            return None
        self._client.setTimeout(self._timeout)
        return self._read_message()

    def _receive_from_pipe(self, within: float) -> WatchmanResponse | None:
        """Read from a named pipe of Windows, with a timeout that is short enough to stop promptly."""
        self._client.setTimeout(max(min(within, PIPE_READ_TIMEOUT_MAX), PIPE_READ_TIMEOUT_MIN))
        try:
            return self._read_message()
        except pywatchman.SocketTimeout:
            return None

    def _read_message(self) -> WatchmanResponse:
        """Read a message, and drop the copies that pywatchman would keep for ever."""
        message: WatchmanResponse = self._client.receive()
        self._client.subs.clear()
        self._client.sub_by_root.clear()
        return message

    def _selector_of_socket(self) -> selectors.BaseSelector | None:
        sock: object = getattr(self._client.tport, "sock", None)
        if not isinstance(sock, socket.socket):
            return None
        selector = selectors.DefaultSelector()
        selector.register(sock, selectors.EVENT_READ)
        return selector


def find_address() -> str:
    """Return the address of the user's Watchman. Raises BackendUnavailable.

    ``watchman get-sockname`` starts the service if none runs, as it does for each client.
    """
    address = os.environ.get("WATCHMAN_SOCK")
    if address:
        return address
    command = ["watchman", "--output-encoding=json", "--no-pretty", "get-sockname"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SERVICE_START_TIMEOUT, check=True
        )
        response = {**json.loads(done.stdout)}
        return str(response.get("named_pipe") or response["sockname"])
    except FileNotFoundError as error:
        remedy = f"Install it (https://facebook.github.io/watchman), or {USE_ANOTHER}"
        raise BackendUnavailable(BACKEND, "the program watchman was not found", remedy) from error
    except subprocess.TimeoutExpired as error:
        cause = f"watchman get-sockname gave no answer for {SERVICE_START_TIMEOUT:g} s"
        raise BackendUnavailable(BACKEND, cause, f"End the service that hangs, or {USE_ANOTHER}") from error
    except subprocess.CalledProcessError as error:
        cause = f"the service does not start: {_last_line(error.stderr) or f'exit code {error.returncode}'}"
        raise BackendUnavailable(BACKEND, cause, f"Run watchman watch-list to see why, or {USE_ANOTHER}") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BackendUnavailable(
            BACKEND, f"watchman get-sockname failed: {error}", f"Repair Watchman, or {USE_ANOTHER}"
        ) from error


def check_version(version: str) -> None:
    """Raise BackendUnavailable if ``version`` is too old."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_VERSION:
        cause = f"Watchman {version or 'without a version'} is too old"
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise BackendUnavailable(BACKEND, cause, f"Install {oldest} or later, or {USE_ANOTHER}")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _error_message(error: pywatchman.CommandError) -> str:
    """Return Watchman's message on one line: some are long."""
    return " ".join(str(error.msg).removeprefix("watchman command error: ").split())


def _describe(error: Exception, timeout: float) -> str:
    match error:
        case pywatchman.SocketTimeout():
            return f"Watchman gave no answer for {timeout:g} s"
        case pywatchman.SocketConnectError():
            return f"Watchman cannot be reached: {error.msg}"
        case pywatchman.WatchmanError():
            return f"the connection to Watchman is lost: {error.msg}"
        case _:
            return f"the connection to Watchman is lost: {error}"
