"""Find the process that listens on an address. The search takes some 30 ms, so it is done only after a failure."""

from __future__ import annotations

from collections.abc import Sequence

from reloader.core.addresses import Address, PortOwner


def find_port_owner(addresses: Sequence[Address]) -> PortOwner | None:
    """Return the owner of the first of ``addresses`` that is in use; None if none is, or if that is unknown."""
    try:
        import psutil  # costs 20 ms
    except ImportError:  # pragma: no cover - as in a frozen program whose files were removed
        return None
    try:
        listening = _listening()
        for wanted in addresses:
            for address, pid in listening:
                if wanted.collides_with(address):
                    return PortOwner(address, pid, _argv_of(pid))
    except (psutil.Error, OSError):
        return None
    return None


def find_socket_owner(path: str) -> PortOwner | None:
    """Return the owner of the Unix socket at ``path``, as an address with port 0."""
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
    """Return the listening addresses with their pids. A pid is ``None`` for a process of another user."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
        return [(Address(*one.laddr), one.pid) for one in connections if one.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:  # macOS lists all processes at once for root only
        return [(address, process.pid) for process in psutil.process_iter() for address in _listening_in(process.pid)]


def _listening_in(pid: int) -> list[Address]:
    import psutil

    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except (psutil.Error, OSError):
        return []  # of another user, or ended
    return [Address(*one.laddr) for one in connections if one.status == psutil.CONN_LISTEN]


def _argv_of(pid: int | None) -> tuple[str, ...]:
    """Return the process's command line, empty if it is unknown."""
    import psutil

    try:
        return tuple(psutil.Process(pid).cmdline()) if pid is not None else ()
    except (psutil.Error, OSError):
        return ()
