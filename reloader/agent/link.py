"""The parent's end of the link to the agents: what to put into the child's environment, and lines that become events.

A line is ``RUN PID KIND FIELD…``, texts in hex, so that no name of a file can break it. What is no such line is passed over:
the pipe is open to whoever may write to our child.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from reloader.core.events import AgentAttached, FileImported, ModuleMissed, ProgramCrashed, Reported, Synced
from reloader.core.plan import PythonPolicy
from reloader.core.snapshot import PathKind, Stamp
from reloader.ports import Post, ReportPipe

VERSION = "1"
VARIABLE = "RELOADER_AGENT"
INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")


class AgentLink:
    """Posts what the agents report. ``inside`` is the directory of the agent's own files."""

    def __init__(self, pipe: ReportPipe, post: Post, policy: PythonPolicy, *, inside: str = INSIDE) -> None:
        self._pipe = pipe
        self._post = post
        self._wants = ",".join(
            name
            for name, is_wanted in (("open-files", policy.open_files), ("site-packages", policy.site_packages))
            if is_wanted
        )
        self._inside = inside
        self._tokens = 0
        pipe.start(self._heard)

    def environment(self, run: int, inherited: Mapping[str, str]) -> dict[str, str]:
        """The variables that bring the agent into every Python that the command starts."""
        before = inherited.get("PYTHONPATH", "")
        return {
            "PYTHONPATH": os.pathsep.join((self._inside, before)) if before else self._inside,
            VARIABLE: "|".join((VERSION, self._pipe.address, str(run), self._wants)),
        }

    def sync(self) -> int:
        """Ask for a Synced event behind all that was reported so far, and return its token."""
        self._tokens += 1
        self._pipe.echo(b"0 0 sync %d\n" % self._tokens)
        return self._tokens

    def close(self) -> None:
        self._pipe.close()

    def _heard(self, line: bytes) -> None:
        event = parse(line)
        if event is not None:
            self._post(event)


def parse(line: bytes) -> Reported | None:
    """The event that ``line`` stands for, or None if it stands for none."""
    try:
        run, pid, kind, *fields = line.decode("ascii").split()
        return _event(int(run), int(pid), kind, fields)
    except (ValueError, IndexError):
        return None


def _event(run: int, pid: int, kind: str, fields: list[str]) -> Reported | None:
    match kind:
        case "file":
            mtime_ns, size, inode, ctime_ns = map(int, fields[1:5])
            return FileImported(run, _text(fields[0]), Stamp(PathKind.FILE, mtime_ns, size, inode, ctime_ns))
        case "missing":
            return ModuleMissed(run, _text(fields[0]))
        case "hello":
            return AgentAttached(run, pid)
        case "crash":
            return ProgramCrashed(run, pid, _text(fields[0]), _text(fields[1]))
        case "sync":
            return Synced(int(fields[0]))
        case _:
            return None


def _text(word: str) -> str:
    return "" if word == "-" else os.fsdecode(bytes.fromhex(word))
