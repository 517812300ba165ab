"""Bind one socket to a port or a path, and say why that is impossible.

For a path, the socket's file is created with it, and removed only while it is still that file.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import fcntl
import os
import shlex
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from reloader.core.addresses import Address, PortOwner, SocketAddress, UnixAddress
from reloader.system.port_owner import find_port_owner, find_socket_owner

#: How many connections may wait to be accepted. The kernel silently lowers it to its own limit.
BACKLOG = 2048
#: Seconds to wait for the check if a program listens at a path. Its backlog may be full, or the program may be stopped.
CONNECT_TIMEOUT = 1.0

_NOT_ALLOWED = "this user may not listen there. Use a port from 1024 on, or a directory of this user"
_REASONS = {
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EADDRNOTAVAIL: "this machine does not have that address. Use 127.0.0.1, or omit the host for every interface",
    errno.EAFNOSUPPORT: "this machine does not support that kind of address. Use 127.0.0.1",
    errno.ENOENT: "its directory does not exist: create it",
    errno.ENOTDIR: "its directory is a file. Use another path",
    errno.EROFS: "its directory is read-only. Use another path",
}


class CannotListen(Exception):
    """An address on which the supervisor cannot listen. The text says why, and what to do."""


class AlreadyInUse(CannotListen):
    """A process listens on the address. It may be the supervisor itself."""


@dataclass(frozen=True, eq=False)
class BoundSocket:
    """A listening socket.

    ``written`` is its address in the configuration, ``bound`` the real one with host and port. ``file`` identifies the
    file of a Unix socket.
    """

    socket: socket.socket
    written: SocketAddress
    bound: SocketAddress
    file: os.stat_result | None = None

    def above(self, lowest: int) -> BoundSocket:
        """Return the socket with a descriptor from ``lowest`` on, so that a run's copies do not replace it."""
        return self if self.socket.fileno() >= lowest else replace(self, socket=_above(self.socket, lowest))

    def blocks(self, address: SocketAddress) -> bool:
        """Return True if ``address`` cannot be bound while this socket is open. One file may have several names."""
        if isinstance(address, UnixAddress):
            return self.file is not None and _is_same_file(address.path, self.file)
        return isinstance(self.bound, Address) and address.collides_with(self.bound)

    def with_file(self) -> BoundSocket:
        """Return a socket whose file exists: if the file was removed, a new socket takes over path and descriptor."""
        if not isinstance(self.written, UnixAddress) or os.path.lexists(self.written.path):
            return self
        try:
            with _listen_at_path(self.written.path) as bound:
                os.dup2(bound.fileno(), self.socket.fileno(), inheritable=False)
                return replace(self, file=os.lstat(self.written.path))
        except (CannotListen, OSError):
            return self  # its directory is gone too, or another process listens there: keep the old connections

    def close(self) -> None:
        """Close the socket, and remove its file if it is still the one that was created."""
        if isinstance(self.written, UnixAddress) and self.file is not None:
            _remove_if_same(self.written.path, self.file)
        self.socket.close()


def listen(address: SocketAddress, lowest: int) -> BoundSocket:
    """Listen on ``address``, with a descriptor from ``lowest`` on. Raises CannotListen."""
    if isinstance(address, UnixAddress):
        one = _listen_at_path(address.path)
        return BoundSocket(_above(one, lowest), address, address, os.lstat(address.path))
    one = _above(_listen_at_port(address), lowest)
    return BoundSocket(one, address, Address(*bound_to(one)))


def bound_to(one: socket.socket) -> tuple[str, int]:
    """Return the host and port that a TCP socket is bound to."""
    host, port, *_ = one.getsockname()
    return str(host), int(port)


def _above(one: socket.socket, lowest: int) -> socket.socket:
    with one:
        return socket.socket(fileno=fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, lowest))


# A port


def _listen_at_port(address: Address) -> socket.socket:
    family, where = _resolved(address)
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that ended just now do not matter
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # [::] and 0.0.0.0 are two addresses everywhere
        one.bind(where)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise _failure_at_port(address, error) from error
    return one


def _resolved(address: Address) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """Resolve the host. Of several addresses take an IPv4 one, as development servers do: a socket has only one."""
    if not address.host:
        return socket.AF_INET, ("0.0.0.0", address.port)  # noqa: S104 - as it was asked for
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"unknown host ({error}). Use a number, such as 127.0.0.1") from error
    found.sort(key=lambda one: one[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _failure_at_port(address: Address, error: OSError) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        return AlreadyInUse(_in_use(find_port_owner([address]), "use another port, or 0 for any free one"))
    return _failure(error)


def _failure(error: OSError) -> CannotListen:
    return CannotListen(_REASONS.get(error.errno or 0, f"cannot listen there: {error}"))


def _in_use(owner: PortOwner | None, otherwise: str) -> str:
    if owner is None or owner.pid is None:
        return f"in use by a process that you have no permission to inspect. Stop it, or {otherwise}"
    what = shlex.join(owner.argv) or "command unknown"
    return f"in use by process {owner.pid} ({what}). Stop it, or {otherwise}"


# A path


def _listen_at_path(path: str) -> socket.socket:
    """Listen at a path. The umask decides about the mode of the file: usually only this user may connect."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _locked_directory(path):
            _remove_stale(path)
            one.bind(path)
            one.listen(BACKLOG)
    except OSError as error:
        one.close()
        if error.errno is None:  # raised by Python, before any system call
            raise CannotListen("its path is too long for a socket. Use a shorter one") from error
        raise _failure(error) from error
    except CannotListen:
        one.close()
        raise
    return one


@contextmanager
def _locked_directory(path: str) -> Iterator[None]:
    """Lock the directory of ``path``: two sessions that start at once could remove each other's socket."""
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _remove_stale(path: str) -> None:
    """Remove the file of a socket on which no process listens. Raises CannotListen for any other file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen("a file exists there that is not a socket. Use another path, or remove the file")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(CONNECT_TIMEOUT)
        try:
            attempt.connect(path)
        except ConnectionRefusedError:  # BSD systems also refuse when the backlog is full
            if find_socket_owner(path) is None:
                _remove_if_same(path, found)
                return
        except FileNotFoundError:
            return
        except OSError as error:  # a process listens there, but does not answer, or this user may not connect
            raise AlreadyInUse(_in_use(find_socket_owner(path), "use another path")) from error
    raise AlreadyInUse(_in_use(find_socket_owner(path), "use another path"))


def _remove_if_same(path: str, ours: os.stat_result) -> None:
    try:
        if _is_same_file(path, ours):
            os.unlink(path)
    except OSError:
        return  # the file or its directory is gone


def _is_same_file(path: str, ours: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(path), ours)
    except OSError:
        return False  # the file or its directory is gone
