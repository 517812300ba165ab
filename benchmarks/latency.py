"""How long after an edit the first line of the new child comes, less what a bare start of the same child costs.

    python -m benchmarks.latency [--pairs N] [--peers DIR] [--only NAME …] [--storms N]

Bare starts and edits alternate and the tools take turns, so that all meet the same machine. The environment of the
peers is made by ``benchmarks/peers DIR``.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.figures import machine, milliseconds, percentile, table
from benchmarks.sessions import Session, accept_interrupts, bare_start, clean_environment, pause, running
from benchmarks.tools import Tool, peers, reloader
from benchmarks.trees import make_tree

#: Seconds before a tool is ready for its first edit, and those after which an edit counts as missed.
WARM_UP = 2.0
PATIENCE = 12.0
#: Between two measurements; edits come at any phase of a poll.
PAUSE = (0.2, 0.9)
STORM_FILES = 500


@dataclass(slots=True)
class Pairs:
    """Seconds, pair by pair: a bare start and an edit that was served. ``missed`` counts the edits that were not."""

    bare: list[float] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    missed: int = 0

    @property
    def overheads(self) -> list[float]:
        return [edit - bare for bare, edit in zip(self.bare, self.edits, strict=True)]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A tool that runs in a project of its own."""

    tool: Tool
    project: Path
    session: Session
    pairs: Pairs = field(default_factory=Pairs)

    def measure_pair(self, number: int) -> None:
        environment = clean_environment(**self.tool.environment)
        bare = bare_start(self.tool.bare, cwd=self.project, environment=environment, line=f"line {number - 1}")
        before = time.perf_counter()
        self.tool.say(self.project, f"line {number}", filler=number)
        moment = self.session.moment_of(f"line {number}", within=PATIENCE)
        if moment is None:
            self.pairs.missed += 1
        else:
            self.pairs.bare.append(bare)
            self.pairs.edits.append(moment - before)


def measure(tools: Iterable[Tool], pairs: int) -> list[Contestant]:
    """All tools run side by side and take turns, so that a busy moment of the machine meets each of them alike."""
    with ExitStack() as resources:
        contestants = [_enter(tool, resources) for tool in tools]
        pause(WARM_UP)
        for number in range(1, pairs + 1):
            for contestant in random.sample(contestants, len(contestants)):
                contestant.measure_pair(number)
                pause(random.uniform(*PAUSE))
        return contestants


def _enter(tool: Tool, resources: ExitStack) -> Contestant:
    project = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="reloader-latency-")))
    environment = clean_environment(**tool.environment)
    tool.lay_out(project)
    tool.say(project, "line 0", filler=0)
    session = resources.enter_context(
        running(tool.argv, cwd=project, environment=environment, stdin=tool.stdin, polite=tool.stop_signal)
    )
    if session.moment_of("line 0", within=30) is None:
        raise SystemExit(f"{tool.name} did not start its child")
    return Contestant(tool, project, session)


def restarts_of_storms(storms: int, directory: Path) -> list[int]:
    """How often 500 files that are rewritten at once restart the child. The last run must have read the last content."""
    tool = reloader("watchdog")
    make_tree(directory, STORM_FILES - 1)
    modules = sorted((directory / "src").rglob("*.py"))
    tool.lay_out(directory)
    tool.say(directory, "storm 0", filler=0)
    counts: list[int] = []
    with running(tool.argv, cwd=directory, environment=clean_environment()) as session:
        session.lines_until_quiet(WARM_UP)
        for number in range(1, storms + 1):
            for module in modules:
                module.write_text(f"storm = {number}\n", encoding="utf-8")
            tool.say(directory, f"storm {number}", filler=number)
            lines = session.lines_until_quiet(WARM_UP)
            if lines[-1:] != [f"storm {number}"]:
                raise SystemExit(f"the last child of storm {number} said {lines[-1:]}")
            counts.append(len(lines))
    return counts


def _row(tool: Tool, found: Pairs) -> tuple[object, ...]:
    if not found.edits:
        return (tool.name, tool.version, 0, *("-" * 5), found.missed)
    figures = (
        median(found.edits),
        percentile(found.edits, 0.95),
        max(found.edits),
        median(found.bare),
        median(found.overheads),
    )
    return (tool.name, tool.version, len(found.edits), *map(milliseconds, figures), found.missed)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--peers", type=Path, metavar="DIR", help="compare with the reloaders in this environment")
    parser.add_argument("--only", action="append", metavar="NAME", help="only tools whose name begins so")
    parser.add_argument("--storms", type=int, default=5, help="how often 500 files are rewritten at once")
    options = parser.parse_args()
    accept_interrupts()
    tools = [reloader("watchdog"), reloader("stat"), *(peers(options.peers.resolve()) if options.peers else [])]
    chosen = [tool for tool in tools if options.only is None or tool.name.startswith(tuple(options.only))]
    print(f"{machine()}; milliseconds, {options.pairs} pairs for each tool\n")
    found = measure(chosen, options.pairs)
    head = ("tool", "version", "n", "median", "p95", "max", "bare start", "overhead", "missed")
    print(table(head, (_row(contestant.tool, contestant.pairs) for contestant in found)))
    if options.storms:
        with tempfile.TemporaryDirectory(prefix="reloader-latency-") as directory:
            counts = restarts_of_storms(options.storms, Path(directory))
        print(f"\n{STORM_FILES} files rewritten at once, {options.storms} times: {counts} restarts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
