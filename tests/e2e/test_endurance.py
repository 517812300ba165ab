"""A session of many restarts costs no more at its end than at its beginning."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.projects import project, save
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import with_every_backend

WARM_UP = 20
RESTARTS = 200
MEBIBYTE = 1 << 20

COMMAND = ["sh", "-c", "exec sleep 1000"]


class Resources:
    """The resources of a process, from /proc."""

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")

    def descriptors(self) -> int:
        return len(list((self._process / "fd").iterdir()))

    def threads(self) -> int:
        return len(list((self._process / "task").iterdir()))

    def children(self) -> int:
        """Return the number of children, zombies included."""
        return sum(len((task / "children").read_text().split()) for task in (self._process / "task").iterdir())

    def memory(self) -> int:
        """Return the bytes that it has written to. Pages of libraries are left out: other processes may share them."""
        lines = (self._process / "smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Anonymous:", "Swap:")))

    def counts(self) -> tuple[int, int, int]:
        return self.descriptors(), self.threads(), self.children()


def restart_by_edits(reloader: Reloader, directory: Path, runs: range) -> None:
    """Edit two files in turn: so many even restarts by one file would look like a restart loop."""
    for run in runs:
        save(directory / f"data{run % 2}.txt", f"content of run {run}")
        reloader.wait_for("launched", run=run)


def holds_no_more_than(before: tuple[int, int, int], now: tuple[int, int, int]) -> bool:
    """Return True if no count has grown. A file that is being read may raise one; a leak would raise it by 200."""
    return all(later <= earlier for earlier, later in zip(before, now, strict=True))


@linux_only
@pytest.mark.measures
@with_every_backend
def test_two_hundred_restarts_leak_nothing(tmp_path: Path, backend: str) -> None:
    config = project(
        tmp_path, {"data0.txt": "", "data1.txt": ""}, command=COMMAND, backend=backend, interval=0.02, debounce=0.01
    )
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        resources = Resources(psutil.Process(reloader.wait_for("launched", run=1)["pid"]).ppid())  # not a bootloader's
        restart_by_edits(reloader, tmp_path, range(2, WARM_UP + 2))
        counts, memory = resources.counts(), resources.memory()
        assert counts[2] == 2  # the run, and the guard

        restart_by_edits(reloader, tmp_path, range(WARM_UP + 2, WARM_UP + RESTARTS + 2))
        eventually(
            lambda: holds_no_more_than(counts, resources.counts()),
            what=f"{counts} descriptors, threads, children",
        )
        assert resources.memory() - memory < MEBIBYTE
        assert reloader.runs == list(range(1, WARM_UP + RESTARTS + 2))
