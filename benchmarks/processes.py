"""Reads what processes hold and use from /proc, on Linux. A process that ends meanwhile is left out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """The processor time of all threads so far, in seconds, and the number of their voluntary context switches."""

    processor: float
    wakeups: int

    def since(self, before: Usage) -> Usage:
        return Usage(self.processor - before.processor, self.wakeups - before.wakeups)


@dataclass(frozen=True, slots=True)
class _Entry:
    pid: int
    parent: int
    session: int


def family(leader: int) -> list[int]:
    """Return the processes of a session and their descendants, even in other groups or sessions."""
    found, entries = {leader}, list(_entries())
    while grown := {one.pid for one in entries if one.session == leader or one.parent in found} - found:
        found |= grown
    return sorted(found & {one.pid for one in entries})


def usage(pids: Iterable[int]) -> Usage:
    processor, wakeups = 0, 0
    for pid in pids:
        for thread in _listed(Path("/proc", str(pid), "task")):
            processor += int((_text(thread / "schedstat").split() or ["0"])[0])
            wakeups += _number(_text(thread / "status"), "voluntary_ctxt_switches:")
    return Usage(processor / 1e9, wakeups)


def unique_memory(pids: Iterable[int]) -> int:
    """Return the sum of the unique memory (USS) of the processes, in bytes."""
    rollups = [_text(Path("/proc", str(pid), "smaps_rollup")) for pid in pids]
    return 1024 * sum(_number(rollup, name) for rollup in rollups for name in ("Private_Clean:", "Private_Dirty:"))


def kernel_watches(pids: Iterable[int]) -> int:
    """Count the inotify watches of all descriptors of the processes."""
    descriptors = [descriptor for pid in pids for descriptor in _listed(Path("/proc", str(pid), "fdinfo"))]
    return sum(_text(descriptor).count("inotify wd:") for descriptor in descriptors)


def _entries() -> Iterator[_Entry]:
    """Yield all processes except zombies."""
    for entry in os.listdir("/proc"):
        after_name = _text(Path("/proc", entry, "stat")).rpartition(")")[2].split() if entry.isdigit() else []
        if after_name and after_name[0] != "Z":
            yield _Entry(int(entry), int(after_name[1]), int(after_name[3]))


def _listed(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(text: str, name: str) -> int:
    """Return the first number of the line that begins with ``name``."""
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(name)), 0)
