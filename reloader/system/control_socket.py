"""How a session and those who ask it something find each other: one socket for each session, in a directory of this user.

On POSIX it is a unix socket, and the kernel tells who is at its other end. On Windows, where Python has none, it is a port
of this machine whose number, with a secret that has to be said first, stands in a file that only this user may read.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reloader.core.control_protocol import Answer, Request, encode_request
from reloader.system.directories import is_private, make_private, runtime_directories

#: What a socket may be called at most, in bytes, on the strictest of systems (macOS; Linux has 107).
LONGEST_NAME = 103
_SUFFIX = ".sock"
_BACKLOG = 128
#: Seconds until the next attempt where so many are before the door.
_AGAIN = 0.01


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the session ``pid`` of a project can be met."""

    path: str
    pid: int


def project_key(project: str) -> str:
    """What the sessions of a project have in their names: short, and the same for whoever asks."""
    return hashlib.sha256(os.fsencode(os.path.normcase(project))).hexdigest()[:16]


def endpoints_of(project: str, environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """Where sessions of ``project`` could be met, the oldest names first. Whether somebody is there shows when one goes there."""
    wanted = project_key(project)
    return (place for place in all_endpoints(environ) if os.path.basename(place.path).startswith(wanted + "-"))


def all_endpoints(environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """The same for all projects of this user."""
    for directory in runtime_directories(environ):
        if not is_private(directory):
            continue
        for name in sorted(os.listdir(directory)):
            _, _, pid = name.removesuffix(_SUFFIX).rpartition("-")
            if name.endswith(_SUFFIX) and pid.isdecimal():
                yield Endpoint(os.path.join(directory, name), int(pid))


class ControlSocket:
    """The socket of this session, open for those who come. Raises OSError where there can be none."""

    def __init__(self, project: str, environ: Mapping[str, str]) -> None:
        self.socket, self.path, self.secret = _opened(f"{project_key(project)}-{os.getpid()}{_SUFFIX}", environ)
        self.socket.setblocking(False)
        _remove_stale(os.path.dirname(self.path), but=self.path)

    def accept(self) -> socket.socket | None:
        """Who comes, if that is this user; None if it was somebody else, or went away again."""
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return None
        try:
            connection.setblocking(False)
            if _is_this_user(connection):
                return connection
        except OSError:
            pass  # it went away again, and nobody can say whose it was
        connection.close()
        return None

    def close(self) -> None:
        """May be called twice."""
        self.socket.close()
        try:
            os.unlink(self.path)
        except OSError:
            return  # somebody has cleaned up


def connect(place: Endpoint, timeout: float) -> socket.socket:
    """A connection to the session at ``place``. Raises OSError if nobody is there."""
    return _connected(place, timeout)


def _opened(name: str, environ: Mapping[str, str]) -> tuple[socket.socket, str, bytes]:
    """In the first directory that will do."""
    trouble: OSError | None = None
    for directory in runtime_directories(environ):
        path = os.path.join(directory, name)
        try:
            make_private(directory)
            return _listening(path)
        except OSError as error:
            trouble = trouble or error
    raise trouble or OSError("there is no directory for it")


def _listening_port(path: str) -> tuple[socket.socket, str, bytes]:
    listener = socket.socket(socket.AF_INET)
    secret = os.urandom(32).hex().encode()
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(_BACKLOG)
        with open(path, "wb") as file:
            file.write(b"%d %s\n" % (listener.getsockname()[1], secret))
    except OSError:
        listener.close()
        raise
    return listener, path, secret + b"\n"


def _connect_by_port(place: Endpoint, timeout: float) -> socket.socket:
    with open(place.path, "rb") as file:
        port, secret = file.read(200).split()
    connection = socket.create_connection(("127.0.0.1", int(port)), timeout)
    connection.sendall(secret + b"\n")
    return connection


def _remove_stale(directory: str, but: str) -> None:
    """Take away what sessions that were killed have left behind: nobody listens there any more."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if not name.endswith(_SUFFIX) or path == but:
            continue
        try:
            connect(Endpoint(path, 0), timeout=0.1).close()
        except (ConnectionRefusedError, FileNotFoundError, ValueError):
            _remove(path)
        except OSError:
            continue  # too busy to answer, which is not gone


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # another session was quicker


if sys.platform == "win32":
    _listening, _connected = _listening_port, _connect_by_port

else:

    def _listening(path: str) -> tuple[socket.socket, str, bytes]:
        """Under its name there is never a socket that does not listen yet, so that who finds one deaf may remove it."""
        new = path.removesuffix(_SUFFIX) + ".new"
        if len(os.fsencode(path)) > LONGEST_NAME:
            raise OSError(f"{path} is too long for the name of a socket")
        listener = socket.socket(socket.AF_UNIX)
        try:
            if os.path.lexists(new):
                os.unlink(new)
            listener.bind(new)
            os.chmod(new, 0o600)
            listener.listen(_BACKLOG)
            os.replace(new, path)
        except OSError:
            listener.close()
            raise
        return listener, path, b""

    def _connected(place: Endpoint, timeout: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        deadline = time.monotonic() + timeout
        try:
            while not _is_let_in(connection, place.path):
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"too many others want to ask session {place.pid}, or it is stopped")
                threading.Event().wait(_AGAIN)
        except OSError:
            connection.close()
            raise
        return connection

    def _is_let_in(connection: socket.socket, path: str) -> bool:
        try:
            connection.connect(path)
        except BlockingIOError:
            return False  # the queue is full
        return True


if sys.platform == "linux":

    def _is_this_user(connection: socket.socket) -> bool:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return bool(struct.unpack("3i", credentials)[1] == os.geteuid())

elif sys.platform == "darwin":

    def _is_this_user(connection: socket.socket) -> bool:
        credentials = connection.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: a struct xucred
        return bool(struct.unpack_from("2I", credentials)[1] == os.geteuid())

else:

    def _is_this_user(connection: socket.socket) -> bool:
        return True  # who does not know the secret is heard no further


class NoAnswer(OSError):
    """The session does not answer. Its text says how that showed."""


def ask(place: Endpoint, request: Request, timeout: float) -> Answer:
    """The answer of the session at ``place``. Raises ConnectionRefusedError or FileNotFoundError if there is none any more,

    and NoAnswer if it says nothing within ``timeout`` seconds, or nothing that makes sense.
    """
    deadline = time.monotonic() + timeout
    with connect(place, timeout) as session:
        session.sendall(json.dumps(encode_request(request)).encode() + b"\n")
        said = bytearray()
        while not said.endswith(b"\n"):
            session.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = session.recv(1 << 20)
            except TimeoutError:
                raise NoAnswer(f"session {place.pid} has not answered within {timeout:g} seconds") from None
            if not piece:
                raise NoAnswer(f"session {place.pid} ended before it answered")
            said += piece
    return _understood(bytes(said), place)


def _understood(said: bytes, place: Endpoint) -> Answer:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        raise NoAnswer(f"what answers for session {place.pid} is no reloader")
    return answer
