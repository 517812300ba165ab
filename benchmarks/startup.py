"""How much later a program starts under the reloader than alone, and what the reloader holds and does while nothing happens.

    python -m benchmarks.startup [--files N …] [--backend NAME …] [--pairs N] [--idle SECONDS]

Of the files in each tree 80 % lie in directories that are ignored.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import machine, milliseconds, percentile, table
from benchmarks.processes import Usage, kernel_watches, unique_memory, usage
from benchmarks.sessions import Session, accept_interrupts, bare_start, clean_environment, pause, running
from benchmarks.tools import Tool, reloader
from benchmarks.trees import make_tree

IGNORED_SHARE = 0.8
LINE = "ready"
#: The reloader reads contents after the launch. It is at rest when it has used less than this share of a core for a second.
AT_REST = 0.04
LONGEST_WAIT = 60.0

HEAD = (
    "backend", "files", "directories that count", "bare start", "start", "p95", "later by (ms)",
    "CPU before (ms)", "CPU after (ms)", "USS (MiB)", "kernel watches", "idle CPU (%)", "wake-ups a second",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rest:
    """A reloader that waits: seconds of work before and after the launch, bytes, watches, and what it used in ``seconds``."""

    before: float
    after: float
    memory: int
    watches: int
    idle: Usage
    seconds: float

    @property
    def cells(self) -> tuple[str, ...]:
        processor, wakeups = self.idle.processor / self.seconds * 100, self.idle.wakeups / self.seconds
        memory = f"{self.memory / 2**20:.1f}"
        return (
            milliseconds(self.before),
            milliseconds(self.after),
            memory,
            str(self.watches),
            f"{processor:.3f}",
            f"{wakeups:.2f}",
        )


def measure(tool: Tool, pairs: int, idle: float, project: Path) -> tuple[str, ...]:
    """The cells of one row: the start, pair by pair, and one long look at a reloader at rest."""
    environment = clean_environment()
    tool.lay_out(project)
    tool.say(project, LINE, filler=0)
    bare: list[float] = []
    starts: list[float] = []
    for _ in range(pairs):
        bare.append(bare_start(tool.bare, cwd=project, environment=environment, line=LINE))
        starts.append(bare_start(tool.argv, cwd=project, environment=environment, line=LINE))
    with running(tool.argv, cwd=project, environment=environment) as session:
        rest = _look_at(session, idle)
    later = median(start - alone for alone, start in zip(bare, starts, strict=True))
    figures = (median(bare), median(starts), percentile(starts, 0.95), later)
    return (*map(milliseconds, figures), *rest.cells)


def _look_at(session: Session, idle: float) -> Rest:
    if session.moment_of(LINE, within=LONGEST_WAIT) is None:
        raise SystemExit("the reloader did not start its child")
    launched = usage(session.pid)
    limit = time.monotonic() + LONGEST_WAIT
    rested = launched
    while time.monotonic() < limit:
        before = rested
        pause(1.0)
        rested = usage(session.pid)
        if rested.since(before).processor < AT_REST:
            break
    memory, watches = unique_memory(session.pid), kernel_watches(session.pid)
    before, moment = usage(session.pid), time.monotonic()
    pause(idle)
    used, seconds = usage(session.pid).since(before), time.monotonic() - moment
    return Rest(launched.processor, rested.since(launched).processor, memory, watches, used, seconds)


def _directories_that_count(project: Path) -> int:
    """The project itself, ``src``, and what lies below it."""
    return 2 + sum(path.is_dir() for path in (project / "src").rglob("*"))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--backend", nargs="+", default=["watchdog", "stat"], choices=("watchdog", "stat", "auto"))
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds to look at a reloader at rest")
    options = parser.parse_args()
    accept_interrupts()
    rows: list[tuple[object, ...]] = []
    print(f"{machine()}; {options.pairs} pairs, {options.idle:g} s at rest\n")
    for files in options.files:
        with tempfile.TemporaryDirectory(prefix="reloader-startup-") as directory:
            project = Path(directory)
            make_tree(project, files, ignored_share=IGNORED_SHARE)
            directories = _directories_that_count(project)
            for backend in options.backend:
                cells = measure(reloader(backend), options.pairs, options.idle, project)
                rows.append((backend, files, directories, *cells))
                print(f"{backend} in {files} files is measured", file=sys.stderr)
    print(table(HEAD, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
