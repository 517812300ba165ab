"""What a process holds and uses, as Linux tells it in /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time of all threads of a process so far, and how often they went to sleep and were woken."""

    processor: float
    wakeups: int

    def since(self, before: Usage) -> Usage:
        return Usage(self.processor - before.processor, self.wakeups - before.wakeups)


def usage(pid: int) -> Usage:
    threads = [Path("/proc", str(pid), "task", thread) for thread in os.listdir(f"/proc/{pid}/task")]
    nanoseconds = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    wakeups = sum(int(_field(thread / "status", "voluntary_ctxt_switches:")) for thread in threads)
    return Usage(nanoseconds / 1e9, wakeups)


def unique_memory(pid: int) -> int:
    """Bytes that would be free without the process (USS)."""
    rollup = Path("/proc", str(pid), "smaps_rollup")
    return 1024 * sum(int(_field(rollup, name)) for name in ("Private_Clean:", "Private_Dirty:"))


def kernel_watches(pid: int) -> int:
    """The inotify watches of all descriptors of the process."""
    found = 0
    for descriptor in Path("/proc", str(pid), "fdinfo").iterdir():
        found += descriptor.read_text().count("inotify wd:")
    return found


def _field(file: Path, name: str) -> str:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return line.split()[1]
    raise SystemExit(f"{file.name} of this kernel has no {name}")
