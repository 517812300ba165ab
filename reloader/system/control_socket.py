"""Connect a session and its clients: one control socket per session, in a private directory of this user.

On POSIX it is a Unix socket, and the kernel identifies the user at the other end. Python has no Unix sockets on Windows.
There it is a TCP port of this machine; a file that only this user may read holds its number, and a secret that a client
sends first.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reloader.system.directories import is_private, make_private, runtime_directories

#: The longest path of a Unix socket, in bytes, on the strictest system (macOS; Linux allows 107).
MAX_PATH_BYTES = 103
_SUFFIX = ".sock"
_BACKLOG = 128
#: Seconds until the next attempt if the session's backlog is full.
_CONNECT_RETRY_INTERVAL = 0.01
#: Seconds to wait when a connection attempt shows if a session still exists.
_STALE_CHECK_TIMEOUT = 0.1

# Names


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The path of the control socket of the session ``pid``."""

    path: str
    pid: int


def project_key(project: str) -> str:
    """Return the short key of a project that is part of the names of its sessions' files."""
    return hashlib.sha256(os.fsencode(os.path.normcase(project))).hexdigest()[:16]


def endpoints_of(project: str, environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield the endpoints of the sessions of ``project``, sorted by name. A session may have ended without removing its own."""
    prefix = project_key(project) + "-"
    return (one for one in all_endpoints(environ) if os.path.basename(one.path).startswith(prefix))


def all_endpoints(environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """Yield the endpoints of the sessions of all projects of this user."""
    for directory in runtime_directories(environ):
        if not is_private(directory):
            continue
        for name in sorted(os.listdir(directory)):
            _, _, pid = name.removesuffix(_SUFFIX).rpartition("-")
            if name.endswith(_SUFFIX) and pid.isdecimal():
                yield Endpoint(os.path.join(directory, name), int(pid))


# The session's end


class ControlSocket:
    """The listening socket of this session. Raises OSError if it cannot listen in any directory."""

    def __init__(self, project: str, environ: Mapping[str, str]) -> None:
        self.socket, self.path, self.secret = _open(f"{project_key(project)}-{os.getpid()}{_SUFFIX}", environ)
        self.socket.setblocking(False)
        _remove_stale(os.path.dirname(self.path), but=self.path)

    def accept(self) -> socket.socket | None:
        """Accept a connection. Return None if it was closed meanwhile, or comes from another user."""
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return None
        try:
            connection.setblocking(False)
            if _is_this_user(connection):
                return connection
        except OSError:
            pass  # it was closed meanwhile, so its user is unknown
        connection.close()
        return None

    def close(self) -> None:
        """Stop listening and remove the file. May be called twice."""
        self.socket.close()
        try:
            os.unlink(self.path)
        except OSError:
            return  # it was removed already


def _open(name: str, environ: Mapping[str, str]) -> tuple[socket.socket, str, bytes]:
    """Listen in the first usable directory. Return the socket, its path, and the secret, which may be empty."""
    failure: OSError | None = None
    for directory in runtime_directories(environ):
        path = os.path.join(directory, name)
        try:
            make_private(directory)
            return _listen(path)
        except OSError as error:
            failure = failure or error
    raise failure or OSError("no directory can hold the control socket")


def _remove_stale(directory: str, but: str) -> None:
    """Remove the files of sessions that were killed: no process listens there any more."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if not name.endswith(_SUFFIX) or path == but:
            continue
        try:
            connect(Endpoint(path, 0), timeout=_STALE_CHECK_TIMEOUT).close()
        except (ConnectionRefusedError, FileNotFoundError, ValueError):
            _remove(path)
        except OSError:
            continue  # the session exists, but is too busy to answer


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # another session removed it


# The client's end


def connect(endpoint: Endpoint, timeout: float) -> socket.socket:
    """Connect to the session at ``endpoint``. Raises OSError if it does not listen there."""
    return _connect(endpoint, timeout)


# A TCP port, on Windows


def _listen_on_port(path: str) -> tuple[socket.socket, str, bytes]:
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


def _connect_by_port(endpoint: Endpoint, timeout: float) -> socket.socket:
    with open(endpoint.path, "rb") as file:
        port, secret = file.read(200).split()
    connection = socket.create_connection(("127.0.0.1", int(port)), timeout)
    connection.sendall(secret + b"\n")
    return connection


if sys.platform == "win32":
    _listen, _connect = _listen_on_port, _connect_by_port

else:
    # A Unix socket

    def _listen(path: str) -> tuple[socket.socket, str, bytes]:
        """Listen under a temporary name, then rename: so a socket that refuses connections is stale and may be removed."""
        new = path.removesuffix(_SUFFIX) + ".new"
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise OSError(f"{path} is too long for the path of a socket")
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

    def _connect(endpoint: Endpoint, timeout: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        deadline = time.monotonic() + timeout
        try:
            while not _try_to_connect(connection, endpoint.path):
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"session {endpoint.pid} has too many clients, or it is stopped")
                threading.Event().wait(_CONNECT_RETRY_INTERVAL)
        except OSError:
            connection.close()
            raise
        return connection

    def _try_to_connect(connection: socket.socket, path: str) -> bool:
        try:
            connection.connect(path)
        except BlockingIOError:
            return False  # the backlog is full
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
        return True  # the secret proves it
