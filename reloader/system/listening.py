"""Sockets that outlive the runs: bound once, listened on from the first run to the last, and inherited by each of them.

They are ours for as long as we live, so that what nobody has accepted waits in the kernel while no run serves.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reloader.core.addresses import Address, Holder
from reloader.core.sockets import FIRST_DESCRIPTOR, HeldSocket, SocketAddress, SocketSpec, UnixAddress, held, shown
from reloader.errors import ConfigError
from reloader.system.holders import holder_of, holder_of_file

#: How many connections may wait. The kernel has a limit of its own below which it takes as many as are asked for.
BACKLOG = 2048
#: Seconds for the question whether somebody listens at a path. Its backlog may be full, or its program stopped.
PATIENCE = 1.0

_REASONS = {
    errno.EACCES: "this user may not listen there: take a port from 1024 on, or a directory of yours",
    errno.EPERM: "this user may not listen there: take a port from 1024 on, or a directory of yours",
    errno.EADDRNOTAVAIL: "this machine has no such address: take 127.0.0.1, or leave the host out for every interface",
    errno.EAFNOSUPPORT: "this machine has no addresses of that kind: take 127.0.0.1",
    errno.ENOENT: "its directory is missing: create it",
    errno.ENOTDIR: "what should be its directory is none: take another path",
    errno.EROFS: "its directory cannot be written to: take another one",
}


class Refused(Exception):
    """An address that cannot be listened on, and why, with the remedy."""


class Sockets:
    """The sockets of a session, in the order in which the command gets them."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._files: list[tuple[str, os.stat_result]] = []
        self._of_files: list[socket.socket] = []

    def open(self, specs: Sequence[SocketSpec]) -> tuple[HeldSocket, ...]:
        """Listen on all of them. Raises ConfigError with a line for each that cannot be had."""
        problems: list[str] = []
        addresses: list[SocketAddress] = []
        for spec in specs:
            try:
                addresses.append(self._listen(spec.address, FIRST_DESCRIPTOR + len(specs)))
            except Refused as refused:
                problems.append(f"{spec.origin}: {shown(spec.address)}: {refused}")
        if problems:
            raise ConfigError(problems)
        return held(addresses)

    def refreshed(self) -> tuple[int, ...]:
        """Our descriptors, of which none is inherited by itself, and none has a number that a run is to find one under.

        What a run may have done to what it shares with us is undone: a shorter backlog, calls that do not wait, and the file of
        a Unix socket removed, as gunicorn does with what it takes for its own.
        """
        self._put_files_back()
        for one in self._sockets:
            one.listen(BACKLOG)
            os.set_blocking(one.fileno(), True)
        return tuple(one.fileno() for one in self._sockets)

    def close(self) -> None:
        """Listen no more, and remove the files that are still ours. May be called twice."""
        for path, ours in self._files:
            _remove_if(path, ours)
        for one in self._sockets:
            one.close()
        self._files, self._of_files, self._sockets = [], [], []

    def _put_files_back(self) -> None:
        """Whoever connects finds a socket by its file: where that is gone, another one takes the place and the number."""
        for place, (path, _) in enumerate(self._files):
            if os.path.lexists(path):
                continue
            try:
                with _listen_at_path(path) as bound:
                    os.dup2(bound.fileno(), self._of_files[place].fileno(), inheritable=False)
                    self._files[place] = (path, os.lstat(path))
            except (Refused, OSError):
                continue  # its directory is gone as well, or somebody else has come: the old one has whom it has

    def _listen(self, address: SocketAddress, lowest: int) -> SocketAddress:
        if isinstance(address, UnixAddress):
            bound = _listen_at_path(address.path)
            self._files.append((address.path, os.lstat(address.path)))
            self._sockets.append(_above(bound, lowest))
            self._of_files.append(self._sockets[-1])
            return address
        bound = _listen_at_port(address)
        self._sockets.append(_above(bound, lowest))
        host, port = bound_to(self._sockets[-1])
        return Address(host, port)


def bound_to(one: socket.socket) -> tuple[str, int]:
    host, port, *_ = one.getsockname()
    return str(host), int(port)


def _above(one: socket.socket, lowest: int) -> socket.socket:
    """The same socket under a number that no run is to find one under, so that one is not put over another."""
    with one:
        return socket.socket(fileno=fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, lowest))


# A port


def _listen_at_port(address: Address) -> socket.socket:
    family, where = _resolved(address)
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # in spite of connections that ended just now
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # [::] and 0.0.0.0 are two addresses everywhere
        one.bind(where)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise Refused(_why_not(address, error)) from error
    return one


def _resolved(address: Address) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """A name may stand for several addresses, of which one socket has one: that of IPv4, which servers of development take."""
    if not address.host:
        return socket.AF_INET, ("0.0.0.0", address.port)  # noqa: S104 - as it was asked for
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise Refused(f"its host is not known ({error}): write a number, such as 127.0.0.1") from error
    found.sort(key=lambda one: one[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _why_not(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return _in_use(holder_of([address]), "another port, or 0 for any that is free")
    return _REASONS.get(error.errno or 0, f"cannot be listened on: {error}")


def _in_use(holder: Holder | None, otherwise: str) -> str:
    if holder is None or holder.pid is None:
        return f"is in use, by a process that this user may not look at: stop that, or take {otherwise}"
    what = shlex.join(holder.argv) or "whose command is not told"
    return f"is in use by process {holder.pid} ({what}): stop it, or take {otherwise}"


# A path


def _listen_at_path(path: str) -> socket.socket:
    """The socket's file has the mode that the umask leaves: with the usual one, nobody but this user may connect."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _alone_at(path):
            _make_way(path)
            one.bind(path)
            one.listen(BACKLOG)
    except OSError as error:
        one.close()
        if error.errno is None:  # Python's own, before any call is made
            raise Refused("its path is longer than a socket's may be: take a shorter one") from error
        raise Refused(_REASONS.get(error.errno, f"cannot be listened on: {error}")) from error
    except Refused:
        one.close()
        raise
    return one


@contextmanager
def _alone_at(path: str) -> Iterator[None]:
    """Nobody else of ours is between the look at ``path`` and its use: two that start at once would remove each other's."""
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _make_way(path: str) -> None:
    """Remove the file of a socket on which nobody listens any more. Raises Refused for any other file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Refused("there is a file that is no socket: take another path, or remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as question:
        question.settimeout(PATIENCE)
        try:
            question.connect(path)
        except ConnectionRefusedError:  # a BSD says so of a full backlog, too
            if holder_of_file(path) is None:
                _remove_if(path, found)
                return
        except FileNotFoundError:
            return
        except OSError as error:  # somebody is there, and does not answer, or is not ours to ask
            raise Refused(_in_use(holder_of_file(path), "another path")) from error
    raise Refused(_in_use(holder_of_file(path), "another path"))


def _remove_if(path: str, ours: os.stat_result) -> None:
    """Remove ``path`` as long as it is that very file."""
    try:
        if os.path.samestat(os.lstat(path), ours):
            os.unlink(path)
    except OSError:
        return  # gone, or in a directory that is
