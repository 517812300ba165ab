"""The parent's end of the link to the agents: what to put into the child's environment, and lines that become events.

A line is ``RUN PID KIND FIELD…``, texts in hex, so that no name of a file can break it. What is no such line is passed over:
the pipe is open to whoever may write to our child.
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

VERSION = "2"
VARIABLE = "RELOADER_AGENT"
INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")


class AgentLink:
    """Posts what the agents report. ``inside`` says before each run in which directory the agent's own files are."""

    def __init__(
        self, pipe: ReportPipe, post: Post, policy: PythonPolicy, *, inside: Callable[[], str] = lambda: INSIDE
    ) -> None:
        self._pipe = pipe
        self._post = post
        self._wants = ",".join(
            name
            for name, is_wanted in (("open-files", policy.open_files), ("site-packages", policy.site_packages))
            if is_wanted
        )
        self._inside = inside
        self._tokens = 0
        self._run = 0
        pipe.start(self._heard)

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """The variables that bring the agent into every Python that the command starts."""
        self._run = run
        inside, before = self._inside(), inherited.get("PYTHONPATH", "")
        return {
            "PYTHONPATH": os.pathsep.join((inside, before)) if before else inside,
            VARIABLE: "|".join((VERSION, self._pipe.address, str(run), self._wants)),
        }

    def sync(self) -> int:
        """Ask for a Synced event behind all that was reported so far, and return its token."""
        self._tokens += 1
        self._pipe.echo(b"\n0 0 sync %d\n" % self._tokens)  # somebody may have left a line without its end
        return self._tokens

    def close(self) -> None:
        self._pipe.close()

    def _heard(self, line: bytes) -> None:
        event = parse(line)
        if isinstance(event, RestartRequested) and not line.startswith(b"%d " % self._run):
            return  # asked by a run that is over
        if event is not None:
            self._post(event)


def parse(line: bytes) -> LinkEvent | RestartRequested | None:
    """The event that ``line`` stands for, or None if it stands for none."""
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
            return _event_of_file(run, kind, fields)


def _event_of_file(run: int, kind: str, fields: list[str]) -> LinkEvent | None:
    match kind:
        case "file":
            return FileImported(run, _path(fields[0]), _stamp(fields[1:5]), *map(_text, fields[5:6]))
        case "read":
            return FileOpened(run, _path(fields[0]), _stamp(fields[1:]))
        case "wrote":
            return FileWritten(run, _path(fields[0]))
        case "absent":
            return FileImported(run, _path(fields[0]), MISSING)
        case "missing":
            return ModuleNotFound(run, _path(fields[0]))
        case _:
            return None


def _stamp(words: list[str]) -> FileStat:
    mtime_ns, size, inode, ctime_ns = map(int, words)
    return FileStat(PathKind.FILE, mtime_ns, size, inode, ctime_ns)


def _path(word: str) -> str:
    path = _text(word)
    if not os.path.isabs(path) or "\0" in path:
        raise ValueError(path)
    return path


def _port(word: str) -> int:
    port = int(word)
    if not 0 < port < 65536:
        raise ValueError(port)
    return port


def _text(word: str) -> str:
    return "" if word == "-" else os.fsdecode(bytes.fromhex(word))
