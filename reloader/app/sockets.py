"""What a command is told of the sockets that it is handed: by variables that servers know, and by its own words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from reloader.core.settings import Framework, LaunchSpec
from reloader.core.sockets import HeldSocket, UnixAddress, filled, name_of

#: The variables by which sockets are handed over. They are for the command alone.
OF_SOCKETS = frozenset({"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "RELOADER_SOCKETS", "WERKZEUG_SERVER_FD"})


def told_of(sockets: Sequence[HeldSocket], launch: LaunchSpec) -> LaunchSpec:
    """``launch`` with its placeholders filled in, and with the variables that say where the sockets are."""
    environment = {name: filled(value, sockets) for name, value in launch.environment.items()}
    environment |= handed_over(sockets)
    if Framework.WERKZEUG in launch.compatible:
        environment["WERKZEUG_SERVER_FD"] = str(sockets[0].descriptor)
    return replace(launch, argv=tuple(filled(word, sockets) for word in launch.argv), environment=environment)


def handed_over(sockets: Sequence[HeldSocket]) -> dict[str, str]:
    """The variables of systemd's protocol (sd_listen_fds(3)) but for LISTEN_PID, and all that is known in ours."""
    return {
        "LISTEN_FDS": str(len(sockets)),
        "LISTEN_FDNAMES": ":".join(map(name_of, sockets)),
        "RELOADER_SOCKETS": json.dumps([_described(socket) for socket in sockets]),
    }


def _described(socket: HeldSocket) -> dict[str, str | int]:
    known: dict[str, str | int] = {"fd": socket.descriptor, "name": name_of(socket)}
    match socket.address:
        case UnixAddress(path):
            return {**known, "path": path}
        case address:
            return {**known, "host": address.host, "port": address.port}
