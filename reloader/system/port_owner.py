"""Which process listens on an address. Asked when a run has failed, and never before: to look takes some 30 ms."""

from __future__ import annotations

from collections.abc import Sequence

from reloader.core.addresses import Address, PortOwner


def find_port_owner(addresses: Sequence[Address]) -> PortOwner | None:
    """Who listens on the first of ``addresses`` on which somebody does; None if nobody does, or if that cannot be known."""
    try:
        import psutil  # costs 20 ms
    except ImportError:  # pragma: no cover - as in a frozen program whose files were cleaned away
        return None
    try:
        listening = _listening()
        for wanted in addresses:
            for pending, pid in listening:
                if wanted.collides_with(pending):
                    return PortOwner(pending, pid, _argv_of(pid))
    except (psutil.Error, OSError):
        return None
    return None


def find_socket_owner(path: str) -> PortOwner | None:
    """Who listens on the socket at ``path``, under which its port is 0."""
    try:
        import psutil
    except ImportError:  # pragma: no cover - as above
        return None
    try:
        for one in psutil.net_connections("unix"):
            if str(one.laddr) == path and one.pid is not None:
                return PortOwner(Address(path, 0), one.pid, _argv_of(one.pid))
    except (psutil.Error, OSError):
        return None
    return None


def _listening() -> list[tuple[Address, int | None]]:
    """What is listened to, with the pid; None where the owner is not told, being another user's process."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
        return [(Address(*one.laddr), one.pid) for one in connections if one.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:  # macOS tells nobody but root of all processes at once
        return [(address, process.pid) for process in psutil.process_iter() for address in _listening_in(process.pid)]


def _listening_in(pid: int) -> list[Address]:
    import psutil

    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except (psutil.Error, OSError):
        return []  # another user's, or gone
    return [Address(*one.laddr) for one in connections if one.status == psutil.CONN_LISTEN]


def _argv_of(pid: int | None) -> tuple[str, ...]:
    """The words of its command, or none if they are not told."""
    import psutil

    try:
        return tuple(psutil.Process(pid).cmdline()) if pid is not None else ()
    except (psutil.Error, OSError):
        return ()
