"""The environment of each run and of each task, and the variables of the sockets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reloader.core.addresses import ListeningSocket, UnixAddress, fill_placeholders, socket_name
from reloader.core.changes import ChangeBatch
from reloader.core.choices import Framework
from reloader.core.settings import LaunchSettings
from reloader.core.states import Reason
from reloader.engine.agent_reports import AgentReports
from reloader.engine.tasks.variables import RUN_CHANGES, WriteChanges, reason_variables
from reloader.errors import ReloaderError
from reloader.system.environment import child_environment, inherited_environment, read_env_files

#: The variables by which the command finds its sockets. Tasks do not get them.
SOCKET_VARIABLES = frozenset({"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "RELOADER_SOCKETS", "WERKZEUG_SERVER_FD"})


def with_sockets(sockets: Sequence[ListeningSocket], launch: LaunchSettings) -> LaunchSettings:
    """Return ``launch`` with its placeholders filled in, and with the variables by which the command finds ``sockets``."""
    environment = {name: fill_placeholders(value, sockets) for name, value in launch.environment.items()}
    environment |= socket_variables(sockets)
    if Framework.WERKZEUG in launch.compatible:
        environment["WERKZEUG_SERVER_FD"] = str(sockets[0].descriptor)
    return replace(
        launch, argv=tuple(fill_placeholders(word, sockets) for word in launch.argv), environment=environment
    )


def socket_variables(sockets: Sequence[ListeningSocket]) -> dict[str, str]:
    """Return the variables of systemd's protocol (sd_listen_fds(3)), without LISTEN_PID, and RELOADER_SOCKETS."""
    return {
        "LISTEN_FDS": str(len(sockets)),
        "LISTEN_FDNAMES": ":".join(map(socket_name, sockets)),
        "RELOADER_SOCKETS": json.dumps([_describe(socket) for socket in sockets]),
    }


def _describe(socket: ListeningSocket) -> dict[str, str | int]:
    known: dict[str, str | int] = {"fd": socket.descriptor, "name": socket_name(socket)}
    match socket.address:
        case UnixAddress(path):
            return {**known, "path": path}
        case address:
            return {**known, "host": address.host, "port": address.port}


#: The variables that tell a framework's own reloader that it runs in a child. Such a child exits with 3 to be restarted.
#: Werkzeug would also inherit the open socket of its parent. By -1 the agent knows that there is none; with ``sockets``, the
#: settings have the number of a real one.
MARKERS = {
    Framework.WERKZEUG: {"WERKZEUG_RUN_MAIN": "true", "WERKZEUG_SERVER_FD": "-1"},
    Framework.DJANGO: {"RUN_MAIN": "true"},
}


class Environment:
    """The environment of each run: ours, what the env files say now, what the settings add, and variables about the run.

    ``is_logged``: the output of the run is searched for a line, so Python should not buffer it.
    """

    def __init__(
        self, spec: LaunchSettings, program: AgentReports, write_changes: WriteChanges, *, is_logged: bool
    ) -> None:
        self._spec = spec
        self._program = program
        self._write_changes = write_changes
        self._is_logged = is_logged
        self._about_the_run: dict[str, str] = {}
        if spec.env_files:
            import dotenv  # noqa: F401 - here, since the program's own files may be gone by the launch

    def __call__(self, run: int, reason: Reason, changes: ChangeBatch) -> Mapping[str, str]:
        """Return the environment of ``run``, which is started for ``reason`` and has these ``changes``.

        Raises ReloaderError if an env file cannot be read, or a variable is not acceptable to the system.
        """
        self._about_the_run = {**reason_variables(reason), **self._write_changes(changes, RUN_CHANGES)}
        markers = {name: value for one in self._spec.compatible for name, value in MARKERS[one].items()}
        if self._is_logged:
            markers |= {"PYTHONUNBUFFERED": os.environ.get("PYTHONUNBUFFERED") or "1"}  # its output is a pipe now
        environment = self._with({"RELOADER_RUN": str(run), "RELOADER_RUN_MAIN": "true"}, markers)
        return environment | self._program.environment(environment)

    def for_task(self, more: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Return the environment of a task, without an agent and without the markers of a framework.

        If ``more`` describes the run that follows, the variables about the current run are left out.
        """
        try:
            environment = self._with(more or {}, {})
        except ReloaderError:
            return {**os.environ, **(more or {})}  # the launch of the run reports the error
        return {name: value for name, value in environment.items() if name not in SOCKET_VARIABLES}

    def _with(self, more: Mapping[str, str], markers: Mapping[str, str]) -> dict[str, str]:
        from_files = read_env_files(self._spec.env_files) if self._spec.env_files else {}
        additions = {name: value for name, value in from_files.items() if name not in os.environ}
        about_the_run = {} if "RELOADER_REASON" in more else self._about_the_run
        additions |= {**markers, **self._spec.environment, **about_the_run, **more}
        bundle = getattr(sys, "_MEIPASS", None)
        return child_environment(inherited_environment(), additions, platform=sys.platform, bundle=bundle)
