"""Measures each tool in a tree of many files: the time until it sees an edit, memory, kernel watches, and work at rest."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path

from benchmarks.contest import LONGEST_START, Contestant, contestant, pause_a_little, watchman_for
from benchmarks.findings import InTree, Settings
from benchmarks.processes import kernel_watches, unique_memory, usage
from benchmarks.sessions import clean_environment, pause, running
from benchmarks.tools import AtRest, Tool, say
from benchmarks.trees import make_tree

IGNORED_SHARE = 0.8
PER_DIRECTORY = 10
#: Seconds of silence after which no more restarts are expected from earlier edits.
QUIET = 1.2
#: A tool that is slow to get ready also takes long to restart, and would never reach its first line. So the time between two
#: edits is this share of the time since its start.
PROBE_SHARE = 0.1


class Tree:
    """One project in which all tools take turns. Each edit of it has its own number.

    Each Watchman runs as long as the tree exists. As a user's would, it knows the tree from the second start on.
    """

    def __init__(self, project: Path, files: int, tools: Sequence[Tool], resources: ExitStack) -> None:
        make_tree(project, files, per_directory=PER_DIRECTORY, ignored_share=IGNORED_SHARE)
        for tool in tools:
            tool.lay_out(project)
        self.project = project
        self._watchmen = {tool.name: resources.enter_context(watchman_for(tool)) for tool in tools}
        self._numbers = count()
        self.edit()

    @property
    def directories(self) -> int:
        """The number of watched directories: the project itself, ``src``, and those below it."""
        return 2 + sum(path.is_dir() for path in (self.project / "src").rglob("*"))

    def edit(self) -> None:
        number = next(self._numbers)
        say(self.project, f"state {number}", number)

    def enter(self, tool: Tool) -> AbstractContextManager[Contestant]:
        return contestant(tool, self.project, self._watchmen[tool.name])

    def measure_start(self, tool: Tool, found: InTree, settings: Settings) -> None:
        """Measure a start during edits. The first start of each tool is also measured at rest."""
        with self.enter(tool) as one:
            self._until_ready(one, found)
            if found.memory is None and not one.session.silenced:
                one.session.lines_until_quiet(QUIET)
                for _ in range(settings.edits):
                    one.measure_pair(found.pairs, next(self._numbers))
                    pause_a_little()
                one.come_to_rest()
                found.memory = unique_memory(one.pids) - self._memory_of_program(tool)
                found.watches = kernel_watches(one.pids)

    def _until_ready(self, one: Contestant, found: InTree) -> None:
        """Edit the program again and again until it is restarted.

        The first run may have read any of the edits; the second one can only be there because the tool saw one.
        """
        session, first = one.session, ""
        while time.perf_counter() - session.started < LONGEST_START and not session.silenced:
            so_far = time.perf_counter() - session.started
            match session.next_line(within=max(one.tool.probe, so_far * PROBE_SHARE)):
                case None:
                    self.edit()
                case moment, line if not first:
                    first = line
                    found.first.append(moment - session.started)
                case moment, line if line != first:
                    found.ready.append(moment - session.started)
                    return
        found.never += 1

    def _memory_of_program(self, tool: Tool) -> int:
        """Return the memory of the same program without the tool, in bytes."""
        with running(tool.bare, cwd=self.project, environment=clean_environment(**tool.environment)) as session:
            session.next_line(within=LONGEST_START)
            pause(0.5)
            return unique_memory(session.pids)


def measure_tree(project: Path, files: int, tools: Sequence[Tool], settings: Settings) -> tuple[dict[str, InTree], int]:
    """Return the results by the tool's name, and the number of watched directories."""
    found = {tool.name: InTree() for tool in tools}
    with ExitStack() as resources:
        tree = Tree(project, files, tools, resources)
        for _ in range(settings.starts):
            for tool in random.sample(tools, len(tools)):
                tree.measure_start(tool, found[tool.name], settings)
        for kind in AtRest:
            for name, idle, wakeups in _at_rest(tree, [tool for tool in tools if tool.at_rest is kind], settings.idle):
                found[name].idle, found[name].wakeups = idle, wakeups
    return found, tree.directories


def _at_rest(tree: Tree, tools: Sequence[Tool], seconds: float) -> Iterator[tuple[str, float, float]]:
    """Run tools side by side while nothing happens. Yield each one's share of a core, and its wake-ups per second."""
    if not tools:
        return
    with ExitStack() as resources:
        contestants = [resources.enter_context(tree.enter(tool)) for tool in tools]
        for one in contestants:
            one.session.next_line(within=LONGEST_START)
        for one in contestants:
            one.come_to_rest()
        families = {one.tool.name: one.pids for one in contestants if not one.session.silenced}
        before, moment = {name: usage(pids) for name, pids in families.items()}, time.monotonic()
        pause(seconds)
        passed = time.monotonic() - moment
        for name, pids in families.items():
            used = usage(pids).since(before[name])
            yield name, used.processor / passed, used.wakeups / passed
