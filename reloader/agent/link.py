"""The parent's end of the link to the agents: the variables for the child's environment, and lines that become events.

A line is ``RUN PID KIND FIELD…``, with texts in hex, so that no name of a file can break it. Any other line is ignored: every
process of the child may write to the pipe.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from reloader.core.addresses import Address
from reloader.core.changes import MISSING, FileStat, PathKind
from reloader.core.events import (
    AddressInUse,
    AgentAttached,
    FileImported,
    FileOpened,
    FileWritten,
    LinkEvent,
    ModuleNotFound,
    ProgramCrashed,
    ReportsSynced,
    RestartRequested,
)
from reloader.core.settings import PythonPolicy
from reloader.interfaces import Post, ReportPipe

PROTOCOL_VERSION = "2"
AGENT_VARIABLE = "RELOADER_AGENT"
AGENT_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")


class AgentLink:
    """Posts what the agents report.

    ``agent_directory`` is called before each run. It returns the directory of the agent's files.
    """

    def __init__(
        self,
        pipe: ReportPipe,
        post: Post,
        policy: PythonPolicy,
        *,
        agent_directory: Callable[[], str] = lambda: AGENT_DIRECTORY,
    ) -> None:
        self._pipe = pipe
        self._post = post
        self._wants = ",".join(
            name
            for name, is_wanted in (("open-files", policy.open_files), ("site-packages", policy.site_packages))
            if is_wanted
        )
        self._agent_directory = agent_directory
        self._last_token = 0
        self._run = 0
        pipe.start(self._receive)

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that attach the agent to every Python that the command starts."""
        self._run = run
        directory, before = self._agent_directory(), inherited.get("PYTHONPATH", "")
        return {
            "PYTHONPATH": os.pathsep.join((directory, before)) if before else directory,
            AGENT_VARIABLE: "|".join((PROTOCOL_VERSION, self._pipe.address, str(run), self._wants)),
        }

    def sync(self) -> int:
        """Request a ReportsSynced event behind all reports so far, and return its token."""
        self._last_token += 1
        self._pipe.echo(
            b"\n0 0 sync %d\n" % self._last_token
        )  # a newline first: an agent may have left a line without its end
        return self._last_token

    def close(self) -> None:
        self._pipe.close()

    def _receive(self, line: bytes) -> None:
        event = parse(line)
        if isinstance(event, RestartRequested) and not line.startswith(b"%d " % self._run):
            return  # requested by a run that has ended
        if event is not None:
            self._post(event)


def parse(line: bytes) -> LinkEvent | RestartRequested | None:
    """Return the event that ``line`` reports, or None if it is not a report."""
    try:
        run, pid, kind, *fields = line.decode("ascii").split()
        return _event(int(run), int(pid), kind, fields)
    except (ValueError, IndexError):
        return None


def _event(run: int, pid: int, kind: str, fields: list[str]) -> LinkEvent | RestartRequested | None:
    match kind:
        case "restart":
            return RestartRequested("the program")
        case "hello":
            interpreter = _text(fields[2]) if len(fields) > 2 else ""
            return AgentAttached(run, pid, fields[0] == "1", _text(fields[1]), interpreter)
        case "crash":
            return ProgramCrashed(run, pid, _text(fields[0]), *map(_text, fields[1:2]))
        case "taken":
            return AddressInUse(run, Address(_text(fields[0]), _port(fields[1])))
        case "sync":
            return ReportsSynced(int(fields[0]))
        case _:
            return _file_event(run, kind, fields)


def _file_event(run: int, kind: str, fields: list[str]) -> LinkEvent | None:
    match kind:
        case "file":
            return FileImported(run, _path(fields[0]), _file_stat(fields[1:5]), *map(_text, fields[5:6]))
        case "read":
            return FileOpened(run, _path(fields[0]), _file_stat(fields[1:]))
        case "wrote":
            return FileWritten(run, _path(fields[0]))
        case "absent":
            return FileImported(run, _path(fields[0]), MISSING)
        case "missing":
            return ModuleNotFound(run, _path(fields[0]))
        case _:
            return None


def _file_stat(numbers: list[str]) -> FileStat:
    mtime_ns, size, inode, ctime_ns = map(int, numbers)
    return FileStat(PathKind.FILE, mtime_ns, size, inode, ctime_ns)


def _path(field: str) -> str:
    path = _text(field)
    if not os.path.isabs(path) or "\0" in path:
        raise ValueError(path)
    return path


def _port(field: str) -> int:
    port = int(field)
    if not 0 < port < 65536:
        raise ValueError(port)
    return port


def _text(field: str) -> str:
    return "" if field == "-" else os.fsdecode(bytes.fromhex(field))
