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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from reloader.core.addresses import (
    FIRST_DESCRIPTOR,
    Address,
    ListeningSocket,
    PortOwner,
    SocketAddress,
    SocketSpec,
    UnixAddress,
    assign_descriptors,
    format_address,
)
from reloader.errors import ConfigError
from reloader.system.port_owner import find_port_owner, find_socket_owner

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


class CannotListen(Exception):
    """An address that cannot be listened on, and why, with the remedy."""


class AlreadyInUse(CannotListen):
    """Somebody listens there, which may be we ourselves."""


class Sockets:
    """The sockets of a session, in the order in which the command gets them."""

    def __init__(self) -> None:
        self._open: list[_Listening] = []
        self._needless: list[_Listening] = []

    def open(self, specs: Sequence[SocketSpec]) -> tuple[ListeningSocket, ...]:
        """Listen on these. What is listened on already stays as it is if it is among them, and else up to ``close_replaced``.

        Raises ConfigError with a line for each that cannot be had; then all that was listened on before still is.
        """
        lowest = FIRST_DESCRIPTOR + len(specs)
        kept = self._kept_for(specs)
        found, refused = _tried(specs, kept, lowest)
        while refused:
            _close(one for one in found if one not in kept)
            in_the_way = [self._in_the_way_of(one, kept) for one in refused]
            problems = [one for one, ours in zip(refused, in_the_way, strict=True) if ours is None]
            if problems:
                raise ConfigError([f"{spec.origin}: {format_address(spec.address)}: {why}" for spec, why in problems])
            self._give_up(one for one in in_the_way if one is not None)
            found, refused = _tried(specs, kept, lowest)
        self._needless = [one for one in self._all if one not in kept]
        self._open = [one.above(lowest) for one in found]
        return assign_descriptors([one.bound for one in self._open])

    def close_replaced(self) -> None:
        """Nobody goes back any more to what was listened on before ``open``."""
        self._give_up(self._needless)

    @property
    def _all(self) -> list[_Listening]:
        return [*self._open, *self._needless]

    def _kept_for(self, specs: Sequence[SocketSpec]) -> list[_Listening | None]:
        """What is listened on already, for each of ``specs``."""
        left = self._all
        kept: list[_Listening | None] = []
        for spec in specs:
            one = next((one for one in left if one.written == spec.address), None)
            kept.append(one)
            if one is not None:
                left.remove(one)
        return kept

    def _in_the_way_of(self, refusal: _Refusal, kept: Sequence[_Listening | None]) -> _Listening | None:
        """What we ourselves listen on, and need no more, if that is why something was refused."""
        spec, why = refusal
        if not isinstance(why, AlreadyInUse):
            return None
        needless = (one for one in self._all if one not in kept)
        return next((one for one in needless if one.is_in_the_way_of(spec.address)), None)

    def _give_up(self, sockets: Iterable[_Listening]) -> None:
        """Listen on these of ours no more."""
        given_up = list(sockets)
        _close(given_up)
        self._open = [one for one in self._open if one not in given_up]
        self._needless = [one for one in self._needless if one not in given_up]

    def refreshed(self) -> tuple[int, ...]:
        """Our descriptors, of which none is inherited by itself, and none has a number that a run is to find one under.

        What a run may have done to what it shares with us is undone: a shorter backlog, calls that do not wait, and the file of
        a Unix socket removed, as gunicorn does with what it takes for its own.
        """
        self._open = [one.with_its_file() for one in self._open]
        for one in self._open:
            one.socket.listen(BACKLOG)
            os.set_blocking(one.socket.fileno(), True)
        return tuple(one.socket.fileno() for one in self._open)

    def close(self) -> None:
        """Listen no more, and remove the files that are still ours. May be called twice."""
        self._give_up(self._all)


@dataclass(frozen=True, eq=False)
class _Listening:
    """A socket with its address, as that was ``written`` and as it is ``bound``; ``file`` is the one that we made for it."""

    socket: socket.socket
    written: SocketAddress
    bound: SocketAddress
    file: os.stat_result | None = None

    def above(self, lowest: int) -> _Listening:
        """Itself, under a number that no run is to find one under, so that one is not put over another."""
        return self if self.socket.fileno() >= lowest else replace(self, socket=_above(self.socket, lowest))

    def is_in_the_way_of(self, address: SocketAddress) -> bool:
        """Whether ``address`` cannot be had as long as this is listened on. A file may have several names."""
        if isinstance(address, UnixAddress):
            return self.file is not None and _is(address.path, self.file)
        return isinstance(self.bound, Address) and address.collides_with(self.bound)

    def with_its_file(self) -> _Listening:
        """Whoever connects finds a socket by its file: where that is gone, another one takes the place and the number."""
        if not isinstance(self.written, UnixAddress) or os.path.lexists(self.written.path):
            return self
        try:
            with _listen_at_path(self.written.path) as bound:
                os.dup2(bound.fileno(), self.socket.fileno(), inheritable=False)
                return replace(self, file=os.lstat(self.written.path))
        except (CannotListen, OSError):
            return self  # its directory is gone as well, or somebody else has come: the old one has whom it has


_Refusal = tuple[SocketSpec, CannotListen]


def _tried(
    specs: Sequence[SocketSpec], kept: Sequence[_Listening | None], lowest: int
) -> tuple[list[_Listening], list[_Refusal]]:
    """What is listened on for ``specs``, and what cannot be had."""
    found: list[_Listening] = []
    refused: list[_Refusal] = []
    for spec, one in zip(specs, kept, strict=True):
        try:
            found.append(one or _listen(spec.address, lowest))
        except CannotListen as why:
            refused.append((spec, why))
    return found, refused


def _close(sockets: Iterable[_Listening]) -> None:
    for one in sockets:
        if isinstance(one.written, UnixAddress) and one.file is not None:
            _remove_if(one.written.path, one.file)
        one.socket.close()


def _listen(address: SocketAddress, lowest: int) -> _Listening:
    if isinstance(address, UnixAddress):
        one = _listen_at_path(address.path)
        return _Listening(_above(one, lowest), address, address, os.lstat(address.path))
    one = _above(_listen_at_port(address), lowest)
    return _Listening(one, address, Address(*bound_to(one)))


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
        raise _refused(address, error) from error
    return one


def _resolved(address: Address) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """A name may stand for several addresses, of which one socket has one: that of IPv4, which servers of development take."""
    if not address.host:
        return socket.AF_INET, ("0.0.0.0", address.port)  # noqa: S104 - as it was asked for
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"its host is not known ({error}): write a number, such as 127.0.0.1") from error
    found.sort(key=lambda one: one[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _refused(address: Address, error: OSError) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        return AlreadyInUse(_in_use(find_port_owner([address]), "another port, or 0 for any that is free"))
    return CannotListen(_REASONS.get(error.errno or 0, f"cannot be listened on: {error}"))


def _in_use(holder: PortOwner | None, otherwise: str) -> str:
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
            raise CannotListen("its path is longer than a socket's may be: take a shorter one") from error
        raise CannotListen(_REASONS.get(error.errno, f"cannot be listened on: {error}")) from error
    except CannotListen:
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
        raise CannotListen("there is a file that is no socket: take another path, or remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as question:
        question.settimeout(PATIENCE)
        try:
            question.connect(path)
        except ConnectionRefusedError:  # a BSD says so of a full backlog, too
            if find_socket_owner(path) is None:
                _remove_if(path, found)
                return
        except FileNotFoundError:
            return
        except OSError as error:  # somebody is there, and does not answer, or is not ours to ask
            raise AlreadyInUse(_in_use(find_socket_owner(path), "another path")) from error
    raise AlreadyInUse(_in_use(find_socket_owner(path), "another path"))


def _remove_if(path: str, ours: os.stat_result) -> None:
    """Remove ``path`` as long as it is that very file."""
    try:
        if _is(path, ours):
            os.unlink(path)
    except OSError:
        return  # gone, or in a directory that is


def _is(path: str, ours: os.stat_result) -> bool:
    """Whether ``path`` is that very file."""
    try:
        return os.path.samestat(os.lstat(path), ours)
    except OSError:
        return False  # gone, or in a directory that is
