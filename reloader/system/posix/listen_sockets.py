"""Sockets that outlive the runs: bound once per session, and inherited by each run.

The supervisor holds them open, so that between runs new connections wait in the kernel's accept queue.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from collections.abc import Iterable, Sequence

from reloader.core.addresses import (
    FIRST_DESCRIPTOR,
    ListeningSocket,
    SocketSpec,
    assign_descriptors,
    format_address,
)
from reloader.errors import ConfigError
from reloader.system.posix.bound_socket import BACKLOG, AlreadyInUse, BoundSocket, CannotListen, listen

_Failure = tuple[SocketSpec, CannotListen]


class Sockets:
    """The sockets of a session, in the order in which the command inherits them."""

    def __init__(self) -> None:
        self._open: list[BoundSocket] = []
        self._replaced: list[BoundSocket] = []

    def open(self, specs: Sequence[SocketSpec]) -> tuple[ListeningSocket, ...]:
        """Listen on ``specs``. A socket that is open already is reused; the others stay open until ``close_replaced``.

        Raises ConfigError with a line for each address that fails. All sockets that were open before then still are.
        """
        lowest = FIRST_DESCRIPTOR + len(specs)
        reused = self._reusable_for(specs)
        opened, failures = _try_to_open(specs, reused, lowest)
        while failures:
            _close(one for one in opened if one not in reused)
            blocking = [self._blocking(failure, reused) for failure in failures]
            problems = [failure for failure, ours in zip(failures, blocking, strict=True) if ours is None]
            if problems:
                raise ConfigError([f"{spec.origin}: {format_address(spec.address)}: {why}" for spec, why in problems])
            self._discard(one for one in blocking if one is not None)
            opened, failures = _try_to_open(specs, reused, lowest)
        self._replaced = [one for one in self._all if one not in reused]
        self._open = [one.above(lowest) for one in opened]
        return assign_descriptors([one.bound for one in self._open])

    def close_replaced(self) -> None:
        """Close the sockets that the last ``open`` did not reuse: the previous configuration is no longer needed."""
        self._discard(self._replaced)

    def refreshed(self) -> tuple[int, ...]:
        """Undo what a run may have changed in its shared sockets, and return their descriptors.

        That is a shorter backlog, non-blocking mode, and the file of a Unix socket, which gunicorn removes. The
        descriptors are not inheritable, and are above those that a run uses.
        """
        self._open = [one.with_file() for one in self._open]
        for one in self._open:
            one.socket.listen(BACKLOG)
            os.set_blocking(one.socket.fileno(), True)
        return tuple(one.socket.fileno() for one in self._open)

    def close(self) -> None:
        """Close every socket, and remove the files that are still ours. May be called twice."""
        self._discard(self._all)

    @property
    def _all(self) -> list[BoundSocket]:
        return [*self._open, *self._replaced]

    def _reusable_for(self, specs: Sequence[SocketSpec]) -> list[BoundSocket | None]:
        """Return the open socket for each of ``specs``, or None."""
        left = self._all
        reusable: list[BoundSocket | None] = []
        for spec in specs:
            one = next((one for one in left if one.written == spec.address), None)
            reusable.append(one)
            if one is not None:
                left.remove(one)
        return reusable

    def _blocking(self, failure: _Failure, reused: Sequence[BoundSocket | None]) -> BoundSocket | None:
        """Return the socket of ours that causes the failure and is not reused, or None."""
        spec, why = failure
        if not isinstance(why, AlreadyInUse):
            return None
        return next((one for one in self._all if one not in reused and one.blocks(spec.address)), None)

    def _discard(self, sockets: Iterable[BoundSocket]) -> None:
        discarded = list(sockets)
        _close(discarded)
        self._open = [one for one in self._open if one not in discarded]
        self._replaced = [one for one in self._replaced if one not in discarded]


def _try_to_open(
    specs: Sequence[SocketSpec], reused: Sequence[BoundSocket | None], lowest: int
) -> tuple[list[BoundSocket], list[_Failure]]:
    """Return the sockets for ``specs``, and the specs that failed."""
    opened: list[BoundSocket] = []
    failures: list[_Failure] = []
    for spec, one in zip(specs, reused, strict=True):
        try:
            opened.append(one or listen(spec.address, lowest))
        except CannotListen as why:
            failures.append((spec, why))
    return opened, failures


def _close(sockets: Iterable[BoundSocket]) -> None:
    for one in sockets:
        one.close()
